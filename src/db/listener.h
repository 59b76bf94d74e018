/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thread that listens for the server's notifications. */
#ifndef DB_LISTENER_H
#define DB_LISTENER_H

#include <glib.h>

/* One per process, with a connection of its own. */
typedef struct DbListener DbListener;

/* Called in the listener's thread, never two at once; must not block.
 * payload NULL: listening began, or began again after the connection was
 * lost, and what was sent before may have been missed: look for yourself. */
typedef void (*DbListenFunc)(
	const char *channel, const char *payload, gpointer data);

/* Starts the thread; channels is a NULL-terminated list, copied.  It connects
 * by itself and reconnects with growing pauses as often as needed, so a
 * server that is away is no error.  FALSE (NULL) only where no thread or
 * eventfd can be had: TEMPORARY. */
DbListener *db_listener_new(const char *conninfo, const char *application_name,
	const char *const *channels, DbListenFunc func, gpointer data,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stops the thread and waits for it; func is not called afterwards. */
void db_listener_free(DbListener **listener);

#endif
