/* SPDX-License-Identifier: GPL-2.0-or-later */
/* REPLACE and UID REPLACE (RFC 8508). */
#include "imap/commands.h"

#include "store/message.h"
#include "imap/append.h"
#include "imap/append-args.h"
#include "imap/imapsieve.h"
#include "imap/sync.h"

/* Asked before the message is read, and again where it comes without a literal:
 * the rights of APPEND there, and of STORE and UID EXPUNGE here. */
gboolean cmd_replace_before(
	ImapSession *session, ImapCommand *command, GError **error)
{
	guint needed = RIGHT_DELETED | RIGHT_EXPUNGE;

	if ((session->enabled & ENABLED_UIDONLY) && !command->is_uid)
		return command_bad(
			command, "[UIDREQUIRED] Only UIDs after UIDONLY");
	if (session->selected->read_only)
		return command_no(
			command, "[READ-ONLY] Mailbox is open for reading");
	if ((session->selected->rights & needed) != needed)
		return command_no(
			command, "[NOPERM] Not allowed in this mailbox");
	return append_find_target(session, command, error);
}

/* The UID of the message to be replaced; 0 where the client knows of none. */
static guint32 replaced_uid(
	const ImapSession *session, const ImapCommand *command)
{
	const AppendArgs *args = command->args;
	const MailboxView *known = &session->selected->known;

	if (command->is_uid)
		return view_find(known, args->replaced) == G_MAXUINT ?
			0 :
			args->replaced;
	if (args->replaced == 0 || args->replaced > known->count)
		return 0;
	return known->messages[args->replaced - 1].uid;
}

gboolean cmd_replace(ImapSession *session, ImapCommand *command, GError **error)
{
	g_auto(AppendPuts) puts = { 0 };
	guint32 uid = replaced_uid(session, command);
	gboolean found = FALSE;

	if (!cmd_replace_before(session, command, error))
		return FALSE;
	if (command->status != STATUS_OK)
		return TRUE;
	if (uid == 0)
		return command_no(command, "[NONEXISTENT] No such message");
	if (!append_prepare(session, command, &puts, error))
		return FALSE;
	if (command->status != STATUS_OK)
		return TRUE;
	if (!message_replace(session->store, puts.puts, session->selected->id,
		    uid, &found, error))
		return FALSE;
	if (!found)
		return command_no(
			command, "[EXPUNGEISSUED] The message is gone already");
	imapsieve_appended(session, session->append_to, &puts);
	/* RFC 8508 section 4.3: ahead of the EXPUNGE response. */
	stream_printf(session->stream, "* OK %s\r\n",
		append_uids(session, &puts, "Replacement is there"));
	sync_mailbox(session, TRUE, command->is_uid, NULL);
	return TRUE;
}
