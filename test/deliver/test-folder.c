/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/folder: which mailboxes mail may be put into, and how those
 * that are missing are made. */
#include "deliver/folder.h"

#include <string.h>

#include "../store/fixture.h"
#include "store/acl.h"
#include "store/mailbox.h"

#define LONG_LIFE ((gint64)3600 * G_USEC_PER_SEC)

static Store *store;
static const FolderMaking plain = { 0 };

static Folder find(gint64 user, const char *name, const FolderMaking *making)
{
	g_autoptr(GError) error = NULL;
	Folder folder = { .id = -1 };

	if (!folder_find(store, user, name, making, &folder, &error))
		database_check(error);
	return folder;
}

static gint64 find_use(gint64 user, const char *use)
{
	g_autoptr(GError) error = NULL;
	Folder folder = { .id = -1 };

	if (!folder_find_use(store, user, use, &folder, &error))
		database_check(error);
	return folder.id;
}

static gint64 find_id(gint64 user, const char *id)
{
	g_autoptr(GError) error = NULL;
	Folder folder = { .id = -1 };

	if (!folder_find_id(store, user, id, &folder, &error))
		database_check(error);
	return folder.id;
}

static gint64 is_subscribed(gint64 mailbox)
{
	g_autofree char *query =
		g_strdup_printf("SELECT count(*) FROM dbmail_subscription"
				" WHERE mailbox_id = %" G_GINT64_FORMAT,
			mailbox);

	return fixture_number(query);
}

static void set_no_select(gint64 mailbox)
{
	g_autofree char *query =
		g_strdup_printf("UPDATE dbmail_mailboxes SET no_select = 1"
				" WHERE mailbox_idnr = %" G_GINT64_FORMAT,
			mailbox);

	database_script(query);
}

static void test_making(void)
{
	gint64 user = fixture_user(store, "folder-making", 0);

	g_assert_cmpint(find(user, "INBOX", NULL).id, ==, fixture_inbox(user));
	g_assert_cmpint(find(user, "New/Deep", NULL).id, ==, 0);
	Folder made = find(user, "New/Deep", &plain);
	g_assert_cmpint(made.id, >, 0);
	g_assert_cmphex(made.rights, ==, RIGHTS_ALL);
	g_assert_cmpint(is_subscribed(made.id), ==, 1);
	g_assert_cmpint(find(user, "New/Deep", NULL).id, ==, made.id);
	g_assert_cmpint(find(user, "New/Deep", &plain).id, ==, made.id);
	/* Where it cannot be made there is none; that is no failure. */
	g_assert_cmpint(find(user, "#Users/nobody/Box", &plain).id, ==, 0);
}

static void test_no_select(void)
{
	gint64 user = fixture_user(store, "folder-no-select", 0);
	Folder folder = find(user, "Name", &plain);

	set_no_select(folder.id);
	g_assert_cmpint(find(user, "Name", NULL).id, ==, 0);
}

static void test_use(void)
{
	static const FolderMaking archive = { .use = "\\Archive" };
	static const FolderMaking odd = { .use = "\\All" };
	gint64 user = fixture_user(store, "folder-use", 0);
	gint64 other = fixture_user(store, "folder-use-other", 0);

	g_assert_cmpint(find_use(user, "\\Archive"), ==, 0);
	gint64 made = find(user, "Kept", &archive).id;
	g_assert_cmpint(made, >, 0);
	g_assert_cmpint(find_use(user, "\\Archive"), ==, made);
	g_assert_cmpint(find_use(user, "\\aRCHIVE"), ==, made);
	g_assert_cmpint(find_use(user, "\\Junk"), !=, made);
	g_assert_cmpint(find_use(user, "Archive"), ==, 0);
	g_assert_cmpint(find_use(other, "\\Archive"), ==, 0);
	/* A use that no mailbox here can have is left out. */
	g_assert_cmpint(find(user, "Odd", &odd).id, >, 0);
	g_assert_cmpint(find_use(user, "\\All"), ==, 0);
}

static const struct {
	const char *uses;
	const char *use;
	gboolean has;
} uses[] = {
	{ NULL, "\\Junk", FALSE },
	{ "", "\\Junk", FALSE },
	{ "\\Junk", "\\Junk", TRUE },
	{ "\\Archive \\Junk", "\\junk", TRUE },
	{ "\\Archive \\Junk", "\\Archive", TRUE },
	{ "\\Archive \\Junk", "\\Jun", FALSE },
};

static void test_has_use(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(uses); i++)
		g_assert_cmpint(folder_has_use(uses[i].uses, uses[i].use), ==,
			uses[i].has);
}

