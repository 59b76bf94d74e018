/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What delivery keeps of a header; base subjects. */
#include "mime/summary.h"

#include "mime/subject.h"

static const struct {
	const char *subject;
	const char *base;
	gboolean reply;
} subjects[] = {
	{ "", "", FALSE },
	{ "hello", "hello", FALSE },
	{ "  a \t b  ", "a b", FALSE },
	{ "Re: hello", "hello", TRUE },
	{ "RE:hello", "hello", TRUE },
	{ "re : hello", "hello", TRUE },
	{ "Re[2]: hello", "hello", TRUE },
	{ "Re [x] : hello", "hello", TRUE },
	{ "Fwd: hello", "hello", TRUE },
	{ "FW: hello", "hello", TRUE },
	{ "Re: Fwd: re: hello", "hello", TRUE },
	{ "hello (fwd)", "hello", TRUE },
	{ "hello (FWD) (fwd) ", "hello", TRUE },
	{ "[list] hello", "hello", FALSE },
	{ "[list] Re: hello", "hello", TRUE },
	{ "Re: [list] Re: hello", "hello", TRUE },
	{ "[a][b] hello", "hello", FALSE },
	{ "[only]", "[only]", FALSE },
	{ "Re: [only]", "[only]", TRUE },
	{ "[fwd: hello]", "hello", TRUE },
	{ "[Fwd: Re: hello (fwd)]", "hello", TRUE },
	{ "Re: [fwd: [list] hello]", "hello", TRUE },
	{ "Re:", "", TRUE },
	{ "Re: (fwd)", "", TRUE },
	{ "(fwd)", "", TRUE },
	{ "[fwd:]", "", TRUE },
	{ "Report: x", "Report: x", FALSE },
	{ "[ hello", "[ hello", FALSE },
	{ "[[x]] y", "[[x]] y", FALSE },
	{ "re hello", "re hello", FALSE },
};

static void test_subjects(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(subjects); i++) {
		g_autoptr(GString) base = g_string_new(NULL);
		g_test_message("%s", subjects[i].subject);
		gboolean reply = mime_subject_base(subjects[i].subject, base);
		g_assert_cmpstr(base->str, ==, subjects[i].base);
		g_assert_cmpint(reply, ==, subjects[i].reply);
	}
}

static MimeSummary *summarise(Arena *arena, const char *block)
{
	return mime_summary_new(
		arena, mime_header_new(arena, bytes_of_string(block)));
}

static void test_whole(void)
{
	g_autoptr(Arena) arena = arena_new();
	MimeSummary *s = summarise(arena,
		"Date: Fri, 21 Nov 1997\r\n 09:55:06 -0600\r\n"
		"Subject: =?utf-8?q?Re=3A_=C3=A4?=\r\n"
		"Subject: second\r\n"
		"From: =?utf-8?q?=C3=A4?= <A@b>\r\nTo: c@d,\r\n e@f\r\nTo: "
		"g@h\r\n"
		"Cc: G: i@j;\r\nBcc:\r\nSender: x\r\nReply-To: r@r\r\n"
		"Message-ID:\r\n <\"1 2\"@x> \r\n"
		"In-Reply-To: yours of today <0@x> <9@x>\r\n"
		"References: <a@x>\r\n\t<b@x><c\r\n @x>\r\n\r\n");

	g_assert_true(s->has_date);
	g_assert_cmpint(s->sent_date, ==, 880127706 * TIMESTAMP_SECOND);
	g_assert_cmpint(s->zone_minutes, ==, -360);
	g_assert_cmpstr(s->date, ==, "Fri, 21 Nov 1997 09:55:06 -0600");
	g_assert_cmpstr(s->subject, ==, "Re: \303\244");
	g_assert_cmpstr(s->base_subject, ==, "\303\244");
	g_assert_true(s->is_reply_or_forward);
	g_assert_cmpstr(s->from, ==, "\303\244 <A@b>");
	g_assert_cmpstr(s->from_mailbox, ==, "A");
	g_assert_cmpstr(s->to, ==, "c@d, e@f, g@h");
	g_assert_cmpstr(s->to_mailbox, ==, "c");
	g_assert_cmpstr(s->cc, ==, "G: i@j;");
	g_assert_cmpstr(s->cc_mailbox, ==, "G");
	g_assert_cmpstr(s->bcc, ==, "");
	g_assert_cmpstr(s->sender, ==, "x");
	g_assert_cmpstr(s->reply_to, ==, "r@r");
	g_assert_cmpstr(s->message_id, ==, "<12@x>");
	g_assert_cmpstr(s->in_reply_to, ==, "<0@x>");
	g_assert_cmpstr(s->references, ==, "<a@x> <b@x> <c@x>");
	/* The second Subject is in none of these. */
	g_assert_true(s->truncated);
}

