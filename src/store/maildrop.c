/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POP3's exclusive lock on a maildrop: a lease, renewed by one thread. */
#include "store/maildrop.h"

#include "base/errors.h"
#include "store/maildrop-sql.h"
#include "store/store-private.h"

#define LEASE_SECONDS 60
#define RENEW_SECONDS 20

struct MaildropLock {
	MaildropKeeper *keeper;
	gint64 mailbox;
	char *session;
	/* By the monotonic clock; under the keeper's lock. */
	gint64 valid_until;
	gboolean is_lost;
	guint round; /* the last renewal it took part in */
};

struct MaildropKeeper {
	DbPool *pool;
	GMutex lock;
	GCond wake;
	GThread *thread; /* NULL before the first lock */
	gboolean is_ending;
	GHashTable *held; /* set of MaildropLock */
	guint round;
};

static gint64 lease_end(gint64 from)
{
	return from + LEASE_SECONDS * G_TIME_SPAN_SECOND;
}

/* --- renewing ------------------------------------------------------------- */

/* Notes the locks of this round; called with the lock. */
static void collect(
	MaildropKeeper *keeper, GArray *mailboxes, GPtrArray *sessions)
{
	GHashTableIter iter;
	gpointer key;

	keeper->round++;
	g_hash_table_iter_init(&iter, keeper->held);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		MaildropLock *lock = key;

		lock->round = keeper->round;
		g_array_append_val(mailboxes, lock->mailbox);
		g_ptr_array_add(sessions, g_strdup(lock->session));
	}
}

static gboolean is_among(const DbRows *rows, const MaildropLock *lock)
{
	for (guint i = 0; i < db_rows_count(rows); i++) {
		if (db_rows_int64(rows, i, 0) == lock->mailbox &&
			g_str_equal(db_rows_text(rows, i, 1), lock->session))
			return TRUE;
	}
	return FALSE;
}

/* A lock that was given back meanwhile is in held no more, and one taken
 * meanwhile was not asked for. */
static void settle(MaildropKeeper *keeper, const DbRows *rows, gint64 asked)
{
	GHashTableIter iter;
	gpointer key;

	g_mutex_lock(&keeper->lock);
	g_hash_table_iter_init(&iter, keeper->held);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		MaildropLock *lock = key;

		if (lock->round != keeper->round)
			continue;
		if (is_among(rows, lock))
			lock->valid_until = lease_end(asked);
		else
			lock->is_lost = TRUE;
	}
	g_mutex_unlock(&keeper->lock);
}

/* What fails is tried again in the next round; a lease that runs out by then
 * says so itself. */
static void renew(MaildropKeeper *keeper)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GArray) mailboxes = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_autoptr(GPtrArray) sessions = g_ptr_array_new_with_free_func(g_free);
	const gint64 asked = g_get_monotonic_time();
	DbParams *params;

	g_mutex_lock(&keeper->lock);
	collect(keeper, mailboxes, sessions);
	g_mutex_unlock(&keeper->lock);
	if (sessions->len == 0)
		return;
	params = db_batch_add(batch, &SQL_MAILDROP_RENEW);
	db_params_int64_array(params, (const gint64 *)(gpointer)mailboxes->data,
		mailboxes->len);
	db_params_text_array(
		params, (const char *const *)sessions->pdata, sessions->len);
	db_params_int32(params, LEASE_SECONDS);
	if (db_pool_run(keeper->pool, batch, DB_WRITE_ASYNC, NULL))
		settle(keeper, db_batch_rows(batch, 0), asked);
}

static gpointer keep(gpointer data)
{
	MaildropKeeper *keeper = data;

	g_mutex_lock(&keeper->lock);
	while (!keeper->is_ending) {
		const gint64 next = g_get_monotonic_time() +
			RENEW_SECONDS * G_TIME_SPAN_SECOND;

		while (!keeper->is_ending &&
			g_cond_wait_until(&keeper->wake, &keeper->lock, next))
			continue;
		if (keeper->is_ending)
			break;
		g_mutex_unlock(&keeper->lock);
		renew(keeper);
		g_mutex_lock(&keeper->lock);
	}
	g_mutex_unlock(&keeper->lock);
	return NULL;
}

