/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CAPABILITY, NOOP, LOGOUT, ENABLE and NAMESPACE: commands of a few lines. */
#include "imap/commands.h"

#include "store/name.h"
#include "imap/args.h"
#include "imap/capability.h"
#include "imap/session.h"
#include "imap/sync.h"

gboolean cmd_capability(
	ImapSession *session, ImapCommand *command, GError **error)
{
	g_autoptr(GString) line = g_string_new("* ");

	(void)command;
	(void)error;
	capability_append(session, line);
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
	return TRUE;
}

/* NOOP and CHECK: the news that follow every command are all of it. */
gboolean cmd_noop(ImapSession *session, ImapCommand *command, GError **error)
{
	(void)session;
	(void)command;
	(void)error;
	return TRUE;
}

gboolean cmd_logout(ImapSession *session, ImapCommand *command, GError **error)
{
	(void)error;
	session_unselect(session);
	session_bye(session, "Until next time");
	command_answer(session, command);
	return TRUE;
}

/* RFC 5161. */
gboolean cmd_enable(ImapSession *session, ImapCommand *command, GError **error)
{
	const EnableArgs *args = command->args;
	g_autoptr(GString) line = g_string_new("* ENABLED");
	guint before = session->enabled;
	guint enabled = before;

	(void)error;
	for (guint i = 0; i < args->count; i++) {
		guint bit = capability_enable_bit(args->names[i]);
		if (bit == 0 || (enabled & bit) != 0)
			continue;
		enabled |= bit;
		g_string_append_c(line, ' ');
		g_string_append_len(
			line, args->names[i].data, (gssize)args->names[i].size);
	}
	g_string_append(line, "\r\n");
	stream_write(session->stream, line->str, line->len);
	session->enabled = (enabled & ~(guint)ENABLED_CONDSTORE) |
		(before & ENABLED_CONDSTORE);
	if (enabled & (ENABLED_CONDSTORE | ENABLED_QRESYNC))
		sync_enable_condstore(session);
	return TRUE;
}

/* RFC 2342: one's own mailboxes, others', and those that are nobody's. */
gboolean cmd_namespace(
	ImapSession *session, ImapCommand *command, GError **error)
{
	(void)command;
	(void)error;
	stream_puts(session->stream,
		"* NAMESPACE ((\"\" \"/\")) ((\"" NAME_USERS "/\" \"/\"))"
		" ((\"" NAME_PUBLIC "/\" \"/\"))\r\n");
	return TRUE;
}
