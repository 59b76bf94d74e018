/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool: who gets a connection, what is tried again, what never is. */
#include "db/pool.h"

#include <signal.h>

#include "database.h"

static const DbStatement one = { "one", "SELECT 1::bigint" };
/* Both, where each has done its part: no matter who runs how fast. */
static const DbStatement meet = { "meet", "SELECT pool_meet(2)::text" };
/* Waits while somebody has the lock exclusively. */
static const DbStatement wait = { "wait",
	"SELECT pg_advisory_xact_lock_shared(1)::text" };
static const DbStatement hold = { "hold", "SELECT pg_advisory_lock(1)::text" };
static const DbStatement insert_row = { "insert_row",
	"INSERT INTO pool_rows (id) VALUES ($1::bigint)" };
static const DbStatement count_rows = { "count_rows",
	"SELECT count(*) FROM pool_rows" };
static const DbStatement count_calls = { "count_calls",
	"SELECT last_value FROM pool_calls" };
static const DbStatement fail_times = { "fail_times",
	"SELECT pool_fail($1::text, $2::integer)::text" };
static const DbStatement update_row = { "update_row",
	"UPDATE pool_rows SET n = n + 1 WHERE id = $1::bigint" };
static const DbStatement sum_rows = { "sum_rows",
	"SELECT sum(n)::bigint FROM pool_rows" };
static const DbStatement insert_child = { "insert_child",
	"INSERT INTO pool_children (parent) VALUES ($1::bigint)" };
static const DbStatement terminate = { "terminate",
	"SELECT pg_terminate_backend($1::integer, 60000)" };
static const DbStatement terminate_pool = { "terminate_pool",
	"SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity"
	" WHERE application_name = 'dbmail-idle'" };
static const DbStatement find_waiting = { "find_waiting",
	"SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
	" AND NOT granted" };

/* pool_fail() fails with the SQLSTATE the first n times it is called, in any
 * transaction: a sequence does not roll back.  pool_meet() returns when it has
 * been called n times. */
static void reset(void)
{
	database_script(
		"SET client_min_messages = error;"
		"DROP TABLE IF EXISTS pool_children, pool_rows;"
		"DROP SEQUENCE IF EXISTS pool_calls;"
		"CREATE TABLE pool_rows (id bigint PRIMARY KEY,"
		" n integer NOT NULL DEFAULT 0);"
		"CREATE TABLE pool_children (parent bigint"
		" CONSTRAINT pool_parent REFERENCES pool_rows);"
		"CREATE SEQUENCE pool_calls;"
		"CREATE OR REPLACE FUNCTION pool_fail(state text, n integer)"
		" RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
		" IF nextval('pool_calls') <= n THEN"
		" RAISE EXCEPTION 'said by pool_fail'"
		" USING ERRCODE = state; END IF; END $$;"
		"CREATE OR REPLACE FUNCTION pool_meet(n integer)"
		" RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
		" PERFORM nextval('pool_calls');"
		" WHILE (SELECT last_value FROM pool_calls) < n LOOP"
		" PERFORM pg_sleep(0.01); END LOOP; END $$");
}

/* --- what is tried again ------------------------------------------------------- */

typedef struct {
	const char *state;
	guint times;
	gboolean works;
	DbmailErrorCode code;
	guint calls;
} RetryCase;

