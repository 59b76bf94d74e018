/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailboxes from CREATE to DELETE, by the rules of RFC 3501. */
#include "store/mailbox.h"

#include "fixture.h"
#include "store/mailbox-sql.h"
#include "store/view.h"

static Store *store;

/* --- names -------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *kept; /* NULL: refused */
} names[] = {
	{ "INBOX", "INBOX" },
	{ "inbox", "INBOX" },
	{ "iNbOx/Lists", "INBOX/Lists" },
	{ "Inboxes", "Inboxes" },
	{ "Lists/inbox", "Lists/inbox" },
	{ "Entw\xc3\xbcrfe/\xe5\x8f\xb0\xe5\x8c\x97",
		"Entw\xc3\xbcrfe/\xe5\x8f\xb0\xe5\x8c\x97" },
	/* Decomposed forms are composed (Normalization Form C). */
	{ "Entwu\xcc\x88rfe", "Entw\xc3\xbcrfe" },
	{ "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c" },
	{ "\xe2\x84\xab", "\xc3\x85" },
	{ "\xef\xac\x81", "\xef\xac\x81" },
	{ "a/b/c", "a/b/c" },
	{ "a/b/c/d", NULL },
	{ ".", "." },
	{ "a b", "a b" },
	{ "a\\\"&", "a\\\"&" },
	{ "", NULL },
	{ "/", NULL },
	{ "/a", NULL },
	{ "a/", NULL },
	{ "a//b", NULL },
	{ "a*", NULL },
	{ "a%b", NULL },
	{ "a\nb", NULL },
	{ "a\x7f", NULL },
	{ "a\xc2\x85", NULL },
	{ "a\xe2\x80\xa8z", NULL },
	{ "\xff", NULL },
	{ "\xc0\x80", NULL },
	{ "#users/Bob/inbox/a", "#Users/Bob/INBOX/a" },
	{ "#Users/bob/a/b/c", "#Users/bob/a/b/c" },
	{ "#Users/bob/a/b/c/d", NULL },
	{ "#USERS", "#Users" },
	{ "#Users/", NULL },
	{ "#Users//a", NULL },
	{ "#Usersa", "#Usersa" },
	{ "#public/News", "#Public/News" },
	{ "#PUBLIC/inbox", "#Public/INBOX" },
	{ "#Public/#Users/x", NULL },
	{ "#Users/bob/#public", NULL },
	{ "#Users/bob/a/#public", "#Users/bob/a/#public" },
};

static void test_names(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *kept =
			mailbox_name_normalise(names[i].name, 3, &error);
		g_assert_cmpstr(kept, ==, names[i].kept);
		g_assert_true((kept == NULL) ==
			dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	}
	g_autofree char *longest = g_strnfill(MAILBOX_NAME_MAX, 'x');
	g_autofree char *longer = g_strnfill(MAILBOX_NAME_MAX + 1, 'x');
	g_autofree char *kept = mailbox_name_normalise(longest, 3, NULL);
	g_assert_cmpstr(kept, ==, longest);
	g_assert_null(mailbox_name_normalise(longer, 3, NULL));
}

/* --- life ------------------------------------------------------------------------------ */

static gint64 create(gint64 user, const char *name, const char *use)
{
	GError *error = NULL;
	g_autoptr(Mailbox) mailbox = NULL;
	if (!mailbox_create(store, user, name, use, &mailbox, &error))
		database_check(error);
	g_assert_cmpstr(mailbox->name, ==, name);
	g_assert_cmpstr(mailbox->special_use, ==, use);
	return mailbox->id;
}

static Mailbox *get(gint64 user, const char *name)
{
	GError *error = NULL;
	Mailbox *mailbox = NULL;
	if (!mailbox_get(store, user, name, &mailbox, &error))
		database_check(error);
	return mailbox;
}

static void assert_create_fails(
	gint64 user, const char *name, DbmailErrorCode code)
{
	g_autoptr(GError) error = NULL;
	Mailbox *mailbox = NULL;
	g_assert_false(
		mailbox_create(store, user, name, NULL, &mailbox, &error));
	g_assert_true(dbmail_error_is(error, code));
	g_assert_null(mailbox);
}

static void delete (gint64 user, const char *name)
{
	GError *error = NULL;
	if (!mailbox_delete(store, user, name, &error))
		database_check(error);
}

