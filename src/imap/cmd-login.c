/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LOGIN (RFC 3501 section 6.2.3). */
#include "imap/login.h"

#include "imap/args.h"
#include "imap/capability.h"
#include "imap/commands.h"

#include "base/errors.h"
#include "base/log.h"

gboolean login_done(
	ImapSession *session, ImapCommand *command, User *user, const char *how)
{
	g_autoptr(GString) text = g_string_new("[");

	session_log_in(session, user, how);
	capability_append(session, text);
	g_string_append(text, "] Logged in");
	return command_ok(command, arena_strdup(session->arena, text->str));
}

gboolean login_failed(ImapSession *session, const char *name, const char *how,
	GError *failure, GError **error)
{
	log_event(LOG_LEVEL_NOTICE, &session->connection->log, "login-failed",
		LOG_STRING("name", name), LOG_STRING("method", how),
		LOG_GERROR(failure));
	if (!dbmail_error_is(failure, DBMAIL_ERROR_TEMPORARY))
		session->is_error = TRUE;
	g_propagate_error(error, failure);
	return FALSE;
}

static gboolean log_in(ImapSession *session, ImapCommand *command,
	const char *name, const char *password, GError **error)
{
	User *user = NULL;
	GError *failure = NULL;

	/* Others' answers are not to wait for a wrong password's delay. */
	if (!stream_flush(session->stream, NULL))
		session->is_over = TRUE;
	if (!auth_login(session->server->auth, name, password,
		    session->connection->remote, &user, &failure))
		return login_failed(session, name, "LOGIN", failure, error);
	return login_done(session, command, user, "LOGIN");
}

/* The bytes as a string in the command's arena; FALSE where a NUL is in them:
 * what ends there would be another name or password. */
static gboolean copy_text(ImapSession *session, Bytes bytes, char **text)
{
	if (bytes.size > 0 && memchr(bytes.data, '\0', bytes.size) != NULL)
		return FALSE;
	*text = arena_copy(session->arena, bytes.data, bytes.size);
	return TRUE;
}

gboolean cmd_login(ImapSession *session, ImapCommand *command, GError **error)
{
	const LoginArgs *args = command->args;
	char *name, *password;

	if (auth_wants_scram(session->server->auth))
		return command_no(command,
			"[CANNOT] No passwords are taken here, log in with "
			"AUTHENTICATE and SCRAM");
	if (!session_allows_plaintext(session))
		return command_no(command,
			"[PRIVACYREQUIRED] Start TLS before logging in");
	if (!copy_text(session, args->user, &name) ||
		!copy_text(session, args->password, &password))
		return command_no(command,
			"[AUTHENTICATIONFAILED] Wrong user or password");
	gboolean ok = log_in(session, command, name, password, error);
	explicit_bzero(password, args->password.size);
	return ok;
}
