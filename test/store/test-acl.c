/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who sees and may do what in the mailboxes of others. */
#include "store/acl.h"

#include "fixture.h"
#include "store/mailbox.h"
#include "store/name.h"

static Store *store;

#define OK(call) \
	do { \
		GError *error = NULL; \
		if (!(call)) \
			database_check(error); \
	} while (0)
#define FAILS(code, call) \
	do { \
		g_autoptr(GError) error = NULL; \
		g_assert_false(call); \
		g_assert_true(dbmail_error_is(error, code)); \
	} while (0)

static gint64 create(gint64 user, const char *name)
{
	g_autoptr(Mailbox) mailbox = NULL;

	OK(mailbox_create(store, user, name, NULL, &mailbox, &error));
	g_assert_cmpstr(mailbox->name, ==, name);
	return mailbox->id;
}

static guint letters(const char *text)
{
	guint rights = 0;
	char unknown;

	g_assert_true(rights_parse(text, strlen(text), &rights, &unknown));
	return rights;
}

static void set(gint64 mailbox, const char *identifier, const char *text)
{
	OK(acl_set(store, mailbox, identifier, ACL_REPLACE, letters(text),
		&error));
}

/* Rights as letters; "-" where the mailbox does not exist for the user. */
static void assert_rights(gint64 user, const char *name, const char *expected)
{
	g_autoptr(Mailbox) mailbox = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) problem = NULL;
	guint again = 0;

	if (!mailbox_get(store, user, name, &mailbox, &problem)) {
		g_assert_true(dbmail_error_is(problem, DBMAIL_ERROR_NOT_FOUND));
		g_assert_cmpstr("-", ==, expected);
		return;
	}
	rights_append_text(text, mailbox->rights);
	g_assert_cmpstr(text->str, ==, expected);
	OK(acl_rights(store, user, mailbox->id, &again, &error));
	g_assert_cmpuint(again, ==, mailbox->rights);
}

static void assert_acl(gint64 mailbox, const char *expected)
{
	g_autoptr(GPtrArray) entries = NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	OK(acl_get(store, mailbox, &entries, &error));
	for (guint i = 0; i < entries->len; i++) {
		const AclEntry *entry = entries->pdata[i];

		g_string_append_printf(
			text, "%s%s ", i > 0 ? " " : "", entry->identifier);
		rights_append_text(text, entry->rights);
	}
	g_assert_cmpstr(text->str, ==, expected);
}

static const Mailbox *find_listed(const GPtrArray *list, gint64 id)
{
	for (guint i = 0; i < list->len; i++) {
		const MailboxListed *listed = list->pdata[i];

		if (listed->mailbox != NULL && listed->mailbox->id == id)
			return listed->mailbox;
	}
	return NULL;
}

/* Of all mailboxes there are, those of the user's list are found by their
 * ids, as the list has them, and no others. */
static void assert_by_id(gint64 user, const GPtrArray *list)
{
	gint64 last = fixture_number(
		"SELECT max(mailbox_idnr) FROM dbmail_mailboxes");

	for (gint64 id = 0; id <= last + 1; id++) {
		g_autoptr(Mailbox) mailbox = NULL;
		const Mailbox *listed = find_listed(list, id);

		if (listed == NULL) {
			FAILS(DBMAIL_ERROR_NOT_FOUND,
				mailbox_get_id(
					store, user, id, &mailbox, &error));
			continue;
		}
		OK(mailbox_get_id(store, user, id, &mailbox, &error));
		g_assert_cmpint(mailbox->id, ==, id);
		g_assert_cmpint(mailbox->owner, ==, listed->owner);
		g_assert_cmpstr(mailbox->name, ==, listed->name);
		g_assert_cmpstr(mailbox->special_use, ==, listed->special_use);
		g_assert_cmphex(mailbox->rights, ==, listed->rights);
		g_assert_cmpint(mailbox->no_select, ==, listed->no_select);
		g_assert_cmpint(mailbox->read_only, ==, listed->read_only);
	}
}

/* The names in a user's list that begin with '#'; "!" before a level, "+"
 * behind those subscribed. */
