/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user's mailboxes may hold together (RFC 9208). */
#ifndef STORE_QUOTA_H
#define STORE_QUOTA_H

#include <glib.h>

#include "store/store.h"

typedef enum {
	QUOTA_STORAGE,   /* bytes of messages */
	QUOTA_MESSAGES,  /* messages, exactly */
	QUOTA_MAILBOXES, /* mailboxes, INBOX and \Noselect names among them */
	QUOTA_RESOURCES
} QuotaResource;

/* The limit of what has none. */
#define QUOTA_UNLIMITED G_GINT64_CONSTANT(-1)

/* Free with quota_clear. */
typedef struct {
	gint64 user;
	char *name; /* the user's: the quota root */
	gint64 used[QUOTA_RESOURCES];
	gint64 limit[QUOTA_RESOURCES]; /* or QUOTA_UNLIMITED */
} Quota;

void quota_clear(Quota *quota);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Quota, quota_clear)

/* A user's by name, ASCII letters in any case, or by id where name is NULL.
 * NOT_FOUND.  The limits hold for whoever adds to the user's mailboxes, and are
 * looked at in the transaction that adds. */
gboolean quota_get(Store *store, const char *name, gint64 user, Quota *quota,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets all limits; one below what is used removes nothing, but nothing comes
 * in any more.  A limit of 0 bytes is kept as 1, since 0 was none before there
 * were others.  NOT_FOUND. */
gboolean quota_set(Store *store, gint64 user,
	const gint64 limits[QUOTA_RESOURCES], GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
