/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a named charset to UTF-8. */
#ifndef MIME_CHARSET_H
#define MIME_CHARSET_H

#include <glib.h>

#include "base/bytes.h"

/* Appends data, in the charset of that name (aliases that mailers use are
 * known, case does not matter; no bytes mean US-ASCII), as valid UTF-8; bytes
 * that mean nothing in it become U+FFFD.  NUL and controls come through.
 * FALSE, and nothing appended, when the charset is unknown. */
gboolean mime_charset_to_utf8(Bytes charset, Bytes data, GString *out);

/* Appends data, taken for UTF-8, each bad byte as U+FFFD. */
void mime_charset_append_valid(Bytes data, GString *out);

#endif
