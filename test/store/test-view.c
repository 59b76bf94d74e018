/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Views: after any change, by anybody, as if loaded anew. */
#include "store/view.h"

#include "fixture.h"
#include "store/mailbox.h"

/* Two handles are as two processes: each has its own cache. */
static Store *store, *other;

static MailboxView *get(Store *from, gint64 mailbox)
{
	GError *error = NULL;
	MailboxView *view = NULL;
	if (!view_get(from, mailbox, &view, &error))
		database_check(error);
	return view;
}

/* What a process that has just started sees. */
static MailboxView *load_anew(gint64 mailbox)
{
	g_autoptr(Store) fresh = fixture_store(NULL);
	return get(fresh, mailbox);
}

static void assert_same(const MailboxView *a, const MailboxView *b)
{
	g_assert_cmpuint(a->seq, ==, b->seq);
	g_assert_cmpuint(a->uidnext, ==, b->uidnext);
	g_assert_cmpuint(a->uidvalidity, ==, b->uidvalidity);
	g_assert_cmpuint(a->count, ==, b->count);
	g_assert_cmpstrv((gpointer)a->keywords, (gpointer)b->keywords);
	for (guint i = 0; i < a->count; i++) {
		const ViewMessage *left = &a->messages[i];
		const ViewMessage *right = &b->messages[i];
		g_assert_cmpuint(left->uid, ==, right->uid);
		g_assert_cmpuint(left->flags, ==, right->flags);
		g_assert_cmpuint(left->keywords, ==, right->keywords);
		g_assert_cmpuint(left->modseq, ==, right->modseq);
		g_assert_cmpint(left->physmessage, ==, right->physmessage);
		g_assert_cmpuint(left->size, ==, right->size);
	}
}

static void assert_fresh(gint64 mailbox)
{
	g_autoptr(MailboxView) anew = load_anew(mailbox);
	g_autoptr(MailboxView) mine = get(store, mailbox);
	g_autoptr(MailboxView) theirs = get(other, mailbox);
	assert_same(mine, anew);
	assert_same(theirs, anew);
}

static void deliver(Store *to, gint64 mailbox, guint count)
{
	for (guint i = 0; i < count; i++)
		fixture_deliver(to, mailbox,
			bytes_of_string("Subject: x\r\n\r\nx\r\n"),
			DELIVERY_STORED);
}

static void change(Store *with, gint64 mailbox, guint32 first, guint32 last,
	FlagAction action, Flags flags, const char *keyword)
{
	const char *const keywords[] = { keyword, NULL };
	const FlagChange flag = {
		.action = action,
		.flags = flags,
		.keywords = keyword != NULL ? keywords : NULL,
	};
	g_autoptr(NumSet) uids = numset_new();
	GError *error = NULL;
	guint64 seq;
	numset_add_range(uids, first, last);
	if (!flag_change(with, mailbox, uids, &flag, &seq, NULL, &error))
		database_check(error);
}

static void expunge(Store *with, gint64 mailbox)
{
	GError *error = NULL;
	guint64 seq;
	if (!message_expunge(with, mailbox, NULL, NULL, &seq, &error))
		database_check(error);
}

static void test_every_change(void)
{
	gint64 user = fixture_user(store, "changes", 0);
	gint64 inbox = fixture_inbox(user);
	assert_fresh(inbox);
	deliver(store, inbox, 20);
	assert_fresh(inbox);
	change(other, inbox, 1, 10, FLAG_ADD, FLAG_SEEN, NULL);
	assert_fresh(inbox);
	/* Overlapping ranges, several between two looks. */
	change(store, inbox, 3, 3, FLAG_ADD, FLAG_FLAGGED, "one");
	change(other, inbox, 2, 15, FLAG_ADD, FLAG_ANSWERED, "two");
	change(store, inbox, 5, 7, FLAG_REPLACE, FLAG_DELETED, "three");
	change(other, inbox, 18, G_MAXUINT32, FLAG_ADD, FLAG_DRAFT, NULL);
	assert_fresh(inbox);
	/* What the user may not change stays. */
	const char *const four[] = { "four", NULL };
	const FlagChange kept = { .action = FLAG_REPLACE,
		.flags = FLAG_DRAFT | FLAG_SEEN,
		.keywords = four,
		.kept = FLAG_SEEN | FLAG_ANSWERED,
		.keeps_keywords = TRUE };
	g_autoptr(NumSet) all = numset_new();
	GError *error = NULL;
	guint64 seq;
	numset_add_range(all, 1, 20);
	if (!flag_change(store, inbox, all, &kept, &seq, NULL, &error))
		database_check(error);
	assert_fresh(inbox);
	/* New, changed and expunged at once. */
	deliver(other, inbox, 3);
	change(store, inbox, 21, 22, FLAG_ADD, FLAG_DELETED, NULL);
	expunge(other, inbox);
	deliver(store, inbox, 2);
	assert_fresh(inbox);
	change(store, inbox, 1, G_MAXUINT32, FLAG_ADD, FLAG_DELETED, NULL);
	expunge(store, inbox);
	assert_fresh(inbox);
	g_autoptr(MailboxView) empty = get(store, inbox);
	g_assert_cmpuint(empty->count, ==, 0);
	deliver(store, inbox, 1);
	assert_fresh(inbox);
	fixture_assert_sums();
}

