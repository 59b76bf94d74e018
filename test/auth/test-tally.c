/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of auth/tally: windows and bounds. */
#include "auth/tally.h"

static void test_window(void)
{
	Tally *tally = tally_new(10, 100);

	g_assert_cmpuint(tally_count(tally, "a", 0), ==, 0);
	tally_add(tally, "a", 5);
	tally_add(tally, "a", 50);
	tally_add(tally, "b", 50);
	g_assert_cmpuint(tally_count(tally, "a", 50), ==, 2);
	g_assert_cmpuint(tally_count(tally, "b", 50), ==, 1);
	g_assert_cmpuint(tally_count(tally, "a", 104), ==, 2);
	g_assert_cmpuint(tally_count(tally, "a", 105), ==, 0);
	g_assert_cmpuint(tally_count(tally, "b", 105), ==, 1);
	tally_add(tally, "a", 106);
	g_assert_cmpuint(tally_count(tally, "a", 205), ==, 1);
	g_assert_cmpuint(tally_count(tally, "a", 206), ==, 0);
	tally_free(&tally);
	g_assert_null(tally);
}

/* The key that was quiet longest makes room. */
static void test_bound(void)
{
	Tally *tally = tally_new(3, 1000);

	tally_add(tally, "a", 1);
	tally_add(tally, "b", 2);
	tally_add(tally, "c", 3);
	tally_add(tally, "a", 4);
	tally_add(tally, "d", 5);
	g_assert_cmpuint(tally_count(tally, "a", 6), ==, 2);
	g_assert_cmpuint(tally_count(tally, "b", 6), ==, 0);
	g_assert_cmpuint(tally_count(tally, "c", 6), ==, 1);
	g_assert_cmpuint(tally_count(tally, "d", 6), ==, 1);
	for (guint i = 0; i < 1000; i++) {
		g_autofree char *key = g_strdup_printf("%u", i);
		tally_add(tally, key, 10 + i);
		g_assert_cmpuint(tally_count(tally, key, 10 + i), ==, 1);
	}
	g_assert_cmpuint(tally_count(tally, "999", 1010), ==, 1);
	g_assert_cmpuint(tally_count(tally, "996", 1010), ==, 0);
	tally_free(&tally);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tally/window", test_window);
	g_test_add_func("/tally/bound", test_bound);
	return g_test_run();
}
