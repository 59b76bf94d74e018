/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flags of what is filed (RFC 5232). */
#include "test/sieve/run-lines.h"

static const SieveLimits limits = SIEVE_LIMITS_DEFAULT;

#define HEAD "require [\"imap4flags\", \"fileinto\", \"variables\"];\n"
#define IF(test) HEAD "if " test " { fileinto \"yes\"; }"
#define YES "fileinto \"yes\"\n"
#define NO "(keep)\n"

static const RunCase cases[] = {
	{ HEAD "setflag \"\\\\seen\";", "(keep :flags \"\\\\Seen\")\n" },
	{ HEAD "addflag [\"a\", \"\\\\flagged b\"]; removeflag \"A\"; keep;",
		"keep :flags [\"\\\\Flagged\", \"b\"]\n" },
	{ HEAD "addflag \"a\"; fileinto \"X\"; addflag \"b\"; keep;",
		"fileinto \"X\" :flags \"a\"\nkeep :flags [\"a\", \"b\"]\n" },
	/* Said and empty is not the same as not said. */
	{ HEAD "setflag \"\"; keep;", "keep :flags \"\"\n" },
	{ HEAD "addflag \"a\"; keep :flags \"b c\";",
		"keep :flags [\"b\", \"c\"]\n" },
	{ HEAD "fileinto :flags [\"\\\\Recent\", \"\", \"x\", \"X\"] \"X\";",
		"2:18: warning: \"\\Recent\" is no flag that can be set, and "
		"is passed over\n"
		"fileinto \"X\" :flags \"x\"\n" },
	/* The one backslash of a string that quotes nothing. */
	{ HEAD "addflag \"x \\Seen\"; keep;",
		"2:9: warning: \"Seen\" is a keyword like any other; the "
		"system flag is \"\\\\Seen\", with two backslashes\n"
		"keep :flags [\"x\", \"Seen\"]\n" },
	/* The last list wins. */
	{ HEAD "fileinto :flags \"a\" \"X\"; fileinto :flags \"b\" \"X\";",
		"fileinto \"X\" :flags \"b\"\n" },
	{ HEAD "setflag \"f\" \"\\\\Seen a\"; addflag \"f\" \"b\";"
	       "removeflag \"f\" \"A\"; fileinto :flags \"${f}\" \"X\";",
		"fileinto \"X\" :flags [\"\\\\Seen\", \"b\"]\n" },
	{ HEAD "setflag \"f\" \"a\"; keep;", "keep\n" },
	{ HEAD "set \"f\" \"b  a b\"; addflag \"f\" \"c\";"
	       "if string :is \"${f}\" \"b a c\" { discard; }",
		"discard\n" },
	{ "require \"imap4flags\"; setflag \"f\" \"a\";",
		"1:31: the name of a variable needs: require "
		"\"variables\"\n" },
	/* RFC 5232 section 4 */
	{ HEAD "setflag \"A B\"; if hasflag :is \"b A\" { discard; }",
		"discard\n" },
	{ HEAD "setflag \"A B\"; if hasflag [\"b\",\"x\"] { discard; }",
		"discard\n" },
	{ HEAD "setflag \"A B\"; if hasflag \"x\" { discard; }",
		"(keep :flags [\"A\", \"B\"])\n" },
	{ HEAD "set \"v\" \"NonJunk Junk gnus-forward\";"
	       "if hasflag :contains \"v\" [\"label\", \"forward\"] "
	       "{ discard; }",
		"discard\n" },
	{ HEAD "set \"v\" \"NonJunk\";"
	       "if hasflag :contains \"v\" \"label junk\" { discard; }",
		"discard\n" },
	{ HEAD "set \"v\" \"x\"; set \"w\" \"y\";"
	       "if hasflag [\"v\", \"w\"] \"Y\" { discard; }",
		"discard\n" },
	{ HEAD "keep; if hasflag [\"1\"] \"x\" {}",
		"2:19: \"1\" is a match variable, which has what a test found "
		"and nothing else\n" },
	{ IF("hasflag \"a\""), NO },
	{ IF("hasflag :matches \"*\""), NO },
	{ "require [\"imap4flags\", \"relational\", \"fileinto\", "
	  "\"comparator-i;ascii-numeric\"];"
	  "addflag [\"a\", \"A\", \"b\"];"
	  "if hasflag :count \"eq\" :comparator \"i;ascii-numeric\" \"2\""
	  "{ discard; }",
		"discard\n" },
};

static void test_cases(void)
{
	SieveCompile how = { .extensions = sieve_extensions_delivery(),
		.limits = &limits };

	check_runs(&how, cases, G_N_ELEMENTS(cases));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/imap4flags/cases", test_cases);
	return g_test_run();
}
