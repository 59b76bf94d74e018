/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LIST's wildcards. */
#include "imap/list-match.h"

static const struct {
	const char *pattern;
	const char *name;
	gboolean matches;
} cases[] = {
	{ "*", "INBOX", TRUE },
	{ "*", "a/b/c", TRUE },
	{ "%", "a", TRUE },
	{ "%", "a/b", FALSE },
	{ "a/%", "a/b", TRUE },
	{ "a/%", "a/b/c", FALSE },
	{ "a/%", "a", FALSE },
	{ "a%", "a", TRUE },
	{ "a%", "abc", TRUE },
	{ "a%", "a/b", FALSE },
	{ "a*", "a/b", TRUE },
	{ "a*c", "a/b/c", TRUE },
	{ "a*c", "a/b/cd", FALSE },
	{ "a*c", "a/c/cc", TRUE },
	{ "%/%", "a/b", TRUE },
	{ "%/%", "a/b/c", FALSE },
	{ "%/%", "a", FALSE },
	{ "*/%", "a/b/c", TRUE },
	{ "*%", "a/b", TRUE },
	{ "%*", "a/b", TRUE },
	{ "%b", "ab", TRUE },
	{ "%b", "abb", TRUE },
	{ "%b", "a/b", FALSE },
	{ "%b%c", "abxbc", TRUE },
	{ "%b%c", "ab/c", FALSE },
	{ "*b%c", "ab/bc", TRUE },
	{ "*b%c", "ab/b/c", FALSE },
	{ "*a%b*c", "xa/xaxbx/c", TRUE },
	{ "%a/%b", "aa/ab", TRUE },
	{ "%%", "ab", TRUE },
	{ "**", "a/b", TRUE },
	{ "", "", TRUE },
	{ "", "a", FALSE },
	{ "a", "", FALSE },
	{ "*", "", TRUE },
	{ "inbox", "INBOX", TRUE },
	{ "iNb*", "INBOX", TRUE },
	{ "inbox/a", "INBOX/a", TRUE },
	{ "inbox/A", "INBOX/a", FALSE },
	{ "%box", "INBOX", TRUE },
	{ "inboxes", "INBOXES", FALSE },
	{ "sent", "Sent", FALSE },
	{ "Sent", "Sent", TRUE },
	{ "%ü", "Entwürfe/ü", FALSE },
	{ "*ü", "Entwürfe/ü", TRUE },
};

static void test_cases(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s %s", cases[i].pattern, cases[i].name);
		g_assert_cmpint(list_match(cases[i].pattern, cases[i].name), ==,
			cases[i].matches);
	}
}

/* The same by trying everything, as the definition has it. */
static gboolean by_definition(const char *p, const char *n)
{
	if (*p == '\0')
		return *n == '\0';
	if (*p != '*' && *p != '%')
		return *n == *p && by_definition(p + 1, n + 1);
	for (;; n++) {
		if (by_definition(p + 1, n))
			return TRUE;
		if (*n == '\0' || (*p == '%' && *n == '/'))
			return FALSE;
	}
}

static void random_text(GRand *random, const char *letters, char out[9])
{
	gint size = g_rand_int_range(random, 0, 9);

	for (gint i = 0; i < size; i++)
		out[i] = letters[g_rand_int_range(
			random, 0, (gint)strlen(letters))];
	out[size] = '\0';
}

static void test_random(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(3501);
	guint matched = 0;

	for (guint i = 0; i < 300000; i++) {
		char pattern[9], name[9];
		random_text(random, "ab/%*%*", pattern);
		random_text(random, "ab/", name);
		gboolean wanted = by_definition(pattern, name);
		if (list_match(pattern, name) != wanted)
			g_error("%s %s", pattern, name);
		matched += wanted ? 1 : 0;
	}
	g_assert_cmpuint(matched, >, 10000);
}

/* A pattern made to be slow is not. */
static void test_hostile(void)
{
	g_autofree char *name = g_strnfill(1024, 'a');
	g_autoptr(GString) pattern = g_string_new(NULL);

	for (guint i = 0; i < 500; i++)
		g_string_append(pattern, i % 2 ? "*a" : "%a");
	g_string_append_c(pattern, 'b');
	for (guint i = 0; i < 20; i++)
		g_assert_false(list_match(pattern->str, name));
	g_assert_cmpfloat(g_test_timer_elapsed(), <, 5.0);
}

static void test_hostile_timed(void)
{
	g_test_timer_start();
	test_hostile();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/imap/list-match/cases", test_cases);
	g_test_add_func("/imap/list-match/random", test_random);
	g_test_add_func("/imap/list-match/hostile", test_hostile_timed);
	return g_test_run();
}
