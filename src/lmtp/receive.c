/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DATA and BDAT: takes the message in and answers for each recipient. */
#include <string.h>

#include "base/errors.h"
#include "base/text.h"
#include "lmtp/command.h"
#include "lmtp/unstuff.h"

/* What is stored is "Return-Path: <sender>", CRLF, and then exactly
 *
 * - after DATA, the octets between DATA's CRLF and the CRLF "." CRLF that ends
 *   them, its first CRLF included, without the dots that stuffing put in
 *   (RFC 5321 section 4.5.2); lmtp/unstuff.h tells it in full;
 * - after BDAT, the octets of all chunks one behind the other, nothing added or
 *   taken away (RFC 3030).
 *
 * No line end is changed, no field added (unless add_delivered_to or add_received
 * ask for it), no byte replaced. */

/* Messages over this size are counted (store_large_enter). */
#define LARGE_MESSAGE (4 * 1024 * 1024)
#define FIRST_SIZE 8192
#define MICROSECONDS_PER_MS 1000

/* --- the buffer ---------------------------------------------------------------- */

static void buffer_begin(LmtpSession *session)
{
	LmtpTransaction *transaction = &session->transaction;

	transaction->since = g_get_monotonic_time();
	transaction->room = deliver_return_path_size(transaction->sender);
	transaction->message =
		g_byte_array_sized_new((guint)transaction->room + FIRST_SIZE);
	g_byte_array_set_size(transaction->message, (guint)transaction->room);
}

/* The bytes that follow are read and dropped. */
static void buffer_refuse(LmtpTransaction *transaction, Reply why)
{
	transaction->refused = why;
	g_byte_array_set_size(transaction->message, 0);
	g_clear_pointer(&transaction->message, g_byte_array_unref);
	transaction->message = g_byte_array_new();
}

static void buffer_append(Bytes run, gpointer data)
{
	LmtpSession *session = data;
	LmtpTransaction *transaction = &session->transaction;
	Store *store = session->state->store;

	if (transaction->refused != NULL)
		return;
	gsize size = transaction->message->len - transaction->room + run.size;
	if (size > store_max_message_size(store)) {
		buffer_refuse(transaction, REPLY_TOO_LARGE);
		return;
	}
	if (size > LARGE_MESSAGE && !transaction->is_large) {
		store_large_enter(store);
		transaction->is_large = TRUE;
	}
	g_byte_array_append(transaction->message, (const guint8 *)run.data,
		(guint)run.size);
}

/* --- delivering ---------------------------------------------------------------- */

static void log_result(
	LmtpSession *session, const DeliverTo *to, Reply reply, gsize size)
{
	const LmtpTransaction *transaction = &session->transaction;
	gint64 spent = g_get_monotonic_time() - transaction->since;
	LogLevel level = to->failure == NULL || to->refusal != NULL ||
			dbmail_error_is(to->failure, DBMAIL_ERROR_OVER_QUOTA) ?
		LOG_LEVEL_NOTICE :
		LOG_LEVEL_ERROR;

	if (!log_enabled(level))
		return;
	log_event(level, &session->connection->log,
		to->refusal != NULL         ? "delivery-refused" :
			to->failure != NULL ? "delivery-failed" :
			to->is_duplicate    ? "delivery-repeated" :
					      "delivered",
		LOG_NUMBER("transaction", session->count),
		LOG_STRING("from", transaction->sender),
		LOG_STRING("to", deliver_recipient_address(to->recipient)),
		LOG_NUMBER("size", size), LOG_STRING("reply", reply),
		LOG_STRING("script", to->did),
		LOG_NUMBER("ms", spent / MICROSECONDS_PER_MS),
		LOG_GERROR(to->failure));
}

/* RFC 2033 section 4.2: one reply for each recipient, in RCPT's order. */
static void answer(LmtpSession *session, gsize size)
{
	const LmtpTransaction *transaction = &session->transaction;

	for (guint i = 0; i < transaction->to->len; i++) {
		const DeliverTo *to =
			&g_array_index(transaction->to, DeliverTo, i);
		Reply reply = "250 2.0.0 delivered";
		g_autofree char *refusal = to->refusal != NULL ?
			reply_of_refusal(to->refusal) :
			NULL;
		if (refusal != NULL)
			reply = refusal;
		else if (to->failure != NULL)
			reply = reply_of_error(to->failure, session->settings);
		lmtp_session_reply(session, reply);
		log_result(session, to, reply, size);
	}
}

static void answer_refused(LmtpSession *session)
{
	const LmtpTransaction *transaction = &session->transaction;

	for (guint i = 0; i < transaction->to->len; i++)
		lmtp_session_reply(session, transaction->refused);
	log_event(LOG_LEVEL_NOTICE, &session->connection->log,
		"message-refused", LOG_NUMBER("transaction", session->count),
		LOG_STRING("from", transaction->sender),
		LOG_NUMBER("recipients", transaction->to->len),
		LOG_STRING("reply", transaction->refused));
}

static void deliver(LmtpSession *session)
{
	LmtpTransaction *transaction = &session->transaction;
	Delivery delivery = {
		.sender = transaction->sender,
		.message = (char *)transaction->message->data +
			transaction->room,
		.size = transaction->message->len - transaction->room,
		.room = transaction->room,
		.since = transaction->since,
		.trace = {
			.hello = session->hello,
			.remote = session->connection->remote,
			.protocol = lmtp_session_protocol(session),
			.id = session->connection->log.session,
		},
		.to = (DeliverTo *)(gpointer)transaction->to->data,
		.count = transaction->to->len,
	};

	/* FALSE has its reasons in each recipient's failure. */
	(void)deliver_run(
		session->state->deliverer, session->settings, &delivery);
	if (delivery.has_split_failed)
		log_event(LOG_LEVEL_ERROR, &session->connection->log,
			"split-failed",
			LOG_NUMBER("transaction", session->count),
			LOG_NUMBER("size", delivery.size));
	session->has_unconfirmed = delivery.has_key;
	session->unconfirmed = delivery.key;
	answer(session, delivery.size);
}

