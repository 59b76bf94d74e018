/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Migrations: once each however many programs start, and versions compared. */
#include "store/migrate.h"

#include "store/check.h"
#include "store/flag.h"
#include "store/mailbox.h"
#include "store/script.h"
#include "store/view.h"
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

/* --- a store with mail in it ------------------------------------------------ */

static const char *const mails[] = {
	"Subject: one\r\n\r\n1\r\n",
	"no header at all",
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	"--b\r\n\r\ntext\r\n--b\r\n"
	"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	"iVBORw0KGgo=\r\n--b--\r\n",
};

static const char *const keywords[] = { "$Forwarded", "work", NULL };

/* Delivers into it with the program of today. */
static gint64 fill(void)
{
	g_autoptr(NumSet) uids = numset_new();
	const FlagChange change = {
		.action = FLAG_ADD,
		.flags = FLAG_SEEN | FLAG_DELETED,
		.keywords = keywords,
	};
	GError *error = NULL;
	guint64 seq;
	Store *store = fixture_store(NULL);
	gint64 inbox = fixture_inbox(fixture_user(store, "old", 100000));

	for (guint i = 0; i < G_N_ELEMENTS(mails); i++)
		fixture_deliver(store, inbox, bytes_of_string(mails[i]),
			DELIVERY_STORED);
	numset_add_range(uids, 2, 3);
	if (!flag_change(store, inbox, uids, &change, &seq, NULL, &error))
		database_check(error);
	store_close(&store);
	return inbox;
}

/* Puts all that the first schema has room for into a database that has been
 * through the first migration alone. */
static void make_old(void)
{
	g_autofree char *path = g_build_filename(
		g_getenv("srcdir"), "sql", "0001-store.sql", NULL);
	g_autofree char *script = NULL;
	GError *error = NULL;

	if (!g_file_get_contents(path, &script, NULL, &error))
		g_error("%s", error->message);
	database_script("ALTER SCHEMA public RENAME TO today;"
			"CREATE SCHEMA public;");
	database_script(script);
	database_script(
		"CREATE TABLE dbmail_schema (version integer PRIMARY KEY,"
		" name text NOT NULL, applied timestamptz DEFAULT now());"
		"INSERT INTO dbmail_schema VALUES (1, 'store');"
		"DELETE FROM today.dbmail_users WHERE user_idnr < 0;"
		"DO $$ DECLARE t record; BEGIN"
		" FOR t IN SELECT c.relname, string_agg(quote_ident(a.attname),"
		"  ', ') AS columns FROM pg_class c JOIN pg_attribute a"
		"  ON a.attrelid = c.oid AND a.attnum > 0"
		"  AND a.attgenerated = '' AND NOT a.attisdropped"
		"  WHERE c.relnamespace = 'public'::regnamespace"
		"  AND c.relkind = 'r' AND c.relname <> 'dbmail_schema'"
		"  GROUP BY c.oid, c.relname ORDER BY c.oid LOOP"
		" EXECUTE format('INSERT INTO public.%I (%s) SELECT %s"
		"  FROM today.%I', t.relname, t.columns, t.columns, t.relname);"
		" END LOOP;"
		" FOR t IN SELECT attrelid::regclass::text AS relname, attname"
		"  FROM pg_attribute WHERE attidentity <> '' AND attrelid IN ("
		"  SELECT oid FROM pg_class"
		"   WHERE relnamespace = 'public'::regnamespace) LOOP"
		" EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L),"
		"  coalesce(max(%I), 1)) FROM %s', t.relname, t.attname,"
		"  t.attname, t.relname);"
		" END LOOP; END $$;");
}

/* What the first schema allowed and the second one puts right. */
static void make_odd(void)
{
	database_script(
		"UPDATE dbmail_mailboxes SET name = U&'Entwu\\0308rfe'"
		" WHERE name = 'Drafts';"
		"UPDATE dbmail_subscribed_names SET name = U&'Entwu\\0308rfe'"
		" WHERE name = 'Drafts';"
		"UPDATE dbmail_mailboxes SET name = '#Users/old/x'"
		" WHERE name = 'Junk';"
		"INSERT INTO dbmail_users (user_idnr, userid)"
		" VALUES (77, 'Anyone')");
}

static gint64 version_of(void)
{
	return fixture_number("SELECT max(version) FROM dbmail_schema");
}

