/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Notifications arrive, and after a lost connection the listener says so. */
#include "db/listener.h"

#include "database.h"

static const DbStatement notify = { "notify",
	"SELECT pg_notify($1::text, $2::text)::text" };
static const DbStatement terminate_listener = { "terminate_listener",
	"SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
	" WHERE application_name = 'dbmail-listener'" };

/* What was heard: "channel payload", or "channel -" for a NULL payload. */
typedef struct {
	GMutex lock;
	GCond wake;
	GPtrArray *lines;
} Heard;

static void heard_init(Heard *heard)
{
	g_mutex_init(&heard->lock);
	g_cond_init(&heard->wake);
	heard->lines = g_ptr_array_new_with_free_func(g_free);
}

static void heard_clear(Heard *heard)
{
	g_ptr_array_free(heard->lines, TRUE);
	g_cond_clear(&heard->wake);
	g_mutex_clear(&heard->lock);
}

static void hear(const char *channel, const char *payload, gpointer data)
{
	Heard *heard = data;
	g_mutex_lock(&heard->lock);
	g_ptr_array_add(heard->lines,
		g_strdup_printf(
			"%s %s", channel, payload != NULL ? payload : "-"));
	g_cond_signal(&heard->wake);
	g_mutex_unlock(&heard->lock);
}

/* Waits for the line of that number, for a minute at most. */
static void expect(Heard *heard, guint number, const char *line)
{
	gint64 until = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
	g_mutex_lock(&heard->lock);
	while (heard->lines->len <= number)
		g_assert_true(
			g_cond_wait_until(&heard->wake, &heard->lock, until));
	g_assert_cmpstr(heard->lines->pdata[number], ==, line);
	g_mutex_unlock(&heard->lock);
}

static void send_one(DbPool *pool, const char *channel, const char *payload)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &notify);
	db_params_text(params, channel);
	db_params_text(params, payload);
	database_run(pool, batch, DB_WRITE_ASYNC);
}

/* A name that needs quoting must not become SQL. */
static const char *const channels[] = { "plain", "Odd \"name\"; x", NULL };

static void test_listen(void)
{
	Heard heard;
	heard_init(&heard);
	GError *error = NULL;
	g_autoptr(DbPool) pool = database_pool(1, 10);
	DbListener *listener = db_listener_new(database_conninfo(),
		"dbmail-listener", channels, hear, &heard, &error);
	database_check(error);
	expect(&heard, 0, "plain -");
	expect(&heard, 1, "Odd \"name\"; x -");
	send_one(pool, "plain", "1,2");
	send_one(pool, "elsewhere", "3");
	send_one(pool, channels[1], "4");
	expect(&heard, 2, "plain 1,2");
	expect(&heard, 3, "Odd \"name\"; x 4");
	/* The connection goes: the listener comes back and says so. */
	g_assert_cmpint(database_number(pool, &terminate_listener), ==, 1);
	expect(&heard, 4, "plain -");
	expect(&heard, 5, "Odd \"name\"; x -");
	send_one(pool, "plain", "5");
	expect(&heard, 6, "plain 5");
	db_listener_free(&listener);
	g_assert_null(listener);
	send_one(pool, "plain", "6");
	g_assert_cmpuint(heard.lines->len, ==, 7);
	heard_clear(&heard);
}

/* A burst larger than any buffer arrives whole and in order. */
static void test_burst(void)
{
	Heard heard;
	heard_init(&heard);
	GError *error = NULL;
	g_autoptr(DbPool) pool = database_pool(1, 10);
	g_autoptr(DbBatch) batch = db_batch_new();
	DbListener *listener = db_listener_new(database_conninfo(),
		"dbmail-listener", channels, hear, &heard, &error);
	database_check(error);
	expect(&heard, 1, "Odd \"name\"; x -");
	for (guint i = 0; i < 500; i++) {
		g_autofree char *payload =
			g_strdup_printf("%05u%0*d", i, 1000, 0);
		DbParams *params = db_batch_add(batch, &notify);
		db_params_text(params, "plain");
		db_params_text(params, payload);
	}
	database_run(pool, batch, DB_WRITE_ASYNC);
	for (guint i = 0; i < 500; i++) {
		g_autofree char *line =
			g_strdup_printf("plain %05u%0*d", i, 1000, 0);
		expect(&heard, i + 2, line);
	}
	db_listener_free(&listener);
	heard_clear(&heard);
}

/* A listener whose server is away stops at once when told to. */
static void test_stop_while_away(void)
{
	Heard heard;
	heard_init(&heard);
	GError *error = NULL;
	DbListener *listener = db_listener_new(
		"host=/nonexistent", "x", channels, hear, &heard, &error);
	database_check(error);
	g_usleep(300 * 1000);
	gint64 begun = g_get_monotonic_time();
	db_listener_free(&listener);
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 10 * G_USEC_PER_SEC);
	g_assert_cmpuint(heard.lines->len, ==, 0);
	heard_clear(&heard);
	DbListener *none = NULL;
	db_listener_free(&none);
}

int main(int argc, char **argv)
{
	DATABASE_OR_SKIP();
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/db/listener/listen", test_listen);
	g_test_add_func("/db/listener/burst", test_burst);
	g_test_add_func("/db/listener/stop-while-away", test_stop_while_away);
	return g_test_run();
}
