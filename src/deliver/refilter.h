/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's script over mail that is stored already. */
#ifndef DELIVER_REFILTER_H
#define DELIVER_REFILTER_H

#include <glib.h>

#include "base/settings.h"
#include "deliver/deliver.h"
#include "sieve/run.h"

typedef struct {
	Deliverer *deliverer;
	const Settings *settings;
	gint64 user;
	const char *script;  /* its name; NULL: the active one */
	const char *address; /* whom the mail was for; NULL: the user's own */
	gint64 mailbox;      /* of the user's own */
	gboolean applies;    /* FALSE: nothing changes */
	/* Told of each message, before anything is done with it. */
	void (*tell)(gpointer data, guint32 uid, const SieveResult *result);
	gpointer data;
} Refilter;

typedef struct {
	guint messages; /* that the script ran over */
	guint failed;   /* of these: it failed, and they stay as they are */
	/* Where it was applied: */
	guint moved;   /* these are no longer there */
	guint edited;  /* others have taken their place */
	guint deleted; /* got \Deleted, since they are kept nowhere */
} RefilterCounts;

/* Runs the script over the messages of a mailbox, without those with \Deleted,
 * by UID; what comes meanwhile is left for another time.  Each message is
 * finished before the next one is looked at:
 *
 * A message that the script keeps stays, and gets the flags it says.  One that
 * it only files elsewhere moves there, with its dates, and with its flags
 * where the script says none.  One that is filed nowhere, because it was
 * discarded, rejected or redirected, gets \Deleted.  An edited message takes
 * the place of the one it was made of.  Redirects, rejects and notices are
 * queued; vacation answers nobody, since the mail is old, and the test
 * "duplicate" finds nothing.
 *
 * What is copied or queued for a message is remembered with it for
 * duplicate_window of [LMTP]: a run that was broken off can be started again,
 * and does nothing twice.
 *
 * Errors: NOT_FOUND for the script (or none is active) or the mailbox; INVALID
 * where it does not compile; OVER_QUOTA; TEMPORARY. */
gboolean refilter_run(const Refilter *refilter, RefilterCounts *counts,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
