/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POSIX extended regular expressions (draft-murchison-sieve-regex), in a time
 * that no pattern can make longer than text times pattern. */
#ifndef SIEVE_REGEX_H
#define SIEVE_REGEX_H

#include <glib.h>

#include "base/bytes.h"

/* Groups of one expression, the whole match among them, that are told. */
#define SIEVE_REGEX_GROUPS_MAX 64
/* Steps of a compiled expression, after {n,m} has been written out. */
#define SIEVE_REGEX_STEPS_MAX 8192
/* {n,m} goes up to this (POSIX's RE_DUP_MAX). */
#define SIEVE_REGEX_REPEAT_MAX 255
/* Groups in groups. */
#define SIEVE_REGEX_DEPTH_MAX 100

typedef enum {
	SIEVE_REGEX_EXACT,
	SIEVE_REGEX_ASCII_NOCASE,
	SIEVE_REGEX_UNICODE_NOCASE,
} SieveRegexCase;

/* Compiled; never changes, threads may share it. */
typedef struct SieveRegex SieveRegex;

/* Compiles an extended regular expression.  Characters are UTF-8's, a byte
 * that is none is a character of its own.  Classes [:alpha:] and so on, [=a=]
 * and [.a.] with one character; "." is any character but a line end, "^"
 * and "$" are the begin and the end of a line.  INVALID, with the reason and the place in
 * the text for the user.  Of what POSIX does not define, \d, \s, \w (letters,
 * digits and "_"), their opposites \D, \S, \W, and the edges of words \b, \B, \<
 * and \> are there; back references, "**", lazy quantifiers and look-ahead are
 * refused.  LIMIT: too large. */
SieveRegex *sieve_regex_new(Bytes pattern, SieveRegexCase how, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

void sieve_regex_free(SieveRegex **regex);

/* Bytes it takes in memory, more or less. */
gsize sieve_regex_size(const SieveRegex *regex);

/* Groups in it, the whole match counted: at least 1, at most
 * SIEVE_REGEX_GROUPS_MAX. */
guint sieve_regex_groups(const SieveRegex *regex);

typedef enum {
	SIEVE_REGEX_NO,
	SIEVE_REGEX_YES,
	SIEVE_REGEX_STOPPED, /* *work would have gone below 0 */
} SieveRegexAnswer;

/* Looks for the leftmost match, of these the longest.  groups, where not NULL,
 * has room for sieve_regex_groups() of them: the pieces of the text, without
 * data where a group has no part in the match.  *work is what may be spent: 1
 * for a step over a character, and 1 more for each four groups that are told. */
SieveRegexAnswer sieve_regex_match(const SieveRegex *regex, Bytes text,
	guint64 *work, Bytes *groups) G_GNUC_WARN_UNUSED_RESULT;

static inline void sieve_regex_auto_free(SieveRegex *regex)
{
	sieve_regex_free(&regex);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SieveRegex, sieve_regex_auto_free)

#endif
