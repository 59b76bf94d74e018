/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sessions of the process wait for which mailbox. */
#include "store/watch.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "db/pool.h"
#include "store/store-private.h"
#include "store/watch-sql.h"

/* A notification can get lost (a process killed between its commit and its
 * notice): so often the watched mailboxes are looked at. */
#define WATCH_POLL_SECONDS 10

/* A key is a mailbox or, below 0, a user. */
struct Watch {
	Store *store;
	GArray *keys; /* of gint64 */
	int fd;
	GHashTable *dirty; /* keys, of a watch of many; else NULL */
};

/* A mailbox or user somebody watches. */
typedef struct {
	gint64 mailbox; /* the key */
	gint64 seq;     /* as the last look found it; -1 before the first */
	GPtrArray *watches;
} Watched;

struct WatchTable {
	GMutex lock;
	GCond stop;
	GHashTable *mailboxes; /* of Watched */
	gint64 poll_interval;  /* microseconds */
	gboolean stopping;
	GThread *poller; /* NULL before the first watch */
	guint64 heard;   /* news so far, of mailboxes watched or not */
};

static void watched_free(gpointer data)
{
	Watched *watched = data;
	g_ptr_array_unref(watched->watches);
	g_free(watched);
}

WatchTable *watch_table_new(void)
{
	WatchTable *table = g_new0(WatchTable, 1);
	g_mutex_init(&table->lock);
	g_cond_init(&table->stop);
	table->poll_interval = WATCH_POLL_SECONDS * G_USEC_PER_SEC;
	table->mailboxes = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, NULL, watched_free);
	return table;
}

void watch_table_free(WatchTable **table)
{
	WatchTable *gone = *table;
	if (gone == NULL)
		return;
	g_mutex_lock(&gone->lock);
	gone->stopping = TRUE;
	g_cond_broadcast(&gone->stop);
	g_mutex_unlock(&gone->lock);
	if (gone->poller != NULL)
		g_thread_join(gone->poller);
	/* Not before: the poller may only now have come to look here. */
	*table = NULL;
	g_assert(g_hash_table_size(gone->mailboxes) == 0);
	g_hash_table_destroy(gone->mailboxes);
	g_cond_clear(&gone->stop);
	g_mutex_clear(&gone->lock);
	g_free(gone);
}

void watch_table_set_poll(WatchTable *table, gint64 microseconds)
{
	g_mutex_lock(&table->lock);
	table->poll_interval = microseconds;
	g_cond_broadcast(&table->stop);
	g_mutex_unlock(&table->lock);
}

/* --- waking ------------------------------------------------------------------ */

static void watched_wake(const Watched *watched)
{
	for (guint i = 0; i < watched->watches->len; i++) {
		const Watch *watch = g_ptr_array_index(watched->watches, i);
		if (watch->dirty != NULL)
			g_hash_table_add(watch->dirty,
				g_memdup2(&watched->mailbox, sizeof(gint64)));
		/* Fails only where the counter is full: awake as can be. */
		if (watch->fd != -1)
			(void)eventfd_write(watch->fd, 1);
	}
}

static void table_wake(WatchTable *table, const gint64 *mailboxes, guint count)
{
	g_mutex_lock(&table->lock);
	table->heard++;
	for (guint i = 0; i < count; i++) {
		const Watched *watched =
			g_hash_table_lookup(table->mailboxes, &mailboxes[i]);
		if (watched != NULL)
			watched_wake(watched);
	}
	g_mutex_unlock(&table->lock);
}

static void table_wake_all(WatchTable *table)
{
	g_mutex_lock(&table->lock);
	table->heard++;
	GHashTableIter iter;
	gpointer value;
	g_hash_table_iter_init(&iter, table->mailboxes);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		watched_wake(value);
	g_mutex_unlock(&table->lock);
}

guint64 watch_heard(Store *store)
{
	g_mutex_lock(&store->watches->lock);
	guint64 heard = store->watches->heard;
	g_mutex_unlock(&store->watches->lock);
	return heard;
}

void watch_table_heard(
	const char *channel G_GNUC_UNUSED, const char *payload, gpointer data)
{
	const Store *store = data;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	if (payload != NULL && db_notifier_parse(payload, ids))
		table_wake(store->watches, (const gint64 *)(void *)ids->data,
			ids->len);
	else
		table_wake_all(store->watches);
}

