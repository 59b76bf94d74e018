/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts events per key over a window of time, in bounded memory. */
#include "auth/tally.h"

typedef struct {
	char *key;
	guint count;
	gint64 since; /* first event of the window */
	GList link;   /* in order of the last event, oldest first */
} Entry;

struct Tally {
	guint max;
	gint64 window;
	GHashTable *entries; /* key -> Entry, which owns the key */
	GQueue order;
};

static void entry_free(gpointer data)
{
	Entry *entry = data;

	g_free(entry->key);
	g_free(entry);
}

Tally *tally_new(guint max, gint64 window)
{
	Tally *tally = g_new0(Tally, 1);

	tally->max = max;
	tally->window = window;
	tally->entries = g_hash_table_new_full(
		g_str_hash, g_str_equal, NULL, entry_free);
	g_queue_init(&tally->order);
	return tally;
}

void tally_free(Tally **tally)
{
	Tally *old = *tally;

	if (old == NULL)
		return;
	g_hash_table_unref(old->entries);
	g_free(old);
	*tally = NULL;
}

static void entry_remove(Tally *tally, Entry *entry)
{
	g_queue_unlink(&tally->order, &entry->link);
	g_hash_table_remove(tally->entries, entry->key);
}

guint tally_count(const Tally *tally, const char *key, gint64 now)
{
	const Entry *entry = g_hash_table_lookup(tally->entries, key);

	if (entry == NULL || now - entry->since >= tally->window)
		return 0;
	return entry->count;
}

static Entry *entry_new(Tally *tally, const char *key)
{
	Entry *entry = g_new0(Entry, 1);

	if (g_hash_table_size(tally->entries) >= tally->max)
		entry_remove(tally, tally->order.head->data);
	entry->key = g_strdup(key);
	entry->link.data = entry;
	g_hash_table_insert(tally->entries, entry->key, entry);
	g_queue_push_tail_link(&tally->order, &entry->link);
	return entry;
}

void tally_add(Tally *tally, const char *key, gint64 now)
{
	Entry *entry = g_hash_table_lookup(tally->entries, key);

	if (entry == NULL)
		entry = entry_new(tally, key);
	if (entry->count == 0 || now - entry->since >= tally->window) {
		entry->since = now;
		entry->count = 0;
	}
	entry->count++;
	g_queue_unlink(&tally->order, &entry->link);
	g_queue_push_tail_link(&tally->order, &entry->link);
}
