/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of a run, as it grows. */
#ifndef SIEVE_RESULT_H
#define SIEVE_RESULT_H

#include <glib.h>

#include "base/arena.h"
#include "sieve/run.h"

typedef struct SieveRun SieveRun;

/* An empty one; *arena is its own, and lives as long as it. */
SieveResult *sieve_result_new(Arena **arena);

/* Makes the run's result complete: adds the implicit keep or a discard; after a
 * failure nothing but the implicit keep is left. */
void sieve_result_finish(SieveRun *run);

#endif
