/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DATA's end and dots: any cuts give the same, and stuffing is undone. */
#include "fuzz.h"

#include "lmtp/unstuff.h"

static void to_bytes(Bytes run, gpointer data)
{
	g_assert(run.size > 0);
	g_byte_array_append(data, (const guint8 *)run.data, (guint)run.size);
}

static gsize feed(Unstuff *unstuff, Bytes wire, gsize step, GByteArray *out)
{
	gsize taken = 0;

	while (taken < wire.size && unstuff->state != UNSTUFF_END)
		taken += unstuff_feed(
			unstuff, bytes_slice(wire, taken, step), to_bytes, out);
	return taken;
}

/* The message as a client that knows the rules sends it. */
static GByteArray *stuff(Bytes message)
{
	GByteArray *wire = g_byte_array_new();
	gboolean at_start = TRUE;

	for (gsize i = 0; i < message.size; i++) {
		const guint8 *c = (const guint8 *)message.data + i;
		if (at_start && *c == '.')
			g_byte_array_append(wire, c, 1);
		g_byte_array_append(wire, c, 1);
		at_start = *c == '\n' && i > 0 && c[-1] == '\r';
	}
	g_byte_array_append(wire,
		(const guint8 *)(at_start ? ".\r\n" : "\r\n.\r\n"),
		at_start ? 3 : 5);
	return wire;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes input = bytes_of((const char *)data, size);
	g_autoptr(GByteArray) whole = g_byte_array_new();
	Unstuff first = { 0 };
	gsize taken = feed(&first, input, MAX(size, 1), whole);

	for (gsize step = 1; step < 8; step++) {
		g_autoptr(GByteArray) cut = g_byte_array_new();
		Unstuff again = { 0 };
		g_assert(feed(&again, input, step, cut) == taken);
		g_assert(again.state == first.state &&
			again.has_bare_lf == first.has_bare_lf);
		g_assert(bytes_equal(bytes_of((char *)cut->data, cut->len),
			bytes_of((char *)whole->data, whole->len)));
	}
	g_autoptr(GByteArray) wire = stuff(input);
	g_autoptr(GByteArray) back = g_byte_array_new();
	Unstuff third = { 0 };
	g_assert(feed(&third, bytes_of((char *)wire->data, wire->len), 5,
			 back) == wire->len);
	g_assert(third.state == UNSTUFF_END && back->len >= size &&
		back->len <= size + 2);
	g_assert(size == 0 || memcmp(back->data, data, size) == 0);
	return 0;
}
