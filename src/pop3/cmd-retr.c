/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RETR and TOP: messages out, byte for byte but for the dots. */
#include "pop3/session.h"

#include "base/errors.h"
#include "base/text.h"
#include "pop3/dot.h"
#include "store/fetch.h"

/* Messages up to this size are read in one round trip. */
#define RETR_SMALL ((guint64)1024 * 1024)

typedef struct {
	Pop3Session *session;
	const ViewMessage *message;
	DotWriter dot;
	gboolean is_begun; /* +OK has been said */
	gboolean in_body;  /* TOP: the blank line has passed */
	gboolean is_top;
	guint64 lines;     /* TOP: lines of the body still wanted */
	gboolean at_start; /* TOP: of a line */
} Sending;

static void send_bytes(const char *data, gsize size, gpointer stream)
{
	stream_write(stream, data, size);
}

/* +OK goes out with the first bytes, so that a message that cannot be read is
 * an -ERR. */
static void begin(Sending *sending)
{
	if (sending->is_begun)
		return;
	sending->is_begun = TRUE;
	if (sending->is_top)
		pop3_ok(sending->session, "Top of message follows");
	else
		pop3_ok(sending->session, "%" G_GUINT64_FORMAT " octets",
			sending->message->size);
}

/* A line that is nothing but its end. */
static gboolean is_blank(Bytes line)
{
	return line.size > 0 && line.size <= 2 &&
		(line.data[0] == '\r' || line.size == 1) &&
		(line.data[0] == '\r' || line.data[0] == '\n');
}

/* How much of the bytes TOP still wants: the header, the blank line, and so
 * many lines.  A line is what ends with LF. */
static gsize top_size(Sending *sending, Bytes bytes)
{
	gsize at = 0;

	while (at < bytes.size && (!sending->in_body || sending->lines > 0)) {
		const char *lf = memchr(bytes.data + at, '\n', bytes.size - at);
		gsize end =
			lf != NULL ? (gsize)(lf - bytes.data) + 1 : bytes.size;
		Bytes line = bytes_slice(bytes, at, end - at);
		if (sending->in_body)
			sending->lines -= lf != NULL;
		else if (sending->at_start && lf != NULL && is_blank(line))
			sending->in_body = TRUE;
		/* A piece may end between CR and LF. */
		sending->at_start =
			lf != NULL || (sending->at_start && is_blank(line));
		at = end;
	}
	return at;
}

static gboolean sink(Bytes bytes, gpointer data)
{
	Sending *sending = data;
	Stream *stream = sending->session->stream;
	gsize wanted = bytes.size;

	if (sending->is_top)
		wanted = top_size(sending, bytes);
	dot_write(&sending->dot, bytes_slice(bytes, 0, wanted), send_bytes,
		stream);
	return wanted == bytes.size && !stream_failed(stream);
}

/* A small message, in one round trip. */
static gboolean send_small(Sending *sending, GError **error)
{
	g_autoptr(FetchBatch) batch = NULL;
	FetchAsk ask = { .physmessage = sending->message->physmessage,
		.size = G_MAXUINT64 };

	if (!fetch_batch_new(sending->session->server->store, &ask, 1,
		    FETCH_RAW, &batch, error))
		return FALSE;
	const FetchedMessage *got = fetch_batch_message(batch, 0);
	if (!got->found) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"the message is gone", "physmessage %" G_GINT64_FORMAT,
			sending->message->physmessage);
		return FALSE;
	}
	begin(sending);
	sink(got->raw, sending);
	return TRUE;
}

static gboolean sink_large(Bytes bytes, gpointer data)
{
	begin(data);
	return sink(bytes, data);
}

static void send_message(Sending *sending, guint index)
{
	Pop3Session *session = sending->session;
	const ViewMessage *message = &session->view->messages[index];
	g_autoptr(GError) error = NULL;
	gboolean ok;

	sending->message = message;
	sending->at_start = TRUE;
	if (message->size <= RETR_SMALL)
		ok = send_small(sending, &error);
	else
		ok = fetch_stream(session->server->store, message->physmessage,
			0, message->size, sink_large, sending, &error);
	if (ok) {
		begin(sending);
		dot_end(&sending->dot, send_bytes, session->stream);
		session->marks[index] |= POP3_RETRIEVED;
	} else if (!sending->is_begun) {
		pop3_fail(session, error, "retrieve-failed");
	} else {
		/* Half a message is out: only a broken connection tells the
		 * client that it is not whole. */
		log_event(LOG_LEVEL_ERROR, &session->connection->log,
			"retrieve-broken", LOG_GERROR(error));
		session->is_over = TRUE;
	}
}

void pop3_cmd_retr(Pop3Session *session, const Pop3Line *line)
{
	Sending sending = { .session = session };
	guint index;

	if (pop3_message(session, line->arguments[0], &index))
		send_message(&sending, index);
}

void pop3_cmd_top(Pop3Session *session, const Pop3Line *line)
{
	Sending sending = { .session = session, .is_top = TRUE };
	guint index;

	if (!pop3_message(session, line->arguments[0], &index))
		return;
	if (!text_to_number(line->arguments[1], G_MAXINT64, &sending.lines)) {
		pop3_bad(session, "The number of lines is no number");
		return;
	}
	guint8 marks = session->marks[index];
	send_message(&sending, index);
	session->marks[index] = marks; /* a look is not a retrieval */
}
