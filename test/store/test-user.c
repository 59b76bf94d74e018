/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users from creation to deletion, and where addresses lead. */
#include "store/user.h"

#include "fixture.h"

static Store *store;

static void check_ok(gboolean ok, GError *error)
{
	if (!ok)
		database_check(error);
}
#define OK(call) \
	do { \
		GError *error = NULL; \
		check_ok(call, error); \
	} while (0)
#define FAILS(expected, call) \
	do { \
		g_autoptr(GError) error = NULL; \
		g_assert_false(call); \
		g_assert_true(dbmail_error_is(error, (expected))); \
	} while (0)

static void test_life(void)
{
	g_autoptr(User) user = NULL;
	gint64 id = 0;

	OK(user_create(store, "Alice", "hash", "argon2id", 1000, &id, &error));
	FAILS(DBMAIL_ERROR_EXISTS,
		user_create(store, "aLICE", "", "", 0, &id, &error));
	OK(user_get(store, "ALICE", &user, &error));
	g_assert_cmpint(user->id, ==, id);
	g_assert_cmpstr(user->name, ==, "Alice");
	g_assert_cmpstr(user->password, ==, "hash");
	g_assert_cmpstr(user->encryption, ==, "argon2id");
	g_assert_cmpint(user->quota, ==, 1000);
	g_assert_cmpint(user->used, ==, 0);
	g_assert_false(user->has_login);
	user_free(&user);

	OK(user_rename(store, id, "Bob", &error));
	OK(user_set_password(store, id, "x", "sha512", &error));
	OK(user_set_quota(store, id, 7, &error));
	OK(user_set_client(store, id, 9, &error));
	OK(user_note_login(store, id, &error));
	FAILS(DBMAIL_ERROR_INVALID, user_set_quota(store, id, -1, &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND, user_get(store, "alice", &user, &error));
	OK(user_get(store, "bob", &user, &error));
	g_assert_cmpstr(user->password, ==, "x");
	g_assert_cmpstr(user->encryption, ==, "sha512");
	g_assert_cmpint(user->quota, ==, 7);
	g_assert_cmpint(user->client, ==, 9);
	g_assert_true(user->has_login);
	g_assert_cmpint(ABS(user->last_login - timestamp_now()), <,
		60 * G_USEC_PER_SEC);

	OK(user_delete(store, id, &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND, user_delete(store, id, &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND, user_rename(store, id, "x", &error));
	g_assert_cmpint(
		fixture_number(
			"SELECT (SELECT count(*) FROM dbmail_users WHERE "
			"user_idnr >= 0)"
			" + (SELECT count(*) FROM dbmail_mailboxes)"
			" + (SELECT count(*) FROM dbmail_subscribed_names)"),
		==, 0);
}

static void test_folders(void)
{
	const gint64 id = fixture_user(store, "folders", 0);

	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_mailboxes"), ==, 6);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_mailboxes "
				       "WHERE name = 'Sent'"
				       " AND special_use = '\\Sent'"),
		==, 1);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_mailboxes "
				       "WHERE name = 'INBOX'"
				       " AND special_use IS NULL"),
		==, 1);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_subscription"), ==,
		6);
	OK(user_delete(store, id, &error));
}

static void test_odd_folders(void)
{
	g_autoptr(Store) other =
		fixture_store("default_folders = A/B/C  Sent:\\Sent A A/B/C");
	g_autoptr(Store) wrong = fixture_store("default_folders = a//b");
	const gint64 id = fixture_user(other, "odd", 0);
	gint64 none;

	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM dbmail_mailboxes WHERE name IN"
			" ('INBOX', 'A', 'A/B', 'A/B/C', 'Sent')"),
		==, 5);
	OK(user_delete(store, id, &error));
	FAILS(DBMAIL_ERROR_INVALID,
		user_create(wrong, "x", "", "", 0, &none, &error));
}