static const RetryCase retry_cases[] = {
	{ "40001", 3, TRUE, 0, 4 },
	{ "40P01", 3, TRUE, 0, 4 },
	{ "23503", 3, TRUE, 0, 4 },
	{ "40001", 100, FALSE, DBMAIL_ERROR_TEMPORARY, 10 },
	{ "23503", 100, FALSE, DBMAIL_ERROR_TEMPORARY, 5 },
	{ "23505", 1, FALSE, DBMAIL_ERROR_EXISTS, 1 },
	{ "23502", 1, FALSE, DBMAIL_ERROR_INTERNAL, 1 },
	{ "22003", 1, FALSE, DBMAIL_ERROR_INVALID, 1 },
	{ "53100", 1, FALSE, DBMAIL_ERROR_TEMPORARY, 1 },
	{ "55P03", 1, FALSE, DBMAIL_ERROR_IN_USE, 1 },
	{ "57014", 1, FALSE, DBMAIL_ERROR_TEMPORARY, 1 },
	{ "P0001", 1, FALSE, DBMAIL_ERROR_INTERNAL, 1 },
	{ "DM403", 1, FALSE, DBMAIL_ERROR_NO_PERMISSION, 1 },
	{ "DM404", 1, FALSE, DBMAIL_ERROR_NOT_FOUND, 1 },
	{ "DM409", 1, FALSE, DBMAIL_ERROR_EXISTS, 1 },
	{ "DM413", 1, FALSE, DBMAIL_ERROR_LIMIT, 1 },
	{ "DM422", 1, FALSE, DBMAIL_ERROR_INVALID, 1 },
	{ "DM423", 1, FALSE, DBMAIL_ERROR_IN_USE, 1 },
	{ "DM452", 1, FALSE, DBMAIL_ERROR_OVER_QUOTA, 1 },
	{ "DM503", 1, FALSE, DBMAIL_ERROR_TEMPORARY, 1 },
	/* An old plan is gone with its connection. */
	{ "0A000", 1, TRUE, 0, 2 },
};

static void retry_check(const RetryCase *row, DbMode mode)
{
	g_autoptr(DbPool) pool = database_pool(2, 10);
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GError) error = NULL;
	reset();
	gboolean writes = mode != DB_SNAPSHOT;
	if (writes)
		db_params_int64(db_batch_add(batch, &insert_row), 1);
	DbParams *params = db_batch_add(batch, &fail_times);
	db_params_text(params, row->state);
	db_params_int32(params, (gint32)row->times);
	gboolean good = db_pool_run(pool, batch, mode, &error);
	if (good != row->works)
		g_error("%s: %s", row->state,
			error != NULL ? dbmail_error_detail(error) : "worked");
	g_assert_cmpint(database_number(pool, &count_calls), ==, row->calls);
	g_assert_cmpint(database_number(pool, &count_rows), ==, good && writes);
	g_assert_cmpuint(db_pool_stats(pool).retries, ==, row->calls - 1);
	if (good)
		return;
	g_assert_cmpint((int)dbmail_error_code(error), ==, (int)row->code);
	g_assert_true(db_error_is_state(error, row->state));
	if (g_str_has_prefix(row->state, "DM"))
		g_assert_cmpstr(error->message, ==, "said by pool_fail");
	else
		g_assert_null(strstr(error->message, "pool_fail"));
}

static void test_retry_table(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(retry_cases); i++)
		retry_check(&retry_cases[i], DB_WRITE);
}

static void test_retry_modes(void)
{
	static const DbMode modes[] = { DB_READ, DB_WRITE_ASYNC,
		DB_WRITE_ALONE };
	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++)
		retry_check(&retry_cases[0], modes[i]);
}

/* The unique index is told from others by its name. */
static void test_constraint(void)
{
	reset();
	g_autoptr(DbPool) pool = database_pool(1, 5);
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GError) error = NULL;
	db_params_int64(db_batch_add(batch, &insert_row), 1);
	db_params_int64(db_batch_add(batch, &insert_row), 1);
	g_assert_false(db_pool_run(pool, batch, DB_WRITE, &error));
	g_assert_true(db_error_is_constraint(error, "pool_rows_pkey"));
	g_clear_error(&error);
	db_batch_clear(batch);
	db_params_int64(db_batch_add(batch, &insert_child), 5);
	g_assert_false(db_pool_run(pool, batch, DB_WRITE, &error));
	g_assert_true(db_error_is_constraint(error, "pool_parent"));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
	/* Values of the row stay out of the log. */
	g_assert_null(strstr(dbmail_error_detail(error), "(5)"));
	g_assert_cmpuint(db_pool_stats(pool).retries, ==, 4);
}

typedef struct {
	DbPool *pool;
	gint64 first;
	gint64 second;
} Locker;

/* Locks two rows; in between the other locks one of them. */
static gpointer lock_rows(gpointer data)
{
	const Locker *locker = data;
	g_autoptr(DbBatch) batch = db_batch_new();
	db_params_int64(db_batch_add(batch, &update_row), locker->first);
	db_batch_add(batch, &meet);
	db_params_int64(db_batch_add(batch, &update_row), locker->second);
	database_run(locker->pool, batch, DB_WRITE);
	return NULL;
}

