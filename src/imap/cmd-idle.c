/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IDLE (RFC 2177): news as they come, until the client says DONE. */
#include "imap/commands.h"

#include "base/errors.h"
#include "base/text.h"
#include "imap/notify.h"
#include "imap/session.h"
#include "imap/sync.h"

/* Longest line that can be DONE. */
#define DONE_MAX 1024

/* Reads the line that ends the command. */
static void read_done(ImapSession *session, ImapCommand *command)
{
	g_autoptr(GError) error = NULL;
	Bytes line;

	if (!stream_read_line(session->stream, DONE_MAX, &line, &error)) {
		if (dbmail_error_is(error, DBMAIL_ERROR_LIMIT))
			command_bad(command, "Line longer than DONE");
		else
			session->is_over = TRUE;
		return;
	}
	if (!text_equal_nocase(line, "DONE"))
		command_bad(command, "Expected DONE");
}

static int news_fd(const ImapSession *session)
{
	if (session->notify != NULL)
		return notify_fd(session);
	return session->selected != NULL ? watch_fd(session->selected->watch) :
					   -1;
}

gboolean cmd_idle(ImapSession *session, ImapCommand *command, GError **error)
{
	ImapSelected *selected = session->selected;
	gint timeout = (gint)session->settings->IMAP_timeout * 1000;

	(void)error;
	stream_puts(session->stream, "+ Idling\r\n");
	for (;;) {
		gboolean is_due = selected != NULL && sync_is_due(selected);
		if (is_due && selected->is_shared)
			session_refresh_rights(session);
		if (session->notify != NULL)
			notify_tell(session, TRUE);
		else if (is_due && !session->is_over)
			sync_mailbox(session, TRUE, FALSE, NULL);
		if (session->is_over)
			return TRUE;
		switch (stream_wait(
			session->stream, news_fd(session), timeout)) {
		case STREAM_WAIT_OTHER:
			break;
		case STREAM_WAIT_INPUT:
			read_done(session, command);
			return TRUE;
		case STREAM_WAIT_TIMEOUT:
			session_bye(session, "Too long without command");
			return TRUE;
		case STREAM_WAIT_DRAIN:
			session_bye(session,
				"[UNAVAILABLE] Server is going "
				"down, come back later");
			return TRUE;
		case STREAM_WAIT_FAILED:
			session->is_over = TRUE;
			return TRUE;
		}
	}
}
