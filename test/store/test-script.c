/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts: names, limits, one active at most, versions, and what a run loads. */
#include "store/script.h"

#include "fixture.h"
#include "store/name.h"
#include "store/script-sql.h"

static Store *store;

static const ScriptLimits no_limits = { 0, 0, 0 };

static gboolean is_error(GError **error, DbmailErrorCode code)
{
	gboolean is = dbmail_error_is(*error, code);

	g_clear_error(error);
	return is;
}

static void put(gint64 user, const char *name, const char *text)
{
	GError *error = NULL;

	if (!script_put(store, user, name, bytes_of_string(text), &no_limits,
		    &error))
		database_check(error);
}

static void activate(gint64 user, const char *name)
{
	GError *error = NULL;

	if (!script_activate(store, user, name, &error))
		database_check(error);
}

static char *names_of(gint64 user)
{
	g_autoptr(GPtrArray) scripts = NULL;
	GString *all = g_string_new(NULL);
	GError *error = NULL;

	if (!script_list(store, user, &scripts, &error))
		database_check(error);
	for (guint i = 0; i < scripts->len; i++) {
		const ScriptInfo *info = scripts->pdata[i];
		g_string_append_printf(all, "%s%s:%zu ", info->name,
			info->is_active ? "*" : "", info->size);
	}
	return g_string_free(all, FALSE);
}

static void assert_names(gint64 user, const char *expected)
{
	g_autofree char *names = names_of(user);

	g_assert_cmpstr(names, ==, expected);
}

static gint64 version_of(gint64 user)
{
	g_autofree char *query =
		g_strdup_printf("SELECT sieve_version FROM dbmail_users"
				" WHERE user_idnr = %" G_GINT64_FORMAT,
			user);

	return fixture_number(query);
}

/* --- names ---------------------------------------------------------------- */

#define LONGEST \
	"12345678901234567890123456789012345678901234567890123456789012345678" \
	"901234567890123456789012345678901234567890123456789012345678"

static const struct {
	const char *name;
	gsize size;
	const char *expected; /* NULL: refused */
} name_cases[] = {
	{ "a", 1, "a" },
	{ "a b/\"c\" \\", 9, "a b/\"c\" \\" },
	{ "a\xcc\x88", 3, "\xc3\xa4" },
	{ "\xe2\x80\xa7", 3, "\xe2\x80\xa7" },
	{ LONGEST, 128, LONGEST },
	{ LONGEST "1", 129, NULL },
	{ "", 0, NULL },
	{ "a\0b", 3, NULL },
	{ "\x1f", 1, NULL },
	{ "\x7f", 1, NULL },
	{ "\xc2\x9f", 2, NULL },
	{ "\xe2\x80\xa8", 3, NULL },
	{ "\xe2\x80\xa9", 3, NULL },
	{ "\xff", 1, NULL },
	{ "a\xcc", 2, NULL },
};

