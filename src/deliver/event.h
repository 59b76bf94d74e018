/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts over messages that were put, copied or flagged over IMAP (RFC
 * 6785). */
#ifndef DELIVER_EVENT_H
#define DELIVER_EVENT_H

#include <glib.h>

#include "base/log.h"
#include "base/numset.h"
#include "base/settings.h"
#include "deliver/deliver.h"
#include "deliver/event-scripts.h"
#include "store/view.h"

typedef enum {
	EVENT_APPEND,
	EVENT_COPY,
	EVENT_FLAG,
} EventCause;

/* What has happened, and is done. */
typedef struct {
	EventCause cause;
	gint64 mailbox;
	gint64 owner;       /* of the mailbox: whose script it is */
	const char *name;   /* of the mailbox, as its owner sees it */
	const NumSet *uids; /* of the messages */
	gint64 user;        /* who did it */
	const char *login;  /* who that is */
	const LogContext *log;
	/* EVENT_FLAG: what was asked for, the mailbox before it, and the seq that
	 * what has really changed has got, or a later one. */
	const FlagChange *change;
	const MailboxView *before;
	guint64 seq;
} MailEvent;

/* TRUE where the settings have scripts run at all. */
gboolean event_is_on(const Settings *settings);

/* TRUE where the setting sieve_url is empty or a sieveurl-server of RFC 5804
 * section 3. */
gboolean event_check_url(const Settings *settings);

/* Runs the mailbox's script, where it has one, over each of the messages, as its
 * owner; what it wants is done and committed before this returns.  A message
 * that it keeps stays, with the flags it says; any other gets \Deleted,
 * whatever else becomes of it (section 2.2.4).  What scripts do starts none.
 *
 * Nothing fails: what goes wrong leaves the message as it is, and is logged; of
 * a script that fails its owner is told, as at a delivery.  TRUE: the mailbox has
 * a script, and there may be changes to tell of. */
gboolean event_run(Deliverer *deliverer, EventScripts *scripts,
	const Settings *settings, const MailEvent *event);

#endif
