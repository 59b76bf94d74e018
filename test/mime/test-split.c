/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The splitter: keys, orders, sizes; the joiner: what it refuses. */
#include "mime/split.h"

#include "mime/join.h"

/* "key.order@depth" with h for a header row, and the size, per piece. */
static char *describe(const GArray *pieces)
{
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < pieces->len; i++) {
		const MimePiece *p = &g_array_index(pieces, MimePiece, i);
		g_string_append_printf(out, "%s%u.%u@%u%s:%zu",
			i > 0 ? " " : "", p->key, p->order, p->depth,
			p->is_header ? "h" : "", p->size);
	}
	return g_string_free(out, FALSE);
}

static GArray *split(Bytes message)
{
	g_autoptr(MimeScan) scan = mime_scan_new(message, NULL);
	return mime_split(scan);
}

#define MULTI "Content-Type: multipart/mixed; boundary=b\n\n" /* 43 */

static const struct {
	const char *message;
	const char *pieces;
} vectors[] = {
	{ "", "" },
	{ "A: b\n", "1.0@0h:5" },
	{ "\nx", "1.0@0h:1 1.1@0:1" },
	{ "A: b\n\nx", "1.0@0h:6 1.1@0:1" },
	{ MULTI "pre\n--b\n\none\n--b\n\ntwo\n--b--\nepi",
		"1.0@0h:43 1.1@0:3 2.0@1h:6 2.1@1:3 3.0@1h:6 3.1@1:3 "
		"4.0@0h:10" },
	/* No closing delimiter, no key for it. */
	{ MULTI "--b\n\none", "1.0@0h:43 2.0@1h:5 2.1@1:3" },
	{ MULTI "x", "1.0@0h:43 1.1@0:1" },
	{ MULTI "--b--", "1.0@0h:43 2.0@0h:5" },
	/* Nested: the inner closing comes before the next outer part. */
	{ MULTI "--b\nContent-Type: multipart/x; boundary=c\n\n--c\n\nx\n"
		"--c--\n--b\n\ny\n--b--\n",
		"1.0@0h:43 2.0@1h:43 3.0@2h:5 3.1@2:1 4.0@1h:6 5.0@1h:6 "
		"5.1@1:1 6.0@0h:7" },
	/* The embedded message is an entity of its own. */
	{ "Content-Type: message/rfc822\n\nA: b\n\nx",
		"1.0@0h:30 2.0@1h:6 2.1@1:1" },
	/* One without bytes has a key and no rows. */
	{ MULTI "--b\nContent-Type: message/rfc822\n\n--b\n\ny",
		"1.0@0h:43 2.0@1h:34 4.0@1h:5 4.1@1:1" },
};

static void test_vectors(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		Bytes message = bytes_of_string(vectors[i].message);
		g_autoptr(GArray) pieces = split(message);
		g_autofree char *found = describe(pieces);
		g_assert_cmpstr(found, ==, vectors[i].pieces);
		g_assert_true(mime_pieces_join_to(message, pieces));
	}
}

/* A header and a body of more than a row each. */
static void test_large(void)
{
	g_autoptr(GString) message = g_string_new("A: ");
	while (message->len < 2 * MIME_PIECE_MAX)
		g_string_append_c(message, 'x');
	g_string_append(message, "\n\n");
	while (message->len < 4 * MIME_PIECE_MAX)
		g_string_append_c(message, 'y');
	Bytes bytes = bytes_of(message->str, message->len);
	g_autoptr(GArray) pieces = split(bytes);
	g_autofree char *found = describe(pieces);

	g_assert_cmpstr(found, ==,
		"1.0@0h:1048576 1.1@0h:1048576 1.2@0h:2 "
		"1.3@0:1048576 1.4@0:1048574");
	g_assert_true(mime_pieces_join_to(bytes, pieces));
}

static void test_whole(void)
{
	g_autoptr(GArray) none = mime_split_whole(0);
	g_autoptr(GArray) pieces = mime_split_whole(MIME_PIECE_MAX + 1);
	g_autofree char *found = describe(pieces);

	g_assert_cmpuint(none->len, ==, 0);
	g_assert_cmpstr(found, ==, "1.0@0:1048576 1.1@0:1");
}

