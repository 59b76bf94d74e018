/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of sieve/find: against memmem, and that work is counted. */
#include "sieve/find.h"

/* All texts of few letters over all keys of them: where what is rare is
 * everywhere. */
static void test_small(void)
{
	static const char letters[] = "aZ\x80";

	for (guint n = 0; n < 6561; n++) {
		char all[8];
		for (guint i = 0, rest = n; i < 8; i++, rest /= 3)
			all[i] = letters[rest % 3];
		for (gsize size = 1; size <= 3; size++) {
			Bytes text = bytes_of(all + size, 8 - size);
			SieveFindKey key = sieve_find_key(bytes_of(all, size));
			const char *wanted =
				memmem(text.data, text.size, all, size);
			guint64 work = 1000;
			gsize at = 0;

			gboolean found = sieve_find(&key, text, &work, &at);
			g_assert_cmpint(found, ==, wanted != NULL);
			if (found)
				g_assert_true(text.data + at == wanted);
			g_assert_cmpuint(work, <, 1000);
		}
	}
}

static void test_from(void)
{
	SieveFindKey key = sieve_find_key(bytes_of_string("ab"));
	Bytes text = bytes_of_string("ab ab");
	guint64 work = 100;
	gsize at = 1;

	g_assert_true(sieve_find(&key, text, &work, &at));
	g_assert_cmpuint(at, ==, 3);
	at = 4;
	g_assert_false(sieve_find(&key, text, &work, &at));
	at = 6;
	g_assert_false(sieve_find(&key, text, &work, &at));
	at = 0;
	g_assert_false(sieve_find(&key, bytes_of(NULL, 0), &work, &at));
}

/* Each place costs where each is looked at, and little where none is. */
static void test_work(void)
{
	g_autofree char *many = g_strnfill(64000, 'q');
	Bytes text = bytes_of_string(many);
	SieveFindKey often = sieve_find_key(bytes_of_string("eqeqqqqqqqqq"));
	SieveFindKey never = sieve_find_key(bytes_of_string("qqqq\x01"));
	guint64 work = 1000000;
	gsize at = 0;

	g_assert_false(sieve_find(&never, text, &work, &at));
	g_assert_cmpuint(1000000 - work, <=, 1001);
	work = 1000000;
	g_assert_false(sieve_find(&often, text, &work, &at));
	g_assert_cmpuint(1000000 - work, >, 60000);
	work = 100;
	g_assert_false(sieve_find(&often, text, &work, &at));
	g_assert_cmpuint(work, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/find/small", test_small);
	g_test_add_func("/sieve/find/from", test_from);
	g_test_add_func("/sieve/find/work", test_work);
	return g_test_run();
}
