/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STORE in all its forms, by tables. */
#include "store/flag.h"

#include "fixture.h"
#include "store/view.h"

static Store *store;

#define S FLAG_SEEN
#define A FLAG_ANSWERED
#define F FLAG_FLAGGED
#define D FLAG_DELETED
#define T FLAG_DRAFT

static gint64 mailbox_with(const char *user, guint count)
{
	gint64 inbox = fixture_inbox(fixture_user(store, user, 0));
	for (guint i = 0; i < count; i++)
		fixture_deliver(store, inbox,
			bytes_of_string("Subject: x\r\n\r\nx\r\n"),
			DELIVERY_STORED);
	return inbox;
}

static MailboxView *get(gint64 mailbox)
{
	GError *error = NULL;
	MailboxView *view = NULL;
	if (!view_get(store, mailbox, &view, &error))
		database_check(error);
	return view;
}

static guint64 seq_of(gint64 mailbox)
{
	g_autoptr(MailboxView) view = get(mailbox);
	return view->seq;
}

static guint64 change(gint64 mailbox, guint32 first, guint32 last,
	const FlagChange *flag, NumSet *left)
{
	g_autoptr(NumSet) uids = numset_new();
	GError *error = NULL;
	guint64 seq = 0;
	numset_add_range(uids, first, last);
	if (!flag_change(store, mailbox, uids, flag, &seq, left, &error))
		database_check(error);
	return seq;
}

/* Step by step on one message; keywords are letters, bits of their place in
 * the mailbox come out as letters again. */
static const struct {
	FlagAction action;
	Flags flags;
	const char *keywords;
	Flags then_flags;
	const char *then_keywords;
	gboolean moves; /* seq */
} steps[] = {
	{ FLAG_ADD, S, "", S, "", TRUE },
	{ FLAG_ADD, S, "", S, "", FALSE },
	{ FLAG_ADD, A | D, "x", S | A | D, "x", TRUE },
	{ FLAG_ADD, 0, "X", S | A | D, "x", FALSE },
	{ FLAG_REMOVE, S | F, "y", A | D, "x", TRUE },
	{ FLAG_REMOVE, T, "y", A | D, "x", FALSE },
	{ FLAG_REPLACE, F | T, "yz", F | T, "yz", TRUE },
	{ FLAG_REPLACE, F | T, "zy", F | T, "yz", FALSE },
	{ FLAG_ADD, 0, "x", F | T, "xyz", TRUE },
	{ FLAG_REMOVE, F, "YX", T, "z", TRUE },
	{ FLAG_REPLACE, 0, "", 0, "", TRUE },
	{ FLAG_REPLACE, 0, "", 0, "", FALSE },
	{ FLAG_REPLACE, S | A | F | D | T, "", S | A | F | D | T, "", TRUE },
	{ FLAG_REMOVE, S | A | F | D | T, "", 0, "", TRUE },
};

static char *letters_of(const MailboxView *view, guint64 bits)
{
	GString *letters = g_string_new(NULL);
	for (char c = 'a'; c <= 'z'; c++) {
		for (guint i = 0; view->keywords[i] != NULL; i++) {
			if (view->keywords[i][0] == c && (bits >> i & 1))
				g_string_append_c(letters, c);
		}
	}
	return g_string_free(letters, FALSE);
}

static void test_steps(void)
{
	gint64 inbox = mailbox_with("steps", 3);
	guint64 seq = seq_of(inbox);
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
		char names[8][2] = { 0 };
		const char *keywords[9] = { NULL };
		for (guint j = 0; steps[i].keywords[j] != '\0'; j++) {
			names[j][0] = steps[i].keywords[j];
			keywords[j] = names[j];
		}
		const FlagChange flag = { .action = steps[i].action,
			.flags = steps[i].flags,
			.keywords = keywords };
		guint64 now = change(inbox, 2, 2, &flag, NULL);
		g_assert_cmpuint(now, ==, seq + (steps[i].moves ? 1 : 0));
		seq = now;
		g_autoptr(MailboxView) view = get(inbox);
		const ViewMessage *message = &view->messages[1];
		g_autofree char *letters = letters_of(view, message->keywords);
		g_assert_cmpuint(message->flags, ==, steps[i].then_flags);
		g_assert_cmpstr(letters, ==, steps[i].then_keywords);
		g_assert_cmpuint(view->seq, ==, seq);
		if (steps[i].moves)
			g_assert_cmpuint(message->modseq, ==, seq);
		/* Its neighbours stay. */
		g_assert_cmpuint(view->messages[0].flags, ==, 0);
		g_assert_cmpuint(view->messages[2].keywords, ==, 0);
		fixture_assert_sums();
	}
}