static void assert_shared(gint64 user, const char *expected)
{
	g_autoptr(GPtrArray) list = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	const char *before = "";

	OK(mailbox_list(store, user, &list, &error));
	for (guint i = 0; i < list->len; i++) {
		const MailboxListed *listed = list->pdata[i];

		g_assert_cmpstr(before, <, listed->name);
		before = listed->name;
		if (*listed->name != '#')
			continue;
		g_assert_true(!listed->is_level || listed->mailbox == NULL);
		g_string_append_printf(text, "%s%s%s%s",
			text->len > 0 ? " " : "", listed->is_level ? "!" : "",
			listed->name, listed->subscribed ? "+" : "");
	}
	g_assert_cmpstr(text->str, ==, expected);
	assert_by_id(user, list);
}

static void test_rights(void)
{
	gint64 ann = fixture_user(store, "Ann", 0);
	gint64 ben = fixture_user(store, "ben", 0);
	gint64 work = create(ann, "Work");

	assert_rights(ann, "Work", "lrswipkxtecda");
	assert_rights(ann, "#Users/aNN/Work", "lrswipkxtecda");
	assert_rights(ben, "#Users/Ann/Work", "-");
	assert_rights(ben, "#Users/nobody/Work", "-");
	assert_rights(ben, "#Users/Ann", "-");
	assert_rights(ben, "#Users", "-");
	assert_acl(work, "Ann lrswipkxtecda");

	set(work, "BEN", "lrs");
	assert_rights(ben, "#Users/ann/Work", "lrs");
	assert_rights(ben, "Work", "-");
	assert_acl(work, "Ann lrswipkxtecda ben lrs");
	OK(acl_set(store, work, "ben", ACL_ADD, letters("wd"), &error));
	assert_rights(ben, "#Users/ann/Work", "lrswted");
	OK(acl_set(store, work, "ben", ACL_REMOVE, letters("sd"), &error));
	assert_rights(ben, "#Users/ann/Work", "lrw");

	set(work, "anyone", "lp");
	assert_rights(ben, "#Users/ann/Work", "lrwp");
	assert_acl(work, "Ann lrswipkxtecda anyone lp ben lrw");
	OK(acl_set(store, work, "ben", ACL_REPLACE, RIGHTS_NONE, &error));
	assert_rights(ben, "#Users/ann/Work", "lp");
	set(work, "anyone", "");
	assert_rights(ben, "#Users/ann/Work", "-");

	/* An owner keeps l, r and a. */
	set(work, "ann", "s");
	assert_rights(ann, "Work", "lrsa");
	set(work, "anyone", "w");
	assert_rights(ann, "Work", "lrswa");
	assert_rights(ben, "#Users/ann/Work", "w");
	OK(acl_set(store, work, "ann", ACL_REPLACE, RIGHTS_NONE, &error));
	assert_acl(work, "Ann lra anyone w");

	FAILS(DBMAIL_ERROR_INVALID,
		acl_set(store, work, "-ben", ACL_ADD, RIGHT_READ, &error));
	FAILS(DBMAIL_ERROR_INVALID,
		acl_set(store, work, "nobody", ACL_ADD, RIGHT_READ, &error));
	FAILS(DBMAIL_ERROR_INVALID,
		acl_set(store, work, "__Public__", ACL_ADD, RIGHT_READ,
			&error));
	FAILS(DBMAIL_ERROR_INVALID,
		acl_set(store, work, "\xff", ACL_ADD, RIGHT_READ, &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND,
		acl_set(store, 987654321, "ben", ACL_ADD, RIGHT_READ, &error));
	guint required = 77;
	OK(acl_required(store, work, "ANN", &required, &error));
	g_assert_cmpuint(required, ==, RIGHTS_OWNER);
	OK(acl_required(store, work, "anyone", &required, &error));
	g_assert_cmpuint(required, ==, RIGHTS_NONE);
}

static void test_names(void)
{
	gint64 cleo = fixture_user(store, "Cleo", 0);
	gint64 dan = fixture_user(store, "dan", 0);
	g_autoptr(Mailbox) mailbox = NULL;
	gint64 a = create(cleo, "A");
	gint64 abc = create(cleo, "A/B/C");

	set(a, "dan", "l");
	FAILS(DBMAIL_ERROR_NO_PERMISSION,
		mailbox_create(
			store, dan, "#Users/cleo/A/D", NULL, &mailbox, &error));
	FAILS(DBMAIL_ERROR_NO_PERMISSION,
		mailbox_create(
			store, dan, "#Users/cleo/Top", NULL, &mailbox, &error));
	/* Nobody is told whether there is such a user. */
	FAILS(DBMAIL_ERROR_NO_PERMISSION,
		mailbox_create(store, dan, "#Users/nobody/Top", NULL, &mailbox,
			&error));
	FAILS(DBMAIL_ERROR_INVALID,
		mailbox_create(
			store, dan, "#Users/cleo", NULL, &mailbox, &error));
	FAILS(DBMAIL_ERROR_INVALID,
		mailbox_create(store, dan, "#Public", NULL, &mailbox, &error));

	/* What is created takes the list of the nearest one above. */
	set(a, "dan", "lk");
	gint64 ade = create(dan, "#Users/Cleo/A/D/E");
	assert_acl(ade, "Cleo lrswipkxtecda dan lkc");
	assert_rights(dan, "#Users/cleo/A/D", "lkc");
	FAILS(DBMAIL_ERROR_NO_PERMISSION,
		mailbox_delete(store, dan, "#Users/cleo/A/D/E", &error));
	FAILS(DBMAIL_ERROR_NOT_FOUND,
		mailbox_delete(store, dan, "#Users/cleo/A/B/C", &error));
	FAILS(DBMAIL_ERROR_NO_PERMISSION,
		mailbox_delete(store, dan, "#Users/cleo/INBOX", &error));

	/* RENAME: x there, k above the new name, and the list moves along. */
	FAILS(DBMAIL_ERROR_NO_PERMISSION,
		mailbox_rename(store, dan, "#Users/cleo/A/D/E",
			"#Users/cleo/A/F", &error));
	set(ade, "dan", "lrx");
	FAILS(DBMAIL_ERROR_NO_PERMISSION,
		mailbox_rename(store, dan, "#Users/cleo/A/D/E", "#Users/cleo/F",
			&error));
	OK(mailbox_rename(
		store, dan, "#Users/cleo/A/D/E", "#Users/cleo/A/F", &error));
	assert_rights(dan, "#Users/cleo/A/F", "lrxc");
	assert_rights(cleo, "A/F", "lrswipkxtecda");
	FAILS(DBMAIL_ERROR_INVALID,
		mailbox_rename(store, dan, "#Users/cleo/A/F", "F", &error));

	/* A hidden mailbox is a level where one below it is seen. */
	set(abc, "dan", "l");
	assert_shared(dan,
		"!#Users !#Users/Cleo #Users/Cleo/A !#Users/Cleo/A/B"
		" #Users/Cleo/A/B/C #Users/Cleo/A/D #Users/Cleo/A/F");
	assert_shared(cleo, "");
	OK(mailbox_subscribe(store, dan, "#Users/CLEO/A", &error));
	OK(mailbox_subscribe(store, dan, "#Users/cleo/Z", &error));
	OK(mailbox_delete(store, dan, "#Users/cleo/A/F", &error));
	assert_shared(dan,
		"!#Users !#Users/Cleo #Users/Cleo/A+ !#Users/Cleo/A/B"
		" #Users/Cleo/A/B/C #Users/Cleo/A/D #Users/Cleo/Z+");
	OK(mailbox_unsubscribe(store, dan, "#Users/clEO/Z", &error));
	OK(mailbox_unsubscribe(store, dan, "#Users/cleo/A", &error));

	/* A name that only has children has no list. */
	OK(mailbox_delete(store, cleo, "A", &error));
	assert_acl(a, "Cleo lrswipkxtecda");
	assert_shared(dan,
		"!#Users !#Users/Cleo !#Users/Cleo/A !#Users/Cleo/A/B"
		" #Users/Cleo/A/B/C #Users/Cleo/A/D");
	OK(user_delete(store, cleo, &error));
	assert_shared(dan, "");
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_acl WHERE"
				       " mailbox_id NOT IN (SELECT mailbox_idnr"
				       " FROM dbmail_mailboxes)"),
		==, 0);
}

