/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing what no mailbox holds any more. */
#ifndef STORE_PURGE_H
#define STORE_PURGE_H

#include <glib.h>

#include "store/store.h"

typedef struct {
	guint64 messages; /* physical messages removed */
	guint64 parts;
	guint64 bytes;
	guint64 changes;    /* rows of the change log trimmed */
	guint64 deliveries; /* forgotten delivery keys */
	guint64 memories;   /* of scripts: old responses and ids */
} PurgeReport;

/* Works off the purge queue in short transactions that a running delivery
 * can neither lose a part to nor wait for long; several may run at once.
 * Trims changes older than keep_days, deliveries past the window, and what
 * scripts no longer have to remember. */
gboolean purge_run(Store *store, guint keep_days, PurgeReport *report,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
