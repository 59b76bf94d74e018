/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SORT and UID SORT (RFC 5256, RFC 5957), also with RETURN (RFC 5267). */
#include "imap/commands.h"

#include "imap/search-run.h"

gboolean cmd_sort(ImapSession *session, ImapCommand *command, GError **error)
{
	const SearchArgs *args = command->args;

	return search_selected(session, command, args->has_return, error);
}
