/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SASL mechanisms, apart from any protocol's framing (RFC 4422). */
#ifndef AUTH_SASL_H
#define AUTH_SASL_H

#include <glib.h>

#include "base/bytes.h"

/* One exchange.  The protocol does base64 and lines. */
typedef struct Sasl Sasl;

/* The exchange for a mechanism's name in any case; NULL for an unknown one. */
Sasl *sasl_new(const char *mechanism);
void sasl_free(Sasl **sasl);

/* Names of all mechanisms, NULL-terminated: PLAIN (RFC 4616), LOGIN. */
const char *const *sasl_mechanisms(void);

typedef enum { SASL_CONTINUE, SASL_DONE, SASL_INVALID } SaslStep;

/* Takes the client's next message (the first call may have NULL data: no
 * initial response).  Names must be UTF-8, and all of them 1 to 1024 bytes
 * without NUL; passwords are taken as they come, without SASLprep (RFC 4013).
 * CONTINUE: send *challenge (valid until the next call) and come again; DONE:
 * ask for the names below; INVALID: malformed, and the exchange is over. */
SaslStep sasl_step(Sasl *sasl, Bytes response, Bytes *challenge);

/* After SASL_DONE: who logs in, with which password, as whom ("" for
 * themselves).  Valid as long as the exchange; the password is wiped with
 * it. */
const char *sasl_user(const Sasl *sasl);
const char *sasl_password(const Sasl *sasl);
const char *sasl_authorisation(const Sasl *sasl);

#endif
