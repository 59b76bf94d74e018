/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The listener: connect, LISTEN, wait for the socket or the stop. */
#include "db/listener.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/log.h"
#include "db/backoff.h"
#include "db/connection.h"

#define LISTENER_CONNECT_SECONDS 5
#define LISTENER_STATEMENT_SECONDS 30

struct DbListener {
	char *conninfo;
	char *application_name;
	char **channels;
	DbListenFunc func;
	gpointer data;
	GThread *thread;
	int stop; /* eventfd: readable when the thread is to end */
};

/* Waits for the stop (TRUE), or for the connection to be readable or the time
 * to be over (FALSE). */
static gboolean listener_wait(
	const DbListener *listener, DbConnection *connection, int milliseconds)
{
	struct pollfd fds[] = {
		{ .fd = listener->stop, .events = POLLIN },
		{ .fd = connection != NULL ? db_connection_fd(connection) : -1,
			.events = POLLIN },
	};
	int ready;
	do
		ready = poll(fds, G_N_ELEMENTS(fds), milliseconds);
	while (ready < 0 && errno == EINTR);
	return fds[0].revents != 0;
}

static gboolean listener_connect(
	DbListener *listener, DbConnection **connection, GError **error)
{
	const DbConnectionOptions options = {
		.conninfo = listener->conninfo,
		.application_name = listener->application_name,
		.connect_seconds = LISTENER_CONNECT_SECONDS,
		.statement_seconds = LISTENER_STATEMENT_SECONDS,
	};
	g_autoptr(DbConnection) made = db_connection_open(&options, error);
	if (made == NULL)
		return FALSE;
	for (char **channel = listener->channels; *channel != NULL; channel++) {
		if (!db_connection_listen(made, *channel, error))
			return FALSE;
	}
	*connection = g_steal_pointer(&made);
	return TRUE;
}

/* Until the connection is lost (FALSE, with the error) or the stop comes. */
static gboolean listener_serve(
	DbListener *listener, DbConnection *connection, GError **error)
{
	for (char **channel = listener->channels; *channel != NULL; channel++)
		listener->func(*channel, NULL, listener->data);
	do {
		if (!db_connection_read_notifications(
			    connection, listener->func, listener->data, error))
			return FALSE;
	} while (!listener_wait(listener, connection, -1));
	return TRUE;
}

static gpointer listener_main(gpointer data)
{
	DbListener *listener = data;
	guint failures = 0;
	gboolean stopped = FALSE;
	while (!stopped) {
		g_autoptr(GError) error = NULL;
		g_autoptr(DbConnection) connection = NULL;
		if (listener_connect(listener, &connection, &error)) {
			if (failures > 0)
				log_event(LOG_LEVEL_NOTICE, NULL,
					"listener-back");
			failures = 0;
			stopped = listener_serve(listener, connection, &error);
		}
		if (stopped)
			break;
		/* Nobody else can be told, and once is enough. */
		if (failures++ == 0)
			log_event(LOG_LEVEL_WARNING, NULL, "listener-lost",
				LOG_GERROR(error));
		stopped = listener_wait(listener, NULL, backoff_ms(failures));
	}
	return NULL;
}

DbListener *db_listener_new(const char *conninfo, const char *application_name,
	const char *const *channels, DbListenFunc func, gpointer data,
	GError **error)
{
	DbListener *listener = g_new0(DbListener, 1);
	listener->conninfo = g_strdup(conninfo);
	listener->application_name = g_strdup(application_name);
	listener->channels = g_strdupv((char **)channels);
	listener->func = func;
	listener->data = data;
	listener->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (listener->stop >= 0)
		listener->thread = g_thread_try_new(
			"db-listener", listener_main, listener, NULL);
	if (listener->thread == NULL) {
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"too many threads or files",
			"no thread or eventfd for the listener");
		db_listener_free(&listener);
	}
	return listener;
}

void db_listener_free(DbListener **address)
{
	DbListener *listener = g_steal_pointer(address);
	if (listener == NULL)
		return;
	if (listener->thread != NULL) {
		/* Cannot fail: the counter is far from its limit. */
		if (eventfd_write(listener->stop, 1) != 0)
			g_assert_not_reached();
		g_thread_join(listener->thread);
	}
	if (listener->stop >= 0)
		close(listener->stop);
	g_strfreev(listener->channels);
	g_free(listener->application_name);
	g_free(listener->conninfo);
	g_free(listener);
}