static void test_name(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(name_cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *name = script_name_normalise(
			bytes_of(name_cases[i].name, name_cases[i].size),
			&error);

		g_assert_cmpstr(name, ==, name_cases[i].expected);
		g_assert_true((name == NULL) ==
			dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	}
}

/* --- put, get, delete, rename ------------------------------------------------ */

static void test_put(void)
{
	/* Octets as they are (RFC 5228 section 2.1). */
	static const char text[] = "keep;\r\n# \xc3\xa4\xff\\\n\tstop;";
	const gint64 user = fixture_user(store, "put", 0);
	g_autofree char *source = NULL;
	g_autofree char *replaced = NULL;
	GError *error = NULL;
	gsize size;

	put(user, "b", text);
	put(user, "a", "");
	assert_names(user, "a:0 b:20 ");
	g_assert_cmpint(version_of(user), ==, 2);
	g_assert_true(script_get(store, user, "b", &source, &size, NULL));
	g_assert_cmpmem(source, size, text, strlen(text));
	g_assert_cmpint(source[size], ==, 0);
	put(user, "b", "stop;");
	g_assert_true(script_get(store, user, "b", &replaced, &size, NULL));
	g_assert_cmpstr(replaced, ==, "stop;");
	g_assert_false(script_get(store, user, "c", &source, &size, &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_NOT_FOUND));
	g_assert_false(script_get(store, user, NULL, &source, &size, &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_NOT_FOUND));
	g_assert_false(script_put(
		store, user, "c", bytes_of("a\0b", 3), &no_limits, &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_INVALID));
	g_assert_false(script_put(
		store, 999999, "c", bytes_of_string(""), &no_limits, &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_NOT_FOUND));
	g_assert_cmpint(version_of(user), ==, 3);
}

static void test_delete(void)
{
	const gint64 user = fixture_user(store, "delete", 0);
	const gint64 other = fixture_user(store, "delete2", 0);
	GError *error = NULL;

	put(user, "a", "keep;");
	put(user, "b", "keep;");
	put(other, "a", "keep;");
	activate(user, "a");
	g_assert_false(script_delete(store, user, "a", FALSE, &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_IN_USE));
	g_assert_cmpint(version_of(user), ==, 3);
	g_assert_true(script_delete(store, user, "b", FALSE, NULL));
	g_assert_false(script_delete(store, user, "b", FALSE, &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_NOT_FOUND));
	assert_names(user, "a*:5 ");
	g_assert_cmpint(version_of(user), ==, 4);
	/* Another that is active stays so. */
	put(user, "c", "keep;");
	g_assert_true(script_delete(store, user, "c", TRUE, NULL));
	assert_names(user, "a*:5 ");
	g_assert_true(script_delete(store, user, "a", TRUE, NULL));
	g_assert_false(script_delete(store, user, "a", TRUE, &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_NOT_FOUND));
	assert_names(user, "");
	assert_names(other, "a:5 ");
}

static void test_deactivate(void)
{
	const gint64 user = fixture_user(store, "deactivate", 0);
	static const char *const ask[] = { "a", NULL };
	GError *error = NULL;

	put(user, "a", "1");
	put(user, "b", "2");
	for (gsize i = 0; i < G_N_ELEMENTS(ask); i++) {
		g_autofree char *was = NULL;
		activate(user, "a");
		g_assert_false(
			script_deactivate(store, user, "b", &was, &error));
		g_assert_true(is_error(&error, DBMAIL_ERROR_NOT_FOUND));
		g_assert_null(was);
		assert_names(user, "a*:1 b:1 ");
		g_assert_true(
			script_deactivate(store, user, ask[i], &was, NULL));
		g_assert_cmpstr(was, ==, "a");
		assert_names(user, "a:1 b:1 ");
		g_assert_false(
			script_deactivate(store, user, ask[i], &was, &error));
		g_assert_true(is_error(&error, DBMAIL_ERROR_NOT_FOUND));
	}
	g_assert_cmpint(version_of(user), ==, 6);
}

static void test_rename(void)
{
	const gint64 user = fixture_user(store, "rename", 0);
	GError *error = NULL;

	put(user, "a", "keep;");
	put(user, "b", "");
	activate(user, "a");
	g_assert_false(script_rename(store, user, "a", "b", &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_EXISTS));
	g_assert_false(script_rename(store, user, "a", "a", &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_EXISTS));
	g_assert_false(script_rename(store, user, "x", "y", &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_NOT_FOUND));
	g_assert_cmpint(version_of(user), ==, 3);
	g_assert_true(script_rename(store, user, "a", "c", NULL));
	assert_names(user, "b:0 c*:5 ");
	g_assert_cmpint(version_of(user), ==, 4);
}

static void test_activate(void)
{
	const gint64 user = fixture_user(store, "activate", 0);
	g_autofree char *source = NULL;
	GError *error = NULL;
	gsize size;

	put(user, "a", "1");
	put(user, "b", "2");
	activate(user, "b");
	activate(user, "a");
	assert_names(user, "a*:1 b:1 ");
	g_assert_false(script_activate(store, user, "c", &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_NOT_FOUND));
	assert_names(user, "a*:1 b:1 ");
	g_assert_cmpint(version_of(user), ==, 5);
	/* A new text does not change which one is active. */
	put(user, "a", "12");
	g_assert_true(script_get(store, user, NULL, &source, &size, NULL));
	g_assert_cmpstr(source, ==, "12");
	activate(user, NULL);
	assert_names(user, "a:2 b:1 ");
	g_assert_cmpint(version_of(user), ==, 7);
}

/* Other programs write into the table as well. */
static void test_by_hand(void)
{
	static const char *const changes[] = {
		"INSERT INTO dbmail_sievescripts (owner_idnr, name, script)"
		" SELECT user_idnr, 'a', 'keep;' FROM dbmail_users"
		" WHERE userid = 'by-hand'",
		"UPDATE dbmail_sievescripts SET active = 1"
		" WHERE owner_idnr = (SELECT user_idnr FROM dbmail_users"
		" WHERE userid = 'by-hand')",
		"DELETE FROM dbmail_sievescripts"
		" WHERE owner_idnr = (SELECT user_idnr FROM dbmail_users"
		" WHERE userid = 'by-hand')",
	};
	const gint64 user = fixture_user(store, "by-hand", 0);

	for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
		database_script(changes[i]);
		g_assert_cmpint(version_of(user), ==, i + 1);
	}
	/* A user who goes takes them along. */
	put(user, "a", "keep;");
	database_script("DELETE FROM dbmail_mailboxes WHERE owner_idnr ="
			" (SELECT user_idnr FROM dbmail_users"
			" WHERE userid = 'by-hand');"
			"DELETE FROM dbmail_users WHERE userid = 'by-hand'");
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_users"
				       " WHERE userid = 'by-hand'"),
		==, 0);
}

