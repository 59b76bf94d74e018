/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waking sessions when a mailbox changes, in this process or another. */
#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include <glib.h>

#include "store/store.h"

typedef struct Watch Watch;

/* Watches a mailbox until watch_free.  Needs STORE_NOTIFY. */
Watch *watch_new(Store *store, gint64 mailbox);
void watch_free(Watch **watch);

/* Readable when the mailbox may have changed since watch_clear. */
int watch_fd(const Watch *watch);
void watch_clear(Watch *watch);

/* A watch of nothing yet, for watch_set(). */
Watch *watch_new_many(Store *store);

/* Watches these mailboxes, and what watch_notify_names() is told of these
 * users, in place of those before; counts as a change of all that is new. */
void watch_set(Watch *watch, const gint64 *mailboxes, guint count,
	const gint64 *users, guint user_count);

/* What may have changed since the last watch_clear(), which this does, of a
 * watch of many: appends to mailboxes (of gint64); TRUE in *names where a
 * user was named. */
void watch_take(Watch *watch, GArray *mailboxes, gboolean *names);

/* How many times the process has heard of changes, to any mailbox: where that
 * is the same before a mailbox was read and after a watch on it was made, it
 * has not changed in between, or the watch will tell. */
guint64 watch_heard(Store *store);

/* Told by whoever changed a mailbox, after the commit: wakes this process's
 * watches at once, other processes' through the notifier.  Without
 * STORE_NOTIFY the other processes find out when they look. */
void watch_notify(Store *store, gint64 mailbox);

/* Told by whoever changed what LIST shows: the names of a user's mailboxes,
 * the user's subscriptions, rights in its mailboxes, or annotations. */
void watch_notify_names(Store *store, gint64 user);

/* In place of a user: what may concern anybody. */
#define WATCH_EVERYBODY G_GINT64_CONSTANT(9223372036854775807)

#endif
