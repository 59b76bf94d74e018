/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of NOTIFY share. */
#ifndef IMAP_NOTIFY_PRIVATE_H
#define IMAP_NOTIFY_PRIVATE_H

#include <glib.h>

#include "store/mailbox.h"
#include "imap/notify.h"

/* Mailboxes one session may hear of. */
#define NOTIFY_MAILBOXES_MAX 10000

struct ImapNotify {
	Arena *arena; /* both hold args */
	Arena *parsed;
	const NotifyArgs *args;
	/* Of each group, the names as they are kept: GHashTable, or NULL. */
	GHashTable **names;
	const NotifyGroup *selected; /* the group of that name, or NULL */
	Watch *watch;                /* NULL where no group is of others */
	/* What mailbox_list() said when the client was told last. */
	GPtrArray *list;
	GHashTable *prints; /* the same of metadata_prints(), or NULL */
	gint64 selected_id; /* as it was watched last; 0 for none */
	guint32 next_uid;   /* where messages begin that were not fetched */
};

/* The events the client wants of a line of LIST, as far as its rights go; not
 * those of the selected mailbox. */
guint notify_events(const ImapSession *session, const ImapNotify *notify,
	const MailboxListed *listed);

/* Takes a newer list and tells how it differs from the old one; quiet: takes
 * it as known. */
void notify_take_list(ImapSession *session, GPtrArray *list, gboolean quiet);

/* What is there of the annotations the client wants to hear of, *prints NULL
 * where it wants of none; and how that differs from what it was told last,
 * which takes prints. */
gboolean notify_read_metadata(const ImapSession *session,
	const ImapNotify *notify, GHashTable **prints, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void notify_take_metadata(
	ImapSession *session, GHashTable *prints, gboolean quiet);

/* Tells what changed in a mailbox that is not selected. */
void notify_tell_numbers(ImapSession *session, const Mailbox *before,
	const Mailbox *now, guint events);

/* "* LIST (\NoAccess)" of what may be seen and not be read. */
void notify_tell_no_access(ImapSession *session, const MailboxListed *listed);

#endif