void watch_notify(Store *store, gint64 mailbox)
{
	table_wake(store->watches, &mailbox, 1);
	if (store->notifier != NULL)
		db_notifier_add(store->notifier, mailbox);
}

/* Below all users, of whom some are below 0 (store/name.h). */
static gint64 key_of_user(gint64 user)
{
	return user == WATCH_EVERYBODY ? -1 : -1000 - user;
}

void watch_notify_names(Store *store, gint64 user)
{
	watch_notify(store, key_of_user(user));
}

/* --- looking now and then ------------------------------------------------------- */

static GArray *table_mailboxes(WatchTable *table)
{
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	GHashTableIter iter;
	gpointer value;
	g_hash_table_iter_init(&iter, table->mailboxes);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		if (((Watched *)value)->mailbox > 0)
			g_array_append_val(ids, ((Watched *)value)->mailbox);
	}
	return ids;
}

/* Wakes those whose seq is another than last time; a mailbox that is gone
 * has none. */
static void table_compare(
	WatchTable *table, const GArray *ids, const DbRows *rows)
{
	g_autoptr(GHashTable) seqs = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, g_free, g_free);
	for (guint row = 0; row < db_rows_count(rows); row++) {
		gint64 *id = g_new(gint64, 1), *seq = g_new(gint64, 1);
		*id = db_rows_int64(rows, row, 0);
		*seq = db_rows_int64(rows, row, 1);
		g_hash_table_insert(seqs, id, seq);
	}
	for (guint i = 0; i < ids->len; i++) {
		gint64 id = g_array_index(ids, gint64, i);
		Watched *watched = g_hash_table_lookup(table->mailboxes, &id);
		const gint64 *found = g_hash_table_lookup(seqs, &id);
		gint64 seq = found != NULL ? *found : 0;
		if (watched == NULL || watched->seq == seq)
			continue;
		/* The first look cannot know what its sessions have seen. */
		watched->seq = seq;
		watched_wake(watched);
	}
}

/* Called and returns with the lock held, which it gives up in between.  A
 * database that is away is not its business: the next look is soon. */
static void table_look(Store *store, WatchTable *table)
{
	g_autoptr(GArray) ids = table_mailboxes(table);
	if (ids->len == 0)
		return;
	g_mutex_unlock(&table->lock);
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GError) error = NULL;
	db_params_int64_array(db_batch_add(batch, &SQL_WATCH_SEQS),
		(const gint64 *)(void *)ids->data, ids->len);
	gboolean ok = db_pool_run(store->pool, batch, DB_READ, &error);
	g_mutex_lock(&table->lock);
	if (ok)
		table_compare(table, ids, db_batch_rows(batch, 0));
}

static gpointer poller_run(gpointer data)
{
	Store *store = data;
	WatchTable *table = store->watches;
	g_mutex_lock(&table->lock);
	gint64 last = g_get_monotonic_time();
	while (!table->stopping) {
		gint64 next = last + table->poll_interval;
		if (g_get_monotonic_time() < next) {
			g_cond_wait_until(&table->stop, &table->lock, next);
			continue;
		}
		table_look(store, table);
		last = g_get_monotonic_time();
	}
	g_mutex_unlock(&table->lock);
	return NULL;
}

/* --- watches -------------------------------------------------------------------- */

/* With the lock held. */
static void table_watch(Store *store, Watch *watch, gint64 key)
{
	WatchTable *table = store->watches;
	Watched *watched = g_hash_table_lookup(table->mailboxes, &key);
	if (watched == NULL) {
		watched = g_new(Watched, 1);
		watched->mailbox = key;
		watched->seq = -1;
		watched->watches = g_ptr_array_new();
		g_hash_table_insert(
			table->mailboxes, &watched->mailbox, watched);
	}
	g_ptr_array_add(watched->watches, watch);
	if (table->poller == NULL)
		table->poller = g_thread_new("watch", poller_run, store);
}

/* With the lock held. */
static void table_unwatch(WatchTable *table, Watch *watch, gint64 key)
{
	Watched *watched = g_hash_table_lookup(table->mailboxes, &key);
	g_ptr_array_remove_fast(watched->watches, watch);
	if (watched->watches->len == 0)
		g_hash_table_remove(table->mailboxes, &key);
}

