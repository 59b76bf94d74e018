/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between mailboxes and out of them. */
#include "base/errors.h"
#include "store/message-private.h"
#include "store/store-private.h"
#include "store/store-sql.h"
#include "store/transfer-sql.h"
#include "store/watch.h"

#define UID_MAX G_GINT64_CONSTANT(4294967295)

/* Adds the ranges of a set as two bigint[] parameters, firsts and lasts; a
 * NULL set is every UID. */
static void add_ranges(DbParams *params, const NumSet *uids)
{
	const guint count = uids != NULL ? numset_range_count(uids) : 1;
	g_autofree gint64 *firsts = g_new(gint64, count);
	g_autofree gint64 *lasts = g_new(gint64, count);

	for (guint i = 0; i < count; i++) {
		NumRange range = { 1, (guint32)UID_MAX };

		if (uids != NULL)
			range = numset_range(uids, i);
		firsts[i] = range.first;
		lasts[i] = range.last;
	}
	db_params_int64_array(params, firsts, count);
	db_params_int64_array(params, lasts, count);
}

/* What else the transaction of a removal does: half of a MOVE, or of a
 * REPLACE. */
typedef enum { GONE, MOVED, MOVED_INSIDE, REPLACED } DropReason;

static void add_drop(DbBatch *batch, const gint64 *mailboxes, guint count,
	const NumSet *uids, MessageDrop what, DropReason reason)
{
	DbParams *params = db_batch_add(batch, &SQL_MESSAGE_DROP);

	db_params_int64_array(params, mailboxes, count);
	add_ranges(params, uids);
	db_params_bool(params, what == MESSAGE_DROP_DELETED);
	db_params_bool(params, reason == MOVED || reason == MOVED_INSIDE);
	db_params_bool(params, reason == MOVED_INSIDE);
	db_params_bool(params, reason == REPLACED);
}

void message_add_drop(DbBatch *batch, const gint64 *mailboxes, guint count,
	const NumSet *uids, MessageDrop what)
{
	add_drop(batch, mailboxes, count, uids, what, GONE);
}

void message_add_replaced(DbBatch *batch, gint64 mailbox, guint32 uid)
{
	g_autoptr(NumSet) uids = numset_new();

	numset_add(uids, uid);
	add_drop(batch, &mailbox, 1, uids, MESSAGE_DROP_ALL, REPLACED);
}

void message_add_lock(DbBatch *batch, const gint64 *mailboxes, guint count)
{
	db_params_int64_array(
		db_batch_add(batch, &SQL_STORE_LOCK), mailboxes, count);
}

static gboolean set_no_mailbox(GError **error)
{
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such mailbox",
		"mailbox is gone");
	return FALSE;
}

/* Runs lock, removal and look at seq; the rows of the latter two are in the
 * batch under 1 and 2. */
static gboolean run_drop(Store *store, DbBatch *batch, gint64 mailbox,
	const NumSet *uids, MessageDrop what, GError **error)
{
	message_add_lock(batch, &mailbox, 1);
	add_drop(batch, &mailbox, 1, uids, what, GONE);
	db_params_int64(db_batch_add(batch, &SQL_MESSAGE_SEQ), mailbox);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	if (db_rows_count(db_batch_rows(batch, 1)) > 0)
		watch_notify(store, mailbox);
	if (db_rows_count(db_batch_rows(batch, 2)) > 0)
		return TRUE;
	return set_no_mailbox(error);
}

gboolean message_expunge(Store *store, gint64 mailbox, const NumSet *uids,
	NumSet *expunged, guint64 *seq, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *gone;

	if (!run_drop(store, batch, mailbox, uids, MESSAGE_DROP_DELETED, error))
		return FALSE;
	gone = db_batch_rows(batch, 1);
	for (guint i = 0; expunged != NULL && i < db_rows_count(gone); i++)
		numset_add_range(expunged, (guint32)db_rows_int64(gone, i, 1),
			(guint32)db_rows_int64(gone, i, 2));
	if (seq != NULL)
		*seq = (guint64)db_rows_int64(db_batch_rows(batch, 2), 0, 0);
	return TRUE;
}

gboolean message_remove(
	Store *store, gint64 mailbox, const NumSet *uids, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	return run_drop(store, batch, mailbox, uids, MESSAGE_DROP_ALL, error);
}

void message_copied_clear(MessageCopied *copied)
{
	g_clear_pointer(&copied->from, g_array_unref);
	g_clear_pointer(&copied->to, g_array_unref);
	copied->uidvalidity = 0;
}

static void read_copied(const DbRows *rows, MessageCopied *copied)
{
	const guint count =
		db_rows_is_null(rows, 0, 0) ? 0 : db_rows_count(rows);

	copied->uidvalidity =
		count > 0 ? (guint32)db_rows_int64(rows, 0, 2) : 0;
	copied->from = g_array_sized_new(FALSE, FALSE, sizeof(guint32), count);
	copied->to = g_array_sized_new(FALSE, FALSE, sizeof(guint32), count);
	for (guint i = 0; i < count; i++) {
		const guint32 from = (guint32)db_rows_int64(rows, i, 0);
		const guint32 to = (guint32)db_rows_int64(rows, i, 1);

		g_array_append_val(copied->from, from);
		g_array_append_val(copied->to, to);
	}
}

gboolean message_run_with_keywords(Store *store, DbBatch *batch, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (db_pool_run(store->pool, batch, DB_WRITE, &problem))
		return TRUE;
	if (db_error_is_constraint(problem, "dbmail_mailboxes_keywords"))
		dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
			"the mailbox has as many keywords as it can", "%s",
			dbmail_error_detail(problem));
	else
		g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

gboolean message_copy(Store *store, gint64 from, const NumSet *uids, gint64 to,
	gboolean move, MessageCopied *copied, GError **error)
{
	return message_copy_as(
		store, from, uids, to, RIGHTS_ALL, move, copied, error);
}

gboolean message_copy_as(Store *store, gint64 from, const NumSet *uids,
	gint64 to, guint rights, gboolean move, MessageCopied *copied,
	GError **error)
{
	const gboolean keywords = (rights & RIGHT_WRITE) != 0;
	const gint64 both[] = { from, to };
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params;

	message_add_lock(batch, both, G_N_ELEMENTS(both));
	params = db_batch_add(batch, &SQL_MESSAGE_COPY_KEYWORDS);
	db_params_int64(params, keywords ? from : to);
	add_ranges(params, uids);
	db_params_int64(params, to);
	params = db_batch_add(batch, &SQL_MESSAGE_COPY);
	db_params_int64(params, from);
	add_ranges(params, uids);
	db_params_int64(params, to);
	db_params_bool(params, move);
	db_params_int32(params, (gint32)rights_flags(rights));
	db_params_bool(params, keywords);
	if (move)
		add_drop(batch, &from, 1, uids, MESSAGE_DROP_ALL,
			from == to ? MOVED_INSIDE : MOVED);
	if (!message_run_with_keywords(store, batch, error))
		return FALSE;
	read_copied(db_batch_rows(batch, 2), copied);
	if (copied->from->len > 0) {
		watch_notify(store, to);
		if (move && from != to)
			watch_notify(store, from);
	}
	return TRUE;
}
