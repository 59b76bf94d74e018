/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a unit test that needs PostgreSQL has in common with the others. */
#ifndef TEST_DB_DATABASE_H
#define TEST_DB_DATABASE_H

#include <glib.h>
#include <stdio.h>
#include <unistd.h>

#include "base/errors.h"
#include "db/pool.h"

/* main() begins with it: where no database is named, the whole file skips. */
#define DATABASE_OR_SKIP() \
	do { \
		if (g_getenv("DBMAIL_PGCONN") == NULL) { \
			puts("1..0 # SKIP DBMAIL_PGCONN names no database"); \
			return 0; \
		} \
		database_make_own(); \
	} while (0)

static inline const char *database_conninfo(void)
{
	return g_getenv("DBMAIL_PGCONN");
}

static inline void database_make_own(void);

/* Ends the test with the log's detail where there is an error. */
static inline void database_check(const GError *error)
{
	if (error != NULL)
		g_error("%s (%s)", error->message, dbmail_error_detail(error));
}

/* As database_connection(), patient with a server that comes back. */
static inline DbPool *database_pool(guint max, guint wait_seconds)
{
	const gint64 deadline = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
	GError *error = NULL;
	DbPool *pool;

	while ((pool = db_pool_new(database_conninfo(), "dbmail-test", max,
			wait_seconds, &error)) == NULL &&
		g_get_monotonic_time() < deadline) {
		g_clear_error(&error);
		g_usleep(50000);
	}
	database_check(error);
	return pool;
}

static inline DbConnection *database_connect(const char *conninfo);

/* A connection outside a pool.  A server that a test has crashed takes
 * connections, drops them and comes back in a second or so, and says no more of
 * it than that: hence the tries. */
static inline DbConnection *database_connection(void)
{
	return database_connect(database_conninfo());
}

static inline DbConnection *database_connect(const char *conninfo)
{
	const DbConnectionOptions options = {
		.conninfo = conninfo,
		.application_name = "dbmail-test",
		.statement_seconds = 60,
	};
	const gint64 deadline = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
	GError *error = NULL;
	DbConnection *connection;

	while ((connection = db_connection_open(&options, &error)) == NULL &&
		g_get_monotonic_time() < deadline) {
		g_clear_error(&error);
		g_usleep(50000);
	}
	database_check(error);
	return connection;
}

/* Runs SQL that must work. */
static inline void database_script(const char *sql)
{
	g_autoptr(DbConnection) connection = database_connection();
	GError *error = NULL;
	if (!db_connection_exec_script(connection, sql, &error))
		database_check(error);
}

/* In a throw-away cluster, which names its superuser, each program has a
 * database of its own: what it counts is not what another has left. */
static inline void database_make_own(void)
{
	const char *admin = g_getenv("DBMAIL_PGCONN_ADMIN");
	GError *error = NULL;

	if (admin == NULL)
		return;
	g_autoptr(DbConnection) connection = database_connect(admin);
	g_autofree char *sql = g_strdup_printf(
		"CREATE DATABASE test_%d OWNER dbmail", (int)getpid());
	g_autofree char *own = g_strdup_printf(
		"%s dbname=test_%d", database_conninfo(), (int)getpid());
	g_autofree char *superuser =
		g_strdup_printf("%s dbname=test_%d", admin, (int)getpid());

	if (!db_connection_exec_script(connection, sql, &error))
		database_check(error);
	g_setenv("DBMAIL_PGCONN", own, TRUE);
	g_setenv("DBMAIL_PGCONN_ADMIN", superuser, TRUE);
}

static inline void database_run(DbPool *pool, DbBatch *batch, DbMode mode)
{
	GError *error = NULL;
	if (!db_pool_run(pool, batch, mode, &error))
		database_check(error);
}

/* The one number the statement without parameters gives. */
static inline gint64 database_number(DbPool *pool, const DbStatement *statement)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	db_batch_add(batch, statement);
	database_run(pool, batch, DB_READ);
	return db_rows_int64(db_batch_rows(batch, 0), 0, 0);
}

#endif
