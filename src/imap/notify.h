/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NOTIFY (RFC 5465): telling a session what it asked for, when it happens. */
#ifndef IMAP_NOTIFY_H
#define IMAP_NOTIFY_H

#include <glib.h>

#include "imap/notify-args.h"
#include "imap/session.h"

/* A session's wishes, and what it was told last.  NULL before its first
 * NOTIFY. */
typedef struct ImapNotify ImapNotify;

void notify_free(ImapNotify **notify);

/* In all of these nothing differs for a session that has never sent NOTIFY. */

/* FALSE where the client does not want to hear of messages of the selected
 * mailbox, or of their flags, except in answer to its own changes. */
gboolean notify_wants_messages(const ImapSession *session);
gboolean notify_wants_flags(const ImapSession *session);

/* TRUE where FETCH responses that nobody asked for must carry the UID. */
gboolean notify_tells_uid(const ImapSession *session);

/* Between commands: waits for input and tells what happens meanwhile.  FALSE:
 * there is no input, session->is_over. */
gboolean notify_wait_input(ImapSession *session);

/* Tells what has happened; may_expunge FALSE keeps the numbers. */
void notify_tell(ImapSession *session, gboolean may_expunge);

/* What to poll for news, -1 where there is nothing to hear of. */
int notify_fd(const ImapSession *session);

/* Around a command: news of names come before one that changes names, which
 * then is none itself (RFC 5465 section 5). */
void notify_before(ImapSession *session, const ImapCommand *command);
void notify_after(ImapSession *session, const ImapCommand *command);

#endif
