/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens the sockets a server listens on, or takes systemd's. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include <glib.h>

#include "base/settings.h"
#include "net/address.h"

typedef struct {
	int fd;
	gboolean is_tls; /* TLS starts at once */
	char *path; /* of a unix socket that goes when it is closed, or NULL */
} Listener;

/* An empty array of Listener that closes them when it is freed. */
GArray *listener_array_new(void) G_GNUC_WARN_UNUSED_RESULT;

/* Adds the sockets of bindip, port, tls_port and socket, non-blocking.  An
 * IPv6 address on a machine without IPv6 is logged and skipped.  INVALID for
 * a wrong setting, TEMPORARY where an address is in use or not to be had,
 * with a text naming it. */
gboolean listen_open(const DaemonSettings *settings, GArray *listeners,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds the sockets that systemd passed to this process (sd_listen_fds(3)) and
 * removes the variables that said so from the environment.  Without them it
 * adds none.  INVALID where one is not a listening stream socket. */
gboolean listen_inherit(GArray *listeners, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* "127.0.0.1:143" or a path, for the log.  Free with g_free. */
char *listener_describe(const Listener *listener) G_GNUC_WARN_UNUSED_RESULT;

#endif
