/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A delivery: for each recipient, what is stored and what is sent, in one
 * transaction. */
#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H

#include <glib.h>

#include "store/message.h"
#include "store/outbound.h"
#include "store/script.h"
#include "store/store.h"

/* A message for a mailbox.  put.uid stays 0 where it was left out or its share
 * was not taken.  Puts of any shares may have the same draft: with the same
 * internal_date that is one physical message. */
typedef struct {
	MessagePut put;
	/* Left out unless that response of the share, from 1, is sent (RFC
	 * 8580); 0: not so. */
	guint response;
	/* Left out where the user of the share was told of the share's
	 * told_version already, by an earlier delivery or an earlier share of
	 * this one; the mailbox must be the user's own. */
	gboolean is_notice;
} DeliveryPut;

/* A mail that is sent unless the same user answered the same address under the
 * same handle less than so many seconds ago (RFC 5230 section 4.2), which is
 * looked at and noted in the transaction: two deliveries at once send one. */
typedef struct {
	const char *handle;  /* any text; a hash of it is kept */
	const char *address; /* who is answered */
	gint64 seconds;      /* 0: each time */
	OutboundMail mail;   /* its user is the share's */
} DeliveryResponse;

/* What one address's mail comes to.  Taken whole or not at all; others do not
 * matter to it, but for those of the same token, which are taken together or
 * not at all. */
typedef struct {
	/* The mailbox the address leads to, under which the delivery's key is
	 * remembered, wherever the puts go; for one that leads outside, and
	 * has mails alone, the alias it does so by, negated. */
	gint64 mailbox;
	gint64 user; /* whose script made it; 0: no script did */
	DeliveryPut *puts;
	guint n_puts; /* 0: only the key is looked at and remembered */
	const OutboundMail *mails;
	guint n_mails;
	const DeliveryResponse *responses;
	guint n_responses;
	const ScriptSeen *seen; /* remembered where the share is taken */
	guint n_seen;
	/* ScriptSet's version that the share's notice tells the user of, noted
	 * with it; 0: there is none. */
	gint64 told_version;
	/* results */
	DeliveryOutcome outcome;
	gint64 missing;   /* where DELIVERY_NO_MAILBOX: a mailbox that is gone,
	                   * perhaps of another share of that token */
	guint n_answered; /* responses that are sent */
} DeliveryShare;

/* Carries the shares out in one transaction that is on disk when this returns
 * TRUE.  A share's outcome says whether it was taken; of the quotas the sums
 * over all its puts count, behind those of the shares before it.  key (may be
 * NULL) is remembered, under each token that was taken, until
 * message_delivery_confirmed(); a share whose token has it already is a
 * DUPLICATE: neither stored nor sent.  Errors: INVALID for a mail's address
 * (outbound_check()) or a keyword, LIMIT for too many keywords; any error:
 * nothing was done, or (TEMPORARY) nobody knows, and the same delivery with
 * the same key may be tried again.  One round trip. */
gboolean delivery_store(Store *store, DeliveryShare *shares, guint count,
	const DeliveryKey *key, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
