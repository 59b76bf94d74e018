/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying, moving and expunging: rows, counters, change log, quota. */
#include "fixture.h"

static Store *store;

#define OK(call) \
	do { \
		GError *error = NULL; \
		if (!(call)) \
			database_check(error); \
	} while (0)

/* Two mailboxes of a new user; the first gets five messages. */
typedef struct {
	gint64 user;
	gint64 inbox;
	gint64 sent;
} Boxes;

static Boxes make_boxes(const char *name)
{
	Boxes boxes = { .user = fixture_user(store, name, 0) };
	g_autofree char *query = g_strdup_printf(
		"SELECT mailbox_idnr FROM dbmail_mailboxes WHERE name = 'Sent'"
		" AND owner_idnr = %" G_GINT64_FORMAT,
		boxes.user);
	static const char *const words[] = { "one", "Two", NULL };
	static const char *const more[] = { "two", NULL };
	g_autoptr(MessageDraft) draft = message_draft_new(
		store, bytes_of_string("Subject: x\r\n\r\nbody"), NULL);

	boxes.inbox = fixture_inbox(boxes.user);
	boxes.sent = fixture_number(query);
	for (guint i = 1; i <= 5; i++) {
		MessagePut put = { .draft = draft,
			.mailbox = boxes.inbox,
			.internal_date = i,
			.flags = i % 2 ? FLAG_SEEN : FLAG_DELETED,
			.keywords = i == 1 ? words :
				i == 2     ? more :
					     NULL };

		OK(message_append(store, &put, 1, &error));
	}
	return boxes;
}

/* "1:3,7 " of the UIDs in a mailbox. */
static char *uids_of(gint64 mailbox)
{
	g_autofree char *query = g_strdup_printf(
		"SELECT coalesce(string_agg(uid::text, '' ORDER BY uid), '0')"
		"::bigint FROM dbmail_messages"
		" WHERE mailbox_idnr = %" G_GINT64_FORMAT,
		mailbox);

	return g_strdup_printf("%" G_GINT64_FORMAT, fixture_number(query));
}

#define assert_uids(mailbox, expected) \
	do { \
		g_autofree char *found_ = uids_of(mailbox); \
		g_assert_cmpstr(found_, ==, expected); \
	} while (0)

static gint64 number_of(const char *what, gint64 mailbox)
{
	g_autofree char *query = g_strdup_printf(
		"SELECT %s FROM"
		" dbmail_mailboxes WHERE mailbox_idnr = %" G_GINT64_FORMAT,
		what, mailbox);

	return fixture_number(query);
}

static gint64 changes_of(gint64 mailbox)
{
	g_autofree char *query = g_strdup_printf(
		"SELECT coalesce(string_agg(concat(uid_first, uid_last), ''"
		" ORDER BY seq, uid_first), '0')::bigint FROM dbmail_changes"
		" WHERE kind = 2 AND mailbox_idnr = %" G_GINT64_FORMAT,
		mailbox);

	return fixture_number(query);
}

static NumSet *set_of(guint32 first, guint32 last, guint32 also)
{
	NumSet *set = numset_new();

	numset_add_range(set, first, last);
	numset_add(set, also);
	return set;
}

#define number_at(array, i) g_array_index((array), guint32, (i))

static void test_copy(void)
{
	const Boxes boxes = make_boxes("copy");
	g_autoptr(NumSet) uids = set_of(1, 2, 5);
	MessageCopied copied = { 0 };

	numset_add(uids, 99);
	OK(message_copy(
		store, boxes.inbox, uids, boxes.sent, FALSE, &copied, &error));
	g_assert_cmpuint(copied.from->len, ==, 3);
	g_assert_cmpuint(
		copied.uidvalidity, ==, number_of("uidvalidity", boxes.sent));
	for (guint i = 0; i < 3; i++) {
		g_assert_cmpuint(
			number_at(copied.from, i), ==, i < 2 ? i + 1 : 5);
		g_assert_cmpuint(number_at(copied.to, i), ==, i + 1);
	}
	message_copied_clear(&copied);
	assert_uids(boxes.sent, "123");
	assert_uids(boxes.inbox, "12345");
	g_assert_cmpint(number_of("seq", boxes.sent), ==, 2);
	/* The destination knew none of the keywords, which sort as Two, one. */
	g_assert_cmpint(number_of("cardinality(keywords)", boxes.sent), ==, 2);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_messages a JOIN "
			       "dbmail_mailboxes x"
			       " ON x.mailbox_idnr = a.mailbox_idnr JOIN "
			       "dbmail_messages b"
			       " ON b.physmessage_id = a.physmessage_id"
			       " AND b.message_idnr < a.message_idnr WHERE"
			       " (a.seen_flag, a.deleted_flag) = (b.seen_flag, "
			       "b.deleted_flag)"),
		==, 3);
	g_assert_cmpint(
		number_of("(SELECT string_agg(keywords::text, ''"
			  " ORDER BY uid)::bigint FROM dbmail_messages m"
			  " WHERE m.mailbox_idnr = "
			  "dbmail_mailboxes.mailbox_idnr)",
			boxes.sent),
		==, 310);
	fixture_assert_sums();
}

