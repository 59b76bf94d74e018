/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SASL mechanisms, apart from any protocol's framing (RFC 4422). */
#ifndef AUTH_SASL_H
#define AUTH_SASL_H

#include <glib.h>

#include "base/bytes.h"
#include "auth/scram.h"

/* One exchange.  The protocol does base64 and lines. */
typedef struct Sasl Sasl;

typedef struct {
	const char *name;
	/* The server never learns the password: SCRAM (RFC 5802, RFC 7677). */
	gboolean is_scram;
	ScramHash hash;   /* of SCRAM */
	gboolean is_plus; /* with channel binding (RFC 5056) */
	/* The server asks first; what the client sends before is taken all the
	 * same. */
	gboolean asks_first;
} SaslMechanism;

/* One after another, the best first: SCRAM-SHA-256 and SCRAM-SHA-1, each with
 * -PLUS too; PLAIN (RFC 4616), LOGIN.  NULL behind the last. */
const SaslMechanism *sasl_mechanism_at(guint index);

/* The one of that name in any case; NULL for none. */
const SaslMechanism *sasl_mechanism_find(const char *name);

/* Bytes of a channel binding, at most. */
#define SASL_BINDING_MAX 64

/* What SCRAM asks of those who run it. */
typedef struct {
	/* What is stored of the password of that name, for that hash; where
	 * nothing is, something that looks alike: it cannot fail.  The name is
	 * as the client sent it, and can be prepared (saslprep()). */
	void (*secrets)(gpointer data, const char *user, ScramHash hash,
		ScramSecrets *secrets);
	/* The binding of that type (RFC 5929, RFC 9266) to the connection; FALSE
	 * where it has none. */
	gboolean (*binding)(gpointer data, const char *type,
		guint8 out[SASL_BINDING_MAX], gsize *size);
	/* The client was offered a mechanism with -PLUS. */
	gboolean offers_plus;
	gpointer data;
} SaslHost;

/* host must outlive the exchange; NULL will do for what is not SCRAM. */
Sasl *sasl_new(const SaslMechanism *mechanism, const SaslHost *host)
	G_GNUC_WARN_UNUSED_RESULT;
void sasl_free(Sasl **sasl);

typedef enum {
	SASL_CONTINUE,
	SASL_DONE,
	SASL_INVALID,
	SASL_UNBOUND,
} SaslStep;

/* Takes the client's next message (the first call may have NULL data: no
 * initial response).  Names must be UTF-8, and all of them 1 to 1024 bytes
 * without NUL; passwords are taken as they come.
 * CONTINUE: send *challenge (valid until the next call) and come again; DONE:
 * ask for the names below; INVALID: malformed, and the exchange is over;
 * UNBOUND: so it is, since the client wants a channel binding that does not go
 * with the mechanism or the connection, or believes that there is none to be had
 * where it was offered (RFC 5802 section 6): somebody may be in between. */
SaslStep sasl_step(Sasl *sasl, Bytes response, Bytes *challenge);

/* After SASL_DONE: who logs in, with which password, as whom ("" for
 * themselves).  Valid as long as the exchange; the password is wiped with
 * it.  SCRAM has no password: NULL. */
const char *sasl_user(const Sasl *sasl);
const char *sasl_password(const Sasl *sasl);
const char *sasl_authorisation(const Sasl *sasl);

/* After SCRAM's SASL_DONE: whether the client has the password; and, if so, the
 * proof that we know it too, which it is sent when it is let in.  NULL of other
 * mechanisms. */
gboolean sasl_is_proven(const Sasl *sasl);
const char *sasl_final(const Sasl *sasl);

#endif
