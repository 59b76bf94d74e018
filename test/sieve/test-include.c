/* SPDX-License-Identifier: GPL-2.0-or-later */
/* include, return, ihave and error: scripts that other scripts and sites
 * complete. */
#include "test/sieve/run-lines.h"

static SieveLimits limits = SIEVE_LIMITS_DEFAULT;

#define REQUIRE "require [\"include\",\"ihave\"]; "

#define PARTS \
	"require [\"include\",\"variables\",\"foreverypart\"," \
	"\"enclose\",\"duplicate\",\"fileinto\"]; " \
	"global [\"told\",\"all\"]; "

/* What the loader finds; a name with a '/' before it is a global script. */
static const TestScript scripts[] = {
	{ "discards", "discard;" },
	{ "returns", REQUIRE "return; discard;" },
	{ "stops", "stop;" },
	{ "/discards", "keep;" },
	{ "self", REQUIRE "include \"self\";" },
	{ "self-once", REQUIRE "include :once \"self-once\"; discard;" },
	{ "one", REQUIRE "include \"two\";" },
	{ "two", REQUIRE "include \"one\";" },
	{ "wrong", "keep" },
	{ "other-scheme", "require \"enotify\"; notify \"xmpp:a@b\";" },
	{ "deep1", REQUIRE "include \"deep2\";" },
	{ "deep2", REQUIRE "include \"deep3\";" },
	{ "deep3", REQUIRE "include \"deep4\";" },
	{ "deep4", "discard;" },
	{ "part",
		PARTS "if exists \"A\" { set \"told\" \"${told}A\"; } "
		      "if exists \"B\" { set \"told\" \"${told}B\"; } "
		      "if size :under 40 { set \"told\" \"${told}s\"; } "
		      "if duplicate { } "
		      "if exists \"message-id\" { set \"told\" \"${told}i\"; } "
		      "set \"told\" \"${told}.\"; "
		      "if exists \"B\" { enclose \"e\"; "
		      "if exists \"B\" { set \"told\" \"${told}B\"; } }" },
	{ NULL, NULL },
};

static const RunCase includes[] = {
	{ REQUIRE "include \"discards\";", "discard\n" },
	{ REQUIRE "include :global \"discards\";", "keep\n" },
	{ REQUIRE "include \"returns\"; keep;", "keep\n" },
	{ REQUIRE "include \"stops\"; discard;", "(keep)\n" },
	{ REQUIRE "include \"missing\"; discard;",
		"1:30: there is no personal script \"missing\" to include\n"
		"(keep)\n" },
	{ REQUIRE "include :optional \"missing\"; discard;", "discard\n" },
	{ REQUIRE "if false { include \"missing\"; } discard;", "discard\n" },
	{ REQUIRE "include \"self\"; discard;",
		"self:1:30: \"self\" includes itself\n(keep)\n" },
	{ REQUIRE "include \"one\"; discard;",
		"two:1:30: \"one\" includes itself\n(keep)\n" },
	{ REQUIRE "include \"test\"; discard;",
		"1:30: \"test\" includes itself\n(keep)\n" },
	{ REQUIRE "include :once \"self-once\";", "discard\n" },
	{ REQUIRE "include :once \"test\"; discard;", "discard\n" },
	{ REQUIRE "include \"wrong\";",
		"wrong:1:5: ';' expected behind the command 'keep', not the "
		"end of the script\n" },
	/* What an included script cannot do may never be asked of it. */
	{ REQUIRE "if exists \"x\" { include \"other-scheme\"; } discard;",
		"other-scheme:1:27: warning: \"xmpp:a@b\": notifications go by "
		"\"mailto:\" only; the script fails where this is run\n"
		"discard\n" },
	{ REQUIRE "include \"deep1\";", "discard\n" },
	{ REQUIRE "return; discard;", "(keep)\n" },
	{ "include \"discards\";",
		"1:1: 'include' needs: require \"include\"\n" },
	{ REQUIRE "include \"../x\";",
		"1:38: \"../x\" cannot be the name of a script: one has "
		"no slashes and controls, and 512 bytes at most\n" },
	{ REQUIRE "include :personal :global \"x\";",
		"1:48: ':personal' and ':global' exclude each other\n" },
	{ "require [\"include\", \"encoded-character\"]; "
	  "include \"a${unicode:2028}\";",
		"1:51: \"a\xe2\x80\xa8\" cannot be the name of a script: one "
		"has "
		"no slashes and controls, and 512 bytes at most\n" },
};

static void test_include(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	check_runs(&how, includes, G_N_ELEMENTS(includes));
}

