/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LHLO and STARTTLS: what this server can do, and to whom it speaks. */
#include "base/errors.h"
#include "lmtp/command.h"

#define HELLO_MAX 255

/* --- extensions ---------------------------------------------------------------- */

static gboolean always(const LmtpSession *session)
{
	(void)session;
	return TRUE;
}

static gboolean tls_can_begin(const LmtpSession *session)
{
	return session->connection->tls != NULL &&
		!stream_is_tls(session->stream);
}

/* What LHLO announces; SIZE is followed by its limit. */
static const struct {
	const char *name;
	gboolean (*is_on)(const LmtpSession *session);
	gboolean has_size;
} extensions[] = {
	{ "PIPELINING", always, FALSE },          /* RFC 2920 */
	{ "ENHANCEDSTATUSCODES", always, FALSE }, /* RFC 2034 */
	{ "8BITMIME", always, FALSE },            /* RFC 6152 */
	{ "SMTPUTF8", always, FALSE },            /* RFC 6531 */
	{ "SIZE", always, TRUE },                 /* RFC 1870 */
	{ "CHUNKING", always, FALSE },            /* RFC 3030 */
	{ "BINARYMIME", always, FALSE },          /* RFC 3030 */
	{ "STARTTLS", tls_can_begin, FALSE },     /* RFC 3207 */
};

static void announce(LmtpSession *session)
{
	g_autoptr(GString) text = g_string_new(NULL);
	gsize last = 0;

	g_string_append(text, settings_hostname(session->settings));
	for (gsize i = 0; i < G_N_ELEMENTS(extensions); i++) {
		if (!extensions[i].is_on(session))
			continue;
		g_string_insert(text, (gssize)last, "250-");
		g_string_append(text, "\r\n");
		last = text->len;
		g_string_append(text, extensions[i].name);
		if (extensions[i].has_size)
			g_string_append_printf(text, " %" G_GSIZE_FORMAT,
				store_max_message_size(session->state->store));
	}
	g_string_insert(text, (gssize)last, "250 ");
	g_string_append(text, "\r\n");
	stream_write(session->stream, text->str, text->len);
}

/* --- the commands -------------------------------------------------------------- */

/* A domain or an address literal, not looked at more closely: it is only
 * shown, and some clients know no better name. */
static gboolean is_hello(Bytes name)
{
	for (gsize i = 0; i < name.size; i++) {
		if ((guchar)name.data[i] <= 0x20 || name.data[i] == 0x7f)
			return FALSE;
	}
	return name.size > 0 && name.size <= HELLO_MAX &&
		g_utf8_validate(name.data, (gssize)name.size, NULL);
}

void lmtp_command_lhlo(LmtpSession *session, Bytes arguments)
{
	if (!is_hello(arguments)) {
		lmtp_session_wrong(session, "501 5.5.4 LHLO needs a name");
		return;
	}
	g_free(session->hello);
	session->hello = g_strndup(arguments.data, arguments.size);
	session->errors = 0;
	lmtp_session_reset(session);
	announce(session);
}

void lmtp_command_starttls(LmtpSession *session, Bytes arguments)
{
	g_autoptr(GError) error = NULL;

	(void)arguments;
	if (!tls_can_begin(session)) {
		lmtp_session_wrong(session,
			stream_is_tls(session->stream) ?
				"503 5.5.1 TLS has begun" :
				"502 5.5.1 no TLS here");
		return;
	}
	lmtp_session_reply(session, "220 2.0.0 go ahead");
	if (!stream_start_tls(
		    session->stream, session->connection->tls, &error)) {
		log_event(LOG_LEVEL_INFO, &session->connection->log, "rejected",
			LOG_STRING("during", "tls-handshake"),
			LOG_GERROR(error));
		session->is_over = TRUE;
		return;
	}
	log_event(LOG_LEVEL_INFO, &session->connection->log, "starttls",
		LOG_STRING("tls", stream_tls_description(session->stream)));
	/* RFC 3207 section 4.2: nothing said before counts. */
	lmtp_session_reset(session);
	g_clear_pointer(&session->hello, g_free);
}
