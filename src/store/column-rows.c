/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of a column: the ranges that are asked for, and whose each row is. */
#include "store/column-private.h"
#include "store/store-private.h"

/* A message of the batch, by what its row is known by. */
typedef struct {
	gint64 key;
	guint place;
} RowKey;

/* Ranges this near are one: to pass a row that nobody asked for takes less
 * than to look one up. */
#define RANGE_GAP 3

static int compare_keys(gconstpointer a, gconstpointer b)
{
	const RowKey *left = a, *right = b;
	return left->key < right->key ? -1 : left->key > right->key;
}

/* Ascending, as most mailboxes have them anyway. */
static RowKey *keys_new(ColumnId column, const MailboxView *view,
	const guint *indexes, guint count)
{
	RowKey *keys = g_new(RowKey, count);
	gboolean ascends = TRUE;
	for (guint i = 0; i < count; i++) {
		const ViewMessage *message = &view->messages[indexes[i]];
		gint64 key = column == COLUMN_SAVED ? (gint64)message->uid :
						      message->physmessage;
		keys[i] = (RowKey){ key, i };
		ascends = ascends && (i == 0 || keys[i - 1].key <= key);
	}
	if (!ascends)
		qsort(keys, count, sizeof(RowKey), compare_keys);
	return keys;
}

/* There are at most as many rows that nobody asked for as others, so that
 * they take no more room than these. */
static void ask(DbBatch *batch, ColumnId column, const MailboxView *view,
	const RowKey *keys, guint count)
{
	g_autofree gint64 *lows = g_new(gint64, count);
	g_autofree gint64 *highs = g_new(gint64, count);
	gint64 room = count;
	guint n = 0;
	for (guint i = 0; i < count; i++) {
		gint64 others = i > 0 ? keys[i].key - keys[i - 1].key - 1 : 0;
		if (i == 0 || others >= RANGE_GAP || others > room) {
			lows[n++] = keys[i].key;
			others = 0;
		}
		room -= MAX(others, 0);
		highs[n - 1] = keys[i].key;
	}
	column_ask(batch, column, view, lows, highs, n);
}

/* The first of the keys from *at on that is this one, or count. */
static guint find_key(const RowKey *keys, guint count, gint64 key, guint at)
{
	guint low = at, high = count;
	if (low < count && keys[low].key == key)
		return low;
	for (low = 0; low < high;) {
		guint middle = low + (high - low) / 2;
		if (keys[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && keys[low].key == key ? low : count;
}

gboolean column_rows_read(Store *store, const MailboxView *view,
	ColumnId column, const guint *indexes, guint count, ColumnRows *rows,
	GError **error)
{
	g_autofree RowKey *keys = keys_new(column, view, indexes, count);
	rows->batch = db_batch_new();
	ask(rows->batch, column, view, keys, count);
	if (!db_pool_run(store->pool, rows->batch, DB_READ, error))
		return FALSE;
	const DbRows *read = db_batch_rows(rows->batch, 0);
	rows->numbers = g_new0(guint, count);
	/* SQL promises no order that was not paid for, but mostly keeps it. */
	guint next = 0;
	for (guint row = 0; row < db_rows_count(read); row++) {
		gint64 key = db_rows_int64(read, row, 0);
		guint at = find_key(keys, count, key, next);
		for (; at < count && keys[at].key == key; at++) {
			rows->numbers[keys[at].place] = row + 1;
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