/* --- limits ------------------------------------------------------------------ */

/* Against a user with scripts a of 10 bytes and b of 20. */
static const struct {
	ScriptLimits limits;
	const char *name;
	gsize size;
	const char *cause; /* NULL: it will do */
} limit_cases[] = {
	{ { 0, 0, 0 }, "c", 1000, NULL },
	{ { 15, 0, 0 }, "c", 15, NULL },
	{ { 15, 0, 0 }, "c", 16, "QUOTA/MAXSIZE" },
	{ { 15, 0, 0 }, "b", 16, "QUOTA/MAXSIZE" },
	{ { 0, 3, 0 }, "c", 1, NULL },
	{ { 0, 2, 0 }, "c", 1, "QUOTA/MAXSCRIPTS" },
	{ { 0, 1, 0 }, "b", 1, NULL },
	{ { 0, 0, 40 }, "c", 10, NULL },
	{ { 0, 0, 40 }, "c", 11, "QUOTA" },
	{ { 0, 0, 40 }, "b", 30, NULL },
	{ { 0, 0, 40 }, "b", 31, "QUOTA" },
	{ { 0, 0, 5 }, "b", 20, NULL },
	{ { 0, 0, 5 }, "b", 21, "QUOTA" },
	{ { 5, 2, 5 }, "c", 6, "QUOTA/MAXSIZE" },
};

static void test_limits(void)
{
	const gint64 user = fixture_user(store, "limits", 0);
	g_autofree char *long_text = g_strnfill(1000, '#');
	gint64 version;

	put(user, "a", "1234567890");
	put(user, "b", "12345678901234567890");
	version = version_of(user);
	for (gsize i = 0; i < G_N_ELEMENTS(limit_cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GError) refused = NULL;
		gboolean ok = script_have_space(store, user,
			limit_cases[i].name, limit_cases[i].size,
			&limit_cases[i].limits, &error);

		g_test_message("case %zu", i);
		g_assert_true(ok == (limit_cases[i].cause == NULL));
		g_assert_cmpint(version_of(user), ==, version);
		if (ok)
			continue;
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_LIMIT));
		g_assert_cmpstr(
			dbmail_error_cause(error), ==, limit_cases[i].cause);
		g_assert_false(script_put(store, user, limit_cases[i].name,
			bytes_of(long_text, limit_cases[i].size),
			&limit_cases[i].limits, &refused));
		g_assert_cmpstr(
			dbmail_error_cause(refused), ==, limit_cases[i].cause);
	}
	assert_names(user, "a:10 b:20 ");
}

