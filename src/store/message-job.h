/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pipeline by which messages come into mailboxes. */
#ifndef STORE_MESSAGE_JOB_H
#define STORE_MESSAGE_JOB_H

#include <glib.h>

#include "db/batch.h"
#include "store/message-private.h"
#include "store/message.h"

/* What message_put is given, side by side as it wants it. */
typedef struct {
	/* One element per physical message. */
	GPtrArray *drafts; /* const MessageDraft * */
	GArray *dates;     /* Timestamp */
	/* One element per put. */
	GArray *mailboxes;   /* gint64 */
	GArray *draft_of;    /* gint32, from 1 */
	GArray *flags;       /* gint16 */
	GPtrArray *keywords; /* char *, names apart by blanks */
	GArray *tokens;      /* gint64 */
	GArray *told;        /* gint64 */
	GArray *responses;   /* gint32 */
	/* Nothing but puts that are made in any case. */
	gboolean is_plain;
	/* Keywords that mailboxes must know, pairs side by side. */
	GHashTable *wanted;
	GArray *wanted_mailboxes; /* gint64 */
	GPtrArray *wanted_names;  /* char * */

	GArray *parts; /* const, ascending by hash, each once */
	gsize parts_size;
	const DeliveryKey *key;
	const GArray *forget; /* DeliveryKey, or NULL */
	/* A message that goes when these come, or uid 0. */
	gint64 replaced_from;
	guint32 replaced_uid;
	/* What else is in the transaction: behind the locks, and behind all
	 * that the puts write.  May be NULL; called again where the job is. */
	void (*add_before)(DbBatch *batch, gpointer data);
	void (*add_after)(DbBatch *batch, gpointer data);
	gpointer data;
} MessageJob;

/* message_put's outcome where that message is not there. */
#define OUTCOME_NOT_REPLACED 4

/* When a put is left out. */
typedef struct {
	gint64 told;     /* above 0: where the mailbox's owner was told of it */
	gint32 response; /* above 0: unless it is in the setting dbmail.due */
} MessageCondition;

void message_job_init(MessageJob *job);
void message_job_clear(MessageJob *job);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MessageJob, message_job_clear)

/* Adds a put.  Those of one token are taken together or not at all, and
 * the key is looked for under it; token 0 has no key.  condition may be NULL.
 * INVALID for a keyword. */
gboolean message_job_add(MessageJob *job, const MessagePut *put, gint64 token,
	const MessageCondition *condition, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Adds a token by itself: it has a row in the outcome, and puts nothing.  One
 * below 0 is no mailbox but the alias of that number. */
void message_job_add_token(MessageJob *job, gint64 token);

/* Runs the job; message_put's rows, or message_put_one's, are those of index
 * *put in the batch. */
gboolean message_job_run(Store *store, DbBatch *batch, MessageJob *job,
	guint *put, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether message_put_one does for it, which gives one row at most. */
gboolean message_job_is_one(const MessageJob *job);

/* The outcome in one of these rows. */
DeliveryOutcome message_job_outcome(const DbRows *rows, guint index);

#endif
