/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CANCELUPDATE: no more updates to the result of a search (RFC 5267). */
#include "imap/commands.h"

#include "imap/search-context.h"

gboolean cmd_cancelupdate(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const CancelArgs *args = command->args;
	gboolean is_known = TRUE;

	(void)error;
	for (guint i = 0; i < args->count; i++)
		is_known &= context_cancel(session->selected, args->tags[i]);
	if (!is_known)
		return command_bad(
			command, "No such search is kept up to date");
	return command_ok(command, "No further updates");
}