/* What a destination calls its keywords is its own. */
static void test_copy_keywords(void)
{
	static const char *const words[] = { "TWO", NULL };
	const Boxes boxes = make_boxes("keywords");
	g_autoptr(NumSet) uids = set_of(1, 2, 2);
	g_autoptr(MessageDraft) draft = message_draft_new(
		store, bytes_of_string("Subject: y\r\n\r\n"), NULL);
	MessagePut put = {
		.draft = draft, .mailbox = boxes.sent, .keywords = words
	};
	MessageCopied copied = { 0 };

	OK(message_append(store, &put, 1, &error));
	OK(message_copy(
		store, boxes.inbox, uids, boxes.sent, FALSE, &copied, &error));
	message_copied_clear(&copied);
	/* {TWO,one}: both, then two alone. */
	g_assert_cmpint(
		number_of("(SELECT string_agg(keywords::text, ''"
			  " ORDER BY uid)::bigint FROM dbmail_messages m"
			  " WHERE m.mailbox_idnr = "
			  "dbmail_mailboxes.mailbox_idnr)",
			boxes.sent),
		==, 131);
	g_assert_cmpint(number_of("cardinality(keywords)", boxes.sent), ==, 2);
	fixture_assert_sums();
}

static void test_move(void)
{
	const Boxes boxes = make_boxes("move");
	g_autoptr(NumSet) uids = set_of(2, 3, 5);
	const gint64 queued =
		fixture_number("SELECT count(*) FROM dbmail_purge_queue");
	MessageCopied copied = { 0 };

	OK(message_copy(
		store, boxes.inbox, uids, boxes.sent, TRUE, &copied, &error));
	g_assert_cmpuint(copied.from->len, ==, 3);
	message_copied_clear(&copied);
	assert_uids(boxes.inbox, "14");
	assert_uids(boxes.sent, "123");
	g_assert_cmpint(changes_of(boxes.inbox), ==, 2355);
	/* Nothing was let go of. */
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_purge_queue"), ==,
		queued);
	fixture_assert_sums();
}

/* RFC 6851 section 3.3 allows it: the messages get new UIDs. */
static void test_move_inside(void)
{
	const Boxes boxes = make_boxes("inside");
	g_autoptr(NumSet) all = set_of(2, G_MAXUINT32, 2);
	MessageCopied copied = { 0 };

	OK(message_copy(
		store, boxes.inbox, all, boxes.inbox, TRUE, &copied, &error));
	g_assert_cmpuint(copied.from->len, ==, 4);
	g_assert_cmpuint(number_at(copied.to, 0), ==, 6);
	message_copied_clear(&copied);
	assert_uids(boxes.inbox, "16789");
	g_assert_cmpint(changes_of(boxes.inbox), ==, 25);
	fixture_assert_sums();
}

static void test_nothing(void)
{
	const Boxes boxes = make_boxes("nothing");
	g_autoptr(NumSet) none = set_of(50, 60, 70);
	MessageCopied copied = { 0 };
	guint64 seq = 0;

	OK(message_copy(
		store, boxes.inbox, none, boxes.sent, TRUE, &copied, &error));
	g_assert_cmpuint(copied.from->len, ==, 0);
	message_copied_clear(&copied);
	OK(message_expunge(store, boxes.inbox, none, NULL, &seq, &error));
	g_assert_cmpuint(seq, ==, 6);
	g_assert_cmpint(number_of("seq", boxes.inbox), ==, 6);
	g_assert_cmpint(number_of("seq", boxes.sent), ==, 1);
	fixture_assert_sums();
}

