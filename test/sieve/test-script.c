/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiling: what is wrong with scripts, told in full. */
#include "test/sieve/run-lines.h"

static const SieveLimits limits = SIEVE_LIMITS_DEFAULT;

static SieveCompile compile_all(void)
{
	return (SieveCompile){ .extensions = sieve_extensions_delivery(),
		.limits = &limits };
}

static const RunCase basics[] = {
	{ "", "(keep)\n" },
	{ "keep;", "keep\n" },
	{ "discard;", "discard\n" },
	{ "KEEP ; stop; ", "keep\n" },
	{ "if true { discard; } else { keep; }", "discard\n" },
	{ "if false { discard; } else { keep; }", "keep\n" },
	{ "if false { discard; } elsif true { keep; } else { stop; }",
		"keep\n" },
	{ "if not anyof(false, allof(true, not false)) { discard; }",
		"(keep)\n" },
	{ "if anyof (false, false) {discard;} keep;", "keep\n" },
	{ "keep; keep;", "keep\n" },
	{ "if true { stop; } discard;", "(keep)\n" },
	{ "require \"comparator-i;octet\"; discard;", "discard\n" },
};

static void test_basics(void)
{
	SieveCompile how = compile_all();
	check_runs(&how, basics, G_N_ELEMENTS(basics));
}

