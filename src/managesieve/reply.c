/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a ManageSieve server says: OK, NO, BYE and strings. */
#include "managesieve/reply.h"

#include "base/errors.h"
#include "managesieve/parse.h"

static gboolean can_be_quoted(Bytes text)
{
	gsize size = text.size;

	for (gsize i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (c == '\r' || c == '\n' || c == '\0')
			return FALSE;
		size += c == '"' || c == '\\';
	}
	return size <= MANAGE_QUOTED_MAX &&
		g_utf8_validate_len(text.data, text.size, NULL);
}

void reply_string(GString *out, Bytes text)
{
	if (text.size > 0 && !can_be_quoted(text)) {
		g_string_append_printf(out, "{%zu}\r\n", text.size);
		g_string_append_len(out, text.data, (gssize)text.size);
		return;
	}
	g_string_append_c(out, '"');
	for (gsize i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (c == '"' || c == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, c);
	}
	g_string_append_c(out, '"');
}

static void reply(ManageSession *session, const char *word, const char *code,
	const char *text)
{
	g_autoptr(GString) out = g_string_new(word);

	if (code != NULL)
		g_string_append_printf(out, " (%s)", code);
	if (text != NULL) {
		g_string_append_c(out, ' ');
		reply_string(out, bytes_of_string(text));
	}
	g_string_append(out, "\r\n");
	stream_write(session->stream, out->str, out->len);
}

void reply_ok(ManageSession *session, const char *code, const char *text)
{
	reply(session, "OK", code, text);
	session->errors = 0;
}

void reply_no(ManageSession *session, const char *code, const char *text)
{
	reply(session, "NO", code, text);
	session->errors++;
}

void reply_bye(ManageSession *session, const char *code, const char *text)
{
	if (!session->is_over)
		reply(session, "BYE", code, text);
	session->is_over = TRUE;
}

void reply_fail(ManageSession *session, const GError *error, const char *event)
{
	static const struct {
		DbmailErrorCode code;
		LogLevel level;
		const char *word;
		const char *text; /* NULL: the error's own */
	} replies[] = {
		{ DBMAIL_ERROR_NOT_FOUND, LOG_LEVEL_INFO, "NONEXISTENT", NULL },
		{ DBMAIL_ERROR_EXISTS, LOG_LEVEL_INFO, "ALREADYEXISTS", NULL },
		{ DBMAIL_ERROR_IN_USE, LOG_LEVEL_INFO, "ACTIVE", NULL },
		{ DBMAIL_ERROR_INVALID, LOG_LEVEL_INFO, NULL, NULL },
		{ DBMAIL_ERROR_AUTH_FAILED, LOG_LEVEL_NOTICE, NULL,
			"Wrong user name or password" },
		{ DBMAIL_ERROR_LIMIT, LOG_LEVEL_NOTICE, "TRYLATER",
			"Too many failed log-ins, try again later" },
		{ DBMAIL_ERROR_NO_PERMISSION, LOG_LEVEL_NOTICE, NULL,
			"Not allowed" },
		{ DBMAIL_ERROR_TEMPORARY, LOG_LEVEL_WARNING, "TRYLATER",
			"Temporary failure, try again later" },
	};
	LogLevel level = LOG_LEVEL_ERROR;
	const char *word = NULL;
	const char *text = "Internal error";

	for (gsize i = 0; i < G_N_ELEMENTS(replies); i++) {
		if (!dbmail_error_is(error, replies[i].code))
			continue;
		level = replies[i].level;
		word = replies[i].word;
		text = replies[i].text != NULL ? replies[i].text :
						 error->message;
	}
	/* A bound on scripts says which one it is. */
	if (dbmail_error_is(error, DBMAIL_ERROR_LIMIT) &&
		dbmail_error_cause(error) != NULL) {
		word = dbmail_error_cause(error);
		text = error->message;
	}
	log_event(level, &session->connection->log, event, LOG_GERROR(error));
	reply_no(session, word, text);
}