static void test_id(void)
{
	static const char *const bad[] = { "", "F", "f1", "Fx", "F1x", "F-1",
		"F99999999999999999999", "1" };
	gint64 user = fixture_user(store, "folder-id", 0);
	gint64 other = fixture_user(store, "folder-id-other", 0);
	g_autofree char *id =
		g_strdup_printf("F%" G_GINT64_FORMAT, fixture_inbox(user));

	g_assert_cmpint(find_id(user, id), ==, fixture_inbox(user));
	g_assert_cmpint(find_id(other, id), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(find_id(user, bad[i]), ==, 0);
}

static Folder recall(Folders *folders, gint64 user, const char *name,
	const FolderMaking *making)
{
	g_autoptr(Settings) settings = fixture_settings(NULL);
	g_autoptr(GError) error = NULL;
	Folder folder = { .id = -1 };

	if (!folders_find(folders, store, settings, user, name, making, &folder,
		    &error))
		database_check(error);
	return folder;
}

/* RFC 4314: p for mail that is sent there, p or i for a script's. */
static void test_rights(void)
{
	static const struct {
		guint rights;
		gboolean may_send;
		gboolean may_file;
	} cases[] = {
		{ 0, FALSE, FALSE },
		{ RIGHT_LOOKUP | RIGHT_READ, FALSE, FALSE },
		{ RIGHT_LOOKUP | RIGHT_INSERT, FALSE, TRUE },
		{ RIGHT_LOOKUP | RIGHT_POST, TRUE, TRUE },
	};
	const char *name = "#Users/folder-ann/Shared";
	gint64 ann = fixture_user(store, "folder-ann", 0);
	gint64 ben = fixture_user(store, "folder-ben", 0);
	gint64 shared = find(ann, "Shared", &plain).id;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Folders *folders = folders_new(10, LONG_LIFE);
		g_autoptr(GError) error = NULL;
		if (!acl_set(store, shared, "folder-ben", ACL_REPLACE,
			    cases[i].rights, &error))
			database_check(error);
		Folder sent = find(ben, name, &plain);
		Folder filed = recall(folders, ben, name, &plain);
		g_assert_cmpint(sent.id, ==, cases[i].may_send ? shared : 0);
		g_assert_cmpint(filed.id, ==, cases[i].may_file ? shared : 0);
		if (filed.id != 0)
			g_assert_cmphex(filed.rights, ==, cases[i].rights);
		folders_free(&folders);
	}
	g_assert_cmphex(find(ann, name, NULL).rights, ==, RIGHTS_ALL);
}

static void test_remembered(void)
{
	Folders *folders = folders_new(10, LONG_LIFE);
	gint64 user = fixture_user(store, "folder-remembered", 0);

	/* What is not there may come at any moment. */
	g_assert_cmpint(recall(folders, user, "Box", NULL).id, ==, 0);
	gint64 box = find(user, "Box", &plain).id;
	g_assert_cmpint(recall(folders, user, "Box", NULL).id, ==, box);
	set_no_select(box);
	g_assert_cmpint(recall(folders, user, "Box", NULL).id, ==, box);
	folders_forget(folders, box);
	g_assert_cmpint(recall(folders, user, "Box", NULL).id, ==, 0);
	folders_free(&folders);
	g_assert_null(folders);
	folders_free(&folders);
}

static void test_names(void)
{
	static const char *const bad[] = { "", "a//b", "\xff", "a\nb" };
	Folders *folders = folders_new(10, LONG_LIFE);
	gint64 user = fixture_user(store, "folder-names", 0);

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(
			recall(folders, user, bad[i], &plain).id, ==, 0);
	g_assert_cmpint(recall(folders, user, "inbox", NULL).id, ==,
		fixture_inbox(user));
	gint64 made = recall(folders, user, "Entw\xc3\xbcrfe", &plain).id;
	g_assert_cmpint(made, >, 0);
	g_assert_cmpint(
		recall(folders, user, "Entwu\xcc\x88rfe", NULL).id, ==, made);
	folders_free(&folders);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/folder/has-use", test_has_use);
	DATABASE_OR_SKIP();
	store = fixture_store("default_folders =");
	g_test_add_func("/folder/making", test_making);
	g_test_add_func("/folder/no-select", test_no_select);
	g_test_add_func("/folder/use", test_use);
	g_test_add_func("/folder/id", test_id);
	g_test_add_func("/folder/rights", test_rights);
	g_test_add_func("/folder/remembered", test_remembered);
	g_test_add_func("/folder/names", test_names);
	int status = g_test_run();
	store_close(&store);
	return status;
}
