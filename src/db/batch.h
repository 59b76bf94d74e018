/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statements with their parameters that go to the server in one round trip. */
#ifndef DB_BATCH_H
#define DB_BATCH_H

#include <glib.h>

#include "db/params.h"
#include "db/rows.h"
#include "db/statement.h"

/* Built once, independent of a connection; run by db_pool_run() or, inside
 * db_pool_transact(), by db_connection_run(), as often as retries need.  Used
 * by one thread at a time. */
typedef struct DbBatch DbBatch;

DbBatch *db_batch_new(void) G_GNUC_WARN_UNUSED_RESULT;

/* Frees the batch, its parameters and its rows; leaves NULL. */
void db_batch_free(DbBatch **batch);

/* Forgets statements, parameters and rows; the batch can be built again. */
void db_batch_clear(DbBatch *batch);

/* Appends a run of the statement, which must outlive the batch, and returns
 * the parameters to fill; the batch owns them. */
DbParams *db_batch_add(DbBatch *batch, const DbStatement *statement);

/* How many statements were added: the next one's index. */
guint db_batch_count(const DbBatch *batch);

const DbStatement *db_batch_statement(const DbBatch *batch, guint index);
const DbParams *db_batch_params(const DbBatch *batch, guint index);

/* What the statement of that index (0 is the first added) gave; only after
 * the batch ran with success.  The rows belong to the batch. */
const DbRows *db_batch_rows(const DbBatch *batch, guint index);

/* For the connection that runs it: puts rows in their place (takes them), and
 * drops the rows of an attempt that failed. */
void db_batch_take_rows(DbBatch *batch, guint index, DbRows *rows);
void db_batch_clear_rows(DbBatch *batch);

static inline void db_batch_auto_free(DbBatch *batch)
{
	db_batch_free(&batch);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbBatch, db_batch_auto_free)

#endif
