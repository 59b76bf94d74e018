/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's side of SCRAM's messages (RFC 5802, RFC 7677). */
#ifndef AUTH_SCRAM_EXCHANGE_H
#define AUTH_SCRAM_EXCHANGE_H

#include <glib.h>

#include "auth/sasl.h"

typedef struct ScramExchange ScramExchange;

/* host must outlive it.  nonce is the server's part of it; NULL for a random
 * one. */
ScramExchange *scram_exchange_new(const SaslMechanism *mechanism,
	const SaslHost *host, const char *nonce) G_GNUC_WARN_UNUSED_RESULT;
void scram_exchange_free(ScramExchange **exchange);

/* Takes client-first-message; *challenge, valid as long as the exchange, is
 * server-first-message.  CONTINUE, INVALID or UNBOUND, as sasl_step(). */
SaslStep scram_exchange_first(
	ScramExchange *exchange, Bytes message, Bytes *challenge);

/* Takes client-final-message: DONE or INVALID.  A message that is well-formed
 * and proves nothing is DONE: nobody is to be told what was wrong with it. */
SaslStep scram_exchange_final(ScramExchange *exchange, Bytes message);

/* After the first message: prepared, and as whom ("" for themselves). */
const char *scram_exchange_user(const ScramExchange *exchange);
const char *scram_exchange_authorisation(const ScramExchange *exchange);

/* server-final-message where the proof was right, else NULL. */
const char *scram_exchange_verifier(const ScramExchange *exchange);

#endif
