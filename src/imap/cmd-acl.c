/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS (RFC 4314 section 3). */
#include "imap/commands.h"

#include <string.h>

#include "base/errors.h"
#include "store/acl.h"
#include "store/mailbox.h"
#include "imap/acl-args.h"
#include "imap/args.h"
#include "imap/reply.h"
#include "imap/session.h"

/* RFC 4314 section 4: one of them, for MYRIGHTS. */
#define ANY_RIGHT \
	(RIGHT_LOOKUP | RIGHT_READ | RIGHT_INSERT | RIGHT_CREATE | \
		RIGHT_DELETE | RIGHT_ADMINISTER)

/* An owner's name is one level of #Users/NAME/Folder, and no wildcard. */
static gboolean has_shareable_name(
	const ImapSession *session, const Mailbox *mailbox)
{
	return mailbox->owner != session->user->id ||
		strpbrk(session->user->name, "/*%") == NULL;
}

static gboolean change(ImapSession *session, ImapCommand *command,
	AclAction action, guint rights, GError **error)
{
	const AclArgs *args = command->args;
	g_autoptr(Mailbox) mailbox = NULL;

	if (!session_mailbox(session, command, args->mailbox, RIGHT_ADMINISTER,
		    &mailbox, error))
		return FALSE;
	if (mailbox == NULL)
		return TRUE;
	if (action != ACL_REMOVE && rights != RIGHTS_NONE &&
		!has_shareable_name(session, mailbox))
		return command_no(command,
			"[CANNOT] A user with one of / * % in the name cannot "
			"share");
	if (!acl_set(session->store, mailbox->id, args->identifier, action,
		    rights, error))
		return FALSE;
	session_refresh_rights(session);
	return TRUE;
}

gboolean cmd_setacl(ImapSession *session, ImapCommand *command, GError **error)
{
	const AclArgs *args = command->args;

	return change(session, command, args->action, args->rights, error);
}

gboolean cmd_deleteacl(
	ImapSession *session, ImapCommand *command, GError **error)
{
	return change(session, command, ACL_REPLACE, RIGHTS_NONE, error);
}

static void append_astring(GString *line, const char *text)
{
	g_string_append_c(line, ' ');
	reply_append_astring(line, bytes_of_string(text));
}

gboolean cmd_getacl(ImapSession *session, ImapCommand *command, GError **error)
{
	const MailboxArgs *args = command->args;
	g_autoptr(GString) line = g_string_new("* ACL ");
	g_autoptr(Mailbox) mailbox = NULL;
	g_autoptr(GPtrArray) entries = NULL;

	if (!session_mailbox(session, command, args->mailbox, RIGHT_ADMINISTER,
		    &mailbox, error))
		return FALSE;
	if (mailbox == NULL)
		return TRUE;
	if (!acl_get(session->store, mailbox->id, &entries, error))
		return FALSE;
	session_append_mailbox(session, line, mailbox->name);
	for (guint i = 0; i < entries->len; i++) {
		const AclEntry *entry = entries->pdata[i];

		append_astring(line, entry->identifier);
		g_string_append_c(line, ' ');
		rights_append_text(line, entry->rights);
	}
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
	return TRUE;
}

/* No right is tied to another, so each stands alone; RFC 2086's c and d, too,
 * as RFC 4314 section 2.1.1 wants. */
static void append_optional(GString *line, guint required)
{
	static const char all[] = "lrswipkxtecda";
	g_autoptr(GString) letters = g_string_new(NULL);

	rights_append_text(letters, required);
	for (const char *letter = all; *letter != '\0'; letter++) {
		if (strchr(letters->str, *letter) == NULL)
			g_string_append_printf(line, " %c", *letter);
	}
}

gboolean cmd_listrights(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const AclArgs *args = command->args;
	g_autoptr(GString) line = g_string_new("* LISTRIGHTS ");
	g_autoptr(Mailbox) mailbox = NULL;
	guint required;

	if (!session_mailbox(session, command, args->mailbox, RIGHT_ADMINISTER,
		    &mailbox, error))
		return FALSE;
	if (mailbox == NULL)
		return TRUE;
	if (!acl_required(session->store, mailbox->id, args->identifier,
		    &required, error))
		return FALSE;
	session_append_mailbox(session, line, mailbox->name);
	append_astring(line, args->identifier);
	g_string_append_c(line, ' ');
	rights_append_text(line, required);
	append_optional(line, required);
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
	return TRUE;
}

gboolean cmd_myrights(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const MailboxArgs *args = command->args;
	g_autoptr(GString) line = g_string_new("* MYRIGHTS ");
	g_autoptr(Mailbox) mailbox = NULL;

	if (!session_mailbox(session, command, args->mailbox, RIGHTS_NONE,
		    &mailbox, error))
		return FALSE;
	if (mailbox == NULL)
		return TRUE;
	if ((mailbox->rights & ANY_RIGHT) == 0)
		return session_refuse_rights(command, mailbox, error);
	session_append_mailbox(session, line, mailbox->name);
	g_string_append_c(line, ' ');
	rights_append_text(line, mailbox->rights);
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
	return TRUE;
}
