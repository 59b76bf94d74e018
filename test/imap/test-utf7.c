/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modified UTF-7, both ways and only the one right way. */
#include "imap/utf7.h"

static const struct {
	const char *wire;
	const char *text;
} pairs[] = {
	{ "", "" },
	{ "INBOX", "INBOX" },
	{ "a&-b", "a&b" },
	{ "&-", "&" },
	{ "&-&-", "&&" },
	{ "Entw&APw-rfe", "Entwürfe" },
	/* RFC 3501 section 5.1.3 */
	{ "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語" },
	{ "&AOk-", "é" },
	{ "&AOkA6Q-", "éé" },
	{ "&AOkA6QDp-", "ééé" },
	{ "&2D3eAA-", "😀" },
	{ "x&2D3eAA-y", "x😀y" },
	{ "&AOnYPd4A-", "é😀" },
	{ "&AAkACg-", "\t\n" },
	{ "&AH8-", "\x7f" },
	{ "&AOk-&-", "é&" },
	{ "a/b.c d~", "a/b.c d~" },
};

static void test_both_ways(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autoptr(GString) out = g_string_new("x");
		g_test_message("%s", pairs[i].wire);
		g_assert_true(utf7_decode(bytes_of_string(pairs[i].wire), out));
		g_assert_cmpstr(out->str + 1, ==, pairs[i].text);
		g_string_assign(out, "");
		utf7_encode(pairs[i].text, out);
		g_assert_cmpstr(out->str, ==, pairs[i].wire);
	}
}

static const char *const wrong[] = {
	"&",          /* no end */
	"a&b",        /* not base64 to the end */
	"&AOk",       /* no "-" */
	"&AOk-&AOk-", /* two shifts for one */
	"&AGE-",      /* "a" stands for itself */
	"&AGEA6Q-",   /* "a" in front of what needs it */
	"&AAA-",      /* NUL */
	"&AO-",       /* half a character */
	"&A-",
	"&AOl-",    /* bits left over that are not 0 */
	"&AOkA-",   /* a digit too many */
	"&2D0-",    /* half a surrogate pair */
	"&3gA-",    /* the other half */
	"&2D3YPQ-", /* two first halves */
	"&2D0A6Q-", /* a first half and a letter */
	"&AO k-",
	"&AO/-",       /* "/" is no digit here, "," is */
	"caf\xc3\xa9", /* 8-bit */
	"a\tb",
	"a\nb",
	"\x7f",
};

static void test_wrong(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GString) out = g_string_new("x");
		g_test_message("%s", wrong[i]);
		g_assert_false(utf7_decode(bytes_of_string(wrong[i]), out));
		g_assert_cmpstr(out->str, ==, "x");
	}
	g_autoptr(GString) out = g_string_new(NULL);
	g_assert_false(utf7_decode(bytes_of("a\0b", 3), out));
	g_assert_false(utf7_decode(bytes_of("&AO\0k-", 6), out));
}

/* Every character and pair of characters comes back. */
static void test_all(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) wire = g_string_new(NULL);
	g_autoptr(GString) back = g_string_new(NULL);

	for (gunichar c = 1; c <= 0x10ffff; c += c < 0x3000 ? 1 : 97) {
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		g_string_assign(text, "");
		g_string_append_unichar(text, c);
		g_string_append_c(text, 'a' + (char)(c % 26));
		g_string_append_unichar(text, c);
		g_string_append_unichar(text, c);
		g_string_assign(wire, "");
		g_string_assign(back, "");
		utf7_encode(text->str, wire);
		g_assert_true(
			utf7_decode(bytes_of(wire->str, wire->len), back));
		g_assert_cmpstr(back->str, ==, text->str);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/imap/utf7/both-ways", test_both_ways);
	g_test_add_func("/imap/utf7/wrong", test_wrong);
	g_test_add_func("/imap/utf7/all", test_all);
	return g_test_run();
}
