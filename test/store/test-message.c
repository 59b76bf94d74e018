/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages into mailboxes: stored whole, once, for all targets or none. */
#include "store/message.h"

#include "fixture.h"

static Store *store;

#define BODY \
	"Content-Type: multipart/mixed; boundary=x\r\n\r\n" \
	"preamble\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n" \
	"--x\r\nContent-Type: application/octet-stream\r\n\r\n" \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n--x--\r\n"

static Bytes message_with(const char *subject, char **text)
{
	*text = g_strdup_printf(
		"From: a@example.org\r\nSubject: %s\r\n" BODY, subject);
	return bytes_of_string(*text);
}

static gint64 last_physmessage(void)
{
	return fixture_number("SELECT max(id) FROM dbmail_physmessage");
}

static void assert_stored(gint64 physmessage, Bytes message)
{
	g_autoptr(GByteArray) joined = fixture_join(physmessage);

	g_assert_cmpmem(joined->data, joined->len, message.data, message.size);
}

static void test_one(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "one", 0));
	g_autofree char *text = NULL;
	const Bytes message = message_with("one", &text);
	gint64 bodies;

	g_assert_cmpuint(
		fixture_deliver(store, inbox, message, DELIVERY_STORED), ==, 1);
	assert_stored(last_physmessage(), message);
	bodies = fixture_number(
		"SELECT count(*) FROM dbmail_mimeparts WHERE hash IS NOT NULL");
	g_assert_cmpuint(
		fixture_deliver(store, inbox, message, DELIVERY_STORED), ==, 2);
	assert_stored(last_physmessage(), message);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_mimeparts"
				       " WHERE hash IS NOT NULL"),
		==, bodies);
	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM dbmail_mimeparts"
			" WHERE hash <> sha256(data) OR size <> length(data)"),
		==, 0);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_envelope"
				       " WHERE subject = 'one' AND from_field "
				       "LIKE '%a@example.org%'"),
		==, 2);
	fixture_assert_sums();
}

/* Inputs that DBMail or others lost bytes of. */
static const struct {
	const char *name;
	const char *text;
	gssize size; /* -1: up to the NUL */
} hard[] = {
	{ "empty", "", 0 },
	{ "newline", "\n", -1 },
	{ "no header", "\r\nbody without header", -1 },
	{ "only header", "Subject: x\r\n", -1 },
	{ "header without colon", "Subject: x\r\nnonsense\r\n\r\nbody", -1 },
	{ "mbox line", "From a@b Mon Jan 1\r\nSubject: x\r\n\r\nb\r\n", -1 },
	{ "nul", "Subject: a\0b\r\n\r\nc\0d\r\n", 22 },
	{ "8 bit", "Subject: \xff\xfe\r\n\r\n\x80\x81\r\n", -1 },
	{ "bare lf", "Subject: x\n\nline\nline", -1 },
	{ "part without headers",
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
		"--b\r\n\r\nlost once\r\n--b--\r\n",
		-1 },
	{ "no space, next line",
		"Content-Type:multipart/mixed;\r\n boundary=b\r\n\r\n"
		"--b\r\n\r\nx\r\n--b--",
		-1 },
	{ "missing close",
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
		"--b\r\n\r\nx\r\n--b\r\n\r\ny",
		-1 },
	{ "blanks behind",
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
		"--b  \r\n\r\nx\r\n--b-- \t\r\nepilogue",
		-1 },
	{ "nested equal boundaries",
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
		"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
		"--b\r\n\r\nx\r\n--b--\r\n--b--\r\n",
		-1 },
};

static void test_hard(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "hard", 0));

	for (gsize i = 0; i < G_N_ELEMENTS(hard); i++) {
		const Bytes message = bytes_of(hard[i].text,
			hard[i].size < 0 ? strlen(hard[i].text) :
					   (gsize)hard[i].size);

		g_test_message("%s", hard[i].name);
		fixture_deliver(store, inbox, message, DELIVERY_STORED);
		assert_stored(last_physmessage(), message);
	}
	fixture_assert_sums();
}

