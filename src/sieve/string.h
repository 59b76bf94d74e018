/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What strings hold besides text: encoded characters (RFC 5228 section 2.4.2.4)
 * and references to variables (RFC 5229 section 3). */
#ifndef SIEVE_STRING_H
#define SIEVE_STRING_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"

/* The text with ${hex:} and ${unicode:} undone; those that break the grammar
 * stay as they are.  FALSE where a character is none of Unicode's. */
gboolean sieve_string_decode(Arena *arena, Bytes text, Bytes *decoded);

/* The next reference ("${name}") from *pos on: *literal is what is before it,
 * *reference the name between the braces, *pos behind it.  FALSE where there is
 * none any more; then literal is the rest. */
gboolean sieve_string_next(
	Bytes text, gsize *pos, Bytes *literal, Bytes *reference);

/* TRUE for an identifier: a letter or _, then letters, digits and _. */
gboolean sieve_string_is_identifier(Bytes text);

/* The number of a match variable: digits only.  Larger ones are G_MAXUINT. */
gboolean sieve_string_is_matched(Bytes text, guint *number);

#endif