/* It is all or nothing, and programs wait until it is done. */
static void test_refused(void)
{
	g_autoptr(DbPool) pool = database_pool(1, 10);
	g_autoptr(Settings) settings = fixture_settings(NULL);
	g_autoptr(GError) open = NULL;
	g_autoptr(GError) run = NULL;

	g_assert_null(store_open(settings, "test", STORE_PLAIN, &open));
	g_assert_nonnull(strstr(open->message, "dbmail-util migrate"));
	g_assert_false(migrate_run(pool, NULL, NULL, NULL, &run));
	g_assert_cmpint(version_of(), ==, 1);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM pg_class WHERE"
			       " relname = 'dbmail_acl' AND relnamespace"
			       " = 'public'::regnamespace"),
		==, 0);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_mailboxes"
				       " WHERE name IS NOT NFC NORMALIZED"),
		==, 1);
	database_script("DELETE FROM dbmail_users WHERE user_idnr = 77");
}

static void assert_messages(Store *store, gint64 inbox)
{
	g_autoptr(MailboxView) view = NULL;
	GError *error = NULL;

	if (!view_get(store, inbox, &view, &error))
		database_check(error);
	g_assert_cmpuint(view->count, ==, G_N_ELEMENTS(mails));
	g_assert_true(g_strv_equal(view->keywords, keywords));
	for (guint i = 0; i < view->count; i++) {
		const ViewMessage *message = &view->messages[i];
		g_autoptr(GByteArray) bytes =
			fixture_join(message->physmessage);

		g_assert_cmpuint(message->uid, ==, i + 1);
		g_assert_cmpuint(message->flags, ==,
			i == 0 ? 0 : FLAG_SEEN | FLAG_DELETED);
		g_assert_cmpuint(message->keywords, ==, i == 0 ? 0 : 3);
		g_assert_cmpuint(message->size, ==, strlen(mails[i]));
		g_assert_cmpmem(
			bytes->data, bytes->len, mails[i], strlen(mails[i]));
	}
}

static void assert_names(void)
{
	static const char *const true_things[] = {
		"name = U&'Entw\\00fcrfe' AND special_use = '\\Drafts'",
		"name = '##Users/old/x' AND special_use = '\\Junk'",
		"name = 'Sent' AND special_use = '\\Sent'",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(true_things); i++) {
		g_autofree char *query = g_strdup_printf(
			"SELECT count(*) FROM dbmail_mailboxes WHERE %s",
			true_things[i]);
		g_assert_cmpint(fixture_number(query), ==, 1);
	}
	g_assert_cmpint(fixture_number("SELECT count(*) FROM"
				       " dbmail_subscribed_names"
				       " WHERE name = U&'Entw\\00fcrfe'"),
		==, 1);
}

/* The old user can have a script at once. */
static void assert_scripts(Store *store)
{
	const ScriptLimits limits = { 0, 0, 0 };
	g_autoptr(ScriptSet) set = NULL;
	g_autoptr(User) user = NULL;
	GError *error = NULL;

	if (!user_get(store, "old", &user, &error) ||
		!script_put(store, user->id, "new", bytes_of_string("keep;"),
			&limits, &error) ||
		!script_activate(store, user->id, "new", &error) ||
		!script_load(store, user->id, &set, &error))
		database_check(error);
	g_assert_cmpint(set->version, ==, 2);
	g_assert_cmpint(set->told_version, ==, 0);
	g_assert_cmpstr(set->active->source, ==, "keep;");
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_outbound_queue"),
		==, 0);
}

static void test_mail(void)
{
	gint64 inbox = fill();
	guint64 problems;
	guint64 repaired;
	GError *error = NULL;

	make_old();
	make_odd();
	test_refused();
	Store *store = fixture_store(NULL);
	g_assert_cmpint(version_of(), ==, migrate_version());
	if (!check_run(store, FALSE, NULL, NULL, NULL, &problems, &repaired,
		    &error))
		database_check(error);
	g_assert_cmpuint(problems, ==, 0);
	fixture_assert_sums();
	assert_messages(store, inbox);
	assert_names();
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_messages"
				       " WHERE save_date IS NOT NULL"),
		==, 0);
	assert_scripts(store);
	fixture_deliver(
		store, inbox, bytes_of_string("after\r\n"), DELIVERY_STORED);
	store_close(&store);
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
	g_test_add_func("/store/migrate/mail", test_mail);
	return g_test_run();
}
