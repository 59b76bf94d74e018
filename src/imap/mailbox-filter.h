/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "personal", "subtree (a b)": many mailboxes named at once (RFC 5465 section
 * 6, RFC 7377 section 2.2). */
#ifndef IMAP_MAILBOX_FILTER_H
#define IMAP_MAILBOX_FILTER_H

#include <glib.h>

#include "imap/session.h"

typedef enum {
	FILTER_SELECTED,
	FILTER_SELECTED_DELAYED,
	FILTER_INBOXES, /* taken for FILTER_PERSONAL (RFC 5465 section 6.3) */
	FILTER_PERSONAL,
	FILTER_SUBSCRIBED,
	FILTER_SUBTREE,     /* the named mailboxes and all below them */
	FILTER_SUBTREE_ONE, /* the same one level deep */
	FILTER_MAILBOXES,   /* the named mailboxes */
} MailboxFilterKind;

/* In the parser's arena. */
typedef struct MailboxFilter MailboxFilter;
struct MailboxFilter {
	MailboxFilterKind kind;
	const Bytes *names; /* as the wire has them */
	guint count;
	MailboxFilter *next;
};

/* Names in one filter. */
#define FILTER_NAMES_MAX 1000

/* One filter. */
gboolean mailbox_filter_parse(ImapParser *parser, MailboxFilter *filter);

/* TRUE for FILTER_SELECTED and FILTER_SELECTED_DELAYED. */
gboolean mailbox_filter_is_selected(const MailboxFilter *filter);

/* Whether a filter of that kind, with those names (of all mailboxes named, as
 * they are kept; empty where the kind has none), has this line of LIST.  Not
 * for those of the selected mailbox.  Rights do not count. */
gboolean mailbox_filter_has(
	MailboxFilterKind kind, GHashTable *names, const MailboxListed *listed);

/* A mailbox that filters name. */
typedef struct {
	gint64 id;
	const char *name; /* the session's arena's */
} FilteredMailbox;

/* All mailboxes the filters in the chain name, each once (GArray of
 * FilteredMailbox): those that the user may read, and see, too, unless their
 * very name was given.  What is not there is passed over.  TRUE with *mailboxes
 * NULL: the command is refused.  Free with g_array_unref. */
gboolean mailbox_filter_resolve(ImapSession *session, ImapCommand *command,
	const MailboxFilter *filters, GArray **mailboxes, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
