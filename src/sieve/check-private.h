/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The checker from inside: check.c walks the tree, check-arguments.c fills in a
 * node, check-names.c knows extensions, variables and units. */
#ifndef SIEVE_CHECK_PRIVATE_H
#define SIEVE_CHECK_PRIVATE_H

#include <glib.h>

#include "sieve/check.h"
#include "sieve/script-private.h"
#include "sieve/word.h"

struct SieveChecker {
	SieveCompilation *compilation;
	SieveUnit *unit;
	SieveExtensions required;
	SieveExtensions enabled;  /* required, or found by an ihave so far */
	gboolean is_past_require; /* another command has come */
	gboolean is_nested;       /* inside a block */
	gboolean is_uncertain;    /* a block, or what may end all, has come */
	gboolean is_dead;         /* an ihave says that this is not reached */
	guint n_errors;           /* of the node that is being filled in */
	GHashTable *variables;    /* name -> Variable * */
	guint n_names;
};

/* Fills a node in from its arguments by the row node->word.  FALSE, told, where
 * they do not fit. */
gboolean sieve_check_arguments(SieveChecker *checker, SieveNode *node);

/* Undoes a string's encoded characters and finds its variables. */
void sieve_check_string(SieveChecker *checker, SieveString *string);

/* FALSE, told, where extensions of these are not there; those that an ihave may
 * still find are added to node->deferred. */
gboolean sieve_check_extensions(SieveChecker *checker, SieveNode *node,
	SievePlace place, SieveExtensions needs, const char *what);

/* The names of a require. */
void sieve_check_require(SieveChecker *checker, const SieveNode *node);

#endif
