/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thread that tells other processes which ids changed. */
#ifndef DB_NOTIFIER_H
#define DB_NOTIFIER_H

#include <glib.h>

/* One per process, with a connection of its own: NOTIFY inside a delivery's
 * transaction would take a lock all deliveries share. */
typedef struct DbNotifier DbNotifier;

/* Starts the thread; it connects by itself and reconnects with growing
 * pauses.  NULL only where no thread can be had: TEMPORARY. */
DbNotifier *db_notifier_new(const char *conninfo, const char *application_name,
	const char *channel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends what is waiting, unless the server is away, and stops. */
void db_notifier_free(DbNotifier **notifier);

/* Has the id sent soon: at once when nothing was sent in the last 20 ms, else
 * together with the others that come until then.  Cheap, from any thread, does
 * not fail.  While the server is away up to 100,000 different ids are kept;
 * above that "anything may have changed" is sent instead. */
void db_notifier_add(DbNotifier *notifier, gint64 id);

/* Reads a payload as a DbListenFunc gets it and appends its ids (gint64) to
 * the array.  FALSE where it is not one, or says that anything may have
 * changed. */
gboolean db_notifier_parse(const char *payload, GArray *ids);

#endif
