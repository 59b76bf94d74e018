/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed connections: what comes is what was said, whatever the pieces. */
#include "net/deflate.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "base/errors.h"
#include "net/stream.h"

/* Bytes that compress a little, always the same. */
static char *sample(gsize size)
{
	char *bytes = g_malloc(size + 1);
	guint32 state = 1;

	for (gsize i = 0; i < size; i++) {
		state = state * 1103515245 + 12345;
		bytes[i] = (char)('a' + (state >> 16) % 40);
	}
	bytes[size] = '\0';
	return bytes;
}

/* All of the bytes compressed and flushed. */
static GByteArray *compressed(Deflate *codec, Bytes bytes)
{
	GByteArray *out = g_byte_array_new();

	while (bytes.size > 0 || deflate_is_unflushed(codec)) {
		if (bytes.size > 0)
			bytes = bytes_slice(bytes,
				deflate_compress(codec, bytes), G_MAXSIZE);
		else
			deflate_flush(codec);
		Bytes pending = deflate_pending(codec);
		g_byte_array_append(
			out, (const guint8 *)pending.data, (guint)pending.size);
		deflate_sent(codec, pending.size);
	}
	return out;
}

/* Feeds the bytes in pieces and takes what comes in others. */
static GByteArray *expanded(
	Deflate *codec, const GByteArray *in, gsize feed, gsize take)
{
	GByteArray *out = g_byte_array_new();
	g_autofree char *room = g_malloc(take);
	gsize fed = 0;

	for (;;) {
		gsize got = 0, size = 0;
		gboolean has_input = deflate_has_input(codec);
		InflateResult result = deflate_inflate(codec, room, take, &got);
		g_assert_true(!has_input || result == INFLATE_DONE);
		if (result == INFLATE_DONE) {
			g_assert_cmpuint(got, >=, 1);
			g_byte_array_append(
				out, (const guint8 *)room, (guint)got);
			continue;
		}
		g_assert_cmpint(result, ==, INFLATE_HUNGRY);
		if (fed == in->len)
			return out;
		char *to = deflate_room(codec, &size);
		size = MIN(MIN(size, feed), in->len - fed);
		memcpy(to, in->data + fed, size);
		deflate_feed(codec, size);
		fed += size;
	}
}

static void test_round_trips(void)
{
	static const gsize pieces[] = { 1, 2, 7, 4096, 16384, 1000000 };
	g_autofree char *text = sample(100000);

	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
		for (gsize k = 0; k < G_N_ELEMENTS(pieces); k++) {
			Deflate *codec = deflate_new();
			/* Twice, with a rest between, which must not lose
			 * what later bytes refer to. */
			for (guint n = 0; n < 2; n++) {
				g_autoptr(GByteArray) in = compressed(
					codec, bytes_of(text, 100000));
				g_autoptr(GByteArray) out = expanded(
					codec, in, pieces[i], pieces[k]);
				g_assert_cmpmem(
					text, 100000, out->data, out->len);
				g_assert_false(deflate_has_input(codec));
				deflate_rest(codec);
				deflate_rest(codec);
			}
			deflate_free(&codec);
		}
	}
}

/* A peer with a window of 32 kB that refers back over a rest of ours. */
static void test_rest_remembers(void)
{
	g_autofree char *text = sample(30000);
	g_autofree Bytef *room = g_malloc(100000);
	Deflate *codec = deflate_new();
	z_stream peer = { 0 };

	g_assert_cmpint(
		deflateInit2(&peer, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY),
		==, Z_OK);
	for (guint n = 0; n < 3; n++) {
		g_autoptr(GByteArray) in = g_byte_array_new();
		peer.next_in = (Bytef *)text;
		peer.avail_in = 30000;
		peer.next_out = room;
		peer.avail_out = 100000;
		g_assert_cmpint(deflate(&peer, Z_SYNC_FLUSH), ==, Z_OK);
		g_byte_array_append(in, room, 100000 - peer.avail_out);
		if (n > 0)
			g_assert_cmpuint(in->len, <, 1000);
		g_autoptr(GByteArray) out = expanded(codec, in, 16384, 16384);
		g_assert_cmpmem(text, 30000, out->data, out->len);
		deflate_rest(codec);
	}
	deflateEnd(&peer);
	deflate_free(&codec);
}

static void feed(Deflate *codec, const void *data, gsize size)
{
	gsize room;
	char *to = deflate_room(codec, &room);

	g_assert_cmpuint(size, <=, room);
	memcpy(to, data, size);
	deflate_feed(codec, size);
}

static void test_broken(void)
{
	static const char no_block[] = "\xff\xff\xff";
	Deflate *codec = deflate_new();
	char out[16];
	gsize got;

	g_assert_cmpint(deflate_inflate(codec, out, sizeof(out), &got), ==,
		INFLATE_HUNGRY);
	feed(codec, no_block, 3);
	g_assert_cmpint(deflate_inflate(codec, out, sizeof(out), &got), ==,
		INFLATE_BROKEN);
	deflate_rest(codec);
	g_assert_cmpint(deflate_inflate(codec, out, sizeof(out), &got), ==,
		INFLATE_BROKEN);
	deflate_free(&codec);
}

/* Empty blocks for ever are an attack. */
static void test_barren(void)
{
	static const guint8 empty[5] = { 0, 0, 0, 0xff, 0xff };
	Deflate *codec = deflate_new();
	InflateResult result = INFLATE_HUNGRY;
	guint8 blocks[5000];
	char out[16];
	gsize got;
	guint rounds = 0;

	for (gsize i = 0; i < sizeof(blocks); i++)
		blocks[i] = empty[i % 5];
	while (result == INFLATE_HUNGRY && rounds++ < 1000) {
		feed(codec, blocks, sizeof(blocks));
		result = deflate_inflate(codec, out, sizeof(out), &got);
	}
	g_assert_cmpint(result, ==, INFLATE_BROKEN);
	g_assert_cmpuint(rounds, >, 200);
	deflate_free(&codec);
}

