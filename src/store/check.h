/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proving that the store is whole, and mending it where that can be done. */
#ifndef STORE_CHECK_H
#define STORE_CHECK_H

#include <glib.h>

#include "store/store.h"

/* One kind of finding; what it says is in the table of check.c. */
typedef struct {
	const char *name;   /* "message-hash", "dangling-part", ... */
	const char *detail; /* which rows */
	gboolean repaired;
} CheckFinding;

typedef void (*CheckReport)(const CheckFinding *finding, gpointer data);
typedef void (*CheckProgress)(
	const char *name, guint64 done, guint64 total, gpointer data);

/* Every invariant, one after the other: each message joins to its recorded
 * size and hash; no dangling or orphaned part; part hashes true; UIDs below
 * uidnext; counters and quota sums right; views of the change log sane.
 * Streams, in bounded memory.  problems and repaired receive counts.  FALSE
 * only where the check could not be carried through. */
gboolean check_run(Store *store, gboolean repair, CheckReport report,
	CheckProgress progress, gpointer data, guint64 *problems,
	guint64 *repaired, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