static void test_refused(void)
{
	const Boxes boxes = make_boxes("refused");
	const gint64 full = fixture_inbox(fixture_user(store, "full", 20));
	g_autoptr(NumSet) all = set_of(1, 5, 1);
	g_autoptr(NumSet) none = set_of(50, 60, 70);
	g_autoptr(GError) over = NULL;
	g_autoptr(GError) gone = NULL;
	g_autoptr(GError) still = NULL;
	MessageCopied copied = { 0 };

	g_assert_false(message_copy(
		store, boxes.inbox, all, full, TRUE, &copied, &over));
	g_assert_true(dbmail_error_is(over, DBMAIL_ERROR_OVER_QUOTA));
	g_assert_false(message_copy(
		store, boxes.inbox, all, G_MAXINT64, FALSE, &copied, &gone));
	g_assert_true(dbmail_error_is(gone, DBMAIL_ERROR_NOT_FOUND));
	g_assert_false(message_copy(
		store, boxes.inbox, none, G_MAXINT64, FALSE, &copied, &still));
	g_assert_true(dbmail_error_is(still, DBMAIL_ERROR_NOT_FOUND));
	assert_uids(boxes.inbox, "12345");
	assert_uids(full, "0");
	/* A move inside the account needs no room. */
	database_script("UPDATE dbmail_users SET maxmail_size = 1"
			" WHERE userid = 'refused'");
	OK(message_copy(
		store, boxes.inbox, all, boxes.sent, TRUE, &copied, &error));
	g_assert_cmpuint(copied.from->len, ==, 5);
	message_copied_clear(&copied);
	fixture_assert_sums();
}

static void test_expunge(void)
{
	const Boxes boxes = make_boxes("expunge");
	g_autoptr(NumSet) some = set_of(1, 3, 3);
	g_autoptr(NumSet) gone = numset_new();
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) absent = NULL;
	guint64 seq = 0;

	OK(message_expunge(store, boxes.inbox, some, gone, &seq, &error));
	numset_append_text(gone, text);
	g_assert_cmpstr(text->str, ==, "2");
	g_assert_cmpuint(seq, ==, 7);
	OK(message_expunge(store, boxes.inbox, NULL, gone, &seq, &error));
	g_string_truncate(text, 0);
	numset_append_text(gone, text);
	g_assert_cmpstr(text->str, ==, "2,4");
	g_assert_cmpuint(seq, ==, 8);
	assert_uids(boxes.inbox, "135");
	g_assert_cmpint(changes_of(boxes.inbox), ==, 2244);
	OK(message_remove(store, boxes.inbox, some, &error));
	assert_uids(boxes.inbox, "5");
	g_assert_cmpint(number_of("uidnext", boxes.inbox), ==, 6);
	g_assert_false(
		message_expunge(store, G_MAXINT64, NULL, NULL, NULL, &absent));
	g_assert_true(dbmail_error_is(absent, DBMAIL_ERROR_NOT_FOUND));
	fixture_assert_sums();
}

/* --- many at once --------------------------------------------------------- */

static gint64 shared_boxes[4];
static gint ending;

static gpointer shuffle(gpointer data)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(GPOINTER_TO_UINT(data));
	g_autoptr(NumSet) all = set_of(1, G_MAXUINT32, 1);

	while (!g_atomic_int_get(&ending)) {
		const gint64 from = shared_boxes[g_rand_int_range(rand, 0, 4)];
		const gint64 to = shared_boxes[g_rand_int_range(rand, 0, 4)];
		const gint32 what = g_rand_int_range(rand, 0, 8);
		MessageCopied copied = { 0 };

		if (what == 0)
			OK(message_remove(store, from, all, &error));
		else if (what < 4)
			OK(message_copy(store, from, all, to, what < 3, &copied,
				&error));
		else
			fixture_deliver(store, to,
				bytes_of_string("Subject: x\r\n\r\nshuffled"),
				DELIVERY_STORED);
		message_copied_clear(&copied);
	}
	return NULL;
}

/* Two users, two mailboxes each, messages in all directions: sums stay right
 * and the one lock order leaves nothing to a deadlock's retry. */
static void test_shuffle(void)
{
	const Boxes one = make_boxes("shuffle1");
	const Boxes two = make_boxes("shuffle2");
	GThread *threads[6];
	const gint64 before =
		fixture_number("SELECT deadlocks FROM pg_stat_database"
			       " WHERE datname = current_database()");

	shared_boxes[0] = one.inbox;
	shared_boxes[1] = two.sent;
	shared_boxes[2] = two.inbox;
	shared_boxes[3] = one.sent;
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] =
			g_thread_new("shuffle", shuffle, GUINT_TO_POINTER(i));
	g_usleep(2 * G_USEC_PER_SEC);
	g_atomic_int_set(&ending, 1);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	fixture_assert_sums();
	g_assert_cmpint(fixture_number("SELECT deadlocks FROM pg_stat_database"
				       " WHERE datname = current_database()"),
		==, before);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/transfer/copy", test_copy);
	g_test_add_func("/store/transfer/copy-keywords", test_copy_keywords);
	g_test_add_func("/store/transfer/move", test_move);
	g_test_add_func("/store/transfer/move-inside", test_move_inside);
	g_test_add_func("/store/transfer/nothing", test_nothing);
	g_test_add_func("/store/transfer/refused", test_refused);
	g_test_add_func("/store/transfer/expunge", test_expunge);
	g_test_add_func("/store/transfer/shuffle", test_shuffle);
	status = g_test_run();
	store_close(&store);
	return status;
}
