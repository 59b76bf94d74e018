/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A script from inside: its units, and what is known as they are compiled. */
#ifndef SIEVE_SCRIPT_PRIVATE_H
#define SIEVE_SCRIPT_PRIVATE_H

#include <glib.h>

#include "base/arena.h"
#include "sieve/node.h"
#include "sieve/report.h"
#include "sieve/script.h"
#include "sieve/word.h"

/* Nothing in it changes once it is compiled but the count of references, which
 * is atomic: any number of threads may run it at once. */
struct SieveScript {
	gint refs;
	Arena *arena;
	const SieveLimits *limits;
	GPtrArray *units; /* SieveUnit *, in the arena */
	GPtrArray *kept;  /* what checks made: pairs of object and free */
	gsize kept_size;
	guint n_globals;
	gsize size; /* of the sources */
};

/* All that is shared by the checks of its units. */
typedef struct {
	const SieveCompile *how;
	const struct SieveExtraWords *extra;
	SieveScript *script;
	SieveReport report;
	GHashTable *globals; /* name -> index */
} SieveCompilation;

/* Checks a unit that was parsed, fills its nodes in, adds the units that it
 * includes. */
void sieve_check_unit_commands(SieveCompilation *compilation, SieveUnit *unit);

#endif
