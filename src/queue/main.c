/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-queued: gives the mail that goes out to the site's mail server. */
#include "net/daemon.h"
#include "queue/queue.h"

static gpointer start(const Settings *settings, GError **error)
{
	return queue_new(settings, error);
}

static gboolean reload(gpointer state, const Settings *settings, GError **error)
{
	return queue_reload(state, settings, error);
}

static gboolean drain(gpointer state, guint seconds)
{
	return queue_drain(state, seconds);
}

static guint busy(gpointer state)
{
	return queue_busy(state);
}

static void stop(gpointer state)
{
	Queue *queue = state;

	queue_free(&queue);
}

static const DaemonSpec spec = {
	.name = "dbmail-queued",
	.section = "QUEUE",
	.summary = "gives mail that goes out to the site's mail server",
	.work = "mails",
	.start = start,
	.reload = reload,
	.drain = drain,
	.busy = busy,
	.stop = stop,
};

int main(int argc, char **argv)
{
	return daemon_main(&spec, argc, argv);
}
