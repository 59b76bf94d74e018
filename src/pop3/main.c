/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-pop3d: serves mail over POP3. */
#include "auth/auth.h"
#include "net/daemon.h"
#include "pop3/session.h"

static void stop(gpointer state)
{
	Pop3Server *server = state;
	auth_free(&server->auth);
	store_close(&server->store);
	g_free(server);
}

static gpointer start(const Settings *settings, GError **error)
{
	Store *store =
		store_open(settings, "dbmail-pop3d", STORE_NOTIFY, error);
	if (store == NULL)
		return NULL;
	Pop3Server *server = g_new0(Pop3Server, 1);
	server->store = store;
	server->auth = auth_new(store, settings);
	server->settings = settings;
	return server;
}

static gboolean reload(
	gpointer state, const Settings *settings, GError **error G_GNUC_UNUSED)
{
	Pop3Server *server = state;
	g_atomic_pointer_set(&server->settings, settings);
	return TRUE;
}

static const DaemonSpec spec = {
	.name = "dbmail-pop3d",
	.section = "POP",
	.summary = "serves mail over POP3",
	.refusal = "-ERR [SYS/TEMP] Too many connections, try again later\r\n",
	.start = start,
	.serve = pop3_session_serve,
	.reload = reload,
	.stop = stop,
};

int main(int argc, char **argv)
{
	return daemon_main(&spec, argc, argv);
}
