/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Sieve script over a message in a file, without a store. */
#ifndef TOOLS_SIEVE_TRY_H
#define TOOLS_SIEVE_TRY_H

#include <glib.h>

#include "base/settings.h"
#include "sieve/run.h"
#include "sieve/script.h"

/* Says errors and warnings on standard error, a line each: FILE:LINE:COL: text.
 * name is the one the script was compiled under, file what to call it; an
 * included script is called by its own name. */
void sieve_try_say(const GPtrArray *errors, const char *name, const char *file);

/* Prints what a run wants done on standard output, a line for each action, and
 * on standard error why it failed; before each line stands `before`.  file is
 * what to call a script that has no name. */
void sieve_try_print(
	const SieveResult *result, const char *before, const char *file);

/* A file's bytes, "-" is standard input; at most max.  Free with g_free.
 * CLOSED where it cannot be read, LIMIT. */
gboolean sieve_try_read(const char *path, gsize max, char **data, gsize *size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	const char *script;
	const char *message;   /* "-": standard input */
	const char *sender;    /* without brackets; NULL: there is none */
	const char *recipient; /* or NULL */
} SieveTry;

/* Compiles, runs, and prints the actions on standard output, a line each.  An
 * included script NAME is DIR/NAME.sieve or DIR/NAME, DIR being the script's
 * directory; a :global one is looked for in DIR/global.  *is_good: the script
 * has no error and did not fail. */
gboolean sieve_try(const SieveTry *what, const Settings *settings,
	gboolean *is_good, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
