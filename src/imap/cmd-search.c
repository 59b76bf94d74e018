/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH and UID SEARCH (RFC 3501 and RFC 9051 section 6.4.4, RFC 4731). */
#include "imap/commands.h"

#include "imap/search-run.h"

gboolean cmd_search(ImapSession *session, ImapCommand *command, GError **error)
{
	const SearchArgs *args = command->args;
	gboolean extended =
		args->has_return || (session->enabled & ENABLED_IMAP4REV2) != 0;

	return search_selected(session, command, extended, error);
}
