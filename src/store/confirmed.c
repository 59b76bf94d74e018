/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of deliveries whose reply was read, on their way to be forgotten. */
#include <string.h>

#include "store/message-private.h"
#include "store/message-sql.h"
#include "store/store-private.h"

static gint find_key(const GArray *keys, const DeliveryKey *key)
{
	for (guint i = 0; i < keys->len; i++) {
		if (memcmp(&g_array_index(keys, DeliveryKey, i), key,
			    sizeof(*key)) == 0)
			return (gint)i;
	}
	return -1;
}

GArray *message_confirmed_take(Store *store, const DeliveryKey *own)
{
	GArray *keys = g_array_new(FALSE, FALSE, sizeof(DeliveryKey));

	g_mutex_lock(&store->confirmed_lock);
	g_array_append_vals(
		keys, store->confirmed->data, store->confirmed->len);
	g_array_append_vals(store->forgetting, keys->data, keys->len);
	g_array_set_size(store->confirmed, 0);
	if (own != NULL && find_key(keys, own) < 0 &&
		find_key(store->forgetting, own) >= 0) {
		g_array_append_val(keys, *own);
		g_array_append_val(store->forgetting, *own);
	}
	g_mutex_unlock(&store->confirmed_lock);
	if (keys->len == 0)
		g_clear_pointer(&keys, g_array_unref);
	return keys;
}

void message_confirmed_settle(
	Store *store, const GArray *keys, gboolean are_forgotten)
{
	if (keys == NULL)
		return;
	g_mutex_lock(&store->confirmed_lock);
	for (guint i = 0; i < keys->len; i++) {
		const DeliveryKey *key = &g_array_index(keys, DeliveryKey, i);

		g_array_remove_index_fast(store->forgetting,
			(guint)find_key(store->forgetting, key));
	}
	if (!are_forgotten)
		g_array_append_vals(store->confirmed, keys->data, keys->len);
	g_mutex_unlock(&store->confirmed_lock);
}

void message_add_forget(DbBatch *batch, const GArray *keys)
{
	const DeliveryKey *key = (const DeliveryKey *)(gpointer)keys->data;
	g_autofree Bytes *list = g_new(Bytes, keys->len);

	for (guint i = 0; i < keys->len; i++)
		list[i] =
			bytes_of((const char *)key[i].bytes, DELIVERY_KEY_SIZE);
	db_params_bytes_array(
		db_batch_add(batch, &SQL_MESSAGE_FORGET_DELIVERIES), list,
		keys->len);
}

void message_delivery_confirmed(Store *store, const DeliveryKey *key)
{
	g_mutex_lock(&store->confirmed_lock);
	g_array_append_val(store->confirmed, *key);
	g_mutex_unlock(&store->confirmed_lock);
}

gboolean message_forget_confirmed(Store *store, GError **error)
{
	g_autoptr(GArray) keys = message_confirmed_take(store, NULL);
	g_autoptr(DbBatch) batch = db_batch_new();
	gboolean ok;

	if (keys == NULL)
		return TRUE;
	message_add_forget(batch, keys);
	ok = db_pool_run(store->pool, batch, DB_WRITE_ASYNC, error);
	message_confirmed_settle(store, keys, ok);
	return ok;
}
