/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of a column: the ranges that are asked for, and whose each row is. */
#include "store/column-private.h"
#include "store/id-range.h"
#include "store/store-private.h"

/* By what their rows are known by. */
static IdPlace *ids_new(ColumnId column, const MailboxView *view,
	const guint *indexes, guint count)
{
	IdPlace *ids = g_new(IdPlace, count);
	for (guint i = 0; i < count; i++) {
		const ViewMessage *message = &view->messages[indexes[i]];
		gint64 id = column == COLUMN_SAVED ? (gint64)message->uid :
						     message->physmessage;
		ids[i] = (IdPlace){ id, i };
	}
	id_places_sort(ids, count);
	return ids;
}

static void ask(const ColumnAhead *ahead, const IdPlace *ids, DbBatch *batch)
{
	g_autofree gint64 *lows = g_new(gint64, ahead->count);
	g_autofree gint64 *highs = g_new(gint64, ahead->count);
	guint ranges = id_places_ranges(ids, ahead->count, lows, highs);
	column_ask(batch, ahead->column, ahead->view, lows, highs, ranges);
}

/* SQL promises no order that was not paid for, but mostly keeps it. */
static void number_rows(const ColumnAhead *ahead, const IdPlace *ids,
	const DbRows *rows, guint *numbers)
{
	guint next = 0;
	for (guint row = 0; row < db_rows_count(rows); row++) {
		gint64 id = db_rows_int64(rows, row, 0);
		guint at = id_places_find(ids, ahead->count, id, next);
		for (; at < ahead->count && ids[at].id == id; at++) {
			numbers[ids[at].place] = row + 1;
			next = at + 1;
		}
	}
}

static gpointer read_rows(gpointer data)
{
	ColumnAhead *ahead = data;
	ColumnRows *rows = &ahead->rows;
	g_autofree IdPlace *ids = ids_new(
		ahead->column, ahead->view, ahead->indexes, ahead->count);
	rows->indexes = ahead->indexes;
	rows->count = ahead->count;
	rows->batch = db_batch_new();
	ask(ahead, ids, rows->batch);
	if (!db_pool_run(
		    ahead->store->pool, rows->batch, DB_READ, &ahead->error))
		return NULL;
	rows->numbers = g_new0(guint, ahead->count);
	number_rows(ahead, ids, db_batch_rows(rows->batch, 0), rows->numbers);
	return NULL;
}

void column_ahead_begin(ColumnAhead *ahead, const guint *indexes, guint count,
	gboolean in_thread)
{
	ahead->indexes = indexes;
	ahead->count = count;
	if (in_thread)
		ahead->thread = g_thread_try_new(
			"column-ahead", read_rows, ahead, NULL);
	if (ahead->thread == NULL)
		read_rows(ahead);
}

static void ahead_wait(ColumnAhead *ahead)
{
	if (ahead->thread != NULL)
		g_thread_join(g_steal_pointer(&ahead->thread));
}

gboolean column_ahead_end(ColumnAhead *ahead, ColumnRows *rows, GError **error)
{
	ahead_wait(ahead);
	if (ahead->error != NULL) {
		g_propagate_error(error, g_steal_pointer(&ahead->error));
		return FALSE;
	}
	*rows = ahead->rows;
	ahead->rows = (ColumnRows){ 0 };
	return TRUE;
}

void column_ahead_clear(ColumnAhead *ahead)
{
	ahead_wait(ahead);
	column_rows_clear(&ahead->rows);
	g_clear_error(&ahead->error);
}

void column_rows_clear(ColumnRows *rows)
{
	db_batch_free(&rows->batch);
	g_clear_pointer(&rows->numbers, g_free);
}
