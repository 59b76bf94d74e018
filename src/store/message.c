/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages into mailboxes: what APPEND and REPLACE ask for. */
#include "store/message.h"

#include "base/errors.h"
#include "store/message-job.h"
#include "store/store-private.h"
#include "store/watch.h"

static gboolean refuse(DeliveryOutcome outcome, GError **error)
{
	if (outcome == DELIVERY_OVER_QUOTA)
		dbmail_error_set(error, DBMAIL_ERROR_OVER_QUOTA,
			"the quota is full", "append");
	else
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"no such mailbox", "append");
	return FALSE;
}

gboolean message_append(
	Store *store, MessagePut *puts, guint count, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_auto(MessageJob) job = { 0 };
	const DbRows *rows;
	guint put;

	message_job_init(&job);
	for (guint i = 0; i < count; i++) {
		if (!message_job_add(&job, &puts[i], 0, NULL, error))
			return FALSE;
	}
	if (!message_job_run(store, batch, &job, &put, error))
		return FALSE;
	rows = db_batch_rows(batch, put);
	for (guint i = 0; i < count; i++) {
		if (message_job_outcome(rows, i) != DELIVERY_STORED)
			return refuse(message_job_outcome(rows, i), error);
	}
	for (guint i = 0; i < count; i++) {
		puts[i].uid = (guint32)db_rows_int64(rows, i, 1);
		puts[i].uidvalidity = (guint32)db_rows_int64(rows, i, 2);
		if (i == 0 || puts[i].mailbox != puts[i - 1].mailbox)
			watch_notify(store, puts[i].mailbox);
	}
	return TRUE;
}

gboolean message_replace(Store *store, MessagePut *put, gint64 from,
	guint32 uid, gboolean *found, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_auto(MessageJob) job = { .replaced_from = from, .replaced_uid = uid };
	guint index;

	message_job_init(&job);
	if (!message_job_add(&job, put, 0, NULL, error) ||
		!message_job_run(store, batch, &job, &index, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, index);
	int outcome = (int)message_job_outcome(rows, 0);
	*found = outcome != OUTCOME_NOT_REPLACED;
	if (!*found)
		return TRUE;
	if (outcome != DELIVERY_STORED)
		return refuse((DeliveryOutcome)outcome, error);
	put->uid = (guint32)db_rows_int64(rows, 0, 1);
	put->uidvalidity = (guint32)db_rows_int64(rows, 0, 2);
	watch_notify(store, put->mailbox);
	if (from != put->mailbox)
		watch_notify(store, from);
	return TRUE;
}
