/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PROXY headers: valid and hostile, whole and in pieces. */
#include "net/proxy.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.h"

#define BYTES(s) s, sizeof(s) - 1
#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4_ADDRESSES "\xc0\x00\x02\x01\x0a\x00\x00\x02\x12\x67\x00\x8f"
#define V6_ADDRESSES \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07" \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x08" \
	"\x00\x01\xff\xff"
#define MAPPED_ADDRESSES \
	"\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x01" \
	"\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\x02" \
	"\x00\x01\x00\x02"
#define UNIX_ADDRESS \
	"12345678901234567890123456789012345678901234567890" \
	"12345678901234567890123456789012345678901234567890" \
	"12345678"

static const struct {
	const char *bytes;
	gsize size;
	const char *shown; /* source and destination, or another word */
} valid[] = {
	{ BYTES("PROXY TCP4 192.0.2.1 10.0.0.2 4711 143\r\n"),
		"192.0.2.1:4711 10.0.0.2:143" },
	{ BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"),
		"255.255.255.255:65535 255.255.255.255:65535" },
	{ BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 0 0\r\n"), "1.2.3.4:0 5.6.7.8:0" },
	{ BYTES("PROXY TCP6 2001:db8::7 ::1 1 65535\r\n"),
		"[2001:db8::7]:1 [::1]:65535" },
	{ BYTES("PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n"), "1.2.3.4:1 [::1]:2" },
	{ BYTES("PROXY UNKNOWN\r\n"), "unknown unknown" },
	{ BYTES("PROXY UNKNOWN whatever follows 1 2\r\n"), "unknown unknown" },
	{ BYTES(SIGNATURE "\x21\x11\0\x0c" V4_ADDRESSES),
		"192.0.2.1:4711 10.0.0.2:143" },
	{ BYTES(SIGNATURE "\x21\x21\0\x24" V6_ADDRESSES),
		"[2001:db8::7]:1 [2001:db8::8]:65535" },
	{ BYTES(SIGNATURE "\x21\x21\0\x24" MAPPED_ADDRESSES),
		"127.0.0.1:1 127.0.0.2:2" },
	{ BYTES(SIGNATURE "\x21\x31\0\xd8" UNIX_ADDRESS UNIX_ADDRESS),
		"unix unix" },
	{ BYTES(SIGNATURE "\x21\x00\0\x00"), "unknown unknown" },
	{ BYTES(SIGNATURE "\x21\x00\0\x04\x04\0\x01x"), "unknown unknown" },
	{ BYTES(SIGNATURE "\x20\x00\0\x00"), "local" },
	{ BYTES(SIGNATURE "\x20\x11\0\x03zzz"), "local" },
	{ BYTES(SIGNATURE "\x21\x11\0\x14" V4_ADDRESSES
			  "\x20\0\x05\x01\0\0\0\0"),
		"192.0.2.1:4711 10.0.0.2:143 tls" },
	{ BYTES(SIGNATURE "\x21\x11\0\x14" V4_ADDRESSES
			  "\x20\0\x05\x02\0\0\0\0"),
		"192.0.2.1:4711 10.0.0.2:143" },
	{ BYTES(SIGNATURE "\x21\x11\0\x13" V4_ADDRESSES "\x03\0\x04"
			  "\x95\xd0\x9c\xed"),
		"192.0.2.1:4711 10.0.0.2:143" },
};

static const struct {
	const char *bytes;
	gsize size;
} hostile[] = {
	{ BYTES("GET / HTTP/1.0\r\n") },
	{ BYTES("proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n") },
	{ BYTES("\x16\x03\x01\x02\x00") },
	{ BYTES(" PROXY UNKNOWN\r\n") },
	{ BYTES("PROXY  UNKNOWN\r\n") },
	{ BYTES("PROXY UNKNOWN\n\n\n") },
	{ BYTES("PROXY UNKNOWNX\r\n") },
	{ BYTES("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n") },
	{ BYTES("PROXY TCP4\r\n\r\n\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n") },
	{ BYTES("PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4  5.6.7.8 1 2\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 99999\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4.5 5.6.7.8 1 2\r\n") },
	{ BYTES("PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n") },
	{ BYTES("PROXY TCP4 ::1 ::1 1 2\r\n") },
	{ BYTES("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n") },
	{ BYTES("PROXY TCP6 :::1 ::1 1 2\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4\0 5.6.7.8 1 2\r\n") },
	{ BYTES("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\rx\n") },
	{ BYTES("PROXY UNKNOWN 34567890123456789012345678901234567890123456"
		"789012345678901234567890123456789012345678901234567\r\n") },
	{ BYTES("\r\n\r\n\0\r\nQUIT\r") },
	{ BYTES(SIGNATURE "\x11\x11\0\x0c" V4_ADDRESSES) },
	{ BYTES(SIGNATURE "\x22\x11\0\x0c" V4_ADDRESSES) },
	{ BYTES(SIGNATURE "\x21\x12\0\x0c" V4_ADDRESSES) },
	{ BYTES(SIGNATURE "\x21\x41\0\x0c" V4_ADDRESSES) },
	{ BYTES(SIGNATURE "\x21\x11\0\x0b" V4_ADDRESSES) },
	{ BYTES(SIGNATURE "\x21\x21\0\x0c" V4_ADDRESSES) },
	{ BYTES(SIGNATURE "\x21\x31\0\x24" V6_ADDRESSES) },
	{ BYTES(SIGNATURE "\x21\x11\xff\xff" V4_ADDRESSES) },
	{ BYTES(SIGNATURE "\x20\x00\x0f\xf1") },
	{ BYTES(SIGNATURE "\x21\x11\0\x0d" V4_ADDRESSES "\x04") },
	{ BYTES(SIGNATURE "\x21\x11\0\x0f" V4_ADDRESSES "\x04\0\x01") },
	{ BYTES(SIGNATURE "\x21\x11\0\x10" V4_ADDRESSES "\x20\0\x01\x01") },
	{ BYTES(SIGNATURE "\x21\x11\0\x13" V4_ADDRESSES "\x03\0\x04"
			  "\x95\xd0\x9c\xec") },
	{ BYTES(SIGNATURE "\x21\x11\0\x12" V4_ADDRESSES "\x03\0\x03xyz") },
};

static char *show(const ProxyHeader *header)
{
	char source[ADDRESS_PORT_TEXT_SIZE];
	char destination[ADDRESS_PORT_TEXT_SIZE];

	if (header->is_local)
		return g_strdup("local");
	address_format_port(&header->source, source);
	address_format_port(&header->destination, destination);
	return g_strdup_printf(
		"%s %s%s", source, destination, header->has_tls ? " tls" : "");
}

static void test_valid(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(valid); i++) {
		g_autofree char *more = g_malloc(valid[i].size + 5);
		g_autofree char *shown = NULL;
		ProxyHeader header;
		memcpy(more, valid[i].bytes, valid[i].size);
		memcpy(more + valid[i].size, "NOOP\n", 5);
		g_test_message("valid %zu", i);
		g_assert_cmpint(
			proxy_parse(bytes_of(more, valid[i].size + 5), &header),
			==, PROXY_DONE);
		g_assert_cmpuint(header.size, ==, valid[i].size);
		shown = show(&header);
		g_assert_cmpstr(shown, ==, valid[i].shown);
	}
}

