/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The replies of LMTP (RFC 5321 section 4.2, RFC 2034, RFC 3463). */
#ifndef LMTP_REPLY_H
#define LMTP_REPLY_H

#include <glib.h>

#include "base/settings.h"

/* A reply without its CRLF: "550 5.1.1 no such user". */
typedef const char *Reply;

#define REPLY_BAD_SYNTAX "501 5.5.4 syntax error in parameters"
#define REPLY_BAD_SEQUENCE "503 5.5.1 bad sequence of commands"
#define REPLY_TOO_LARGE "552 5.3.4 message too large"

/* What a recipient is told about an error of the floors below: one table from
 * code to reply.  quota_failure of [LMTP] decides between 452 and 552. */
Reply reply_of_error(const GError *error, const Settings *settings);

/* The reply, lines apart by CRLF and without the last one, for a recipient
 * whose script refuses the message (RFC 5429 section 2.1.1): 550 and the reason,
 * ASCII, on as many lines as it takes.  Free with g_free. */
char *reply_of_refusal(const char *reason) G_GNUC_WARN_UNUSED_RESULT;

#endif
