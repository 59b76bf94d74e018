/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams over socket pairs: lines, bytes, output, deadlines, drain. */
#include "net/stream.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.h"

/* A stream and the socket of its peer. */
typedef struct {
	Stream *stream;
	int peer;
} Pair;

static Pair pair_open(void)
{
	int fds[2];

	g_assert_cmpint(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	return (Pair){ stream_new(fds[0]), fds[1] };
}

static void pair_close(Pair *pair)
{
	stream_free(&pair->stream);
	g_assert_null(pair->stream);
	if (pair->peer >= 0)
		close(pair->peer);
}

static void peer_send(Pair *pair, const char *data, gsize size)
{
	while (size > 0) {
		gssize n = write(pair->peer, data, size);
		g_assert_cmpint(n, >, 0);
		data += n;
		size -= (gsize)n;
	}
}

static void peer_puts(Pair *pair, const char *text)
{
	peer_send(pair, text, strlen(text));
}

static void peer_end(Pair *pair)
{
	close(pair->peer);
	pair->peer = -1;
}

/* What has arrived at the peer, without waiting. */
static char *peer_take(Pair *pair)
{
	g_autofree char *data = g_malloc0(65536);
	gssize n = recv(pair->peer, data, 65535, MSG_DONTWAIT);

	return g_strndup(data, n > 0 ? (gsize)n : 0);
}

static void assert_code(GError **error, DbmailErrorCode code)
{
	g_assert_nonnull(*error);
	g_assert_cmpint(dbmail_error_code(*error), ==, code);
	g_clear_error(error);
}

#define MAX_LINE 10
#define LIMIT_SHOWN "<too long>"

static const struct {
	const char *input;
	gsize size;
	const char *lines[6]; /* what is read with a limit of 10 */
} line_tests[] = {
#define INPUT(s) s, sizeof(s) - 1
	{ INPUT("a\r\nb\nc\r\n"), { "a", "b", "c" } },
	{ INPUT("\r\n\n\r\n"), { "", "", "" } },
	{ INPUT("a\rb\r\r\n"), { "a\rb\r" } },
	{ INPUT("1234567890\r\nx\r\n"), { "1234567890", "x" } },
	{ INPUT("1234567890\nx\n"), { "1234567890", "x" } },
	{ INPUT("12345678901\nx\n"), { LIMIT_SHOWN, "x" } },
	{ INPUT("12345678901\r\nx\r\n"), { LIMIT_SHOWN, "x" } },
	{ INPUT("1234567890\rx\nx\n"), { LIMIT_SHOWN, "x" } },
	{ INPUT("123456789012345678901234567890\r\nNOOP\r\n1\n"),
		{ LIMIT_SHOWN, "NOOP", "1" } },
	{ INPUT("12345678901\n12345678901\n\n"),
		{ LIMIT_SHOWN, LIMIT_SHOWN, "" } },
	{ INPUT("no end"), { NULL } },
	{ INPUT("a\r\nno end"), { "a" } },
};

static void check_lines(Pair *pair, const char *const *lines)
{
	for (; *lines != NULL; lines++) {
		g_autoptr(GError) error = NULL;
		Bytes line;
		if (g_str_equal(*lines, LIMIT_SHOWN)) {
			g_assert_false(stream_read_line(
				pair->stream, MAX_LINE, &line, &error));
			assert_code(&error, DBMAIL_ERROR_LIMIT);
			continue;
		}
		g_assert_true(stream_read_line(
			pair->stream, MAX_LINE, &line, &error));
		g_assert_no_error(error);
		g_assert_cmpmem(line.data, line.size, *lines, strlen(*lines));
	}
}

static void check_end(Pair *pair)
{
	g_autoptr(GError) error = NULL;
	Bytes line;

	g_assert_false(stream_read_line(pair->stream, MAX_LINE, &line, &error));
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	g_assert_true(stream_peer_closed(pair->stream));
	g_assert_false(stream_timed_out(pair->stream));
	g_assert_false(stream_draining(pair->stream));
}

static void test_lines(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(line_tests); i++) {
		Pair pair = pair_open();
		peer_send(&pair, line_tests[i].input, line_tests[i].size);
		peer_end(&pair);
		check_lines(&pair, line_tests[i].lines);
		check_end(&pair);
		pair_close(&pair);
	}
}

/* The same input, each byte in a packet of its own. */
typedef struct {
	int fd;
	const char *data;
	gsize size;
} Drip;

