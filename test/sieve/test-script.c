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
	{ "keep",
		"1:5: ';' expected behind the command 'keep', not the end "
		"of the script\n" },
	{ "keep\ndiscard;",
		"2:1: ';' expected before 'discard': the command 'keep' ends "
		"here\n" },
};

static void test_wrong(void)
{
	SieveCompile how = compile_all();
	check_runs(&how, wrong, G_N_ELEMENTS(wrong));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/script/basics", test_basics);
	g_test_add_func("/sieve/script/wrong", test_wrong);
	return g_test_run();
}