static void test_deadlock(void)
{
	reset();
	database_script("INSERT INTO pool_rows (id) VALUES (1), (2)");
	g_autoptr(DbPool) pool = database_pool(2, 20);
	Locker there = { pool, 1, 2 };
	Locker back = { pool, 2, 1 };
	GThread *thread = g_thread_new("lock", lock_rows, &there);
	lock_rows(&back);
	g_thread_join(thread);
	g_assert_cmpuint(db_pool_stats(pool).retries, >=, 1);
	g_assert_cmpint(database_number(pool, &sum_rows), ==, 4);
}

/* --- transactions in steps ------------------------------------------------------- */

typedef struct {
	const char *state;
	guint calls;
	gboolean refuse;
} Steps;

static gboolean do_steps(
	DbConnection *connection, gpointer data, GError **error)
{
	Steps *steps = data;
	g_autoptr(DbBatch) batch = db_batch_new();
	steps->calls++;
	db_params_int64(db_batch_add(batch, &insert_row), 1);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	if (!db_connection_exec_script(
		    connection, "INSERT INTO pool_rows (id) VALUES (2)", error))
		return FALSE;
	if (steps->refuse) {
		dbmail_error_set(error, DBMAIL_ERROR_OVER_QUOTA, "no", "no");
		return FALSE;
	}
	db_batch_clear(batch);
	DbParams *params = db_batch_add(batch, &fail_times);
	db_params_text(params, steps->state);
	db_params_int32(params, 2);
	return db_connection_run(connection, batch, error);
}

static void test_transact(void)
{
	g_autoptr(DbPool) pool = database_pool(1, 10);
	g_autoptr(GError) error = NULL;
	Steps again = { .state = "40001" };
	reset();
	g_assert_true(
		db_pool_transact(pool, DB_WRITE, do_steps, &again, &error));
	g_assert_cmpuint(again.calls, ==, 3);
	g_assert_cmpint(database_number(pool, &count_rows), ==, 2);

	Steps final = { .state = "DM404" };
	reset();
	g_assert_false(
		db_pool_transact(pool, DB_WRITE, do_steps, &final, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND));
	g_assert_cmpuint(final.calls, ==, 1);
	g_assert_cmpint(database_number(pool, &count_rows), ==, 0);
	g_clear_error(&error);

	Steps refuse = { .refuse = TRUE };
	reset();
	g_assert_false(
		db_pool_transact(pool, DB_WRITE, do_steps, &refuse, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_OVER_QUOTA));
	g_assert_cmpuint(refuse.calls, ==, 1);
	g_assert_cmpint(database_number(pool, &count_rows), ==, 0);
	g_clear_error(&error);

	/* Without a transaction the first steps are done: not again. */
	Steps alone = { .state = "40001" };
	reset();
	g_assert_false(db_pool_transact(
		pool, DB_WRITE_ALONE, do_steps, &alone, &error));
	g_assert_cmpuint(alone.calls, ==, 1);
	g_assert_cmpint(database_number(pool, &count_rows), ==, 2);
}

/* --- connections that break --------------------------------------------------------- */

static void test_killed_while_idle(void)
{
	g_autoptr(DbConnection) killer = database_connection();
	GError *opening = NULL;
	/* By a name of its own: of other tests' some may not be gone yet. */
	g_autoptr(DbPool) pool = db_pool_new(
		database_conninfo(), "dbmail-idle", 4, 10, &opening);
	static const DbMode modes[] = { DB_READ, DB_SNAPSHOT, DB_WRITE,
		DB_WRITE_ASYNC, DB_WRITE_ALONE };
	database_check(opening);
	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_autoptr(DbBatch) kill_all = db_batch_new();
		g_autoptr(DbBatch) batch = db_batch_new();
		g_autoptr(GError) error = NULL;
		db_batch_add(kill_all, &terminate_pool);
		g_assert_true(db_connection_run_mode(
			killer, kill_all, DB_READ, &error));
		g_assert_cmpint(
			db_rows_int64(db_batch_rows(kill_all, 0), 0, 0), ==, 1);
		db_batch_add(batch, &one);
		database_run(pool, batch, modes[i]);
	}
	/* Seen before anything was sent: nothing had to be run again. */
	g_assert_cmpuint(db_pool_stats(pool).retries, ==, 0);
	g_assert_cmpuint(db_pool_stats(pool).lost, ==, G_N_ELEMENTS(modes));
	g_assert_cmpuint(db_pool_stats(pool).open, ==, 1);
}

