/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STORE and UID STORE (RFC 3501 section 6.4.6). */
#include "imap/commands.h"

#include "store/flag.h"
#include "imap/args.h"
#include "imap/messages.h"
#include "imap/sync.h"

gboolean cmd_store(ImapSession *session, ImapCommand *command, GError **error)
{
	const StoreArgs *args = command->args;
	g_autoptr(NumSet) uids =
		messages_uids(session->selected, args->set, command->is_uid);
	FlagChange change = {
		.action = args->action,
		.flags = args->flags.flags,
		.keywords = args->flags.keywords,
	};
	guint64 seq;

	if (numset_is_empty(uids))
		return TRUE;
	if (!flag_change(session->store, session->selected->id, uids, &change,
		    &seq, NULL, error))
		return FALSE;
	SyncOwn own = { uids, &change, args->silent, seq };
	sync_mailbox(session, command->is_uid, command->is_uid, &own);
	return TRUE;
}
