/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 section 6.3). */
#include "imap/commands.h"

#include "base/errors.h"
#include "store/mailbox.h"
#include "store/special-use.h"
#include "imap/args.h"
#include "imap/list-line.h"
#include "imap/session.h"

/* RFC 6154 section 3: what is wrong with the use has its own code. */
static gboolean uses_are_known(
	ImapSession *session, ImapCommand *command, const char *uses)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *kept = NULL;

	if (special_use_normalise(uses, &kept, &error))
		return TRUE;
	command_no(command,
		arena_printf(session->arena, "[USEATTR] %s", error->message));
	return FALSE;
}

gboolean cmd_create(ImapSession *session, ImapCommand *command, GError **error)
{
	const CreateArgs *args = command->args;
	const char *name =
		session_mailbox_name(session, command, args->mailbox);
	g_autoptr(Mailbox) mailbox = NULL;

	if (name == NULL || !uses_are_known(session, command, args->uses))
		return TRUE;
	if (!mailbox_create(session->store, session->user->id, name, args->uses,
		    &mailbox, error))
		return FALSE;
	g_autoptr(GString) attributes = g_string_new("(");
	list_append_uses(attributes, mailbox);
	list_write_renamed(
		session, attributes->str + 1, mailbox->name, args->mailbox);
	/* RFC 8474 section 4.1. */
	return command_ok(command,
		arena_printf(session->arena,
			"[MAILBOXID (F%" G_GINT64_FORMAT ")] CREATE completed",
			mailbox->id));
}

/* RFC 9051 section 7.1. */
static gboolean refuse_parent(
	ImapSession *session, ImapCommand *command, const GError *error)
{
	if (g_strcmp0(dbmail_error_cause(error), MAILBOX_HAS_CHILDREN) != 0)
		return FALSE;
	return command_no(command,
		arena_printf(
			session->arena, "[HASCHILDREN] %s", error->message));
}

gboolean cmd_delete(ImapSession *session, ImapCommand *command, GError **error)
{
	const MailboxArgs *args = command->args;
	const char *name =
		session_mailbox_name(session, command, args->mailbox);
	GError *failure = NULL;

	if (name == NULL)
		return TRUE;
	if (strcmp(name, "INBOX") == 0)
		return command_no(command, "[CANNOT] INBOX stays");
	if (!mailbox_delete(
		    session->store, session->user->id, name, &failure)) {
		gboolean told = refuse_parent(session, command, failure);
		if (told)
			g_error_free(failure);
		else
			g_propagate_error(error, failure);
		return told;
	}
	if (session->selected != NULL &&
		strcmp(session->selected->name, name) == 0)
		session_unselect(session);
	list_write_renamed(session, "\\NonExistent", name, args->mailbox);
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

/* RFC 9051 section 6.3.6: the old name as it came with the new one as it is
 * kept, where the client has either of them otherwise. */
static void tell_renamed(ImapSession *session, const RenameArgs *args,
	const char *from, const char *to)
{
	if (list_is_other_name(session, args->from, from) ||
		list_is_other_name(session, args->to, to))
		list_write_renamed(session, "", to, args->from);
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
	tell_renamed(session, args, from, to);
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
