/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CLOSE (RFC 3501 section 6.4.2) and UNSELECT (RFC 3691). */
#include "imap/commands.h"

#include "store/message.h"
#include "imap/session.h"

gboolean cmd_close(ImapSession *session, ImapCommand *command, GError **error)
{
	ImapSelected *selected = session->selected;
	guint64 seq;

	(void)command;
	/* RFC 4314 section 4: without the right nothing is expunged, and that is
	 * no error. */
	if (!selected->read_only && (selected->rights & RIGHT_EXPUNGE) != 0 &&
		!message_expunge(
			session->store, selected->id, NULL, NULL, &seq, error))
		return FALSE;
	session_unselect(session);
	return TRUE;
}

gboolean cmd_unselect(
	ImapSession *session, ImapCommand *command, GError **error)
{
	(void)command;
	(void)error;
	session_unselect(session);
	return TRUE;
}
