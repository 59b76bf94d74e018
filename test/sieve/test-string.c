/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoded characters and references to variables in strings. */
#include "sieve/string.h"

static const struct {
	const char *text;
	const char *expected; /* NULL: none of Unicode's characters */
} encoded[] = {
	/* RFC 5228 section 2.4.2.4 */
	{ "$${hex:40}", "$@" },
	{ "${hex: 40 }", "@" },
	{ "${HEX: 40}", "@" },
	{ "${hex:40", "${hex:40" },
	{ "${hex:400}", "${hex:400}" },
	{ "${hex:4${hex:30}}", "${hex:40}" },
	{ "${unicode:40}", "@" },
	{ "${ unicode:40}", "${ unicode:40}" },
	{ "${UNICODE:40}", "@" },
	{ "${UnICoDE:0000040}", "@" },
	{ "${Unicode:40}", "@" },
	{ "${Unicode:Cool}", "${Unicode:Cool}" },
	{ "${unicode:200000}", NULL },
	{ "${Unicode:DF01}", NULL },
	/* and beside it */
	{ "", "" },
	{ "$", "$" },
	{ "${", "${" },
	{ "${hex:}", "${hex:}" },
	{ "${hex: }", "${hex: }" },
	{ "${hex:4\t1\r\n42}x",
		"\x04\x01"
		"Bx" },
	{ "${hex:c3 A4}", "\xc3\xa4" },
	{ "${hex:41,42}", "${hex:41,42}" },
	{ "${unicode:10FFFF}", "\xf4\x8f\xbf\xbf" },
	{ "${unicode:110000}", NULL },
	{ "${unicode:D7FF E000}", "\xed\x9f\xbf\xee\x80\x80" },
	{ "${unicode:D800}", NULL },
	{ "${unicode:DFFF 41}", NULL },
	{ "${unicode:200000", "${unicode:200000" },
	{ "${unicode:200000 x}", "${unicode:200000 x}" },
	{ "${unicode:33333333333333333}", NULL },
	{ "${unicode:41 42}${hex:43}", "ABC" },
};

static void test_encoded(void)
{
	g_autoptr(Arena) arena = arena_new();
	for (guint i = 0; i < G_N_ELEMENTS(encoded); i++) {
		Bytes out;
		gboolean good = sieve_string_decode(
			arena, bytes_of_string(encoded[i].text), &out);
		g_assert_cmpint(good, ==, encoded[i].expected != NULL);
		if (!good)
			continue;
		g_autofree char *found = g_strndup(out.data, out.size);
		g_assert_cmpstr(found, ==, encoded[i].expected);
	}
}

/* Literals as they are, references in <>. */
static const struct {
	const char *text;
	const char *expected;
} references[] = {
	{ "", "" },
	{ "&%${}!", "&%${}!" },
	{ "${doh!}", "${doh!}" },
	{ "${full}", "<full>" },
	{ "${company}", "<company>" },
	{ "${BAD${Company}", "${BAD<Company>" },
	{ "${President, ${Company} Inc.}", "${President, <Company> Inc.}" },
	{ "${fo\\o}", "${fo\\o}" },
	{ "\\${foo}", "\\<foo>" },
	{ "a${b}${c}d", "a<b><c>d" },
	{ "${1}${0012}${_x9}", "<1><0012><_x9>" },
	{ "${1a}", "${1a}" },
	{ "${a.b}${a.1}${a.b.2.c}", "<a.b><a.1><a.b.2.c>" },
	{ "${1.b}${.a}${a.}${a..b}", "${1.b}${.a}${a.}${a..b}" },
	{ "$${a}$", "$<a>$" },
	{ "${${a}", "${<a>" },
	{ "${a", "${a" },
	{ "${", "${" },
};

static void test_references(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(references); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		Bytes literal;
		Bytes reference;
		gsize pos = 0;
		while (sieve_string_next(bytes_of_string(references[i].text),
			&pos, &literal, &reference)) {
			g_string_append_len(
				out, literal.data, (gssize)literal.size);
			g_string_append_printf(out, "<%.*s>",
				(int)reference.size, reference.data);
		}
		g_string_append_len(out, literal.data, (gssize)literal.size);
		g_assert_cmpstr(out->str, ==, references[i].expected);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/string/encoded", test_encoded);
	g_test_add_func("/sieve/string/references", test_references);
	return g_test_run();
}
