/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables: set, string, match variables, globals (RFC 5229, RFC 6609), and the
 * environment (RFC 5183). */
#include "test/sieve/run-lines.h"

static SieveLimits limits = SIEVE_LIMITS_DEFAULT;

#define REQUIRE \
	"require [\"variables\",\"include\",\"relational\",\"environment\"," \
	"\"encoded-character\",\"regex\",\"fileinto\"];\n"

/* Says `value` is what a string expands to: a discard then. */
#define IS(string, value) \
	"if string :comparator \"i;octet\" \"" string "\" \"" value \
	"\" { discard; }"

static const TestScript scripts[] = {
	{ "locals", REQUIRE "set \"a\" \"theirs\"; set \"b\" \"${a}${b}\";" },
	{ "globals", REQUIRE "global \"a\"; set \"a\" \"${a} theirs\";" },
	{ "namespace", REQUIRE "set \"global.a\" \"${global.a}+\";" },
	{ "twice",
		REQUIRE "global \"a\"; set \"x\" \"${x}1\"; "
			"set \"a\" \"${a}${x}\";" },
	{ NULL, NULL },
};

static const RunCase sets[] = {
	{ REQUIRE IS("${a}", ""), "discard\n" },
	{ REQUIRE "set \"A\" \"x\"; " IS("<${a}${A}>", "<xx>"), "discard\n" },
	{ REQUIRE "set \"\\n\\a\" \"x\"; " IS("${na}", "x"), "discard\n" },
	{ REQUIRE "set \"a\" \"${b}x\"; set \"b\" \"${a}${a}\"; "
		  "set \"a\" \"${a}${b}\"; " IS("${a}", "xxx"),
		"discard\n" },
	/* RFC 5229 section 3. */
	{ REQUIRE
		"set \"company\" \"ACME\"; " IS("${President, ${Company} Inc.}",
			"${hex:24}{President, ACME Inc.}"),
		"discard\n" },
	{ REQUIRE "set \"dollar\" \"$\"; set \"t\" \"${dollar}{beep}\"; "
		  "set :length \"n\" \"${t}\"; " IS("${n}", "7"),
		"discard\n" },
	{ REQUIRE "set \"name\" \"Ethelbert\"; " IS(
		  "dear${hex:20 24 7b 4e}ame}", "dear Ethelbert"),
		"discard\n" },
	/* Section 4.1. */
	{ REQUIRE "set :length \"b\" \"juMBlEd lETteRS\"; " IS("${b}", "15"),
		"discard\n" },
	{ REQUIRE
		"set :length \"b\" \"\xc3\xa4\xe2\x82\xac\"; " IS("${b}", "2"),
		"discard\n" },
	{ REQUIRE "set :lower \"b\" \"juMBlEd \xc3\x84\"; " IS(
		  "${b}", "jumbled \xc3\x84"),
		"discard\n" },
	{ REQUIRE "set :upper \"b\" \"juMBlEd\"; " IS("${b}", "JUMBLED"),
		"discard\n" },
	{ REQUIRE "set :upperfirst :lower \"b\" \"juMBlEd lETteRS\"; " IS(
		  "${b}", "Jumbled letters"),
		"discard\n" },
	{ REQUIRE "set :lowerfirst :UPPER \"b\" \"juMBlEd\"; " IS(
		  "${b}", "jUMBLED"),
		"discard\n" },
	{ REQUIRE "set :upperfirst \"b\" \"\"; " IS("${b}", ""), "discard\n" },
	{ REQUIRE "set :quotewildcard \"b\" \"Rock*?\\\\\"; " IS(
		  "${b}", "Rock\\\\*\\\\?\\\\\\\\"),
		"discard\n" },
	{ REQUIRE "set :length :quotewildcard \"b\" \"*\"; " IS("${b}", "2"),
		"discard\n" },
	{ "require [\"enotify\",\"variables\"]; "
	  "set :encodeurl \"b\" \"Safe body&evil=\xc3\xa4~\"; " IS(
		  "${b}", "Safe%20body%26evil%3D%C3%A4~"),
		"discard\n" },
	{ "require \"variables\"; set :encodeurl \"b\" \"\";",
		"1:26: ':encodeurl' needs: require \"enotify\"\n" },
	{ REQUIRE "set :quoteregex \"b\" \"a.b*\"; " IS("${b}", "a\\\\.b\\\\*"),
		"discard\n" },
};

static void test_set(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	check_runs(&how, sets, G_N_ELEMENTS(sets));
}

