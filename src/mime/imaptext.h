/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings as IMAP writes them (RFC 3501 section 4.3). */
#ifndef MIME_IMAPTEXT_H
#define MIME_IMAPTEXT_H

#include <glib.h>

#include "base/bytes.h"

/* Appends an nstring: NIL when value has no data; a quoted string where all
 * bytes may stand in one and there are at most 1000; a literal for 8-bit
 * bytes and long values.  CR, LF and NUL become spaces in both. */
void mime_imap_nstring(Bytes value, GString *out);

/* The same with "" in place of NIL. */
void mime_imap_string(Bytes value, GString *out);

/* The same for a client that takes UTF-8 in quoted strings (RFC 6855, RFC
 * 9051): valid UTF-8 of at most 1000 bytes is quoted, other 8-bit is not. */
void mime_imap_string_utf8(Bytes value, GString *out);

/* Appends text that was made of the strings above, such as an ENVELOPE, with
 * the literals that mime_imap_string_utf8() would have quoted as quoted
 * strings. */
void mime_imap_quote_utf8(Bytes text, GString *out);

#endif
