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

/* Told by whoever changed a mailbox, after the commit: wakes this process's
 * watches at once, other processes' through the notifier.  Without
 * STORE_NOTIFY the other processes find out when they look. */
void watch_notify(Store *store, gint64 mailbox);

#endif
