/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store: one handle per process, over one database. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <glib.h>

#include "base/settings.h"
#include "mime/scan.h"

/* Shared by all threads of a process. */
typedef struct Store Store;

typedef enum {
	STORE_PLAIN = 0,
	/* Learn of changes other processes make, and tell them of ours: a
	 * daemon whose sessions wait for mail, or that brings it. */
	STORE_NOTIFY = 1 << 0,
	/* Keep values of messages that are read again and again, up to the
	 * setting max_message_cache. */
	STORE_HOT = 1 << 1,
} StoreFlags;

/* Opens the database settings name.  application is shown in
 * pg_stat_activity.  Errors: TEMPORARY where the database cannot be reached
 * (the text says how to reach one), INVALID where its schema is older or
 * newer than this program (the text says what to do).  Copies what it needs
 * of settings. */
Store *store_open(const Settings *settings, const char *application,
	StoreFlags flags, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* All sessions must be gone; leaves NULL. */
void store_close(Store **store);

/* Bytes a message may have at most (max_message_size). */
gsize store_max_message_size(const Store *store);

/* hook is called with data about once a second while the calling thread waits
 * for the database; it must not wait itself, nor use the store.  NULL for
 * none. */
void store_set_wait_hook(void (*hook)(gpointer data), gpointer data);

/* A place among the max_large_messages that may be in memory at once; waits
 * for one.  Call around reading and storing a message of more than 4 MiB, and
 * around what else takes as much; never with a place already. */
void store_large_enter(Store *store);
void store_large_leave(Store *store);

static inline void store_auto_close(Store *store)
{
	store_close(&store);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_auto_close)

#endif
