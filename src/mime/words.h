/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoded words in header text (RFC 2047) to UTF-8. */
#ifndef MIME_WORDS_H
#define MIME_WORDS_H

#include <glib.h>

#include "base/bytes.h"

/* Appends the text of a raw header value: unfolded, encoded words decoded
 * wherever they stand (RFC 2047 asks for blanks around them, mailers do not),
 * blanks between adjacent words dropped, a character whose bytes are spread
 * over words of one charset put together.  A word of an unknown charset is
 * taken for UTF-8 where it is that, and else stays as it is.  The result is valid UTF-8; bytes outside words that are
 * not UTF-8 become U+FFFD, and controls, line and paragraph separators
 * become spaces, decoded ones too. */
void mime_words_append(Bytes value, GString *out);

/* The same as a new string, outer blanks taken off.  Free with g_free. */
char *mime_words_decode(Bytes value) G_GNUC_WARN_UNUSED_RESULT;

#endif
