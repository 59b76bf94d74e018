/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Removing what no mailbox holds any more. */
#include "store/purge.h"

#include "base/timestamp.h"
#include "store/purge-private.h"
#include "store/purge-sql.h"
#include "store/script.h"
#include "store/store-private.h"
#include "store/store-sql.h"

/* Rows of a queue, and changes, that one transaction begins with: few enough
 * that a delivery which waits for one of them does not wait long. */
#define BATCH_MESSAGES 200
#define BATCH_PARTS 500
#define BATCH_CHANGES 500

#define DAY_SECONDS G_GINT64_CONSTANT(86400)

/* The statements of a queue, all with parameters of the same kinds. */
typedef struct {
	gint32 batch;
	const DbStatement *claim;
	const DbStatement *lock;
	const DbStatement *remove;
	const DbStatement *settle;
	void (*count)(const DbRows *removed, PurgeReport *report);
} Queue;

/* Working off one batch of it. */
typedef struct {
	const Queue *queue;
	Timestamp before;
	guint claimed;      /* result: rows taken out of the queue */
	PurgeReport report; /* result of this batch alone */
} QueueStep;

static void count_messages(const DbRows *removed, PurgeReport *report)
{
	report->messages = (guint64)db_rows_int64(removed, 0, 0);
	report->parts = (guint64)db_rows_int64(removed, 0, 1);
	report->bytes = (guint64)db_rows_int64(removed, 0, 2);
}

static void count_parts(const DbRows *removed, PurgeReport *report)
{
	report->parts = (guint64)db_rows_int64(removed, 0, 0);
	report->bytes = (guint64)db_rows_int64(removed, 0, 1);
}

static const Queue queues[] = {
	{ BATCH_MESSAGES, &SQL_PURGE_CLAIM_MESSAGES, &SQL_PURGE_LOCK_MESSAGES,
		&SQL_PURGE_MESSAGES, &SQL_PURGE_SETTLE_MESSAGES,
		count_messages },
	{ BATCH_PARTS, &SQL_PURGE_CLAIM_PARTS, &SQL_PURGE_LOCK_PARTS,
		&SQL_PURGE_PARTS, &SQL_PURGE_SETTLE_PARTS, count_parts },
};

static gint64 *column(const DbRows *rows, guint number)
{
	gint64 *values = g_new(gint64, db_rows_count(rows));

	for (guint i = 0; i < db_rows_count(rows); i++)
		values[i] = db_rows_int64(rows, i, number);
	return values;
}

/* Takes rows of the queue; their places go into places, which borrows them
 * from the batch. */
static gboolean claim(DbConnection *connection, DbBatch *batch,
	const QueueStep *step, Bytes **places, gint64 **ids, GError **error)
{
	DbParams *params = db_batch_add(batch, step->queue->claim);
	const DbRows *rows;

	db_params_int32(params, step->queue->batch);
	db_params_timestamp(params, step->before);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	*ids = column(rows, 1);
	*places = g_new(Bytes, db_rows_count(rows));
	for (guint i = 0; i < db_rows_count(rows); i++)
		(*places)[i] = db_rows_bytes(rows, i, 0);
	return TRUE;
}

static gboolean lock(DbConnection *connection, const Queue *queue,
	const gint64 *ids, guint count, gint64 **ours, guint *n_ours,
	GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	db_params_int64_array(db_batch_add(batch, queue->lock), ids, count);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	*ours = column(db_batch_rows(batch, 0), 0);
	*n_ours = db_rows_count(db_batch_rows(batch, 0));
	return TRUE;
}

static gboolean work_off(
	DbConnection *connection, gpointer data, GError **error)
{
	QueueStep *step = data;
	const Queue *queue = step->queue;
	g_autoptr(DbBatch) claimed = db_batch_new();
	g_autoptr(DbBatch) removal = db_batch_new();
	g_autofree Bytes *places = NULL;
	g_autofree gint64 *ids = NULL;
	g_autofree gint64 *ours = NULL;
	DbParams *params;
	guint n_ours;

	step->report = (PurgeReport){ 0 };
	if (!claim(connection, claimed, step, &places, &ids, error))
		return FALSE;
	step->claimed = db_rows_count(db_batch_rows(claimed, 0));
	if (step->claimed == 0)
		return TRUE;
	if (!lock(connection, queue, ids, step->claimed, &ours, &n_ours, error))
		return FALSE;
	db_params_int64_array(
		db_batch_add(removal, queue->remove), ours, n_ours);
	params = db_batch_add(removal, queue->settle);
	db_params_text_n_array(params, places, step->claimed);
	db_params_int64_array(params, ours, n_ours);
	if (!db_connection_run(connection, removal, error))
		return FALSE;
	queue->count(db_batch_rows(removal, 0), &step->report);
	return TRUE;
}

