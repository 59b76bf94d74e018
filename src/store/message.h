/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages into mailboxes, between them, and out of them. */
#ifndef STORE_MESSAGE_H
#define STORE_MESSAGE_H

#include <glib.h>

#include "base/bytes.h"
#include "base/numset.h"
#include "base/timestamp.h"
#include "store/flag.h"
#include "store/rights.h"
#include "store/store.h"

/* A message scanned, split, hashed and summarised: all that can be done
 * before the database is asked.  The raw bytes must outlive it. */
typedef struct MessageDraft MessageDraft;

/* Never fails for any input up to max_message_size, which the caller has
 * checked.  The pieces are joined and compared with raw; where they differ,
 * which would be a bug, raw is kept whole and *split_failed (may be NULL) is
 * set for the caller's log. */
MessageDraft *message_draft_new(Store *store, Bytes raw, gboolean *split_failed)
	G_GNUC_WARN_UNUSED_RESULT;
void message_draft_free(MessageDraft **draft);

static inline void message_draft_auto_free(MessageDraft *draft)
{
	message_draft_free(&draft);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MessageDraft, message_draft_auto_free)

/* One message to put into one mailbox. */
typedef struct {
	const MessageDraft *draft;
	gint64 mailbox;
	Timestamp internal_date;
	Flags flags;
	const char *const *keywords; /* NULL-terminated, or NULL */
	/* results */
	guint32 uid;
	guint32 uidvalidity;
} MessagePut;

/* Puts them all, in one transaction, or none (RFC 3502); drafts that are
 * the same pointer share one physical message.  NOT_FOUND where a mailbox is
 * gone, OVER_QUOTA, LIMIT for too many keywords.  One or two round trips. */
gboolean message_append(Store *store, MessagePut *puts, guint count,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts one message and removes the one with that UID from the mailbox `from`,
 * which may be another one: both in one transaction, or neither (RFC 8508).
 * Of a quota only the difference counts.  TRUE with *found FALSE, and nothing
 * done, where there is no such message.  Errors of message_append(). */
gboolean message_replace(Store *store, MessagePut *put, gint64 from,
	guint32 uid, gboolean *found, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum {
	DELIVERY_STORED,     /* on disk, as far as there was anything */
	DELIVERY_DUPLICATE,  /* was there already: a retry after a lost reply */
	DELIVERY_OVER_QUOTA, /* bytes or messages */
	DELIVERY_NO_MAILBOX, /* one is gone, or nothing can be put into it */
} DeliveryOutcome;

/* What a delivery can be recognised by when it is tried again. */
#define DELIVERY_KEY_SIZE 32
typedef struct {
	guint8 bytes[DELIVERY_KEY_SIZE];
} DeliveryKey;

/* The client has read the reply, so that the same message sent on purpose must
 * be delivered again: the key will be forgotten by this process's next
 * delivery, in its transaction and before it looks at keys, or by
 * message_forget_confirmed(). */
void message_delivery_confirmed(Store *store, const DeliveryKey *key);

/* Forgets confirmed keys now: for the end of a session. */
gboolean message_forget_confirmed(Store *store, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The UIDs a COPY or MOVE gave (RFC 4315): from[i] became to[i]. */
typedef struct {
	guint32 uidvalidity;
	GArray *from; /* guint32, ascending */
	GArray *to;   /* guint32, ascending */
} MessageCopied;

void message_copied_clear(MessageCopied *copied);

/* Copies (or moves, RFC 6851) messages with flags, keywords and dates, all
 * or none, in one transaction; UIDs that are not there are passed over.
 * NOT_FOUND for the destination, OVER_QUOTA. */
gboolean message_copy(Store *store, gint64 from, const NumSet *uids, gint64 to,
	gboolean move, MessageCopied *copied, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The same for a user who has these rights in the destination: flags and
 * keywords are copied as far as they allow (RFC 4314 section 4). */
gboolean message_copy_as(Store *store, gint64 from, const NumSet *uids,
	gint64 to, guint rights, gboolean move, MessageCopied *copied,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the messages with \Deleted; of these UIDs alone where uids is not
 * NULL.  expunged (may be NULL) receives what went; seq the mailbox's seq. */
gboolean message_expunge(Store *store, gint64 mailbox, const NumSet *uids,
	NumSet *expunged, guint64 *seq, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Removes these UIDs whatever their flags: POP3's QUIT. */
gboolean message_remove(Store *store, gint64 mailbox, const NumSet *uids,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
