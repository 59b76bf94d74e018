/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LIST responses (RFC 9051 section 7.3.1), of LIST and of other commands. */
#include "imap/list-line.h"

#include "store/mailbox.h"
#include "imap/reply.h"

void list_append_attribute(GString *line, const char *attribute)
{
	if (line->str[line->len - 1] != '(')
		g_string_append_c(line, ' ');
	g_string_append(line, attribute);
}

void list_append_kind(GString *line, const Mailbox *mailbox)
{
	if (mailbox->no_select || (mailbox->rights & RIGHT_READ) == 0)
		list_append_attribute(line, "\\Noselect");
	if (mailbox->no_inferiors)
		list_append_attribute(line, "\\Noinferiors");
}

void list_append_uses(GString *line, const Mailbox *mailbox)
{
	if (mailbox->special_use != NULL)
		list_append_attribute(line, mailbox->special_use);
}

gboolean list_is_other_name(
	const ImapSession *session, Bytes wire, const char *name)
{
	g_autoptr(GString) used = g_string_new(NULL);

	if (wire.size > 1 && wire.data[wire.size - 1] == MAILBOX_SEPARATOR)
		wire.size--;
	return session_decode_name(session, wire, used) &&
		strcmp(used->str, name) != 0;
}

/* The name goes back as it came: it was right when it came. */
static void append_old_name(
	const ImapSession *session, GString *line, const char *name, Bytes wire)
{
	if (!list_is_other_name(session, wire, name))
		return;
	g_string_append(line, " (\"OLDNAME\" (");
	reply_append_utf8_astring(line, wire);
	g_string_append(line, "))");
}

static void end_line(
	ImapSession *session, GString *line, const char *name, Bytes wire)
{
	g_string_append_printf(line, ") \"%c\" ", MAILBOX_SEPARATOR);
	session_append_mailbox(session, line, name);
	append_old_name(session, line, name, wire);
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
}

void list_write_found(ImapSession *session, const Mailbox *mailbox, Bytes wire)
{
	g_autoptr(GString) line = g_string_new("* LIST (");

	if ((session->enabled & ENABLED_IMAP4REV2) == 0)
		return;
	list_append_kind(line, mailbox);
	list_append_uses(line, mailbox);
	end_line(session, line, mailbox->name, wire);
}

void list_write_renamed(ImapSession *session, const char *attributes,
	const char *name, Bytes wire)
{
	g_autoptr(GString) line = g_string_new("* LIST (");

	if ((session->enabled & ENABLED_IMAP4REV2) == 0 ||
		!list_is_other_name(session, wire, name))
		return;
	g_string_append(line, attributes);
	end_line(session, line, name, wire);
}
