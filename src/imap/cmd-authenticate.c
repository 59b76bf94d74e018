/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AUTHENTICATE (RFC 3501 section 6.2.2) with an initial response (RFC 4959). */
#include "imap/commands.h"

#include "auth/exchange.h"
#include "imap/args.h"
#include "imap/login.h"

/* Cancelled and malformed exchanges are BAD (RFC 9051 section 6.2.2). */
static gboolean refuse(
	ImapSession *session, ImapCommand *command, ExchangeEnd end)
{
	session->is_error = TRUE;
	if (end == EXCHANGE_ENDED)
		session->is_over = TRUE;
	else if (end == EXCHANGE_FOR_OTHERS)
		command_no(command,
			arena_printf(session->arena, "[AUTHORIZATIONFAILED] %s",
				exchange_text(end)));
	else
		command_bad(command, exchange_text(end));
	return TRUE;
}

static gboolean authenticate(
	ImapSession *session, ImapCommand *command, Sasl *sasl, GError **error)
{
	const AuthenticateArgs *args = command->args;
	g_autofree char *how = g_ascii_strup(
		args->mechanism.data, (gssize)args->mechanism.size);

	ExchangeEnd end = exchange_run(sasl, session->stream, args->initial);
	if (end != EXCHANGE_DONE)
		return refuse(session, command, end);
	return login_with(session, command, sasl_user(sasl),
		sasl_password(sasl), how, error);
}

gboolean cmd_authenticate(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const AuthenticateArgs *args = command->args;
	const char *mechanism = arena_copy(
		session->arena, args->mechanism.data, args->mechanism.size);

	if (!session_allows_plaintext(session))
		return command_no(command,
			"[PRIVACYREQUIRED] Start TLS before logging in");
	Sasl *sasl = sasl_new(mechanism);
	if (sasl == NULL)
		return command_no(command, "[CANNOT] Unknown mechanism");
	gboolean ok = authenticate(session, command, sasl, error);
	sasl_free(&sasl);
	return ok;
}
