/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys that a column decides: dates, ids, the fields of dbmail_envelope. */
#include "base/text.h"
#include "store/search-private.h"

static const struct {
	const char *name;
	ColumnId column;
} field_columns[] = {
	{ "subject", COLUMN_SUBJECT },
	{ "from", COLUMN_FROM },
	{ "to", COLUMN_TO },
	{ "cc", COLUMN_CC },
	{ "bcc", COLUMN_BCC },
	{ "message-id", COLUMN_MESSAGE_ID },
};

ColumnId search_column(const SearchKey *key)
{
	switch (key->kind) {
	case SEARCH_INTERNAL_DATE:
	case SEARCH_AGE:
		return COLUMN_ARRIVAL;
	case SEARCH_SAVE_DATE:
		return COLUMN_SAVED;
	case SEARCH_SENT_DATE:
		return COLUMN_SENT_DAY;
	case SEARCH_THREAD_ID:
		return COLUMN_THREAD_ID;
	case SEARCH_HEADER:
		break;
	default:
		return COLUMNS;
	}
	for (guint i = 0; i < G_N_ELEMENTS(field_columns); i++) {
		if (g_ascii_strcasecmp(field_columns[i].name, key->field) == 0)
			return field_columns[i].column;
	}
	return COLUMNS;
}

static gboolean compare(SearchCompare how, gint64 left, gint64 right)
{
	switch (how) {
	case SEARCH_LESS:
		return left < right;
	case SEARCH_EQUAL:
		return left == right;
	case SEARCH_GREATER_EQUAL:
		return left >= right;
	case SEARCH_GREATER:
		return left > right;
	case SEARCH_LESS_EQUAL:
		return left <= right;
	}
	return FALSE;
}

static gint64 day_of(Timestamp time)
{
	return calendar_day_number(timestamp_day(time));
}

/* The age in whole seconds; what is yet to come has the age 0. */
static gint64 age_of(const Search *search, Timestamp time)
{
	return time < search->now ? (search->now - time) / TIMESTAMP_SECOND : 0;
}

static gboolean match_number(
	const Search *search, const SearchNode *node, gint64 number)
{
	const SearchKey *key = node->key;
	switch (key->kind) {
	case SEARCH_AGE:
		return compare(key->compare, age_of(search, number),
			(gint64)MIN(key->number, (guint64)G_MAXINT64));
	case SEARCH_SENT_DATE:
		return compare(key->compare, number, node->day);
	default:
		return compare(key->compare, day_of(number), node->day);
	}
}

/* An id is kept without the blanks and comments around and inside it. */
static gboolean text_is_all(const SearchNode *node, guint8 marks)
{
	if (marks & COLUMN_PARTIAL)
		return FALSE;
	return node->column != COLUMN_MESSAGE_ID ||
		(!(marks & COLUMN_NONE) &&
			strpbrk(node->needle, " \t\"()") == NULL);
}

static void match_text(SearchNode *node, Bytes text, guint8 marks, guint at)
{
	guint8 score = 0;
	if (node->key->kind == SEARCH_THREAD_ID)
		score = bytes_equal(text, bytes_of_string(node->key->text)) ?
			100 :
			0;
	else if (text.data != NULL)
		score = search_fits(node, text.data, text.size);
	if (score > 0)
		node->founds[at] = TRI_TRUE;
	else
		node->founds[at] =
			text_is_all(node, marks) ? TRI_FALSE : TRI_UNKNOWN;
	if (node->scores != NULL)
		node->scores[at] = score;
}

static void match_value(const Search *search, SearchNode *node,
	const ColumnValues *values, guint place, guint at)
{
	guint8 marks = column_marks(values, place);
	if (node->column > COLUMN_SENT_DAY)
		match_text(node, column_text(values, place), marks, at);
	else
		node->founds[at] = !(marks & COLUMN_NONE) &&
				match_number(search, node,
					column_number(values, place)) ?
			TRI_TRUE :
			TRI_FALSE;
}

/* One column for the messages that are still open. */
static gboolean search_one_column(
	Search *search, ColumnId column, const GArray *open, GError **error)
{
	g_autoptr(ColumnValues) values = NULL;
	if (!column_read(search->store, search->view, column,
		    (const guint *)(void *)open->data, open->len, &values,
		    error))
		return FALSE;
	for (guint n = 0; n < search->nodes->len; n++) {
		SearchNode *node = g_ptr_array_index(search->nodes, n);
		if (node->column != column)
			continue;
		for (guint i = 0; i < open->len; i++)
			match_value(search, node, values, i,
				g_array_index(open, guint, i) - search->begin);
	}
	for (guint i = 0; i < open->len; i++) {
		guint at = g_array_index(open, guint, i) - search->begin;
		search_decide(search, at, SEARCH_LEVEL_VIEW);
		/* Its message is gone: nothing matches it. */
		if (column_marks(values, i) & COLUMN_GONE)
			search->results[at] = TRI_FALSE;
	}
	return TRUE;
}

static gboolean column_is_wanted(const Search *search, ColumnId column)
{
	for (guint i = 0; i < search->nodes->len; i++) {
		const SearchNode *node = g_ptr_array_index(search->nodes, i);
		if (node->column == column)
			return TRUE;
	}
	return FALSE;
}

/* Numbers come first, then the shorter texts; each for those that what came
 * before left open. */
gboolean search_columns(Search *search, GError **error)
{
	for (guint column = 0; column < COLUMNS; column++) {
		if (!column_is_wanted(search, (ColumnId)column))
			continue;
		g_autoptr(GArray) open =
			search_open(search, SEARCH_LEVEL_COLUMN);
		if (open->len == 0)
			break;
		if (!search_may_go_on(search, error) ||
			!search_one_column(
				search, (ColumnId)column, open, error))
			return FALSE;
	}
	/* What no column settled is for the levels above. */
	g_autoptr(GArray) open = search_open(search, SEARCH_LEVEL_COLUMN);
	for (guint i = 0; i < open->len; i++)
		search_decide(search,
			g_array_index(open, guint, i) - search->begin,
			SEARCH_LEVEL_COLUMN);
	return TRUE;
}
