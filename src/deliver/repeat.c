/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps a delivery from coming in twice by overtaking itself. */
#include "deliver/repeat.h"

#include <string.h>

#include "base/ageing.h"

typedef struct {
	DeliveryKey key;
	gint64 when;
} Confirmed;

struct Repeats {
	GMutex lock;
	GCond left;
	GHashTable *under_way; /* keys, the callers' */
	GHashTable *leaving;   /* those among them that were confirmed */
	Ageing *confirmed;     /* of Confirmed */
	RepeatsForget forget;
	gpointer data;
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

Repeats *repeats_new(
	guint max, gint64 lifetime, RepeatsForget forget, gpointer data)
{
	Repeats *repeats = g_new0(Repeats, 1);

	g_mutex_init(&repeats->lock);
	g_cond_init(&repeats->left);
	repeats->forget = forget;
	repeats->data = data;
	repeats->under_way = g_hash_table_new(key_hash, key_equal);
	repeats->leaving = g_hash_table_new(key_hash, key_equal);
	repeats->confirmed =
		ageing_new(max, lifetime, key_hash, key_equal, g_free);
	return repeats;
}

void repeats_free(Repeats **repeats)
{
	Repeats *old = *repeats;

	if (old == NULL)
		return;
	g_hash_table_unref(old->under_way);
	g_hash_table_unref(old->leaving);
	ageing_free(&old->confirmed);
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
	const Confirmed *confirmed =
		ageing_find(repeats->confirmed, key, since);
	gboolean may_go = confirmed == NULL || confirmed->when <= since;
	if (may_go)
		g_hash_table_add(repeats->under_way, (gpointer)key);
	g_mutex_unlock(&repeats->lock);
	return may_go;
}

void repeats_leave(Repeats *repeats, const DeliveryKey *key)
{
	g_mutex_lock(&repeats->lock);
	g_hash_table_remove(repeats->under_way, key);
	if (g_hash_table_remove(repeats->leaving, key))
		repeats->forget(repeats->data, key);
	g_cond_broadcast(&repeats->left);
	g_mutex_unlock(&repeats->lock);
}

void repeats_confirm(Repeats *repeats, const DeliveryKey *key, gint64 now)
{
	Confirmed *confirmed = g_new0(Confirmed, 1);

	confirmed->key = *key;
	confirmed->when = now;
	g_mutex_lock(&repeats->lock);
	ageing_put(repeats->confirmed, &confirmed->key, confirmed, now);
	gpointer under_way = NULL;
	if (g_hash_table_lookup_extended(
		    repeats->under_way, key, &under_way, NULL))
		g_hash_table_add(repeats->leaving, under_way);
	else
		repeats->forget(repeats->data, key);
	g_mutex_unlock(&repeats->lock);
}
