/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Migrations: once each however many programs start, and versions compared. */
#include "store/migrate.h"

#include "fixture.h"

#define THREADS 8

typedef struct {
	guint told;
	guint applied;
} Migrator;

static void count(gint version, const char *name, gpointer data)
{
	Migrator *migrator = data;

	g_assert_cmpint(version, >=, 1);
	g_assert_cmpstr(name, !=, "");
	migrator->told++;
}

static gpointer migrate(gpointer data)
{
	Migrator *migrator = data;
	g_autoptr(DbPool) pool = database_pool(1, 30);
	GError *error = NULL;

	if (!migrate_run(pool, count, migrator, &migrator->applied, &error) ||
		!migrate_check(pool, &error))
		database_check(error);
	return NULL;
}

static void test_empty(void)
{
	g_autoptr(DbPool) pool = database_pool(1, 10);
	g_autoptr(GError) error = NULL;

	g_assert_false(migrate_check(pool, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	g_assert_nonnull(strstr(error->message, "dbmail-util migrate"));
}

static void test_race(void)
{
	Migrator migrators[THREADS] = { 0 };
	GThread *threads[THREADS];
	guint applied = 0;
	guint told = 0;

	for (guint i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("migrate", migrate, &migrators[i]);
	for (guint i = 0; i < THREADS; i++) {
		g_thread_join(threads[i]);
		applied += migrators[i].applied;
		told += migrators[i].told;
	}
	g_assert_cmpuint(applied, ==, (guint)migrate_version());
	g_assert_cmpuint(told, ==, applied);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_schema"),
		==, migrate_version());
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_schema"
				       " WHERE version = 1 AND name = 'store'"),
		==, 1);
}

static void test_again(void)
{
	Migrator migrator = { 0 };

	migrate(&migrator);
	g_assert_cmpuint(migrator.applied, ==, 0);
}

/* Names that become one in Normalization Form C stay two. */
static void test_names(void)
{
	database_script(
		"INSERT INTO dbmail_users (user_idnr, userid) VALUES (7, 'n');"
		"INSERT INTO dbmail_mailboxes (mailbox_idnr, owner_idnr, name)"
		" VALUES (1, 7, U&'a\\0308'), (2, 7, U&'\\00e4'),"
		" (3, 7, U&'\\212b'), (4, 7, U&'A\\030a'), (5, 7, U&'o\\0308');"
		"UPDATE dbmail_mailboxes"
		" SET name = dbmail_free_name(mailbox_idnr, owner_idnr, name)"
		" WHERE name IS NOT NFC NORMALIZED");
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_mailboxes"
				       " WHERE name = ANY (ARRAY[U&'\\00e4 1',"
				       " U&'\\00e4', U&'\\00c5', U&'\\00c5 4',"
				       " U&'\\00f6'])"),
		==, 5);
	database_script("DELETE FROM dbmail_mailboxes;"
			"DELETE FROM dbmail_users WHERE user_idnr = 7");
}

/* The program is older than the database: it says so, and store_open() too. */
static void test_newer(void)
{
	g_autoptr(DbPool) pool = database_pool(1, 10);
	g_autoptr(Settings) settings = fixture_settings(NULL);
	g_autoptr(GError) run = NULL;
	g_autoptr(GError) check = NULL;
	g_autoptr(GError) open = NULL;

	database_script("INSERT INTO dbmail_schema VALUES (1000, 'future')");
	g_assert_false(migrate_run(pool, NULL, NULL, NULL, &run));
	g_assert_true(dbmail_error_is(run, DBMAIL_ERROR_INVALID));
	g_assert_false(migrate_check(pool, &check));
	g_assert_true(dbmail_error_is(check, DBMAIL_ERROR_INVALID));
	g_assert_nonnull(strstr(check->message, "1000"));
	g_assert_null(store_open(settings, "test", STORE_NOTIFY, &open));
	g_assert_true(dbmail_error_is(open, DBMAIL_ERROR_INVALID));
	database_script("DELETE FROM dbmail_schema WHERE version = 1000");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	g_test_add_func("/store/migrate/empty", test_empty);
	g_test_add_func("/store/migrate/race", test_race);
	g_test_add_func("/store/migrate/again", test_again);
	g_test_add_func("/store/migrate/names", test_names);
	g_test_add_func("/store/migrate/newer", test_newer);
	return g_test_run();
}
