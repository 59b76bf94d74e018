/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool: who gets which connection when, and what is tried again. */
#include "db/pool.h"

#include "db/backoff.h"
#include "db/connection-private.h"

/* statement_timeout of pooled connections. */
#define POOL_STATEMENT_SECONDS 300
#define POOL_CONNECT_SECONDS_MAX 10

/* This many idle connections stay open, others for so long. */
#define POOL_KEEP_IDLE 2
#define POOL_IDLE_MS 60000

#define RETRY_MAX 10
/* A reference that is wrong for good must not be tried for long. */
#define RETRY_REFERENCE_MAX 5
#define RETRY_FIRST_MS 2
/* A batch may need as much put right as it has mailboxes. */
#define MEND_MAX 100000
#define RETRY_LAST_MS 250

/* A thread in the queue for a connection. */
typedef struct {
	GCond wake;
	GList link;
} Waiter;

struct DbPool {
	char *conninfo;
	char *application_name;
	DbConnectionOptions options;
	guint max;
	gint64 wait;            /* microseconds */
	const char *mend_state; /* NULL for none */
	DbMend mend;
	gpointer mend_data;

	GMutex lock; /* of all that follows */
	GQueue idle; /* of DbConnection, the last used first */
	GQueue waiters;
	guint open;     /* connections, those being opened included */
	guint opening;  /* of these */
	guint failures; /* to connect, in a row */
	gint64 next_attempt;
	char *last_error;
	guint generation; /* connections of an older one are closed */
	guint keep_idle;
	gint64 idle_time;
	DbPoolStats stats;

	GThread *keeper; /* closes what was idle for long */
	GCond keeper_wake;
	gboolean stopping;
};

/* --- all of these with the lock held --------------------------------------------- */

static void pool_wake_first(DbPool *pool)
{
	GList *first = g_queue_peek_head_link(&pool->waiters);
	if (first != NULL)
		g_cond_signal(&((Waiter *)first->data)->wake);
}

/* Takes the connection out of the count; the caller closes it unlocked. */
static void pool_forget(DbPool *pool, DbConnection *connection, GSList **doomed)
{
	pool->open--;
	*doomed = g_slist_prepend(*doomed, connection);
}

/* An idle connection that works, or NULL; those that do not go to doomed. */
static DbConnection *pool_take_idle(DbPool *pool, GSList **doomed)
{
	DbConnection *connection;
	while ((connection = g_queue_pop_head(&pool->idle)) != NULL) {
		if (connection->generation == pool->generation &&
			db_connection_is_usable(connection))
			return connection;
		pool->stats.lost++;
		pool_forget(pool, connection, doomed);
	}
	return NULL;
}

static gboolean pool_may_open(const DbPool *pool)
{
	if (pool->open >= pool->max)
		return FALSE;
	/* While the server is away, one thread at a time looks for it. */
	return pool->failures == 0 ||
		(pool->opening == 0 &&
			g_get_monotonic_time() >= pool->next_attempt);
}

static void pool_note_opened(
	DbPool *pool, DbConnection *connection, const GError *error)
{
	pool->opening--;
	if (connection != NULL) {
		connection->generation = pool->generation;
		pool->failures = 0;
		pool->stats.opened++;
	} else {
		pool->open--;
		pool->failures++;
		pool->next_attempt = g_get_monotonic_time() +
			(gint64)backoff_ms(pool->failures) * 1000;
		g_free(pool->last_error);
		pool->last_error = g_strdup(dbmail_error_detail(error));
	}
	pool_wake_first(pool);
}

static void pool_set_timeout(const DbPool *pool, GError **error)
{
	int seconds = (int)(pool->wait / G_USEC_PER_SEC);
	if (pool->failures > 0)
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"the database is not available, try again later",
			"no database for %d seconds: %s", seconds,
			pool->last_error);
	else
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"the database is busy, try again later",
			"all %u database connections were in use for %d "
			"seconds",
			pool->max, seconds);
}

