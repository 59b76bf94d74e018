/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VANISHED responses: which UIDs are no more (RFC 7162 section 3.2.10). */
#ifndef IMAP_VANISHED_H
#define IMAP_VANISHED_H

#include <glib.h>

#include "base/numset.h"
#include "imap/session.h"

/* Writes VANISHED, with "(EARLIER)" or without, in lines of bounded length;
 * nothing for the empty set. */
void vanished_write(ImapSession *session, const NumSet *uids, gboolean earlier);

/* Writes VANISHED (EARLIER) for what was expunged from the selected mailbox
 * since that modseq, of these UIDs (NULL: of all that ever were) and above
 * `above`.  Where the store does not know that far back: all that are not
 * there.  Messages the client still counts are never among them. */
gboolean vanished_tell_earlier(ImapSession *session, guint64 modseq,
	const NumSet *uids, guint32 above, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