/* What FLAG_REPLACE has to leave alone, in the database and in the view. */
static void test_kept(void)
{
	gint64 inbox = mailbox_with("kept", 1);
	const char *const x[] = { "x", NULL };
	const char *const y[] = { "y", NULL };
	const FlagChange all = {
		.action = FLAG_REPLACE, .flags = S | A | D, .keywords = x
	};
	const FlagChange seen = { .action = FLAG_REPLACE,
		.flags = F | D,
		.keywords = y,
		.kept = A | F | T };
	const FlagChange none = { .action = FLAG_REPLACE,
		.flags = 0,
		.kept = A,
		.keeps_keywords = TRUE };
	const struct {
		const FlagChange *change;
		guint32 flags;
		const char *keywords;
	} rows[] = {
		{ &all, S | A | D, "x" },
		{ &seen, A | D, "y" },
		{ &none, A, "y" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		change(inbox, 1, 1, rows[i].change, NULL);
		g_autoptr(Store) fresh = fixture_store(NULL);
		g_autoptr(MailboxView) mine = get(inbox);
		g_autoptr(MailboxView) loaded = NULL;
		GError *error = NULL;
		if (!view_get(fresh, inbox, &loaded, &error))
			database_check(error);
		g_autofree char *letters =
			letters_of(loaded, loaded->messages[0].keywords);
		g_assert_cmpuint(loaded->messages[0].flags, ==, rows[i].flags);
		g_assert_cmpstr(letters, ==, rows[i].keywords);
		g_assert_cmpuint(mine->messages[0].flags, ==, rows[i].flags);
		g_assert_cmpuint(mine->messages[0].keywords, ==,
			loaded->messages[0].keywords);
	}
}

static void test_many(void)
{
	gint64 inbox = mailbox_with("many", 200);
	const FlagChange seen = { .action = FLAG_ADD, .flags = S };
	const FlagChange deleted = { .action = FLAG_ADD, .flags = D };
	g_autoptr(NumSet) uids = numset_new();
	GError *error = NULL;
	guint64 seq;
	for (guint32 uid = 1; uid <= 200; uid += 70)
		numset_add_range(uids, uid, uid + 1);
	if (!flag_change(store, inbox, uids, &deleted, &seq, NULL, &error))
		database_check(error);
	/* Apart by more than the gap a row of the log may span. */
	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM dbmail_changes WHERE "
			"mailbox_idnr ="
			" (SELECT max(mailbox_idnr) FROM dbmail_changes)"),
		==, 3);
	guint64 after = change(inbox, 1, G_MAXUINT32, &seen, NULL);
	g_assert_cmpuint(after, ==, seq + 1);
	g_autoptr(MailboxView) view = get(inbox);
	for (guint i = 0; i < 200; i++) {
		gboolean was = i % 70 < 2;
		g_assert_cmpuint(view->messages[i].flags, ==, was ? S | D : S);
	}
	fixture_assert_sums();
	/* UIDs that are not there. */
	g_assert_cmpuint(change(inbox, 300, 400, &seen, NULL), ==, after);
}

static void test_unchanged_since(void)
{
	gint64 inbox = mailbox_with("condstore", 10);
	const FlagChange seen = { .action = FLAG_ADD, .flags = S };
	guint64 base = seq_of(inbox);
	change(inbox, 4, 5, &seen, NULL);
	FlagChange flagged = {
		.action = FLAG_ADD,
		.flags = F,
		.has_unchanged_since = TRUE,
		.unchanged_since = base,
	};
	g_autoptr(NumSet) left = numset_new();
	g_autoptr(GString) text = g_string_new(NULL);
	guint64 seq = change(inbox, 3, 6, &flagged, left);
	numset_append_text(left, text);
	g_assert_cmpstr(text->str, ==, "4:5");
	g_autoptr(MailboxView) view = get(inbox);
	g_assert_cmpuint(view->messages[2].flags, ==, F);
	g_assert_cmpuint(view->messages[3].flags, ==, S);
	g_assert_cmpuint(view->messages[5].flags, ==, F);
	/* Exactly the modseq it has is not "since". */
	flagged.unchanged_since = seq;
	numset_clear(left);
	g_assert_cmpuint(change(inbox, 3, 6, &flagged, left), ==, seq + 1);
	g_assert_true(numset_is_empty(left));
	FlagChange answered = flagged;
	answered.flags = A;
	answered.unchanged_since = seq + 1;
	g_assert_cmpuint(change(inbox, 4, 5, &answered, left), ==, seq + 2);
	g_assert_true(numset_is_empty(left));
	seq++;
	/* 0 spares all; a number past any modseq none. */
	flagged.unchanged_since = 0;
	g_assert_cmpuint(change(inbox, 1, 10, &flagged, left), ==, seq + 1);
	g_assert_cmpuint(numset_count(left), ==, 10);
	numset_clear(left);
	flagged.unchanged_since = G_MAXUINT64;
	change(inbox, 1, 10, &flagged, left);
	g_assert_true(numset_is_empty(left));
}

