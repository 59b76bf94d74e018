/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libsieve as the engine, in a process of its own for each run. */
#ifndef DELIVER_LIBSIEVE_H
#define DELIVER_LIBSIEVE_H

#include <glib.h>

#include "base/bytes.h"
#include "sieve/run.h"
#include "sieve/script.h"

/* What one run may take.  Beyond it the process is killed. */
typedef struct {
	const char *helper; /* path of dbmail-libsieve */
	guint seconds;      /* of processor time, and by the clock, from 1 */
	guint64 memory;     /* bytes of address space */
} LibsieveBounds;

/* TRUE where it was built with libsieve (./configure --with-libsieve). */
gboolean libsieve_is_built(void);

/* The helper's path as it is installed. */
const char *libsieve_helper(void);

/* The extensions whose scripts it runs. */
SieveExtensions libsieve_extensions(void);

/* Runs a script over a message, as sieve_run() does.  The questions, the
 * environment and the flags of the input are not asked for: libsieve has
 * nothing that needs them.  A helper that crashes, loops or takes too much
 * memory is a run-time error: the result's failure, and the implicit keep.
 * FALSE with TEMPORARY where no process could be started. */
gboolean libsieve_run(const LibsieveBounds *bounds, const char *name,
	Bytes source, const SieveInput *input, SieveResult **result,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
