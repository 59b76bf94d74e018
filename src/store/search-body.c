/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BODY and TEXT in the texts that are kept, in the database. */
#include "store/search-index.h"

/* Messages looked at in one statement; copies of one side by side. */
#define SEARCH_TEXTS_AT_ONCE 20000

static gboolean is_kept_text(const SearchNode *node)
{
	return node->level == SEARCH_LEVEL_BODY && node->fuzzy == NULL;
}

static int compare_indexes(gconstpointer a, gconstpointer b)
{
	guint left = *(const guint *)a, right = *(const guint *)b;
	return left < right ? -1 : left > right;
}

/* One node for some of the open messages, those of which nothing is kept a
 * second time when it is. */
static gboolean search_some(Search *search, SearchNode *node,
	const guint *indexes, guint count, GError **error)
{
	g_autoptr(GArray) lacking = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) rest = g_array_new(FALSE, FALSE, sizeof(guint));
	if (!search_may_go_on(search, error) ||
		!search_index_find(
			search, node, indexes, count, lacking, error))
		return FALSE;
	if (lacking->len == 0)
		return TRUE;
	g_array_sort(lacking, compare_indexes);
	return search_index(search, lacking, error) &&
		search_index_find(search, node,
			(const guint *)(void *)lacking->data, lacking->len,
			rest, error);
}

static gboolean search_node(Search *search, SearchNode *node, GError **error)
{
	g_autoptr(GArray) open = search_open(search, SEARCH_LEVEL_BODY);
	for (guint i = 0; i < open->len; i += SEARCH_TEXTS_AT_ONCE) {
		search->open = open->len - i;
		if (!search_some(search, node, &g_array_index(open, guint, i),
			    MIN(SEARCH_TEXTS_AT_ONCE, open->len - i), error))
			return FALSE;
	}
	for (guint i = 0; i < open->len; i++)
		search_decide(search,
			g_array_index(open, guint, i) - search->begin,
			SEARCH_LEVEL_HEADER);
	return TRUE;
}

gboolean search_bodies(Search *search, GError **error)
{
	for (guint i = 0; i < search->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(search->nodes, i);
		if (is_kept_text(node) && !search_node(search, node, error))
			return FALSE;
	}
	return TRUE;
}
