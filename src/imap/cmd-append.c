/* SPDX-License-Identifier: GPL-2.0-or-later */
/* APPEND (RFC 3501 section 6.3.11, RFC 3502) with APPENDUID (RFC 4315). */
#include "imap/commands.h"

#include "store/mailbox.h"
#include "store/message.h"
#include "imap/append.h"
#include "imap/append-args.h"
#include "imap/imapsieve.h"
#include "imap/session.h"

gboolean cmd_append_before(
	ImapSession *session, ImapCommand *command, GError **error)
{
	return append_find_target(session, command, error);
}

gboolean cmd_append(ImapSession *session, ImapCommand *command, GError **error)
{
	const AppendArgs *args = command->args;
	g_auto(AppendPuts) puts = { 0 };

	if (!append_find_target(session, command, error))
		return FALSE;
	if (command->status != STATUS_OK)
		return TRUE;
	if (!append_prepare(session, command, &puts, error))
		return FALSE;
	if (command->status != STATUS_OK)
		return TRUE;
	if (!message_append(session->store, puts.puts, args->count, error))
		return FALSE;
	imapsieve_appended(session, session->append_to, &puts);
	return command_ok(
		command, append_uids(session, &puts, "APPEND completed"));
}
