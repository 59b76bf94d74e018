/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/recipient: the names of an address, in order. */
#include "deliver/recipient.h"

/* names: joined by blanks (the test's addresses with a blank use "|"); those
 * that say nothing about a folder have "!" behind; NULL: no address. */
static const struct {
	const char *address;
	const char *delimiters;
	const char *local_domains;
	const char *names;
	const char *detail;
} cases[] = {
	{ "a@b", "+", "*", "a@b! a! @b!", NULL },
	{ "A@B.Example", "+", "*", "A@b.example! A! @b.example!", NULL },
	{ "a+f@b", "+", "*", "a+f@b! a@b a+f! a @b!", "f" },
	{ "a+f+g@b", "+", "*", "a+f+g@b! a@b a+f+g! a @b!", "f+g" },
	{ "a-f+g@b", "+-", "*", "a-f+g@b! a@b a-f+g! a @b!", "f+g" },
	{ "a+@b", "+", "*", "a+@b! a@b a+! a @b!", NULL },
	{ "+f@b", "+", "*", "+f@b! +f! @b!", NULL },
	{ "++f@b", "+", "*", "++f@b! +@b ++f! + @b!", "f" },
	{ "a+f@b", "", "*", "a+f@b! a+f! @b!", NULL },
	{ "a+f@b", "+", "", "a+f@b! a@b @b!", "f" },
	{ "a+f@b", "+", "c, B", "a+f@b! a@b a+f! a @b!", "f" },
	{ "a+f@b", "+", "c bb", "a+f@b! a@b @b!", "f" },
	{ "a", "+", "", "a!", NULL },
	{ "a+f", "+", "", "a+f! a", "f" },
	{ "\"a b+f\"@c", "+", "*", "a|b+f@c! a|b@c a|b+f! a|b @c!", "f" },
	{ "\"a@b\"@c", "+", "*", "a@b@c! a@b! @c!", NULL },
	{ "\"a\\\"b\\\\\"@c", "+", "*", "a\"b\\@c! a\"b\\! @c!", NULL },
	{ "ü+Gelöscht@b", "+", "*", "ü+Gelöscht@b! ü@b ü+Gelöscht! ü @b!",
		"Gelöscht" },
	{ "a+b/c.d@e", "+", "*", "a+b/c.d@e! a@e a+b/c.d! a @e!", "b/c.d" },
	{ "", "+", "*", NULL, NULL },
	{ "@b", "+", "*", NULL, NULL },
	{ "a@", "+", "*", NULL, NULL },
	{ "\"\"@b", "+", "*", NULL, NULL },
	{ "\"a@b", "+", "*", NULL, NULL },
	{ "\xff@b", "+", "*", NULL, NULL },
};

static char *join(const RecipientNames *names)
{
	GString *text = g_string_new(NULL);

	for (gsize i = 0; names->names[i] != NULL; i++) {
		g_autofree char *name = g_strdup(names->names[i]);
		g_strdelimit(name, " ", '|');
		g_string_append_printf(text, "%s%s%s", i > 0 ? " " : "", name,
			names->has_detail[i] ? "!" : "");
	}
	return g_string_free(text, FALSE);
}

static void test_names(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(RecipientNames) names = { 0 };
		gboolean ok = recipient_names(bytes_of_string(cases[i].address),
			cases[i].delimiters, cases[i].local_domains, &names);
		g_assert_cmpint(ok, ==, cases[i].names != NULL);
		if (!ok)
			continue;
		g_autofree char *joined = join(&names);
		g_assert_cmpstr(joined, ==, cases[i].names);
		g_assert_cmpstr(names.detail, ==, cases[i].detail);
	}
}

static void test_nul(void)
{
	g_auto(RecipientNames) names = { 0 };

	g_assert_false(
		recipient_names(bytes_of("a\0b@c", 5), "+", "*", &names));
}

static void test_at_host(void)
{
	static const char file[] = "[DBMAIL]\nhostname = mx.example.com\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(Settings) settings =
		settings_parse("test", file, sizeof(file) - 1, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(recipient_at_host(arena, "ada", settings), ==,
		"ada@mx.example.com");
	g_assert_cmpstr(recipient_at_host(arena, "ada@example.org", settings),
		==, "ada@example.org");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/recipient/names", test_names);
	g_test_add_func("/recipient/at-host", test_at_host);
	g_test_add_func("/recipient/nul", test_nul);
	return g_test_run();
}
