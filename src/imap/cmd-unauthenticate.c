/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UNAUTHENTICATE (RFC 8437): the connection for the next user. */
#include "imap/commands.h"

#include "imap/session.h"

gboolean cmd_unauthenticate(
	ImapSession *session, ImapCommand *command, GError **error)
{
	(void)error;
	session_log_out(session);
	command_answer(session, command);
	if (stream_is_deflated(session->stream))
		session->is_over |= !stream_stop_deflate(session->stream, NULL);
	return TRUE;
}
