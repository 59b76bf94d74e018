/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the client that a long command is still at work (RFC 9585). */
#include "imap/progress.h"

#include <poll.h>
#include <string.h>

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
	session->progress_done = 0;
	session->progress_goal = 0;
	store_set_wait_hook(tick, session);
}

void progress_end(ImapSession *session)
{
	store_set_wait_hook(NULL, NULL);
	session->progress_tag = NULL;
}

void progress_note(ImapSession *session, guint64 done, guint64 goal)
{
	session->progress_done = MAX(session->progress_done, done);
	session->progress_goal = goal;
}

/* RFC 9585 section 4: no tag with "]" in it, and never as much done as there is
 * to do. */
static void write_response(ImapSession *session)
{
	const char *tag = session->progress_tag;
	gboolean is_shown = strchr(tag, ']') == NULL;
	guint64 done = session->progress_done;
	guint64 goal = session->progress_goal;

	stream_puts(session->stream, "* OK [INPROGRESS (");
	if (is_shown)
		stream_printf(session->stream, "\"%s\" ", tag);
	else
		stream_puts(session->stream, "NIL ");
	if (goal == 0 || done >= goal || goal > G_MAXUINT32)
		stream_puts(session->stream, "NIL NIL");
	else
		stream_printf(session->stream,
			"%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, done, goal);
	stream_puts(session->stream, ")] Still at work\r\n");
	stream_flush(session->stream, NULL);
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
	write_response(session);
}
