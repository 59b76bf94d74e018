/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regular expressions: what they match, what they refuse, what they cost. */
#include "sieve/regex.h"

#include "base/errors.h"

#define WORK G_GUINT64_CONSTANT(10000000)

static SieveRegex *compile(const char *pattern, SieveRegexCase how)
{
	g_autoptr(GError) error = NULL;
	SieveRegex *regex =
		sieve_regex_new(bytes_of_string(pattern), how, &error);
	if (regex == NULL)
		g_error("%s: %s", pattern, error->message);
	return regex;
}

/* The groups as "whole|1|2", those without part as "-"; NULL: no match. */
static char *groups_of(const char *pattern, const char *text)
{
	g_autoptr(SieveRegex) regex =
		compile(pattern, SIEVE_REGEX_ASCII_NOCASE);
	Bytes groups[SIEVE_REGEX_GROUPS_MAX];
	guint64 work = WORK;
	GString *told = g_string_new(NULL);

	if (sieve_regex_match(regex, bytes_of_string(text), &work, groups) !=
		SIEVE_REGEX_YES) {
		g_string_free(told, TRUE);
		return NULL;
	}
	for (guint i = 0; i < sieve_regex_groups(regex); i++) {
		if (i > 0)
			g_string_append_c(told, '|');
		if (groups[i].data == NULL)
			g_string_append_c(told, '-');
		else
			g_string_append_len(
				told, groups[i].data, (gssize)groups[i].size);
	}
	return g_string_free(told, FALSE);
}

static void test_matches(void)
{
	static const struct {
		const char *pattern;
		const char *text;
		const char *groups;
	} vectors[] = {
		{ "", "x", "" },
		{ "abc", "xABCx", "ABC" },
		{ "^abc$", "abc", "abc" },
		{ "^abc$", "abcd", NULL },
		{ "a|ab", "abc", "ab" },
		{ "(a|ab)(c|bcd)", "abcd", "abcd|a|bcd" },
		{ "(a*)*b", "aaab", "aaab|aaa" },
		{ "(a|b)*", "abab", "abab|b" },
		{ "x(y)?z", "xz", "xz|-" },
		{ "a{2}", "caaat", "aa" },
		{ "a{2,}", "caaat", "aaa" },
		{ "^a{0,2}$", "aaa", NULL },
		{ "a{0}b", "ab", "b" },
		{ "[[:digit:]]+", "a123b", "123" },
		{ "[^[:space:]]+", "  ab c", "ab" },
		{ "[]a]+", "x]a]", "]a]" },
		{ "[^]a]", "]ab", "b" },
		{ "[a-c-]+", "x-b-", "-b-" },
		{ "[[.-.]x]+", "a-x", "-x" },
		{ "[[=e=]]", "fE", "E" },
		{ "[x[.a.]-c]+", "abcx", "abcx" },
		{ "\\.\\*\\\\", "a.*\\", ".*\\" },
		{ "a)", "xa)", "a)" },
		{ "}]", "}]", "}]" },
		{ "(^| )you( |$)", "all you", " you| |" },
		{ "([^-@]*)-([^-@]*)(-bounces)?@ant",
			"antlr-interest-bounces@ant",
			"antlr-interest-bounces@ant|antlr|interest|-bounces" },
		{ "caf.$", "a caf\xc3\xa9", "caf\xc3\xa9" },
		{ "a.b",
			"a\xff"
			"b",
			"a\xff"
			"b" },
		{ "^b.*$", "a\r\nbcd\r\ne", "bcd" },
		{ "a.b", "a\nb", NULL },
		{ "a[^x]b", "a\nb", "a\nb" },
		{ "abcd|c", "abcx", "c" },
		{ "abcd|bc|c", "abcx", "bc" },
		{ "(|a)b", "ab", "ab|a" },
		{ "\\w+\\s\\d", "a b_\xc3\xa9 7", "b_\xc3\xa9 7" },
		{ "\\W\\S\\D", "ab -cd", " -c" },
		{ "\\bcat\\b", "concat cat.", "cat" },
		{ "\\bcat\\b", "concat scat cats", NULL },
		{ "\\bcat\\b", "cat", "cat" },
		{ "\\<a\\w*",
			"ba \xc3\xa9"
			"a abc",
			"abc" },
		{ "\\w*\\>", "...ab-", "ab" },
		{ "a\\>",
			"\xc3\xa9"
			"a\xc3\xa9 a",
			"a" },
		{ "\\Ba", "a ba", "a" },
		{ "x\\b|xy", "xy", "xy" },
		{ "(\\b|-)a", "-a", "-a|-" },
		{ "\\.\\b", "a.\xff .b", "." },
		{ "[\\d]+", "1d\\2", "d\\" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *groups =
			groups_of(vectors[i].pattern, vectors[i].text);
		g_test_message("%s", vectors[i].pattern);
		g_assert_cmpstr(groups, ==, vectors[i].groups);
	}
}

static gboolean has(const char *pattern, SieveRegexCase how, const char *text)
{
	g_autoptr(SieveRegex) regex = compile(pattern, how);
	guint64 work = WORK;
	return sieve_regex_match(regex, bytes_of_string(text), &work, NULL) ==
		SIEVE_REGEX_YES;
}

static void test_case(void)
{
	g_assert_true(has("^[^[:lower:]]+$", SIEVE_REGEX_EXACT, "ABC 1"));
	g_assert_false(has("^[^[:lower:]]+$", SIEVE_REGEX_EXACT, "ABc 1"));
	g_assert_true(has("[[:upper:]]", SIEVE_REGEX_ASCII_NOCASE, "a"));
	g_assert_false(has("a", SIEVE_REGEX_EXACT, "A"));
	g_assert_true(has("[a-c]", SIEVE_REGEX_ASCII_NOCASE, "B"));
	g_assert_false(has("\xc3\xa9", SIEVE_REGEX_ASCII_NOCASE, "\xc3\x89"));
	g_assert_true(has("\xc3\xa9", SIEVE_REGEX_UNICODE_NOCASE, "\xc3\x89"));
	g_assert_true(
		has("[\xc3\xa9]", SIEVE_REGEX_UNICODE_NOCASE, "\xc3\x89"));
	g_assert_true(has("^[[:alpha:]]$", SIEVE_REGEX_EXACT, "\xc3\xa9"));
}

static void test_refused(void)
{
	static const char *const patterns[] = { "a(+b)", "*a", "a**", "a+?",
		"ex[]ample", "[", "[a", "[z-a]", "[[:foo:]]",
		"[[:alpha:", "[[.ab.]]", "(", "(a", "a{", "a{1", "a{2,1}",
		"a{256}", "a{1}{2}", "\\", "\\1", "\\a", "\\b*", "\\<+",
		"(?=a)", "(?i)a", "^*", "a|*b", "a{,2}" };
	for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(SieveRegex) regex =
			sieve_regex_new(bytes_of_string(patterns[i]),
				SIEVE_REGEX_EXACT, &error);
		g_test_message("%s", patterns[i]);
		g_assert_null(regex);
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	}
}