static void assert_delete_fails(
	gint64 user, const char *name, DbmailErrorCode code)
{
	g_autoptr(GError) error = NULL;
	g_assert_false(mailbox_delete(store, user, name, &error));
	g_assert_true(dbmail_error_is(error, code));
}

static void move(gint64 user, const char *from, const char *to)
{
	GError *error = NULL;
	if (!mailbox_rename(store, user, from, to, &error))
		database_check(error);
}

static void assert_rename_fails(
	gint64 user, const char *from, const char *to, DbmailErrorCode code)
{
	g_autoptr(GError) error = NULL;
	g_assert_false(mailbox_rename(store, user, from, to, &error));
	g_assert_true(dbmail_error_is(error, code));
}

/* ".name" for each mailbox, "(name)" for a \Noselect one, "-name" for a name
 * without mailbox; "+" behind those subscribed. */
static void assert_list(gint64 user, const char *expected)
{
	GError *error = NULL;
	g_autoptr(GPtrArray) list = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	if (!mailbox_list(store, user, &list, &error))
		database_check(error);
	for (guint i = 0; i < list->len; i++) {
		const MailboxListed *listed = g_ptr_array_index(list, i);
		const Mailbox *mailbox = listed->mailbox;
		const char *form = mailbox == NULL ? "-" :
			mailbox->no_select         ? "(" :
						     ".";
		if (i > 0)
			g_string_append_c(text, ' ');
		g_string_append_c(text, form[0]);
		g_string_append(text, listed->name);
		if (form[0] == '(')
			g_string_append_c(text, ')');
		if (listed->subscribed)
			g_string_append_c(text, '+');
	}
	g_assert_cmpstr(text->str, ==, expected);
}

/* A user with INBOX alone. */
static gint64 bare_user(const char *name)
{
	gint64 user = fixture_user(store, name, 0);
	g_autofree char *sql = g_strdup_printf(
		"DELETE FROM dbmail_mailboxes WHERE name <> 'INBOX' AND"
		" owner_idnr = %" G_GINT64_FORMAT
		"; DELETE FROM dbmail_subscribed_names WHERE user_id = "
		"%" G_GINT64_FORMAT,
		user, user);
	database_script(sql);
	return user;
}

static void deliver(gint64 mailbox, guint count)
{
	for (guint i = 0; i < count; i++)
		fixture_deliver(store, mailbox,
			bytes_of_string("Subject: x\r\n\r\nx\r\n"),
			DELIVERY_STORED);
}

static void test_create(void)
{
	gint64 user = bare_user("create");
	gint64 lists = create(user, "Lists/a/b", "\\Archive");
	assert_list(user, ".INBOX .Lists .Lists/a .Lists/a/b");
	g_autoptr(Mailbox) above = get(user, "Lists/a");
	g_assert_null(above->special_use);
	assert_create_fails(user, "Lists", DBMAIL_ERROR_EXISTS);
	assert_create_fails(user, "INBOX", DBMAIL_ERROR_EXISTS);
	assert_create_fails(987654321, "x", DBMAIL_ERROR_NOT_FOUND);
	database_script("UPDATE dbmail_mailboxes SET no_inferiors = 1"
			" WHERE name = 'Lists/a'");
	assert_create_fails(user, "Lists/a/x/y", DBMAIL_ERROR_NO_PERMISSION);
	assert_rename_fails(
		user, "INBOX", "Lists/a/c", DBMAIL_ERROR_NO_PERMISSION);
	assert_list(user, ".INBOX .Lists .Lists/a .Lists/a/b");
	/* Sorted by bytes. */
	create(user, "Zebra", NULL);
	create(user, "apple", NULL);
	create(user, "Lists-2", NULL);
	assert_list(user,
		".INBOX .Lists .Lists-2 .Lists/a .Lists/a/b .Zebra"
		" .apple");
	g_autoptr(Mailbox) found = get(user, "Lists/a/b");
	g_assert_cmpint(found->id, ==, lists);
	g_assert_cmpuint(found->uidnext, ==, 1);
	g_assert_cmpuint(found->messages, ==, 0);
	g_assert_false(found->read_only);
	g_assert_true(found->owner == user);
}