static gpointer drip_main(gpointer data)
{
	Drip *drip = data;

	for (gsize i = 0; i < drip->size; i++) {
		g_assert_cmpint(write(drip->fd, drip->data + i, 1), ==, 1);
		if (i % 3 == 0)
			g_thread_yield();
	}
	close(drip->fd);
	return NULL;
}

static void test_lines_dripping(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(line_tests); i++) {
		Pair pair = pair_open();
		Drip drip = { pair.peer, line_tests[i].input,
			line_tests[i].size };
		pair.peer = -1;
		g_autoptr(GThread) thread =
			g_thread_new("drip", drip_main, &drip);
		check_lines(&pair, line_tests[i].lines);
		check_end(&pair);
		g_thread_join(g_steal_pointer(&thread));
		pair_close(&pair);
	}
}

static void test_nul_in_line(void)
{
	Pair pair = pair_open();
	Bytes line;

	peer_send(&pair, "a\0b\r\n", 5);
	g_assert_true(stream_read_line(pair.stream, 10, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "a\0b", 3);
	pair_close(&pair);
}

/* Far more than the limit: memory must not grow with it. */
static gpointer long_line_main(gpointer data)
{
	Pair *pair = data;
	g_autofree char *block = g_malloc(65536);

	memset(block, 'x', 65536);
	for (int i = 0; i < 256; i++)
		peer_send(pair, block, 65536);
	peer_puts(pair, "\r\nnext\r\n");
	return NULL;
}

static void test_very_long_line(void)
{
	g_autoptr(GError) error = NULL;
	Pair pair = pair_open();
	g_autoptr(GThread) thread = g_thread_new("long", long_line_main, &pair);
	Bytes line;

	g_assert_false(stream_read_line(pair.stream, 8192, &line, &error));
	assert_code(&error, DBMAIL_ERROR_LIMIT);
	g_assert_true(stream_read_line(pair.stream, 8192, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "next", 4);
	g_thread_join(g_steal_pointer(&thread));
	pair_close(&pair);
}

/* A line longer than any first buffer, within its limit, after others. */
static void test_growing_line(void)
{
	g_autoptr(GError) error = NULL;
	Pair pair = pair_open();
	g_autoptr(GString) text = g_string_new("first\r\n");
	Bytes line;

	for (int i = 0; i < 100000; i++)
		g_string_append_c(text, (char)('a' + i % 26));
	g_string_append(text, "\r\nlast\r\n");
	int size = 1 << 20;
	setsockopt(pair.peer, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	peer_send(&pair, text->str, text->len);
	g_assert_true(stream_read_line(pair.stream, 100000, &line, &error));
	g_assert_cmpmem(line.data, line.size, "first", 5);
	g_assert_true(stream_read_line(pair.stream, 100000, &line, &error));
	g_assert_cmpmem(line.data, line.size, text->str + 7, 100000);
	g_assert_true(stream_read_line(pair.stream, 100000, &line, &error));
	g_assert_cmpmem(line.data, line.size, "last", 4);
	pair_close(&pair);
}

static void test_fill_consume(void)
{
	Pair pair = pair_open();
	Bytes seen, line;

	g_assert_false(stream_has_input(pair.stream));
	peer_puts(&pair, "abcdef");
	g_assert_true(stream_fill(pair.stream, &seen, NULL));
	g_assert_cmpmem(seen.data, seen.size, "abcdef", 6);
	stream_consume(pair.stream, 4);
	g_assert_true(stream_has_input(pair.stream));
	g_assert_true(stream_fill(pair.stream, &seen, NULL));
	g_assert_cmpmem(seen.data, seen.size, "ef", 2);
	peer_puts(&pair, "gh\r\n");
	g_assert_true(stream_fill_more(pair.stream, 2, &seen, NULL));
	g_assert_cmpmem(seen.data, seen.size, "efgh\r\n", 6);
	stream_consume(pair.stream, 1);
	g_assert_true(stream_read_line(pair.stream, 10, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "fgh", 3);
	g_assert_false(stream_has_input(pair.stream));
	pair_close(&pair);
}

/* The sum of the sizes below, and 1000 skipped after each. */
#define NUMBERS (156395 + 8 * 1000)

static gpointer numbers_main(gpointer data)
{
	Pair *pair = data;
	g_autofree char *block = g_malloc(NUMBERS);

	for (int i = 0; i < NUMBERS; i++)
		block[i] = (char)(i % 251);
	peer_send(pair, block, NUMBERS);
	return NULL;
}

static void test_read_exact(void)
{
	static const gsize sizes[] = { 1, 2, 16384, 0, 40000, 5, 100000, 3 };
	Pair pair = pair_open();
	g_autoptr(GThread) thread =
		g_thread_new("numbers", numbers_main, &pair);
	g_autofree char *out = g_malloc(100000);
	gsize at = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_assert_true(
			stream_read_exact(pair.stream, out, sizes[i], NULL));
		for (gsize j = 0; j < sizes[i]; j++)
			g_assert_cmpint(out[j], ==, (char)((at + j) % 251));
		at += sizes[i];
		g_assert_true(stream_skip(pair.stream, 1000, NULL));
		at += 1000;
	}
	g_assert_cmpuint(at, ==, NUMBERS);
	g_thread_join(g_steal_pointer(&thread));
	pair_close(&pair);
}

static void test_exact_cut_short(void)
{
	g_autoptr(GError) error = NULL;
	Pair pair = pair_open();
	char out[10];

	peer_puts(&pair, "short");
	peer_end(&pair);
	g_assert_false(stream_read_exact(pair.stream, out, 10, &error));
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	g_assert_false(stream_skip(pair.stream, 1, &error));
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	pair_close(&pair);
}

static void test_unbuffered(void)
{
	Pair pair = pair_open();
	char out[3];
	Bytes line;

	peer_puts(&pair, "abcdef\n");
	g_assert_true(stream_read_unbuffered(pair.stream, out, 3, NULL));
	g_assert_cmpmem(out, 3, "abc", 3);
	g_assert_false(stream_has_input(pair.stream));
	g_assert_true(stream_read_line(pair.stream, 10, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "def", 3);
	pair_close(&pair);
}

/* The replies to a batch leave together, and only once there is nothing more
 * to read. */
static void test_pipelining(void)
{
	Pair pair = pair_open();
	g_autofree char *before = NULL, *after = NULL;
	Bytes line;

	stream_set_timeout(pair.stream, 1);
	peer_puts(&pair, "one\r\ntwo\r\nthree\r\n");
	for (int i = 0; i < 3; i++) {
		g_assert_true(stream_read_line(pair.stream, 10, &line, NULL));
		stream_printf(
			pair.stream, "%.*s ok\r\n", (int)line.size, line.data);
	}
	before = peer_take(&pair);
	g_assert_cmpstr(before, ==, "");
	g_assert_false(stream_read_line(pair.stream, 10, &line, NULL));
	after = peer_take(&pair);
	g_assert_cmpstr(after, ==, "one ok\r\ntwo ok\r\nthree ok\r\n");
	pair_close(&pair);
}

static void test_timeout(void)
{
	g_autoptr(GError) error = NULL;
	Pair pair = pair_open();
	g_autofree char *bye = NULL;
	Bytes line;
	gint64 begin = g_get_monotonic_time();

	stream_set_timeout(pair.stream, 1);
	peer_puts(&pair, "half a li");
	g_assert_false(stream_read_line(pair.stream, 100, &line, &error));
	gint64 took = g_get_monotonic_time() - begin;
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	g_assert_true(stream_timed_out(pair.stream));
	g_assert_false(stream_peer_closed(pair.stream));
	g_assert_cmpint(took, >=, G_USEC_PER_SEC * 9 / 10);
	g_assert_cmpint(took, <, G_USEC_PER_SEC * 60);
	stream_puts(pair.stream, "bye\r\n");
	g_assert_true(stream_flush(pair.stream, &error));
	bye = peer_take(&pair);
	g_assert_cmpstr(bye, ==, "bye\r\n");
	pair_close(&pair);
}

/* A byte now and then does not keep a line alive. */
static gpointer trickle_main(gpointer data)
{
	Pair *pair = data;

	while (send(pair->peer, "x", 1, MSG_NOSIGNAL) == 1) {
		struct pollfd fd = { .fd = pair->peer };
		if (poll(&fd, 1, 200) != 0)
			break;
	}
	return NULL;
}

static void test_trickle(void)
{
	g_autoptr(GError) error = NULL;
	Pair pair = pair_open();
	g_autoptr(GThread) thread =
		g_thread_new("trickle", trickle_main, &pair);
	gint64 begin = g_get_monotonic_time();
	Bytes line;

	stream_set_timeout(pair.stream, 1);
	g_assert_false(stream_read_line(pair.stream, 1000, &line, &error));
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	g_assert_true(stream_timed_out(pair.stream));
	g_assert_cmpint(g_get_monotonic_time() - begin, <, 60 * G_USEC_PER_SEC);
	stream_free(&pair.stream);
	g_thread_join(g_steal_pointer(&thread));
	pair_close(&pair);
}

/* A deadline of the session ends even one that talks all the time. */
static gpointer chatter_main(gpointer data)
{
	Pair *pair = data;

	while (send(pair->peer, "NOOP\r\n", 6, MSG_NOSIGNAL) == 6)
		;
	return NULL;
}

static void test_deadline(void)
{
	g_autoptr(GError) error = NULL;
	Pair pair = pair_open();
	g_autoptr(GThread) thread =
		g_thread_new("chatter", chatter_main, &pair);
	gint64 begin = g_get_monotonic_time();
	Bytes line;

	stream_set_deadline(pair.stream, 1);
	while (stream_read_line(pair.stream, 1000, &line, &error))
		g_assert_cmpmem(line.data, line.size, "NOOP", 4);
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	g_assert_true(stream_timed_out(pair.stream));
	g_assert_cmpint(g_get_monotonic_time() - begin, <, 60 * G_USEC_PER_SEC);
	stream_set_deadline(pair.stream, 0);
	g_assert_true(stream_read_line(pair.stream, 1000, &line, &error));
	stream_free(&pair.stream);
	g_thread_join(g_steal_pointer(&thread));
	pair_close(&pair);
}

/* A peer that takes nothing: the write ends, and everything after it. */
static void test_write_timeout(void)
{
	g_autoptr(GError) error = NULL;
	Pair pair = pair_open();
	g_autofree char *data = g_malloc0(4 << 20);
	Bytes line;

	stream_set_timeout(pair.stream, 1);
	stream_write(pair.stream, data, 4 << 20);
	g_assert_true(stream_failed(pair.stream));
	g_assert_true(stream_timed_out(pair.stream));
	g_assert_false(stream_flush(pair.stream, &error));
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	stream_puts(pair.stream, "more");
	g_assert_false(stream_read_line(pair.stream, 10, &line, &error));
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	pair_close(&pair);
}

static void test_write_to_closed(void)
{
	g_autoptr(GError) error = NULL;
	Pair pair = pair_open();

	peer_end(&pair);
	stream_puts(pair.stream, "hello\r\n");
	g_assert_false(stream_failed(pair.stream));
	g_assert_false(stream_flush(pair.stream, &error));
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	g_assert_true(stream_peer_closed(pair.stream));
	g_assert_false(stream_timed_out(pair.stream));
	pair_close(&pair);
}

typedef struct {
	int fd;
	GByteArray *all;
} Collect;

static gpointer collect_main(gpointer data)
{
	Collect *collect = data;
	guint8 block[5000];
	gssize n;

	while ((n = read(collect->fd, block, sizeof(block))) > 0)
		g_byte_array_append(collect->all, block, (guint)n);
	return NULL;
}

/* Pieces of all sizes arrive in order and whole, however they were sent. */
static void test_output_sizes(void)
{
	static const gsize sizes[] = { 1, 16383, 1, 16384, 16385, 0, 5, 1 << 20,
		3, 16384, 70000, 2, 100 };
	Pair pair = pair_open();
	Collect collect = { pair.peer, g_byte_array_new() };
	g_autoptr(GThread) thread =
		g_thread_new("collect", collect_main, &collect);
	g_autoptr(GByteArray) sent = g_byte_array_new();

	for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autofree char *data = g_malloc(sizes[i] + 1);
		for (gsize j = 0; j < sizes[i]; j++)
			data[j] = (char)((i * 7 + j) % 253);
		stream_write(pair.stream, data, sizes[i]);
		if (sizes[i] > 0)
			g_byte_array_append(
				sent, (guint8 *)data, (guint)sizes[i]);
	}
	g_autofree char *name = g_strnfill(2000, 'n');
	stream_printf(pair.stream, "%s=%d", name, 7);
	g_byte_array_append(sent, (guint8 *)name, 2000);
	g_byte_array_append(sent, (const guint8 *)"=7", 2);
	g_assert_true(stream_flush(pair.stream, NULL));
	stream_free(&pair.stream);
	g_thread_join(g_steal_pointer(&thread));
	g_assert_cmpmem(
		collect.all->data, collect.all->len, sent->data, sent->len);
	g_byte_array_unref(collect.all);
	pair_close(&pair);
}

static void test_wait(void)
{
	Pair pair = pair_open();
	StreamDrain drain = { .fd = eventfd(0, EFD_CLOEXEC) };
	int other = eventfd(0, EFD_CLOEXEC);
	g_autofree char *sent = NULL;
	eventfd_t count;
	Bytes line;

	stream_set_drain(pair.stream, &drain);
	stream_puts(pair.stream, "+ idling\r\n");
	g_assert_cmpint(
		stream_wait(pair.stream, other, 20), ==, STREAM_WAIT_TIMEOUT);
	sent = peer_take(&pair);
	g_assert_cmpstr(sent, ==, "+ idling\r\n");
	eventfd_write(other, 1);
	g_assert_cmpint(
		stream_wait(pair.stream, other, -1), ==, STREAM_WAIT_OTHER);
	eventfd_read(other, &count);
	peer_puts(&pair, "DONE\r\n");
	g_assert_cmpint(
		stream_wait(pair.stream, other, -1), ==, STREAM_WAIT_INPUT);
	g_assert_true(stream_read_line(pair.stream, 10, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "DONE", 4);
	peer_puts(&pair, "more\r\n");
	g_atomic_int_set(&drain.active, 1);
	eventfd_write(drain.fd, 1);
	eventfd_write(other, 1);
	g_assert_cmpint(
		stream_wait(pair.stream, other, -1), ==, STREAM_WAIT_DRAIN);
	stream_set_drain(pair.stream, NULL);
	peer_end(&pair);
	g_assert_cmpint(
		stream_wait(pair.stream, -1, -1), ==, STREAM_WAIT_INPUT);
	g_assert_true(stream_read_line(pair.stream, 10, &line, NULL));
	g_assert_cmpint(
		stream_wait(pair.stream, -1, -1), ==, STREAM_WAIT_INPUT);
	g_assert_false(stream_read_line(pair.stream, 10, &line, NULL));
	close(other);
	close(drain.fd);
	pair_close(&pair);
}

/* What has arrived is served first, a line in the middle is waited for, and
 * then the wait for a command ends. */
static gpointer drain_main(gpointer data)
{
	StreamDrain *drain = data;

	g_usleep(50000);
	g_atomic_int_set(&drain->active, 1);
	eventfd_write(drain->fd, 1);
	return NULL;
}

static void test_drain(void)
{
	g_autoptr(GError) error = NULL;
	Pair pair = pair_open();
	StreamDrain drain = { .fd = eventfd(0, EFD_CLOEXEC) };
	g_autofree char *bye = NULL;
	Bytes line;

	stream_set_drain(pair.stream, &drain);
	g_autoptr(GThread) thread = g_thread_new("drain", drain_main, &drain);
	g_assert_false(stream_read_command(pair.stream, 100, &line, &error));
	g_thread_join(g_steal_pointer(&thread));
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	g_assert_true(stream_draining(pair.stream));
	g_assert_false(stream_peer_closed(pair.stream));
	g_assert_false(stream_timed_out(pair.stream));
	stream_puts(pair.stream, "* BYE\r\n");
	g_assert_true(stream_flush(pair.stream, NULL));
	bye = peer_take(&pair);
	g_assert_cmpstr(bye, ==, "* BYE\r\n");
	close(drain.fd);
	pair_close(&pair);
}

static void test_drain_serves_what_came(void)
{
	g_autoptr(GError) error = NULL;
	Pair pair = pair_open();
	StreamDrain drain = { .fd = eventfd(0, EFD_CLOEXEC) };
	char literal[5];
	Bytes line;

	stream_set_drain(pair.stream, &drain);
	peer_puts(&pair, "one {5}\r\ntwo\r\n");
	g_assert_true(stream_read_command(pair.stream, 100, &line, &error));
	g_atomic_int_set(&drain.active, 1);
	eventfd_write(drain.fd, 1);
	g_assert_true(stream_read_command(pair.stream, 100, &line, &error));
	g_assert_cmpmem(line.data, line.size, "two", 3);
	peer_puts(&pair, "12345");
	g_assert_true(stream_read_exact(pair.stream, literal, 5, &error));
	peer_puts(&pair, "rest\r\n");
	g_assert_true(stream_read_line(pair.stream, 100, &line, &error));
	g_assert_false(stream_read_command(pair.stream, 100, &line, &error));
	assert_code(&error, DBMAIL_ERROR_CLOSED);
	close(drain.fd);
	pair_close(&pair);
}

/* A line stays valid while its answer is written to a slow peer. */
static gpointer slow_reader_main(gpointer data)
{
	Collect *collect = data;

	g_usleep(1500000);
	return collect_main(collect);
}

static void test_line_outlives_slow_write(void)
{
	Pair pair = pair_open();
	Collect collect = { pair.peer, g_byte_array_new() };
	g_autofree char *data = g_malloc0(4 << 20);
	Bytes line;

	peer_puts(&pair, "A1 FETCH\r\n");
	g_assert_true(stream_read_line(pair.stream, 100, &line, NULL));
	g_autoptr(GThread) thread =
		g_thread_new("slow", slow_reader_main, &collect);
	stream_write(pair.stream, data, 4 << 20);
	g_assert_cmpmem(line.data, line.size, "A1 FETCH", 8);
	stream_free(&pair.stream);
	g_thread_join(g_steal_pointer(&thread));
	g_byte_array_unref(collect.all);
	pair_close(&pair);
}

/* After a second of idling the buffers are gone and come back. */
static void test_idle_and_on(void)
{
	Pair pair = pair_open();
	Bytes line;

	peer_puts(&pair, "one\r\n");
	g_assert_true(stream_read_command(pair.stream, 100, &line, NULL));
	stream_puts(pair.stream, "ok\r\n");
	g_assert_cmpint(
		stream_wait(pair.stream, -1, 1100), ==, STREAM_WAIT_TIMEOUT);
	peer_puts(&pair, "two\r\n");
	g_assert_true(stream_read_command(pair.stream, 100, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "two", 3);
	stream_puts(pair.stream, "ok\r\n");
	g_assert_true(stream_flush(pair.stream, NULL));
	pair_close(&pair);
}

/* Whatever the peer still sends, it reads the last line before the end. */
static void test_finish(void)
{
	Pair pair = pair_open();
	g_autofree char *bye = NULL;

	peer_puts(&pair, "noise that nobody reads\r\n");
	stream_puts(pair.stream, "BYE\r\n");
	shutdown(pair.peer, SHUT_WR);
	stream_finish(pair.stream);
	stream_free(&pair.stream);
	bye = peer_take(&pair);
	g_assert_cmpstr(bye, ==, "BYE\r\n");
	pair_close(&pair);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* A test that hangs has failed. */
	alarm(120);
	signal(SIGPIPE, SIG_IGN);
	g_test_add_func("/net/stream/lines", test_lines);
	g_test_add_func("/net/stream/lines-dripping", test_lines_dripping);
	g_test_add_func("/net/stream/nul-in-line", test_nul_in_line);
	g_test_add_func("/net/stream/very-long-line", test_very_long_line);
	g_test_add_func("/net/stream/growing-line", test_growing_line);
	g_test_add_func("/net/stream/fill-consume", test_fill_consume);
	g_test_add_func("/net/stream/read-exact", test_read_exact);
	g_test_add_func("/net/stream/exact-cut-short", test_exact_cut_short);
	g_test_add_func("/net/stream/unbuffered", test_unbuffered);
	g_test_add_func("/net/stream/pipelining", test_pipelining);
	g_test_add_func("/net/stream/timeout", test_timeout);
	g_test_add_func("/net/stream/trickle", test_trickle);
	g_test_add_func("/net/stream/deadline", test_deadline);
	g_test_add_func("/net/stream/write-timeout", test_write_timeout);
	g_test_add_func("/net/stream/write-to-closed", test_write_to_closed);
	g_test_add_func("/net/stream/output-sizes", test_output_sizes);
	g_test_add_func("/net/stream/wait", test_wait);
	g_test_add_func("/net/stream/drain", test_drain);
	g_test_add_func("/net/stream/drain-serves-what-came",
		test_drain_serves_what_came);
	g_test_add_func("/net/stream/line-outlives-slow-write",
		test_line_outlives_slow_write);
	g_test_add_func("/net/stream/idle-and-on", test_idle_and_on);
	g_test_add_func("/net/stream/finish", test_finish);
	return g_test_run();
}
