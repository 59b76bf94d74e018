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

/* A recipient that was accepted: the mailboxes its mail goes to. */
typedef struct DeliverRecipient DeliverRecipient;

/* Finds out where mail for an address goes: aliases, users, subaddress
 * (user+folder).  NOT_FOUND for nobody; OVER_QUOTA where the mailbox is full
 * already; TEMPORARY.  Known addresses are remembered for some seconds. */
gboolean deliver_resolve(Store *store, const Settings *settings,
	const char *address, DeliverRecipient **recipient, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void deliver_recipient_free(DeliverRecipient **recipient);

typedef struct {
	const char *sender; /* envelope sender without brackets; "" for <> */
	Bytes message;      /* as received, without trace fields */
	DeliverRecipient *const *recipients;
	guint count;
	/* results, one per recipient, NULL: delivered; else as the codes of
	 * deliver_resolve().  The caller frees them. */
	GError **failures;
	DeliveryKey key; /* result: for message_delivery_confirmed() */
	gboolean has_key;
} Delivery;

/* Delivers, on disk when it returns TRUE; FALSE: all recipients failed the
 * same way and nothing is stored (or its fate is unknown, TEMPORARY). */
gboolean deliver_run(Store *store, const Settings *settings, Delivery *delivery,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
