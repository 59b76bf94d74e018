/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IDLE (RFC 2177): news as they come, until the client says DONE. */
#include "imap/commands.h"

#include "base/errors.h"
#include "base/text.h"
#include "imap/input.h"
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

/* What has come is told, of the selected mailbox and what NOTIFY asks for. */
static void tell_news(ImapSession *session)
{
	const ImapSelected *selected = session->selected;

	if (session->notify != NULL) {
		notify_tell(session, TRUE);
		return;
	}
	if (selected == NULL || !sync_is_due(selected))
		return;
	if (selected->is_shared)
		session_refresh_rights(session);
	if (!session->is_over)
		sync_mailbox(session, TRUE, FALSE, NULL);
}

gboolean cmd_idle(ImapSession *session, ImapCommand *command, GError **error)
{
	gboolean is_there = FALSE;

	(void)error;
	stream_puts(session->stream, "+ Idling\r\n");
	while (!is_there) {
		tell_news(session);
		if (session->is_over ||
			!input_wait(session, news_fd(session), &is_there))
			return TRUE;
	}
	read_done(session, command);
	return TRUE;
}
