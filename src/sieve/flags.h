/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of IMAP flags as strings with blanks between (RFC 5232). */
#ifndef SIEVE_FLAGS_H
#define SIEVE_FLAGS_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"

/* Flags past this number are not taken into a set, longer ones neither. */
#define SIEVE_FLAGS_MAX 128
#define SIEVE_FLAG_SIZE_MAX 255

/* TRUE for an atom (RFC 3501 section 9) that is not too long: a keyword, or what
 * is behind a special use's backslash. */
gboolean sieve_keyword_is_valid(Bytes keyword);

/* Steps through the flags of a text that a client may set: "\Seen" and the
 * other four, and keywords.  Everything else is passed over, as RFC 5232
 * section 2 asks.  *pos begins at 0.  FALSE at the end. */
gboolean sieve_flags_next(Bytes text, gsize *pos, Bytes *flag);

/* The first word that is no flag, or that sieve_flags_meant() knows.  FALSE:
 * there is none. */
gboolean sieve_flags_find_odd(Bytes text, Bytes *word);

/* The system flag that a word is without its backslash: "Seen"; or NULL. */
const char *sieve_flags_meant(Bytes word);

/* Adds the flags of text that the set, made of these functions alone, has not,
 * in their order.  Letters' case does not tell flags apart; that of system
 * flags becomes IMAP's. */
void sieve_flags_add(GString *set, Bytes text);

/* Takes the flags of text out of the set. */
void sieve_flags_remove(GString *set, Bytes text);

/* The set as a NULL-terminated array in the arena. */
const char *const *sieve_flags_array(Arena *arena, const GString *set)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