/* Who is subscribed to a user's mailboxes stays so when the user is renamed. */
static void test_renamed(void)
{
	gint64 hal = fixture_user(store, "Hal_%", 0);
	gint64 ivy = fixture_user(store, "ivy", 0);
	gint64 box = create(hal, "Box");

	set(box, "ivy", "lr");
	create(ivy, "Hal_%");
	/* No mailbox name can have that of its owner in it. */
	assert_shared(ivy, "");
	OK(mailbox_subscribe(store, ivy, "Hal_%", &error));
	OK(mailbox_subscribe(store, ivy, "#Users/hal_%/Box", &error));
	OK(mailbox_subscribe(store, ivy, "#Users/hal_%/Gone", &error));
	OK(mailbox_subscribe(store, ivy, "#Users/hal_%x/Box", &error));
	OK(user_rename(store, hal, "Hal_%", &error));
	OK(user_rename(store, hal, "Hans", &error));
	assert_shared(ivy,
		"!#Users !#Users/Hans #Users/Hans/Box+ #Users/Hans/Gone+"
		" #Users/hal_%x/Box+");
	OK(user_rename(store, hal, "HANS", &error));
	OK(mailbox_subscribe(store, ivy, "#Users/jo/Box", &error));
	OK(user_rename(store, hal, "Jo", &error));
	OK(mailbox_unsubscribe(store, ivy, "#Users/hal_%x/Box", &error));
	assert_shared(ivy,
		"!#Users !#Users/Jo #Users/Jo/Box+ #Users/Jo/Gone+"
		" #Users/jo/Box+");
	g_assert_cmpint(fixture_number("SELECT count(*) FROM"
				       " dbmail_subscribed_names"
				       " WHERE name = 'Hal_%'"),
		==, 1);
}

