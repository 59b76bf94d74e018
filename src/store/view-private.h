/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking the shared view along with a change the process has made itself. */
#ifndef STORE_VIEW_PRIVATE_H
#define STORE_VIEW_PRIVATE_H

#include <glib.h>

#include "base/numset.h"
#include "db/rows.h"
#include "store/store.h"

/* A committed change of flags, made under the mailbox's lock. */
typedef struct {
	gint64 mailbox;
	guint64 before; /* the mailbox's seq until then */
	guint64 after;
	guint messages;       /* that were changed */
	const NumSet *uids;   /* of those that were to be changed */
	guint64 at_most;      /* a message with a higher modseq was spared */
	guint32 flags_stay;   /* bits that stay; the others are cleared, */
	guint32 flags_set;    /* then these are set */
	guint64 keyword_bits; /* the keywords of the change */
	gboolean keywords_stay;
	gboolean keywords_set; /* those of the change; cleared otherwise */
	const DbRows *rows;    /* the mailbox's keywords, in the first row, */
	guint column;          /* of this column */
} ViewStep;

/* Brings the cached view up to date without asking the database, where it was
 * of the very moment before the change; else it is left as it is. */
void view_advance(Store *store, const ViewStep *step);

#endif
