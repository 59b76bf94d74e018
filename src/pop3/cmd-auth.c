/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USER, PASS, AUTH (RFC 1939 section 7, RFC 5034), STLS (RFC 2595), CAPA. */
#include "pop3/session.h"

#include "auth/sasl.h"
#include "base/errors.h"
#include "store/mailbox.h"

/* One line of a SASL exchange in base64. */
#define SASL_LINE_MAX 16384

static gboolean plaintext_allowed(Pop3Session *session)
{
	return auth_plaintext_allowed(session->server->auth,
		stream_is_tls(session->stream) ||
			session->connection->is_proxied_tls,
		session->connection->is_loopback);
}

/* Takes the maildrop: the lock, and what is in it (RFC 1939 section 4). */
static gboolean open_maildrop(Pop3Session *session, GError **error)
{
	g_autoptr(Mailbox) inbox = NULL;
	Store *store = session->server->store;

	if (!mailbox_get(store, session->user->id, "INBOX", &inbox, error) ||
		!maildrop_lock(store, inbox->id,
			session->connection->log.session, &session->lock,
			error))
		return FALSE;
	if (!view_get(store, inbox->id, &session->view, error)) {
		maildrop_unlock(&session->lock);
		return FALSE;
	}
	session->mailbox = inbox->id;
	session->marks = g_malloc0(session->view->count + 1);
	session->left = session->view->count;
	session->left_size = 0;
	for (guint i = 0; i < session->view->count; i++)
		session->left_size += session->view->messages[i].size;
	return TRUE;
}

static void log_in(Pop3Session *session, const char *name, const char *password)
{
	g_autoptr(GError) error = NULL;

	if (!auth_login(session->server->auth, name, password,
		    session->connection->remote, &session->user, &error)) {
		session->connection->log.user = name;
		pop3_fail(session, error, "login-failed");
		session->connection->log.user = NULL;
		return;
	}
	session->connection->log.user = session->user->name;
	if (!open_maildrop(session, &error)) {
		pop3_fail(session, error, "maildrop-failed");
		session->connection->log.user = NULL;
		user_free(&session->user);
		return;
	}
	session->state = POP3_TRANSACTION;
	stream_set_deadline(session->stream, 0);
	stream_set_timeout(
		session->stream, (guint)session->settings->POP_timeout);
	log_event(LOG_LEVEL_NOTICE, &session->connection->log, "login",
		LOG_NUMBER("messages", session->left),
		LOG_STRING("tls", stream_tls_description(session->stream)));
	pop3_ok(session, "%u messages, %" G_GUINT64_FORMAT " octets",
		session->left, session->left_size);
}

void pop3_cmd_user(Pop3Session *session, const Pop3Line *line)
{
	if (!plaintext_allowed(session)) {
		pop3_bad(session, "[AUTH] Use STLS first");
		return;
	}
	g_free(session->name);
	session->name = g_strndup(line->rest.data, line->rest.size);
	/* The same for a name that does not exist. */
	pop3_ok(session, "Now the password");
}

void pop3_cmd_pass(Pop3Session *session, const Pop3Line *line)
{
	if (session->name == NULL) {
		pop3_bad(session, "USER comes first");
		return;
	}
	char *password = g_strndup(line->rest.data, line->rest.size);
	g_autofree char *name = g_steal_pointer(&session->name);
	log_in(session, name, password);
	explicit_bzero(password, strlen(password));
	g_free(password);
}

/* The client's next message, from base64.  FALSE where the session answered
 * already; *out is to be freed. */
static gboolean sasl_read(Pop3Session *session, Bytes *out)
{
	g_autoptr(GError) error = NULL;
	Bytes line;

	if (!stream_read_line(session->stream, SASL_LINE_MAX, &line, &error)) {
		if (dbmail_error_is(error, DBMAIL_ERROR_LIMIT))
			pop3_bad(session, "The line is too long");
		else
			session->is_over = TRUE;
		return FALSE;
	}
	if (line.size == 1 && line.data[0] == '*') {
		pop3_bad(session, "Cancelled");
		return FALSE;
	}
	g_autofree char *text = g_strndup(line.data, line.size);
	gsize size = 0;
	guchar *bytes = g_base64_decode(text, &size);
	explicit_bzero(text, line.size);
	*out = bytes_of((char *)bytes, size);
	return TRUE;
}

