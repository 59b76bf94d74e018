/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lmtp/unstuff: where DATA ends, whatever the cuts. */
#include "lmtp/unstuff.h"

#include <stdlib.h>
#include <string.h>

/* wire: what the client sends; rest: how many of its last bytes are not taken;
 * G_MAXSIZE: the message does not end. */
static const struct {
	const char *wire;
	gsize wire_size;
	const char *message;
	gsize message_size;
	gsize rest;
	gboolean has_bare_lf;
} cases[] = {
#define WIRE(wire, message, rest, bare) \
	{ \
		wire, sizeof(wire) - 1, message, sizeof(message) - 1, rest, \
			bare \
	}
#define OPEN G_MAXSIZE
	WIRE(".\r\n", "", 0, FALSE),
	WIRE(".\r\nQUIT\r\n", "", 6, FALSE),
	WIRE("\r\n.\r\n", "\r\n", 0, FALSE),
	WIRE("a\r\n.\r\n", "a\r\n", 0, FALSE),
	WIRE("a\r\n.\r\nMAIL", "a\r\n", 4, FALSE),
	WIRE("a: b\r\n\r\nc\r\n.\r\n.\r\n", "a: b\r\n\r\nc\r\n", 3, FALSE),
	/* stuffing */
	WIRE("..\r\n.\r\n", ".\r\n", 0, FALSE),
	WIRE("...\r\n.\r\n", "..\r\n", 0, FALSE),
	WIRE("..a\r\n..\r\n.\r\n", ".a\r\n.\r\n", 0, FALSE),
	WIRE(".a\r\n.\r\n", "a\r\n", 0, FALSE),
	WIRE("a.\r\n.\r\n", "a.\r\n", 0, FALSE),
	WIRE("a\r\n\r\n..\r\n.\r\n", "a\r\n\r\n.\r\n", 0, FALSE),
	/* what smuggles elsewhere: none of these ends the message or loses
	 * its dot */
	WIRE("a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", 0, TRUE),
	WIRE("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", 0, TRUE),
	WIRE("a\r.\rb\r\n.\r\n", "a\r.\rb\r\n", 0, FALSE),
	WIRE("a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", 0, FALSE),
	WIRE("a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", 0, FALSE),
	WIRE("a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", 0, TRUE),
	WIRE("a\r\n.\r\r\nb\r\n.\r\n", "a\r\n\r\r\nb\r\n", 0, FALSE),
	WIRE("a\n\r.\r\nb\r\n.\r\n", "a\n\r.\r\nb\r\n", 0, TRUE),
	WIRE("a\r\r\n.\r\n", "a\r\r\n", 0, FALSE),
	WIRE("a\n\n.\n\nb\r\n.\r\n", "a\n\n.\n\nb\r\n", 0, TRUE),
	WIRE("a\r\n.\0\r\n.\r\n", "a\r\n\0\r\n", 0, FALSE),
	WIRE("a\r\n\0.\r\n.\r\n", "a\r\n\0.\r\n", 0, FALSE),
	WIRE("\n.\r\n.\r\n", "\n.\r\n", 0, TRUE),
	WIRE("\n.\n\r\n.\r\n", "\n.\n\r\n", 0, TRUE),
	WIRE(".\n.\r\n.\r\n", "\n.\r\n", 0, TRUE),
	/* no end yet */
	WIRE("", "", OPEN, FALSE),
	WIRE(".", "", OPEN, FALSE),
	WIRE(".\r", "", OPEN, FALSE),
	WIRE(".\n", "\n", OPEN, TRUE),
	WIRE("a\n.\n", "a\n.\n", OPEN, TRUE),
	WIRE("a\n.\r\n", "a\n.\r\n", OPEN, TRUE),
	WIRE("a\r.\r", "a\r.\r", OPEN, FALSE),
	WIRE("a\r\n.\r\r", "a\r\n\r\r", OPEN, FALSE),
	WIRE("a\r\n.\r", "a\r\n", OPEN, FALSE),
	WIRE("a\r\n..\r\n", "a\r\n.\r\n", OPEN, FALSE),
};

