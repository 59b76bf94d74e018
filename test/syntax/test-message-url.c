/* SPDX-License-Identifier: GPL-2.0-or-later */
/* URLs of messages: what CATENATE may say, and what it may not. */
#include "syntax/message-url.h"

static const struct {
	const char *text;
	MessageUrl url;
} good[] = {
	{ "/INBOX/;UID=1", { "INBOX", 0, 1, NULL, 0, G_MAXUINT64 } },
	{ "/a/b;uidvalidity=7/;uid=4294967295",
		{ "a/b", 7, 4294967295, NULL, 0, G_MAXUINT64 } },
	{ "/%e2%82%AC%2f/;UID=2/;SECTION=1.MIME",
		{ "\342\202\254/", 0, 2, "1.MIME", 0, G_MAXUINT64 } },
	{ "/x/;UID=2/;SECTION=HEADER.FIELDS%20(A)/;PARTIAL=3.4",
		{ "x", 0, 2, "HEADER.FIELDS (A)", 3, 4 } },
	{ "/x/;UID=2/;PARTIAL=3", { "x", 0, 2, NULL, 3, G_MAXUINT64 } },
	{ ";UID=5", { NULL, 0, 5, NULL, 0, G_MAXUINT64 } },
	{ "/;UID=5/;SECTION=TEXT", { NULL, 0, 5, "TEXT", 0, G_MAXUINT64 } },
	{ "/x/;UID=2/;SECTION=", { "x", 0, 2, "", 0, G_MAXUINT64 } },
};

static const char *const bad[] = {
	"",
	"/",
	"/INBOX",
	"/INBOX/;UID=",
	"/INBOX/;UID=0",
	"/INBOX/;UID=4294967296",
	"/INBOX/;UID=-1",
	"/INBOX/;UID=1/",
	"/INBOX/;UID=1x",
	"/INBOX;UID=1",
	"INBOX/;UID=1",
	"imap://host/INBOX/;UID=1",
	"//host/INBOX/;UID=1",
	"/INBOX;UIDVALIDITY=0/;UID=1",
	"/INBOX;UIDVALIDITY=x/;UID=1",
	"/;UIDVALIDITY=1/;UID=1",
	"/INBOX;FOO=1/;UID=1",
	"/INBOX?SUBJECT%20x",
	"/INBOX?x/;UID=1",
	"/INBOX/;UID=1?x",
	"/%/;UID=1",
	"/%1/;UID=1",
	"/%zz/;UID=1",
	"/%00/;UID=1",
	"/%ff/;UID=1",
	"/INBOX/;UID=1/;SECTION=%ff",
	"/INBOX/;UID=1/;PARTIAL=",
	"/INBOX/;UID=1/;PARTIAL=1.",
	"/INBOX/;UID=1/;PARTIAL=1.0",
	"/INBOX/;UID=1/;PARTIAL=.1",
	"/INBOX/;UID=1/;PARTIAL=9223372036854775808",
	"/INBOX/;UID=1;URLAUTH=anonymous",
	"/INBOX/;UID=1/;SECTION=1/;PARTIAL=1.2;URLAUTH=user+x:INTERNAL",
};

static void test_good(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(Arena) arena = arena_new();
		const MessageUrl *wanted = &good[i].url;
		MessageUrl url;

		g_test_message("%s", good[i].text);
		g_assert_true(message_url_parse(
			arena, bytes_of_string(good[i].text), &url));
		g_assert_cmpstr(url.mailbox, ==, wanted->mailbox);
		g_assert_cmpuint(url.uidvalidity, ==, wanted->uidvalidity);
		g_assert_cmpuint(url.uid, ==, wanted->uid);
		g_assert_cmpstr(url.section, ==, wanted->section);
		g_assert_cmpuint(url.offset, ==, wanted->offset);
		g_assert_cmpuint(url.size, ==, wanted->size);
	}
}

static void test_bad(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(Arena) arena = arena_new();
		MessageUrl url;

		g_test_message("%s", bad[i]);
		g_assert_false(message_url_parse(
			arena, bytes_of_string(bad[i]), &url));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/syntax/message-url/good", test_good);
	g_test_add_func("/syntax/message-url/bad", test_bad);
	return g_test_run();
}