typedef struct {
	DbPool *pool;
	DbMode mode;
	gboolean good;
	GError *error;
} Waiter;

/* Inserts a row (where it may) and waits for the lock. */
static gpointer insert_and_wait(gpointer data)
{
	Waiter *waiter = data;
	g_autoptr(DbBatch) batch = db_batch_new();
	if (waiter->mode != DB_SNAPSHOT)
		db_params_int64(db_batch_add(batch, &insert_row), 1);
	db_batch_add(batch, &wait);
	waiter->good =
		db_pool_run(waiter->pool, batch, waiter->mode, &waiter->error);
	return NULL;
}

/* A connection that has the lock others then wait for. */
static DbConnection *holder(void)
{
	DbConnection *connection = database_connection();
	g_autoptr(DbBatch) batch = db_batch_new();
	GError *error = NULL;
	db_batch_add(batch, &hold);
	if (!db_connection_run_mode(connection, batch, DB_READ, &error))
		database_check(error);
	return connection;
}

/* The process id of the backend that waits. */
static gint32 wait_for_waiter(DbConnection *connection)
{
	for (;;) {
		g_autoptr(DbBatch) batch = db_batch_new();
		GError *error = NULL;
		db_batch_add(batch, &find_waiting);
		if (!db_connection_run_mode(connection, batch, DB_READ, &error))
			database_check(error);
		const DbRows *rows = db_batch_rows(batch, 0);
		if (db_rows_count(rows) > 0)
			return db_rows_int32(rows, 0, 0);
	}
}

/* The server says that it gave up at a statement before COMMIT: the whole
 * batch runs again, and its row is there once. */
static void test_killed_in_a_batch(void)
{
	static const DbMode modes[] = { DB_READ, DB_SNAPSHOT, DB_WRITE,
		DB_WRITE_ASYNC, DB_WRITE_ALONE };
	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
		reset();
		g_autoptr(DbConnection) killer = holder();
		g_autoptr(DbPool) pool = database_pool(2, 10);
		g_autoptr(DbBatch) batch = db_batch_new();
		Waiter waiter = { .pool = pool, .mode = modes[i] };
		GThread *thread =
			g_thread_new("wait", insert_and_wait, &waiter);
		db_params_int32(db_batch_add(batch, &terminate),
			wait_for_waiter(killer));
		GError *error = NULL;
		if (!db_connection_run_mode(killer, batch, DB_READ, &error))
			database_check(error);
		db_connection_close(&killer);
		g_thread_join(thread);
		database_check(waiter.error);
		g_assert_true(waiter.good);
		g_assert_cmpuint(db_pool_stats(pool).retries, ==, 1);
		g_assert_cmpint(database_number(pool, &count_rows), ==,
			modes[i] != DB_SNAPSHOT);
	}
}

/* Signal 9 gives the server no time for a last word.  A write is not run
 * again, since its COMMIT may have been done; a read is.  The server then
 * restarts, and the pool waits for it. */
static void test_crash_in_a_batch(void)
{
	static const DbMode modes[] = { DB_WRITE, DB_WRITE_ALONE, DB_SNAPSHOT };
	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
		reset();
		DbConnection *watcher = holder();
		g_autoptr(DbPool) pool = database_pool(2, 60);
		Waiter waiter = { .pool = pool, .mode = modes[i] };
		GThread *thread =
			g_thread_new("wait", insert_and_wait, &waiter);
		gint32 pid = wait_for_waiter(watcher);
		g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
		g_thread_join(thread);
		db_connection_close(&watcher);
		if (modes[i] == DB_SNAPSHOT) {
			database_check(waiter.error);
			continue;
		}
		g_assert_false(waiter.good);
		g_assert_true(db_error_is_commit_unknown(waiter.error));
		g_assert_true(
			dbmail_error_is(waiter.error, DBMAIL_ERROR_TEMPORARY));
		g_error_free(waiter.error);
		g_assert_cmpint(database_number(pool, &count_rows), ==, 0);
	}
}

static void cluster(const char *verb, const char *mode)
{
	const char *argv[] = { g_getenv("DBMAIL_PG_CLUSTER"), verb,
		g_getenv("DBMAIL_PG_DIR"), mode, NULL };
	int status = 0;
	GError *error = NULL;
	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL,
		    NULL, NULL, NULL, &status, &error) ||
		!g_spawn_check_wait_status(status, &error))
		database_check(error);
}

