/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Responses: strings in the forms of RFC 3501, errors as response codes. */
#ifndef IMAP_REPLY_H
#define IMAP_REPLY_H

#include <glib.h>

#include "base/bytes.h"
#include "base/errors.h"
#include "net/stream.h"
#include "syntax/parse.h"

/* Appends an atom where text is one, else a quoted string, or a literal for
 * CR, LF, NUL and 8-bit bytes. */
void reply_append_astring(GString *out, Bytes text);
/* The same without the atom. */
void reply_append_string(GString *out, Bytes text);

/* Appends valid UTF-8 as an atom or a quoted string, for clients that enabled
 * it (RFC 6855 section 3, RFC 9051 section 4.3); a literal where it has CR or
 * LF or is long. */
void reply_append_utf8_astring(GString *out, Bytes text);

/* Appends a mailbox name (UTF-8) in modified UTF-7, or as it is for clients
 * that enabled UTF-8. */
void reply_append_mailbox(GString *out, const char *name, gboolean is_utf8);

/* Appends "(\Seen $Forwarded \Recent)": keywords are bits into names. */
void reply_append_flags(GString *out, Flags flags, guint64 keywords,
	const char *const *names, gboolean is_recent);

/* "{12}\r\n" and the bytes as they are.  RFC 3501 has no NUL in a literal; a
 * message that holds one is sent unchanged all the same, since changing it
 * would break signatures and clients take it well. */
void reply_literal(Stream *stream, Bytes data);

/* Writes a line's worth of text with control characters as blanks: what comes
 * from elsewhere must not end the line. */
void reply_text(Stream *stream, const char *text);

/* How an error is answered. */
typedef struct {
	DbmailErrorCode code;
	const char *response; /* RFC 3501 and RFC 5530 response code */
	gboolean is_ours;     /* worth a line in the log */
} ReplyError;

/* The one table of errors; trycreate: a mailbox that is missing should be
 * created by the client. */
const ReplyError *reply_error(DbmailErrorCode code, gboolean trycreate);

#endif