/* Waits in the queue until there is an idle connection (returned), or one may
 * be opened (*open set), or the time is over (neither). */
static DbConnection *pool_queue(DbPool *pool, Waiter *waiter, gint64 deadline,
	gboolean *open, GSList **doomed)
{
	DbConnection *connection = NULL;
	*open = FALSE;
	for (;;) {
		gboolean first =
			g_queue_peek_head_link(&pool->waiters) == &waiter->link;
		if (first)
			connection = pool_take_idle(pool, doomed);
		*open = first && connection == NULL && pool_may_open(pool);
		if (connection != NULL || *open)
			break;
		gint64 until = deadline;
		if (first && pool->open < pool->max && pool->opening == 0)
			until = MIN(until, pool->next_attempt);
		if (!g_cond_wait_until(&waiter->wake, &pool->lock, until) &&
			g_get_monotonic_time() >= deadline)
			break;
	}
	g_queue_unlink(&pool->waiters, &waiter->link);
	if (*open) {
		pool->open++;
		pool->opening++;
	}
	pool_wake_first(pool);
	return connection;
}

/* --- borrowing ---------------------------------------------------------------------- */

static void close_doomed(GSList **doomed)
{
	for (GSList *item = *doomed; item != NULL; item = item->next) {
		DbConnection *connection = item->data;
		db_connection_close(&connection);
	}
	g_clear_pointer(doomed, g_slist_free);
}

static DbConnection *pool_borrow_until(
	DbPool *pool, gint64 deadline, GError **error)
{
	Waiter waiter = { .link.data = &waiter };
	GSList *doomed = NULL;
	gboolean open;
	g_cond_init(&waiter.wake);
	g_mutex_lock(&pool->lock);
	g_queue_push_tail_link(&pool->waiters, &waiter.link);
	DbConnection *connection =
		pool_queue(pool, &waiter, deadline, &open, &doomed);
	while (open) {
		g_autoptr(GError) failure = NULL;
		g_mutex_unlock(&pool->lock);
		connection = db_connection_open(&pool->options, &failure);
		g_mutex_lock(&pool->lock);
		pool_note_opened(pool, connection, failure);
		if (connection != NULL)
			break;
		/* It was first in the queue and still is. */
		g_queue_push_head_link(&pool->waiters, &waiter.link);
		connection =
			pool_queue(pool, &waiter, deadline, &open, &doomed);
	}
	if (connection == NULL)
		pool_set_timeout(pool, error);
	g_mutex_unlock(&pool->lock);
	g_cond_clear(&waiter.wake);
	close_doomed(&doomed);
	return connection;
}

DbConnection *db_pool_borrow(DbPool *pool, GError **error)
{
	return pool_borrow_until(
		pool, g_get_monotonic_time() + pool->wait, error);
}

void db_pool_return(DbPool *pool, DbConnection **connection)
{
	GSList *doomed = NULL;
	DbConnection *given = g_steal_pointer(connection);
	if (given == NULL)
		return;
	gboolean clean = db_connection_is_clean(given);
	g_mutex_lock(&pool->lock);
	if (!clean)
		pool->stats.lost++;
	if (!clean || db_connection_is_swollen(given) ||
		given->generation != pool->generation) {
		pool_forget(pool, given, &doomed);
	} else {
		given->idle_since = g_get_monotonic_time();
		g_queue_push_head(&pool->idle, given);
		if (pool->idle.length == pool->keep_idle + 1)
			g_cond_signal(&pool->keeper_wake);
	}
	pool_wake_first(pool);
	g_mutex_unlock(&pool->lock);
	close_doomed(&doomed);
}

/* --- again and again ------------------------------------------------------------------ */

/* One attempt at something on one connection. */
typedef struct {
	DbMode mode;
	DbBatch *batch; /* this, or */
	DbWork work;    /* this with its data */
	gpointer data;
} Task;