static const RunCase wrong[] = {
	{ REQUIRE "set \"${a}\" \"x\"; set \"0\" \"x\"; set \"a b\" \"\"; "
		  "set \"\" \"\";",
		"2:5: the name of a variable must have no variables in it\n"
		"2:21: \"0\" is a match variable, which has what a test found "
		"and nothing else\n"
		"2:34: \"a b\" cannot be the name of a variable: one has "
		"letters, digits and \"_\", and begins with no digit\n"
		"2:48: \"\" cannot be the name of a variable: one has "
		"letters, digits and \"_\", and begins with no digit\n" },
	{ REQUIRE "set \"x.y\" \"\"; keep \"${x.y}\"; set \"global.1\" \"\";",
		"2:5: \"x.y\" is in no namespace that is known\n"
		"2:15: the command 'keep' needs 0 positional arguments, not "
		"1\n2:20: \"x.y\" is in no namespace that is known\n"
		"2:34: \"global.1\" is no variable of the namespace global\n" },
	{ REQUIRE "set \"a\" \"${33}${0032}\";",
		"2:9: match variables go up to ${32}, not to \"33\"\n" },
	{ REQUIRE "set :lower :upper \"a\" \"\"; set :lower :lower \"a\" "
		  "\"\"; set :inner \"a\" \"\";",
		"2:12: ':lower' and ':upper' exclude each other\n"
		"2:38: ':lower' stands twice here\n"
		"2:57: unknown tag ':inner' for the command 'set'\n" },
	{ "require \"variables\"; global \"a\"; set \"global.a\" \"\";",
		"1:22: 'global' needs: require \"include\"\n"
		"1:38: \"global.a\" is in no namespace that is known without: "
		"require \"include\"\n" },
	{ REQUIRE "set \"a\" \"\"; global \"a\"; global [\"b\", \"1\"];",
		"2:20: \"a\" was set before it is declared global\n"
		"2:38: \"1\" cannot be the name of a global variable\n" },
	{ REQUIRE "global [\"a\", \"a\"]; set \"a\" \"\"; global \"a\";",
		"(keep)\n" },
};

static void test_wrong(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	check_runs(&how, wrong, G_N_ELEMENTS(wrong));
}

static const RunCase matched[] = {
	{ REQUIRE "if string :matches \"[a] b c\" \"[*] * *\" { " IS(
		  "${0}|${1}|${2}|${3}|${4}|${001}", "[a] b c|a|b|c||a") " }",
		"discard\n" },
	/* The last match that succeeded, and none that was not tried. */
	{ REQUIRE "if string :matches \"a\" \"?\" {} "
		  "if string :matches \"b\" \"*x\" {} "
		  "if anyof(true, string :matches \"c\" \"?\") {} " IS(
			  "${1}", "a"),
		"discard\n" },
	{ REQUIRE "if string :regex \"ab\" \"(.)(.)\" { " IS(
		  "${2}${1}", "ba") " }",
		"discard\n" },
	/* Told once for its place, and no reason to end the script. */
	{ REQUIRE "set \"r\" \"(\";\n"
		  "if anyof(string :regex \"a\" [\"${r}\", \"b\"],\n"
		  "  not string :regex \"a\" \"${r}\") { discard; }",
		"3:10: warning: a regular expression made of variables "
		"matches nothing: at character 1 of the regular expression: "
		"\"(\" has "
		"no \")\"\n"
		"4:7: warning: a regular expression made of variables "
		"matches nothing: at character 1 of the regular expression: "
		"\"(\" has "
		"no \")\"\n"
		"discard\n" },
	{ REQUIRE "if string :count \"eq\" [\"\", \"a\", \"${x}\"] \"1\" "
		  "{ discard; }",
		"discard\n" },
};

static void test_matched(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	check_runs(&how, matched, G_N_ELEMENTS(matched));
}

static const RunCase scopes[] = {
	{ REQUIRE "set \"a\" \"mine\"; include \"locals\"; " IS(
		  "${a}${b}", "mine"),
		"discard\n" },
	{ REQUIRE "global \"a\"; set \"a\" \"mine\"; include \"globals\"; "
		  "include \"namespace\"; " IS(
			  "${a}|${global.a}", "mine theirs+|mine theirs+"),
		"discard\n" },
	{ REQUIRE "set \"a\" \"mine\"; include \"globals\"; " IS(
		  "${a}|${global.A}", "mine| theirs"),
		"discard\n" },
	{ REQUIRE "include \"twice\"; include \"twice\"; " IS(
		  "${global.a}", "11"),
		"discard\n" },
};

