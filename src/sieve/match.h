/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Match types (RFC 5228 section 2.7.1, RFC 5231, RFC 6134, the regex draft):
 * values against a list of keys. */
#ifndef SIEVE_MATCH_H
#define SIEVE_MATCH_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "sieve/comparator.h"
#include "sieve/regex.h"
#include "sieve/wildcard.h"

typedef enum {
	SIEVE_MATCH_IS,
	SIEVE_MATCH_CONTAINS,
	SIEVE_MATCH_MATCHES,
	SIEVE_MATCH_REGEX,
	SIEVE_MATCH_VALUE,
	SIEVE_MATCH_COUNT,
	SIEVE_MATCH_LIST,
} SieveMatchType;

typedef enum {
	SIEVE_RELATION_GT,
	SIEVE_RELATION_GE,
	SIEVE_RELATION_LT,
	SIEVE_RELATION_LE,
	SIEVE_RELATION_EQ,
	SIEVE_RELATION_NE,
} SieveRelation;

/* How to match; {0} with the default comparator is ":is". */
typedef struct SieveMatch {
	SieveMatchType type;
	SieveRelation relation;            /* of :value and :count */
	const SieveComparator *comparator; /* NULL: the default one */
} SieveMatch;

/* "gt" and its like, in lower case (RFC 5231 section 4). */
gboolean sieve_relation_find(Bytes name, SieveRelation *relation);

/* What is wrong with the comparator for this type of match, as a sentence
 * without full stop; NULL: nothing. */
const char *sieve_match_check(const SieveMatch *rule);

/* A key that is known when a script is compiled, made ready: *regex is the
 * caller's, and NULL where the type of match needs none.  FALSE, INVALID or
 * LIMIT, for a regular expression that is none. */
gboolean sieve_match_prepare_key(const SieveMatch *rule, Bytes key,
	SieveRegex **regex, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* So many wildcards or groups of a match are told, ${0} with them. */
#define SIEVE_MATCH_VALUES_MAX 64

/* Whether the list has the value (RFC 6134).  FALSE with error set: it cannot
 * be told. */
typedef gboolean (*SieveMatchList)(gpointer data, const char *list,
	const char *value, gboolean *has, GError **error);

/* What a match is made with. */
typedef struct {
	const SieveMatch *rule;
	const Bytes *keys; /* must outlive the match */
	guint n_keys;
	/* Those of the keys that were made ready, by their number; NULL, or
	 * NULL for one: it is made ready now.  Must outlive the match. */
	SieveRegex *const *regexes;
	/* What may be spent, in bytes looked at or so; a regular expression's
	 * step costs SIEVE_MATCH_STEP_COST. */
	guint64 *work;
	gboolean wants_values; /* somebody asks for what matched */
	gsize max_value_size;  /* a longer match value is cut */
	SieveMatchList list;   /* for SIEVE_MATCH_LIST; NULL: no list has any */
	gpointer list_data;
} SieveMatchHow;

#define SIEVE_MATCH_STEP_COST 1
/* The least that one comparison costs. */
#define SIEVE_MATCH_COST 256

/* One test that runs. */
typedef struct SieveMatcher SieveMatcher;

/* Free with sieve_matcher_free, before the arena.  A bad regular expression
 * among the keys matches nothing.  FALSE: LIMIT, *work was not enough. */
gboolean sieve_matcher_new(Arena *arena, const SieveMatchHow *how,
	SieveMatcher **matcher, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void sieve_matcher_free(SieveMatcher **matcher);

/* What is wrong with a bad regular expression among the keys; NULL: none is. */
const GError *sieve_matcher_wrong(const SieveMatcher *matcher);

/* What one value was folded to, for the next matcher that is given it; {0}: not
 * folded yet. */
typedef struct {
	const SieveComparator *comparator; /* NULL: not folded */
	gboolean is_by_character;
	SieveWildcardText text;
} SieveMatchFold;

void sieve_match_fold_clear(SieveMatchFold *fold);

/* The next value, any bytes.  *matched TRUE: the test is true, and no more
 * values need be given.  LIMIT where *work was not enough, or what the list
 * said. */
gboolean sieve_matcher_add(SieveMatcher *matcher, Bytes value,
	gboolean *matched, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for a value that comes again: fold is its own, and not more than
 * it lives. */
gboolean sieve_matcher_add_again(SieveMatcher *matcher, Bytes value,
	SieveMatchFold *fold, gboolean *matched, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* There are no more values: the answer of a :count. */
gboolean sieve_matcher_end(SieveMatcher *matcher, gboolean *matched,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE for a :count, which needs to know of values and not what they are. */
gboolean sieve_matcher_only_counts(const SieveMatcher *matcher);

/* After a match of :matches, :regex or :list: ${0}, ${1}, ... as copies in the
 * arena.  0 of them where this match sets none.  A "?" of an octet comparator
 * may have taken part of a character: the values may not be UTF-8. */
guint sieve_matcher_values(const SieveMatcher *matcher, const Bytes **values);

static inline void sieve_matcher_auto_free(SieveMatcher *matcher)
{
	sieve_matcher_free(&matcher);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SieveMatcher, sieve_matcher_auto_free)

#endif
