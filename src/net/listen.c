/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the sockets a server listens on, or takes systemd's. */
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"

/* The kernel cuts it to net.core.somaxconn. */
#define BACKLOG 4096
/* The first descriptor systemd passes. */
#define INHERIT_START 3
#define INHERIT_MAX 64

static void listener_clear(gpointer data)
{
	Listener *listener = data;

	close(listener->fd);
	if (listener->path != NULL)
		unlink(listener->path);
	g_free(listener->path);
}

GArray *listener_array_new(void)
{
	GArray *listeners = g_array_new(FALSE, FALSE, sizeof(Listener));

	g_array_set_clear_func(listeners, listener_clear);
	return listeners;
}

char *listener_describe(const Listener *listener)
{
	char text[ADDRESS_PORT_TEXT_SIZE];
	struct sockaddr_un un = { 0 };
	socklen_t size = sizeof(un);
	Address address = address_of_socket(listener->fd);

	if (address.family == ADDRESS_UNIX &&
		getsockname(listener->fd, (struct sockaddr *)&un, &size) == 0 &&
		un.sun_path[0] != '\0')
		return g_strndup(un.sun_path, sizeof(un.sun_path));
	address_format_port(&address, text);
	return g_strdup(text);
}

static gboolean listen_failed(const char *where, int why, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"cannot listen on %s: %s", where, g_strerror(why));

	dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY, text, "%s", text);
	return FALSE;
}

