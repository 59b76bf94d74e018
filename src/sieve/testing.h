/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests that compare: their tags when a script is compiled, their values when
 * it runs. */
#ifndef SIEVE_TESTING_H
#define SIEVE_TESTING_H

#include <glib.h>

#include "sieve/check.h"
#include "sieve/match.h"
#include "sieve/run-private.h"

/* Makes node->match of the tags for match type and comparator, and checks the
 * constant keys in the positional argument `keys`. */
void sieve_testing_check(SieveChecker *checker, SieveNode *node, guint keys);

/* A test that runs: begin, add values while add says TRUE and is_matched is
 * not, end. Each FALSE is a run-time error that was told. */
typedef struct {
	SieveRun *run;
	const SieveNode *node;
	Arena *arena;
	SieveMatcher *matcher;
	guint64 work; /* what may still be spent, and what could be at first */
	guint64 allowed;
	gboolean is_matched;
	gboolean sets_no_values; /* RFC 5173 section 6: the body test's */
} SieveTesting;

/* Takes the node's match and the keys of the argument. */
gboolean sieve_testing_begin(SieveTesting *testing, SieveRun *run,
	const SieveNode *node, const SieveArgument *keys)
	G_GNUC_WARN_UNUSED_RESULT;

/* A value; sets is_matched where it makes the test true. */
gboolean sieve_testing_add(SieveTesting *testing, Bytes value)
	G_GNUC_WARN_UNUSED_RESULT;

/* The same for a value that other tests are given too: fold is its own. */
gboolean sieve_testing_add_again(SieveTesting *testing, Bytes value,
	SieveMatchFold *fold) G_GNUC_WARN_UNUSED_RESULT;

/* TRUE where only the number of values is asked for. */
gboolean sieve_testing_only_counts(const SieveTesting *testing);

/* Counts what it took, sets match variables, gives the answer and frees what
 * there is; go_on is FALSE where a run-time error was told already, and what is
 * returned then. */
gboolean sieve_testing_end(
	SieveTesting *testing, gboolean go_on, gboolean *result);

/* All of it for values that are at hand. */
gboolean sieve_testing_run(SieveRun *run, const SieveNode *node,
	const SieveArgument *keys, const Bytes *values, guint n_values,
	gboolean *result) G_GNUC_WARN_UNUSED_RESULT;

#endif
