/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of flags. */
#include "sieve/flags.h"

static const struct {
	const char *set;
	const char *added;
	const char *removed;
	const char *result;
} vectors[] = {
	{ "", "", "", "" },
	{ "", "  \\seen   $a \\SEEN ", "", "\\Seen $a" },
	{ "", "\\Recent \\Other \\* $\303\244 a(b {x %d \"q ] a\\b ok", "",
		"ok" },
	{ "A B", "b a c", "", "A B c" },
	{ "A B", "", "b", "A" },
	{ "A B", "", "x", "A B" },
	{ "A B \\Flagged", "\\draft", "A \\FLAGGED B", "\\Draft" },
	{ "", "a\r\nb\tc", "", "a b c" },
};

static void test_vectors(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(GString) set = g_string_new(NULL);
		g_autoptr(Arena) arena = arena_new();

		sieve_flags_add(set, bytes_of_string(vectors[i].set));
		sieve_flags_add(set, bytes_of_string(vectors[i].added));
		sieve_flags_remove(set, bytes_of_string(vectors[i].removed));
		g_assert_cmpstr(set->str, ==, vectors[i].result);
		const char *const *array = sieve_flags_array(arena, set);
		g_autofree char *joined = g_strjoinv(" ", (char **)array);
		g_assert_cmpstr(joined, ==, vectors[i].result);
	}
}

static guint count(const GString *set)
{
	g_autoptr(Arena) arena = arena_new();

	return g_strv_length((char **)sieve_flags_array(arena, set));
}

static void test_limits(void)
{
	g_autoptr(GString) set = g_string_new(NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < SIEVE_FLAG_SIZE_MAX; i++)
		g_string_append_c(text, 'x');
	sieve_flags_add(set, bytes_of(text->str, text->len));
	g_assert_cmpuint(count(set), ==, 1);
	g_string_append_c(text, 'x');
	sieve_flags_add(set, bytes_of(text->str, text->len));
	g_assert_cmpuint(count(set), ==, 1);
	g_string_truncate(text, 0);
	for (guint i = 0; i < 100000; i++)
		g_string_append_printf(text, " f%u", i);
	sieve_flags_add(set, bytes_of(text->str, text->len));
	g_assert_cmpuint(count(set), ==, SIEVE_FLAGS_MAX);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/flags/vectors", test_vectors);
	g_test_add_func("/sieve/flags/limits", test_limits);
	return g_test_run();
}
