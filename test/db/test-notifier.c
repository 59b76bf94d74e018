/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids given to a notifier arrive at a listener, few payloads for many. */
#include "db/notifier.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "database.h"
#include "db/listener.h"

#define CHANNEL "notifier_test"

static const DbStatement terminate_notifier = { "terminate_notifier",
	"SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
	" WHERE application_name = 'dbmail-notifier'" };

typedef struct {
	GMutex lock;
	GCond wake;
	GHashTable *ids; /* of gint64 */
	guint payloads;
	guint anything;
	gboolean listening;
} Heard;

static void heard_init(Heard *heard)
{
	*heard = (Heard){ .ids = g_hash_table_new_full(
				  g_int64_hash, g_int64_equal, g_free, NULL) };
	g_mutex_init(&heard->lock);
	g_cond_init(&heard->wake);
}

static void heard_clear(Heard *heard)
{
	g_hash_table_destroy(heard->ids);
	g_cond_clear(&heard->wake);
	g_mutex_clear(&heard->lock);
}

static void hear(const char *channel, const char *payload, gpointer data)
{
	Heard *heard = data;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_assert_cmpstr(channel, ==, CHANNEL);
	g_mutex_lock(&heard->lock);
	if (payload == NULL) {
		heard->listening = TRUE;
	} else {
		heard->payloads++;
		if (!db_notifier_parse(payload, ids))
			heard->anything++;
		for (guint i = 0; i < ids->len; i++)
			g_hash_table_add(heard->ids,
				g_memdup2(&g_array_index(ids, gint64, i),
					sizeof(gint64)));
	}
	g_cond_signal(&heard->wake);
	g_mutex_unlock(&heard->lock);
}

/* Waits until that many different ids were heard. */
static void expect(Heard *heard, guint ids, guint anything)
{
	gint64 until = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
	g_mutex_lock(&heard->lock);
	while (!heard->listening || g_hash_table_size(heard->ids) < ids ||
		heard->anything < anything)
		g_assert_true(
			g_cond_wait_until(&heard->wake, &heard->lock, until));
	g_assert_cmpuint(g_hash_table_size(heard->ids), ==, ids);
	g_assert_cmpuint(heard->anything, ==, anything);
	g_mutex_unlock(&heard->lock);
}

static DbListener *listen_here(Heard *heard)
{
	static const char *const channels[] = { CHANNEL, NULL };
	GError *error = NULL;
	heard_init(heard);
	DbListener *listener = db_listener_new(database_conninfo(),
		"dbmail-listener", channels, hear, heard, &error);
	database_check(error);
	expect(heard, 0, 0);
	return listener;
}

static DbNotifier *notifier(void)
{
	GError *error = NULL;
	DbNotifier *made = db_notifier_new(
		database_conninfo(), "dbmail-notifier", CHANNEL, &error);
	database_check(error);
	return made;
}

static gpointer add_many(gpointer data)
{
	for (gint64 i = 1; i <= 5000; i++)
		db_notifier_add(data, i % 2500 + 1000000);
	return NULL;
}

static void test_coalesce(void)
{
	Heard heard;
	DbListener *listener = listen_here(&heard);
	DbNotifier *made = notifier();
	gint64 begun = g_get_monotonic_time();
	db_notifier_add(made, -5);
	expect(&heard, 1, 0);
	GThread *threads[4];
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("add", add_many, made);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	expect(&heard, 2501, 0);
	/* A payload holds about 980 such ids; 50 sendings a second. */
	gint64 turns = (g_get_monotonic_time() - begun) / 20000 + 2;
	g_assert_cmpint(heard.payloads, <=, turns * 3);
	db_notifier_free(&made);
	g_assert_null(made);
	db_listener_free(&listener);
	heard_clear(&heard);
}

