/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the connection and its pipeline share; for src/db alone. */
#ifndef DB_CONNECTION_PRIVATE_H
#define DB_CONNECTION_PRIVATE_H

#include <libpq-fe.h>

#include "db/connection.h"

struct DbConnection {
	PGconn *pg;
	/* Names the server has a prepared statement of. */
	GHashTable *prepared;
	/* Longest wait for a sign of life, milliseconds; -1: for ever. */
	int patience;
	gboolean broken;
	gboolean swollen;
	/* Statements that begin the transaction and were not sent yet. */
	const DbStatement *const *opening;
	gboolean in_transaction;
	/* Outside a transaction: what runs now may be run again. */
	gboolean only_reads;
	guint64 round_trips;
	guint64 prepares;

	/* The pool's: when it was given back, and which server it is of. */
	gint64 idle_since;
	guint generation;
};

/* How the batch of a pipeline is wrapped: statements before and after it,
 * NULL-terminated lists, NULL for none; and whether an answer that never came
 * leaves open what the server did. */
typedef struct {
	const DbStatement *const *before;
	const DbStatement *const *after;
	gboolean commits;
} PipelineWrap;

/* Sends all in one go and reads all answers; batch may be NULL.  A connection
 * whose transaction failed is left in the failed transaction. */
gboolean pipeline_run(DbConnection *connection, DbBatch *batch,
	const PipelineWrap *wrap, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Waits until the socket can be read (or written, where asked), for at most
 * the patience given in milliseconds.  FALSE when nothing came. */
gboolean connection_wait(
	const DbConnection *connection, gboolean write, int patience);

#endif
