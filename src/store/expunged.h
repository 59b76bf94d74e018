/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which messages a mailbox has lost since a modseq: QRESYNC (RFC 7162). */
#ifndef STORE_EXPUNGED_H
#define STORE_EXPUNGED_H

#include <glib.h>

#include "base/numset.h"
#include "store/store.h"

/* Adds to uids what was expunged after the mailbox had that modseq, in one
 * round trip; UIDs that were gone before then may be among them.  *complete
 * is FALSE, with nothing added, where the log of changes does not reach back
 * so far: every UID that is not there may then have been expunged since.
 * NOT_FOUND where the mailbox is gone. */
gboolean expunged_since(Store *store, gint64 mailbox, guint64 modseq,
	NumSet *uids, gboolean *complete, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
