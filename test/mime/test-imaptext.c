/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings as IMAP writes them. */
#include "mime/imaptext.h"

static const struct {
	const char *value; /* NULL: no data */
	const char *plain;
	const char *utf8;
} strings[] = {
	{ NULL, "NIL", NULL },
	{ "", "\"\"", "\"\"" },
	{ "a \"b\" \\", "\"a \\\"b\\\" \\\\\"", "\"a \\\"b\\\" \\\\\"" },
	{ "a\r\nb", "\"a  b\"", "\"a  b\"" },
	{ "\303\244\"\r\n", "{5}\r\n\303\244\"  ", "\"\303\244\\\"  \"" },
	{ "\344", "{1}\r\n\344", "{1}\r\n\344" },
};

static void test_strings(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
		g_autoptr(GString) plain = g_string_new(NULL);
		g_autoptr(GString) utf8 = g_string_new(NULL);
		Bytes value = bytes_of_string(strings[i].value);
		mime_imap_nstring(value, plain);
		g_assert_cmpstr(plain->str, ==, strings[i].plain);
		if (strings[i].utf8 == NULL)
			continue;
		mime_imap_string_utf8(value, utf8);
		g_assert_cmpstr(utf8->str, ==, strings[i].utf8);
	}
}

static const struct {
	const char *text;
	const char *quoted;
} texts[] = {
	{ "(NIL \"a\" NIL)", "(NIL \"a\" NIL)" },
	{ "({2}\r\n\303\244 NIL)", "(\"\303\244\" NIL)" },
	{ "({3}\r\n\303\244\" {1}\r\n\344 \"x\")",
		"(\"\303\244\\\"\" {1}\r\n\344 \"x\")" },
	/* What is no literal, and what is in strings. */
	{ "(\"{2}\" \"\\\"{1}\" {9}\r\nab {x} {", NULL },
	{ "({99999999999999999999}\r\nx", NULL },
	{ "\"open", NULL },
	{ "\"open\\", NULL },
	{ "{1}\r\n{{1}\r\n\"{0}\r\n", "\"{\"\"\\\"\"\"\"" },
};

static void test_quote(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		g_test_message("%s", texts[i].text);
		mime_imap_quote_utf8(bytes_of_string(texts[i].text), out);
		g_assert_cmpstr(out->str, ==,
			texts[i].quoted != NULL ? texts[i].quoted :
						  texts[i].text);
	}
}

static void test_long(void)
{
	g_autofree char *value = g_strnfill(1001, 'x');
	g_autoptr(GString) out = g_string_new(NULL);

	mime_imap_string_utf8(bytes_of_string(value), out);
	g_assert_true(g_str_has_prefix(out->str, "{1001}\r\n"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/imaptext/strings", test_strings);
	g_test_add_func("/mime/imaptext/quote", test_quote);
	g_test_add_func("/mime/imaptext/long", test_long);
	return g_test_run();
}
