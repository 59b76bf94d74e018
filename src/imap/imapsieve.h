/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts over messages that a command has put, copied or flagged (RFC 6785). */
#ifndef IMAP_IMAPSIEVE_H
#define IMAP_IMAPSIEVE_H

#include <glib.h>

#include "store/message.h"
#include "imap/append.h"
#include "imap/session.h"

/* To be called when what the command does is done, and before its client is told
 * of changes: that way it is told of those of scripts, too.  A mailbox without
 * script costs nothing. */

/* The session has put these messages into the mailbox. */
void imapsieve_appended(
	ImapSession *session, const Mailbox *mailbox, const AppendPuts *puts);

/* The session has copied or moved messages to the mailbox. */
void imapsieve_copied(ImapSession *session, const Mailbox *mailbox,
	const MessageCopied *copied);

/* The session has changed flags of these messages (UIDs) in the mailbox that is
 * selected, of which it has no newer view yet; seq as flag_change() gave it.
 * TRUE: the mailbox has a script, and what there is to tell may be more. */
gboolean imapsieve_flagged(ImapSession *session, const NumSet *uids,
	const FlagChange *change, guint64 seq);

#endif
