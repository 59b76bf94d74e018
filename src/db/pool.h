/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections shared by threads; batches and transactions with retry. */
#ifndef DB_POOL_H
#define DB_POOL_H

#include <glib.h>

#include "db/batch.h"
#include "db/connection.h"
#include "db/error.h"

/* Safe to use from any number of threads.  Made after fork(), never before.
 * A connection is borrowed for one batch or one piece of work; threads that
 * wait for one get it in the order they came. */
typedef struct DbPool DbPool;

/* Opens one connection, so that what is wrong is seen at start-up, and up to
 * `max` when needed.  wait_seconds bounds the wait for a free connection, and
 * for the server to come back while it is away.  Errors: TEMPORARY, its text
 * says how to reach a database. */
DbPool *db_pool_new(const char *conninfo, const char *application_name,
	guint max, guint wait_seconds, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* All connections must have been given back: no thread is in db_pool_run(). */
void db_pool_free(DbPool **pool);

/* Runs the batch in one round trip, wrapped as the mode says.  It is run
 * again, with a random pause growing from a few milliseconds, when the server
 * rolled it back for 40001, 40P01 or 23503 (a concurrent clean-up took a part
 * this batch refers to), at most 10 times (23503: 5) and wait_seconds; and
 * when the connection broke while the outcome is known: nothing was committed
 * or the mode only reads.  A write whose COMMIT got no answer is never run
 * again: db_error_is_commit_unknown().  Rows are in the batch afterwards;
 * after an error it holds none. */
gboolean db_pool_run(DbPool *pool, DbBatch *batch, DbMode mode, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Does the steps of a transaction on the connection it is given, with
 * db_connection_run() and db_connection_exec_script(), and returns TRUE to
 * commit.  FALSE with an error rolls back.  It may be called several times,
 * each time on a fresh transaction: what it keeps in data it must set anew. */
typedef gboolean (*DbWork)(
	DbConnection *connection, gpointer data, GError **error);

/* Runs work in a transaction with db_pool_run()'s rules.  In DB_READ and
 * DB_WRITE_ALONE there is no transaction, and DB_WRITE_ALONE is never run
 * again once work was called.  Waiting for the network or another lock inside
 * work holds a connection: do not. */
gboolean db_pool_transact(DbPool *pool, DbMode mode, DbWork work, gpointer data,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts right what made a batch or a piece of work fail with the SQLSTATE it
 * is for, with the pool and none of its connections; about is the constraint
 * that the server named.  TRUE: the same is tried again. */
typedef gboolean (*DbMend)(
	DbPool *pool, const char *about, gpointer data, GError **error);

/* Before the pool is shared; sqlstate is a constant. */
void db_pool_set_mend(
	DbPool *pool, const char *sqlstate, DbMend mend, gpointer data);

/* A connection of one's own until db_pool_return(), which leaves NULL; a
 * broken one is closed there.  Errors: TEMPORARY after wait_seconds. */
DbConnection *db_pool_borrow(DbPool *pool, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void db_pool_return(DbPool *pool, DbConnection **connection);

/* So many idle connections stay open; others are closed after so long.  At
 * first 2 and one minute. */
void db_pool_keep_idle(DbPool *pool, guint keep, guint milliseconds);

/* For the log and the tests. */
typedef struct {
	guint open;      /* connections open or being opened */
	guint idle;      /* of these, not borrowed */
	guint waiting;   /* threads that wait for one */
	guint64 opened;  /* connections opened since the start */
	guint64 retries; /* batches and transactions run again */
	guint64 lost;    /* connections found broken */
} DbPoolStats;

DbPoolStats db_pool_stats(DbPool *pool);

static inline void db_pool_auto_free(DbPool *pool)
{
	db_pool_free(&pool);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbPool, db_pool_auto_free)

#endif