static void test_scopes(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	check_runs(&how, scopes, G_N_ELEMENTS(scopes));
}

static const RunCase cuts[] = {
	{ REQUIRE "set \"a\" \"1234567\"; set \"a\" \"${a}89\"; " IS(
		  "${a}", "12345678"),
		"discard\n" },
	{ REQUIRE "set \"a\" \"1234567\"; set \"a\" \"${a}\xc3\xa4\"; " IS(
		  "${a}", "1234567"),
		"discard\n" },
	{ REQUIRE "set :quotewildcard \"a\" \"1*?*?*\"; " IS(
		  "${a}", "1\\\\*\\\\?\\\\*"),
		"discard\n" },
	{ REQUIRE "set \"a\" \"12345678\"; set \"b\" \"12345678\"; "
		  "set \"c\" \"12345678\"; " IS(
			  "${a}${b}${c}", "12345678123456781234"),
		"discard\n" },
	{ REQUIRE "set \"a\" \"12345678\"; set \"b\" \"12345678\"; "
		  "set \"b\" \"\"; set \"c\" \"12345678\"; " IS(
			  "${a}${b}${c}", "1234567812345678"),
		"discard\n" },
	{ "require [\"enotify\",\"variables\"]; "
	  "set :encodeurl \"a\" \"12\xc3\xa4\"; " IS("${a}", "12%C3%A4"),
		"discard\n" },
	{ "require [\"enotify\",\"variables\"]; "
	  "set :encodeurl \"a\" \"123\xc3\xa4\"; " IS("${a}", "123"),
		"discard\n" },
	{ REQUIRE "if string :matches \"123456789012\" \"*\" { " IS(
		  "${1}", "12345678") " }",
		"discard\n" },
	/* RFC 5229 section 6: known now, it is an error. */
	{ REQUIRE "set \"a\" \"123456789\";",
		"2:9: a variable holds 8 bytes, this text has 9\n" },
	{ REQUIRE "set :length \"a\" \"123456789\"; " IS("${a}", "9"),
		"discard\n" },
};

static void test_cut(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	limits.max_variable_size = 8;
	limits.max_variables_size = 20;
	check_runs(&how, cuts, G_N_ELEMENTS(cuts));
	limits = SIEVE_LIMITS_DEFAULT;
}

/* A string that would grow without end is an error, not a crash. */
static void test_grown(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	g_autoptr(GString) source = g_string_new(REQUIRE);
	g_string_append(source, "set \"a\" \"0123456789abcdef\"; ");
	for (guint i = 0; i < 12; i++)
		g_string_append(source, "set \"a\" \"${a}${a}\"; ");
	g_string_append(source, "\nset \"b\" \"");
	for (guint i = 0; i < 1000; i++)
		g_string_append(source, "${a}");
	g_string_append(source, "\"; discard;");
	g_autofree char *found = run_lines(&how, source->str);
	g_assert_cmpstr(found, ==,
		"3:1: the strings of 'set' take too much memory with their "
		"variables expanded\n(keep)\n");
}

static const RunCase environments[] = {
	{ REQUIRE "if environment :contains \"name\" \"\" { discard; }",
		"discard\n" },
	{ REQUIRE "if environment \"LOCATION\" \"MDA\" { discard; }",
		"discard\n" },
	{ REQUIRE "if environment \"phase\" \"during\" { discard; }",
		"discard\n" },
	{ REQUIRE "if environment :contains \"nonsense\" \"\" { discard; }",
		"(keep)\n" },
	{ REQUIRE "if environment :count \"ne\" \"nonsense\" \"7\" "
		  "{ discard; }",
		"(keep)\n" },
	{ REQUIRE "if environment :count \"eq\" \"version\" \"1\" "
		  "{ discard; }",
		"discard\n" },
	/* What is empty is there, and counts as none. */
	{ REQUIRE "if environment :count \"eq\" \"imap.user\" \"0\" "
		  "{ discard; }",
		"discard\n" },
	{ REQUIRE "if environment \"remote-host\" \"\" { discard; }",
		"discard\n" },
};

static void test_environment(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	check_runs(&how, environments, G_N_ELEMENTS(environments));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/variables/set", test_set);
	g_test_add_func("/sieve/variables/wrong", test_wrong);
	g_test_add_func("/sieve/variables/matched", test_matched);
	g_test_add_func("/sieve/variables/scopes", test_scopes);
	g_test_add_func("/sieve/variables/cut", test_cut);
	g_test_add_func("/sieve/variables/grown", test_grown);
	g_test_add_func("/sieve/variables/environment", test_environment);
	return g_test_run();
}