/* Works off what was in the queue when this began: what is put back is for
 * the next time. */
static gboolean purge_queue(Store *store, const Queue *queue, Timestamp now,
	PurgeReport *report, GError **error)
{
	QueueStep step = { .queue = queue, .before = now };

	do {
		if (!db_pool_transact(store->pool, DB_WRITE_ASYNC, work_off,
			    &step, error))
			return FALSE;
		report->messages += step.report.messages;
		report->parts += step.report.parts;
		report->bytes += step.report.bytes;
	} while (step.claimed > 0);
	return TRUE;
}

static gboolean trim_changes(
	Store *store, Timestamp before, PurgeReport *report, GError **error)
{
	for (;;) {
		g_autoptr(DbBatch) found = db_batch_new();
		g_autoptr(DbBatch) batch = db_batch_new();
		g_autofree gint64 *mailboxes = NULL;
		DbParams *params = db_batch_add(found, &SQL_PURGE_OLD_CHANGES);
		guint count;

		db_params_timestamp(params, before);
		db_params_int32(params, BATCH_CHANGES);
		if (!db_pool_run(store->pool, found, DB_READ, error))
			return FALSE;
		count = db_rows_count(db_batch_rows(found, 0));
		if (count == 0)
			return TRUE;
		mailboxes = column(db_batch_rows(found, 0), 0);
		db_params_int64_array(
			db_batch_add(batch, &SQL_STORE_LOCK_MAILBOXES),
			mailboxes, count);
		params = db_batch_add(batch, &SQL_PURGE_CHANGES);
		db_params_int64_array(params, mailboxes, count);
		db_params_timestamp(params, before);
		if (!db_pool_run(store->pool, batch, DB_WRITE_ASYNC, error))
			return FALSE;
		report->changes += db_rows_affected(db_batch_rows(batch, 1));
	}
}

static gboolean forget(
	Store *store, Timestamp now, PurgeReport *report, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	db_params_timestamp(db_batch_add(batch, &SQL_PURGE_DELIVERIES),
		now - store->duplicate_window * TIMESTAMP_SECOND);
	db_batch_add(batch, &SQL_PURGE_LOCKS);
	db_batch_add(batch, &SQL_PURGE_RESPONSES);
	db_batch_add(batch, &SQL_PURGE_SEEN);
	db_params_int64(
		db_batch_add(batch, &SQL_PURGE_SEEN_MORE), SCRIPT_SEEN_MAX);
	if (!db_pool_run(store->pool, batch, DB_WRITE_ASYNC, error))
		return FALSE;
	report->deliveries += db_rows_affected(db_batch_rows(batch, 0));
	report->memories += db_rows_affected(db_batch_rows(batch, 2)) +
		db_rows_affected(db_batch_rows(batch, 3)) +
		db_rows_affected(db_batch_rows(batch, 4));
	return TRUE;
}

static gboolean read_clock(Store *store, Timestamp *now, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	db_batch_add(batch, &SQL_PURGE_NOW);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	*now = db_rows_timestamp(db_batch_rows(batch, 0), 0, 0);
	return TRUE;
}

gboolean purge_queues(Store *store, PurgeReport *report, GError **error)
{
	Timestamp now;

	for (guint i = 0; i < G_N_ELEMENTS(queues); i++) {
		/* The second queue gets what the first lets go. */
		if (!read_clock(store, &now, error) ||
			!purge_queue(store, &queues[i], now, report, error))
			return FALSE;
	}
	return TRUE;
}

gboolean purge_run(
	Store *store, guint keep_days, PurgeReport *report, GError **error)
{
	PurgeReport done = { 0 };
	Timestamp now;

	if (!purge_queues(store, &done, error) ||
		!read_clock(store, &now, error) ||
		!trim_changes(store,
			now - keep_days * DAY_SECONDS * TIMESTAMP_SECOND, &done,
			error) ||
		!forget(store, now, &done, error))
		return FALSE;
	*report = done;
	return TRUE;
}
