/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailboxes: names, subscriptions and the numbers of STATUS. */
#ifndef STORE_MAILBOX_H
#define STORE_MAILBOX_H

#include <glib.h>

#include "store/rights.h"
#include "store/store.h"

#define MAILBOX_SEPARATOR '/'
#define MAILBOX_NAME_MAX 1024 /* bytes of UTF-8 */

/* A mailbox as its row says at one moment.  Free with mailbox_free. */
typedef struct {
	gint64 id;
	gint64 owner;
	/* UTF-8, levels separated by MAILBOX_SEPARATOR, as the user who asked
	 * sees it: others' mailboxes are under #Users/NAME, shared ones under
	 * #Public (store/name.h). */
	char *name;
	/* Such as "\\Drafts \\Sent", or NULL; of one's own mailboxes alone. */
	char *special_use;
	guint32 uidvalidity;
	guint32 uidnext;
	guint32 first_recent; /* messages from this UID on are recent */
	guint64 seq;          /* HIGHESTMODSEQ */
	guint32 messages;
	guint32 unseen;
	guint32 deleted;
	guint64 size; /* bytes of all messages */
	gboolean read_only;
	gboolean no_select;
	gboolean no_inferiors;
	guint rights; /* Right bits of the user who asked */
	/* 0 until mailbox_count() has filled them in. */
	guint32 recent;
	guint64 deleted_size; /* bytes of the messages with \Deleted */
} Mailbox;

void mailbox_free(Mailbox **mailbox);

static inline void mailbox_auto_free(Mailbox *mailbox)
{
	mailbox_free(&mailbox);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mailbox, mailbox_auto_free)

/* The name as it is kept: namespaces as store/name.h writes them, INBOX and
 * INBOX/... in capitals, all of it in Unicode's Normalization Form C, as
 * Net-Unicode wants (RFC 5198, RFC 9051 section 5.1); checked for length and
 * depth (both without the namespace), empty levels, control characters, * and
 * %, valid UTF-8, and a second namespace.  INVALID.  Free with g_free. */
char *mailbox_name_normalise(const char *name, guint max_depth, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* In all of these `user` is who asks, and a name is one that user sees, from
 * mailbox_name_normalise().  A mailbox in which the user has no right at all
 * does not exist for that user.  Whether the rights suffice for what is to be
 * done is the caller's to see (Mailbox.rights) where the mailbox was asked
 * for; what changes names checks them itself (RFC 4314 section 4). */

/* NOT_FOUND. */
gboolean mailbox_get(Store *store, gint64 user, const char *name,
	Mailbox **mailbox, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One line of LIST. */
typedef struct {
	Mailbox *mailbox; /* NULL for a name without mailbox */
	char *name;       /* never NULL */
	gboolean subscribed;
	/* Neither mailbox nor subscribed: a level above mailboxes of others of
	 * which the user may not know more, or where a namespace begins. */
	gboolean is_level;
} MailboxListed;

/* All mailboxes in all namespaces that a user may look up (RFC 4314's l), all
 * subscribed names, and the levels above others' mailboxes; sorted by name
 * bytes: array of MailboxListed *, freed with its elements.  One round
 * trip. */
gboolean mailbox_list(Store *store, gint64 user, GPtrArray **list,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same of the mailboxes the user owns alone. */
gboolean mailbox_list_own(Store *store, gint64 owner, GPtrArray **list,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The mailbox of that id, if mailbox_list() has it for the user.  NOT_FOUND. */
gboolean mailbox_get_id(Store *store, gint64 user, gint64 id, Mailbox **mailbox,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The mailboxes the user owns that have a special_use, sorted by name bytes:
 * array of Mailbox *, freed with its elements. */
gboolean mailbox_list_uses(Store *store, gint64 owner, GPtrArray **list,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is not in a mailbox's row, as bits. */
typedef enum {
	MAILBOX_COUNT_RECENT = 1 << 0,  /* recent */
	MAILBOX_COUNT_DELETED = 1 << 1, /* deleted_size */
} MailboxCount;

/* Fills in what a row does not have.  One round trip for all mailboxes, none
 * where the rows say that there is nothing to count. */
gboolean mailbox_count(Store *store, Mailbox *const *mailboxes, guint count,
	guint what, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads anew what STATUS tells of mailboxes that were read before; names and
 * rights stay.  One round trip.  One that is gone is left as it is. */
gboolean mailbox_reread(Store *store, Mailbox *const *mailboxes, guint count,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Creates it and the levels above it that are missing (RFC 3501 section
 * 6.3.3).  special_use is any number of RFC 6154's attributes, or NULL; a use
 * belongs to one mailbox of its owner, so another that had it loses it.
 * INVALID for uses that special_use_normalise() refuses.  EXISTS; a \Noselect
 * name becomes a mailbox again.  New mailboxes take the ACL of the nearest one
 * above them.  NO_PERMISSION under a no_inferiors one and where the user lacks
 * k in that nearest one; with none above, only owners may, and under #Public
 * administrators. */
gboolean mailbox_create(Store *store, gint64 user, const char *name,
	const char *special_use, Mailbox **mailbox, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Gives it these uses and no others (RFC 6154 section 4), as mailbox_create()
 * does.  INVALID; NOT_FOUND, also for a \Noselect name. */
gboolean mailbox_set_special_use(Store *store, gint64 owner, const char *name,
	const char *special_use, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The cause of mailbox_delete()'s error where children are in the way. */
#define MAILBOX_HAS_CHILDREN "has children"

/* Deletes it with its messages; one with children becomes \Noselect (RFC
 * 3501 section 6.3.4), and stays so when they go, until it is deleted once
 * more (the example of RFC 9051 section 6.3.5).  NOT_FOUND; NO_PERMISSION for
 * INBOX, for a \Noselect name that still has children, and without x. */
gboolean mailbox_delete(Store *store, gint64 user, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Renames it and what is under it; INBOX instead gives its messages to the
 * new mailbox and stays (RFC 3501 section 6.3.5).  ACLs move along.  NOT_FOUND;
 * EXISTS; NO_PERMISSION without x there and k above the new name; INVALID where
 * it would change the owner. */
gboolean mailbox_rename(Store *store, gint64 user, const char *from,
	const char *to, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A name need not exist to be subscribed (RFC 3501 section 6.3.6). */
gboolean mailbox_subscribe(Store *store, gint64 user, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean mailbox_unsubscribe(Store *store, gint64 user, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes the mailbox's recent messages for the caller's session: messages
 * from the UID first_recent on and below uidnext are \Recent to it and to no
 * other session (RFC 3501 section 2.3.2); there are none where first_recent is
 * not below uidnext.  uidnext is that of the view the session shows: what comes
 * behind it is left to the session that hears of it first. */
gboolean mailbox_take_recent(Store *store, gint64 mailbox, guint32 uidnext,
	guint32 *first_recent, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
