/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order SORT asks for: each key a number, the last key sorted by first. */
#include "store/sort.h"

#include "store/order.h"

typedef struct {
	Store *store;
	const MailboxView *view;
	const GArray *scores;
	guint *indexes; /* ascending */
	guint count;
	OrderItem *items; /* place: in indexes */
	guint64 *keys;    /* of one sort key, by place */
} Sort;

static void sort_clear(Sort *sort)
{
	g_free(sort->indexes);
	g_free(sort->items);
	g_free(sort->keys);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sort, sort_clear)

static gboolean keys_of_numbers(Sort *sort, ColumnId column, GError **error)
{
	g_autoptr(ColumnValues) values = NULL;
	if (!column_read(sort->store, sort->view, column, sort->indexes,
		    sort->count, &values, error))
		return FALSE;
	for (guint i = 0; i < sort->count; i++)
		sort->keys[i] = order_key(column_number(values, i));
	return TRUE;
}

static gboolean keys_of_texts(Sort *sort, ColumnId column, GError **error)
{
	g_autoptr(ColumnValues) values = NULL;
	if (!column_read(sort->store, sort->view, column, sort->indexes,
		    sort->count, &values, error))
		return FALSE;
	g_autofree guint *ranks = order_text_ranks(values, sort->count);
	for (guint i = 0; i < sort->count; i++)
		sort->keys[i] = ranks[i];
	return TRUE;
}

static gboolean keys_of_sizes(
	Sort *sort, ColumnId column G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
	for (guint i = 0; i < sort->count; i++)
		sort->keys[i] = sort->view->messages[sort->indexes[i]].size;
	return TRUE;
}

/* The best first. */
static gboolean keys_of_scores(
	Sort *sort, ColumnId column G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
	for (guint i = 0; i < sort->count; i++) {
		guint index = sort->indexes[i];
		guint8 score =
			sort->scores != NULL && index < sort->scores->len ?
			g_array_index(sort->scores, guint8, index) :
			0;
		sort->keys[i] = (guint64)G_MAXUINT8 - score;
	}
	return TRUE;
}

static const struct {
	gboolean (*keys)(Sort *sort, ColumnId column, GError **error);
	ColumnId column;
} fields[] = {
	[SORT_ARRIVAL] = { keys_of_numbers, COLUMN_ARRIVAL },
	[SORT_CC] = { keys_of_texts, COLUMN_CC_MAILBOX },
	[SORT_DATE] = { keys_of_numbers, COLUMN_DATE },
	[SORT_DISPLAYFROM] = { keys_of_texts, COLUMN_DISPLAY_FROM },
	[SORT_DISPLAYTO] = { keys_of_texts, COLUMN_DISPLAY_TO },
	[SORT_FROM] = { keys_of_texts, COLUMN_FROM_MAILBOX },
	[SORT_SIZE] = { keys_of_sizes, COLUMNS },
	[SORT_SUBJECT] = { keys_of_texts, COLUMN_BASE_SUBJECT },
	[SORT_TO] = { keys_of_texts, COLUMN_TO_MAILBOX },
	[SORT_RELEVANCY] = { keys_of_scores, COLUMNS },
};

static int compare_indexes(gconstpointer a, gconstpointer b)
{
	guint left = *(const guint *)a, right = *(const guint *)b;
	return left < right ? -1 : left > right;
}

static void sort_init(Sort *sort, GArray *indexes)
{
	g_array_sort(indexes, compare_indexes);
	sort->count = indexes->len;
	sort->indexes = g_memdup2(indexes->data, sizeof(guint) * indexes->len);
	sort->items = g_new(OrderItem, sort->count);
	sort->keys = g_new(guint64, sort->count);
	for (guint i = 0; i < sort->count; i++)
		sort->items[i].place = i;
}

static gboolean sort_by(Sort *sort, const SortKey *key, GError **error)
{
	if (!fields[key->field].keys(sort, fields[key->field].column, error))
		return FALSE;
	for (guint i = 0; i < sort->count; i++) {
		guint64 value = sort->keys[sort->items[i].place];
		sort->items[i].key = key->reverse ? ~value : value;
	}
	order_items(sort->items, sort->count);
	return TRUE;
}

gboolean sort_run(Store *store, const MailboxView *view, const SortKey *keys,
	guint count, GArray *indexes, const GArray *scores, GError **error)
{
	g_auto(Sort) sort = { .store = store, .view = view, .scores = scores };
	sort_init(&sort, indexes);
	for (guint i = count; i > 0; i--) {
		if (!sort_by(&sort, &keys[i - 1], error))
			return FALSE;
	}
	for (guint i = 0; i < sort.count; i++)
		g_array_index(indexes, guint, i) =
			sort.indexes[sort.items[i].place];
	return TRUE;
}
