/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USER, PASS, AUTH (RFC 1939 section 7, RFC 5034), STLS (RFC 2595), CAPA. */
#include "pop3/session.h"

#include "auth/attempt.h"
#include "store/mailbox.h"

static gboolean plaintext_allowed(Pop3Session *session)
{
	return auth_plaintext_allowed(session->server->auth,
		server_connection_is_secure(session->connection));
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

/* Takes the user, who is known to be who they say. */
static void log_in(Pop3Session *session, User *user)
{
	g_autoptr(GError) error = NULL;

	session->user = user;
	session->connection->log.user = user->name;
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

static void fail_login(
	Pop3Session *session, const char *name, const GError *error)
{
	session->connection->log.user = name;
	pop3_fail(session, error, "login-failed");
	session->connection->log.user = NULL;
}

static void try_password(
	Pop3Session *session, const char *name, const char *password)
{
	g_autoptr(GError) error = NULL;
	User *user = NULL;

	if (auth_login(session->server->auth, name, password,
		    session->connection->remote, &user, &error))
		log_in(session, user);
	else
		fail_login(session, name, error);
}

void pop3_cmd_user(Pop3Session *session, const Pop3Line *line)
{
	if (auth_wants_scram(session->server->auth)) {
		pop3_bad(session,
			"[AUTH] No passwords are taken here, use AUTH with "
			"SCRAM");
		return;
	}
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
	try_password(session, name, password);
	explicit_bzero(password, strlen(password));
	g_free(password);
}

static void list_mechanisms(Pop3Session *session)
{
	g_autofree const char **names =
		attempt_mechanisms(session->server->auth, session->connection);

	pop3_ok(session, "Mechanisms");
	for (gsize i = 0; names[i] != NULL; i++)
		stream_printf(session->stream, "%s\r\n", names[i]);
	stream_puts(session->stream, ".\r\n");
}

static void refuse(Pop3Session *session, ExchangeEnd end)
{
	gboolean is_auth =
		end == EXCHANGE_FOR_OTHERS || end == EXCHANGE_UNBOUND;
	g_autofree char *text =
		g_strconcat(is_auth ? "[AUTH] " : "", exchange_text(end), NULL);

	pop3_bad(session, text);
}

static void refuse_mechanism(Pop3Session *session, AttemptRefusal why)
{
	static const char *const texts[] = {
		[ATTEMPT_UNKNOWN] = "Unknown mechanism",
		[ATTEMPT_NEEDS_TLS] = "[AUTH] Use STLS first",
		[ATTEMPT_TOO_WEAK] = "[AUTH] No passwords are taken here, use "
				     "SCRAM",
	};

	pop3_bad(session, texts[why]);
}

void pop3_cmd_auth(Pop3Session *session, const Pop3Line *line)
{
	g_autoptr(GError) error = NULL;
	Bytes initial = { NULL, 0 };
	AttemptRefusal why;
	User *user = NULL;

	if (line->count == 0) {
		list_mechanisms(session);
		return;
	}
	g_autofree char *name =
		g_strndup(line->arguments[0].data, line->arguments[0].size);
	g_autoptr(Attempt) attempt = attempt_new(
		session->server->auth, session->connection, name, &why);
	if (attempt == NULL) {
		refuse_mechanism(session, why);
		return;
	}
	if (line->count > 1)
		initial = line->arguments[1];
	ExchangeEnd end = attempt_run(attempt, NULL, initial, &user, &error);
	if (end == EXCHANGE_DONE)
		log_in(session, user);
	else if (end == EXCHANGE_REFUSED)
		fail_login(session, attempt_name(attempt), error);
	else if (end == EXCHANGE_ENDED)
		session->is_over = TRUE;
	else
		refuse(session, end);
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

static void list_sasl(Pop3Session *session)
{
	g_autofree const char **names =
		attempt_mechanisms(session->server->auth, session->connection);
	g_autofree char *joined = g_strjoinv(" ", (char **)names);

	if (names[0] != NULL)
		stream_printf(session->stream, "SASL %s\r\n", joined);
}

void pop3_cmd_capa(Pop3Session *session, const Pop3Line *line G_GNUC_UNUSED)
{
	static const char *const always[] = { "TOP", "UIDL", "RESP-CODES",
		"AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "UTF8",
		"LANG" };

	pop3_ok(session, "Capabilities");
	for (gsize i = 0; i < G_N_ELEMENTS(always); i++)
		stream_printf(session->stream, "%s\r\n", always[i]);
	if (plaintext_allowed(session))
		stream_puts(session->stream, "USER\r\n");
	list_sasl(session);
	if (session->connection->tls != NULL &&
		!stream_is_tls(session->stream) &&
		session->state == POP3_AUTHORIZATION)
		stream_puts(session->stream, "STLS\r\n");
	/* The version is nobody's business before log-in. */
	stream_printf(session->stream, "IMPLEMENTATION DBMail%s%s\r\n.\r\n",
		session->state == POP3_TRANSACTION ? "-" : "",
		session->state == POP3_TRANSACTION ? PACKAGE_VERSION : "");
}
