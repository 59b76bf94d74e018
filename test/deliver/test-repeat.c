/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/repeat: tries in their turn, and late ones turned away. */
#include "deliver/repeat.h"

#include <string.h>

static DeliveryKey key_of(guint number)
{
	DeliveryKey key = { { 0 } };

	memcpy(key.bytes, &number, sizeof(number));
	return key;
}

/* How often keys were forgotten. */
static void count_forgotten(gpointer data, const DeliveryKey *key)
{
	guint *forgotten = data;
	guint number;

	memcpy(&number, key->bytes, sizeof(number));
	forgotten[number]++;
}

static gboolean may_go(Repeats *repeats, guint number, gint64 since)
{
	DeliveryKey key = key_of(number);

	if (!repeats_enter(repeats, &key, since))
		return FALSE;
	repeats_leave(repeats, &key);
	return TRUE;
}

static void confirm(Repeats *repeats, guint number, gint64 now)
{
	DeliveryKey key = key_of(number);

	repeats_confirm(repeats, &key, now);
}

static void test_overtaken(void)
{
	guint forgotten[3] = { 0 };
	Repeats *repeats = repeats_new(10, 100, count_forgotten, forgotten);

	g_assert_true(may_go(repeats, 1, 5));
	g_assert_cmpuint(forgotten[1], ==, 0);
	confirm(repeats, 1, 50);
	g_assert_cmpuint(forgotten[1], ==, 1);
	g_assert_false(may_go(repeats, 1, 5));
	g_assert_false(may_go(repeats, 1, 49));
	g_assert_true(may_go(repeats, 1, 50));
	g_assert_true(may_go(repeats, 2, 5));
	confirm(repeats, 1, 60);
	g_assert_false(may_go(repeats, 1, 51));
	/* Forgotten after its lifetime, when another comes. */
	confirm(repeats, 2, 160);
	g_assert_true(may_go(repeats, 1, 51));
	repeats_free(&repeats);
	g_assert_null(repeats);
}

/* Confirmed by one whose client is done, while another try is under way: that
 * one must find the key still. */
static void test_under_way(void)
{
	guint forgotten[3] = { 0 };
	Repeats *repeats = repeats_new(10, 100, count_forgotten, forgotten);
	DeliveryKey one = key_of(1);
	DeliveryKey two = key_of(2);

	g_assert_true(repeats_enter(repeats, &one, 5));
	g_assert_true(repeats_enter(repeats, &two, 5));
	confirm(repeats, 1, 50);
	confirm(repeats, 1, 51);
	g_assert_cmpuint(forgotten[1], ==, 0);
	repeats_leave(repeats, &two);
	g_assert_cmpuint(forgotten[1], ==, 0);
	g_assert_cmpuint(forgotten[2], ==, 0);
	repeats_leave(repeats, &one);
	g_assert_cmpuint(forgotten[1], ==, 1);
	g_assert_true(may_go(repeats, 1, 60));
	g_assert_cmpuint(forgotten[1], ==, 1);
	repeats_free(&repeats);
}

static void test_bound(void)
{
	guint forgotten[5] = { 0 };
	Repeats *repeats = repeats_new(3, 1000, count_forgotten, forgotten);

	for (guint i = 0; i < 5; i++)
		confirm(repeats, i, 10 + i);
	for (guint i = 0; i < 5; i++)
		g_assert_cmpint(may_go(repeats, i, 0), ==, i < 2);
	repeats_free(&repeats);
}

typedef struct {
	Repeats *repeats;
	gint inside[3];
	gint total;
} Shared;

static gpointer go_often(gpointer data)
{
	Shared *shared = data;

	for (guint i = 0; i < 3000; i++) {
		guint number = i % 3;
		DeliveryKey key = key_of(number);
		g_assert_true(repeats_enter(shared->repeats, &key, 1));
		g_assert_cmpint(
			g_atomic_int_add(&shared->inside[number], 1), ==, 0);
		g_atomic_int_inc(&shared->total);
		g_assert_cmpint(
			g_atomic_int_add(&shared->inside[number], -1), ==, 1);
		repeats_leave(shared->repeats, &key);
	}
	return NULL;
}

/* One at a time for each key. */
static void test_turns(void)
{
	guint forgotten[3] = { 0 };
	Shared shared = { .repeats = repeats_new(
				  10, 100, count_forgotten, forgotten) };
	GThread *threads[4];

	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("go", go_often, &shared);
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	g_assert_cmpint(shared.total, ==, 12000);
	repeats_free(&shared.repeats);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/repeat/overtaken", test_overtaken);
	g_test_add_func("/repeat/under-way", test_under_way);
	g_test_add_func("/repeat/bound", test_bound);
	g_test_add_func("/repeat/turns", test_turns);
	return g_test_run();
}
