/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a ManageSieve server says: OK, NO, BYE and strings (RFC 5804 section
 * 1.3). */
#ifndef MANAGESIEVE_REPLY_H
#define MANAGESIEVE_REPLY_H

#include <glib.h>

#include "base/bytes.h"
#include "managesieve/session.h"

/* Appends a string: quoted where that is allowed, else as a literal. */
void reply_string(GString *out, Bytes text);

/* "OK (CODE) "text"".  code and text may be NULL. */
void reply_ok(ManageSession *session, const char *code, const char *text);

/* NO: the client's mistake, or its wish that cannot be met, which counts
 * against max_errors. */
void reply_no(ManageSession *session, const char *code, const char *text);

/* The session is over. */
void reply_bye(ManageSession *session, const char *code, const char *text);

/* NO, with the code and text that the one table has for the error; logs it. */
void reply_fail(ManageSession *session, const GError *error, const char *event);

#endif
