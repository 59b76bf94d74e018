/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens (RFC 5228 section 8.1). */
#include "sieve/lex.h"

typedef struct {
	const char *source;
	gsize size; /* 0: up to the NUL */
	const char *expected;
} LexCase;

static void append_token(GString *out, const SieveToken *token)
{
	static const char kinds[] = { 'E', 'i', 't', 'n', 's', 'm', 'B' };
	g_string_append_c(out, kinds[token->kind]);
	if (token->kind == SIEVE_TOKEN_NUMBER)
		g_string_append_printf(
			out, "%" G_GUINT64_FORMAT, token->number);
	else if (token->kind == SIEVE_TOKEN_MARK)
		g_string_append_c(out, token->mark);
	else
		g_string_append_len(
			out, token->text.data, (gssize)token->text.size);
	g_string_append_printf(
		out, "@%u:%u ", token->place.line, token->place.column);
}

static char *lex(Bytes source)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(
		(GDestroyNotify)sieve_error_free);
	SieveReport report = { .errors = errors, .max = 100 };
	SieveLexer lexer;
	GString *out = g_string_new(NULL);
	sieve_lexer_init(&lexer, arena, &report, "test", source);
	SieveToken token;
	do {
		token = sieve_lexer_next(&lexer);
		append_token(out, &token);
	} while (token.kind != SIEVE_TOKEN_END);
	sieve_lexer_clear(&lexer);
	for (guint i = 0; i < errors->len; i++) {
		const SieveError *error = g_ptr_array_index(errors, i);
		g_string_append_printf(out, "| %u:%u %s", error->line,
			error->column, error->text);
	}
	return g_string_free(out, FALSE);
}

static const LexCase cases[] = {
	{ "", 0, "E@1:1 " },
	{ "keep;", 0, "ikeep@1:1 m;@1:5 E@1:6 " },
	{ " \t\r\n\n _a1:b", 0, "i_a1@3:2 tb@3:5 E@3:7 " },
	{ "\xef\xbb\xbfkeep", 0, "ikeep@1:1 E@1:5 " },
	/* Comments. */
	{ "# a\nb#c", 0, "ib@2:1 E@2:4 " },
	{ "/* # */ a /* * / \n **/ b", 0, "ia@1:9 ib@2:6 E@2:7 " },
	{ "/**/a/*/*/b", 0, "ia@1:5 ib@1:11 E@1:12 " },
	{ "a /* b", 0, "ia@1:1 E@1:7 | 1:3 this comment has no */ at its end" },
	/* Numbers. */
	{ "0 007 1k 1K 2M 3G", 0,
		"n0@1:1 n7@1:3 n1024@1:7 n1024@1:10 n2097152@1:13 "
		"n3221225472@1:16 E@1:18 " },
	{ "18446744073709551615", 0, "n18446744073709551615@1:1 E@1:21 " },
	{ "18446744073709551616", 0,
		"n18446744073709551615@1:1 E@1:21 | 1:1 this number is too "
		"large; 2^64 - 1 is the largest" },
	{ "17179869183G", 0, "n18446744072635809792@1:1 E@1:13 " },
	{ "17179869184G", 0,
		"n18446744073709551615@1:1 E@1:13 | 1:1 this number is too "
		"large; 2^64 - 1 is the largest" },
	{ "1x 2", 0,
		"n1@1:1 n2@1:4 E@1:5 | 1:1 a number ends with K, M, G or none "
		"of them" },
	/* Quoted strings. */
	{ "\"\"", 0, "s@1:1 E@1:3 " },
	{ "\"a\\\"b\\\\c\\d\"x", 0, "sa\"b\\cd@1:1 ix@1:12 E@1:13 " },
	{ "\"a\nb\r\nc\"", 0, "sa\r\nb\r\nc@1:1 E@3:3 " },
	{ "\"a\\\nb\"", 0, "sa\r\nb@1:1 E@2:3 " },
	{ "\"# /* \xc3\xa4\" a", 0, "s# /* \xc3\xa4@1:1 ia@1:10 E@1:11 " },
	{ "a \"b", 0,
		"ia@1:1 Bb@1:3 E@1:5 | 1:3 this string has no \" at its "
		"end" },
	{ "\"\\", 0, "B@1:1 E@1:3 | 1:1 this string has no \" at its end" },
	/* Texts. */
	{ "text:\na\n.\n;", 0, "sa\r\n@1:1 m;@4:1 E@4:2 " },
	{ "TEXT: \t# c\r\na\r\n\r\n..b\r\n.c\r\n.\r\nx", 0,
		"sa\r\n\r\n.b\r\n.c\r\n@1:1 ix@7:1 E@7:2 " },
	{ "text:\n.\n", 0, "s@1:1 E@3:1 " },
	{ "text:\na\n.", 0, "sa\r\n@1:1 E@3:2 " },
	{ "text:\n\"${a}\\\n.\n", 0, "s\"${a}\\\r\n@1:1 E@4:1 " },
	{ "text:\na\n", 0,
		"Ba\r\n@1:1 E@3:1 | 1:1 this text: has no line with a dot "
		"alone at its end" },
	{ "text: a\nb\n.\n", 0,
		"sb\r\n@1:1 E@4:1 | 1:7 the text begins on the line behind "
		"text:" },
	{ "text :a", 0, "itext@1:1 ta@1:6 E@1:8 " },
	{ "texts:a", 0, "itexts@1:1 ta@1:6 E@1:8 " },
	/* What cannot stand in a script. */
	{ "a\0b", 3,
		"ia@1:1 B@1:2 E@1:4 | 1:2 NUL must not stand in a script"
		"| 1:2 '?b' means nothing here" },
	/* RFC 5228 section 2.1: any octet in strings and comments. */
	{ "\"\xff\" \"\xc3\" text:\n\xed\xa0\x80\n.\n", 0,
		"s\xff@1:1 s\xc3@1:5 s\xed\xa0\x80\r\n@1:9 E@4:1 " },
	{ "# \xff\n/* \xc3 */ a", 0, "ia@2:9 E@2:10 " },
	{ "a\xff b", 0,
		"ia@1:1 B@1:2 ib@1:4 E@1:5 | 1:2 '\xef\xbf\xbd' means nothing "
		"here" },
	{ "\"a\\\xff\0\"", 6,
		"sa\xff?@1:1 E@1:7 | 1:5 NUL must not stand in a script" },
	{ "a \xc3\xa4\xc3\xb6 b", 0,
		"ia@1:1 B@1:3 ib@1:6 E@1:7 | 1:3 '\xc3\xa4\xc3\xb6' means "
		"nothing here" },
	{ "a\rb", 0,
		"ia@1:1 B@1:2 ib@1:3 E@1:4 | 1:2 CR without LF behind it" },
	{ ": a", 0,
		"B@1:1 ia@1:3 E@1:4 | 1:1 a colon must stand before a tag's "
		"name" },
};

static void test_tokens(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		gsize size = cases[i].size != 0 ? cases[i].size :
						  strlen(cases[i].source);
		g_autofree char *found = lex(bytes_of(cases[i].source, size));
		g_assert_cmpstr(found, ==, cases[i].expected);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/lex/tokens", test_tokens);
	return g_test_run();
}