static void test_copy_and_move(void)
{
	gint64 user = fixture_user(store, "copies", 0);
	gint64 inbox = fixture_inbox(user);
	GError *error = NULL;
	g_autoptr(Mailbox) sent = NULL;
	if (!mailbox_get(store, user, "Sent", &sent, &error))
		database_check(error);
	deliver(store, inbox, 10);
	assert_fresh(inbox);
	assert_fresh(sent->id);
	g_autoptr(NumSet) uids = numset_new();
	numset_add_range(uids, 3, 5);
	numset_add(uids, 8);
	MessageCopied copied = { 0 };
	if (!message_copy(other, inbox, uids, sent->id, TRUE, &copied, &error))
		database_check(error);
	message_copied_clear(&copied);
	assert_fresh(inbox);
	assert_fresh(sent->id);
	if (!message_copy(store, sent->id, uids, inbox, FALSE, &copied, &error))
		database_check(error);
	message_copied_clear(&copied);
	assert_fresh(inbox);
}

static void test_shared(void)
{
	gint64 inbox = fixture_inbox(fixture_user(store, "shared", 0));
	deliver(store, inbox, 3);
	g_autoptr(MailboxView) one = get(store, inbox);
	g_autoptr(MailboxView) two = get(store, inbox);
	g_assert_true(one == two);
	/* What somebody holds stays as it is. */
	change(store, inbox, 1, 3, FLAG_ADD, FLAG_DELETED, NULL);
	expunge(store, inbox);
	g_autoptr(MailboxView) three = get(store, inbox);
	g_assert_cmpuint(one->count, ==, 3);
	g_assert_cmpuint(one->messages[0].flags, ==, 0);
	g_assert_cmpuint(three->count, ==, 0);
}

static void test_find(void)
{
	gint64 inbox = fixture_inbox(fixture_user(store, "find", 0));
	deliver(store, inbox, 5);
	change(store, inbox, 2, 2, FLAG_ADD, FLAG_DELETED, NULL);
	expunge(store, inbox);
	g_autoptr(MailboxView) view = get(store, inbox);
	g_assert_cmpuint(view_find(view, 1), ==, 0);
	g_assert_cmpuint(view_find(view, 2), ==, G_MAXUINT);
	g_assert_cmpuint(view_find(view, 5), ==, 3);
	g_assert_cmpuint(view_find(view, 6), ==, G_MAXUINT);
	g_assert_cmpuint(view_lower_bound(view, 0), ==, 0);
	g_assert_cmpuint(view_lower_bound(view, 2), ==, 1);
	g_assert_cmpuint(view_lower_bound(view, 6), ==, 4);
}

static void test_not_found(void)
{
	GError *error = NULL;
	MailboxView *view = NULL;
	g_assert_false(view_get(store, 987654321, &view, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND));
	g_clear_error(&error);

	gint64 user = fixture_user(store, "gone", 0);
	g_autoptr(Mailbox) trash = NULL;
	if (!mailbox_get(store, user, "Trash", &trash, &error))
		database_check(error);
	deliver(store, trash->id, 2);
	g_autoptr(MailboxView) before = get(store, trash->id);
	if (!mailbox_delete(other, user, "Trash", &error))
		database_check(error);
	g_assert_false(view_get(store, trash->id, &view, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND));
	g_clear_error(&error);
	g_assert_cmpuint(before->count, ==, 2);
}

