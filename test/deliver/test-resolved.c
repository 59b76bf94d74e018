/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/resolved: what is remembered, and how long. */
#include "deliver/resolved.h"

static gint64 found_mailbox(Resolved *resolved, const char *address, gint64 now)
{
	g_autoptr(DeliverRecipient) found =
		resolved_find(resolved, address, now);

	if (found == NULL)
		return 0;
	g_assert_cmpstr(deliver_recipient_address(found), ==, address);
	g_assert_cmpuint(found->count, ==, 1);
	return found->targets[0].mailbox;
}

static void add(
	Resolved *resolved, const char *address, gint64 mailbox, gint64 now)
{
	g_autoptr(DeliverRecipient) recipient =
		deliver_recipient_of(address, mailbox);

	resolved_add(resolved, recipient, now);
}

static void test_lifetime(void)
{
	Resolved *resolved = resolved_new(10, 100);

	add(resolved, "a@b", 7, 1000);
	g_assert_cmpint(found_mailbox(resolved, "a@b", 1000), ==, 7);
	g_assert_cmpint(found_mailbox(resolved, "a@b", 1099), ==, 7);
	g_assert_cmpint(found_mailbox(resolved, "a@b", 1100), ==, 0);
	g_assert_cmpint(found_mailbox(resolved, "A@b", 1000), ==, 0);
	/* Found anew: the new place, the new time. */
	add(resolved, "a@b", 8, 1100);
	g_assert_cmpint(found_mailbox(resolved, "a@b", 1199), ==, 8);
	resolved_forget(resolved, "a@b");
	resolved_forget(resolved, "a@b");
	g_assert_cmpint(found_mailbox(resolved, "a@b", 1101), ==, 0);
	resolved_free(&resolved);
	g_assert_null(resolved);
}

static void test_bound(void)
{
	Resolved *resolved = resolved_new(3, 100);

	add(resolved, "a", 1, 1);
	add(resolved, "b", 2, 2);
	add(resolved, "a", 3, 3);
	add(resolved, "c", 4, 4);
	add(resolved, "d", 5, 5);
	g_assert_cmpint(found_mailbox(resolved, "b", 6), ==, 0);
	g_assert_cmpint(found_mailbox(resolved, "a", 6), ==, 3);
	g_assert_cmpint(found_mailbox(resolved, "c", 6), ==, 4);
	g_assert_cmpint(found_mailbox(resolved, "d", 6), ==, 5);
	resolved_free(&resolved);
}

static gpointer use(gpointer data)
{
	Resolved *resolved = data;

	for (gint64 i = 1; i < 20000; i++) {
		char address[] = { (char)('a' + i % 7), '\0' };
		gint64 mailbox = found_mailbox(resolved, address, i);
		g_assert_true(mailbox == 0 || mailbox == 1 + i % 7);
		if (i % 3 == 0)
			add(resolved, address, 1 + i % 7, i);
		if (i % 11 == 0)
			resolved_forget(resolved, address);
	}
	return NULL;
}

static void test_threads(void)
{
	Resolved *resolved = resolved_new(5, 50);
	GThread *threads[4];

	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("use", use, resolved);
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	resolved_free(&resolved);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/resolved/lifetime", test_lifetime);
	g_test_add_func("/resolved/bound", test_bound);
	g_test_add_func("/resolved/threads", test_threads);
	return g_test_run();
}