/* Binds and listens; closes the socket and keeps errno where that fails. */
static int socket_listen(int fd, const struct sockaddr *sa, socklen_t size)
{
	if (bind(fd, sa, size) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int why = errno;
	close(fd);
	errno = why;
	return -1;
}

static int open_tcp(const Address *address)
{
	struct sockaddr_storage sa;
	socklen_t size = address_to_sockaddr(address, &sa);
	gboolean is_v6 = address->family == ADDRESS_V6;
	int on = 1;
	int fd = socket(is_v6 ? AF_INET6 : AF_INET,
		SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (is_v6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	return socket_listen(fd, (struct sockaddr *)&sa, size);
}

/* bindip names ::1 by default, and many machines have no IPv6. */
static gboolean is_missing_ipv6(const Address *address, int why)
{
	return address->family == ADDRESS_V6 &&
		(why == EAFNOSUPPORT || why == EADDRNOTAVAIL);
}

static gboolean add_tcp(
	GArray *listeners, Address address, gboolean is_tls, GError **error)
{
	char where[ADDRESS_PORT_TEXT_SIZE];
	Listener listener = { .fd = open_tcp(&address), .is_tls = is_tls };
	int why = errno;

	address_format_port(&address, where);
	if (listener.fd >= 0) {
		g_array_append_val(listeners, listener);
		return TRUE;
	}
	if (!is_missing_ipv6(&address, why))
		return listen_failed(where, why, error);
	log_event(LOG_LEVEL_WARNING, NULL, "not-listening",
		LOG_STRING("address", where),
		LOG_STRING("error", g_strerror(why)));
	return TRUE;
}

/* A socket file whose process is gone may be removed; one that somebody still
 * answers on, or that is no socket, may not. */
static gboolean remove_stale(const struct sockaddr_un *un)
{
	struct stat status;

	if (lstat(un->sun_path, &status) != 0)
		return errno == ENOENT;
	if (!S_ISSOCK(status.st_mode)) {
		errno = EEXIST;
		return FALSE;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int failed = connect(fd, (const struct sockaddr *)un, sizeof(*un));
	int why = errno;
	close(fd);
	if (failed == 0 || why != ECONNREFUSED) {
		errno = EADDRINUSE;
		return FALSE;
	}
	return unlink(un->sun_path) == 0;
}

static gboolean add_unix(GArray *listeners, const char *path, GError **error)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(un.sun_path) || path[0] != '/') {
		g_autofree char *text =
			g_strdup_printf("socket = %s: must be "
					"an absolute path of at most %u bytes",
				path, (guint)sizeof(un.sun_path) - 1);
		dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
		return FALSE;
	}
	g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
	if (!remove_stale(&un))
		return listen_failed(path, errno, error);
	Listener listener = {
		.fd = socket(
			AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
	};
	if (listener.fd >= 0)
		listener.fd = socket_listen(
			listener.fd, (struct sockaddr *)&un, sizeof(un));
	if (listener.fd < 0)
		return listen_failed(path, errno, error);
	/* As open as the loopback port is; the directory can be less so. */
	if (chmod(path, 0666) != 0)
		log_event(LOG_LEVEL_WARNING, NULL, "socket-mode",
			LOG_STRING("path", path),
			LOG_STRING("error", g_strerror(errno)));
	listener.path = g_strdup(path);
	g_array_append_val(listeners, listener);
	return TRUE;
}

static gboolean nothing_to_listen_on(
	const DaemonSettings *settings, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"[%s] there is nothing to listen on: set bindip and port, "
		"tls_port with tls_cert, or socket",
		settings->section);

	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
	return FALSE;
}

gboolean listen_open(
	const DaemonSettings *settings, GArray *listeners, GError **error)
{
	g_autoptr(GArray) addresses = NULL;
	gboolean has_tls =
		settings->tls_cert != NULL && settings->tls_cert[0] != '\0';
	const struct {
		gint64 port;
		gboolean is_tls;
	} ports[] = {
		{ settings->port, FALSE },
		{ has_tls ? settings->tls_port : 0, TRUE },
	};

	if (!address_list_parse(settings->bindip, &addresses, error))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(ports); i++) {
		for (guint j = 0; j < addresses->len && ports[i].port > 0;
			j++) {
			Address address = g_array_index(addresses, Address, j);
			address.port = (guint16)ports[i].port;
			if (!add_tcp(
				    listeners, address, ports[i].is_tls, error))
				return FALSE;
		}
	}
	if (settings->socket != NULL && settings->socket[0] != '\0' &&
		!add_unix(listeners, settings->socket, error))
		return FALSE;
	return listeners->len > 0 ? TRUE :
				    nothing_to_listen_on(settings, error);
}

/* --- socket activation --------------------------------------------------- */

static guint inherited_count(void)
{
	const char *pid = g_getenv("LISTEN_PID");
	const char *count = g_getenv("LISTEN_FDS");
	guint64 number;

	if (pid == NULL || count == NULL ||
		!text_to_number(bytes_of_string(pid), G_MAXINT32, &number) ||
		(pid_t)number != getpid() ||
		!text_to_number(bytes_of_string(count), INHERIT_MAX, &number))
		return 0;
	return (guint)number;
}

static gboolean is_listening_stream(int fd)
{
	int is_listening = 0, type = 0;
	socklen_t size = sizeof(is_listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) !=
		0)
		return FALSE;
	size = sizeof(type);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
		is_listening != 0 && type == SOCK_STREAM;
}

static gboolean inherit_one(
	GArray *listeners, int fd, const char *name, GError **error)
{
	Listener listener = { .fd = fd };
	g_autofree char *lower = g_ascii_strdown(name, -1);

	if (!is_listening_stream(fd)) {
		g_autofree char *text = g_strdup_printf(
			"descriptor %d (%s) "
			"passed by the service manager is not a listening "
			"stream socket",
			fd, name);
		dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
		return FALSE;
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	listener.is_tls = strstr(lower, "tls") != NULL;
	g_array_append_val(listeners, listener);
	return TRUE;
}

gboolean listen_inherit(GArray *listeners, GError **error)
{
	guint count = inherited_count();
	const char *list = g_getenv("LISTEN_FDNAMES");
	g_auto(GStrv) names = g_strsplit(list != NULL ? list : "", ":", -1);
	guint named = g_strv_length(names);

	g_unsetenv("LISTEN_PID");
	g_unsetenv("LISTEN_FDS");
	g_unsetenv("LISTEN_FDNAMES");
	for (guint i = 0; i < count; i++) {
		const char *name = i < named ? names[i] : "unnamed";
		if (!inherit_one(
			    listeners, INHERIT_START + (int)i, name, error))
			return FALSE;
	}
	return TRUE;
}
