/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-sieved: lets users manage their Sieve scripts over ManageSieve. */
#include "net/daemon.h"
#include "deliver/deliver.h"
#include "managesieve/session.h"

static gpointer start(const Settings *settings, GError **error)
{
	if (!deliver_settings_check(settings, error))
		return NULL;
	return auth_server_start(settings, "dbmail-sieved", STORE_PLAIN, error);
}

static gboolean reload(gpointer state, const Settings *settings, GError **error)
{
	return deliver_settings_check(settings, error) &&
		auth_server_reload(state, settings, error);
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
	.stop = auth_server_stop,
};

int main(int argc, char **argv)
{
	return daemon_main(&spec, argc, argv);
}
