/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-sieved: lets users manage their Sieve scripts over ManageSieve. */
#include "auth/auth.h"
#include "net/daemon.h"
#include "managesieve/session.h"

static void stop(gpointer state)
{
	ManageServer *server = state;

	auth_free(&server->auth);
	store_close(&server->store);
	g_free(server);
}

static gpointer start(const Settings *settings, GError **error)
{
	Store *store =
		store_open(settings, "dbmail-sieved", STORE_PLAIN, error);

	if (store == NULL)
		return NULL;
	ManageServer *server = g_new0(ManageServer, 1);
	server->store = store;
	server->auth = auth_new(store, settings);
	server->settings = settings;
	return server;
}

static gboolean reload(
	gpointer state, const Settings *settings, GError **error G_GNUC_UNUSED)
{
	ManageServer *server = state;

	g_atomic_pointer_set(&server->settings, settings);
	return TRUE;
}

static const DaemonSpec spec = {
	.name = "dbmail-sieved",
	.section = "SIEVE",
	.summary = "lets users manage their Sieve scripts over ManageSieve",
	.refusal = "BYE (TRYLATER) "
		   "\"Too many connections, try again later\"\r\n",
	.start = start,
	.serve = manage_session_serve,
	.reload = reload,
	.stop = stop,
};

int main(int argc, char **argv)
{
	return daemon_main(&spec, argc, argv);
}
