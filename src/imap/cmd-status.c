/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STATUS (RFC 3501 section 6.3.10, RFC 9051 section 6.3.11), from the mailbox's
 * row; the selected mailbox is no exception. */
#include "imap/commands.h"

#include "store/mailbox.h"
#include "imap/args.h"
#include "imap/session.h"
#include "imap/status-item.h"

gboolean cmd_status(ImapSession *session, ImapCommand *command, GError **error)
{
	const StatusArgs *args = command->args;
	g_autoptr(Mailbox) mailbox = NULL;

	status_prepare(session, args->items);
	if (!session_mailbox(session, command, args->mailbox, RIGHT_READ,
		    &mailbox, error))
		return FALSE;
	if (mailbox == NULL)
		return TRUE;
	if (mailbox->no_select)
		return command_no(
			command, "[NONEXISTENT] Mailbox holds no messages");
	if (!status_complete(session, &mailbox, 1, args->items, error))
		return FALSE;
	status_write(session, mailbox, args->items);
	return TRUE;
}