/* A log that was trimmed, and a server that went back in time. */
static void test_reload(void)
{
	gint64 inbox = fixture_inbox(fixture_user(store, "trimmed", 0));
	deliver(store, inbox, 5);
	assert_fresh(inbox);
	change(store, inbox, 1, 2, FLAG_ADD, FLAG_SEEN, NULL);
	g_autofree char *trim =
		g_strdup_printf("DELETE FROM dbmail_changes WHERE mailbox_idnr "
				"= %" G_GINT64_FORMAT
				"; UPDATE dbmail_mailboxes SET log_floor = seq"
				" WHERE mailbox_idnr = %" G_GINT64_FORMAT,
			inbox, inbox);
	database_script(trim);
	assert_fresh(inbox);
	deliver(store, inbox, 1);
	assert_fresh(inbox);
	g_autofree char *back =
		g_strdup_printf("UPDATE dbmail_mailboxes SET seq = seq - 3 "
				"WHERE mailbox_idnr = %" G_GINT64_FORMAT,
			inbox);
	database_script(back);
	assert_fresh(inbox);
}

/* --- all at once -------------------------------------------------------------------- */

#define WRITERS 3
#define READERS 4
#define ROUNDS 60

typedef struct {
	gint64 mailbox;
	guint32 seed;
	gint *running; /* writers */
} Party;

static gpointer write_at_random(gpointer data)
{
	Party *party = data;
	g_autoptr(GRand) random = g_rand_new_with_seed(party->seed);
	for (guint i = 0; i < ROUNDS; i++) {
		Store *with = g_rand_boolean(random) ? store : other;
		guint32 first = (guint32)g_rand_int_range(random, 1, 40);
		guint32 last = first + (guint32)g_rand_int_range(random, 0, 20);
		switch (g_rand_int_range(random, 0, 6)) {
		case 0:
		case 1:
			deliver(with, party->mailbox, 1);
			break;
		case 2:
			change(with, party->mailbox, first, first, FLAG_ADD,
				FLAG_DELETED, NULL);
			break;
		case 3:
			expunge(with, party->mailbox);
			break;
		default:
			change(with, party->mailbox, first, last,
				(FlagAction)g_rand_int_range(random, 0, 3),
				(Flags)g_rand_int_range(random, 0, 8),
				g_rand_boolean(random) ? "a" : "b");
		}
	}
	g_atomic_int_add(party->running, -1);
	return NULL;
}

/* A later view must not be older, nor know less of any message. */
static void assert_later(const MailboxView *a, const MailboxView *b)
{
	g_assert_cmpuint(a->seq, <=, b->seq);
	g_assert_cmpuint(a->uidnext, <=, b->uidnext);
	for (guint i = 0; i < b->count; i++) {
		guint before = view_find(a, b->messages[i].uid);
		g_assert_cmpuint(b->messages[i].modseq, <=, b->seq);
		if (before == G_MAXUINT)
			g_assert_cmpuint(b->messages[i].uid, >=, a->uidnext);
		else
			g_assert_cmpuint(a->messages[before].modseq, <=,
				b->messages[i].modseq);
	}
}

static gpointer read_all_the_time(gpointer data)
{
	Party *party = data;
	Store *from = party->seed % 2 ? store : other;
	g_autoptr(MailboxView) last = get(from, party->mailbox);
	while (g_atomic_int_get(party->running) > 0) {
		g_autoptr(MailboxView) now = get(from, party->mailbox);
		assert_later(last, now);
		view_unref(&last);
		last = g_steal_pointer(&now);
	}
	return NULL;
}

static void test_concurrent(void)
{
	gint64 inbox = fixture_inbox(fixture_user(store, "crowd", 0));
	gint running = WRITERS;
	Party parties[WRITERS + READERS];
	GThread *threads[WRITERS + READERS];
	deliver(store, inbox, 10);
	for (guint i = 0; i < WRITERS + READERS; i++) {
		parties[i] = (Party){ inbox, i, &running };
		threads[i] = g_thread_new("party",
			i < WRITERS ? write_at_random : read_all_the_time,
			&parties[i]);
	}
	for (guint i = 0; i < WRITERS + READERS; i++)
		g_thread_join(threads[i]);
	assert_fresh(inbox);
	fixture_assert_sums();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	other = fixture_store(NULL);
	g_test_add_func("/store/view/every-change", test_every_change);
	g_test_add_func("/store/view/copy-and-move", test_copy_and_move);
	g_test_add_func("/store/view/shared", test_shared);
	g_test_add_func("/store/view/find", test_find);
	g_test_add_func("/store/view/not-found", test_not_found);
	g_test_add_func("/store/view/reload", test_reload);
	g_test_add_func("/store/view/concurrent", test_concurrent);
	int status = g_test_run();
	store_close(&store);
	store_close(&other);
	return status;
}
