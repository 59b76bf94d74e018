/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorting many things by numbers or texts, in time that grows with them. */
#include "store/order.h"

/* Fewer are sorted by insertion. */
#define ORDER_FEW 24

/* The bytes of a key. */
#define ORDER_BYTES 8

static void order_few(OrderItem *items, guint count)
{
	for (guint i = 1; i < count; i++) {
		OrderItem item = items[i];
		guint at = i;
		for (; at > 0 && items[at - 1].key > item.key; at--)
			items[at] = items[at - 1];
		items[at] = item;
	}
}

static void radix_pass(const OrderItem *from, OrderItem *to, guint count,
	guint shift, const guint *counts)
{
	guint starts[256];
	guint sum = 0;
	for (guint i = 0; i < G_N_ELEMENTS(starts); i++) {
		starts[i] = sum;
		sum += counts[i];
	}
	for (guint i = 0; i < count; i++)
		to[starts[from[i].key >> shift & 0xff]++] = from[i];
}

/* By the bytes of the keys from the last to the first; a byte that is the same
 * in all keys costs nothing. */
static void order_radix(OrderItem *items, OrderItem *scratch, guint count)
{
	guint counts[ORDER_BYTES][256] = { { 0 } };
	OrderItem *from = items, *to = scratch;
	for (guint i = 0; i < count; i++) {
		for (guint byte = 0; byte < ORDER_BYTES; byte++)
			counts[byte][items[i].key >> (byte * 8) & 0xff]++;
	}
	for (guint byte = 0; byte < ORDER_BYTES; byte++) {
		if (counts[byte][items[0].key >> (byte * 8) & 0xff] == count)
			continue;
		radix_pass(from, to, count, byte * 8, counts[byte]);
		OrderItem *other = from;
		from = to;
		to = other;
	}
	if (from != items)
		memcpy(items, from, sizeof(OrderItem) * count);
}

static void order_with(OrderItem *items, OrderItem *scratch, guint count)
{
	if (count <= ORDER_FEW)
		order_few(items, count);
	else
		order_radix(items, scratch, count);
}

void order_items(OrderItem *items, guint count)
{
	g_autofree OrderItem *scratch = g_new(OrderItem, count);
	order_with(items, scratch, count);
}

/* Items that are equal up to a depth. */
typedef struct {
	guint begin;
	guint end;
	gsize depth;
} OrderRun;

/* Eight bytes of a text from depth on, zeros behind its end. */
static guint64 text_slice(Bytes text, gsize depth)
{
	guchar bytes[ORDER_BYTES] = { 0 };
	guint64 slice = 0;
	Bytes part = bytes_slice(text, depth, ORDER_BYTES);
	if (part.size > 0)
		memcpy(bytes, part.data, part.size);
	for (guint i = 0; i < ORDER_BYTES; i++)
		slice = slice << 8 | bytes[i];
	return slice;
}

/* Sorts a run by its next slices; what is equal after that and goes on is a run
 * of its own.  No text has a NUL in it: a slice that ends in one is the last. */
static void order_run(OrderItem *items, OrderItem *scratch, guint8 *starts,
	const ColumnValues *values, OrderRun run, GArray *runs)
{
	for (guint i = run.begin; i < run.end; i++)
		items[i].key = text_slice(
			column_text(values, items[i].place), run.depth);
	order_with(items + run.begin, scratch, run.end - run.begin);
	guint begin = run.begin;
	for (guint i = run.begin + 1; i <= run.end; i++) {
		if (i < run.end && items[i].key == items[begin].key)
			continue;
		OrderRun next = { begin, i, run.depth + ORDER_BYTES };
		if (i - begin > 1 && (items[begin].key & 0xff) != 0)
			g_array_append_val(runs, next);
		if (i < run.end)
			starts[i] = 1;
		begin = i;
	}
}

guint *order_text_ranks(const ColumnValues *values, guint count)
{
	guint *ranks = g_new0(guint, count);
	g_autofree OrderItem *items = g_new(OrderItem, count);
	g_autofree OrderItem *scratch = g_new(OrderItem, count);
	g_autofree guint8 *starts = g_new0(guint8, count);
	g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(OrderRun));
	OrderRun run = { 0, count, 0 };
	for (guint i = 0; i < count; i++)
		items[i].place = i;
	if (count > 0)
		g_array_append_val(runs, run);
	while (runs->len > 0) {
		run = g_array_index(runs, OrderRun, runs->len - 1);
		g_array_set_size(runs, runs->len - 1);
		order_run(items, scratch, starts, values, run, runs);
	}
	guint rank = 0;
	for (guint i = 0; i < count; i++) {
		rank += starts[i];
		ranks[items[i].place] = rank;
	}
	return ranks;
}