/* Every beginning of a header asks for more, and never for more than the
 * header has. */
static void test_beginnings(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(valid); i++) {
		for (gsize size = 0; size < valid[i].size; size++) {
			/* A copy of that size, so that a look past its end is
			 * seen by the sanitizers. */
			g_autofree char *part = g_memdup2(valid[i].bytes, size);
			ProxyHeader header;
			g_assert_cmpint(
				proxy_parse(bytes_of(part, size), &header), ==,
				PROXY_INCOMPLETE);
			g_assert_cmpuint(header.size, >, size);
			g_assert_cmpuint(header.size, <=, valid[i].size);
		}
	}
}

static void test_hostile(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(hostile); i++) {
		g_autofree char *bytes =
			g_memdup2(hostile[i].bytes, hostile[i].size);
		ProxyHeader header;
		g_test_message("hostile %zu", i);
		g_assert_cmpint(
			proxy_parse(bytes_of(bytes, hostile[i].size), &header),
			==, PROXY_INVALID);
	}
}

static Stream *stream_with(const char *bytes, gsize size, int *peer)
{
	int fds[2];

	g_assert_cmpint(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	g_assert_cmpint(write(fds[1], bytes, size), ==, (gssize)size);
	*peer = fds[1];
	return stream_new(fds[0]);
}

/* What follows the header stays for whoever reads next. */
static void test_read(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(valid); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *shown = NULL;
		ProxyHeader header;
		char next[5];
		int peer;
		Stream *stream =
			stream_with(valid[i].bytes, valid[i].size, &peer);
		g_assert_cmpint(write(peer, "NOOP\n", 5), ==, 5);
		g_assert_true(proxy_read(stream, &header, &error));
		shown = show(&header);
		g_assert_cmpstr(shown, ==, valid[i].shown);
		g_assert_false(stream_has_input(stream));
		g_assert_true(stream_read_unbuffered(stream, next, 5, &error));
		g_assert_cmpmem(next, 5, "NOOP\n", 5);
		stream_free(&stream);
		close(peer);
	}
}

static void test_read_hostile(void)
{
	g_autoptr(GError) error = NULL;
	ProxyHeader header;
	int peer;
	Stream *stream = stream_with(BYTES("EHLO example.org\r\n"), &peer);

	g_assert_false(proxy_read(stream, &header, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	stream_free(&stream);
	close(peer);
}

static void test_read_cut_short(void)
{
	g_autoptr(GError) error = NULL;
	ProxyHeader header;
	int peer;
	Stream *stream = stream_with(BYTES("PROXY TCP4 192.0.2.1"), &peer);

	close(peer);
	g_assert_false(proxy_read(stream, &header, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_CLOSED));
	stream_free(&stream);
}

static void test_read_silent(void)
{
	g_autoptr(GError) error = NULL;
	ProxyHeader header;
	int peer;
	Stream *stream = stream_with(BYTES("PROXY TCP4 192.0.2.1"), &peer);

	stream_set_timeout(stream, 1);
	g_assert_false(proxy_read(stream, &header, &error));
	g_assert_true(stream_timed_out(stream));
	stream_free(&stream);
	close(peer);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* A test that hangs has failed. */
	alarm(120);
	g_test_add_func("/net/proxy/valid", test_valid);
	g_test_add_func("/net/proxy/beginnings", test_beginnings);
	g_test_add_func("/net/proxy/hostile", test_hostile);
	g_test_add_func("/net/proxy/read", test_read);
	g_test_add_func("/net/proxy/read-hostile", test_read_hostile);
	g_test_add_func("/net/proxy/read-cut-short", test_read_cut_short);
	g_test_add_func("/net/proxy/read-silent", test_read_silent);
	return g_test_run();
}
