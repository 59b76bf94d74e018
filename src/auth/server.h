/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sessions of a daemon share that needs a store and log-ins only. */
#ifndef AUTH_SERVER_H
#define AUTH_SERVER_H

#include "auth/auth.h"
#include "base/settings.h"
#include "store/store.h"

typedef struct {
	Store *store;
	Auth *auth;
	/* The newest; a session takes them once, by g_atomic_pointer_get().
	 * Older ones live as long as the process. */
	const Settings *settings;
} AuthServer;

/* Opens the store, which knows the daemon by program's name.  The settings
 * must live until auth_server_stop().  NULL with the error of store_open(). */
AuthServer *auth_server_start(const Settings *settings, const char *program,
	StoreFlags flags, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* For a DaemonSpec, with what auth_server_start() gave as the state. */
gboolean auth_server_reload(
	gpointer state, const Settings *settings, GError **error);
void auth_server_stop(gpointer state);

#endif