static void test_fixtures(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "fixtures", 0));
	g_autofree char *path =
		g_build_filename(g_getenv("srcdir"), "test/fixtures", NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;
	guint count = 0;

	g_assert_nonnull(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		g_autofree char *data = NULL;
		gsize size;

		g_test_message("%s", name);
		g_assert_true(g_file_get_contents(file, &data, &size, NULL));
		fixture_deliver(
			store, inbox, bytes_of(data, size), DELIVERY_STORED);
		assert_stored(last_physmessage(), bytes_of(data, size));
		count++;
	}
	g_assert_cmpuint(count, >, 0);
	fixture_assert_sums();
}

static void test_ten_recipients(void)
{
	g_autofree char *text = NULL;
	g_autoptr(MessageDraft) draft =
		message_draft_new(store, message_with("ten", &text), NULL);
	const gint64 before = last_physmessage();
	FixtureTarget targets[10];
	GError *error = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
		g_autofree char *name = g_strdup_printf("ten%u", i);
		/* The fourth has room for less than the message. */
		const gint64 user = fixture_user(store, name, i == 3 ? 100 : 0);

		targets[9 - i].mailbox = fixture_inbox(user);
	}
	targets[1].mailbox = G_MAXINT64; /* vanished */
	if (!fixture_deliver_all(store, draft, 0, NULL, targets,
		    G_N_ELEMENTS(targets), &error))
		database_check(error);
	for (guint i = 0; i < G_N_ELEMENTS(targets); i++) {
		const DeliveryOutcome expected = i == 6 ? DELIVERY_OVER_QUOTA :
			i == 1                          ? DELIVERY_NO_MAILBOX :
							  DELIVERY_STORED;

		g_assert_cmpint(targets[i].outcome, ==, expected);
		if (expected == DELIVERY_STORED)
			g_assert_cmpuint(targets[i].uid, ==, 1);
	}
	g_assert_cmpint(last_physmessage(), ==, before + 1);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_messages"
			       " WHERE physmessage_id = (SELECT max(id) FROM"
			       " dbmail_physmessage)"),
		==, 8);
	fixture_assert_sums();
}

/* Where nobody takes it, not even its parts are kept. */
static void test_nobody(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "nobody", 10));
	const gint64 parts =
		fixture_number("SELECT count(*) FROM dbmail_mimeparts");
	const gint64 before = last_physmessage();

	fixture_deliver(store, inbox,
		bytes_of_string("Subject: x\r\n\r\nnowhere else\r\n"),
		DELIVERY_OVER_QUOTA);
	g_assert_cmpint(last_physmessage(), ==, before);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_mimeparts"),
		==, parts);
	fixture_assert_sums();
}

/* Two mailboxes of one user share its quota. */
static void test_shared_quota(void)
{
	const gint64 user = fixture_user(store, "shared", 150);
	g_autofree char *query = g_strdup_printf(
		"SELECT mailbox_idnr FROM dbmail_mailboxes WHERE name = 'Junk'"
		" AND owner_idnr = %" G_GINT64_FORMAT,
		user);
	g_autofree char *text = g_strnfill(100, 'x');
	g_autoptr(MessageDraft) draft =
		message_draft_new(store, bytes_of_string(text), NULL);
	FixtureTarget targets[] = { { .mailbox = fixture_inbox(user) },
		{ .mailbox = fixture_number(query) } };

	g_assert_true(
		fixture_deliver_all(store, draft, 0, NULL, targets, 2, NULL));
	g_assert_cmpint(targets[0].outcome, ==, DELIVERY_STORED);
	g_assert_cmpint(targets[1].outcome, ==, DELIVERY_OVER_QUOTA);
	fixture_assert_sums();
}

/* --- retries -------------------------------------------------------------- */

typedef struct {
	const MessageDraft *draft;
	const DeliveryKey *key;
	FixtureTarget target;
} Attempt;

static gpointer attempt(gpointer data)
{
	Attempt *one = data;
	GError *error = NULL;

	if (!fixture_deliver_all(
		    store, one->draft, 0, one->key, &one->target, 1, &error))
		database_check(error);
	return NULL;
}