static void assert_use(gint64 user, const char *name, const char *use)
{
	g_autoptr(Mailbox) mailbox = get(user, name);
	g_assert_cmpstr(mailbox->special_use, ==, use);
}

static void test_special_use(void)
{
	gint64 user = bare_user("uses");
	gint64 other = bare_user("other-uses");
	g_autoptr(GError) error = NULL;
	create(other, "s", "\\Sent");
	create(user, "a", "\\Drafts \\Sent");
	create(user, "b", "\\Sent \\Trash");
	assert_use(user, "a", "\\Drafts");
	create(user, "c", "\\Sent");
	assert_use(user, "b", "\\Trash");
	create(user, "d", "\\Drafts");
	assert_use(user, "a", NULL);
	assert_use(other, "s", "\\Sent");
	Mailbox *none = NULL;
	g_assert_false(mailbox_create(
		store, user, "e", "\\Drafts \\All", &none, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	assert_list(user, ".INBOX .a .b .c .d");
	assert_use(user, "d", "\\Drafts");
}

static void test_set_special_use(void)
{
	gint64 user = bare_user("set-uses");
	g_autoptr(GError) missing = NULL;
	g_autoptr(GError) wrong = NULL;
	GError *error = NULL;
	create(user, "a", "\\Drafts \\Sent");
	create(user, "b", NULL);
	if (!mailbox_set_special_use(store, user, "b", "\\junk \\sent", &error))
		database_check(error);
	assert_use(user, "a", "\\Drafts");
	assert_use(user, "b", "\\Junk \\Sent");
	if (!mailbox_set_special_use(store, user, "b", NULL, &error))
		database_check(error);
	assert_use(user, "b", NULL);
	g_assert_false(mailbox_set_special_use(
		store, user, "nothing", "\\Drafts", &missing));
	g_assert_true(dbmail_error_is(missing, DBMAIL_ERROR_NOT_FOUND));
	g_assert_false(
		mailbox_set_special_use(store, user, "b", "\\All", &wrong));
	g_assert_true(dbmail_error_is(wrong, DBMAIL_ERROR_INVALID));
	assert_use(user, "a", "\\Drafts");
}

static void test_list_uses(void)
{
	gint64 user = bare_user("list-uses");
	gint64 other = bare_user("list-uses-other");
	g_autoptr(GPtrArray) none = NULL;
	g_autoptr(GPtrArray) list = NULL;
	GError *error = NULL;

	create(user, "b", NULL);
	create(other, "o", "\\Sent");
	if (!mailbox_list_uses(store, user, &none, &error))
		database_check(error);
	g_assert_cmpuint(none->len, ==, 0);
	create(user, "c", "\\Junk");
	create(user, "a", "\\Drafts \\Sent");
	if (!mailbox_list_uses(store, user, &list, &error))
		database_check(error);
	g_assert_cmpuint(list->len, ==, 2);
	const Mailbox *first = list->pdata[0];
	const Mailbox *second = list->pdata[1];
	g_assert_cmpstr(first->name, ==, "a");
	g_assert_cmpstr(first->special_use, ==, "\\Drafts \\Sent");
	g_assert_cmpint(first->owner, ==, user);
	g_assert_cmphex(first->rights, ==, RIGHTS_ALL);
	g_assert_cmpstr(second->name, ==, "c");
}

/* However many mailboxes there are, one that is asked for by its id is one look
 * into an index. */
static void test_plan_id(void)
{
	g_autofree char *plan = fixture_plan(&SQL_MAILBOX_GET_ID, "1, 2");

	g_test_message("%s", plan);
	g_assert_nonnull(strstr(plan, "using dbmail_mailboxes_pkey"));
	g_assert_null(strstr(plan, "dbmail_mailboxes_owner_name"));
	g_assert_null(strstr(plan, "Seq Scan"));
}

static void test_count(void)
{
	gint64 user = bare_user("count");
	gint64 id = create(user, "a", NULL);
	create(user, "b", NULL);
	deliver(id, 3);
	GError *error = NULL;
	guint32 first;
	if (!mailbox_take_recent(store, id, 4, &first, &error))
		database_check(error);
	deliver(id, 2);
	database_script("UPDATE dbmail_messages SET deleted_flag = 1"
			" WHERE uid IN (1, 4) AND mailbox_idnr = (SELECT"
			" mailbox_idnr FROM dbmail_mailboxes WHERE name = 'a'"
			" AND owner_idnr = (SELECT user_idnr FROM dbmail_users"
			" WHERE userid = 'count'));"
			"UPDATE dbmail_mailboxes SET deleted = 2"
			" WHERE name = 'a' AND owner_idnr = (SELECT user_idnr"
			" FROM dbmail_users WHERE userid = 'count')");
	g_autoptr(Mailbox) a = get(user, "a");
	g_autoptr(Mailbox) b = get(user, "b");
	Mailbox *both[] = { a, b };
	if (!mailbox_count(store, both, 2, MAILBOX_COUNT_RECENT, &error))
		database_check(error);
	g_assert_cmpuint(a->recent, ==, 2);
	g_assert_cmpuint(a->deleted_size, ==, 0);
	if (!mailbox_count(store, both, 2,
		    MAILBOX_COUNT_RECENT | MAILBOX_COUNT_DELETED, &error))
		database_check(error);
	g_assert_cmpuint(a->recent, ==, 2);
	g_assert_cmpuint(a->deleted_size, ==, 34);
	g_assert_cmpuint(b->recent, ==, 0);
	g_assert_cmpuint(b->deleted_size, ==, 0);
}

static void test_delete(void)
{
	gint64 user = bare_user("delete");
	gint64 parent = create(user, "a", "\\Junk");
	gint64 child = create(user, "a/b", NULL);
	deliver(parent, 3);
	deliver(child, 2);
	g_autoptr(Mailbox) before = get(user, "a");
	delete (user, "a");
	assert_list(user, ".INBOX (a) .a/b");
	g_autoptr(Mailbox) empty = get(user, "a");
	g_assert_cmpuint(empty->messages, ==, 0);
	g_assert_cmpuint(empty->size, ==, 0);
	g_assert_null(empty->special_use);
	fixture_assert_sums();
	assert_delete_fails(user, "a", DBMAIL_ERROR_NO_PERMISSION);
	assert_delete_fails(user, "INBOX", DBMAIL_ERROR_NO_PERMISSION);
	assert_delete_fails(user, "nothing", DBMAIL_ERROR_NOT_FOUND);
	/* It comes back; its UIDs do not. */
	g_autoptr(Mailbox) again = NULL;
	GError *error = NULL;
	if (!mailbox_create(store, user, "a", NULL, &again, &error))
		database_check(error);
	g_assert_cmpint(again->id, ==, parent);
	g_assert_false(again->no_select);
	deliver(parent, 1);
	g_autoptr(MailboxView) view = NULL;
	if (!view_get(store, parent, &view, &error))
		database_check(error);
	g_assert_cmpuint(view->count, ==, 1);
	g_assert_true(view->uidvalidity != before->uidvalidity ||
		view->messages[0].uid >= before->uidnext);
	delete (user, "a");
	delete (user, "a/b");
	delete (user, "a");
	assert_list(user, ".INBOX");
	fixture_assert_sums();
	g_assert_cmpint(fixture_number("SELECT curmail_size FROM dbmail_users "
				       "WHERE userid = 'delete'"),
		==, 0);
	/* All six messages wait for the clean-up. */
	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM dbmail_physmessage p WHERE NOT "
			"EXISTS"
			" (SELECT FROM dbmail_messages m WHERE "
			"m.physmessage_id = p.id)"
			" AND NOT EXISTS (SELECT FROM dbmail_purge_queue q"
			" WHERE q.physmessage_id = p.id)"),
		==, 0);
	/* A new one of the name has another UIDVALIDITY. */
	create(user, "a", NULL);
	g_autoptr(Mailbox) third = get(user, "a");
	g_assert_cmpuint(third->uidvalidity, >, before->uidvalidity);
}