static Watch *watch_make(Store *store)
{
	Watch *watch = g_new0(Watch, 1);
	watch->store = store;
	watch->keys = g_array_new(FALSE, FALSE, sizeof(gint64));
	watch->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return watch;
}

Watch *watch_new(Store *store, gint64 mailbox)
{
	Watch *watch = watch_make(store);
	g_array_append_val(watch->keys, mailbox);
	g_mutex_lock(&store->watches->lock);
	table_watch(store, watch, mailbox);
	g_mutex_unlock(&store->watches->lock);
	return watch;
}

Watch *watch_new_many(Store *store)
{
	Watch *watch = watch_make(store);
	watch->dirty = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, g_free, NULL);
	return watch;
}

static int compare_keys(gconstpointer a, gconstpointer b)
{
	gint64 x = *(const gint64 *)a;
	gint64 y = *(const gint64 *)b;
	return (x > y) - (x < y);
}

static GArray *keys_of(const gint64 *mailboxes, guint count,
	const gint64 *users, guint user_count)
{
	GArray *keys = g_array_sized_new(
		FALSE, FALSE, sizeof(gint64), count + user_count);
	g_array_append_vals(keys, mailboxes, count);
	for (guint i = 0; i < user_count; i++) {
		gint64 key = key_of_user(users[i]);
		g_array_append_val(keys, key);
	}
	g_array_sort(keys, compare_keys);
	guint kept = 0;
	for (guint i = 0; i < keys->len; i++) {
		gint64 key = g_array_index(keys, gint64, i);
		if (kept == 0 || g_array_index(keys, gint64, kept - 1) != key)
			g_array_index(keys, gint64, kept++) = key;
	}
	g_array_set_size(keys, kept);
	return keys;
}

/* Both sorted: what is in one and not in the other comes or goes. */
void watch_set(Watch *watch, const gint64 *mailboxes, guint count,
	const gint64 *users, guint user_count)
{
	WatchTable *table = watch->store->watches;
	GArray *keys = keys_of(mailboxes, count, users, user_count);
	GArray *before = watch->keys;
	guint i = 0, j = 0;
	g_mutex_lock(&table->lock);
	while (i < before->len || j < keys->len) {
		gint64 old = i < before->len ?
			g_array_index(before, gint64, i) :
			G_MAXINT64;
		gint64 now = j < keys->len ? g_array_index(keys, gint64, j) :
					     G_MAXINT64;
		if (old < now) {
			table_unwatch(table, watch, old);
			g_hash_table_remove(watch->dirty, &old);
		} else if (now < old) {
			table_watch(watch->store, watch, now);
			g_hash_table_add(
				watch->dirty, g_memdup2(&now, sizeof(gint64)));
		}
		i += old <= now;
		j += now <= old;
	}
	watch->keys = keys;
	if (g_hash_table_size(watch->dirty) > 0 && watch->fd != -1)
		(void)eventfd_write(watch->fd, 1);
	g_mutex_unlock(&table->lock);
	g_array_unref(before);
}

void watch_take(Watch *watch, GArray *mailboxes, gboolean *names)
{
	GHashTableIter iter;
	gpointer key;
	*names = FALSE;
	watch_clear(watch);
	g_mutex_lock(&watch->store->watches->lock);
	g_hash_table_iter_init(&iter, watch->dirty);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		gint64 id = *(const gint64 *)key;
		if (id > 0)
			g_array_append_val(mailboxes, id);
		else
			*names = TRUE;
	}
	g_hash_table_remove_all(watch->dirty);
	g_mutex_unlock(&watch->store->watches->lock);
}

void watch_free(Watch **watch)
{
	Watch *gone = g_steal_pointer(watch);
	if (gone == NULL)
		return;
	WatchTable *table = gone->store->watches;
	g_mutex_lock(&table->lock);
	for (guint i = 0; i < gone->keys->len; i++)
		table_unwatch(
			table, gone, g_array_index(gone->keys, gint64, i));
	g_mutex_unlock(&table->lock);
	if (gone->fd != -1)
		close(gone->fd);
	g_clear_pointer(&gone->dirty, g_hash_table_destroy);
	g_array_unref(gone->keys);
	g_free(gone);
}

int watch_fd(const Watch *watch)
{
	return watch->fd;
}

void watch_clear(Watch *watch)
{
	eventfd_t count;
	if (watch->fd != -1)
		(void)eventfd_read(watch->fd, &count);
}
