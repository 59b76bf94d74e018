/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands that file, send on, refuse and answer, and what they do to each
 * other. */
#include "test/sieve/run-lines.h"

static const SieveLimits limits = SIEVE_LIMITS_DEFAULT;

static void check_all(const RunCase *cases, guint n)
{
	SieveCompile how = { .extensions = sieve_extensions_delivery(),
		.limits = &limits };

	check_runs(&how, cases, n);
}

#define FILEINTO "require [\"fileinto\", \"copy\"];"
#define REJECT "require [\"reject\", \"ereject\", \"fileinto\", \"vacation\"];"
#define VACATION "require [\"vacation\", \"vacation-seconds\"];"

static const RunCase filing[] = {
	{ FILEINTO "fileinto \"X\";", "fileinto \"X\"\n" },
	{ FILEINTO "fileinto :copy \"X\";", "fileinto \"X\" :copy\n(keep)\n" },
	{ FILEINTO "fileinto \"X\"; keep;", "fileinto \"X\"\nkeep\n" },
	/* RFC 5228 section 2.10.3: into a mailbox once. */
	{ FILEINTO "fileinto \"X\"; fileinto \"Y\"; fileinto \"X\";",
		"fileinto \"X\"\nfileinto \"Y\"\n" },
	/* What was there with :copy is done, and cancels the keep, once. */
	{ FILEINTO "fileinto :copy \"X\"; fileinto \"X\";",
		"fileinto \"X\"\n" },
	{ FILEINTO "fileinto \"X\"; discard;", "fileinto \"X\"\n" },
	{ FILEINTO "discard; fileinto :copy \"X\";", "fileinto \"X\" :copy\n" },
	{ "discard; keep;", "keep\n" },
	{ "discard; discard;", "discard\n" },
	{ "fileinto \"X\";", "1:1: 'fileinto' needs: require \"fileinto\"\n" },
	{ FILEINTO "fileinto \"\";",
		"1:39: \"\" cannot name a mailbox: names are UTF-8 "
		"without controls, and not empty\n" },
};

#define PLACES \
	"require [\"fileinto\", \"mailbox\", \"special-use\", " \
	"\"mailboxid\", \"extlists\", \"variables\"];\n"

static const RunCase places[] = {
	{ PLACES "fileinto :create :specialuse \"\\\\Junk\" \"X\";",
		"fileinto \"X\" :specialuse \"\\\\Junk\" :create\n" },
	{ PLACES "fileinto :mailboxid \"F1\" \"X\";",
		"fileinto \"X\" :mailboxid \"F1\"\n" },
	/* RFC 9042 section 4: what cannot be there is not there. */
	{ PLACES "fileinto :mailboxid \"F 1\" \"X\";",
		"2:21: warning: \"F 1\" is no mailbox's id: letters, digits, "
		"\"-\" and \"_\"\nfileinto \"X\" :mailboxid \"F 1\"\n" },
	/* The same mailbox, told in another way, is another. */
	{ PLACES "fileinto :mailboxid \"F1\" \"X\"; fileinto \"X\"; "
		 "fileinto :create \"X\";",
		"fileinto \"X\" :mailboxid \"F1\"\n"
		"fileinto \"X\" :create\n" },
	{ PLACES "fileinto :mailboxid \"F1\" :specialuse \"\\\\Junk\" \"X\";",
		"2:26: :specialuse and :mailboxid exclude each other\n" },
	{ PLACES "fileinto :specialuse \"Junk\" \"X\";",
		"2:22: \"Junk\" is no special use, such as \"\\\\Junk\"\n" },
	{ PLACES "set \"u\" \"x\"; fileinto :specialuse \"${u}\" \"X\";",
		"2:14: fileinto: \"x\" is no special use, such as "
		"\"\\\\Junk\"\n(keep)\n" },
	{ PLACES "set \"m\" \"\"; fileinto \"${m}\";",
		"2:13: fileinto: \"\" cannot name a mailbox: names are UTF-8 "
		"without controls, and not empty\n(keep)\n" },
	{ PLACES "redirect :list \":addrbook:default\";",
		"redirect :list \":addrbook:default\"\n" },
	/* RFC 6134 section 2.3. */
	{ PLACES "redirect :list \"tag:x\";",
		"2:1: redirect: there is no list 'tag:x'\n(keep)\n" },
	{ PLACES "set \"a\" \"x\"; redirect \"${a}\";",
		"2:14: redirect: \"x\" is no address, such as "
		"\"user@example.com\"\n(keep)\n" },
};