static void test_rename(void)
{
	gint64 user = bare_user("rename");
	gint64 id = create(user, "old/a/x", NULL);
	create(user, "older", NULL);
	deliver(id, 2);
	g_autoptr(Mailbox) before = get(user, "old/a/x");
	move(user, "old", "new/place");
	assert_list(user,
		".INBOX .new .new/place .new/place/a .new/place/a/x .older");
	g_autoptr(Mailbox) after = get(user, "new/place/a/x");
	g_assert_cmpint(after->id, ==, id);
	g_assert_cmpuint(after->uidvalidity, ==, before->uidvalidity);
	g_assert_cmpuint(after->messages, ==, 2);
	assert_rename_fails(user, "nothing", "x", DBMAIL_ERROR_NOT_FOUND);
	assert_rename_fails(user, "new", "older", DBMAIL_ERROR_EXISTS);
	assert_rename_fails(user, "new", "INBOX", DBMAIL_ERROR_EXISTS);
	assert_rename_fails(user, "new", "new", DBMAIL_ERROR_EXISTS);
	assert_rename_fails(user, "new", "new/x", DBMAIL_ERROR_INVALID);
	/* A child would get too long a name. */
	g_autofree char *longest = g_strnfill(MAILBOX_NAME_MAX, 'x');
	assert_rename_fails(user, "new", longest, DBMAIL_ERROR_LIMIT);
	move(user, "older", longest);
	g_autoptr(Mailbox) found G_GNUC_UNUSED = get(user, longest);
	/* Letters of more than a byte, and a name that begins the same. */
	create(user, "\xc3\xa4", NULL);
	create(user, "\xc3\xa4/b", NULL);
	create(user, "\xc3\xa4x", NULL);
	move(user, "\xc3\xa4", "u");
	g_autoptr(Mailbox) child G_GNUC_UNUSED = get(user, "u/b");
	g_autoptr(Mailbox) other G_GNUC_UNUSED = get(user, "\xc3\xa4x");
}

