/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was expunged since a modseq, out of the log of changes. */
#include "store/expunged.h"

#include "fixture.h"
#include "base/errors.h"
#include "store/mailbox.h"

static Store *store;

static gint64 mailbox_with(const char *name, guint messages)
{
	gint64 inbox = fixture_inbox(fixture_user(store, name, 0));

	for (guint i = 0; i < messages; i++)
		fixture_deliver(store, inbox,
			bytes_of_string("Subject: x\r\n\r\nx\r\n"),
			DELIVERY_STORED);
	return inbox;
}

/* Expunges these, and gives the mailbox's seq then. */
static guint64 expunge(gint64 mailbox, guint32 first, guint32 last)
{
	const FlagChange deleted = { .action = FLAG_ADD,
		.flags = FLAG_DELETED };
	g_autoptr(NumSet) uids = numset_new();
	GError *error = NULL;
	guint64 seq;

	numset_add_range(uids, first, last);
	if (!flag_change(store, mailbox, uids, &deleted, &seq, NULL, &error) ||
		!message_expunge(store, mailbox, uids, NULL, &seq, &error))
		database_check(error);
	return seq;
}

static void assert_since(
	gint64 mailbox, guint64 modseq, gboolean complete, const char *text)
{
	g_autoptr(NumSet) uids = numset_new();
	g_autoptr(GString) found = g_string_new(NULL);
	gboolean reaches = FALSE;
	GError *error = NULL;

	if (!expunged_since(store, mailbox, modseq, uids, &reaches, &error))
		database_check(error);
	numset_append_text(uids, found);
	g_assert_cmpint(reaches, ==, complete);
	g_assert_cmpstr(found->str, ==, text);
}

static void test_since(void)
{
	gint64 inbox = mailbox_with("since", 20);
	assert_since(inbox, 0, TRUE, "");
	guint64 first = expunge(inbox, 5, 6);
	guint64 second = expunge(inbox, 8, 9);
	/* The gap closes: ranges of several commands are one. */
	guint64 third = expunge(inbox, 7, 7);
	guint64 fourth = expunge(inbox, 20, 20);

	assert_since(inbox, 0, TRUE, "5:9,20");
	assert_since(inbox, first - 1, TRUE, "5:9,20");
	assert_since(inbox, first, TRUE, "7:9,20");
	assert_since(inbox, second, TRUE, "7,20");
	assert_since(inbox, third, TRUE, "20");
	assert_since(inbox, fourth, TRUE, "");
	assert_since(inbox, G_MAXUINT64, TRUE, "");
}

/* Flag changes do not matter, whatever their ranges are. */
static void test_flags(void)
{
	gint64 inbox = mailbox_with("flags", 3);
	const FlagChange seen = { .action = FLAG_ADD, .flags = FLAG_SEEN };
	g_autoptr(NumSet) uids = numset_new();
	GError *error = NULL;
	guint64 seq;

	numset_add_range(uids, 1, 3);
	if (!flag_change(store, inbox, uids, &seen, &seq, NULL, &error))
		database_check(error);
	assert_since(inbox, 0, TRUE, "");
}

static void test_floor(void)
{
	gint64 inbox = mailbox_with("floor", 5);
	guint64 first = expunge(inbox, 1, 1);
	expunge(inbox, 3, 3);
	g_autofree char *raise = g_strdup_printf(
		"WITH trimmed AS (DELETE FROM dbmail_changes"
		" WHERE mailbox_idnr = %" G_GINT64_FORMAT
		" AND seq <= %" G_GUINT64_FORMAT "), raised AS ("
		"UPDATE dbmail_mailboxes SET log_floor = %" G_GUINT64_FORMAT
		" WHERE mailbox_idnr = %" G_GINT64_FORMAT
		" RETURNING 1) SELECT count(*) FROM raised",
		inbox, first, first, inbox);

	g_autoptr(DbConnection) connection = database_connection();
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbStatement statement = { "raise", raise };
	GError *error = NULL;
	db_batch_add(batch, &statement);
	if (!db_connection_run(connection, batch, &error))
		database_check(error);
	assert_since(inbox, first, TRUE, "3");
	assert_since(inbox, first - 1, FALSE, "");
	assert_since(inbox, 0, FALSE, "");
}

static void test_missing(void)
{
	g_autoptr(NumSet) uids = numset_new();
	g_autoptr(GError) error = NULL;
	gboolean complete;

	g_assert_false(expunged_since(store, -1, 1, uids, &complete, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/expunged/since", test_since);
	g_test_add_func("/store/expunged/flags", test_flags);
	g_test_add_func("/store/expunged/floor", test_floor);
	g_test_add_func("/store/expunged/missing", test_missing);
	int failed = g_test_run();
	store_close(&store);
	return failed;
}
