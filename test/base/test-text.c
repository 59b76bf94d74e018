/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text helpers, arena and errors. */
#include "base/text.h"

#include <stddef.h>

#include "base/arena.h"
#include "base/errors.h"

static void test_number(void)
{
	static const struct {
		const char *text;
		guint64 max;
		gboolean ok;
		guint64 value;
	} vectors[] = {
		{ "0", 10, TRUE, 0 },
		{ "10", 10, TRUE, 10 },
		{ "11", 10, FALSE, 0 },
		{ "", 10, FALSE, 0 },
		{ "+1", 10, FALSE, 0 },
		{ " 1", 10, FALSE, 0 },
		{ "1a", 100, FALSE, 0 },
		{ "18446744073709551615", G_MAXUINT64, TRUE, G_MAXUINT64 },
		{ "18446744073709551616", G_MAXUINT64, FALSE, 0 },
		{ "99999999999999999999", G_MAXUINT64, FALSE, 0 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		guint64 value = 4711;
		g_assert_cmpint(text_to_number(bytes_of_string(vectors[i].text),
					vectors[i].max, &value),
			==, vectors[i].ok);
		g_assert_cmpuint(
			value, ==, vectors[i].ok ? vectors[i].value : 4711);
	}
}

/* RFC 5051: what comes before what, and what is the same. */
static void test_collation_key(void)
{
	static const struct {
		const char *left;
		const char *right;
		int order;
	} vectors[] = {
		{ "", "a", -1 },
		{ "b", "B", 0 },
		{ "B", "a", 1 },
		{ "z", "_", -1 },
		{ "z", "[x]", -1 },
		{ "\xc3\xa9t\xc3\xa9", "\xc3\x89TE\xcc\x81", 0 },
		{ "\xc3\xa9t\xc3\xa9", "f", -1 },
		{ "\xef\xac\x81x", "FIX", 1 },
		{ "\xc7\x86", "\xc7\x84", 0 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(GString) left = g_string_new(NULL);
		g_autoptr(GString) right = g_string_new(NULL);
		text_append_collation_key(
			bytes_of_string(vectors[i].left), left);
		text_append_collation_key(
			bytes_of_string(vectors[i].right), right);
		int order = strcmp(left->str, right->str);
		g_test_message("%s : %s", left->str, right->str);
		g_assert_cmpint(
			(order > 0) - (order < 0), ==, vectors[i].order);
	}
}

static void test_make_valid(void)
{
	static const struct {
		const char *in;
		gsize size;
		const char *out;
	} vectors[] = {
		{ "", 0, "" },
		{ "plain\ttext", 10, "plain\ttext" },
		{ "a\0b", 3,
			"a\xef\xbf\xbd"
			"b" },
		{ "a\r\nb", 4, "a  b" },
		{ "\xff", 1, "\xef\xbf\xbd" },
		{ "gr\xc3\xbc\xc3\x9f"
		  "e",
			7,
			"gr\xc3\xbc\xc3\x9f"
			"e" },
		{ "cut\xc3", 4, "cut\xef\xbf\xbd" },
		{ "\x1b[31m\x7f", 6, " [31m " },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *out = text_make_valid(
			bytes_of(vectors[i].in, vectors[i].size));
		g_assert_cmpstr(out, ==, vectors[i].out);
	}
}

static void test_fold(void)
{
	g_autofree char *a = text_fold("STRASSE \xc3\x84");
	g_autofree char *b = text_fold("stra\xc3\x9f"
				       "e a\xcc\x88");
	g_assert_cmpstr(a, ==, b);
}

static void test_is_ascii(void)
{
	g_assert_true(text_is_ascii(bytes_of(NULL, 0)));
	g_assert_true(text_is_ascii(bytes_of("a\0\x7f", 3)));
	g_assert_false(text_is_ascii(bytes_of("ab\x80", 3)));
	g_assert_false(text_is_ascii(bytes_of("\xff z", 3)));
}

static void test_compare(void)
{
	g_assert_true(text_equal_nocase(bytes_of("InBoX!", 5), "inbox"));
	g_assert_false(text_equal_nocase(bytes_of("InBoX!", 6), "inbox"));
	g_assert_true(text_has_prefix_nocase(bytes_of("FROM x", 6), "from "));
	g_assert_false(text_has_prefix_nocase(bytes_of("FR", 2), "from"));
	g_assert_true(text_equal_constant_time(
		bytes_of("abc", 3), bytes_of("abc", 3)));
	g_assert_false(text_equal_constant_time(
		bytes_of("abc", 3), bytes_of("abd", 3)));
	g_assert_false(text_equal_constant_time(
		bytes_of("abc", 3), bytes_of("ab", 2)));
	Bytes trimmed = text_trim(bytes_of(" \t a b\r\n", 8));
	g_assert_true(bytes_equal(trimmed, bytes_of("a b", 3)));
	g_assert_cmpuint(text_trim(bytes_of("  ", 2)).size, ==, 0);
}

static void test_arena(void)
{
	g_autoptr(Arena) arena = arena_new();
	char *pointers[200];
	for (guint round = 0; round < 3; round++) {
		for (guint i = 0; i < 200; i++) {
			gsize size = (gsize)i * i * 3;
			pointers[i] = arena_alloc(arena, size);
			g_assert_cmpuint(
				(guintptr)pointers[i] % _Alignof(max_align_t),
				==, 0);
			for (gsize j = 0; j < size; j++)
				g_assert_cmpint(pointers[i][j], ==, 0);
			memset(pointers[i], (int)i, size);
		}
		for (guint i = 0; i < 200; i++) {
			gsize size = (gsize)i * i * 3;
			for (gsize j = 0; j < size; j += 17)
				g_assert_cmpint((guchar)pointers[i][j], ==, i);
		}
		arena_clear(arena);
		g_assert_cmpuint(arena_used(arena), ==, 0);
	}
	g_assert_cmpstr(arena_printf(arena, "%d-%s", 5, "x"), ==, "5-x");
}

static void test_error(void)
{
	g_autoptr(GError) error = NULL;
	dbmail_error_set(&error, DBMAIL_ERROR_LIMIT, "too big", "%d bytes", 5);
	g_assert_error(error, DBMAIL_ERROR, DBMAIL_ERROR_LIMIT);
	g_assert_cmpstr(error->message, ==, "too big");
	g_assert_cmpstr(dbmail_error_detail(error), ==, "5 bytes");
	g_autoptr(GError) copy = g_error_copy(error);
	g_assert_cmpstr(dbmail_error_detail(copy), ==, "5 bytes");
	dbmail_error_set(NULL, DBMAIL_ERROR_LIMIT, "nobody asked", "%s", "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/text/number", test_number);
	g_test_add_func("/text/collation-key", test_collation_key);
	g_test_add_func("/text/make-valid", test_make_valid);
	g_test_add_func("/text/fold", test_fold);
	g_test_add_func("/text/is-ascii", test_is_ascii);
	g_test_add_func("/text/compare", test_compare);
	g_test_add_func("/arena", test_arena);
	g_test_add_func("/error", test_error);
	return g_test_run();
}