static void message_end(LmtpSession *session)
{
	if (session->transaction.refused != NULL)
		answer_refused(session);
	else
		deliver(session);
	lmtp_session_reset(session);
}

/* --- DATA ---------------------------------------------------------------------- */

/* FALSE when the connection was lost before the message was over. */
static gboolean read_data(LmtpSession *session, Unstuff *unstuff)
{
	gboolean confirms = lmtp_session_will_confirm(session);
	Bytes input;

	while (unstuff->state != UNSTUFF_END) {
		if (!stream_fill(session->stream, &input, NULL)) {
			lmtp_session_lost(session);
			return FALSE;
		}
		/* The message is younger than what it confirms. */
		if (confirms) {
			lmtp_session_confirm(session);
			session->transaction.since = g_get_monotonic_time();
		}
		confirms = FALSE;
		stream_consume(session->stream,
			unstuff_feed(unstuff, input, buffer_append, session));
	}
	return TRUE;
}

void lmtp_command_data(LmtpSession *session, Bytes arguments)
{
	LmtpTransaction *transaction = &session->transaction;
	Unstuff unstuff = { 0 };

	(void)arguments;
	if (transaction->to->len == 0) {
		lmtp_session_wrong(session, "503 5.5.1 no valid recipients");
		return;
	}
	if (transaction->is_binary) {
		lmtp_session_wrong(session,
			"503 5.5.1 BINARYMIME needs BDAT"); /* RFC 3030 */
		return;
	}
	session->errors = 0;
	buffer_begin(session);
	lmtp_session_reply(session, "354 end with <CRLF>.<CRLF>");
	if (!read_data(session, &unstuff))
		return;
	if (unstuff.has_bare_lf && transaction->refused == NULL &&
		g_str_equal(session->settings->LMTP_bare_line_feed, "reject"))
		buffer_refuse(transaction,
			"554 5.6.0 line feed without carriage return");
	message_end(session);
}

/* --- BDAT ---------------------------------------------------------------------- */

/* "1000", "0 LAST" (RFC 3030 section 2). */
static gboolean parse_chunk(Bytes arguments, guint64 *size, gboolean *is_last)
{
	const char *blank = arguments.size > 0 ?
		memchr(arguments.data, ' ', arguments.size) :
		NULL;
	gsize digits = blank != NULL ? (gsize)(blank - arguments.data) :
				       arguments.size;
	Bytes rest = bytes_slice(arguments, digits, arguments.size);

	while (rest.size > 0 && rest.data[0] == ' ')
		rest = bytes_slice(rest, 1, rest.size);
	*is_last = rest.size > 0;
	return (rest.size == 0 || text_equal_nocase(rest, "LAST")) &&
		text_to_number(
			bytes_slice(arguments, 0, digits), G_MAXINT64, size);
}

/* Appends the chunk, or drops it where the transaction is refused. */
static gboolean read_chunk(LmtpSession *session, guint64 size)
{
	Bytes input;

	while (size > 0) {
		if (!stream_fill(session->stream, &input, NULL)) {
			lmtp_session_lost(session);
			return FALSE;
		}
		Bytes run = bytes_slice(input, 0, (gsize)MIN(size, input.size));
		buffer_append(run, session);
		stream_consume(session->stream, run.size);
		size -= run.size;
	}
	return TRUE;
}

static Reply chunk_refusal(const LmtpSession *session)
{
	if (session->hello == NULL)
		return "503 5.5.1 say LHLO first";
	if (!session->transaction.is_open)
		return "503 5.5.1 say MAIL first";
	if (session->transaction.to->len == 0)
		return "503 5.5.1 no valid recipients";
	return NULL;
}

/* A chunk that nobody can have is read all the same: its bytes are no
 * commands. */
static void drop_chunk(LmtpSession *session, guint64 size, Reply why)
{
	if (!stream_skip(session->stream, size, NULL))
		lmtp_session_lost(session);
	else
		lmtp_session_wrong(session, why);
}

void lmtp_command_bdat(LmtpSession *session, Bytes arguments)
{
	LmtpTransaction *transaction = &session->transaction;
	gboolean is_last;
	guint64 size;

	if (!parse_chunk(arguments, &size, &is_last)) {
		/* How many bytes follow is not known, so nothing that follows
		 * can be understood. */
		lmtp_session_reply(session, "501 5.5.4 BDAT size [LAST]");
		session->is_over = TRUE;
		return;
	}
	Reply refusal = chunk_refusal(session);
	if (refusal != NULL) {
		drop_chunk(session, size, refusal);
		return;
	}
	session->errors = 0;
	if (!transaction->has_chunks)
		buffer_begin(session);
	transaction->has_chunks = TRUE;
	if (!read_chunk(session, size))
		return;
	if (is_last)
		message_end(session);
	else if (transaction->refused != NULL)
		lmtp_session_reply(session, transaction->refused);
	else
		stream_printf(session->stream,
			"250 2.0.0 %" G_GUINT64_FORMAT " octets\r\n", size);
}
