/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the check() of a word may ask and tell as a script is compiled. */
#ifndef SIEVE_CHECK_H
#define SIEVE_CHECK_H

#include <glib.h>

#include "base/arena.h"
#include "sieve/extension.h"
#include "sieve/node.h"
#include "sieve/script.h"

typedef struct SieveChecker SieveChecker;

/* Tells an error at the place and fails the compilation; checking goes on.
 * A sentence without full stop that says what would be right; values of the
 * script go in with %s only where they are short, see sieve_quote(). */
void sieve_check_error(SieveChecker *checker, SievePlace place,
	const char *format, ...) G_GNUC_PRINTF(3, 4);

/* What is legal, and certainly not meant. */
void sieve_check_warn(SieveChecker *checker, SievePlace place,
	const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The value in quotes for an error's text, shortened and made printable; lives
 * as long as the script. */
const char *sieve_quote(SieveChecker *checker, Bytes value);

/* Where the tree and what hangs on it lie: lives as long as the script.
 * Whatever else a check() makes is given to sieve_check_keep(). */
Arena *sieve_check_arena(SieveChecker *checker);

/* Has free_it(object) called when the script is freed.  FALSE, and it is still
 * the caller's, where what is kept so takes too much memory already; size is
 * the object's. */
gboolean sieve_check_keep(SieveChecker *checker, gpointer object, gsize size,
	GDestroyNotify free_it) G_GNUC_WARN_UNUSED_RESULT;

const SieveLimits *sieve_check_limits(const SieveChecker *checker);

/* TRUE where the extension is required here, or an ihave has found it. */
gboolean sieve_check_has(const SieveChecker *checker, SieveExtension extension);

/* TRUE where the command runs whenever its script does: it is in no block, and
 * behind none that might have ended the script. */
gboolean sieve_check_is_certain(const SieveChecker *checker);

/* FALSE, and an error, where an extension that the node needs for something
 * that is no word (a comparator, a match type in a string) is not there. */
gboolean sieve_check_needs(SieveChecker *checker, SieveNode *node,
	SievePlace place, SieveExtension extension, const char *what);

/* FALSE, and an error, where the string has variables; `what` begins the
 * error's sentence. */
gboolean sieve_check_constant(
	SieveChecker *checker, const SieveString *string, const char *what);

/* The variable of that name, for a command that sets it.  FALSE, and an error,
 * where the string is no constant, no name, or a match variable. */
gboolean sieve_check_variable(
	SieveChecker *checker, const SieveString *name, SievePiece *variable);

/* Makes a variable global (RFC 6609 section 3.4.1).  FALSE, and an error, as
 * above, and where a set has made a local one of it. */
gboolean sieve_check_global(SieveChecker *checker, const SieveString *name);

/* The unit that an include names, which will be compiled if it was not yet;
 * is_missing is known when all are.  NULL, and an error, where there are too
 * many. */
const SieveUnit *sieve_check_unit(SieveChecker *checker, SievePlace place,
	SieveLocation location, const char *name);

/* ihave: TRUE where all of these may be used, which they may be from here on. */
gboolean sieve_check_enable(SieveChecker *checker, const SieveArgument *names,
	SieveExtensions *found);

/* Calls check for each constant string of the argument.  FALSE where one of the
 * calls, which each tell their error, gave FALSE; NULL as argument is fine. */
gboolean sieve_check_each(SieveChecker *checker, const SieveArgument *argument,
	gboolean (*check)(SieveChecker *checker, const SieveString *string));

#endif
