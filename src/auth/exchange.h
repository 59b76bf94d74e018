/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A SASL exchange over a stream: base64 each way, in the protocol's frame. */
#ifndef AUTH_EXCHANGE_H
#define AUTH_EXCHANGE_H

#include <glib.h>

#include "base/bytes.h"
#include "net/stream.h"
#include "auth/sasl.h"

typedef enum {
	EXCHANGE_DONE,       /* who logs in was accepted */
	EXCHANGE_REFUSED,    /* or was not */
	EXCHANGE_CANCELLED,  /* the client sent "*" */
	EXCHANGE_TOO_LONG,   /* a line beyond 16 KiB; what follows it is read */
	EXCHANGE_NOT_BASE64, /* by the letter of RFC 4648 section 3.3 */
	EXCHANGE_MALFORMED,  /* no message of this mechanism */
	EXCHANGE_UNBOUND, /* the channel binding does not fit (SASL_UNBOUND) */
	EXCHANGE_FOR_OTHERS, /* for another than the one who logs in */
	EXCHANGE_ENDED,      /* the client is gone: nobody to answer */
} ExchangeEnd;

/* Is asked when the mechanism has said all: whether the one who logs in is let
 * in.  What the server says last, sasl_final(), is sent after that alone, since
 * it is a proof. */
typedef gboolean (*ExchangeAccept)(gpointer data, const Sasl *sasl);

/* Sends challenges and reads responses until the exchange is over, a line each
 * way as IMAP, POP3 and their like have it (RFC 4954 section 4, RFC 5034 section
 * 4, RFC 9051 section 6.2.2).  initial is the initial response in base64, "="
 * for an empty one, or NULL data where there is none.  What is decoded is wiped,
 * save what the Sasl keeps until it is freed. */
ExchangeEnd exchange_run(Sasl *sasl, Stream *stream, ExchangeAccept accept,
	gpointer data, Bytes initial) G_GNUC_WARN_UNUSED_RESULT;

/* Another protocol's way to bring base64 over. */
typedef struct {
	/* Sends a challenge. */
	void (*send)(gpointer data, const char *challenge);
	/* Reads a response, base64 or "*", which is valid until the next call:
	 * EXCHANGE_DONE; or why not. */
	ExchangeEnd (*receive)(gpointer data, Bytes *response);
	gpointer data;
	/* The protocol's own reply has room for sasl_final(): else it is a
	 * challenge, whose response is empty. */
	gboolean carries_final;
} ExchangeFrame;

/* The same in that frame. */
ExchangeEnd exchange_run_framed(Sasl *sasl, const ExchangeFrame *frame,
	ExchangeAccept accept, gpointer data, Bytes initial)
	G_GNUC_WARN_UNUSED_RESULT;

/* A sentence for the client; NULL for EXCHANGE_DONE, EXCHANGE_REFUSED, whose
 * reason is known to who refused, and EXCHANGE_ENDED. */
const char *exchange_text(ExchangeEnd end);

#endif
