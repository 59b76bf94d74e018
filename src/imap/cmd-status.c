/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STATUS (RFC 3501 section 6.3.10), from the mailbox's row. */
#include "imap/commands.h"

#include "store/mailbox.h"
#include "store/view.h"
#include "imap/args.h"
#include "imap/reply.h"
#include "imap/session.h"

typedef gboolean (*StatusValue)(ImapSession *session, const Mailbox *mailbox,
	guint32 *value, GError **error);

static gboolean value_messages(ImapSession *session, const Mailbox *mailbox,
	guint32 *value, GError **error)
{
	(void)session;
	(void)error;
	*value = mailbox->messages;
	return TRUE;
}

/* The row knows from which UID on messages are recent, not how many are left
 * of them; mostly there are none. */
static gboolean value_recent(ImapSession *session, const Mailbox *mailbox,
	guint32 *value, GError **error)
{
	g_autoptr(MailboxView) view = NULL;

	*value = 0;
	if (mailbox->first_recent >= mailbox->uidnext || mailbox->messages == 0)
		return TRUE;
	if (!view_get(session->store, mailbox->id, &view, error))
		return FALSE;
	*value = view->count - view_lower_bound(view, mailbox->first_recent);
	return TRUE;
}

static gboolean value_uidnext(ImapSession *session, const Mailbox *mailbox,
	guint32 *value, GError **error)
{
	(void)session;
	(void)error;
	*value = mailbox->uidnext;
	return TRUE;
}

static gboolean value_uidvalidity(ImapSession *session, const Mailbox *mailbox,
	guint32 *value, GError **error)
{
	(void)session;
	(void)error;
	*value = mailbox->uidvalidity;
	return TRUE;
}

static gboolean value_unseen(ImapSession *session, const Mailbox *mailbox,
	guint32 *value, GError **error)
{
	(void)session;
	(void)error;
	*value = mailbox->unseen;
	return TRUE;
}

static const StatusValue values[STATUS_ITEMS] = {
	[STATUS_MESSAGES] = value_messages,
	[STATUS_RECENT] = value_recent,
	[STATUS_UIDNEXT] = value_uidnext,
	[STATUS_UIDVALIDITY] = value_uidvalidity,
	[STATUS_UNSEEN] = value_unseen,
};

gboolean cmd_status(ImapSession *session, ImapCommand *command, GError **error)
{
	const StatusArgs *args = command->args;
	g_autoptr(GString) line = g_string_new("* STATUS ");
	g_autoptr(Mailbox) mailbox = NULL;
	const char *between = " (";

	if (!session_mailbox(session, command, args->mailbox, RIGHT_READ,
		    &mailbox, error))
		return FALSE;
	if (mailbox == NULL)
		return TRUE;
	if (mailbox->no_select)
		return command_no(
			command, "[NONEXISTENT] Mailbox holds no messages");
	session_append_mailbox(session, line, mailbox->name);
	for (guint i = 0; i < STATUS_ITEMS; i++) {
		guint32 value;
		if ((args->items & 1u << i) == 0)
			continue;
		if (!values[i](session, mailbox, &value, error))
			return FALSE;
		g_string_append_printf(
			line, "%s%s %u", between, status_item_name(i), value);
		between = " ";
	}
	g_string_append(line, ")\r\n");
	stream_write(session->stream, line->str, line->len);
	return TRUE;
}
