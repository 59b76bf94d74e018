/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connecting to a server, and why it does not work. */
#include "net/connect.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.h"
#include "net/address.h"

static int listener_new(guint16 *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(bind(fd, (struct sockaddr *)&in, sizeof(in)), ==, 0);
	g_assert_cmpint(listen(fd, 1), ==, 0);
	*port = address_of_socket(fd).port;
	return fd;
}

static void check_connect(const char *host, int listener, guint16 port)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Stream) stream = stream_connect(host, port, 10, &error);
	Bytes line;

	g_assert_no_error(error);
	int server = accept(listener, NULL, NULL);
	g_assert_cmpint(write(server, "hello\r\n", 7), ==, 7);
	g_assert_true(stream_read_line(stream, 100, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "hello", 5);
	close(server);
}

/* A name may have addresses at which nobody listens (::1). */
static void test_connect(void)
{
	guint16 port;
	int listener = listener_new(&port);

	check_connect("127.0.0.1", listener, port);
	check_connect("localhost", listener, port);
	close(listener);
}

static void check_failure(const char *host, guint16 port, const char *why)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strdup_printf(
		"cannot connect to %s port %u: %s", host, port, why);

	g_assert_null(stream_connect(host, port, 10, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
	g_test_message("%s", error->message);
	g_assert_true(g_str_has_prefix(error->message, text));
}

static void test_failures(void)
{
	guint16 port;
	int listener = listener_new(&port);

	close(listener);
	check_failure("127.0.0.1", port, "Connection refused");
	check_failure("no host", port, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	alarm(60);
	g_test_add_func("/net/connect/connect", test_connect);
	g_test_add_func("/net/connect/failures", test_failures);
	return g_test_run();
}
