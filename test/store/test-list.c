/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that scripts ask for: names, members, and whose they are. */
#include "store/list.h"

#include "fixture.h"
#include "store/name.h"
#include "store/user.h"

static Store *store;

#define OK(call) \
	do { \
		GError *error_ = NULL; \
		GError **error = &error_; \
		if (!(call)) \
			database_check(error_); \
	} while (0)

static const struct {
	const char *name;
	const char *normal; /* NULL: none */
} names[] = {
	{ ":addrbook:default", LIST_DEFAULT_BOOK },
	{ "URN:IETF:params:Sieve:addrbook:DEFAULT", LIST_DEFAULT_BOOK },
	{ "urn:ietf:params:sieve:addrbook:%64efault", LIST_DEFAULT_BOOK },
	{ "TAG:example.com,2024:Friends", "tag:example.com,2024:Friends" },
	{ "tag:example.com,2024:a%20b", "tag:example.com,2024:a%20b" },
	{ "urn:Other:X", "urn:Other:X" },
	{ "", NULL },
	{ "friends", NULL },
	{ "tag:", NULL },
	{ "tagged:x", NULL },
	{ "http://example.com/list", NULL },
	{ "tag:a b", NULL },
	{ "tag:a\tb", NULL },
	{ "tag:\xc3\xa9", NULL },
	{ ":%ff", NULL },
};

static void test_names(void)
{
	g_autofree char *tail = g_strnfill(LIST_NAME_MAX - 4, 'x');
	g_autofree char *longest = g_strconcat("tag:", tail, NULL);
	g_autofree char *longer = g_strconcat("tag:", tail, "x", NULL);
	g_autofree char *kept = list_name_normalise(longest, NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *normal =
			list_name_normalise(names[i].name, &error);

		g_assert_cmpstr(normal, ==, names[i].normal);
		g_assert_true(normal != NULL ||
			dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	}
	g_assert_cmpstr(kept, ==, longest);
	g_assert_null(list_name_normalise(longer, NULL));
}

static guint64 add(gint64 owner, const char *name, const char *value)
{
	guint64 added = 99;

	OK(list_add(store, owner, name, &value, value != NULL, &added, error));
	return added;
}

static gboolean has(gint64 user, const char *name, const char *value)
{
	gboolean is_there = FALSE;

	OK(list_has(store, user, name, value, &is_there, error));
	return is_there;
}

static char *members(gint64 owner, ListWhose whose, const char *name, guint max)
{
	g_auto(GStrv) list = NULL;
	gboolean exists = FALSE;

	OK(list_members(store, owner, whose, name, max, &exists, &list, error));
	return exists ? g_strjoinv(" ", list) : g_strdup("none");
}

#define ASSERT_MEMBERS(owner, whose, name, max, expected) \
	do { \
		g_autofree char *got = members(owner, whose, name, max); \
		g_assert_cmpstr(got, ==, expected); \
	} while (0)

#define FRIENDS "tag:example.com,2024:friends"

static void test_members(void)
{
	const gint64 ada = fixture_user(store, "ada", 0);
	const gint64 bob = fixture_user(store, "bob", 0);
	const char *const gone[] = { "EVE@example.org", "nobody" };
	g_autoptr(GPtrArray) lists = NULL;
	guint64 removed = 0;

	ASSERT_MEMBERS(ada, LIST_AND_EVERYONES, FRIENDS, 9, "none");
	g_assert_cmpuint(add(ada, FRIENDS, NULL), ==, 0);
	ASSERT_MEMBERS(ada, LIST_AND_EVERYONES, FRIENDS, 9, "");
	g_assert_cmpuint(add(ada, FRIENDS, "Eve@example.org"), ==, 1);
	g_assert_cmpuint(add(ada, FRIENDS, "eve@EXAMPLE.org"), ==, 0);
	g_assert_cmpuint(add(ada, FRIENDS, "al@example.org"), ==, 1);
	g_assert_cmpuint(
		add(NAME_PUBLIC_OWNER_ID, FRIENDS, "EVE@example.org"), ==, 1);
	g_assert_cmpuint(
		add(NAME_PUBLIC_OWNER_ID, FRIENDS, "Zoe@example.org"), ==, 1);
	g_assert_true(has(ada, FRIENDS, "AL@example.org"));
	g_assert_true(has(ada, FRIENDS, "zoe@example.org"));
	g_assert_false(has(bob, FRIENDS, "al@example.org"));
	g_assert_true(has(bob, FRIENDS, "zoe@example.org"));
	g_assert_false(has(ada, FRIENDS, ""));
	g_assert_false(has(ada, FRIENDS, "\xff"));
	g_assert_false(has(ada, LIST_DEFAULT_BOOK, "al@example.org"));
	ASSERT_MEMBERS(
		ada, LIST_OWN, FRIENDS, 9, "al@example.org Eve@example.org");
	ASSERT_MEMBERS(ada, LIST_OWN, FRIENDS, 1, "al@example.org");
	ASSERT_MEMBERS(bob, LIST_OWN, FRIENDS, 9, "none");
	{
		g_auto(GStrv) all = NULL;
		gboolean exists = FALSE;

		OK(list_members(store, ada, LIST_AND_EVERYONES, FRIENDS, 9,
			&exists, &all, error));
		g_assert_true(exists);
		g_assert_cmpuint(g_strv_length(all), ==, 3);
	}
	OK(list_remove(store, ada, FRIENDS, gone, 2, &removed, error));
	g_assert_cmpuint(removed, ==, 1);
	OK(list_names(store, ada, &lists, error));
	g_assert_cmpuint(lists->len, ==, 1);
	g_assert_cmpstr(((ListInfo *)lists->pdata[0])->name, ==, FRIENDS);
	g_assert_cmpuint(((ListInfo *)lists->pdata[0])->members, ==, 1);
	OK(list_delete(store, NAME_PUBLIC_OWNER_ID, FRIENDS, error));
	g_assert_false(has(bob, FRIENDS, "zoe@example.org"));
	/* With the user all goes. */
	OK(user_delete(store, ada, error));
	g_assert_cmpint(fixture_number("SELECT count(*)"
				       " FROM dbmail_sieve_list_members"),
		==, 0);
}

static void test_bad(void)
{
	const gint64 user = fixture_user(store, "carl", 0);
	g_autofree char *longer = g_strnfill(LIST_VALUE_MAX + 1, 'x');
	const char *const bad[] = { "", "a\tb", "a\nb", "\xff", longer };
	g_autoptr(GError) error = NULL;
	guint64 count = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		const char *const values[] = { "good", bad[i] };
		g_autoptr(GError) invalid = NULL;

		g_assert_false(list_add(
			store, user, FRIENDS, values, 2, &count, &invalid));
		g_assert_true(dbmail_error_is(invalid, DBMAIL_ERROR_INVALID));
	}
	ASSERT_MEMBERS(user, LIST_OWN, FRIENDS, 9, "none");
	g_assert_false(list_delete(store, user, FRIENDS, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND));
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/list/names", test_names);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/list/members", test_members);
	g_test_add_func("/store/list/bad", test_bad);
	status = g_test_run();
	store_close(&store);
	return status;
}
