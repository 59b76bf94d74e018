/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps a delivery from coming in twice by overtaking itself. */
#include "deliver/repeat.h"

#include <string.h>

typedef struct {
	DeliveryKey key;
	gint64 confirmed;
	GList link; /* oldest first */
} Entry;

struct Repeats {
	GMutex lock;
	GCond left;
	guint max;
	gint64 lifetime;
	GHashTable *under_way; /* keys, the callers' */
	GHashTable *confirmed; /* DeliveryKey -> Entry, which holds the key */
	GQueue order;
};

/* A key is a hash itself. */
static guint key_hash(gconstpointer key)
{
	guint hash;

	memcpy(&hash, key, sizeof(hash));
	return hash;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(DeliveryKey)) == 0;
}

Repeats *repeats_new(guint max, gint64 lifetime)
{
	Repeats *repeats = g_new0(Repeats, 1);

	g_mutex_init(&repeats->lock);
	g_cond_init(&repeats->left);
	repeats->max = max;
	repeats->lifetime = lifetime;
	repeats->under_way = g_hash_table_new(key_hash, key_equal);
	repeats->confirmed =
		g_hash_table_new_full(key_hash, key_equal, NULL, g_free);
	g_queue_init(&repeats->order);
	return repeats;
}

void repeats_free(Repeats **repeats)
{
	Repeats *old = *repeats;

	if (old == NULL)
		return;
	g_hash_table_unref(old->under_way);
	g_hash_table_unref(old->confirmed);
	g_mutex_clear(&old->lock);
	g_cond_clear(&old->left);
	g_free(old);
	*repeats = NULL;
}

gboolean repeats_enter(Repeats *repeats, const DeliveryKey *key, gint64 since)
{
	g_mutex_lock(&repeats->lock);
	while (g_hash_table_contains(repeats->under_way, key))
		g_cond_wait(&repeats->left, &repeats->lock);
	const Entry *entry = g_hash_table_lookup(repeats->confirmed, key);
	gboolean may_go = entry == NULL || entry->confirmed <= since;
	if (may_go)
		g_hash_table_add(repeats->under_way, (gpointer)key);
	g_mutex_unlock(&repeats->lock);
	return may_go;
}

void repeats_leave(Repeats *repeats, const DeliveryKey *key)
{
	g_mutex_lock(&repeats->lock);
	g_hash_table_remove(repeats->under_way, key);
	g_cond_broadcast(&repeats->left);
	g_mutex_unlock(&repeats->lock);
}

static void entry_remove(Repeats *repeats, Entry *entry)
{
	g_queue_unlink(&repeats->order, &entry->link);
	g_hash_table_remove(repeats->confirmed, &entry->key);
}

/* Those that are too old, and one where there are too many. */
static void make_room(Repeats *repeats, gint64 now)
{
	while (repeats->order.head != NULL) {
		Entry *oldest = repeats->order.head->data;
		if (now - oldest->confirmed < repeats->lifetime &&
			g_hash_table_size(repeats->confirmed) < repeats->max)
			return;
		entry_remove(repeats, oldest);
	}
}

void repeats_confirm(Repeats *repeats, const DeliveryKey *key, gint64 now)
{
	Entry *entry = g_new0(Entry, 1);

	entry->key = *key;
	entry->confirmed = now;
	entry->link.data = entry;
	g_mutex_lock(&repeats->lock);
	Entry *old = g_hash_table_lookup(repeats->confirmed, key);
	if (old != NULL)
		entry_remove(repeats, old);
	make_room(repeats, now);
	g_hash_table_insert(repeats->confirmed, &entry->key, entry);
	g_queue_push_tail_link(&repeats->order, &entry->link);
	g_mutex_unlock(&repeats->lock);
}
