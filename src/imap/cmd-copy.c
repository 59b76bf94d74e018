/* SPDX-License-Identifier: GPL-2.0-or-later */
/* COPY (RFC 3501 section 6.4.7), MOVE (RFC 6851) and their UID variants. */
#include "imap/commands.h"

#include "store/mailbox.h"
#include "store/message.h"
#include "imap/args.h"
#include "imap/imapsieve.h"
#include "imap/messages.h"
#include "imap/sync.h"

static void append_set(GString *out, const GArray *uids)
{
	g_autoptr(NumSet) set = numset_new();

	for (guint i = 0; i < uids->len; i++)
		numset_add(set, g_array_index(uids, guint32, i));
	numset_append_text(set, out);
}

/* "[COPYUID 38505 304,319:320 3956:3958]" (RFC 4315 section 3). */
static const char *copyuid(
	ImapSession *session, const MessageCopied *copied, const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);

	g_string_printf(out, "[COPYUID %u ", copied->uidvalidity);
	append_set(out, copied->from);
	g_string_append_c(out, ' ');
	append_set(out, copied->to);
	g_string_append_printf(out, "] %s", text);
	return arena_strdup(session->arena, out->str);
}

/* RFC 2180 section 4.4 leaves the choice: what is still there is copied.  A UID
 * may always be of nothing, a number was of a message. */
static gboolean answer(ImapSession *session, ImapCommand *command,
	const MessageCopied *copied, guint64 asked, gboolean move)
{
	if (copied->from->len == 0)
		return command->is_uid ?
			command_ok(command, "No messages found") :
			command_no(command,
				"[EXPUNGEISSUED] The messages are gone "
				"already");
	if (!command->is_uid && copied->from->len < asked)
		stream_puts(session->stream,
			"* NO [EXPUNGEISSUED] Some messages are gone "
			"already\r\n");
	if (!move)
		return command_ok(command, copyuid(session, copied, "Copied"));
	/* RFC 6851 section 4.3: ahead of the EXPUNGE responses. */
	stream_printf(session->stream, "* OK %s\r\n",
		copyuid(session, copied, "Moved"));
	sync_mailbox(session, TRUE, command->is_uid, NULL);
	return TRUE;
}

static gboolean copy(ImapSession *session, ImapCommand *command, gboolean move,
	GError **error)
{
	const CopyArgs *args = command->args;
	guint needed = RIGHT_DELETED | RIGHT_EXPUNGE; /* RFC 6851 section 4.1 */
	g_autoptr(NumSet) uids =
		messages_uids(session->selected, args->set, command->is_uid);
	g_autoptr(Mailbox) to = NULL;
	MessageCopied copied = { 0 };

	if (move && (session->selected->rights & needed) != needed)
		return command_no(
			command, "[NOPERM] Not allowed in this mailbox");
	if (!session_target(session, command, args->mailbox, &to, error))
		return FALSE;
	if (to == NULL)
		return TRUE;
	if (numset_is_empty(uids))
		return command_ok(command, "No messages found");
	if (!message_copy_as(session->store, session->selected->id, uids,
		    to->id, to->rights, move, &copied, error))
		return FALSE;
	imapsieve_copied(session, to, &copied);
	gboolean ok =
		answer(session, command, &copied, numset_count(uids), move);
	message_copied_clear(&copied);
	return ok;
}

gboolean cmd_copy(ImapSession *session, ImapCommand *command, GError **error)
{
	return copy(session, command, FALSE, error);
}

gboolean cmd_move(ImapSession *session, ImapCommand *command, GError **error)
{
	return copy(session, command, TRUE, error);
}