static const RunCase redirecting[] = {
	{ "redirect \"a@b\";", "redirect \"a@b\"\n" },
	{ "redirect \" A B < a @ b > \";", "redirect \"a@b\"\n" },
	{ FILEINTO "redirect :copy \"a@b\";",
		"redirect \"a@b\" :copy\n(keep)\n" },
	{ "redirect \"a@b\"; redirect \"a@B\"; redirect \"A@b\";",
		"redirect \"a@b\"\nredirect \"A@b\"\n" },
	{ "redirect \"a\";",
		"1:10: \"a\" is no address, such as \"user@example.com\"\n" },
	{ "redirect \"a@b, c@d\";",
		"1:10: \"a@b, c@d\" is no address, such as "
		"\"user@example.com\"\n" },
	{ "redirect \"a@b\"; redirect \"b@b\"; redirect \"c@b\";\n"
	  "redirect \"d@b\"; redirect \"e@b\"; redirect \"e@b\";\n"
	  "redirect \"f@b\";",
		"3:1: redirect: a script may take 5 redirects at most\n"
		"(keep)\n" },
};

static const RunCase refusing[] = {
	{ REJECT "reject \"no\";", "reject \"no\"\n" },
	{ REJECT "ereject \"no\\\\\\\"\";", "ereject \"no\\\\\\\"\"\n" },
	{ REJECT "discard; reject \"no\";", "reject \"no\"\n" },
	{ REJECT "reject \"no\"; discard;", "reject \"no\"\n" },
	{ REJECT "reject \"no\";\nereject \"no\";",
		"2:1: ereject cannot stand beside the reject of line 1\n"
		"(keep)\n" },
	{ REJECT "keep;\nreject \"no\";",
		"2:1: reject cannot stand beside the keep of line 1\n"
		"(keep)\n" },
	{ REJECT "reject \"no\";\nfileinto \"X\";",
		"2:1: fileinto cannot stand beside the reject of line 1\n"
		"(keep)\n" },
	{ REJECT "reject \"no\";\nredirect \"a@b\";",
		"2:1: redirect cannot stand beside the reject of line 1\n"
		"(keep)\n" },
	{ REJECT "vacation \"v\";\nreject \"no\";",
		"2:1: reject cannot stand beside the vacation of line 1\n"
		"(keep)\n" },
	{ REJECT "reject \"no\";\nvacation \"v\";",
		"2:1: vacation cannot stand beside the reject of line 1\n"
		"(keep)\n" },
};

#define HANDLE " :handle \"h\" "

static const RunCase answering[] = {
	{ VACATION "vacation :handle \"h\" \"away\";",
		"vacation \"away\" :handle \"h\" :seconds 604800\n(keep)\n" },
	{ "require \"vacation-seconds\"; vacation :handle \"h\" :seconds 0 "
	  "\"away\";",
		"vacation \"away\" :handle \"h\" :seconds 0\n(keep)\n" },
	{ VACATION "vacation" HANDLE ":seconds 4294967296 \"away\";",
		"vacation \"away\" :handle \"h\" :seconds 3153600000\n"
		"(keep)\n" },
	{ VACATION "vacation" HANDLE ":days 0 \"away\";",
		"vacation \"away\" :handle \"h\" :seconds 86400\n(keep)\n" },
	{ VACATION "vacation" HANDLE ":days 366 \"away\";",
		"vacation \"away\" :handle \"h\" :seconds 31622400\n"
		"(keep)\n" },
	{ VACATION "vacation" HANDLE ":subject \"S\" :from \"A <a@b>, c@d\" "
		   ":addresses [\"x@y\", \"z@y\"] :mime \"X: y\n\n\303\244\"; "
		   "discard;",
		"vacation \"X: y\\r\\n\\r\\n\303\244\" :mime :subject \"S\" "
		":from \"A <a@b>, c@d\" :addresses [\"x@y\", \"z@y\"] "
		":handle \"h\" :seconds 604800\ndiscard\n" },
	{ VACATION "vacation \"a\";\nvacation \"b\";",
		"2:1: vacation cannot stand beside the vacation of line 1\n"
		"(keep)\n" },
	{ VACATION "vacation :days 1 :seconds 1 \"a\";",
		"1:59: ':days' and ':seconds' exclude each other\n" },
	{ VACATION "vacation :from \"a\" \"a\";",
		"1:57: \"a\" is no address, such as "
		"\"Name <user@example.com>\"\n" },
	/* RFC 5230 section 4.5 does not say that there must be an address. */
	{ VACATION "vacation" HANDLE
		   ":addresses [\"a\", \"N <b@c>\"] \"away\";",
		"1:75: warning: \"a\" is no address, such as "
		"\"user@example.com\", and passed over\n"
		"vacation \"away\" :addresses \"b@c\" "
		":handle \"h\" :seconds 604800\n(keep)\n" },
	{ VACATION "vacation :mime \"X: \303\244\n\n\";",
		"1:57: the header of a :mime reason must be ASCII\n" },
};

