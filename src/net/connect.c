/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection to a server elsewhere, for daemons that are clients as well. */
#include "net/connect.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.h"

static int wait_connected(int fd, guint seconds)
{
	gint64 end = g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC;
	struct pollfd wanted = { .fd = fd, .events = POLLOUT };
	int failure = 0;
	socklen_t size = sizeof(failure);

	for (;;) {
		gint64 left = (end - g_get_monotonic_time() + 999) / 1000;
		if (left <= 0)
			return ETIMEDOUT;
		if (poll(&wanted, 1, (int)MIN(left, G_MAXINT)) > 0)
			break;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0)
		return errno;
	return failure;
}

/* The descriptor, or -1 with errno. */
static int connect_address(const struct addrinfo *info, guint seconds)
{
	int fd = socket(info->ai_family,
		info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		info->ai_protocol);

	if (fd < 0)
		return -1;
	int failure =
		connect(fd, info->ai_addr, info->ai_addrlen) == 0 ? 0 : errno;
	if (failure == EINPROGRESS || failure == EINTR)
		failure = wait_connected(fd, seconds);
	if (failure == 0)
		return fd;
	close(fd);
	errno = failure;
	return -1;
}

Stream *stream_connect(
	const char *host, guint16 port, guint seconds, GError **error)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	g_autofree char *service = g_strdup_printf("%u", port);
	struct addrinfo *all = NULL;
	int found = getaddrinfo(host, service, &hints, &all);
	const char *why = found != 0 ? gai_strerror(found) : "no address";

	for (const struct addrinfo *at = all; at != NULL; at = at->ai_next) {
		int fd = connect_address(at, seconds);
		if (fd >= 0) {
			freeaddrinfo(all);
			return stream_new(fd);
		}
		why = g_strerror(errno);
	}
	if (all != NULL)
		freeaddrinfo(all);
	g_autofree char *text = g_strdup_printf(
		"cannot connect to %s port %u: %s", host, port, why);
	dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY, text, "%s", text);
	return NULL;
}
