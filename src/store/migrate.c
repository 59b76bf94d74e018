/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applies the migrations that are compiled in, one transaction each. */
#include "store/migrate.h"

#include "base/errors.h"
#include "store/migrate-sql.h"

typedef struct {
	gint version;
	const char *name;
	const char *script;
} Migration;

#include "store/migrations.h"

#define UNDEFINED_TABLE "42P01"

/* The lock is held by whoever migrates, until its transaction ends; its
 * number is only ours by convention ("dbmail" in ASCII). */
static const char prepare_script[] =
	"SET LOCAL statement_timeout = 0;"
	"SET LOCAL lock_timeout = 0;"
	"SELECT pg_advisory_xact_lock(110373904673132);";

static const char table_script[] =
	"SET LOCAL client_min_messages = warning;"
	"CREATE TABLE IF NOT EXISTS dbmail_schema ("
	" version integer PRIMARY KEY,"
	" name text NOT NULL,"
	" applied timestamptz NOT NULL DEFAULT now());"
	"COMMENT ON TABLE dbmail_schema IS"
	" 'Migrations this database has been through.';"
	"COMMENT ON COLUMN dbmail_schema.version IS 'Number of the migration.';"
	"COMMENT ON COLUMN dbmail_schema.name IS 'Its name.';"
	"COMMENT ON COLUMN dbmail_schema.applied IS 'When.';";

gint migrate_version(void)
{
	return migrations[G_N_ELEMENTS(migrations) - 1].version;
}

static gboolean compare_version(gint found, GError **error)
{
	g_autofree char *text = NULL;

	if (found == migrate_version())
		return TRUE;
	text = g_strdup_printf(found < migrate_version() ?
			"the database's schema has version %d and this program "
			"needs "
			"version %d: run dbmail-util migrate" :
			"the database's schema has version %d and this program "
			"knows "
			"only version %d: install the program that goes with "
			"it",
		found, migrate_version());
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "schema version");
	return FALSE;
}

/* One run of the loop in migrate_run(). */
typedef struct {
	MigrateProgress progress;
	gpointer data;
	gboolean applied;
} Step;

static gboolean read_version(
	DbConnection *connection, gint *version, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	db_batch_add(batch, &SQL_MIGRATE_VERSION);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	*version = db_rows_int32(db_batch_rows(batch, 0), 0, 0);
	return TRUE;
}

static gboolean note_migration(
	DbConnection *connection, const Migration *migration, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_MIGRATE_NOTE);

	db_params_int32(params, migration->version);
	db_params_text(params, migration->name);
	return db_connection_run(connection, batch, error);
}

static gboolean apply_next(
	DbConnection *connection, gpointer data, GError **error)
{
	Step *step = data;
	const Migration *next;
	gint version;

	step->applied = FALSE;
	if (!db_connection_exec_script(connection, prepare_script, error) ||
		!db_connection_exec_script(connection, table_script, error) ||
		!read_version(connection, &version, error))
		return FALSE;
	if (version >= migrate_version())
		return compare_version(version, error);
	next = &migrations[version];
	if (step->progress != NULL)
		step->progress(next->version, next->name, step->data);
	step->applied = TRUE;
	return db_connection_exec_script(connection, next->script, error) &&
		note_migration(connection, next, error);
}

gboolean migrate_run(DbPool *pool, MigrateProgress progress, gpointer data,
	guint *applied, GError **error)
{
	Step step = { progress, data, FALSE };
	guint count = 0;

	do {
		if (!db_pool_transact(pool, DB_WRITE, apply_next, &step, error))
			return FALSE;
		count += step.applied ? 1 : 0;
	} while (step.applied);
	if (applied != NULL)
		*applied = count;
	return TRUE;
}

gboolean migrate_check(DbPool *pool, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GError) problem = NULL;
	gint version = 0;

	db_batch_add(batch, &SQL_MIGRATE_VERSION);
	if (db_pool_run(pool, batch, DB_READ, &problem)) {
		version = db_rows_int32(db_batch_rows(batch, 0), 0, 0);
	} else if (!db_error_is_state(problem, UNDEFINED_TABLE)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return FALSE;
	}
	return compare_version(version, error);
}