static void test_duplicate(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "again", 0));
	const gint64 other = fixture_inbox(fixture_user(store, "other", 0));
	g_autofree char *text = NULL;
	g_autoptr(MessageDraft) draft =
		message_draft_new(store, message_with("again", &text), NULL);
	const DeliveryKey key = { { 1, 2, 3 } };
	FixtureTarget targets[] = { { .mailbox = inbox },
		{ .mailbox = other } };

	g_assert_true(
		fixture_deliver_all(store, draft, 0, &key, targets, 1, NULL));
	g_assert_cmpint(targets[0].outcome, ==, DELIVERY_STORED);
	g_assert_true(
		fixture_deliver_all(store, draft, 0, &key, targets, 2, NULL));
	g_assert_cmpint(targets[0].outcome, ==, DELIVERY_DUPLICATE);
	g_assert_cmpint(targets[1].outcome, ==, DELIVERY_STORED);
	message_delivery_confirmed(store, &key);
	g_assert_true(
		fixture_deliver_all(store, draft, 0, &key, targets, 2, NULL));
	g_assert_cmpint(targets[0].outcome, ==, DELIVERY_STORED);
	g_assert_cmpuint(targets[0].uid, ==, 2);
	message_delivery_confirmed(store, &key);
	g_assert_true(message_forget_confirmed(store, NULL));
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_delivered"), ==, 0);
	g_assert_true(
		fixture_deliver_all(store, draft, 0, &key, targets, 2, NULL));
	/* Past the window it is forgotten, whether it was cleaned up or not. */
	database_script("UPDATE dbmail_delivered"
			" SET delivered = now() - interval '25 hours'");
	g_assert_true(
		fixture_deliver_all(store, draft, 0, &key, targets, 1, NULL));
	g_assert_cmpint(targets[0].outcome, ==, DELIVERY_STORED);
	g_assert_true(
		fixture_deliver_all(store, draft, 0, &key, targets, 1, NULL));
	g_assert_cmpint(targets[0].outcome, ==, DELIVERY_DUPLICATE);
	fixture_assert_sums();
}

static void test_duplicate_at_once(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "twice", 0));
	g_autofree char *text = NULL;
	g_autoptr(MessageDraft) draft =
		message_draft_new(store, message_with("twice", &text), NULL);

	for (guint round = 0; round < 50; round++) {
		const DeliveryKey key = { { 9, (guint8)round } };
		Attempt attempts[4];
		GThread *threads[4];
		guint stored = 0;

		for (guint i = 0; i < 4; i++) {
			attempts[i] =
				(Attempt){ draft, &key, { .mailbox = inbox } };
			threads[i] = g_thread_new("try", attempt, &attempts[i]);
		}
		for (guint i = 0; i < 4; i++) {
			g_thread_join(threads[i]);
			stored += attempts[i].target.outcome == DELIVERY_STORED;
		}
		g_assert_cmpuint(stored, ==, 1);
	}
	fixture_assert_sums();
}

/* --- append --------------------------------------------------------------- */

static void test_append(void)
{
	static const char *const words[] = { "$Forwarded", "work", NULL };
	static const char *const other[] = { "WORK", "play", NULL };
	const gint64 inbox = fixture_inbox(fixture_user(store, "append", 0));
	g_autofree char *a = NULL;
	g_autofree char *b = NULL;
	g_autoptr(MessageDraft) one =
		message_draft_new(store, message_with("a", &a), NULL);
	g_autoptr(MessageDraft) two =
		message_draft_new(store, message_with("b", &b), NULL);
	MessagePut puts[] = {
		{ .draft = one,
			.mailbox = inbox,
			.flags = FLAG_SEEN,
			.keywords = words },
		{ .draft = two,
			.mailbox = inbox,
			.keywords = other,
			.flags = FLAG_DELETED | FLAG_DRAFT },
		{ .draft = one, .mailbox = inbox, .flags = FLAG_FLAGGED },
		{ .draft = one, .mailbox = inbox, .internal_date = 5 },
	};
	const gint64 before = last_physmessage();
	GError *error = NULL;

	if (!message_append(store, puts, G_N_ELEMENTS(puts), &error))
		database_check(error);
	for (guint i = 0; i < G_N_ELEMENTS(puts); i++) {
		g_assert_cmpuint(puts[i].uid, ==, i + 1);
		g_assert_cmpuint(puts[i].uidvalidity, ==, puts[0].uidvalidity);
	}
	/* The same draft shares a physical message, of one date each. */
	g_assert_cmpint(last_physmessage(), ==, before + 3);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_mailboxes"
			       " WHERE keywords = '{$Forwarded,play,work}'"),
		==, 1);
	g_assert_cmpint(
		fixture_number(
			"SELECT sum(keywords << (uid - 1)::int"
			" * 8) FROM dbmail_messages WHERE keywords <> 0"),
		==, 5 | 6 << 8);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_messages"
				       " WHERE deleted_flag = 1 AND draft_flag "
				       "= 1 AND status = 0"),
		==, 1);
	fixture_assert_sums();
}