static void test_rename_inbox(void)
{
	gint64 user = bare_user("inbox");
	gint64 inbox = fixture_inbox(user);
	create(user, "INBOX/child", NULL);
	deliver(inbox, 5);
	GError *error = NULL;
	guint32 recent;
	if (!mailbox_take_recent(store, inbox, 6, &recent, &error))
		database_check(error);
	deliver(inbox, 2);
	const char *const keywords[] = { "k", NULL };
	const FlagChange flag = {
		.action = FLAG_ADD, .flags = FLAG_SEEN, .keywords = keywords
	};
	g_autoptr(NumSet) uids = numset_new();
	guint64 seq;
	numset_add_range(uids, 2, 3);
	if (!flag_change(store, inbox, uids, &flag, &seq, NULL, &error))
		database_check(error);
	const FlagChange deleted = { .action = FLAG_ADD,
		.flags = FLAG_DELETED };
	numset_clear(uids);
	numset_add(uids, 1);
	if (!flag_change(store, inbox, uids, &deleted, &seq, NULL, &error) ||
		!message_expunge(store, inbox, NULL, NULL, &seq, &error))
		database_check(error);
	g_autoptr(MailboxView) old = NULL;
	if (!view_get(store, inbox, &old, &error))
		database_check(error);

	move(user, "INBOX", "saved/mail");
	assert_list(user, ".INBOX .INBOX/child .saved .saved/mail");
	g_autoptr(Mailbox) taker = get(user, "saved/mail");
	g_autoptr(Mailbox) giver = get(user, "INBOX");
	g_assert_cmpint(giver->id, ==, inbox);
	g_assert_cmpuint(giver->messages, ==, 0);
	g_assert_cmpuint(giver->uidnext, ==, 8);
	g_assert_cmpuint(taker->messages, ==, 6);
	g_assert_cmpuint(taker->unseen, ==, 4);
	g_assert_cmpuint(taker->uidnext, ==, 7);
	g_assert_cmpuint(taker->first_recent, ==, 5);
	g_autoptr(MailboxView) empty = NULL, full = NULL;
	if (!view_get(store, inbox, &empty, &error) ||
		!view_get(store, taker->id, &full, &error))
		database_check(error);
	g_assert_cmpuint(empty->count, ==, 0);
	g_assert_cmpuint(full->count, ==, 6);
	for (guint i = 0; i < 6; i++) {
		g_assert_cmpuint(full->messages[i].uid, ==, i + 1);
		g_assert_cmpint(full->messages[i].physmessage, ==,
			old->messages[i].physmessage);
		g_assert_cmpuint(
			full->messages[i].flags, ==, old->messages[i].flags);
		g_assert_cmpuint(full->messages[i].keywords, ==,
			old->messages[i].keywords);
	}
	g_assert_cmpstr(full->keywords[0], ==, "k");
	deliver(taker->id, 1);
	deliver(inbox, 1);
	fixture_assert_sums();
}

