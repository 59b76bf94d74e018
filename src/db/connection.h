/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection to the server: prepares, runs batches as pipelines. */
#ifndef DB_CONNECTION_H
#define DB_CONNECTION_H

#include <glib.h>

#include "db/batch.h"
#include "db/error.h"

/* Used by one thread at a time.  A connection speaks UTF-8 and lives in UTC,
 * without JIT; every statement runs once prepared, and is prepared in the
 * same round trip as its first use. */
typedef struct DbConnection DbConnection;

/* How a batch or a piece of work is wrapped. */
typedef enum {
	/* No transaction block.  The batch is one implicit transaction, each
	 * statement seeing what was committed when it began.  Only reads: it
	 * is run again when the connection breaks. */
	DB_READ,
	/* BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY .. COMMIT: all
	 * statements see one state of the store. */
	DB_SNAPSHOT,
	/* BEGIN ISOLATION LEVEL READ COMMITTED .. COMMIT; success means
	 * durable, as durable as the server is set up. */
	DB_WRITE,
	/* The same with synchronous_commit off: atomic, but the last moments
	 * may be lost with a crashing server.  For flags and housekeeping. */
	DB_WRITE_ASYNC,
	/* No transaction block: statements that are atomic by themselves, or
	 * that PostgreSQL does not allow in a block.  Several of them in one
	 * batch are one implicit transaction. */
	DB_WRITE_ALONE,
} DbMode;

/* The wait for any sign of life is statement_timeout plus a little; then the
 * connection counts as lost. */
typedef struct {
	const char *conninfo;         /* libpq's string or URI */
	const char *application_name; /* as pg_stat_activity shows it */
	guint connect_seconds;   /* per host; 0: 10.  conninfo may override */
	guint statement_seconds; /* statement_timeout; 0: none */
} DbConnectionOptions;

/* Connects.  Errors: TEMPORARY, its text says how to reach a database. */
DbConnection *db_connection_open(const DbConnectionOptions *options,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

void db_connection_close(DbConnection **connection);

/* Runs the batch as one round trip, inside the transaction db_pool_transact()
 * began if any.  After an error the transaction is of no more use: return the
 * error.  The rows are in the batch. */
gboolean db_connection_run(DbConnection *connection, DbBatch *batch,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs a script of any number of statements with the simple protocol; results
 * are thrown away.  Inside db_pool_transact() it is part of the transaction;
 * alone it is one implicit transaction.  statement_timeout holds: a script
 * that may take longer begins with SET LOCAL statement_timeout = 0.  The
 * script is ours, never input. */
gboolean db_connection_exec_script(DbConnection *connection, const char *sql,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- for the pool ------------------------------------------------------- */

/* Runs the batch wrapped as the mode says, all in one round trip, once.
 * db_error_failure() tells what may be done about an error. */
gboolean db_connection_run_mode(DbConnection *connection, DbBatch *batch,
	DbMode mode, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Begins a transaction; BEGIN travels with the first batch or script.  Ends
 * it; rolling back never fails, it may leave the connection broken. */
void db_connection_begin(DbConnection *connection, DbMode mode);
gboolean db_connection_commit(DbConnection *connection, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void db_connection_rollback(DbConnection *connection);

/* TRUE when it is neither broken nor in a transaction, as far as is known. */
gboolean db_connection_is_clean(const DbConnection *connection);

/* The same, after asking the socket whether the server has hung up since.  No
 * round trip. */
gboolean db_connection_is_usable(DbConnection *connection);

/* TRUE when libpq's buffers have grown large (they never shrink). */
gboolean db_connection_is_swollen(const DbConnection *connection);

/* Process id of the server's backend. */
int db_connection_backend_pid(const DbConnection *connection);

/* Pipelines run and statements prepared since it was opened. */
guint64 db_connection_round_trips(const DbConnection *connection);
guint64 db_connection_prepares(const DbConnection *connection);

/* --- for the listener --------------------------------------------------- */

/* LISTEN on the channel. */
gboolean db_connection_listen(DbConnection *connection, const char *channel,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The socket, to poll for reading. */
int db_connection_fd(const DbConnection *connection);

typedef void (*DbNotifyFunc)(
	const char *channel, const char *payload, gpointer data);

/* Reads what is there without waiting and calls func for each notification;
 * FALSE when the connection is lost. */
gboolean db_connection_read_notifications(DbConnection *connection,
	DbNotifyFunc func, gpointer data, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

static inline void db_connection_auto_close(DbConnection *connection)
{
	db_connection_close(&connection);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbConnection, db_connection_auto_close)

#endif