static void test_append_all_or_none(void)
{
	const gint64 big = fixture_inbox(fixture_user(store, "big", 0));
	const gint64 small = fixture_inbox(fixture_user(store, "small", 300));
	g_autofree char *text = NULL;
	g_autoptr(MessageDraft) draft =
		message_draft_new(store, message_with("none", &text), NULL);
	MessagePut puts[] = {
		{ .draft = draft, .mailbox = big },
		{ .draft = draft, .mailbox = small },
		{ .draft = draft, .mailbox = small },
	};
	const gint64 before = last_physmessage();
	g_autoptr(GError) full = NULL;
	g_autoptr(GError) gone = NULL;

	g_assert_false(message_append(store, puts, 3, &full));
	g_assert_true(dbmail_error_is(full, DBMAIL_ERROR_OVER_QUOTA));
	puts[1].mailbox = G_MAXINT64;
	g_assert_false(message_append(store, puts, 2, &gone));
	g_assert_true(dbmail_error_is(gone, DBMAIL_ERROR_NOT_FOUND));
	g_assert_cmpint(last_physmessage(), ==, before);
	g_assert_true(message_append(store, puts, 1, NULL));
	g_assert_cmpuint(puts[0].uid, ==, 1);
	fixture_assert_sums();
}

static void test_append_keywords_limit(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "words", 0));
	g_autoptr(MessageDraft) draft = message_draft_new(
		store, bytes_of_string("Subject: x\r\n\r\nwords"), NULL);
	g_autoptr(GPtrArray) made = g_ptr_array_new_with_free_func(g_free);
	const char *words[FLAG_KEYWORDS_MAX + 2] = { NULL };
	MessagePut put = {
		.draft = draft, .mailbox = inbox, .keywords = words
	};
	g_autoptr(GError) many = NULL;
	g_autoptr(GError) bad = NULL;

	for (guint i = 0; i <= FLAG_KEYWORDS_MAX; i++) {
		g_ptr_array_add(made, g_strdup_printf("k%u", i));
		words[i] = made->pdata[i];
	}
	g_assert_false(message_append(store, &put, 1, &many));
	g_assert_true(dbmail_error_is(many, DBMAIL_ERROR_LIMIT));
	words[1] = "with blank";
	g_assert_false(message_append(store, &put, 1, &bad));
	g_assert_true(dbmail_error_is(bad, DBMAIL_ERROR_INVALID));
	words[1] = NULL;
	g_assert_true(message_append(store, &put, 1, NULL));
	fixture_assert_sums();
}

/* A quota of one message: only the difference counts, and what is refused
 * leaves the old one. */
