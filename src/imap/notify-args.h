/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What NOTIFY asks for (RFC 5465 section 8). */
#ifndef IMAP_NOTIFY_ARGS_H
#define IMAP_NOTIFY_ARGS_H

#include <glib.h>

#include "syntax/parse.h"
#include "imap/command.h"
#include "imap/fetch-item.h"
#include "imap/mailbox-filter.h"

typedef enum {
	NOTIFY_MESSAGE_NEW = 1 << 0,
	NOTIFY_MESSAGE_EXPUNGE = 1 << 1,
	NOTIFY_FLAG_CHANGE = 1 << 2,
	NOTIFY_ANNOTATION_CHANGE = 1 << 3,
	NOTIFY_MAILBOX_NAME = 1 << 4,
	NOTIFY_SUBSCRIPTION_CHANGE = 1 << 5,
	NOTIFY_MAILBOX_METADATA = 1 << 6,
	NOTIFY_SERVER_METADATA = 1 << 7,
	NOTIFY_UNKNOWN = 1 << 8,
} NotifyEvent;

#define NOTIFY_MESSAGE_EVENTS \
	(NOTIFY_MESSAGE_NEW | NOTIFY_MESSAGE_EXPUNGE | NOTIFY_FLAG_CHANGE | \
		NOTIFY_ANNOTATION_CHANGE)

/* "(personal (MailboxName SubscriptionChange))" */
typedef struct {
	MailboxFilter filter;
	guint events;           /* NotifyEvent bits; 0: NONE */
	const FetchArgs *fetch; /* of new messages; NULL: nothing */
} NotifyGroup;

typedef struct {
	gboolean is_none; /* NOTIFY NONE */
	gboolean status;
	const NotifyGroup *groups;
	guint count;
} NotifyArgs;

#define NOTIFY_GROUPS_MAX 100

gboolean args_notify(ImapParser *parser, ImapCommand *command);

/* The names of all events there are, separated by blanks, for BADEVENT. */
const char *notify_event_names(void);

#endif
