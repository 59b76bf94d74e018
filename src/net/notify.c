/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the service manager how the daemon is (sd_notify(3)). */
#include "net/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify_send(const char *format, ...)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const char *path = g_getenv("NOTIFY_SOCKET");
	va_list args;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
		strlen(path) >= sizeof(un.sun_path))
		return;
	g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
		strlen(path));
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	va_start(args, format);
	g_autofree char *text = g_strdup_vprintf(format, args);
	va_end(args);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL,
		(struct sockaddr *)&un, size);
	close(fd);
}