static void test_bad_names(void)
{
	g_autofree char *longest = g_strnfill(255, 'n');
	g_autofree char *longer = g_strnfill(256, 'n');
	const char *const bad[] = { "", "a\nb", "\xff", "x\x7f", longer };
	gint64 id = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(User) user = NULL;

		FAILS(DBMAIL_ERROR_INVALID,
			user_create(store, bad[i], "", "", 0, &id, &error));
		FAILS(DBMAIL_ERROR_NOT_FOUND,
			user_get(store, bad[i], &user, &error));
	}
	OK(user_create(store, longest, "", "", 0, &id, &error));
	OK(user_delete(store, id, &error));
}

static void test_delete_with_mail(void)
{
	const gint64 id = fixture_user(store, "gone", 0);
	const gint64 other = fixture_user(store, "stays", 0);
	const Bytes message = bytes_of_string("Subject: x\r\n\r\nbody\r\n");

	fixture_deliver(store, fixture_inbox(id), message, DELIVERY_STORED);
	fixture_deliver(store, fixture_inbox(other), message, DELIVERY_STORED);
	OK(user_alias_add(store, id, "me@example.org", &error));
	OK(user_delete(store, id, &error));
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_messages"), ==, 1);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_aliases"), ==, 0);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_purge_queue"), ==,
		1);
	fixture_assert_sums();
	OK(user_delete(store, other, &error));
}

static void test_list(void)
{
	static const struct {
		const char *pattern;
		const char *expected;
	} vectors[] = {
		{ NULL, "a_x Abc abd b%c " },
		{ "*", "a_x Abc abd b%c " },
		{ "a*", "a_x Abc abd " },
		{ "AB?", "Abc abd " },
		{ "a_*", "a_x " },
		{ "b%c", "b%c " },
		{ "%", "" },
		{ "nobody", "" },
	};
	static const char *const names[] = { "b%c", "abd", "Abc", "a_x" };
	gint64 ids[G_N_ELEMENTS(names)];

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		ids[i] = fixture_user(store, names[i], 0);
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(GPtrArray) users = NULL;
		g_autoptr(GString) found = g_string_new(NULL);

		OK(user_list(store, vectors[i].pattern, &users, &error));
		for (guint j = 0; j < users->len; j++)
			g_string_append_printf(
				found, "%s ", ((User *)users->pdata[j])->name);
		g_assert_cmpstr(found->str, ==, vectors[i].expected);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		OK(user_delete(store, ids[i], &error));
}

