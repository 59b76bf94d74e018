/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Something to do for a thread that waits for the database. */
#ifndef DB_WAIT_H
#define DB_WAIT_H

#include <glib.h>

typedef void (*DbWaitHook)(gpointer data);

/* From now on hook is called with data about once a second while this thread
 * waits for an answer of the server.  A connection is held meanwhile: hook
 * must not wait, nor ask the database.  NULL for none. */
void db_wait_set_hook(DbWaitHook hook, gpointer data);

/* For db/pipeline.c: whether the calling thread has one, and calls it. */
gboolean db_wait_has_hook(void);
void db_wait_call_hook(void);

#endif