static void to_bytes(Bytes run, gpointer data)
{
	g_assert_cmpuint(run.size, >, 0);
	g_byte_array_append(data, (const guint8 *)run.data, (guint)run.size);
}

/* Feeds the wire in pieces; gives how much was taken. */
static gsize feed(Unstuff *unstuff, const char *wire, gsize size,
	const gsize *cuts, gsize n_cuts, GByteArray *out)
{
	gsize taken = 0;

	for (gsize i = 0; i <= n_cuts; i++) {
		gsize end = i < n_cuts ? cuts[i] : size;
		/* A copy of its own shows reads past its end. */
		g_autofree char *piece = g_memdup2(wire + taken, end - taken);
		gsize got = unstuff_feed(
			unstuff, bytes_of(piece, end - taken), to_bytes, out);
		taken += got;
		if (unstuff->state == UNSTUFF_END)
			return taken;
		g_assert_cmpuint(taken, ==, end);
	}
	return taken;
}

static void check(gsize i, const gsize *cuts, gsize n_cuts)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	gsize size = cases[i].wire_size;
	Unstuff unstuff = { 0 };
	gsize taken = feed(&unstuff, cases[i].wire, size, cuts, n_cuts, out);

	if (cases[i].rest == OPEN) {
		g_assert_cmpint(unstuff.state, !=, UNSTUFF_END);
		g_assert_cmpuint(taken, ==, size);
	} else {
		g_assert_cmpint(unstuff.state, ==, UNSTUFF_END);
		g_assert_cmpuint(size - taken, ==, cases[i].rest);
	}
	g_assert_cmpmem(
		out->data, out->len, cases[i].message, cases[i].message_size);
	g_assert_cmpint(unstuff.has_bare_lf, ==, cases[i].has_bare_lf);
}

/* The wires are short: every set of cuts there is. */
static void test_all_cuts(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		gsize places =
			cases[i].wire_size > 0 ? cases[i].wire_size - 1 : 0;
		for (guint32 set = 0; set < 1u << places; set++) {
			gsize cuts[32];
			gsize n = 0;
			for (gsize at = 0; at < places; at++) {
				if (set & 1u << at)
					cuts[n++] = at + 1;
			}
			check(i, cuts, n);
		}
	}
}

static void append_stuffed(GString *wire, const char *message, gsize size)
{
	gboolean at_start = TRUE;

	for (gsize i = 0; i < size; i++) {
		if (at_start && message[i] == '.')
			g_string_append_c(wire, '.');
		g_string_append_c(wire, message[i]);
		at_start =
			message[i] == '\n' && i > 0 && message[i - 1] == '\r';
	}
	g_string_append(wire, ".\r\n");
}

/* Whatever the message, what was stuffed comes back, and the commands behind
 * it are not touched. */
static void test_random(void)
{
	static const char alphabet[] = "..\r\r\n\na\0";

	for (int round = 0; round < 20000; round++) {
		g_autoptr(GByteArray) out = g_byte_array_new();
		g_autoptr(GString) wire = g_string_new(NULL);
		Unstuff unstuff = { 0 };
		char message[64];
		gsize size = (gsize)g_test_rand_int_range(0, 60);
		gsize cuts[8];
		for (gsize i = 0; i < size; i++)
			message[i] = alphabet[g_test_rand_int_range(
				0, sizeof(alphabet))];
		if (size > 0) {
			message[size++] = '\r';
			message[size++] = '\n';
		}
		append_stuffed(wire, message, size);
		gsize end = wire->len;
		g_string_append(wire, "RSET\r\n");
		gsize n = (gsize)g_test_rand_int_range(0, 8);
		gsize at = 0;
		for (gsize i = 0; i < n; i++)
			at = cuts[i] = (gsize)g_test_rand_int_range(
				(gint32)at, (gint32)wire->len + 1);
		gsize taken =
			feed(&unstuff, wire->str, wire->len, cuts, n, out);
		g_assert_cmpuint(taken, ==, end);
		g_assert_cmpint(unstuff.state, ==, UNSTUFF_END);
		g_assert_cmpmem(out->data, out->len, message, size);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/unstuff/all-cuts", test_all_cuts);
	g_test_add_func("/unstuff/random", test_random);
	return g_test_run();
}
