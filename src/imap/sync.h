/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the client what has changed in the mailbox it has selected. */
#ifndef IMAP_SYNC_H
#define IMAP_SYNC_H

#include <glib.h>

#include "base/numset.h"
#include "store/flag.h"
#include "imap/session.h"

/* A change the session has just made itself. */
typedef struct {
	const NumSet *uids;
	const FlagChange *change;
	/* The client knows what came of it, or will be told otherwise: a message
	 * is only reported where somebody else changed it too.  FALSE: every one
	 * of the messages is reported. */
	gboolean silent;
	/* The mailbox's seq after it: news up to there are enough, and what came
	 * later is told later.  0: whatever there is. */
	guint64 seq;
	/* Not even MODSEQ is told of a silent change: another response does. */
	gboolean told_otherwise;
	/* Every message's MODSEQ is told, be it changed or not, and all of those
	 * that were spared (STORE UNCHANGEDSINCE). */
	gboolean conditional;
	const NumSet *spared; /* UIDs; may be NULL */
} SyncOwn;

/* TRUE when something may have changed since the last look; asks nobody. */
gboolean sync_is_due(const ImapSelected *selected);

/* Takes the newest view and writes EXPUNGE, EXISTS, RECENT, FLAGS and FETCH
 * responses for what differs from what the client knows.  may_expunge
 * FALSE: messages that are gone keep their numbers for now.  with_uid: FETCH
 * responses carry the UID.  own may be NULL.  A mailbox that is gone ends
 * the session; where the database cannot be asked nothing is told, which is
 * logged. */
void sync_mailbox(ImapSession *session, gboolean may_expunge, gboolean with_uid,
	const SyncOwn *own);

/* The first view, for SELECT: nothing is written.  seq is the mailbox's as it
 * was read just now: where the process's view is of that, nobody is asked;
 * G_MAXUINT64 where it may have changed since. */
gboolean sync_begin(ImapSession *session, ImapSelected *selected, guint64 seq,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A CONDSTORE enabling command (RFC 7162 section 3.1): from now on FETCH
 * responses tell UID and MODSEQ.  The first one has HIGHESTMODSEQ told of the
 * mailbox that is selected. */
void sync_enable_condstore(ImapSession *session);

/* TRUE where FETCH responses that nobody asked for carry the UID. */
gboolean sync_tells_uid(const ImapSession *session);

/* TRUE where the message is shown as \Recent: never after ENABLE IMAP4rev2. */
gboolean sync_is_recent(const ImapSession *session, guint32 uid);

/* Writes a FETCH response with FLAGS, and UID and MODSEQ where they belong, of
 * the message with that index in what the client knows. */
void sync_write_message(ImapSession *session, guint index);

/* At the end of a command, ahead of its answer or in it: HIGHESTMODSEQ as far
 * as the client may take it, where it has got VANISHED or still has to (RFC
 * 7162 sections 3.2 and 3.2.7). */
void sync_tell_highest(ImapSession *session, ImapCommand *command);

/* How many messages are \Recent in this session. */
guint sync_count_recent(const ImapSelected *selected);

/* Writes "* FLAGS" and "* OK [PERMANENTFLAGS" as they are now. */
void sync_write_flags(ImapSession *session);

#endif
