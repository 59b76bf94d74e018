/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STARTTLS (RFC 3501 section 6.2.1). */
#include "imap/commands.h"

#include "base/log.h"
#include "imap/session.h"

gboolean cmd_starttls(
	ImapSession *session, ImapCommand *command, GError **error)
{
	ServerConnection *connection = session->connection;
	g_autoptr(GError) failure = NULL;

	(void)error;
	if (stream_is_tls(session->stream))
		command_bad(command, "TLS is on already");
	else if (connection->tls == NULL)
		command_bad(command, "TLS is not to be had here");
	else
		command_ok(command, "Begin TLS negotiation now");
	command_answer(session, command);
	if (command->status != STATUS_OK)
		return TRUE;
	/* What came in plain text behind the command is dropped by this: it was
	 * not sent by the client that speaks inside TLS. */
	if (!stream_start_tls(session->stream, connection->tls, &failure)) {
		log_event(LOG_LEVEL_INFO, &connection->log, "tls-failed",
			LOG_GERROR(failure));
		session->is_over = TRUE;
	}
	return TRUE;
}
