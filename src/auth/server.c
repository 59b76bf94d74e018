/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sessions of a daemon share, from its start to its stop. */
#include "auth/server.h"

AuthServer *auth_server_start(const Settings *settings, const char *program,
	StoreFlags flags, GError **error)
{
	Store *store = store_open(settings, program, flags, error);

	if (store == NULL)
		return NULL;
	AuthServer *server = g_new0(AuthServer, 1);
	server->store = store;
	server->auth = auth_new(store, settings);
	server->settings = settings;
	return server;
}

gboolean auth_server_reload(
	gpointer state, const Settings *settings, GError **error G_GNUC_UNUSED)
{
	AuthServer *server = state;

	g_atomic_pointer_set(&server->settings, settings);
	auth_reload(server->auth, settings);
	return TRUE;
}

void auth_server_stop(gpointer state)
{
	AuthServer *server = state;

	auth_free(&server->auth);
	store_close(&server->store);
	g_free(server);
}
