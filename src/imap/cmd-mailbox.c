/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 section 6.3). */
#include "imap/commands.h"

#include "store/mailbox.h"
#include "imap/args.h"
#include "imap/session.h"

gboolean cmd_create(ImapSession *session, ImapCommand *command, GError **error)
{
	const MailboxArgs *args = command->args;
	const char *name =
		session_mailbox_name(session, command, args->mailbox);
	g_autoptr(Mailbox) mailbox = NULL;

	return name == NULL ||
		mailbox_create(session->store, session->user->id, name, NULL,
			&mailbox, error);
}

gboolean cmd_delete(ImapSession *session, ImapCommand *command, GError **error)
{
	const MailboxArgs *args = command->args;
	const char *name =
		session_mailbox_name(session, command, args->mailbox);

	if (name == NULL)
		return TRUE;
	if (strcmp(name, "INBOX") == 0)
		return command_no(command, "[CANNOT] INBOX stays");
	if (!mailbox_delete(session->store, session->user->id, name, error))
		return FALSE;
	if (session->selected != NULL &&
		strcmp(session->selected->name, name) == 0)
		session_unselect(session);
	return TRUE;
}

/* The selected mailbox goes on under its new name.  INBOX stays what it is. */
static void follow_rename(
	ImapSession *session, const char *from, const char *to)
{
	ImapSelected *selected = session->selected;
	gsize size = strlen(from);

	if (selected == NULL || strcmp(from, "INBOX") == 0 ||
		!g_str_has_prefix(selected->name, from))
		return;
	const char *rest = selected->name + size;
	if (*rest != '\0' && *rest != MAILBOX_SEPARATOR)
		return;
	char *name = g_strconcat(to, rest, NULL);
	g_free(selected->name);
	selected->name = name;
}

gboolean cmd_rename(ImapSession *session, ImapCommand *command, GError **error)
{
	const RenameArgs *args = command->args;
	const char *from = session_mailbox_name(session, command, args->from);
	const char *to = NULL;

	if (from != NULL)
		to = session_mailbox_name(session, command, args->to);
	if (to == NULL)
		return TRUE;
	if (!mailbox_rename(session->store, session->user->id, from, to, error))
		return FALSE;
	follow_rename(session, from, to);
	return TRUE;
}

gboolean cmd_subscribe(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const MailboxArgs *args = command->args;
	const char *name =
		session_mailbox_name(session, command, args->mailbox);

	return name == NULL ||
		mailbox_subscribe(
			session->store, session->user->id, name, error);
}

gboolean cmd_unsubscribe(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const MailboxArgs *args = command->args;
	const char *name =
		session_mailbox_name(session, command, args->mailbox);

	return name == NULL ||
		mailbox_unsubscribe(
			session->store, session->user->id, name, error);
}