static void test_filing(void)
{
	check_all(filing, G_N_ELEMENTS(filing));
}

static void test_places(void)
{
	check_all(places, G_N_ELEMENTS(places));
}

static void test_redirecting(void)
{
	check_all(redirecting, G_N_ELEMENTS(redirecting));
}

static void test_refusing(void)
{
	check_all(refusing, G_N_ELEMENTS(refusing));
}

static void test_answering(void)
{
	check_all(answering, G_N_ELEMENTS(answering));
}

/* RFC 5230 section 4.1: where the script names no time. */
static void test_period(void)
{
	static const RunCase cases[] = {
		{ VACATION "vacation" HANDLE "\"away\";",
			"vacation \"away\" :handle \"h\" :seconds 7200\n"
			"(keep)\n" },
		{ VACATION "vacation" HANDLE ":days 2 \"away\";",
			"vacation \"away\" :handle \"h\" :seconds 172800\n"
			"(keep)\n" },
	};
	SieveLimits other = SIEVE_LIMITS_DEFAULT;
	SieveCompile how = { .extensions = sieve_extensions_delivery(),
		.limits = &other };

	other.vacation_seconds = 7200;
	check_runs(&how, cases, G_N_ELEMENTS(cases));
}

static char *handle_of(const char *source)
{
	SieveCompile how = { .extensions = sieve_extensions_delivery(),
		.limits = &limits };
	g_autofree char *whole = g_strconcat(VACATION, source, NULL);
	g_autofree char *lines = run_lines(&how, whole);
	const char *handle = strstr(lines, ":handle \"");

	g_assert_nonnull(handle);
	return g_strndup(handle + strlen(":handle \""), 64);
}

/* RFC 5230 section 4.2: what tells answers apart. */
static void test_handles(void)
{
	static const char *const sources[] = { "vacation \"a\";",
		"vacation \"b\";", "vacation :mime \"a\";",
		"vacation :subject \"a\" \"a\";",
		"vacation :from \"a@b\" \"a\";",
		"vacation :subject \"a@b\" \"a\";", "vacation \"\";",
		"vacation :subject \"\" \"a\";" };
	g_autofree char *same =
		handle_of("vacation :days 3 :addresses \"x@y\" \"a\";");

	for (guint i = 0; i < G_N_ELEMENTS(sources); i++) {
		g_autofree char *handle = handle_of(sources[i]);

		g_assert_cmpint(i == 0, ==, g_str_equal(handle, same));
		for (guint j = 0; j < i; j++) {
			g_autofree char *other = handle_of(sources[j]);

			g_assert_cmpstr(handle, !=, other);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/actions/filing", test_filing);
	g_test_add_func("/sieve/actions/places", test_places);
	g_test_add_func("/sieve/actions/redirecting", test_redirecting);
	g_test_add_func("/sieve/actions/refusing", test_refusing);
	g_test_add_func("/sieve/actions/answering", test_answering);
	g_test_add_func("/sieve/actions/period", test_period);
	g_test_add_func("/sieve/actions/handles", test_handles);
	return g_test_run();
}