static void test_limits(void)
{
	g_autoptr(GString) deep = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	g_autoptr(SieveRegex) regex = sieve_regex_new(
		bytes_of_string("((((a{255}){255}){255}){255})"),
		SIEVE_REGEX_EXACT, &error);
	g_assert_null(regex);
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_LIMIT));
	g_clear_error(&error);
	for (guint i = 0; i < 100000; i++)
		g_string_append_c(deep, '(');
	regex = sieve_regex_new(
		bytes_of(deep->str, deep->len), SIEVE_REGEX_EXACT, &error);
	g_assert_null(regex);
	g_assert_nonnull(error);
	g_clear_error(&error);
	/* Groups that are not told, repeated: nothing is written for them. */
	g_string_truncate(deep, 0);
	for (guint i = 0; i < 70; i++)
		g_string_append(deep, "()");
	for (guint i = 0; i < 50; i++)
		g_string_append_c(deep, '(');
	for (guint i = 0; i < 50; i++)
		g_string_append(deep, "){255}");
	regex = sieve_regex_new(
		bytes_of(deep->str, deep->len), SIEVE_REGEX_EXACT, &error);
	g_assert_null(regex);
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_LIMIT));
}

/* What makes others exponential, or quadratic, costs in proportion here. */
static void test_evil(void)
{
	static const char *const patterns[] = { "(a*)*c", "(a|a)*c", "(a+)+$b",
		"(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)c", "(a|aa)+c", "a*a*a*a*a*c",
		"(a?){50}a{50}c" };
	g_autofree char *text = g_strnfill(20000, 'a');
	for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
		g_autoptr(SieveRegex) regex =
			compile(patterns[i], SIEVE_REGEX_EXACT);
		guint64 work = WORK;
		g_test_message("%s", patterns[i]);
		g_assert_cmpint(sieve_regex_match(regex, bytes_of(text, 20000),
					&work, NULL),
			==, SIEVE_REGEX_NO);
	}
	g_autoptr(SieveRegex) regex = compile("(a*)*c", SIEVE_REGEX_EXACT);
	guint64 work = 1000;
	g_assert_cmpint(
		sieve_regex_match(regex, bytes_of(text, 20000), &work, NULL),
		==, SIEVE_REGEX_STOPPED);
	g_assert_cmpuint(work, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/regex/matches", test_matches);
	g_test_add_func("/sieve/regex/case", test_case);
	g_test_add_func("/sieve/regex/refused", test_refused);
	g_test_add_func("/sieve/regex/limits", test_limits);
	g_test_add_func("/sieve/regex/evil", test_evil);
	return g_test_run();
}
