/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mailbox's messages as of one moment, shared by all sessions on it. */
#ifndef STORE_VIEW_H
#define STORE_VIEW_H

#include <glib.h>

#include "store/flag.h"
#include "store/store.h"

/* 40 bytes a message. */
typedef struct {
	guint32 uid;
	guint32 flags;    /* Flags */
	guint64 keywords; /* bit i: view->keywords[i] */
	guint64 modseq;
	gint64 physmessage;
	guint64 size; /* RFC822.SIZE */
} ViewMessage;

/* Immutable; sessions hold references and compare an old one with a new one
 * to see what to tell their clients. */
typedef struct {
	gint64 mailbox;
	guint32 uidvalidity;
	guint32 uidnext;
	guint64 seq; /* HIGHESTMODSEQ at that moment */
	/* A client that was here last at a modseq before this one may have seen
	 * flags that a crash took back: it must be told all of them. */
	guint64 flags_floor;
	guint count;
	const ViewMessage *messages; /* ascending by uid */
	const char *const *keywords; /* NULL-terminated */
	/* The view of this seq has the same UIDs, and differs in nothing but
	 * messages from index changed_first on and before changed_end; 0:
	 * there is no telling. */
	guint64 changed_since;
	guint changed_first;
	guint changed_end;
} MailboxView;

/* The newest view: brought up to date by what changed since the process's
 * last one, which is one round trip; the first of a process loads it.
 * NOT_FOUND where the mailbox is gone.  Give back with view_unref. */
gboolean view_get(Store *store, gint64 mailbox, MailboxView **view,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same where only changes up to a seq are of interest, such as one's own:
 * asks nobody where the process's view is as new already. */
gboolean view_get_since(Store *store, gint64 mailbox, guint64 seq,
	MailboxView **view, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The process's view where it is of that very seq, or NULL; asks nobody. */
MailboxView *view_peek(Store *store, gint64 mailbox, guint64 seq);

MailboxView *view_ref(MailboxView *view);
/* Leaves NULL. */
void view_unref(MailboxView **view);

/* The message's index, or G_MAXUINT. */
guint view_find(const MailboxView *view, guint32 uid);

/* The index of the first message with at least this UID; count for none. */
guint view_lower_bound(const MailboxView *view, guint32 uid);

static inline void view_auto_unref(MailboxView *view)
{
	view_unref(&view);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MailboxView, view_auto_unref)

#endif