static void test_end(void)
{
	/* One fixed block with nothing in it, the last; then plain text. */
	Deflate *codec = deflate_new();
	char out[16];
	gsize got;

	feed(codec, "\x03\x00plain", 7);
	g_assert_cmpint(deflate_inflate(codec, out, sizeof(out), &got), ==,
		INFLATE_END);
	Bytes rest = deflate_rest_of_input(codec);
	g_assert_cmpmem(rest.data, rest.size, "plain", 5);
	deflate_free(&codec);
}

/* --- streams --------------------------------------------------------------- */

typedef struct {
	Stream *ours;
	Stream *theirs;
} Pair;

static Pair pair_open(void)
{
	int fds[2];

	g_assert_cmpint(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	Pair pair = { stream_new(fds[0]), stream_new(fds[1]) };
	g_assert_true(stream_start_deflate(pair.ours, NULL));
	g_assert_true(stream_start_deflate(pair.theirs, NULL));
	stream_set_timeout(pair.ours, 120);
	stream_set_timeout(pair.theirs, 120);
	return pair;
}

static void pair_close(Pair *pair)
{
	stream_free(&pair->ours);
	stream_free(&pair->theirs);
}

static void test_stream_lines(void)
{
	Pair pair = pair_open();
	Bytes line;

	stream_puts(pair.theirs, "one\r\ntwo\r\n");
	g_assert_true(stream_flush(pair.theirs, NULL));
	g_assert_true(stream_read_line(pair.ours, 100, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "one", 3);
	g_assert_true(stream_read_line(pair.ours, 100, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "two", 3);
	g_assert_false(stream_has_input(pair.ours));
	/* Nothing has come, and stream_wait() knows. */
	g_assert_cmpint(stream_wait(pair.ours, -1, 0), ==, STREAM_WAIT_TIMEOUT);
	pair_close(&pair);
}

/* A line of a megabyte from a kilobyte is still too long, and the next one is
 * found; nothing waits where poll() does not see it. */
static void test_stream_bomb(void)
{
	Pair pair = pair_open();
	g_autofree char *zeros = g_strnfill(1048576, '0');
	g_autoptr(GError) error = NULL;
	Bytes line;

	stream_write(pair.theirs, zeros, 1048576);
	stream_puts(pair.theirs, "\r\nnext\r\n");
	g_assert_true(stream_flush(pair.theirs, NULL));
	g_assert_cmpint(
		stream_wait(pair.ours, -1, 1000), ==, STREAM_WAIT_INPUT);
	g_assert_false(stream_read_line(pair.ours, 1000, &line, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_LIMIT));
	g_assert_true(stream_read_line(pair.ours, 1000, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "next", 4);
	pair_close(&pair);
}

static gpointer write_much(gpointer data)
{
	Stream *stream = data;
	g_autofree char *text = sample(3000000);

	for (gsize at = 0; at < 3000000; at += 300000)
		stream_write(stream, text + at, 300000);
	g_assert_true(stream_flush(stream, NULL));
	return NULL;
}

static void test_stream_much(void)
{
	Pair pair = pair_open();
	g_autofree char *text = sample(3000000);
	g_autofree char *got = g_malloc(3000000);
	GThread *thread = g_thread_new("writer", write_much, pair.theirs);

	g_assert_true(stream_read_exact(pair.ours, got, 3000000, NULL));
	g_thread_join(thread);
	g_assert_cmpmem(got, 3000000, text, 3000000);
	pair_close(&pair);
}

static void test_stream_garbage(void)
{
	int fds[2];
	g_autoptr(GError) error = NULL;
	Bytes line;

	g_assert_cmpint(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	g_autoptr(Stream) stream = stream_new(fds[0]);
	g_assert_true(stream_start_deflate(stream, NULL));
	g_assert_cmpint(write(fds[1], "\xff\xff", 2), ==, 2);
	g_assert_false(stream_read_line(stream, 100, &line, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_CLOSED));
	close(fds[1]);
}

static void test_stream_stop(void)
{
	Pair pair = pair_open();
	Bytes line;

	stream_puts(pair.theirs, "bye\r\n");
	g_assert_true(stream_stop_deflate(pair.theirs, NULL));
	g_assert_true(stream_read_line(pair.ours, 100, &line, NULL));
	g_assert_true(stream_stop_deflate(pair.ours, NULL));
	g_assert_false(stream_is_deflated(pair.ours));
	stream_puts(pair.theirs, "plain\r\n");
	g_assert_true(stream_flush(pair.theirs, NULL));
	g_assert_true(stream_read_line(pair.ours, 100, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "plain", 5);
	pair_close(&pair);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/net/deflate/round-trips", test_round_trips);
	g_test_add_func("/net/deflate/rest-remembers", test_rest_remembers);
	g_test_add_func("/net/deflate/broken", test_broken);
	g_test_add_func("/net/deflate/barren", test_barren);
	g_test_add_func("/net/deflate/end", test_end);
	g_test_add_func("/net/deflate/stream-lines", test_stream_lines);
	g_test_add_func("/net/deflate/stream-bomb", test_stream_bomb);
	g_test_add_func("/net/deflate/stream-much", test_stream_much);
	g_test_add_func("/net/deflate/stream-garbage", test_stream_garbage);
	g_test_add_func("/net/deflate/stream-stop", test_stream_stop);
	return g_test_run();
}