static void assert_refused(
	gint64 mailbox, const char *const *keywords, DbmailErrorCode code)
{
	const FlagChange flag = {
		.action = FLAG_ADD, .flags = S, .keywords = keywords
	};
	g_autoptr(NumSet) uids = numset_new();
	g_autoptr(GError) error = NULL;
	guint64 seq;
	numset_add_range(uids, 1, 10);
	g_assert_false(
		flag_change(store, mailbox, uids, &flag, &seq, NULL, &error));
	g_assert_true(dbmail_error_is(error, code));
}

static void test_keyword_limit(void)
{
	gint64 inbox = mailbox_with("keywords", 1);
	char names[FLAG_KEYWORDS_MAX][8];
	const char *keywords[FLAG_KEYWORDS_MAX + 1] = { NULL };
	for (guint i = 0; i < FLAG_KEYWORDS_MAX; i++) {
		g_snprintf(names[i], sizeof(names[i]), "k%u", i);
		keywords[i] = names[i];
	}
	FlagChange flag = { .action = FLAG_ADD, .keywords = keywords };
	change(inbox, 1, 1, &flag, NULL);
	g_autoptr(MailboxView) view = get(inbox);
	g_assert_cmpuint(view->messages[0].keywords, ==, G_MAXUINT64);

	const char *const more[] = { "k1", "one-more", NULL };
	assert_refused(inbox, more, DBMAIL_ERROR_LIMIT);
	g_autoptr(MailboxView) same = get(inbox);
	g_assert_true(same == view);
	/* Those it has are as good as ever, in any case; the last bit too. */
	const char *const known[] = { "K63", NULL };
	flag = (FlagChange){ .action = FLAG_REPLACE, .keywords = known };
	change(inbox, 1, 1, &flag, NULL);
	g_autoptr(MailboxView) one = get(inbox);
	g_assert_cmpuint(one->messages[0].keywords, !=, 0);
	g_assert_cmpuint(
		one->messages[0].keywords & (one->messages[0].keywords - 1), ==,
		0);
}

static void test_refusals(void)
{
	gint64 inbox = mailbox_with("refusals", 1);
	g_autofree char *long_name = g_strnfill(FLAG_KEYWORD_SIZE_MAX + 1, 'k');
	const char *const bad[][2] = {
		{ "", NULL },
		{ "a b", NULL },
		{ "a\nb", NULL },
		{ "\xff", NULL },
		{ long_name, NULL },
	};
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_refused(inbox, bad[i], DBMAIL_ERROR_INVALID);
	assert_refused(987654321, NULL, DBMAIL_ERROR_NOT_FOUND);
	g_autofree char *read_only =
		g_strdup_printf("UPDATE dbmail_mailboxes SET permission = 1 "
				"WHERE mailbox_idnr ="
				" %" G_GINT64_FORMAT,
			inbox);
	database_script(read_only);
	assert_refused(inbox, NULL, DBMAIL_ERROR_NO_PERMISSION);
	g_autoptr(MailboxView) view = get(inbox);
	g_assert_cmpuint(view->messages[0].flags, ==, 0);
}

static void test_names(void)
{
	for (guint i = 0; i < FLAG_COUNT; i++) {
		const char *name = flag_name(flag_all[i]);
		g_autofree char *small = g_ascii_strdown(name, -1);

		g_assert_cmpint(
			flag_of_name(bytes_of_string(small)), ==, flag_all[i]);
	}
	g_assert_cmpint(flag_all[FLAG_COUNT], ==, 0);
	g_assert_cmpint(flag_of_name(bytes_of_string("\\Recent")), ==, 0);
	g_assert_cmpint(flag_of_name(bytes_of_string("Seen")), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/flag/steps", test_steps);
	g_test_add_func("/store/flag/names", test_names);
	g_test_add_func("/store/flag/kept", test_kept);
	g_test_add_func("/store/flag/many", test_many);
	g_test_add_func("/store/flag/unchanged-since", test_unchanged_since);
	g_test_add_func("/store/flag/keyword-limit", test_keyword_limit);
	g_test_add_func("/store/flag/refusals", test_refusals);
	int status = g_test_run();
	store_close(&store);
	return status;
}