/* What is waiting when it is freed is sent. */
static void test_flush(void)
{
	Heard heard;
	DbListener *listener = listen_here(&heard);
	DbNotifier *made = notifier();
	db_notifier_add(made, 1);
	expect(&heard, 1, 0);
	db_notifier_add(made, 2);
	db_notifier_add(made, 3);
	db_notifier_free(&made);
	expect(&heard, 3, 0);
	db_listener_free(&listener);
	heard_clear(&heard);
}

static void test_reconnect(void)
{
	Heard heard;
	g_autoptr(DbPool) pool = database_pool(1, 10);
	DbListener *listener = listen_here(&heard);
	DbNotifier *made = notifier();
	db_notifier_add(made, 1);
	expect(&heard, 1, 0);
	g_assert_cmpint(database_number(pool, &terminate_notifier), ==, 1);
	db_notifier_add(made, 2);
	expect(&heard, 2, 0);
	db_notifier_free(&made);
	db_listener_free(&listener);
	heard_clear(&heard);
}

/* While the server is away some ids are kept; of too many it is only told
 * that there were some.  The server is away because the directory its socket
 * is said to be in does not exist yet. */
static void test_server_away(void)
{
	static const struct {
		guint added;
		guint heard;
		guint anything;
	} cases[] = {
		{ 3000, 3000, 0 },
		{ 300000, 0, 1 },
	};
	const char *cluster = g_getenv("DBMAIL_PG_DIR");
	if (cluster == NULL) {
		g_test_skip("the cluster's directory is not known");
		return;
	}
	GError *error = NULL;
	g_autofree char *directory = g_dir_make_tmp("dbXXXXXX", &error);
	database_check(error);
	g_autofree char *link = g_build_filename(directory, "s", NULL);
	g_autofree char *conninfo =
		g_strconcat(database_conninfo(), " host=", link, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Heard heard;
		DbListener *listener = listen_here(&heard);
		DbNotifier *made = db_notifier_new(
			conninfo, "dbmail-notifier", CHANNEL, &error);
		database_check(error);
		for (guint id = 1; id <= cases[i].added; id++)
			db_notifier_add(made, id);
		/* Some attempts fail; nothing is lost by them. */
		g_usleep(200 * 1000);
		g_assert_cmpint(symlink(cluster, link), ==, 0);
		expect(&heard, cases[i].heard, cases[i].anything);
		g_assert_cmpint(g_unlink(link), ==, 0);
		db_notifier_free(&made);
		db_listener_free(&listener);
		heard_clear(&heard);
	}
	g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void test_parse(void)
{
	static const struct {
		const char *payload;
		gboolean good;
		guint count;
		gint64 last;
	} cases[] = {
		{ "", TRUE, 0, 0 },
		{ "1", TRUE, 1, 1 },
		{ "1,-2,9223372036854775807", TRUE, 3, G_MAXINT64 },
		{ "-12", TRUE, 1, -12 },
		{ "*", FALSE, 0, 0 },
		{ "1,*", FALSE, 0, 0 },
		{ "1,,2", FALSE, 0, 0 },
		{ ",", FALSE, 0, 0 },
		{ "1 ", FALSE, 0, 0 },
		{ "-", FALSE, 0, 0 },
		{ "9223372036854775808", FALSE, 0, 0 },
		{ "x", FALSE, 0, 0 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GArray) ids =
			g_array_new(FALSE, FALSE, sizeof(gint64));
		g_assert_cmpint(db_notifier_parse(cases[i].payload, ids), ==,
			cases[i].good);
		g_assert_cmpuint(ids->len, ==, cases[i].count);
		if (ids->len > 0)
			g_assert_cmpint(
				g_array_index(ids, gint64, ids->len - 1), ==,
				cases[i].last);
	}
}

int main(int argc, char **argv)
{
	DATABASE_OR_SKIP();
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/db/notifier/coalesce", test_coalesce);
	g_test_add_func("/db/notifier/flush", test_flush);
	g_test_add_func("/db/notifier/reconnect", test_reconnect);
	g_test_add_func("/db/notifier/server-away", test_server_away);
	g_test_add_func("/db/notifier/parse", test_parse);
	return g_test_run();
}
