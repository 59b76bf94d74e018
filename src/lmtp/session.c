/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One LMTP connection: greeting, commands, bye. */
#include "lmtp/session.h"

#include <poll.h>

#include "base/errors.h"
#include "lmtp/command.h"
#include "store/message.h"

/* RFC 5321 section 4.5.3.1.4 asks for 512 and what the extensions add. */
#define LINE_MAX_SIZE 4096

void lmtp_session_reply(LmtpSession *session, Reply reply)
{
	stream_puts(session->stream, reply);
	stream_puts(session->stream, "\r\n");
}

void lmtp_session_wrong(LmtpSession *session, Reply reply)
{
	lmtp_session_reply(session, reply);
	log_event(LOG_LEVEL_INFO, &session->connection->log, "wrong-command",
		LOG_STRING("reply", reply));
	if (++session->errors < (guint)session->settings->LMTP_max_errors)
		return;
	lmtp_session_reply(session, "421 4.7.0 too many errors");
	session->is_over = TRUE;
}

void lmtp_session_lost(LmtpSession *session)
{
	if (stream_timed_out(session->stream))
		lmtp_session_reply(session, "421 4.4.2 timeout");
	else if (stream_draining(session->stream))
		lmtp_session_reply(session, "421 4.3.2 shutting down");
	if (session->transaction.is_open)
		log_event(LOG_LEVEL_INFO, &session->connection->log,
			"transaction-lost",
			LOG_NUMBER("transaction", session->count),
			LOG_STRING("from", session->transaction.sender));
	session->is_over = TRUE;
}

const char *lmtp_session_protocol(const LmtpSession *session)
{
	gboolean is_tls = stream_is_tls(session->stream);

	if (session->transaction.is_utf8)
		return is_tls ? "UTF8LMTPS" : "UTF8LMTP";
	return is_tls ? "LMTPS" : "LMTP";
}

/* --- the transaction ----------------------------------------------------------- */

static void to_clear(gpointer data)
{
	deliver_to_clear(data);
}

static GArray *to_new(void)
{
	GArray *to = g_array_new(FALSE, TRUE, sizeof(DeliverTo));

	g_array_set_clear_func(to, to_clear);
	return to;
}

/* Gives all memory back: most connections are idle between messages. */
static void transaction_clear(LmtpSession *session)
{
	LmtpTransaction *transaction = &session->transaction;

	if (transaction->is_large)
		store_large_leave(session->state->store);
	g_clear_pointer(&transaction->message, g_byte_array_unref);
	g_clear_pointer(&transaction->to, g_array_unref);
	g_free(transaction->sender);
	*transaction = (LmtpTransaction){ 0 };
}

void lmtp_session_reset(LmtpSession *session)
{
	transaction_clear(session);
	session->transaction.to = to_new();
}

/* --- confirming ---------------------------------------------------------------- */

gboolean lmtp_session_will_confirm(LmtpSession *session)
{
	struct pollfd input = { .fd = stream_fd(session->stream),
		.events = POLLIN };

	/* Asked before the replies leave: a client that is quick may have
	 * read and answered them before poll() looks. */
	return session->has_unconfirmed && !stream_has_input(session->stream) &&
		poll(&input, 1, 0) == 0 && stream_flush(session->stream, NULL);
}

void lmtp_session_confirm(LmtpSession *session)
{
	if (session->has_unconfirmed)
		deliver_confirm(
			session->state->deliverer, &session->unconfirmed);
	session->has_unconfirmed = FALSE;
}

void lmtp_session_forget(LmtpSession *session)
{
	g_autoptr(GError) error = NULL;

	if (!message_forget_confirmed(session->state->store, &error))
		log_event(LOG_LEVEL_WARNING, &session->connection->log,
			"forget-failed", LOG_GERROR(error));
}

/* --- the session --------------------------------------------------------------- */

static void run_next(LmtpSession *session)
{
	gboolean confirms = lmtp_session_will_confirm(session);
	g_autoptr(GError) error = NULL;
	Bytes line;

	gboolean has_line = stream_read_command(
		session->stream, LINE_MAX_SIZE, &line, &error);
	if (!has_line && !dbmail_error_is(error, DBMAIL_ERROR_LIMIT)) {
		if (confirms && stream_peer_read_all(session->stream))
			lmtp_session_confirm(session);
		lmtp_session_lost(session);
		return;
	}
	if (confirms)
		lmtp_session_confirm(session);
	if (!has_line)
		lmtp_session_wrong(session, "500 5.5.2 line too long");
	else
		lmtp_command_run(session, line);
}

static void greet(LmtpSession *session)
{
	stream_printf(session->stream, "220 %s LMTP ready\r\n",
		settings_hostname(session->settings));
}

static void session_free(LmtpSession *session)
{
	transaction_clear(session);
	g_free(session->hello);
	g_free(session);
}

void lmtp_session_serve(ServerConnection *connection, gpointer data)
{
	LmtpState *state = data;
	LmtpSession *session = g_new0(LmtpSession, 1);

	session->connection = connection;
	session->stream = connection->stream;
	session->state = state;
	session->settings = g_atomic_pointer_get(&state->settings);
	lmtp_session_reset(session);
	stream_set_timeout(
		session->stream, (guint)session->settings->LMTP_timeout);
	greet(session);
	while (!session->is_over)
		run_next(session);
	lmtp_session_forget(session);
	session_free(session);
}
