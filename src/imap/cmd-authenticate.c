/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AUTHENTICATE (RFC 3501 section 6.2.2) with an initial response (RFC 4959). */
#include "imap/commands.h"

#include "auth/attempt.h"
#include "imap/args.h"
#include "imap/login.h"

/* Cancelled and malformed exchanges are BAD (RFC 9051 section 6.2.2). */
static gboolean refuse(
	ImapSession *session, ImapCommand *command, ExchangeEnd end)
{
	const char *code = end == EXCHANGE_FOR_OTHERS ?
		"[AUTHORIZATIONFAILED]" :
		"[AUTHENTICATIONFAILED]";

	session->is_error = TRUE;
	if (end == EXCHANGE_ENDED)
		session->is_over = TRUE;
	else if (end == EXCHANGE_FOR_OTHERS || end == EXCHANGE_UNBOUND)
		command_no(command,
			arena_printf(session->arena, "%s %s", code,
				exchange_text(end)));
	else
		command_bad(command, exchange_text(end));
	return TRUE;
}

gboolean cmd_authenticate(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const AuthenticateArgs *args = command->args;
	const char *mechanism = arena_copy(
		session->arena, args->mechanism.data, args->mechanism.size);
	AttemptRefusal why;
	GError *failure = NULL;
	User *user = NULL;

	g_autoptr(Attempt) attempt = attempt_new(
		session->server->auth, session->connection, mechanism, &why);
	if (attempt == NULL)
		return command_no(command,
			arena_printf(session->arena, "%s %s",
				why == ATTEMPT_NEEDS_TLS ? "[PRIVACYREQUIRED]" :
							   "[CANNOT]",
				attempt_refusal_text(why)));
	ExchangeEnd end =
		attempt_run(attempt, NULL, args->initial, &user, &failure);
	if (end == EXCHANGE_DONE)
		return login_done(
			session, command, user, attempt_mechanism(attempt));
	if (end == EXCHANGE_REFUSED)
		return login_failed(session, attempt_name(attempt),
			attempt_mechanism(attempt), failure, error);
	return refuse(session, command, end);
}