static gpointer start_cluster(gpointer data)
{
	(void)data;
	g_usleep(1500 * 1000);
	cluster("start", NULL);
	return NULL;
}

static void test_server_restart(void)
{
	if (g_getenv("DBMAIL_PG_CLUSTER") == NULL) {
		g_test_skip("this cluster is not ours to stop");
		return;
	}
	g_autoptr(DbPool) patient = database_pool(4, 60);
	g_autoptr(DbPool) hasty = database_pool(4, 1);
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GError) error = NULL;
	db_batch_add(batch, &one);
	cluster("stop", "fast");
	gint64 begun = g_get_monotonic_time();
	g_assert_false(db_pool_run(hasty, batch, DB_WRITE, &error));
	gint64 took = g_get_monotonic_time() - begun;
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
	g_assert_false(db_error_is_commit_unknown(error));
	g_assert_cmpint(took, >=, 900 * 1000);
	/* Far less than who is patient waits. */
	g_assert_cmpint(took, <, 20 * G_USEC_PER_SEC);
	GThread *thread = g_thread_new("start", start_cluster, NULL);
	database_run(patient, batch, DB_WRITE);
	g_thread_join(thread);
	database_run(hasty, batch, DB_WRITE);
	g_assert_null(db_pool_new("host=/nonexistent", "x", 1, 1, NULL));
}

