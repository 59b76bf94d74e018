/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who waits for a mailbox is woken, from here, from elsewhere, or late. */
#include "store/watch.h"

#include <poll.h>

#include "fixture.h"
#include "store/store-private.h"
#include "store/view.h"

static Store *store, *other;

#define PATIENCE 60000 /* ms */

/* Milliseconds until it is readable; -1 when it did not become so. */
static gint64 wait_for(Watch *watch, int patience)
{
	struct pollfd fd = { .fd = watch_fd(watch), .events = POLLIN };
	gint64 begin = g_get_monotonic_time();
	int ready = poll(&fd, 1, patience);
	if (ready != 1)
		return -1;
	watch_clear(watch);
	return (g_get_monotonic_time() - begin) / 1000;
}

/* The listener tells once that it begins to listen. */
static void wait_until_listening(Store *of)
{
	for (guint i = 0; i < PATIENCE / 10 && watch_heard(of) == 0; i++)
		g_usleep(10 * 1000);
	g_assert_cmpuint(watch_heard(of), >, 0);
}

/* What this process is told of its own changes comes back a little later. */
static void settle(Watch *watch)
{
	while (wait_for(watch, 300) >= 0)
		;
}

static void deliver(Store *to, gint64 mailbox)
{
	fixture_deliver(to, mailbox, bytes_of_string("Subject: x\r\n\r\nx\r\n"),
		DELIVERY_STORED);
}

static void test_local(void)
{
	gint64 inbox = fixture_inbox(fixture_user(store, "local", 0));
	gint64 elsewhere = fixture_inbox(fixture_user(store, "elsewhere", 0));
	Watch *one = watch_new(store, inbox), *two = watch_new(store, inbox);
	Watch *three = watch_new(store, elsewhere);
	deliver(store, inbox);
	gint64 took = wait_for(one, PATIENCE);
	g_assert_cmpint(took, >=, 0);
	g_test_message("local wake-up: %" G_GINT64_FORMAT " ms", took);
	g_assert_cmpint(wait_for(two, PATIENCE), >=, 0);
	g_assert_cmpint(wait_for(three, 0), ==, -1);
	watch_free(&two);
	settle(one);
	watch_notify(store, inbox);
	g_assert_cmpint(wait_for(one, 0), >=, 0);
	watch_free(&one);
	watch_notify(store, inbox);
	watch_free(&three);
	watch_free(&three);
}

static void test_other_process(void)
{
	gint64 inbox = fixture_inbox(fixture_user(store, "remote", 0));
	Watch *watch = watch_new(store, inbox);
	settle(watch);
	for (guint i = 0; i < 3; i++) {
		deliver(other, inbox);
		gint64 took = wait_for(watch, PATIENCE);
		g_assert_cmpint(took, >=, 0);
		g_test_message("remote wake-up: %" G_GINT64_FORMAT " ms", took);
		g_autoptr(MailboxView) view = NULL;
		GError *error = NULL;
		if (!view_get(store, inbox, &view, &error))
			database_check(error);
		g_assert_cmpuint(view->count, ==, i + 1);
		settle(watch);
	}
	watch_free(&watch);
}

/* A change nobody told of: by hand, in SQL. */
static void change(gint64 mailbox)
{
	g_autofree char *sql = g_strdup_printf(
		"UPDATE dbmail_mailboxes SET seq = seq + 1 WHERE mailbox_idnr ="
		" %" G_GINT64_FORMAT,
		mailbox);

	database_script(sql);
}

static void test_poll(void)
{
	gint64 inbox = fixture_inbox(fixture_user(store, "lost", 0));
	Watch *watch = watch_new(store, inbox);
	watch_table_set_poll(store->watches, 50 * 1000);
	/* The first look cannot know what was seen, and wakes. */
	g_assert_cmpint(wait_for(watch, PATIENCE), >=, 0);
	settle(watch);
	change(inbox);
	g_assert_cmpint(wait_for(watch, PATIENCE), >=, 0);
	g_assert_cmpint(wait_for(watch, 200), ==, -1);
	g_autofree char *gone =
		g_strdup_printf("DELETE FROM dbmail_mailboxes WHERE "
				"mailbox_idnr = %" G_GINT64_FORMAT,
			inbox);
	database_script(gone);
	g_assert_cmpint(wait_for(watch, PATIENCE), >=, 0);
	watch_table_set_poll(
		store->watches, G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC);
	watch_free(&watch);
}

/* The thread that looks may begin when the store is closing already. */
static void test_close(void)
{
	for (guint i = 0; i < 50; i++) {
		Store *brief = fixture_store(NULL);
		Watch *watch = watch_new(brief, 1);

		watch_free(&watch);
		store_close(&brief);
		g_assert_null(brief);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store_with(NULL, STORE_NOTIFY);
	other = fixture_store_with(NULL, STORE_NOTIFY);
	wait_until_listening(store);
	wait_until_listening(other);
	g_test_add_func("/store/watch/local", test_local);
	g_test_add_func("/store/watch/other-process", test_other_process);
	g_test_add_func("/store/watch/poll", test_poll);
	g_test_add_func("/store/watch/close", test_close);
	int status = g_test_run();
	store_close(&store);
	store_close(&other);
	return status;
}