/* Equal attachments in different messages have equal bodies. */
static void test_equal_bodies(void)
{
	static const char *const messages[] = {
		MULTI "--b\nA: 1\n\nthe same\n--b--\n",
		MULTI "--b\nA: 1\n\nthe same\n--b\n\nx\n--b--\n",
		MULTI "--b\n\nthe same\r\n--b--\n",
	};
	for (gsize i = 0; i < G_N_ELEMENTS(messages); i++) {
		g_autoptr(GArray) pieces = split(bytes_of_string(messages[i]));
		const MimePiece *body = &g_array_index(pieces, MimePiece, 2);
		Bytes bytes = bytes_of(messages[i] + body->offset, body->size);
		g_assert_false(body->is_header);
		g_assert_true(bytes_equal(bytes, bytes_of_string("the same")));
	}
}

/* What is wrong with the pieces of "A: b\n\nbody". */
static const struct {
	const char *what;
	MimePiece pieces[3];
	guint count;
	gboolean joins;
} joins[] = {
	{ "right", { { 1, 0, 0, TRUE, 0, 6 }, { 1, 1, 0, FALSE, 6, 4 } }, 2,
		TRUE },
	{ "right, other order in the array",
		{ { 1, 1, 0, FALSE, 6, 4 }, { 1, 0, 0, TRUE, 0, 6 } }, 2,
		TRUE },
	{ "nothing", { { 0 } }, 0, FALSE },
	{ "end missing", { { 1, 0, 0, TRUE, 0, 6 } }, 1, FALSE },
	{ "overlap", { { 1, 0, 0, TRUE, 0, 6 }, { 1, 1, 0, FALSE, 5, 5 } }, 2,
		FALSE },
	{ "swapped keys", { { 2, 0, 0, TRUE, 0, 6 }, { 1, 1, 0, FALSE, 6, 4 } },
		2, FALSE },
	{ "same key and order",
		{ { 1, 0, 0, TRUE, 0, 6 }, { 1, 0, 0, FALSE, 6, 4 } }, 2,
		FALSE },
	{ "empty piece",
		{ { 1, 0, 0, TRUE, 0, 6 }, { 1, 1, 0, FALSE, 6, 4 },
			{ 1, 2, 0, FALSE, 0, 0 } },
		3, FALSE },
	{ "too much",
		{ { 1, 0, 0, TRUE, 0, 6 }, { 1, 1, 0, FALSE, 6, 4 },
			{ 1, 2, 0, FALSE, 6, 4 } },
		3, FALSE },
	{ "outside", { { 1, 0, 0, TRUE, 0, 6 }, { 1, 1, 0, FALSE, 6, 5 } }, 2,
		FALSE },
	{ "far outside",
		{ { 1, 0, 0, TRUE, 0, 6 }, { 1, 1, 0, FALSE, G_MAXSIZE, 4 } },
		2, FALSE },
};

static void test_joins(void)
{
	Bytes message = bytes_of_string("A: b\n\nbody");
	for (gsize i = 0; i < G_N_ELEMENTS(joins); i++) {
		g_autoptr(GArray) pieces =
			g_array_new(FALSE, FALSE, sizeof(MimePiece));
		g_array_append_vals(pieces, joins[i].pieces, joins[i].count);
		g_test_message("%s", joins[i].what);
		g_assert_cmpint(mime_pieces_join_to(message, pieces), ==,
			joins[i].joins);
	}
}

static void test_join_steps(void)
{
	MimeJoin join;
	mime_join_init(&join, bytes_of_string("abc"));
	mime_join_add(&join, bytes_of_string("ab"));
	g_assert_false(mime_join_is_whole(&join));
	mime_join_add(&join, bytes_of_string("c"));
	g_assert_true(mime_join_is_whole(&join));
	mime_join_add(&join, bytes_of_string("d"));
	g_assert_false(mime_join_is_whole(&join));
	mime_join_init(&join, bytes_of_string("abc"));
	mime_join_add(&join, bytes_of_string("axc"));
	g_assert_false(mime_join_is_whole(&join));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/split/vectors", test_vectors);
	g_test_add_func("/mime/split/large", test_large);
	g_test_add_func("/mime/split/whole", test_whole);
	g_test_add_func("/mime/split/equal-bodies", test_equal_bodies);
	g_test_add_func("/mime/join/vectors", test_joins);
	g_test_add_func("/mime/join/steps", test_join_steps);
	return g_test_run();
}
