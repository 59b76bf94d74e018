/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A POP3 session, from greeting to goodbye (RFC 1939). */
#include "pop3/session.h"

#include <stdarg.h>

#include "base/errors.h"

void pop3_ok(Pop3Session *session, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	stream_printf(session->stream, "+OK %s\r\n", text);
	session->errors = 0;
}

void pop3_bad(Pop3Session *session, const char *text)
{
	stream_printf(session->stream, "-ERR %s\r\n", text);
	session->errors++;
}

void pop3_fail(Pop3Session *session, const GError *error, const char *event)
{
	static const struct {
		DbmailErrorCode code;
		LogLevel level;
		const char *reply;
	} replies[] = {
		{ DBMAIL_ERROR_AUTH_FAILED, LOG_LEVEL_NOTICE,
			"[AUTH] Wrong user name or password" },
		{ DBMAIL_ERROR_LIMIT, LOG_LEVEL_NOTICE,
			"[SYS/TEMP] Too many failed log-ins, try again later" },
		{ DBMAIL_ERROR_NO_PERMISSION, LOG_LEVEL_NOTICE,
			"[AUTH] Not allowed" },
		{ DBMAIL_ERROR_IN_USE, LOG_LEVEL_NOTICE,
			"[IN-USE] The maildrop is in use by another session" },
		{ DBMAIL_ERROR_NOT_FOUND, LOG_LEVEL_NOTICE,
			"[SYS/PERM] It is no longer there" },
		{ DBMAIL_ERROR_TEMPORARY, LOG_LEVEL_WARNING,
			"[SYS/TEMP] Temporary failure, try again later" },
	};
	LogLevel level = LOG_LEVEL_ERROR;
	const char *reply = "[SYS/PERM] Internal error";

	for (gsize i = 0; i < G_N_ELEMENTS(replies); i++) {
		if (dbmail_error_is(error, replies[i].code)) {
			level = replies[i].level;
			reply = replies[i].reply;
		}
	}
	log_event(level, &session->connection->log, event, LOG_GERROR(error));
	stream_printf(session->stream, "-ERR %s\r\n", reply);
	session->errors++;
}

gboolean pop3_message(Pop3Session *session, Bytes argument, guint *index)
{
	if (!pop3_parse_message(argument, session->view->count, index) ||
		(session->marks[*index] & POP3_DELETED)) {
		pop3_bad(session, "No such message");
		return FALSE;
	}
	return TRUE;
}

/* Checks the row's rules and runs the command. */
static void run_line(Pop3Session *session, Bytes line)
{
	Pop3Line parsed;
	const Pop3Command *command = NULL;

	if (pop3_parse_line(line, &parsed))
		command = pop3_command_find(parsed.keyword);
	if (command == NULL) {
		pop3_bad(session, "Unknown command");
		return;
	}
	log_event(LOG_LEVEL_DEBUG, &session->connection->log, "command",
		LOG_STRING("keyword", command->keyword));
	if (!(command->states & session->state)) {
		pop3_bad(session,
			session->state == POP3_AUTHORIZATION ?
				"Log in first" :
				"Not after log-in");
		return;
	}
	if (parsed.count < command->min_arguments) {
		pop3_bad(session, "An argument is missing");
		return;
	}
	if (command->max_arguments != G_MAXUINT &&
		(parsed.has_more || parsed.count > command->max_arguments)) {
		pop3_bad(session, "There is an argument too many");
		return;
	}
	command->run(session, &parsed);
}

/* What the client is told where no command can be read. */
static void read_failed(Pop3Session *session, const GError *error)
{
	if (stream_draining(session->stream))
		stream_puts(session->stream,
			"-ERR [SYS/TEMP] The server is going down\r\n");
	else if (stream_timed_out(session->stream))
		stream_puts(session->stream,
			"-ERR [SYS/TEMP] Disconnected for inactivity\r\n");
	log_event(LOG_LEVEL_INFO, &session->connection->log, "disconnect",
		LOG_GERROR(error));
	session->is_over = TRUE;
}

static void serve_command(Pop3Session *session)
{
	g_autoptr(GError) error = NULL;
	Bytes line;

	if (stream_read_command(session->stream, POP3_LINE_MAX, &line, &error))
		run_line(session, line);
	else if (dbmail_error_is(error, DBMAIL_ERROR_LIMIT))
		pop3_bad(session, "The line is too long");
	else
		read_failed(session, error);
	if ((gint64)session->errors > session->settings->POP_max_errors) {
		log_event(LOG_LEVEL_NOTICE, &session->connection->log,
			"too-many-errors");
		stream_puts(session->stream, "-ERR Too many errors\r\n");
		session->is_over = TRUE;
	}
}

void pop3_session_serve(ServerConnection *connection, gpointer data)
{
	AuthServer *server = data;
	Pop3Session session = {
		.server = server,
		.settings = g_atomic_pointer_get(&server->settings),
		.connection = connection,
		.stream = connection->stream,
		.state = POP3_AUTHORIZATION,
	};

	stream_set_deadline(
		session.stream, (guint)session.settings->POP_login_timeout);
	pop3_ok(&session, "POP3 server ready");
	while (!session.is_over)
		serve_command(&session);

	maildrop_unlock(&session.lock);
	view_unref(&session.view);
	connection->log.user = NULL;
	user_free(&session.user);
	g_free(session.marks);
	g_free(session.name);
}
