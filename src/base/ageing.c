/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table of bounded size whose entries age. */
#include "base/ageing.h"

typedef struct {
	gconstpointer key;
	gpointer value;
	gint64 since;
	GList link; /* in order of since, oldest first */
} Entry;

struct Ageing {
	guint max;
	gint64 lifetime;
	GDestroyNotify drop;
	GHashTable *entries; /* key -> Entry */
	GQueue order;
};

Ageing *ageing_new(guint max, gint64 lifetime, GHashFunc hash, GEqualFunc equal,
	GDestroyNotify drop)
{
	Ageing *ageing = g_new0(Ageing, 1);

	ageing->max = max;
	ageing->lifetime = lifetime;
	ageing->drop = drop;
	ageing->entries = g_hash_table_new(hash, equal);
	g_queue_init(&ageing->order);
	return ageing;
}

/* The key may be gone with the value, so the table forgets it first. */
static void entry_remove(Ageing *ageing, Entry *entry)
{
	g_hash_table_remove(ageing->entries, entry->key);
	g_queue_unlink(&ageing->order, &entry->link);
	ageing->drop(entry->value);
	g_free(entry);
}

void ageing_free(Ageing **ageing)
{
	Ageing *old = g_steal_pointer(ageing);

	if (old == NULL)
		return;
	while (old->order.head != NULL)
		entry_remove(old, old->order.head->data);
	g_hash_table_unref(old->entries);
	g_free(old);
}

/* Those that are too old go, and as many as there are too many. */
static void make_room(Ageing *ageing, gint64 now)
{
	while (ageing->order.head != NULL) {
		Entry *oldest = ageing->order.head->data;
		if (now - oldest->since < ageing->lifetime &&
			g_hash_table_size(ageing->entries) < ageing->max)
			return;
		entry_remove(ageing, oldest);
	}
}

void ageing_put(Ageing *ageing, gconstpointer key, gpointer value, gint64 now)
{
	Entry *entry = g_new0(Entry, 1);

	ageing_remove(ageing, key);
	make_room(ageing, now);
	entry->key = key;
	entry->value = value;
	entry->since = now;
	entry->link.data = entry;
	g_hash_table_insert(ageing->entries, (gpointer)key, entry);
	g_queue_push_tail_link(&ageing->order, &entry->link);
}

gpointer ageing_find(const Ageing *ageing, gconstpointer key, gint64 now)
{
	const Entry *entry = g_hash_table_lookup(ageing->entries, key);

	if (entry == NULL || now - entry->since >= ageing->lifetime)
		return NULL;
	return entry->value;
}

void ageing_remove(Ageing *ageing, gconstpointer key)
{
	Entry *entry = g_hash_table_lookup(ageing->entries, key);

	if (entry != NULL)
		entry_remove(ageing, entry);
}

guint ageing_count(const Ageing *ageing)
{
	return g_hash_table_size(ageing->entries);
}
