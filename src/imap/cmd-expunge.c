/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EXPUNGE (RFC 3501 section 6.4.3) and UID EXPUNGE (RFC 4315). */
#include "imap/commands.h"

#include "store/message.h"
#include "imap/args.h"
#include "imap/messages.h"
#include "imap/sync.h"

gboolean cmd_expunge(ImapSession *session, ImapCommand *command, GError **error)
{
	const SetArgs *args = command->args;
	g_autoptr(NumSet) uids = NULL;
	guint64 seq;

	if ((session->selected->rights & RIGHT_EXPUNGE) == 0)
		return command_no(
			command, "[NOPERM] Not allowed in this mailbox");
	if (command->is_uid)
		uids = messages_uids(session->selected, args->set, TRUE);
	if (!message_expunge(session->store, session->selected->id, uids, NULL,
		    &seq, error))
		return FALSE;
	sync_mailbox(session, TRUE, command->is_uid, NULL);
	return TRUE;
}