static void test_subscribe(void)
{
	gint64 user = bare_user("subscribe");
	GError *error = NULL;
	create(user, "a", NULL);
	static const char *const subscribed[] = { "a", "b", "a", "INBOX" };
	for (guint i = 0; i < G_N_ELEMENTS(subscribed); i++) {
		if (!mailbox_subscribe(store, user, subscribed[i], &error))
			database_check(error);
	}
	assert_list(user, ".INBOX+ .a+ -b+");
	delete (user, "a");
	assert_list(user, ".INBOX+ -a+ -b+");
	if (!mailbox_unsubscribe(store, user, "a", &error) ||
		!mailbox_unsubscribe(store, user, "nothing", &error))
		database_check(error);
	assert_list(user, ".INBOX+ -b+");
}

static guint32 take_recent(gint64 mailbox, guint32 uidnext)
{
	GError *error = NULL;
	guint32 first = 0;
	if (!mailbox_take_recent(store, mailbox, uidnext, &first, &error))
		database_check(error);
	return first;
}

typedef struct {
	gint64 mailbox;
	guint32 recent; /* the UID that is */
	gint waiting;   /* threads that are not ready */
} Rush;

static gpointer count_recent(gpointer data)
{
	Rush *rush = data;
	g_atomic_int_add(&rush->waiting, -1);
	while (g_atomic_int_get(&rush->waiting) > 0)
		g_thread_yield();
	guint32 first = take_recent(rush->mailbox, rush->recent + 1);
	return GUINT_TO_POINTER(first == rush->recent ? 1 : 0);
}

/* Of many sessions that open it at once, one has the message. */
static void rush_for_recent(gint64 mailbox, guint32 uid)
{
	GThread *threads[8];
	guint takers = 0;
	Rush rush = { mailbox, uid, G_N_ELEMENTS(threads) };
	deliver(mailbox, 1);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("recent", count_recent, &rush);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		takers += GPOINTER_TO_UINT(g_thread_join(threads[i]));
	g_assert_cmpuint(takers, ==, 1);
}

static void test_recent(void)
{
	gint64 inbox = fixture_inbox(bare_user("recent"));
	GError *error = NULL;
	guint32 first;
	g_assert_cmpuint(take_recent(inbox, 1), ==, 1);
	deliver(inbox, 3);
	/* What comes behind the session's view is another's. */
	g_assert_cmpuint(take_recent(inbox, 3), ==, 1);
	g_assert_cmpuint(take_recent(inbox, 3), ==, 3);
	g_assert_cmpuint(take_recent(inbox, 2), ==, 3);
	g_assert_cmpuint(take_recent(inbox, 4), ==, 3);
	g_assert_cmpuint(take_recent(inbox, 4), ==, 4);
	for (guint32 uid = 4; uid < 14; uid++)
		rush_for_recent(inbox, uid);
	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM dbmail_messages m JOIN "
			"dbmail_mailboxes b"
			" USING (mailbox_idnr) JOIN dbmail_users u ON"
			" u.user_idnr = b.owner_idnr WHERE u.userid = 'recent'"
			" AND m.recent_flag = 1"),
		==, 0);
	g_assert_false(
		mailbox_take_recent(store, 987654321, 2, &first, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND));
	g_clear_error(&error);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/mailbox/names", test_names);
	g_test_add_func("/store/mailbox/create", test_create);
	g_test_add_func("/store/mailbox/special-use", test_special_use);
	g_test_add_func("/store/mailbox/set-special-use", test_set_special_use);
	g_test_add_func("/store/mailbox/list-uses", test_list_uses);
	g_test_add_func("/store/mailbox/plan-id", test_plan_id);
	g_test_add_func("/store/mailbox/count", test_count);
	g_test_add_func("/store/mailbox/delete", test_delete);
	g_test_add_func("/store/mailbox/rename", test_rename);
	g_test_add_func("/store/mailbox/rename-inbox", test_rename_inbox);
	g_test_add_func("/store/mailbox/subscribe", test_subscribe);
	g_test_add_func("/store/mailbox/recent", test_recent);
	int status = g_test_run();
	store_close(&store);
	return status;
}
