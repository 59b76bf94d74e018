/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listening sockets and one thread per connection. */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include <glib.h>

#include "base/log.h"
#include "base/settings.h"
#include "net/stream.h"
#include "net/tls.h"

/* What a protocol is given; everything in it is the server's and lives until
 * serve returns, save that the protocol may set log.user and log what it
 * likes.  The thread has a small stack (SERVER_STACK_SIZE): large buffers
 * belong on the heap. */
typedef struct {
	Stream *stream;      /* TLS has begun already on an implicit TLS port */
	const char *remote;  /* "192.0.2.1", "2001:db8::1", "unix", "unknown" */
	guint16 remote_port; /* 0 where there is none */
	gboolean is_loopback;    /* the client is on this machine */
	gboolean is_proxied_tls; /* TLS between the client and the proxy */
	TlsContext *tls;         /* for STARTTLS; NULL when TLS is off */
	LogContext log;          /* session and remote are set */
} ServerConnection;

#define SERVER_STACK_SIZE (256 * 1024)

/* TRUE when nobody on the way can read what the client sends: TLS, TLS up to
 * the proxy, or loopback. */
gboolean server_connection_is_secure(const ServerConnection *connection);

/* Speaks the protocol until the session is over.  The stream begins with
 * login_timeout as its timeout and without a deadline.  What is left in the
 * output buffer is sent afterwards; the server closes the connection. */
typedef void (*ServerFunc)(ServerConnection *connection, gpointer state);

typedef struct Server Server;

/* settings gives addresses, limits and timeouts and is copied from.  refusal
 * is the line with its CRLF that a connection over the limits is sent, and
 * must outlive the server, as must state. */
Server *server_new(const DaemonSettings *settings, const char *refusal,
	ServerFunc serve, gpointer state) G_GNUC_WARN_UNUSED_RESULT;

/* The server must have been stopped, or never started. */
void server_free(Server **server);

/* state for serve when it is known only after server_new(); before the start. */
void server_set_state(Server *server, gpointer state);

/* The context for connections from now on; NULL for none.  Any thread. */
void server_set_tls(Server *server, TlsContext *tls);

/* Limits and timeouts for connections from now on; addresses stay.  Any thread. */
void server_set_limits(Server *server, const DaemonSettings *settings);

/* Opens what bindip, port, tls_port and socket say, or, where the environment
 * carries them, the sockets systemd opened (LISTEN_PID, LISTEN_FDS,
 * LISTEN_FDNAMES; a name with "tls" in it is an implicit TLS port); they are
 * used instead.  An IPv6 address on a machine without IPv6 is skipped with
 * a warning.  INVALID for a wrong setting, TEMPORARY where an address is in
 * use or not to be had, with a text naming it. */
gboolean server_listen(Server *server, const DaemonSettings *settings,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes one more listening socket. */
void server_add_listener(Server *server, int fd, gboolean is_tls);

/* Calls each with a text such as "127.0.0.1:143" for every listener. */
void server_each_listener(Server *server,
	void (*each)(const char *where, gboolean is_tls, gpointer data),
	gpointer data);

/* Begins to accept, in a thread of its own. */
gboolean server_start(Server *server, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Connections being served now.  Any thread. */
guint server_connection_count(Server *server);

/* Stops accepting, wakes sessions that wait for a command so that they say
 * bye, gives the others drain_seconds to finish theirs, then shuts their
 * sockets, then waits a few seconds more.  The threads of those that ended are
 * gone, with what libraries kept for each.  FALSE when sessions are left even
 * then: server and state must not be freed, the process should exit. */
gboolean server_stop(Server *server, guint drain_seconds);

#endif
