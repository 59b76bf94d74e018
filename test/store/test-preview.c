/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Previews are worked out once for each text, and go with it. */
#include "store/preview.h"

#include "fixture.h"
#include "store/purge.h"

static Store *store;

/* The preview of the one message of a mailbox; NULL: not there yet. */
static char *preview_of(gint64 mailbox, gboolean lazy)
{
	g_autofree char *query =
		g_strdup_printf("SELECT physmessage_id FROM dbmail_messages"
				" WHERE mailbox_idnr = %" G_GINT64_FORMAT,
			mailbox);
	FetchAsk ask = { .physmessage = fixture_number(query) };
	g_autoptr(FetchBatch) batch = NULL;
	g_autoptr(GPtrArray) previews = NULL;
	GError *error = NULL;

	if (!fetch_batch_new(store, &ask, 1, FETCH_STRUCTURE, &batch, &error) ||
		!preview_get(store, batch, 1, lazy, &previews, &error))
		database_check(error);
	g_assert_cmpuint(previews->len, ==, 1);
	return g_strdup(g_ptr_array_index(previews, 0));
}

static void check_preview(gint64 mailbox, gboolean lazy, const char *expected)
{
	g_autofree char *preview = preview_of(mailbox, lazy);

	g_assert_cmpstr(preview, ==, expected);
}

static gint64 deliver(const char *user, const char *type, const char *body)
{
	gint64 inbox = fixture_inbox(fixture_user(store, user, 0));
	g_autofree char *message = g_strdup_printf(
		"Subject: %s\r\nContent-Type: %s\r\n\r\n%s", user, type, body);

	fixture_deliver(
		store, inbox, bytes_of_string(message), DELIVERY_STORED);
	return inbox;
}

static gint64 kept(void)
{
	return fixture_number("SELECT count(*) FROM dbmail_previews");
}

static void empty(gint64 mailbox)
{
	g_autoptr(NumSet) all = numset_new();
	PurgeReport report;
	GError *error = NULL;

	numset_add_range(all, 1, G_MAXUINT32);
	if (!message_remove(store, mailbox, all, &error) ||
		!purge_run(store, 7, &report, &error))
		database_check(error);
}

static void test_kept(void)
{
	const char *body = "<p>one &amp; two</p>\r\n";
	const gint64 one = deliver("one", "text/html", body);
	const gint64 two = deliver("two", "text/html", body);
	const gint64 three = deliver("three", "text/plain", body);

	check_preview(one, TRUE, NULL);
	check_preview(one, FALSE, "one & two");
	g_assert_cmpint(kept(), ==, 1);
	check_preview(one, TRUE, "one & two");
	check_preview(two, TRUE, "one & two");
	/* The same bytes are another text. */
	check_preview(three, TRUE, NULL);
	check_preview(three, FALSE, "<p>one &amp; two</p>");
	check_preview(three, FALSE, "<p>one &amp; two</p>");
	g_assert_cmpint(kept(), ==, 2);

	empty(one);
	empty(two);
	g_assert_cmpint(kept(), ==, 2);
	empty(three);
	g_assert_cmpint(kept(), ==, 0);
}

/* Nothing to read, nothing to keep. */
static void test_nothing(void)
{
	const gint64 image = deliver("image", "image/png", "not a text");
	const gint64 blank = deliver("blank", "text/plain", "\r\n\r\n\r\n");
	g_autoptr(GString) big = g_string_new(NULL);

	check_preview(image, TRUE, "");
	check_preview(image, FALSE, "");
	g_assert_cmpint(kept(), ==, 0);
	check_preview(blank, FALSE, "");
	check_preview(blank, TRUE, "");
	g_assert_cmpint(kept(), ==, 1);
	empty(blank);

	/* A text of several rows. */
	while (big->len < 3000000)
		g_string_append(big, "more and more ");
	const gint64 many = deliver("many", "text/plain", big->str);
	g_autofree char *preview = preview_of(many, FALSE);
	g_assert_true(g_str_has_prefix(big->str, preview));
	g_assert_cmpint(kept(), ==, 1);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/preview/kept", test_kept);
	g_test_add_func("/store/preview/nothing", test_nothing);
	status = g_test_run();
	store_close(&store);
	return status;
}