/* --- loading ------------------------------------------------------------------ */

static void alias(gint64 user, const char *name)
{
	GError *error = NULL;

	if (!user_alias_add(store, user, name, &error))
		database_check(error);
}

static void test_load(void)
{
	const gint64 user = fixture_user(store, "Load@Example.org", 0);
	g_autoptr(ScriptSet) set = NULL;
	g_autoptr(ScriptSet) none = NULL;
	GError *error = NULL;
	g_autofree char *addresses = NULL;

	alias(user, "Info@example.org");
	alias(user, "@example.net");
	database_script("INSERT INTO dbmail_aliases (alias, deliver_to) VALUES"
			" ('deep@example.com', 'info@example.org'),"
			" ('by-name@example.com', 'load@example.org'),"
			" ('round@example.com', 'round@example.com'),"
			" ('other@example.com', 'nobody@example.com')");
	put(user, "one", "1");
	put(user, "two", "22");
	put(NAME_PUBLIC_OWNER_ID, "all", "333");
	activate(user, "two");
	if (!script_load(store, user, &set, &error))
		database_check(error);
	g_assert_cmpstr(set->user_name, ==, "Load@Example.org");
	addresses = g_strjoinv(" ", set->addresses);
	g_assert_cmpstr(addresses, ==,
		"by-name@example.com deep@example.com info@example.org "
		"load@example.org");
	g_auto(GStrv) alone = NULL;
	g_assert_true(script_addresses(store, set->user, &alone, NULL));
	g_assert_true(g_strv_equal((const char *const *)alone,
		(const char *const *)set->addresses));
	g_assert_cmpint(set->version, ==, 3);
	g_assert_cmpint(set->global_version, ==, 1);
	g_assert_cmpint(set->told_version, ==, 0);
	g_assert_cmpuint(set->personal->len, ==, 2);
	g_assert_cmpuint(set->global->len, ==, 1);
	g_assert_cmpstr(set->active->name, ==, "two");
	g_assert_true(set->active == script_set_find(set->personal, "two"));
	g_assert_cmpstr(script_set_find(set->global, "all")->source, ==, "333");
	g_assert_null(script_set_find(set->personal, "all"));
	g_assert_false(script_load(store, 999999, &none, &error));
	g_assert_true(is_error(&error, DBMAIL_ERROR_NOT_FOUND));
	g_assert_true(
		script_delete(store, NAME_PUBLIC_OWNER_ID, "all", FALSE, NULL));
}

static void assert_resolved(const char *name, gint64 version, gint64 global)
{
	const char *const names[] = { name, NULL };
	g_autoptr(GArray) targets = NULL;
	GError *error = NULL;

	if (!user_resolve(store, names, &targets, &error))
		database_check(error);
	g_assert_cmpuint(targets->len, ==, 1);
	g_assert_cmpint(g_array_index(targets, UserTarget, 0).sieve_version, ==,
		version);
	g_assert_cmpint(g_array_index(targets, UserTarget, 0).global_version,
		==, global);
}

static void test_resolve(void)
{
	const gint64 user = fixture_user(store, "resolve", 0);
	const gint64 global = version_of(NAME_PUBLIC_OWNER_ID);

	assert_resolved("resolve", 0, global);
	put(user, "a", "keep;");
	assert_resolved("resolve", 0, global);
	activate(user, "a");
	assert_resolved("resolve", 2, global);
	put(NAME_PUBLIC_OWNER_ID, "g", "keep;");
	assert_resolved("resolve", 2, global + 1);
	activate(user, NULL);
	assert_resolved("resolve", 0, global + 1);
}

/* Two who change which one is active leave one. */
static gpointer swap(gpointer data)
{
	const gint64 user = *(const gint64 *)data;

	for (guint i = 0; i < 20; i++) {
		activate(user, "a");
		activate(user, i % 5 == 0 ? NULL : "b");
		put(user, "a", "x");
	}
	return NULL;
}