static void test_aliases(void)
{
	const gint64 id = fixture_user(store, "aliased", 0);
	g_auto(GStrv) aliases = NULL;

	OK(user_alias_add(store, id, "Zed@example.org", &error));
	OK(user_alias_add(store, id, "alpha", &error));
	FAILS(DBMAIL_ERROR_EXISTS, user_alias_add(store, id, "ALPHA", &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND,
		user_alias_add(store, 999999, "beta", &error));
	FAILS(DBMAIL_ERROR_INVALID, user_alias_add(store, id, "", &error));
	OK(user_aliases(store, id, &aliases, &error));
	g_assert_cmpuint(g_strv_length(aliases), ==, 2);
	g_assert_cmpstr(aliases[0], ==, "alpha");
	g_assert_cmpstr(aliases[1], ==, "Zed@example.org");
	OK(user_alias_remove(store, id, "zed@EXAMPLE.org", &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND,
		user_alias_remove(store, id, "zed@example.org", &error));
	OK(user_delete(store, id, &error));
}

static void test_forwards(void)
{
	g_autoptr(GPtrArray) list = NULL;
	g_autofree char *long_address = g_strnfill(600, 'x');
	const char *const bad[] = { "", "far", "@far", "a@", "a b@far",
		"a@far>", "info@EXAMPLE.org", "a\tb@far", "\xff@far" };

	OK(user_forward_add(store, "info@example.org", "A@far", &error));
	OK(user_forward_add(store, "Info@example.org", "b@far", &error));
	OK(user_forward_add(store, "sales", "b@far", &error));
	FAILS(DBMAIL_ERROR_EXISTS,
		user_forward_add(store, "INFO@example.org", "B@far", &error));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		FAILS(DBMAIL_ERROR_INVALID,
			user_forward_add(
				store, "info@example.org", bad[i], &error));
	memcpy(long_address, "a@", 2);
	FAILS(DBMAIL_ERROR_INVALID,
		user_forward_add(store, "info", long_address, &error));
	FAILS(DBMAIL_ERROR_INVALID,
		user_forward_add(store, "", "a@far", &error));
	OK(user_forwards(store, "INFO*", &list, &error));
	g_assert_cmpuint(list->len, ==, 2);
	g_assert_cmpstr(((UserForward *)list->pdata[0])->address, ==, "A@far");
	g_assert_cmpstr(
		((UserForward *)list->pdata[1])->alias, ==, "Info@example.org");
	OK(user_forward_remove(store, "INFO@example.org", "a@FAR", &error));
	OK(user_forward_remove(store, "info@example.org", "b@far", &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND,
		user_forward_remove(
			store, "info@example.org", "b@far", &error));
	OK(user_forward_remove(store, "sales", "b@far", &error));
}

/* --- resolving ------------------------------------------------------------ */

/* Users are n1, n2, ... in the order of their ids; expected: the digits of
 * those found, and the index of the name that matched. */
static const struct {
	const char *names[5];
	const char *users; /* behind them the addresses outside */
	guint matched;
} resolved[] = {
	{ { "n1" }, "1", 0 },
	{ { "N1" }, "1", 0 },
	{ { "n1@example.org", "n1" }, "1", 1 },
	{ { "nobody@example.org", "nobody", "@example.com" }, "", 0 },
	{ { "both@example.org" }, "12", 0 },
	{ { "chain" }, "3", 0 },
	{ { "byname" }, "2", 0 },
	/* The first that is known decides. */
	{ { "both@example.org", "chain", "n1" }, "12", 0 },
	{ { "x@any.example", "x", "@any.example" }, "4", 2 },
	/* Loops lead nowhere, or to where they also lead. */
	{ { "loop1" }, "", 0 },
	{ { "loop1", "n4" }, "4", 1 },
	{ { "loopout" }, "1", 0 },
	{ { "self" }, "", 0 },
	/* Ten steps are followed, an eleventh is not. */
	{ { "deep2" }, "1", 0 },
	{ { "deep1" }, "", 0 },
	/* A number is an id only behind an alias. */
	{ { "1" }, "", 0 },
	{ { "12345678901234567890" }, "", 0 },
	{ { "toobig" }, "", 0 },
	/* A user's own name and an alias of that name both get it. */
	{ { "n3" }, "34", 0 },
	{ { "caf\xc3\xa9" }, "4", 0 },
	{ { "caf\xc3\x89" }, "", 0 },
	{ { "\xff", "n1" }, "1", 1 },
	{ { "", "n1" }, "1", 1 },
	/* Addresses that nobody has here are outside, as they are written. */
	{ { "out" }, " Some.One@Far.Example", 0 },
	{ { "OUT@example.org", "out" }, " Some.One@Far.Example", 1 },
	{ { "mixed", "n1" }, "2 a@far.example b@far.example", 0 },
	{ { "out-chain" }, " Some.One@Far.Example", 0 },
	{ { "x@far.site", "@far.site" }, " pool@far.example", 1 },
	/* The same address twice is one. */
	{ { "twice" }, " C@far.example", 0 },
	/* Not outside: what is an alias here, a domain, and no address at all;
	 * and a name that was asked for. */
	{ { "in-again" }, "1", 0 },
	{ { "bad1" }, "", 0 },
	{ { "bad2" }, "", 0 },
	{ { "bad3", "n1" }, "1", 1 },
	{ { "bad4" }, "", 0 },
	{ { "Some.One@Far.Example" }, "", 0 },
	{ { NULL }, "", 0 },
};

static void make_aliases(const gint64 ids[static 4])
{
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dbmail_aliases (alias, deliver_to) VALUES"
		" ('Both@Example.org', '%1$ld'), ('both@example.ORG', '%2$ld'),"
		" ('chain', 'Chain2'), ('chain2', 'chain3'),"
		" ('chain3', '%3$ld'), ('byname', 'N2'),"
		" ('@any.example', '%4$ld'), ('n3', '%4$ld'),"
		" ('loop1', 'loop2'), ('loop2', 'loop1'), ('self', 'self'),"
		" ('loopout', 'loopout'), ('loopout', '%1$ld'),"
		" ('toobig', '12345678901234567890'),"
		" ('caf\xc3\xa9', '%4$ld'), ('dangling', '424242'),"
		" ('out', 'Some.One@Far.Example'), ('out-chain', 'Out'),"
		" ('mixed', 'a@far.example'), ('mixed', '%2$ld'),"
		" ('mixed', 'b@far.example'),"
		" ('@far.site', 'pool@far.example'),"
		" ('twice', 'twice2'), ('twice', 'C@far.example'),"
		" ('twice2', 'c@far.example'),"
		" ('in-again', 'here@example.org'),"
		" ('here@example.org', '%1$ld'),"
		" ('bad1', '@far.example'), ('bad2', 'a b@far.example'),"
		" ('bad3', '|/bin/x'), ('bad4', 'a@')",
		(long)ids[0], (long)ids[1], (long)ids[2], (long)ids[3]);

	database_script(sql);
	/* deep2 is ten steps from the user, deep1 eleven. */
	for (guint i = 1; i <= 11; i++) {
		g_autofree char *step = i < 11 ?
			g_strdup_printf(
				"INSERT INTO dbmail_aliases (alias, deliver_to)"
				" VALUES ('deep%u', 'deep%u')",
				i, i + 1) :
			g_strdup_printf(
				"INSERT INTO dbmail_aliases (alias, deliver_to)"
				" VALUES ('deep%u', '%ld')",
				i, (long)ids[0]);

		database_script(step);
	}
}

static void test_resolve(void)
{
	gint64 ids[4];

	for (guint i = 0; i < 4; i++) {
		g_autofree char *name = g_strdup_printf("n%u", i + 1);

		ids[i] = fixture_user(store, name, i == 0 ? 10 : 0);
	}
	make_aliases(ids);
	database_script("UPDATE dbmail_users SET curmail_size = 10"
			" WHERE userid = 'n1'");
	for (gsize i = 0; i < G_N_ELEMENTS(resolved); i++) {
		g_autoptr(GArray) targets = NULL;
		g_autoptr(GString) found = g_string_new(NULL);

		OK(user_resolve(store, resolved[i].names, &targets, &error));
		for (guint j = 0; j < targets->len; j++) {
			const UserTarget *target =
				&g_array_index(targets, UserTarget, j);

			if (target->user == 0) {
				g_assert_cmpint(target->alias, >, 0);
				g_assert_cmpuint(target->matched, ==,
					resolved[i].matched);
				g_string_append_printf(
					found, " %s", target->address);
				continue;
			}
			g_string_append_printf(
				found, "%d", (int)(target->user - ids[0] + 1));
			g_assert_cmpuint(
				target->matched, ==, resolved[i].matched);
			g_assert_cmpint(
				target->inbox, ==, fixture_inbox(target->user));
			g_assert_cmpint(
				target->full, ==, target->user == ids[0]);
		}
		g_assert_cmpstr(found->str, ==, resolved[i].users);
	}
	database_script("DELETE FROM dbmail_aliases");
}

/* Mail for a damaged user waits. */
static void test_resolve_without_inbox(void)
{
	static const char *const names[] = { "n2", NULL };
	GArray *targets = NULL;

	database_script("UPDATE dbmail_mailboxes SET name = 'away' FROM"
			" dbmail_users WHERE owner_idnr = user_idnr"
			" AND userid = 'n2' AND name = 'INBOX'");
	FAILS(DBMAIL_ERROR_INTERNAL,
		user_resolve(store, names, &targets, &error));
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/user/life", test_life);
	g_test_add_func("/store/user/folders", test_folders);
	g_test_add_func("/store/user/odd-folders", test_odd_folders);
	g_test_add_func("/store/user/bad-names", test_bad_names);
	g_test_add_func("/store/user/delete-with-mail", test_delete_with_mail);
	g_test_add_func("/store/user/list", test_list);
	g_test_add_func("/store/user/aliases", test_aliases);
	g_test_add_func("/store/user/forwards", test_forwards);
	g_test_add_func("/store/user/resolve", test_resolve);
	g_test_add_func("/store/user/resolve-without-inbox",
		test_resolve_without_inbox);
	status = g_test_run();
	store_close(&store);
	return status;
}
