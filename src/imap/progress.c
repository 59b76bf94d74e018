/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the client that a long command is still at work (RFC 9585). */
#include "imap/progress.h"

#include <poll.h>

#include "store/store.h"

static gint64 next_time(const ImapSession *session)
{
	return g_get_monotonic_time() +
		session->settings->IMAP_progress_interval * G_USEC_PER_SEC;
}

static void tick(gpointer data)
{
	progress_tick(data);
}

void progress_begin(ImapSession *session, const char *tag)
{
	session->progress_tag = tag;
	session->progress_due = next_time(session);
	store_set_wait_hook(tick, session);
}

void progress_end(ImapSession *session)
{
	store_set_wait_hook(NULL, NULL);
	session->progress_tag = NULL;
}

void progress_tick(ImapSession *session)
{
	struct pollfd fd = { .fd = stream_fd(session->stream),
		.events = POLLOUT };

	if (session->progress_tag == NULL ||
		g_get_monotonic_time() < session->progress_due)
		return;
	session->progress_due = next_time(session);
	/* A client that does not read is not to be waited for with the
	 * database's connection in hand. */
	if (poll(&fd, 1, 0) <= 0 || (fd.revents & POLLOUT) == 0)
		return;
	/* How much there is to do nobody knows before it is done. */
	stream_printf(session->stream,
		"* OK [INPROGRESS (\"%s\" NIL NIL)] Still at work\r\n",
		session->progress_tag);
	stream_flush(session->stream, NULL);
}
