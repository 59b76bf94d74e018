/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One try to log in by SASL, the same for every protocol. */
#ifndef AUTH_ATTEMPT_H
#define AUTH_ATTEMPT_H

#include <glib.h>

#include "net/server.h"
#include "auth/auth.h"
#include "auth/exchange.h"

typedef struct Attempt Attempt;

/* Names of the mechanisms a client of this connection may use now, the best
 * first: SCRAM by the setting scram, with -PLUS where there is TLS to bind to,
 * and what sends a password where auth_plaintext_allowed().  Free the array
 * alone, with g_free. */
const char **attempt_mechanisms(const Auth *auth,
	const ServerConnection *connection) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
	ATTEMPT_ALLOWED,
	ATTEMPT_UNKNOWN,   /* no such mechanism, or none that is offered */
	ATTEMPT_NEEDS_TLS, /* not before TLS is on */
	ATTEMPT_TOO_WEAK,  /* it sends a password, and none is taken */
} AttemptRefusal;

/* NULL, and *why, for a mechanism that may not be used now.  auth and connection
 * must outlive it. */
Attempt *attempt_new(Auth *auth, const ServerConnection *connection,
	const char *mechanism, AttemptRefusal *why) G_GNUC_WARN_UNUSED_RESULT;
void attempt_free(Attempt **attempt);

/* A sentence for the client. */
const char *attempt_refusal_text(AttemptRefusal why);

/* Runs the exchange in the frame, in lines where it is NULL (exchange_run()), and
 * logs in what comes of it: EXCHANGE_DONE with *user, or EXCHANGE_REFUSED with the
 * error of auth_login().  Of the other ends, EXCHANGE_UNBOUND and
 * EXCHANGE_FOR_OTHERS are logged here. */
ExchangeEnd attempt_run(Attempt *attempt, const ExchangeFrame *frame,
	Bytes initial, User **user, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE where the mechanism has no initial response: the server asks first. */
gboolean attempt_asks_first(const Attempt *attempt);

/* For the log: the mechanism's name, and the user's as the client gave it, NULL
 * before it did. */
const char *attempt_mechanism(const Attempt *attempt);
const char *attempt_name(const Attempt *attempt);

/* After EXCHANGE_DONE in a frame that carries it: sasl_final() in base64, or
 * NULL. */
const char *attempt_final(const Attempt *attempt);

static inline void attempt_auto_free(Attempt *attempt)
{
	attempt_free(&attempt);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Attempt, attempt_auto_free)

#endif