static const RunCase wrong[] = {
	/* Grammar. */
	{ "keep",
		"1:5: ';' expected behind the command 'keep', not the end "
		"of the script\n" },
	{ "keep\ndiscard;",
		"2:1: ';' expected before 'discard': the command 'keep' ends "
		"here\n" },
	{ "if true { keep }",
		"1:15: ';' expected behind the command 'keep', not '}'\n" },
	{ "keep;; discard;", "1:6: a command expected, not ';'\n" },
	{ "} keep;", "1:1: this '}' closes no block\n" },
	{ "if true { keep;", "1:9: this block has no '}' at its end\n" },
	{ "if anyof(true, ) { keep; }", "1:16: a test expected, not ')'\n" },
	/* What other languages have, and what was forgotten. */
	{ "redirect me; redirect \xe2\x80\x9cme@x\xe2\x80\x9d;",
		"1:10: 'me' means nothing here: a string stands in quotes\n"
		"1:23: '\xe2\x80\x9cme@x\xe2\x80\x9d' means nothing here: a "
		"string stands in quotes like \"this\"\n" },
	{ "if size over 5 { } if exists \"a\" and true { }",
		"1:4: the test 'size' needs 1 positional argument (limit), not "
		"0\n"
		"1:9: a tag begins with a colon: ':over'\n"
		"1:34: tests are joined by allof(...) or anyof(...), not by "
		"'and'\n" },
	{ "if header \"a\" \"b\" then { } if exists \"a\" keep;",
		"1:19: 'then' cannot stand behind a test\n"
		"1:28: the command 'if' needs a block { ... }\n"
		"1:42: '{' expected before 'keep': the test 'exists' ends "
		"here\n" },
	{ "if allof true, false { }",
		"1:14: '{' expected behind the command 'if', not ','; tests in "
		"a list stand in the parentheses of allof or anyof\n" },
	{ "if header \"a\" { }",
		"1:4: the test 'header' needs 2 positional arguments (field "
		"names, keys), not 1\n" },
	{ "if anyof(true true) { keep; }",
		"1:15: the test 'true' takes no tests\n" },
	{ "if anyof(true \"x\" { keep; }",
		"1:19: ',' or ')' behind a test expected, not '{'\n" },
	{ "require [];", "1:10: a string of the list expected, not ']'\n" },
	{ "require [\"a\" \"b\"];",
		"1:14: ',' or ']' in a list expected, not a string\n" },
	{ "\"x\"; keep; 5 { discard; } $$ $;",
		"1:1: a command expected, not a string\n"
		"1:12: a command expected, not a number\n"
		"1:27: '$$' means nothing here\n"
		"1:30: '$' means nothing here\n" },
	/* Words. */
	{ "frop; if snot { friep; }",
		"1:1: unknown command 'frop'\n"
		"1:10: unknown test 'snot'\n"
		"1:17: unknown command 'friep'\n" },
	{ "true; if keep { }",
		"1:1: 'true' is a test; a command must stand here\n"
		"1:10: 'keep' is a command; a test must stand here\n" },
	{ "if true { } else if false { keep; }",
		"1:18: ';' expected before 'if': the command 'else' ends "
		"here\n" },
	/* Arguments. */
	{ "stop \"x\" 3 [\"y\"];",
		"1:1: the command 'stop' needs 0 positional arguments, not "
		"3\n" },
	{ "stop :x;", "1:6: unknown tag ':x' for the command 'stop'\n" },
	{ "stop { keep; }",
		"1:1: the command 'stop' takes no block; ';' expected\n" },
	{ "if true; if { } if (true) { }",
		"1:1: the command 'if' needs a block { ... }\n"
		"1:10: the command 'if' needs one test, without parentheses\n"
		"1:17: the command 'if' needs one test, without "
		"parentheses\n" },
	{ "if not (true) { } if allof true { }",
		"1:4: the test 'not' needs one test, without parentheses\n"
		"1:22: the test 'allof' needs a list of tests in "
		"parentheses\n" },
	{ "require 45; require; require \"a\" true;",
		"1:9: the command 'require' needs a string or a list of "
		"strings as argument 1, not a number\n"
		"1:13: the command 'require' needs 1 positional argument "
		"(extensions), not 0\n"
		"1:34: the command 'require' takes no tests\n" },
	/* RFC 5228 section 2.6.2. */
	{ "if header \"a\" \"b\" :contains { } if size 5 :over { } "
	  "if header \"a\" :comparator \"i;octet\" \"b\" { }",
		"1:19: ':contains' must stand before the positional arguments "
		"of the test 'header'\n"
		"1:43: ':over' must stand before the positional arguments of "
		"the test 'size'\n"
		"1:67: ':comparator' must stand before the positional "
		"arguments of the test 'header'\n" },
	/* Where words stand. */
	{ "else { keep; } elsif true { }",
		"1:1: 'else' must stand right behind the block of an if or "
		"elsif\n"
		"1:16: 'elsif' must stand right behind the block of an if or "
		"elsif\n" },
	{ "if true { } keep; else { }",
		"1:19: 'else' must stand right behind the block of an if or "
		"elsif\n" },
	{ "require [\"_a\", \"comparator-i;octet\"]; keep; "
	  "require \"comparator-i;octet\";",
		"1:10: there is no extension \"_a\" here\n"
		"1:45: require must stand before all other commands\n" },
	{ "if true { require \"comparator-i;octet\"; }",
		"1:11: require must stand before all other commands\n" },
	/* Broken ifs do not break what is chained to them. */
	{ "if true ] { keep; frop; } else { stop; }",
		"1:8: '{' expected behind the command 'if', not ']'\n"
		"1:19: unknown command 'frop'\n" },
	/* RFC 5228 section 2.4.2.2: names that no field has are no error. */
	{ "if anyof(header \"a:\" \"b\", exists [\"a\", \"a b\"], "
	  "address \"\" \"b\") { stop; }",
		"1:17: warning: no field has the name \"a:\": names are "
		"printable ASCII without blanks and \":\"\n"
		"1:40: warning: no field has the name \"a b\": names are "
		"printable ASCII without blanks and \":\"\n"
		"1:56: warning: no field has the name \"\": names are "
		"printable ASCII without blanks and \":\"\n"
		"(keep)\n" },
	/* Warnings. */
	{ "stop; keep;", "1:7: warning: this is never reached\n(keep)\n" },
};

static void test_wrong(void)
{
	SieveCompile how = compile_all();
	check_runs(&how, wrong, G_N_ELEMENTS(wrong));
}

/* ---- Bounds ---- */

