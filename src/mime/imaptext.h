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

#endif
