/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SASL exchange over a stream: base64 each way, in the protocol's frame. */
#include "auth/exchange.h"

#include <string.h>

#include "auth/saslprep.h"
#include "base/errors.h"

#define RESPONSE_MAX 16384

/* A response in memory of its own, so that it can be wiped. */
typedef struct {
	char *data;
	gsize size;
	gsize memory; /* bytes of data */
} Response;

static void response_clear(Response *response)
{
	if (response->data != NULL)
		explicit_bzero(response->data, response->memory);
	g_free(response->data);
	*response = (Response){ NULL, 0, 0 };
}

/* Strictly: what is no base64 is an error, not a shorter password. */
static gboolean response_decode(Response *response, Bytes text)
{
	if (text.size % 4 != 0)
		return FALSE;
	for (gsize i = 0; i < text.size; i++) {
		char c = text.data[i];
		gboolean is_padding = c == '=' &&
			(i + 1 == text.size ||
				(i + 2 == text.size &&
					text.data[i + 1] == '='));
		if (!g_ascii_isalnum(c) && c != '+' && c != '/' && !is_padding)
			return FALSE;
	}
	response->data = g_strndup(text.data, text.size);
	response->memory = text.size;
	if (text.size > 0)
		g_base64_decode_inplace(response->data, &response->size);
	return TRUE;
}

static ExchangeEnd response_read(Response *response, const ExchangeFrame *frame)
{
	Bytes text;
	ExchangeEnd end = frame->receive(frame->data, &text);

	if (end != EXCHANGE_DONE)
		return end;
	if (text.size == 1 && text.data[0] == '*')
		return EXCHANGE_CANCELLED;
	return response_decode(response, text) ? EXCHANGE_DONE :
						 EXCHANGE_NOT_BASE64;
}

/* As they are prepared; what cannot be is nobody's (RFC 4616 section 2). */
static gboolean is_for_others(const Sasl *sasl)
{
	const char *as = sasl_authorisation(sasl);

	if (as[0] == '\0' || g_ascii_strcasecmp(as, sasl_user(sasl)) == 0)
		return FALSE;
	g_autofree char *one = saslprep(as);
	g_autofree char *other = saslprep(sasl_user(sasl));
	return one == NULL || other == NULL ||
		g_ascii_strcasecmp(one, other) != 0;
}

static void challenge_send(const ExchangeFrame *frame, Bytes challenge)
{
	g_autofree char *text =
		g_base64_encode((const guchar *)challenge.data, challenge.size);

	frame->send(frame->data, text);
}

/* One message of the client's; EXCHANGE_DONE with *is_over FALSE: it is asked
 * for the next one. */
static ExchangeEnd step(Sasl *sasl, const ExchangeFrame *frame, Bytes message,
	gboolean *is_over)
{
	Bytes challenge = { NULL, 0 };

	switch (sasl_step(sasl, message, &challenge)) {
	case SASL_DONE:
		*is_over = TRUE;
		return is_for_others(sasl) ? EXCHANGE_FOR_OTHERS :
					     EXCHANGE_DONE;
	case SASL_INVALID:
		return EXCHANGE_MALFORMED;
	case SASL_UNBOUND:
		return EXCHANGE_UNBOUND;
	case SASL_CONTINUE:
		break;
	}
	challenge_send(frame, challenge);
	return EXCHANGE_DONE;
}

/* The mechanism has said all. */
static ExchangeEnd finish(Sasl *sasl, const ExchangeFrame *frame,
	ExchangeAccept accept, gpointer data)
{
	Response response = { NULL, 0, 0 };

	if (!accept(data, sasl))
		return EXCHANGE_REFUSED;
	if (sasl_final(sasl) == NULL || frame->carries_final)
		return EXCHANGE_DONE;
	challenge_send(frame, bytes_of_string(sasl_final(sasl)));
	ExchangeEnd end = response_read(&response, frame);
	if (end == EXCHANGE_DONE && response.size > 0)
		end = EXCHANGE_MALFORMED;
	response_clear(&response);
	return end;
}

ExchangeEnd exchange_run_framed(Sasl *sasl, const ExchangeFrame *frame,
	ExchangeAccept accept, gpointer data, Bytes initial)
{
	Response response = { NULL, 0, 0 };
	gboolean is_over = FALSE;

	if (initial.size == 1 && initial.data[0] == '=')
		initial.size = 0;
	if (initial.data != NULL && !response_decode(&response, initial))
		return EXCHANGE_NOT_BASE64;
	for (;;) {
		Bytes message = bytes_of(response.data, response.size);
		ExchangeEnd end = step(sasl, frame, message, &is_over);
		response_clear(&response);
		if (end == EXCHANGE_DONE && !is_over)
			end = response_read(&response, frame);
		if (end != EXCHANGE_DONE)
			return end;
		if (is_over)
			return finish(sasl, frame, accept, data);
	}
}

static void line_send(gpointer data, const char *challenge)
{
	stream_printf(data, "+ %s\r\n", challenge);
}

static ExchangeEnd line_receive(gpointer data, Bytes *response)
{
	g_autoptr(GError) error = NULL;

	if (stream_read_line(data, RESPONSE_MAX, response, &error))
		return EXCHANGE_DONE;
	return dbmail_error_is(error, DBMAIL_ERROR_LIMIT) ? EXCHANGE_TOO_LONG :
							    EXCHANGE_ENDED;
}

ExchangeEnd exchange_run(Sasl *sasl, Stream *stream, ExchangeAccept accept,
	gpointer data, Bytes initial)
{
	const ExchangeFrame frame = { line_send, line_receive, stream, FALSE };

	return exchange_run_framed(sasl, &frame, accept, data, initial);
}

const char *exchange_text(ExchangeEnd end)
{
	static const char *const texts[] = {
		[EXCHANGE_DONE] = NULL,
		[EXCHANGE_REFUSED] = NULL,
		[EXCHANGE_CANCELLED] = "Cancelled",
		[EXCHANGE_TOO_LONG] = "Response too long",
		[EXCHANGE_NOT_BASE64] = "Response is not base64",
		[EXCHANGE_MALFORMED] = "Malformed response",
		[EXCHANGE_UNBOUND] = "The channel binding does not fit",
		[EXCHANGE_FOR_OTHERS] = "Nobody may log in for others",
		[EXCHANGE_ENDED] = NULL,
	};

	return texts[end];
}
