/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be asked of a mailbox without selecting it: STATUS, LIST's STATUS
 * return option (RFC 5819), NOTIFY. */
#ifndef IMAP_STATUS_ITEM_H
#define IMAP_STATUS_ITEM_H

#include <glib.h>

#include "syntax/parse.h"
#include "imap/session.h"

/* As bits. */
typedef enum {
	STATUS_MESSAGES = 1 << 0,
	STATUS_RECENT = 1 << 1, /* RFC 3501 only */
	STATUS_UIDNEXT = 1 << 2,
	STATUS_UIDVALIDITY = 1 << 3,
	STATUS_UNSEEN = 1 << 4,
	STATUS_DELETED = 1 << 5,         /* RFC 9051 */
	STATUS_SIZE = 1 << 6,            /* RFC 8438 */
	STATUS_HIGHESTMODSEQ = 1 << 7,   /* RFC 7162 */
	STATUS_MAILBOXID = 1 << 8,       /* RFC 8474 */
	STATUS_APPENDLIMIT = 1 << 9,     /* RFC 7889 */
	STATUS_DELETED_STORAGE = 1 << 10 /* RFC 9208, in octets */
} StatusItem;

/* "(MESSAGES UNSEEN)": StatusItem bits. */
gboolean status_parse(ImapParser *parser, guint *items);

/* What the session must do before it answers for these items: CONDSTORE is
 * enabled by HIGHESTMODSEQ (RFC 7162 section 3.1).  RECENT, which IMAP4rev2 no
 * longer knows, is answered after ENABLE, too: only who asks gets it. */
void status_prepare(ImapSession *session, guint items);

/* Reads what the items need beyond the mailboxes' rows: nothing mostly, one
 * round trip for all of them otherwise. */
gboolean status_complete(ImapSession *session, Mailbox *const *mailboxes,
	guint count, guint items, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes "* STATUS name (...)" of a mailbox that is complete. */
void status_write(ImapSession *session, const Mailbox *mailbox, guint items);

#endif
