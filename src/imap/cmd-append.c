/* SPDX-License-Identifier: GPL-2.0-or-later */
/* APPEND (RFC 3501 section 6.3.11) with APPENDUID (RFC 4315). */
#include "imap/commands.h"

#include "base/log.h"
#include "store/mailbox.h"
#include "store/message.h"
#include "imap/args.h"
#include "imap/session.h"

/* The mailbox; none with the command refused where it takes no messages. */
static gboolean find_target(ImapSession *session, ImapCommand *command,
	Mailbox **mailbox, GError **error)
{
	const AppendArgs *args = command->args;
	g_autoptr(Mailbox) found = NULL;

	if (!session_mailbox(session, command, args->mailbox, RIGHT_INSERT,
		    &found, error))
		return FALSE;
	if (found == NULL)
		return TRUE;
	if (found->no_select)
		return command_no(
			command, "[CANNOT] Mailbox cannot hold messages");
	if (found->read_only)
		return command_no(command, "[NOPERM] Mailbox is read-only");
	*mailbox = g_steal_pointer(&found);
	return TRUE;
}

gboolean cmd_append_before(
	ImapSession *session, ImapCommand *command, GError **error)
{
	return find_target(session, command, &session->append_to, error);
}

gboolean cmd_append(ImapSession *session, ImapCommand *command, GError **error)
{
	const AppendArgs *args = command->args;
	const Mailbox *mailbox = session->append_to;
	gboolean split_failed = FALSE;

	g_autoptr(MessageDraft) draft =
		message_draft_new(session->store, args->message, &split_failed);
	if (split_failed)
		log_event(LOG_LEVEL_ERROR, &session->connection->log,
			"split-failed", LOG_NUMBER("size", args->message.size));
	MessagePut put = {
		.draft = draft,
		.mailbox = mailbox->id,
		.internal_date = args->has_date ? args->date : timestamp_now(),
		.flags = args->flags.flags,
		.keywords = args->flags.keywords,
	};
	if (!message_append(session->store, &put, 1, error))
		return FALSE;
	return command_ok(command,
		arena_printf(session->arena,
			"[APPENDUID %u %u] APPEND completed", put.uidvalidity,
			put.uid));
}
