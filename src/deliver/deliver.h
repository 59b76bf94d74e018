/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message to its recipients: who they are, and one transaction for all. */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include <glib.h>

#include "base/bytes.h"
#include "base/settings.h"
#include "base/timestamp.h"
#include "store/message.h"
#include "store/store.h"

/* One per process, for all its threads: the store, and the addresses that were
 * found in the last seconds. */
typedef struct Deliverer Deliverer;

/* INVALID, and which setting it is and what would be right, for the first of
 * those that deliveries and scripts go by which the settings' table cannot check:
 * for programs as they start, and daemons as they reload. */
gboolean deliver_settings_check(const Settings *settings, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

Deliverer *deliverer_new(Store *store) G_GNUC_WARN_UNUSED_RESULT;
void deliverer_free(Deliverer **deliverer);

/* A recipient that was accepted: the mailboxes its mail goes to, and the
 * addresses outside that aliases send it on to. */
typedef struct DeliverRecipient DeliverRecipient;

/* Finds out where mail for an address goes: aliases, users, subaddress
 * (user+folder, by recipient_delimiter and subaddress_folder of [LMTP]).  The
 * address is without brackets, may have a quoted local part, and need not have
 * a domain; deliver/recipient.h says which names are looked up.  Errors:
 * NOT_FOUND for nobody; OVER_QUOTA where a mailbox it leads to is full
 * already; TEMPORARY.  Known addresses are remembered for some seconds. */
gboolean deliver_resolve(Deliverer *deliverer, const Settings *settings,
	const char *address, DeliverRecipient **recipient, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Where mail goes that is for a user whatever the addresses say: INBOX, or what
 * the user's script says.  name is the user's.  Errors as above. */
gboolean deliver_resolve_user(Deliverer *deliverer, const char *name,
	gint64 user, DeliverRecipient **recipient, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The recipient for one mailbox that is known already: no script runs. */
DeliverRecipient *deliver_recipient_of(const char *address, gint64 mailbox)
	G_GNUC_WARN_UNUSED_RESULT;

void deliver_recipient_free(DeliverRecipient **recipient);

/* The address it was made from. */
const char *deliver_recipient_address(const DeliverRecipient *recipient);

/* One recipient of a delivery and what became of it. */
typedef struct {
	DeliverRecipient *recipient;
	/* results, which deliver_to_clear() frees */
	GError *failure;       /* NULL: delivered */
	gboolean is_duplicate; /* it was there already */
	/* The recipient's script refuses the message (RFC 5429), or what is to
	 * be sent on cannot be, which is a failure too: what there is to say,
	 * ASCII, lines apart by LF.  NULL: it is not refused. */
	char *refusal;
	/* What scripts did and aliases sent on, for the log; or NULL. */
	char *did;
} DeliverTo;

/* Frees the recipient and the results. */
void deliver_to_clear(DeliverTo *to);

/* Where the message came from, for Received; members may be NULL. */
typedef struct {
	const char *hello;    /* what the client called itself */
	const char *remote;   /* its address */
	const char *protocol; /* such as "UTF8LMTPS" (RFC 3848, 6531) */
	const char *id;       /* of the session */
} DeliverTrace;

/* What Return-Path takes in front of a message from that sender, in bytes. */
gsize deliver_return_path_size(const char *sender);

typedef struct {
	const char *sender; /* envelope sender without brackets; "" for <> */
	/* As received, without trace fields.  `room` bytes before it may be
	 * written to; where they are deliver_return_path_size() or more,
	 * no copy of the message is made. */
	char *message;
	gsize size;
	gsize room;
	gint64 since; /* g_get_monotonic_time() before its first byte came */
	DeliverTrace trace;
	DeliverTo *to;
	guint count;
	/* results */
	gboolean has_split_failed; /* as message_draft_new(): log it */
	/* For deliver_confirm() once the client has surely read
	 * the replies.  Not where a recipient was served in part, or failed and
	 * may have been served before: its next try must find what was
	 * stored. */
	gboolean has_key;
	DeliveryKey key;
} Delivery;

/* Delivers the message, its bytes unchanged behind the trace fields:
 *
 *     Return-Path: <sender>
 *
 * with CRLF, the same for all recipients, who so share one physical message;
 * where add_delivered_to or add_received of [LMTP] are on, Delivered-To and
 * Received behind it, and each recipient has a physical message that
 * shares all parts but the header.
 *
 * What an alias leads outside is queued in the same transaction, with the
 * envelope sender that redirect_sender of [SIEVE] says, and refused where it
 * comes round in a loop.
 *
 * A recipient whose user has an active script (RFC 5228) gets what that says:
 * any number of copies in any mailboxes, or none, and mails go out; stored and
 * queued in the one transaction of the delivery.  A script that cannot be
 * loaded is a TEMPORARY failure of its recipient, never a delivery without it.
 *
 * All that succeeded is on disk when it returns; to[i].failure says what did
 * not: OVER_QUOTA, NO_PERMISSION where to[i].refusal says why, or TEMPORARY
 * where nothing was stored or nobody knows.  TRUE when at least one recipient
 * was served.
 *
 * A client that lost the reply sends the message again.  So each delivery is
 * remembered, in the transaction that stores it, under a key: SHA-256 over
 * sender and message.  The same key for the same mailbox is a duplicate: it is
 * answered as delivered, not stored.  The key is forgotten when the client
 * shows that it has read the reply (the protocol decides), else after
 * duplicate_window of [LMTP]; 0 turns all this off. */
gboolean deliver_run(
	Deliverer *deliverer, const Settings *settings, Delivery *delivery);

/* The client has surely read the replies: the key is forgotten in passing by
 * the next delivery, or by message_forget_confirmed().  A try with this key
 * whose `since` was before now, and which was overtaken by the one that is
 * confirmed, fails with TEMPORARY (deliver/repeat.h). */
void deliver_confirm(Deliverer *deliverer, const DeliveryKey *key);

static inline void deliverer_auto_free(Deliverer *deliverer)
{
	deliverer_free(&deliverer);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Deliverer, deliverer_auto_free)

static inline void deliver_recipient_auto_free(DeliverRecipient *recipient)
{
	deliver_recipient_free(&recipient);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeliverRecipient, deliver_recipient_auto_free)

#endif
