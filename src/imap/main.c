/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-imapd: serves mail over IMAP. */
#include "base/errors.h"
#include "net/daemon.h"
#include "store/store.h"
#include "auth/auth.h"
#include "deliver/deliver.h"
#include "deliver/event.h"
#include "imap/session.h"

/* An annotation that another process changed counts after this time. */
#define EVENT_SCRIPTS_LIFETIME (5 * G_USEC_PER_SEC)

static void stop(gpointer state)
{
	ImapServer *server = state;

	auth_free(&server->auth);
	event_scripts_free(&server->event_scripts);
	deliverer_free(&server->deliverer);
	store_close(&server->store);
	g_free(server);
}

static gboolean check(const Settings *settings, GError **error)
{
	if (event_check_url(settings))
		return deliver_settings_check(settings, error);
	dbmail_error_set(error, DBMAIL_ERROR_INVALID,
		"sieve_url of [IMAP] must be sieve://HOST or sieve://HOST:PORT",
		"%s", settings->IMAP_sieve_url);
	return FALSE;
}

static gpointer start(const Settings *settings, GError **error)
{
	ImapServer *server;

	if (!check(settings, error))
		return NULL;
	server = g_new0(ImapServer, 1);

	server->store = store_open(
		settings, "dbmail-imapd", STORE_NOTIFY | STORE_HOT, error);
	if (server->store == NULL) {
		g_free(server);
		return NULL;
	}
	server->auth = auth_new(server->store, settings);
	server->settings = settings;
	server->deliverer = deliverer_new(server->store);
	server->event_scripts = event_scripts_new(EVENT_SCRIPTS_LIFETIME);
	return server;
}

static gboolean reload(gpointer state, const Settings *settings, GError **error)
{
	ImapServer *server = state;

	if (!check(settings, error))
		return FALSE;
	/* Sessions keep the settings they began with, but for log-ins. */
	g_atomic_pointer_set(&server->settings, settings);
	auth_reload(server->auth, settings);
	return TRUE;
}

int main(int argc, char **argv)
{
	static const DaemonSpec spec = {
		.name = "dbmail-imapd",
		.section = "IMAP",
		.summary = "serves mail over IMAP",
		.refusal = "* BYE [UNAVAILABLE] Too many connections\r\n",
		.start = start,
		.serve = session_serve,
		.reload = reload,
		.stop = stop,
	};

	return daemon_main(&spec, argc, argv);
}