/* Challenges and responses until the exchange is done. */
static gboolean sasl_run(Pop3Session *session, Sasl *sasl, Bytes response)
{
	Bytes challenge;
	SaslStep step = sasl_step(sasl, response, &challenge);

	while (step == SASL_CONTINUE) {
		g_autofree char *text = g_base64_encode(
			(const guchar *)challenge.data, challenge.size);
		stream_printf(session->stream, "+ %s\r\n", text);
		Bytes bytes;
		if (!sasl_read(session, &bytes))
			return FALSE;
		step = sasl_step(sasl, bytes, &challenge);
		explicit_bzero((char *)bytes.data, bytes.size);
		g_free((char *)bytes.data);
	}
	if (step == SASL_INVALID)
		pop3_bad(session, "Malformed response");
	return step == SASL_DONE;
}

static void list_mechanisms(Pop3Session *session)
{
	pop3_ok(session, "Mechanisms");
	for (const char *const *name = sasl_mechanisms(); *name != NULL; name++)
		stream_printf(session->stream, "%s\r\n", *name);
	stream_puts(session->stream, ".\r\n");
}

void pop3_cmd_auth(Pop3Session *session, const Pop3Line *line)
{
	if (!plaintext_allowed(session)) {
		pop3_bad(session, "[AUTH] Use STLS first");
		return;
	}
	if (line->count == 0) {
		list_mechanisms(session);
		return;
	}
	g_autofree char *name =
		g_strndup(line->arguments[0].data, line->arguments[0].size);
	Sasl *sasl = sasl_new(name);
	if (sasl == NULL) {
		pop3_bad(session, "Unknown mechanism");
		return;
	}
	g_autofree char *initial = NULL;
	Bytes response = { NULL, 0 };
	if (line->count > 1) {
		/* "=" stands for an empty one (RFC 5034 section 4). */
		initial = g_strndup(
			line->arguments[1].data, line->arguments[1].size);
		if (g_str_equal(initial, "="))
			initial[0] = '\0';
		gsize size = 0;
		g_base64_decode_inplace(initial, &size);
		response = bytes_of(initial, size);
	}
	if (sasl_run(session, sasl, response)) {
		if (sasl_authorisation(sasl)[0] != '\0' &&
			g_ascii_strcasecmp(
				sasl_authorisation(sasl), sasl_user(sasl)) != 0)
			pop3_bad(session, "[AUTH] Only as yourself");
		else
			log_in(session, sasl_user(sasl), sasl_password(sasl));
	}
	if (initial != NULL)
		explicit_bzero(initial, response.size);
	sasl_free(&sasl);
}

void pop3_cmd_stls(Pop3Session *session, const Pop3Line *line G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;

	if (session->connection->tls == NULL ||
		stream_is_tls(session->stream)) {
		pop3_bad(session, "TLS is not available here");
		return;
	}
	pop3_ok(session, "Begin TLS");
	if (!stream_start_tls(
		    session->stream, session->connection->tls, &error)) {
		log_event(LOG_LEVEL_INFO, &session->connection->log,
			"tls-failed", LOG_GERROR(error));
		session->is_over = TRUE;
	}
	/* What was said in clear is forgotten (RFC 2595 section 4). */
	g_clear_pointer(&session->name, g_free);
}

void pop3_cmd_capa(Pop3Session *session, const Pop3Line *line G_GNUC_UNUSED)
{
	static const char *const always[] = { "TOP", "UIDL", "RESP-CODES",
		"AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "UTF8",
		"LANG" };

	pop3_ok(session, "Capabilities");
	for (gsize i = 0; i < G_N_ELEMENTS(always); i++)
		stream_printf(session->stream, "%s\r\n", always[i]);
	if (plaintext_allowed(session)) {
		g_autofree char *names =
			g_strjoinv(" ", (char **)sasl_mechanisms());
		stream_printf(session->stream, "USER\r\nSASL %s\r\n", names);
	}
	if (session->connection->tls != NULL &&
		!stream_is_tls(session->stream) &&
		session->state == POP3_AUTHORIZATION)
		stream_puts(session->stream, "STLS\r\n");
	/* The version is nobody's business before log-in. */
	stream_printf(session->stream, "IMPLEMENTATION DBMail%s%s\r\n.\r\n",
		session->state == POP3_TRANSACTION ? "-" : "",
		session->state == POP3_TRANSACTION ? PACKAGE_VERSION : "");
}
