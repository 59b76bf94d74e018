/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schema's version, and how a database gets there. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include <glib.h>

#include "base/settings.h"
#include "db/pool.h"

/* The version this program was built for: the number of the last file in
 * sql/, all of which are compiled in. */
gint migrate_version(void);

/* Told before each migration that is applied. */
typedef void (*MigrateProgress)(gint version, const char *name, gpointer data);

/* Brings the database to migrate_version(), each migration in a transaction
 * of its own under an advisory lock, so that several programs started at
 * once on an empty database do not race.  applied may be NULL.  Errors:
 * INVALID where the database is newer. */
gboolean migrate_run(DbPool *pool, MigrateProgress progress, gpointer data,
	guint *applied, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* FALSE with INVALID where the database's version is not ours; the text says
 * which way and what to do. */
gboolean migrate_check(DbPool *pool, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