static void test_bounds(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	limits.max_include_depth = 4;
	g_autofree char *deep = run_lines(&how, REQUIRE "include \"deep1\";");
	g_assert_cmpstr(deep, ==,
		"deep3:1:30: scripts include each other more than 4 deep\n"
		"(keep)\n");
	limits.max_includes = 3;
	g_autofree char *many = run_lines(&how, REQUIRE "include \"deep1\";");
	g_assert_cmpstr(
		many, ==, "deep2:1:38: more than 3 scripts are included\n");
	limits = SIEVE_LIMITS_DEFAULT;
	limits.max_script_size = 40;
	g_autofree char *total = run_lines(&how, REQUIRE "include \"deep1\";");
	g_assert_cmpstr(total, ==, "1:1: the script has more than 40 bytes\n");
	limits.max_script_size = 46;
	g_autofree char *all = run_lines(&how, REQUIRE "include \"deep1\";");
	g_assert_cmpstr(all, ==,
		"deep4:1:1: the script and those it includes have more than "
		"184 bytes\n");
	limits = SIEVE_LIMITS_DEFAULT;
}

/* RFC 6609 section 3.5: a part is the whole message to a script that is
 * included at it. */
static void test_parts(void)
{
	static const char message[] =
		"A: 1\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
		"--b\r\nB: 1\r\nMessage-ID: <i@b>\r\n\r\none\r\n"
		"--b--\r\n";
	SieveCompile how = compile_with_scripts(&limits, scripts);
	g_autoptr(GString) out = g_string_new(NULL);
	static const char source[] =
		PARTS "foreverypart { set \"told\" \"\"; include \"part\"; "
		      "set \"all\" \"${all} ${told}\"; } "
		      "fileinto \"${all}\";";
	g_autoptr(SieveScript) script =
		compile_lines(&how, source, strlen(source), out);
	SieveInput input = { .message = bytes_of_string(message) };
	g_autoptr(SieveResult) result = NULL;

	g_assert_cmpstr(out->str, ==, "");
	g_assert_true(sieve_run(script, &input, &result, NULL));
	append_actions(out, result);
	g_assert_cmpstr(
		out->str, ==, "enclose \"e\"\nfileinto \" A. Bsi.B\"\n");
	g_assert_cmpuint(result->seen->len, ==, 1);
}

static const RunCase ihaves[] = {
	{ "require \"ihave\"; if ihave \"nonsense\" { nonsense 3 true; }",
		"(keep)\n" },
	{ "require \"ihave\"; if ihave \"include\" { include \"discards\"; }",
		"discard\n" },
	{ "require \"ihave\"; if ihave \"include\" {} include \"discards\";",
		"discard\n" },
	{ "require \"ihave\"; include \"discards\";",
		"1:18: 'include' needs the extension \"include\", which "
		"neither a require nor an ihave has asked for\n(keep)\n" },
	{ "require \"ihave\"; if not ihave \"x\" { stop; } nonsense;",
		"(keep)\n" },
	{ "require \"ihave\"; if ihave [\"include\", \"x\"] { nonsense; } "
	  "else { discard; }",
		"discard\n" },
	{ "require \"ihave\"; if allof(ihave \"x\", nonsense 3) { y; } "
	  "elsif anyof(ihave \"include\", nonsense 4) { discard; } "
	  "else { z; }",
		"discard\n" },
	{ "require \"ihave\"; nonsense;",
		"1:18: unknown command 'nonsense'\n" },
	{ "require \"ihave\"; if ihave \"encoded-character\" { discard; }",
		"(keep)\n" },
	{ "require [\"ihave\", \"encoded-character\"]; "
	  "if ihave \"encoded-character\" { discard; }",
		"discard\n" },
	{ "require \"ihave\";\n error \"no such luck\"; discard;",
		"2:2: no such luck\n(keep)\n" },
	{ "if ihave \"x\" { keep; }",
		"1:4: 'ihave' needs: require \"ihave\"\n" },
};

static void test_ihave(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	check_runs(&how, ihaves, G_N_ELEMENTS(ihaves));
}

/* One script, many threads: what is compiled is only read. */
static gpointer run_often(gpointer data)
{
	SieveInput input = { .message = bytes_of_string(TEST_MESSAGE) };
	for (guint i = 0; i < 200; i++) {
		g_autoptr(SieveResult) result = NULL;
		g_assert_true(sieve_run(data, &input, &result, NULL));
		g_autoptr(GString) out = g_string_new(NULL);
		append_actions(out, result);
		g_assert_cmpstr(out->str, ==, "discard\n");
	}
	SieveScript *mine = data;
	sieve_script_free(&mine);
	return NULL;
}

static void test_threads(void)
{
	SieveCompile how = compile_with_scripts(&limits, scripts);
	g_autoptr(GString) out = g_string_new(NULL);
	const char *source = REQUIRE "if ihave \"include\" "
				     "{ include :once \"deep1\"; }";
	SieveScript *script = compile_lines(&how, source, strlen(source), out);
	g_assert_cmpstr(out->str, ==, "");
	GThread *threads[4];
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new(
			"run", run_often, sieve_script_ref(script));
	sieve_script_free(&script);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/include/include", test_include);
	g_test_add_func("/sieve/include/bounds", test_bounds);
	g_test_add_func("/sieve/include/parts", test_parts);
	g_test_add_func("/sieve/include/ihave", test_ihave);
	g_test_add_func("/sieve/include/threads", test_threads);
	return g_test_run();
}
