/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/guard: who is answered, who is not. */
#include "deliver/guard.h"

static const struct {
	const char *sender;
	gboolean may;
} senders[] = {
	{ "a@b", TRUE },
	{ "owner@b", TRUE },
	{ "request@b", TRUE },
	{ "postmaster@b", TRUE },
	{ "rooted@b", TRUE },
	{ NULL, FALSE },
	{ "", FALSE },
	{ "a", FALSE },
	{ "@b", FALSE },
	{ "a@", FALSE },
	{ "MAILER-DAEMON@b", FALSE },
	{ "Owner-List@b", FALSE },
	{ "list-request@b", FALSE },
	{ "listserv@b", FALSE },
	{ "majordomo@b", FALSE },
	{ "noreply@b", FALSE },
	{ "list-bounces@b", FALSE },
	{ "bounces+a=b@c", FALSE },
};

static void test_sender(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(senders); i++) {
		g_test_message("%s", senders[i].sender);
		g_assert_cmpint(guard_sender(senders[i].sender) == NULL, ==,
			senders[i].may);
	}
}

static const struct {
	const char *block;
	const char *automatic;
	const char *bulk;
} blocks[] = {
	{ "", NULL, NULL },
	{ "Subject: x\n\n", NULL, NULL },
	{ "Auto-Submitted: no\n\n", NULL, NULL },
	{ "Auto-Submitted: NO (really)\n\n", NULL, NULL },
	{ "Auto-Submitted: no; a=b\n\n", NULL, NULL },
	{ "auto-submitted: auto-generated\n\n", "Auto-Submitted",
		"Auto-Submitted" },
	{ "Auto-Submitted:\n\n", "Auto-Submitted", "Auto-Submitted" },
	{ "Auto-Submitted: nope\n\n", "Auto-Submitted", "Auto-Submitted" },
	{ "Auto-Submitted: no\nAuto-Submitted: auto-replied\n\n",
		"Auto-Submitted", "Auto-Submitted" },
	{ "Precedence: Bulk\n\n", NULL, "Precedence" },
	{ "Precedence: first-class\n\n", NULL, NULL },
	{ "List-ID: <x>\n\n", NULL, "List-Id" },
	{ "List-Unsubscribe: <x>\n\n", NULL, "List-Unsubscribe" },
	{ "X-Auto-Response-Suppress: DR, OOF, AutoReply\n\n", NULL,
		"X-Auto-Response-Suppress" },
	{ "X-Auto-Response-Suppress: DR\n\n", NULL, NULL },
	/* Behind the header it is text. */
	{ "Subject: x\n\nPrecedence: bulk\n", NULL, NULL },
};

static void test_header(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(blocks); i++) {
		g_autoptr(Arena) arena = arena_new();
		const MimeHeader *header = mime_header_new(
			arena, bytes_of_string(blocks[i].block));
		g_assert_cmpstr(
			guard_automatic(header), ==, blocks[i].automatic);
		g_assert_cmpstr(guard_bulk(header), ==, blocks[i].bulk);
	}
}

static const struct {
	const char *block;
	gboolean is_addressed;
} addressed[] = {
	{ "To: ann@example.org\n\n", TRUE },
	{ "To: Bob <bob@x>, Ann <ANN@Example.ORG>\n\n", TRUE },
	{ "To: ann+list@example.org\n\n", TRUE },
	{ "Cc: x:ann@example.org;\n\n", TRUE },
	{ "Bcc: second@example.net\n\n", TRUE },
	{ "Resent-To: ann@example.org\n\n", TRUE },
	{ "Resent-Cc: ann@example.org\n\n", TRUE },
	{ "Resent-Bcc: ann@example.org\n\n", TRUE },
	{ "To: x@y\nTo: ann@example.org\n\n", TRUE },
	{ "From: ann@example.org\n\n", FALSE },
	{ "To: ann@example.net\n\n", FALSE },
	{ "To: ann\n\n", FALSE },
	{ "To: \"ann@example.org\" <x@y>\n\n", FALSE },
	{ "To: xann@example.org\n\n", FALSE },
	{ "Subject: x\n\nTo: ann@example.org\n", FALSE },
	{ "", FALSE },
};

static void test_addressed(void)
{
	static const char *const own[] = { "ann@example.org",
		"second@example.net", "ann", NULL };

	for (gsize i = 0; i < G_N_ELEMENTS(addressed); i++) {
		g_autoptr(Arena) arena = arena_new();
		const MimeHeader *header = mime_header_new(
			arena, bytes_of_string(addressed[i].block));
		g_test_message("%s", addressed[i].block);
		g_assert_cmpint(guard_is_addressed(header, own, "+"), ==,
			addressed[i].is_addressed);
	}
}

static void test_loop(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) block = g_string_new(NULL);
	g_autofree char *mark = guard_mark(1, "ann@Example.org");
	g_autofree char *same = guard_mark(1, "other+x@example.ORG");
	g_autofree char *host = guard_mark(1, "ann@example.net");
	g_autofree char *user = guard_mark(2, "ann@example.org");

	g_assert_cmpstr(mark, ==, same);
	g_assert_cmpstr(mark, !=, host);
	g_assert_cmpstr(mark, !=, user);
	g_string_printf(block, "X-Loop: other\nX-Loop: %s\n\n", mark);
	const MimeHeader *header =
		mime_header_new(arena, bytes_of(block->str, block->len));
	g_assert_cmpstr(guard_loop(header, mark), ==, "X-Loop");
	g_assert_null(guard_loop(header, user));
	g_string_truncate(block, 0);
	for (guint i = 0; i < 101; i++)
		g_string_append(block, "Received: x\n");
	header = mime_header_new(arena, bytes_of(block->str, block->len));
	g_assert_nonnull(guard_loop(header, mark));
	header = mime_header_new(arena, bytes_of(block->str, block->len - 12));
	g_assert_null(guard_loop(header, mark));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/guard/sender", test_sender);
	g_test_add_func("/guard/header", test_header);
	g_test_add_func("/guard/addressed", test_addressed);
	g_test_add_func("/guard/loop", test_loop);
	return g_test_run();
}