static void test_public(void)
{
	gint64 eve = fixture_user(store, "eve", 0);
	gint64 fred = fixture_user(store, "fred", 0);
	g_autoptr(Mailbox) mailbox = NULL;

	FAILS(DBMAIL_ERROR_NO_PERMISSION,
		mailbox_create(
			store, eve, "#Public/News", NULL, &mailbox, &error));
	OK(user_set_administrator(store, eve, TRUE, &error));
	gint64 news = create(eve, "#Public/News");
	assert_rights(eve, "#public/News", "lrswipkxtecda");
	assert_rights(fred, "#Public/News", "-");
	assert_shared(eve, "!#Public #Public/News");
	assert_shared(fred, "");
	set(news, "anyone", "lr");
	assert_rights(fred, "#Public/News", "lr");
	assert_shared(fred, "!#Public #Public/News");
	gint64 local = create(eve, "#Public/News/Local");
	assert_acl(local, "__public__ lrswipkxtecda anyone lr");
	OK(user_set_administrator(store, eve, FALSE, &error));
	assert_rights(eve, "#Public/News", "lr");
	FAILS(DBMAIL_ERROR_NO_PERMISSION,
		mailbox_delete(store, eve, "#Public/News/Local", &error));
}

static void test_special_users(void)
{
	static const char *const names[] = { "anyone", "__public__", NULL };
	g_autoptr(GPtrArray) users = NULL;
	g_autoptr(GArray) targets = NULL;
	gint64 id;

	OK(user_resolve(store, names, &targets, &error));
	g_assert_cmpuint(targets->len, ==, 0);
	OK(user_list(store, "*", &users, &error));
	for (guint i = 0; i < users->len; i++)
		g_assert_cmpint(((const User *)users->pdata[i])->id, >=, 0);
	for (guint i = 0; names[i] != NULL; i++) {
		g_autoptr(User) user = NULL;

		OK(user_get(store, names[i], &user, &error));
		g_assert_cmpstr(user->password, ==, "");
		FAILS(DBMAIL_ERROR_NO_PERMISSION,
			user_delete(store, user->id, &error));
		FAILS(DBMAIL_ERROR_NO_PERMISSION,
			user_rename(store, user->id, "x", &error));
		FAILS(DBMAIL_ERROR_NO_PERMISSION,
			user_set_password(store, user->id, "x", "", &error));
		FAILS(DBMAIL_ERROR_NO_PERMISSION,
			user_alias_add(store, user->id, "x", &error));
		FAILS(DBMAIL_ERROR_EXISTS,
			user_create(store, names[i], "", "", 0, &id, &error));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/acl/rights", test_rights);
	g_test_add_func("/store/acl/names", test_names);
	g_test_add_func("/store/acl/renamed", test_renamed);
	g_test_add_func("/store/acl/public", test_public);
	g_test_add_func("/store/acl/special-users", test_special_users);
	int status = g_test_run();
	store_close(&store);
	return status;
}