MaildropKeeper *maildrop_keeper_new(DbPool *pool)
{
	MaildropKeeper *keeper = g_new0(MaildropKeeper, 1);

	keeper->pool = pool;
	keeper->held = g_hash_table_new(NULL, NULL);
	g_mutex_init(&keeper->lock);
	g_cond_init(&keeper->wake);
	return keeper;
}

void maildrop_keeper_free(MaildropKeeper **keeper)
{
	MaildropKeeper *gone = g_steal_pointer(keeper);

	if (gone == NULL)
		return;
	g_mutex_lock(&gone->lock);
	gone->is_ending = TRUE;
	g_cond_signal(&gone->wake);
	g_mutex_unlock(&gone->lock);
	g_clear_pointer(&gone->thread, g_thread_join);
	g_hash_table_unref(gone->held);
	g_cond_clear(&gone->wake);
	g_mutex_clear(&gone->lock);
	g_free(gone);
}

/* --- locks ---------------------------------------------------------------- */

/* FALSE where no thread can be had, without which no lease lasts. */
static gboolean start_thread(MaildropKeeper *keeper, GError **error)
{
	g_autoptr(GError) problem = NULL;
	gboolean ok;

	g_mutex_lock(&keeper->lock);
	if (keeper->thread == NULL)
		keeper->thread =
			g_thread_try_new("maildrop", keep, keeper, &problem);
	ok = keeper->thread != NULL;
	g_mutex_unlock(&keeper->lock);
	if (!ok)
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"out of threads", "%s", problem->message);
	return ok;
}

static gboolean take(
	DbPool *pool, gint64 mailbox, const char *session, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_MAILDROP_LOCK);

	db_params_int64(params, mailbox);
	db_params_text(params, session);
	db_params_int32(params, LEASE_SECONDS);
	if (!db_pool_run(pool, batch, DB_WRITE, error))
		return FALSE;
	if (db_rows_count(db_batch_rows(batch, 0)) > 0)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_IN_USE,
		"the maildrop is locked by another session",
		"mailbox %" G_GINT64_FORMAT, mailbox);
	return FALSE;
}

gboolean maildrop_lock(Store *store, gint64 mailbox, const char *session,
	MaildropLock **lock, GError **error)
{
	MaildropKeeper *keeper = store->maildrops;
	const gint64 asked = g_get_monotonic_time();
	MaildropLock *taken;

	if (!start_thread(keeper, error) ||
		!take(store->pool, mailbox, session, error))
		return FALSE;
	taken = g_new0(MaildropLock, 1);
	taken->keeper = keeper;
	taken->mailbox = mailbox;
	taken->session = g_strdup(session);
	taken->valid_until = lease_end(asked);
	g_mutex_lock(&keeper->lock);
	g_hash_table_add(keeper->held, taken);
	g_mutex_unlock(&keeper->lock);
	*lock = taken;
	return TRUE;
}

gboolean maildrop_lock_is_held(const MaildropLock *lock)
{
	MaildropKeeper *keeper = lock->keeper;
	gboolean held;

	g_mutex_lock(&keeper->lock);
	held = !lock->is_lost && g_get_monotonic_time() < lock->valid_until;
	g_mutex_unlock(&keeper->lock);
	return held;
}

void maildrop_unlock(MaildropLock **lock)
{
	MaildropLock *gone = g_steal_pointer(lock);
	g_autoptr(DbBatch) batch = NULL;
	DbParams *params;

	if (gone == NULL)
		return;
	g_mutex_lock(&gone->keeper->lock);
	g_hash_table_remove(gone->keeper->held, gone);
	g_mutex_unlock(&gone->keeper->lock);
	batch = db_batch_new();
	params = db_batch_add(batch, &SQL_MAILDROP_UNLOCK);
	db_params_int64(params, gone->mailbox);
	db_params_text(params, gone->session);
	/* Where it cannot be given back, the lease ends by itself. */
	(void)!db_pool_run(gone->keeper->pool, batch, DB_WRITE, NULL);
	g_free(gone->session);
	g_free(gone);
}
