/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Number sets: merging of ranges, membership, text. */
#include "base/numset.h"

typedef struct {
	const char *name;
	NumRange add[6];
	guint count;
	const char *text;
	guint64 numbers;
} Vector;

static const Vector vectors[] = {
	{ "empty", { { 0, 0 } }, 0, "", 0 },
	{ "single", { { 7, 7 } }, 1, "7", 1 },
	{ "swapped", { { 9, 4 } }, 1, "4:9", 6 },
	{ "touching", { { 1, 2 }, { 3, 4 } }, 2, "1:4", 4 },
	{ "touching-before", { { 3, 4 }, { 1, 2 } }, 2, "1:4", 4 },
	{ "apart", { { 5, 6 }, { 1, 2 } }, 2, "1:2,5:6", 4 },
	{ "bridge", { { 1, 2 }, { 9, 9 }, { 5, 6 }, { 3, 8 } }, 4, "1:9", 9 },
	{ "inside", { { 1, 10 }, { 3, 4 } }, 2, "1:10", 10 },
	{ "all", { { 1, G_MAXUINT32 } }, 1, "1:4294967295", 4294967295u },
	{ "top", { { G_MAXUINT32, G_MAXUINT32 }, { 1, 1 } }, 2, "1,4294967295",
		2 },
	{ "zero", { { 0, 0 }, { 2, 2 } }, 2, "0,2", 2 },
	{ "zero-touch", { { 1, 1 }, { 0, 0 } }, 2, "0:1", 2 },
};

static void test_vector(gconstpointer data)
{
	const Vector *vector = data;
	g_autoptr(NumSet) set = numset_new();
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < vector->count; i++)
		numset_add_range(
			set, vector->add[i].first, vector->add[i].last);
	numset_append_text(set, text);
	g_assert_cmpstr(text->str, ==, vector->text);
	g_assert_cmpuint(numset_count(set), ==, vector->numbers);
	g_assert_cmpint(numset_is_empty(set), ==, vector->count == 0);
}

/* The set against a plain bitmap, over random ranges. */
static void test_random(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(7);
	for (guint round = 0; round < 200; round++) {
		g_autoptr(NumSet) set = numset_new();
		gboolean bitmap[128] = { FALSE };
		for (guint i = 0; i < 20; i++) {
			guint32 a = (guint32)g_rand_int_range(rand, 0, 128);
			guint32 b = a + (guint32)g_rand_int_range(rand, 0, 9);
			b = MIN(b, 127);
			numset_add_range(set, a, b);
			for (guint32 n = a; n <= b; n++)
				bitmap[n] = TRUE;
		}
		guint64 count = 0;
		for (guint32 n = 0; n < 128; n++) {
			g_assert_cmpint(numset_contains(set, n), ==, bitmap[n]);
			count += bitmap[n];
		}
		g_assert_cmpuint(numset_count(set), ==, count);
		for (guint i = 1; i < numset_range_count(set); i++)
			g_assert_cmpuint(numset_range(set, i - 1).last + 1, <,
				numset_range(set, i).first);
	}
}

/* What two random sets have in common, number by number. */
static void test_common(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(8);
	for (guint round = 0; round < 200; round++) {
		g_autoptr(NumSet) a = numset_new();
		g_autoptr(NumSet) b = numset_new();
		g_autoptr(NumSet) both = numset_new();
		for (guint i = 0; i < 8; i++) {
			guint32 n = (guint32)g_rand_int_range(rand, 0, 100);
			numset_add_range(a, n, n + n % 5);
			n = (guint32)g_rand_int_range(rand, 0, 100);
			numset_add_range(b, n, n + n % 7);
		}
		numset_add_common(both, a, b);
		for (guint32 n = 0; n < 128; n++)
			g_assert_cmpint(numset_contains(both, n), ==,
				numset_contains(a, n) && numset_contains(b, n));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *path =
			g_strconcat("/numset/", vectors[i].name, NULL);
		g_test_add_data_func(path, &vectors[i], test_vector);
	}
	g_test_add_func("/numset/random", test_random);
	g_test_add_func("/numset/common", test_common);
	return g_test_run();
}