static gboolean task_attempt(
	const Task *task, DbConnection *connection, GError **error)
{
	if (task->batch != NULL)
		return db_connection_run_mode(
			connection, task->batch, task->mode, error);
	db_connection_begin(connection, task->mode);
	if (!task->work(connection, task->data, error)) {
		db_connection_rollback(connection);
		return FALSE;
	}
	return db_connection_commit(connection, error);
}

/* TRUE when it is to be tried again, after the pause that is due. */
static gboolean task_again(DbPool *pool, const Task *task, guint attempt,
	gint64 deadline, const GError *error)
{
	DbFailure failure = db_error_failure(error);
	guint most = db_error_is_state(error, "23503") ? RETRY_REFERENCE_MAX :
							 RETRY_MAX;
	if (failure == DB_FAILURE_FINAL || attempt >= most ||
		(task->work != NULL && task->mode == DB_WRITE_ALONE) ||
		g_get_monotonic_time() >= deadline)
		return FALSE;
	g_mutex_lock(&pool->lock);
	pool->stats.retries++;
	g_mutex_unlock(&pool->lock);
	/* A broken connection may be the only one: look for another at once. */
	if (failure == DB_FAILURE_RETRY || attempt > 1) {
		gint longest =
			MIN(RETRY_LAST_MS, RETRY_FIRST_MS << MIN(attempt, 10u));
		g_usleep((gulong)g_random_int_range(0, longest * 1000));
	}
	return TRUE;
}

/* TRUE when the failure is one that is put right, and was: FALSE with the
 * failure replaced where that did not work. */
static gboolean pool_mends(DbPool *pool, GError **failure)
{
	if (pool->mend_state == NULL ||
		!db_error_is_state(*failure, pool->mend_state))
		return FALSE;
	GError *problem = NULL;
	gboolean good = pool->mend(
		pool, db_error_constraint(*failure), pool->mend_data, &problem);
	g_clear_error(failure);
	*failure = problem;
	return good;
}

static gboolean pool_do(DbPool *pool, const Task *task, GError **error)
{
	gint64 deadline = g_get_monotonic_time() + pool->wait;
	guint mended = 0;
	for (guint attempt = 1;; attempt++) {
		GError *failure = NULL;
		DbConnection *connection =
			pool_borrow_until(pool, deadline, error);
		if (connection == NULL)
			return FALSE;
		gboolean good = task_attempt(task, connection, &failure);
		if (!good && db_error_failure(failure) >= DB_FAILURE_LOST)
			connection->broken = TRUE;
		if (!good && db_error_failure(failure) == DB_FAILURE_LOST_ALL) {
			g_mutex_lock(&pool->lock);
			pool->generation++;
			g_mutex_unlock(&pool->lock);
		}
		db_pool_return(pool, &connection);
		if (good)
			return TRUE;
		if (mended < MEND_MAX && pool_mends(pool, &failure)) {
			mended++;
			attempt--;
			continue;
		}
		if (!task_again(pool, task, attempt, deadline, failure)) {
			g_propagate_error(error, failure);
			return FALSE;
		}
		g_error_free(failure);
	}
}

gboolean db_pool_run(DbPool *pool, DbBatch *batch, DbMode mode, GError **error)
{
	const Task task = { mode, batch, NULL, NULL };
	return pool_do(pool, &task, error);
}

gboolean db_pool_transact(
	DbPool *pool, DbMode mode, DbWork work, gpointer data, GError **error)
{
	const Task task = { mode, NULL, work, data };
	return pool_do(pool, &task, error);
}

/* --- the pool's life -------------------------------------------------------------------- */

/* Closes idle connections above the number kept, once they are old; they are
 * the last in the queue. */
