/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailbox names on the wire: modified UTF-7 (RFC 3501 section 5.1.3). */
#ifndef IMAP_UTF7_H
#define IMAP_UTF7_H

#include <glib.h>

#include "base/bytes.h"

/* Appends the UTF-8 of a name in modified UTF-7.  FALSE, and nothing
 * appended, where it is not the one right encoding of its text: a bare "&",
 * bytes over 0x7e or under 0x20, base64 that encodes what must stand for
 * itself or has bits left over, a shift that begins where another just
 * ended, an unpaired surrogate. */
gboolean utf7_decode(Bytes name, GString *out);

/* Appends valid UTF-8 in modified UTF-7. */
void utf7_encode(const char *name, GString *out);

#endif