static void test_nothing(void)
{
	g_autoptr(Arena) arena = arena_new();
	MimeSummary *s = summarise(arena, "Date: nonsense\nFrom nobody\n");
	g_assert_false(s->has_date);
	g_assert_cmpstr(s->date, ==, "nonsense");
	g_assert_null(s->subject);
	g_assert_null(s->base_subject);
	g_assert_null(s->from);
	g_assert_null(s->from_mailbox);
	g_assert_null(s->message_id);
	g_assert_null(s->references);
	/* No blank line: there may have been more. */
	g_assert_true(s->truncated);
	g_assert_false(summarise(arena, "A: b\n\n")->truncated);
	g_assert_false(summarise(arena, "Subject: b\n\n")->truncated);
	g_assert_true(
		summarise(arena, "Subject: b\nsubject: c\n\n")->truncated);
}

static const struct {
	const char *value;
	const char *id;
} ids[] = {
	{ "<a@b>", "<a@b>" },
	{ "a@b", "<a@b>" },
	{ "<a", "<a>" },
	{ "", NULL },
	{ "<>", NULL },
	{ "x <a@b> y", "<a@b>" },
	{ "<a<b@c>", "<b@c>" },
	{ "<a b@c>", "<ab@c>" },
	/* Escaped, a blank or a control is still none that an id has. */
	{ "<\"a\\\"b\"@c>", "<a\"b@c>" },
	{ "<\"a\\ b\\\tc\"@d>", "<abc@d>" },
	{ "<a\\\001b\177\\\177@c>", "<ab@c>" },
	{ "<a\\@b>", "<a@b>" },
};

static void test_ids(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autofree char *block =
			g_strconcat("Message-ID: ", ids[i].value, "\n", NULL);
		g_test_message("%s", ids[i].value);
		g_assert_cmpstr(
			summarise(arena, block)->message_id, ==, ids[i].id);
	}
}

/* Nothing invalid, no control, nothing too long comes out. */
static void test_long(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) block = g_string_new("Subject: x");
	while (block->len < 3 * MIME_SUMMARY_TEXT_MAX)
		g_string_append(block, "\303\244");
	g_string_append(block, "\nReferences:");
	for (guint i = 0; i < 1000; i++)
		g_string_append_printf(block, " <%09u@x>\n", i);
	g_string_append(block, "From: \001\377 <a@b>\n\n");
	MimeSummary *s = summarise(arena, block->str);

	g_assert_true(s->truncated);
	g_assert_cmpuint(strlen(s->subject), ==, MIME_SUMMARY_TEXT_MAX - 1);
	g_assert_true(g_utf8_validate(s->subject, -1, NULL));
	g_assert_true(g_str_has_prefix(s->references, "<000000000@x> <"));
	g_assert_true(g_str_has_suffix(s->references, "<000000999@x>"));
	g_assert_cmpuint(strlen(s->references), <=, MIME_SUMMARY_TEXT_MAX);
	g_assert_cmpstr(s->from, ==, " \357\277\275 <a@b>");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/subject/vectors", test_subjects);
	g_test_add_func("/mime/summary/whole", test_whole);
	g_test_add_func("/mime/summary/nothing", test_nothing);
	g_test_add_func("/mime/summary/ids", test_ids);
	g_test_add_func("/mime/summary/long", test_long);
	return g_test_run();
}
