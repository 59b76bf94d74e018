/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patterns of :matches (RFC 5228 section 2.7.1). */
#ifndef SIEVE_WILDCARD_H
#define SIEVE_WILDCARD_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "sieve/comparator.h"

typedef struct SieveWildcard SieveWildcard;

/* A pattern with "*", "?" and "\" before what is meant as it stands. */
SieveWildcard *sieve_wildcard_new(
	Arena *arena, const SieveComparator *comparator, Bytes pattern)
	G_GNUC_WARN_UNUSED_RESULT;

/* A value, made ready to be matched with patterns of one comparator. */
typedef struct {
	Bytes value;
	Bytes folded;
	/* Where in the value each byte of folded comes from, and the end;
	 * NULL: from the same place.  A character's later bytes have the place
	 * of its first. */
	guint32 *origins;
	gboolean is_unfolded; /* folded has no memory of its own */
} SieveWildcardText;

void sieve_wildcard_text_init(SieveWildcardText *text,
	const SieveComparator *comparator, Bytes value);
/* The same, all at once by the comparator's form: for whoever compares that and
 * asks for no place in the value. */
void sieve_wildcard_text_fold(SieveWildcardText *text,
	const SieveComparator *comparator, Bytes value);
void sieve_wildcard_text_clear(SieveWildcardText *text);

/* TRUE where all of the value matches.  *n_values is set to how many wildcards
 * there are, up to max_values, and values to what each stands for, as little as
 * can be and the first first.  *work: bytes that may be looked at; where it
 * gets 0 the answer is FALSE and means nothing. */
gboolean sieve_wildcard_match(const SieveWildcard *wildcard,
	const SieveWildcardText *text, guint64 *work, Bytes *values,
	guint max_values, guint *n_values);

#endif
