/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the main of every daemon has in common. */
#ifndef NET_DAEMON_H
#define NET_DAEMON_H

#include <glib.h>

#include "base/settings.h"
#include "net/server.h"

/* A daemon is this table and its functions.  It serves connections, or has no
 * sockets and works by itself: then serve is NULL, and drain and busy are
 * there. */
typedef struct {
	const char *name;    /* "dbmail-imapd" */
	const char *section; /* "IMAP", its section of the configuration */
	const char *summary; /* "serves mail over IMAP", for -h */
	const char *refusal; /* line with CRLF for a connection too many */
	const char *work;    /* what it counts: "connections" if NULL */

	/* Connects to the database and makes what all sessions share.  Runs after
	 * the sockets are bound and privileges dropped, before anybody is
	 * accepted; a daemon without sockets begins to work.  settings live
	 * until stop has returned.  NULL with an error ends the daemon. */
	gpointer (*start)(const Settings *settings, GError **error);

	/* Serves one connection, in a thread of its own. */
	ServerFunc serve;

	/* SIGHUP: takes what it can of the new settings, which live until stop has
	 * returned (as do the old ones: sessions may still use them).  May be
	 * NULL.  FALSE: it has kept nothing of them, and the daemon logs that and
	 * goes on with what it had. */
	gboolean (*reload)(
		gpointer state, const Settings *settings, GError **error);

	/* Without sockets.  Begins nothing new and waits for what is at work, so
	 * many seconds before it hurries it and a few more afterwards.  FALSE
	 * when something is at work even then: the process just ends. */
	gboolean (*drain)(gpointer state, guint seconds);

	/* Without sockets: how much is at work.  Any thread. */
	guint (*busy)(gpointer state);

	/* Every session, and what works by itself, has ended; frees state. */
	void (*stop)(gpointer state);
} DaemonSpec;

/* Runs the daemon in the foreground until SIGTERM or SIGINT and returns the
 * exit status of <sysexits.h>: 0; EX_USAGE; EX_CONFIG for a configuration that
 * cannot be used; EX_UNAVAILABLE or EX_TEMPFAIL when it cannot start now;
 * with a line on standard error that says why.
 *
 * Options: -f FILE configuration, -v more log (repeat), -q errors only, -n no
 * effect (the foreground is the only way it runs), -p FILE pid file,
 * --dump-config, -V version, -h help.
 *
 * Tells systemd READY, RELOADING, STOPPING and STATUS over NOTIFY_SOCKET. */
int daemon_main(const DaemonSpec *spec, int argc, char **argv);

#endif