static void test_race(void)
{
	gint64 user = fixture_user(store, "race", 0);
	GThread *threads[4];

	put(user, "a", "1");
	put(user, "b", "2");
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("swap", swap, &user);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	/* Two puts before, and in each thread as many as activations of "a", and
	 * those of "b"; what was active before counts once more. */
	g_assert_cmpint(version_of(user), >=, 2 + 4 * (20 + 20 + 16));
	g_assert_cmpint(fixture_number("SELECT count(*) FROM"
				       " dbmail_sievescripts WHERE active = 1"
				       " AND owner_idnr = (SELECT user_idnr"
				       " FROM dbmail_users"
				       " WHERE userid = 'race')"),
		==, 1);
}

static void test_seen(void)
{
	const gint64 user = fixture_user(store, "seen", 0);
	ScriptSeen ids[3] = { 0 };
	gboolean seen[3] = { TRUE, FALSE, TRUE };
	g_autofree char *script = g_strdup_printf(
		"INSERT INTO dbmail_sieve_seen VALUES (%" G_GINT64_FORMAT
		", decode(repeat('02', 32), 'hex'), now() + '1 hour'),"
		" (%" G_GINT64_FORMAT
		", decode(repeat('03', 32), 'hex'), now() - interval '1 s')",
		user, user);

	for (guint i = 0; i < G_N_ELEMENTS(ids); i++)
		memset(ids[i].id, (int)i + 1, sizeof(ids[i].id));
	database_script(script);
	g_assert_true(script_was_seen(store, user, ids, 3, seen, NULL));
	g_assert_false(seen[0]);
	g_assert_true(seen[1]);
	g_assert_false(seen[2]);
}

/* Of a user with many ids one look-up finds out. */
static void test_seen_many(void)
{
	database_script(
		"INSERT INTO dbmail_users (userid, passwd)"
		" SELECT 'many' || i, '' FROM generate_series(1, 1000) i;"
		"INSERT INTO dbmail_sieve_seen"
		" SELECT user_idnr, sha256(n::text::bytea), now() + '1 day'"
		" FROM dbmail_users, generate_series(1, 5) n"
		" WHERE userid ~ '^many';"
		"ANALYZE dbmail_users, dbmail_sieve_seen");
	g_autofree char *plan = fixture_plan(&SQL_SCRIPT_WAS_SEEN, "1, '{x}'");
	database_script("DELETE FROM dbmail_users WHERE userid ~ '^many';"
			"ANALYZE dbmail_users, dbmail_sieve_seen");
	g_test_message("%s", plan);
	g_assert_nonnull(strstr(plan, "(id = k.id)"));
}

static void test_user_delete(void)
{
	const gint64 user = fixture_user(store, "gone", 0);
	GError *error = NULL;

	put(user, "a", "keep;");
	if (!user_delete(store, user, &error))
		database_check(error);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_sievescripts s"
			       " WHERE NOT EXISTS (SELECT FROM dbmail_users u"
			       " WHERE u.user_idnr = s.owner_idnr)"),
		==, 0);
	assert_names(user, "");
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/script/name", test_name);
	g_test_add_func("/store/script/put", test_put);
	g_test_add_func("/store/script/delete", test_delete);
	g_test_add_func("/store/script/deactivate", test_deactivate);
	g_test_add_func("/store/script/rename", test_rename);
	g_test_add_func("/store/script/activate", test_activate);
	g_test_add_func("/store/script/by-hand", test_by_hand);
	g_test_add_func("/store/script/limits", test_limits);
	g_test_add_func("/store/script/load", test_load);
	g_test_add_func("/store/script/resolve", test_resolve);
	g_test_add_func("/store/script/race", test_race);
	g_test_add_func("/store/script/seen", test_seen);
	g_test_add_func("/store/script/seen-many", test_seen_many);
	g_test_add_func("/store/script/user-delete", test_user_delete);
	status = g_test_run();
	store_close(&store);
	return status;
}
