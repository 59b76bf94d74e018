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

gboolean column_rows_read(Store *store, const MailboxView *view,
	ColumnId column, const guint *indexes, guint count, ColumnRows *rows,
	GError **error)
{
	g_autofree IdPlace *ids = ids_new(column, view, indexes, count);
	g_autofree gint64 *lows = g_new(gint64, count);
	g_autofree gint64 *highs = g_new(gint64, count);
	guint ranges = id_places_ranges(ids, count, lows, highs);
	rows->batch = db_batch_new();
	column_ask(rows->batch, column, view, lows, highs, ranges);
	if (!db_pool_run(store->pool, rows->batch, DB_READ, error))
		return FALSE;
	const DbRows *read = db_batch_rows(rows->batch, 0);
	rows->numbers = g_new0(guint, count);
	/* SQL promises no order that was not paid for, but mostly keeps it. */
	guint next = 0;
	for (guint row = 0; row < db_rows_count(read); row++) {
		gint64 id = db_rows_int64(read, row, 0);
		guint at = id_places_find(ids, count, id, next);
		for (; at < count && ids[at].id == id; at++) {
			rows->numbers[ids[at].place] = row + 1;
			next = at + 1;
		}
	}
	return TRUE;
}

void column_rows_clear(ColumnRows *rows)
{
	db_batch_free(&rows->batch);
	g_clear_pointer(&rows->numbers, g_free);
}