static char *repeat(const char *before, guint n, const char *after)
{
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < n; i++)
		g_string_append(out, before);
	g_string_append(out, "keep;");
	for (guint i = 0; i < n; i++)
		g_string_append(out, after);
	return g_string_free(out, FALSE);
}

static void test_nesting(void)
{
	SieveCompile how = compile_all();
	g_autofree char *fits = repeat("if true {", 32, "}");
	g_autofree char *found = run_lines(&how, fits);
	g_assert_cmpstr(found, ==, "keep\n");
	g_autofree char *deep = repeat("if true {", 33, "}");
	g_autofree char *told = run_lines(&how, deep);
	g_assert_cmpstr(told, ==,
		"1:292: blocks and tests nest more than 32 levels deep\n");
	g_autofree char *deepest = repeat("if true {", 10000, "}");
	g_autofree char *told_once = run_lines(&how, deepest);
	g_assert_cmpstr(told_once, ==, told);
}

static void test_nested_tests(void)
{
	SieveCompile how = compile_all();
	g_autoptr(GString) source = g_string_new("if ");
	for (guint i = 0; i < 20000; i++)
		g_string_append(source, i % 2 == 0 ? "not " : "anyof(");
	g_string_append(source, "true { frop; } else { discard; } friep;");
	g_autofree char *found = run_lines(&how, source->str);
	g_assert_true(g_str_has_prefix(found,
		"1:163: blocks and tests nest more than 32 levels deep\n1:"));
	g_assert_nonnull(strstr(found, "unknown command 'frop'"));
	g_assert_nonnull(strstr(found, "unknown command 'friep'"));
}

static void test_limits(void)
{
	SieveLimits small = limits;
	SieveCompile how = compile_all();
	how.limits = &small;
	small.max_errors = 2;
	g_autofree char *few = run_lines(&how, "a; b; c; d;");
	g_assert_cmpstr(few, ==,
		"1:1: unknown command 'a'\n1:4: unknown command 'b'\n");
	small.max_script_size = 9;
	g_autofree char *large = run_lines(&how, "keep; stop;");
	g_assert_cmpstr(large, ==, "1:1: the script has more than 9 bytes\n");
	small.max_script_size = 1000;
	small.max_instructions = 5;
	g_autofree char *fits =
		run_lines(&how, "if true { } if true { } keep;");
	g_assert_cmpstr(fits, ==, "keep\n");
	g_autofree char *long_one =
		run_lines(&how, "if true { } if true { }\nkeep; discard;");
	g_assert_cmpstr(long_one, ==,
		"2:7: the script takes more than 5 instructions\n(keep)\n");
}

/* A copy of a message, and words looked for in it, cost by its length: however
 * long it is, there is enough to enclose it. */
static void test_large(void)
{
	static const char source[] =
		"require [\"body\", \"mime\", \"enclose\"];\n"
		"if body :raw :contains \"v1\" { stop; }\n"
		"enclose \"text\";";
	SieveLimits large = limits;
	SieveCompile how = compile_all();
	g_autoptr(GString) message = g_string_new("Subject: x\r\n\r\n");
	g_autoptr(GPtrArray) told = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(SieveResult) result = NULL;

	how.limits = &large;
	large.max_message_size = 200000000;
	g_autoptr(SieveScript) script = sieve_compile(
		&how, "large", bytes_of_string(source), &told, &error);
	g_assert_nonnull(script);
	while (message->len < 60000000)
		g_string_append(
			message, "some forty bytes of text in a line\r\n");
	const SieveInput input = {
		.message = bytes_of(message->str, message->len),
	};
	g_assert_true(sieve_run(script, &input, &result, &error));
	g_assert_cmpstr(result->failure != NULL ? result->failure->text : NULL,
		==, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/script/basics", test_basics);
	g_test_add_func("/sieve/script/wrong", test_wrong);
	g_test_add_func("/sieve/script/nesting", test_nesting);
	g_test_add_func("/sieve/script/nested-tests", test_nested_tests);
	g_test_add_func("/sieve/script/limits", test_limits);
	g_test_add_func("/sieve/script/large", test_large);
	return g_test_run();
}
