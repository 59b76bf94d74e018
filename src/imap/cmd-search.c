/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH and UID SEARCH (RFC 3501 section 6.4.4). */
#include "imap/commands.h"

#include <poll.h>

#include "store/search.h"
#include "imap/args.h"
#include "imap/session.h"

/* Nobody waits for the answer any more. */
static gboolean client_is_gone(gpointer data)
{
	Stream *stream = data;
	struct pollfd fd = { .fd = stream_fd(stream), .events = POLLRDHUP };

	return poll(&fd, 1, 0) > 0 &&
		(fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

gboolean cmd_search(ImapSession *session, ImapCommand *command, GError **error)
{
	const SearchArgs *args = command->args;
	const MailboxView *known = &session->selected->known;
	g_autoptr(GString) line = g_string_new("* SEARCH");
	g_autoptr(GArray) matches = NULL;

	if (!search_run(session->store, known, args->key, client_is_gone,
		    session->stream, &matches, error))
		return FALSE;
	for (guint i = 0; i < matches->len; i++) {
		guint index = g_array_index(matches, guint, i);
		g_string_append_printf(line, " %u",
			command->is_uid ? known->messages[index].uid :
					  index + 1);
	}
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
	return TRUE;
}