static gpointer pool_keep(gpointer data)
{
	DbPool *pool = data;
	g_mutex_lock(&pool->lock);
	while (!pool->stopping) {
		DbConnection *oldest = g_queue_peek_tail(&pool->idle);
		if (pool->idle.length <= pool->keep_idle) {
			g_cond_wait(&pool->keeper_wake, &pool->lock);
			continue;
		}
		gint64 until = oldest->idle_since + pool->idle_time;
		if (until > g_get_monotonic_time()) {
			g_cond_wait_until(
				&pool->keeper_wake, &pool->lock, until);
			continue;
		}
		g_queue_pop_tail(&pool->idle);
		pool->open--;
		pool_wake_first(pool);
		g_mutex_unlock(&pool->lock);
		db_connection_close(&oldest);
		g_mutex_lock(&pool->lock);
	}
	g_mutex_unlock(&pool->lock);
	return NULL;
}

DbPool *db_pool_new(const char *conninfo, const char *application_name,
	guint max, guint wait_seconds, GError **error)
{
	g_assert(max > 0);
	DbPool *pool = g_new0(DbPool, 1);
	pool->conninfo = g_strdup(conninfo);
	pool->application_name = g_strdup(application_name);
	pool->options = (DbConnectionOptions){
		.conninfo = pool->conninfo,
		.application_name = pool->application_name,
		.connect_seconds =
			CLAMP(wait_seconds, 2, POOL_CONNECT_SECONDS_MAX),
		.statement_seconds = POOL_STATEMENT_SECONDS,
	};
	pool->max = max;
	pool->wait = (gint64)wait_seconds * G_USEC_PER_SEC;
	pool->keep_idle = POOL_KEEP_IDLE;
	pool->idle_time = (gint64)POOL_IDLE_MS * 1000;
	g_mutex_init(&pool->lock);
	g_cond_init(&pool->keeper_wake);
	g_queue_init(&pool->idle);
	g_queue_init(&pool->waiters);
	DbConnection *first = db_connection_open(&pool->options, error);
	if (first != NULL) {
		pool->open = 1;
		pool->stats.opened = 1;
		db_pool_return(pool, &first);
		pool->keeper =
			g_thread_try_new("db-pool", pool_keep, pool, NULL);
		if (pool->keeper == NULL)
			dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
				"too many threads", "no thread for the pool");
	}
	if (pool->keeper == NULL)
		db_pool_free(&pool);
	return pool;
}

void db_pool_set_mend(
	DbPool *pool, const char *sqlstate, DbMend mend, gpointer data)
{
	pool->mend_state = sqlstate;
	pool->mend = mend;
	pool->mend_data = data;
}

void db_pool_free(DbPool **address)
{
	DbPool *pool = g_steal_pointer(address);
	if (pool == NULL)
		return;
	g_mutex_lock(&pool->lock);
	g_assert(pool->open == pool->idle.length);
	pool->stopping = TRUE;
	g_cond_signal(&pool->keeper_wake);
	g_mutex_unlock(&pool->lock);
	if (pool->keeper != NULL)
		g_thread_join(pool->keeper);
	DbConnection *connection;
	while ((connection = g_queue_pop_head(&pool->idle)) != NULL)
		db_connection_close(&connection);
	g_cond_clear(&pool->keeper_wake);
	g_mutex_clear(&pool->lock);
	g_free(pool->last_error);
	g_free(pool->application_name);
	g_free(pool->conninfo);
	g_free(pool);
}

void db_pool_keep_idle(DbPool *pool, guint keep, guint milliseconds)
{
	g_mutex_lock(&pool->lock);
	pool->keep_idle = keep;
	pool->idle_time = (gint64)milliseconds * 1000;
	g_cond_signal(&pool->keeper_wake);
	g_mutex_unlock(&pool->lock);
}

DbPoolStats db_pool_stats(DbPool *pool)
{
	g_mutex_lock(&pool->lock);
	DbPoolStats stats = pool->stats;
	stats.open = pool->open;
	stats.idle = pool->idle.length;
	stats.waiting = pool->waiters.length;
	g_mutex_unlock(&pool->lock);
	return stats;
}
