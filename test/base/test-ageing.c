/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of base/ageing: what is kept, for how long, and what goes first. */
#include "base/ageing.h"

typedef struct {
	char key[8];
	int number;
} Value;

static guint dropped;

static void drop(gpointer value)
{
	dropped++;
	g_free(value);
}

static void put(Ageing *ageing, const char *key, int number, gint64 now)
{
	Value *value = g_new0(Value, 1);

	g_strlcpy(value->key, key, sizeof(value->key));
	value->number = number;
	ageing_put(ageing, value->key, value, now);
}

/* 0 where it is not there. */
static int find(const Ageing *ageing, const char *key, gint64 now)
{
	const Value *value = ageing_find(ageing, key, now);

	return value != NULL ? value->number : 0;
}

static Ageing *three(void)
{
	dropped = 0;
	return ageing_new(3, 100, g_str_hash, g_str_equal, drop);
}

static void test_age(void)
{
	Ageing *ageing = three();

	g_assert_cmpint(find(ageing, "a", 0), ==, 0);
	put(ageing, "a", 1, 10);
	g_assert_cmpint(find(ageing, "a", 10), ==, 1);
	g_assert_cmpint(find(ageing, "a", 109), ==, 1);
	g_assert_cmpint(find(ageing, "a", 110), ==, 0);
	/* The old ones make room, however much of it there is. */
	put(ageing, "b", 2, 110);
	g_assert_cmpuint(ageing_count(ageing), ==, 1);
	g_assert_cmpuint(dropped, ==, 1);
	ageing_free(&ageing);
	g_assert_null(ageing);
	g_assert_cmpuint(dropped, ==, 2);
	ageing_free(&ageing);
}

static void test_number(void)
{
	Ageing *ageing = three();

	put(ageing, "a", 1, 1);
	put(ageing, "b", 2, 2);
	put(ageing, "c", 3, 3);
	put(ageing, "d", 4, 4);
	g_assert_cmpuint(ageing_count(ageing), ==, 3);
	g_assert_cmpint(find(ageing, "a", 5), ==, 0);
	g_assert_cmpint(find(ageing, "b", 5), ==, 2);
	g_assert_cmpint(find(ageing, "d", 5), ==, 4);
	ageing_free(&ageing);
	g_assert_cmpuint(dropped, ==, 4);
}

/* A value that is put again is young again, and no other has to go. */
static void test_replace(void)
{
	Ageing *ageing = three();

	put(ageing, "a", 1, 1);
	put(ageing, "b", 2, 2);
	put(ageing, "c", 3, 3);
	put(ageing, "a", 4, 4);
	g_assert_cmpuint(ageing_count(ageing), ==, 3);
	g_assert_cmpuint(dropped, ==, 1);
	g_assert_cmpint(find(ageing, "a", 103), ==, 4);
	g_assert_cmpint(find(ageing, "b", 5), ==, 2);
	put(ageing, "d", 5, 5);
	g_assert_cmpint(find(ageing, "a", 5), ==, 4);
	g_assert_cmpint(find(ageing, "b", 5), ==, 0);
	ageing_free(&ageing);
}

static void test_remove(void)
{
	Ageing *ageing = three();

	ageing_remove(ageing, "a");
	put(ageing, "a", 1, 1);
	put(ageing, "b", 2, 2);
	ageing_remove(ageing, "a");
	g_assert_cmpuint(dropped, ==, 1);
	g_assert_cmpint(find(ageing, "a", 3), ==, 0);
	g_assert_cmpint(find(ageing, "b", 3), ==, 2);
	ageing_free(&ageing);
	g_assert_cmpuint(dropped, ==, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/ageing/age", test_age);
	g_test_add_func("/base/ageing/number", test_number);
	g_test_add_func("/base/ageing/replace", test_replace);
	g_test_add_func("/base/ageing/remove", test_remove);
	return g_test_run();
}