static void test_replace(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "replace", 300));
	const gint64 other = fixture_inbox(fixture_user(store, "spare", 300));
	g_autofree char *text = g_strnfill(290, 'x');
	g_autofree char *long_text = g_strnfill(310, 'y');
	g_autoptr(MessageDraft) old =
		message_draft_new(store, bytes_of(text, 290), NULL);
	g_autoptr(MessageDraft) new =
		message_draft_new(store, bytes_of(text, 280), NULL);
	g_autoptr(MessageDraft) big =
		message_draft_new(store, bytes_of(long_text, 310), NULL);
	MessagePut put = { .draft = old, .mailbox = inbox };
	gboolean found = FALSE;
	g_autoptr(GError) full = NULL;
	g_autoptr(GError) gone = NULL;

	g_assert_true(message_append(store, &put, 1, NULL));
	put.draft = new;
	g_assert_true(message_replace(store, &put, inbox, 1, &found, NULL));
	g_assert_true(found);
	g_assert_cmpuint(put.uid, ==, 2);
	put.draft = big;
	g_assert_false(message_replace(store, &put, inbox, 2, &found, &full));
	g_assert_true(dbmail_error_is(full, DBMAIL_ERROR_OVER_QUOTA));
	put.mailbox = G_MAXINT64;
	g_assert_false(message_replace(store, &put, inbox, 2, &found, &gone));
	g_assert_true(dbmail_error_is(gone, DBMAIL_ERROR_NOT_FOUND));
	put = (MessagePut){ .draft = old, .mailbox = inbox };
	g_assert_true(message_replace(store, &put, inbox, 1, &found, NULL));
	g_assert_false(found);
	put.mailbox = other;
	g_assert_true(message_replace(store, &put, inbox, 2, &found, NULL));
	g_assert_true(found);
	g_assert_cmpuint(put.uid, ==, 1);
	g_assert_cmpint(
		fixture_number("SELECT sum(messages) FROM dbmail_mailboxes b"
			       " JOIN dbmail_users u"
			       " ON u.user_idnr = b.owner_idnr"
			       " WHERE userid IN ('replace', 'spare')"),
		==, 1);
	fixture_assert_sums();
}

/* --- large ---------------------------------------------------------------- */

static char *large_message(gsize size, guint32 seed, Bytes *message)
{
	static const char header[] = "Subject: large\r\n\r\n";
	g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
	char *text = g_malloc(size);

	for (gsize i = 0; i + 4 <= size; i += 4) {
		const guint32 word = g_rand_int(rand);

		memcpy(text + i, &word, 4);
	}
	memcpy(text, header, sizeof(header) - 1);
	*message = bytes_of(text, size);
	return text;
}

static void test_large(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "large", 0));
	Bytes message;
	g_autofree char *text G_GNUC_UNUSED =
		large_message(11 << 20, 1, &message);
	gint64 bodies;

	g_assert_true(message.data == text);
	fixture_deliver(store, inbox, message, DELIVERY_STORED);
	assert_stored(last_physmessage(), message);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_part_queue"
				       " WHERE not_before > now()"),
		==, 11);
	bodies = fixture_number("SELECT count(*) FROM dbmail_mimeparts"
				" WHERE hash IS NOT NULL");
	fixture_deliver(store, inbox, message, DELIVERY_STORED);
	assert_stored(last_physmessage(), message);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_mimeparts"
				       " WHERE hash IS NOT NULL"),
		==, bodies);
	fixture_assert_sums();
}

/* Headers beyond all measure. */
static void test_large_header(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "header", 0));
	g_autoptr(GString) text = g_string_new("Subject: x\r\n");

	for (guint i = 0; text->len < 6 << 20; i++)
		g_string_append_printf(text, "X-Field-%u: %0200u\r\n", i, i);
	g_string_append(text, "\r\nbody\r\n");
	fixture_deliver(
		store, inbox, bytes_of(text->str, text->len), DELIVERY_STORED);
	assert_stored(last_physmessage(), bytes_of(text->str, text->len));
	fixture_assert_sums();
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/message/one", test_one);
	g_test_add_func("/store/message/hard", test_hard);
	g_test_add_func("/store/message/fixtures", test_fixtures);
	g_test_add_func("/store/message/ten-recipients", test_ten_recipients);
	g_test_add_func("/store/message/nobody", test_nobody);
	g_test_add_func("/store/message/shared-quota", test_shared_quota);
	g_test_add_func("/store/message/replace", test_replace);
	g_test_add_func("/store/message/duplicate", test_duplicate);
	g_test_add_func(
		"/store/message/duplicate-at-once", test_duplicate_at_once);
	g_test_add_func("/store/message/append", test_append);
	g_test_add_func(
		"/store/message/append-all-or-none", test_append_all_or_none);
	g_test_add_func("/store/message/append-keywords-limit",
		test_append_keywords_limit);
	g_test_add_func("/store/message/large", test_large);
	g_test_add_func("/store/message/large-header", test_large_header);
	status = g_test_run();
	store_close(&store);
	return status;
}
