/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and closing the store; what its files share. */
#include "store/store.h"

#include <openssl/evp.h>

#include "base/errors.h"
#include "db/wait.h"
#include "store/migrate.h"
#include "store/message.h"
#include "store/store-private.h"

static void copy_settings(Store *store, const Settings *settings)
{
	store->default_folders = g_strdup(settings->DBMAIL_default_folders);
	store->limits.max_depth = (guint)settings->DBMAIL_max_mime_depth;
	store->limits.max_parts = (guint)settings->DBMAIL_max_mime_parts;
	store->limits.max_header = (gsize)settings->DBMAIL_max_header_size;
	store->max_message_size = (gsize)settings->DBMAIL_max_message_size;
	store->max_mailbox_depth = (guint)settings->IMAP_max_mailbox_depth;
	store->max_metadata_size = (gsize)settings->IMAP_max_metadata_size;
	store->max_metadata_entries =
		(guint)settings->IMAP_max_metadata_entries;
	store->durable_flags = settings->IMAP_durable_flags;
	store->max_view_cache = (guint64)settings->IMAP_max_view_cache;
	store->max_message_cache = (guint64)settings->IMAP_max_message_cache;
	store->duplicate_window = settings->LMTP_duplicate_window;
	store->large_places = (guint)settings->DBMAIL_max_large_messages;
}

static gboolean connect_pool(Store *store, const Settings *settings,
	const char *application, GError **error)
{
	store->pool = db_pool_new(settings->DBMAIL_dburi, application,
		(guint)settings->DBMAIL_max_db_connections,
		(guint)settings->DBMAIL_db_wait, error);
	if (store->pool == NULL || !migrate_check(store->pool, error))
		return FALSE;
	db_pool_set_mend(store->pool, "DM600", incarnation_mend, NULL);
	return incarnation_begin(store->pool, error);
}

static gboolean start_notifications(Store *store, const Settings *settings,
	const char *application, GError **error)
{
	static const char *const channels[] = { STORE_CHANNEL, NULL };

	store->notifier = db_notifier_new(
		settings->DBMAIL_dburi, application, STORE_CHANNEL, error);
	if (store->notifier == NULL)
		return FALSE;
	store->listener = db_listener_new(settings->DBMAIL_dburi, application,
		channels, watch_table_heard, store, error);
	return store->listener != NULL;
}

Store *store_open(const Settings *settings, const char *application,
	StoreFlags flags, GError **error)
{
	g_autoptr(Store) store = g_new0(Store, 1);

	g_mutex_init(&store->large_lock);
	g_cond_init(&store->large_free);
	g_mutex_init(&store->confirmed_lock);
	store->confirmed = g_array_new(FALSE, FALSE, sizeof(DeliveryKey));
	store->forgetting = g_array_new(FALSE, FALSE, sizeof(DeliveryKey));
	copy_settings(store, settings);
	store->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (store->sha256 == NULL) {
		dbmail_error_set(error, DBMAIL_ERROR_INTERNAL, "internal error",
			"OpenSSL has no SHA-256");
		return NULL;
	}
	if (!connect_pool(store, settings, application, error))
		return NULL;
	store->watches = watch_table_new();
	store->views = view_cache_new(store->max_view_cache);
	store->columns = column_cache_new();
	if ((flags & STORE_HOT) && store->max_message_cache > 0)
		store->hot =
			hot_cache_new(store->pool, store->max_message_cache);
	store->maildrops = maildrop_keeper_new(store->pool);
	if ((flags & STORE_NOTIFY) &&
		!start_notifications(store, settings, application, error))
		return NULL;
	return g_steal_pointer(&store);
}

void store_close(Store **store)
{
	Store *gone = g_steal_pointer(store);

	if (gone == NULL)
		return;
	/* First those whose threads use the others. */
	db_listener_free(&gone->listener);
	maildrop_keeper_free(&gone->maildrops);
	db_notifier_free(&gone->notifier);
	hot_cache_free(&gone->hot);
	column_cache_free(&gone->columns);
	view_cache_free(&gone->views);
	watch_table_free(&gone->watches);
	db_pool_free(&gone->pool);
	EVP_MD_free(gone->sha256);
	g_free(gone->default_folders);
	g_cond_clear(&gone->large_free);
	g_mutex_clear(&gone->confirmed_lock);
	g_array_unref(gone->confirmed);
	g_array_unref(gone->forgetting);
	g_mutex_clear(&gone->large_lock);
	g_free(gone);
}

gsize store_max_message_size(const Store *store)
{
	return store->max_message_size;
}

void store_set_wait_hook(void (*hook)(gpointer data), gpointer data)
{
	db_wait_set_hook(hook, data);
}

void store_large_enter(Store *store)
{
	g_mutex_lock(&store->large_lock);
	while (store->large_places == 0)
		g_cond_wait(&store->large_free, &store->large_lock);
	store->large_places--;
	g_mutex_unlock(&store->large_lock);
}

void store_large_leave(Store *store)
{
	g_mutex_lock(&store->large_lock);
	store->large_places++;
	g_cond_signal(&store->large_free);
	g_mutex_unlock(&store->large_lock);
}
