/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-pop3d: serves mail over POP3. */
#include "net/daemon.h"
#include "pop3/session.h"

static gpointer start(const Settings *settings, GError **error)
{
	return auth_server_start(settings, "dbmail-pop3d", STORE_NOTIFY, error);
}

static const DaemonSpec spec = {
	.name = "dbmail-pop3d",
	.section = "POP",
	.summary = "serves mail over POP3",
	.refusal = "-ERR [SYS/TEMP] Too many connections, try again later\r\n",
	.start = start,
	.serve = pop3_session_serve,
	.reload = auth_server_reload,
	.stop = auth_server_stop,
};

int main(int argc, char **argv)
{
	return daemon_main(&spec, argc, argv);
}