/* A server that turned into a standby: all connections to it are dropped. */
static void test_read_only(void)
{
	reset();
	g_autofree char *conninfo = g_strconcat(database_conninfo(),
		" options='-c default_transaction_read_only=on'", NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(DbPool) pool = db_pool_new(conninfo, "x", 2, 5, &error);
	g_autoptr(DbBatch) batch = db_batch_new();
	database_check(error);
	db_params_int64(db_batch_add(batch, &insert_row), 1);
	g_assert_false(db_pool_run(pool, batch, DB_WRITE, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
	g_assert_true(db_error_is_state(error, "25006"));
	g_assert_cmpuint(db_pool_stats(pool).opened, ==, 10);
	g_assert_cmpuint(db_pool_stats(pool).open, ==, 0);
}

/* --- sharing -------------------------------------------------------------------------- */

static void test_exhausted(void)
{
	g_autoptr(DbPool) pool = database_pool(1, 1);
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GError) error = NULL;
	DbConnection *mine = db_pool_borrow(pool, &error);
	g_assert_nonnull(mine);
	db_batch_add(batch, &one);
	g_assert_false(db_pool_run(pool, batch, DB_READ, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
	g_assert_nonnull(strstr(dbmail_error_detail(error), "in use"));
	db_pool_return(pool, &mine);
	g_assert_null(mine);
	database_run(pool, batch, DB_READ);
	g_assert_cmpuint(db_pool_stats(pool).waiting, ==, 0);
}

#define QUEUE_LENGTH 8

typedef struct {
	DbPool *pool;
	guint number;
	GMutex *lock;
	GArray *order;
} Queued;

static gpointer queue_up(gpointer data)
{
	Queued *queued = data;
	GError *error = NULL;
	DbConnection *connection = db_pool_borrow(queued->pool, &error);
	database_check(error);
	g_mutex_lock(queued->lock);
	g_array_append_val(queued->order, queued->number);
	g_mutex_unlock(queued->lock);
	db_pool_return(queued->pool, &connection);
	return NULL;
}

/* First come, first served. */
static void test_fair(void)
{
	g_autoptr(DbPool) pool = database_pool(1, 20);
	g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GError) error = NULL;
	GMutex lock;
	Queued queued[QUEUE_LENGTH];
	GThread *threads[QUEUE_LENGTH];
	g_mutex_init(&lock);
	DbConnection *mine = db_pool_borrow(pool, &error);
	for (guint i = 0; i < QUEUE_LENGTH; i++) {
		queued[i] = (Queued){ pool, i, &lock, order };
		threads[i] = g_thread_new("queue", queue_up, &queued[i]);
		while (db_pool_stats(pool).waiting != i + 1)
			g_thread_yield();
	}
	db_pool_return(pool, &mine);
	for (guint i = 0; i < QUEUE_LENGTH; i++)
		g_thread_join(threads[i]);
	for (guint i = 0; i < QUEUE_LENGTH; i++)
		g_assert_cmpuint(g_array_index(order, guint, i), ==, i);
	g_mutex_clear(&lock);
}

static gpointer run_many(gpointer data)
{
	DbPool *pool = data;
	g_autoptr(DbBatch) batch = db_batch_new();
	db_params_int64(db_batch_add(batch, &update_row), 1);
	for (guint i = 0; i < 50; i++)
		database_run(pool, batch, DB_WRITE_ASYNC);
	g_assert_cmpuint(db_pool_stats(pool).open, <=, 4);
	return NULL;
}

static void test_many_threads(void)
{
	reset();
	database_script("INSERT INTO pool_rows (id) VALUES (1)");
	g_autoptr(DbPool) pool = database_pool(4, 20);
	GThread *threads[16];
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("many", run_many, pool);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	g_assert_cmpint(database_number(pool, &sum_rows), ==, 16 * 50);
	DbPoolStats stats = db_pool_stats(pool);
	g_assert_cmpuint(stats.open, ==, stats.idle);
	g_assert_cmpuint(stats.opened, <=, 4);
	g_assert_cmpuint(stats.retries, ==, 0);
}

static void test_idle_are_closed(void)
{
	g_autoptr(DbPool) pool = database_pool(5, 5);
	g_autoptr(GError) error = NULL;
	DbConnection *mine[5];
	db_pool_keep_idle(pool, 1, 100);
	for (guint i = 0; i < G_N_ELEMENTS(mine); i++)
		mine[i] = db_pool_borrow(pool, &error);
	gint64 begun = g_get_monotonic_time();
	for (guint i = 0; i < G_N_ELEMENTS(mine); i++)
		db_pool_return(pool, &mine[i]);
	while (db_pool_stats(pool).open > 1)
		g_usleep(5000);
	g_assert_cmpint(g_get_monotonic_time() - begun, >=, 100 * 1000);
	g_usleep(200 * 1000);
	g_assert_cmpuint(db_pool_stats(pool).open, ==, 1);
	g_assert_cmpuint(db_pool_stats(pool).opened, ==, 5);
}

static const DbStatement size_of = { "size_of",
	"SELECT octet_length($1::bytea)" };

/* libpq never gives a buffer back: a connection that carried much goes. */
static void test_swollen(void)
{
	g_autoptr(DbPool) pool = database_pool(1, 5);
	g_autoptr(DbBatch) batch = db_batch_new();
	const gsize size = 9 << 20;
	g_autofree char *data = g_malloc0(size);
	db_params_bytes(db_batch_add(batch, &size_of), bytes_of(data, size));
	database_run(pool, batch, DB_READ);
	g_assert_cmpint(
		db_rows_int32(db_batch_rows(batch, 0), 0, 0), ==, (int)size);
	g_assert_cmpuint(db_pool_stats(pool).open, ==, 0);
	database_run(pool, batch, DB_READ);
	g_assert_cmpuint(db_pool_stats(pool).opened, ==, 2);
}

int main(int argc, char **argv)
{
	DATABASE_OR_SKIP();
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/db/pool/retry-table", test_retry_table);
	g_test_add_func("/db/pool/retry-modes", test_retry_modes);
	g_test_add_func("/db/pool/constraint", test_constraint);
	g_test_add_func("/db/pool/deadlock", test_deadlock);
	g_test_add_func("/db/pool/transact", test_transact);
	g_test_add_func("/db/pool/killed-while-idle", test_killed_while_idle);
	g_test_add_func("/db/pool/killed-in-a-batch", test_killed_in_a_batch);
	g_test_add_func("/db/pool/crash-in-a-batch", test_crash_in_a_batch);
	g_test_add_func("/db/pool/server-restart", test_server_restart);
	g_test_add_func("/db/pool/read-only", test_read_only);
	g_test_add_func("/db/pool/exhausted", test_exhausted);
	g_test_add_func("/db/pool/fair", test_fair);
	g_test_add_func("/db/pool/many-threads", test_many_threads);
	g_test_add_func("/db/pool/idle-are-closed", test_idle_are_closed);
	g_test_add_func("/db/pool/swollen", test_swollen);
	return g_test_run();
}
