/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mail on its way out: the queue in the database. */
#include "store/outbound.h"

#include <string.h>

#include "base/errors.h"
#include "base/text.h"
#include "db/pool.h"
#include "store/outbound-sql.h"
#include "store/store-private.h"
#include "store/watch.h"

#define KIND_MAX 32
#define ERROR_MAX 1000 /* bytes of last_error */

/* By OutboundStatus. */
static const char *const statuses[] = { "pending", "sending", "sent",
	"failed" };

/* --- queueing ------------------------------------------------------------- */

static gboolean refuse(GError **error, const char *text, const char *what)
{
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", what);
	return FALSE;
}

gboolean outbound_check_address(const char *address, GError **error)
{
	gboolean is_quoted = FALSE;

	if (*address == '\0')
		return refuse(error, "the address is empty", "address");
	if (strlen(address) > OUTBOUND_ADDRESS_MAX)
		return refuse(error, "the address is too long", "address");
	if (!g_utf8_validate(address, -1, NULL))
		return refuse(error, "the address is not UTF-8", "address");
	for (const char *p = address; *p != '\0'; p++) {
		if (g_ascii_iscntrl(*p) ||
			(!is_quoted && strchr(" <>", *p) != NULL))
			return refuse(error,
				"the address has a blank, a control character "
				"or an angle bracket",
				"address");
		if (*p == '"')
			is_quoted = !is_quoted;
		/* A control character or the end do not let it slip. */
		if (*p == '\\' && is_quoted && p[1] != '\0' &&
			!g_ascii_iscntrl(p[1]))
			p++;
	}
	return !is_quoted ||
		refuse(error, "the address has an open quote", "address");
}

gboolean outbound_check(const OutboundMail *mail, GError **error)
{
	const char *p = mail->kind;

	while (g_ascii_islower(*p) || *p == '-')
		p++;
	if (*p != '\0' || p == mail->kind || p - mail->kind > KIND_MAX)
		return refuse(error, "a kind of mail is a word", "kind");
	return (*mail->sender == '\0' ||
		       outbound_check_address(mail->sender, error)) &&
		outbound_check_address(mail->recipient, error);
}

/* --- entries -------------------------------------------------------------- */

void outbound_entry_free(OutboundEntry *entry)
{
	if (entry == NULL)
		return;
	g_free(entry->user_name);
	g_free(entry->kind);
	g_free(entry->sender);
	g_free(entry->recipient);
	g_free(entry->last_error);
	g_free(entry->message);
	g_free(entry);
}

static void free_element(gpointer data)
{
	outbound_entry_free(data);
}

const char *outbound_status_name(OutboundStatus status)
{
	return statuses[status];
}

static OutboundStatus status_of(const char *word)
{
	guint status = 0;

	while (!g_str_equal(statuses[status], word))
		status++;
	return (OutboundStatus)status;
}

/* The columns are those of outbound_claim, outbound_list and outbound_get. */
static OutboundEntry *read_entry(const DbRows *rows, guint row)
{
	OutboundEntry *entry = g_new0(OutboundEntry, 1);
	const Bytes message = db_rows_bytes(rows, row, 14);

	entry->id = db_rows_int64(rows, row, 0);
	entry->user = db_rows_int64(rows, row, 1);
	entry->user_name = g_strdup(db_rows_text(rows, row, 2));
	entry->kind = g_strdup(db_rows_text(rows, row, 3));
	entry->status = status_of(db_rows_text(rows, row, 4));
	entry->sender = g_strdup(db_rows_text(rows, row, 5));
	entry->recipient = g_strdup(db_rows_text(rows, row, 6));
	entry->attempts = db_rows_int32(rows, row, 7);
	entry->created = db_rows_timestamp(rows, row, 8);
	if (!db_rows_is_null(rows, row, 9))
		entry->last_attempt = db_rows_timestamp(rows, row, 9);
	entry->next_attempt = db_rows_timestamp(rows, row, 10);
	entry->last_error = g_strdup(db_rows_text(rows, row, 11));
	entry->was_handed_over = db_rows_bool(rows, row, 12);
	entry->size = (gsize)db_rows_int64(rows, row, 13);
	entry->age = db_rows_int64(rows, row, 15);
	if (message.data != NULL) {
		/* g_memdup2() of nothing would be NULL. */
		entry->message = g_malloc(message.size + 1);
		memcpy(entry->message, message.data, message.size);
		entry->message[message.size] = '\0';
	}
	return entry;
}

static GPtrArray *read_entries(const DbRows *rows)
{
	GPtrArray *entries =
		g_ptr_array_new_full(db_rows_count(rows), free_element);

	for (guint i = 0; i < db_rows_count(rows); i++)
		g_ptr_array_add(entries, read_entry(rows, i));
	return entries;
}

/* --- draining ------------------------------------------------------------- */

gboolean outbound_claim(Store *store, guint max, gsize max_bytes,
	guint lease_seconds, GPtrArray **entries, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_OUTBOUND_CLAIM);

	db_params_int32(params, (gint32)MIN(max, (guint)G_MAXINT32));
	db_params_int64(params, (gint64)MIN(max_bytes, (gsize)G_MAXINT64));
	db_params_int64(params, lease_seconds);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	*entries = read_entries(db_batch_rows(batch, 0));
	return TRUE;
}

gboolean outbound_next(Store *store, gint64 *seconds, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	db_batch_add(batch, &SQL_OUTBOUND_NEXT);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	*seconds = db_rows_is_null(rows, 0, 0) ?
		-1 :
		MAX(db_rows_int64(rows, 0, 0), 0);
	return TRUE;
}

/* Adds the statement with its first two parameters. */
static DbParams *add_held(DbBatch *batch, const DbStatement *statement,
	const OutboundEntry *entry)
{
	DbParams *params = db_batch_add(batch, statement);

	db_params_int64(params, entry->id);
	db_params_int32(params, entry->attempts);
	return params;
}

gboolean outbound_hand_over(Store *store, const OutboundEntry *entry,
	guint lease_seconds, gboolean *still_mine, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	db_params_int64(
		add_held(batch, &SQL_OUTBOUND_HAND_OVER, entry), lease_seconds);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	*still_mine = db_rows_affected(db_batch_rows(batch, 0)) > 0;
	return TRUE;
}

static void add_notice(
	DbBatch *batch, const OutboundEntry *entry, const OutboundMail *notice)
{
	DbParams *params = add_held(batch, &SQL_OUTBOUND_SETTLE_NOTICE, entry);

	db_params_int64(params, notice->user);
	db_params_text(params, notice->kind);
	db_params_text(params, notice->sender);
	db_params_text(params, notice->recipient);
	db_params_bytes(params, notice->message);
}

gboolean outbound_renew(Store *store, const gint64 *ids, const gint32 *attempts,
	guint count, guint lease_seconds, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_OUTBOUND_RENEW);

	db_params_int64_array(params, ids, count);
	db_params_int32_array(params, attempts, count);
	db_params_int64(params, lease_seconds);
	return db_pool_run(store->pool, batch, DB_WRITE_ASYNC, error);
}

static void add_reason(DbParams *params, const char *reason)
{
	if (reason == NULL) {
		db_params_null(params);
		return;
	}
	g_autofree char *text = text_make_valid(
		bytes_of(reason, MIN(strlen(reason), (gsize)ERROR_MAX)));
	db_params_text(params, text);
}

gboolean outbound_settle(Store *store, const OutboundEntry *entry,
	OutboundOutcome outcome, const char *reason, gboolean keeps_sent,
	const OutboundMail *notice, GError **error)
{
	/* By OutboundOutcome; what is sent has its own statements. */
	static const OutboundStatus becomes[] = { OUTBOUND_SENT,
		OUTBOUND_PENDING, OUTBOUND_FAILED };
	const gboolean is_done = outcome == OUTBOUND_DONE;
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params;

	if (notice != NULL && !outbound_check(notice, error))
		return FALSE;
	if (notice != NULL)
		add_notice(batch, entry, notice);
	params = add_held(batch,
		!is_done           ? &SQL_OUTBOUND_SETTLE :
			keeps_sent ? &SQL_OUTBOUND_SETTLE_KEPT :
				     &SQL_OUTBOUND_SETTLE_SENT,
		entry);
	if (!is_done)
		db_params_text(params, statuses[becomes[outcome]]);
	if (!is_done || keeps_sent)
		add_reason(params, reason);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	if (notice != NULL)
		watch_notify(store, OUTBOUND_WATCH);
	return TRUE;
}

gboolean outbound_release(
	Store *store, const OutboundEntry *entry, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	add_held(batch, &SQL_OUTBOUND_RELEASE, entry);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	watch_notify(store, OUTBOUND_WATCH);
	return TRUE;
}

/* --- for tools ------------------------------------------------------------- */

gboolean outbound_totals(Store *store, OutboundTotals *totals, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	db_batch_add(batch, &SQL_OUTBOUND_TOTALS);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	for (guint i = 0; i < G_N_ELEMENTS(totals->count); i++)
		totals->count[i] = (guint64)db_rows_int64(rows, 0, i);
	totals->bytes = (guint64)db_rows_int64(rows, 0, 4);
	totals->oldest =
		db_rows_is_null(rows, 0, 5) ? 0 : db_rows_timestamp(rows, 0, 5);
	return TRUE;
}

gboolean outbound_list(Store *store, gint64 after, guint max,
	GPtrArray **entries, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_OUTBOUND_LIST);

	db_params_int64(params, after);
	db_params_int32(params, (gint32)MIN(max, (guint)G_MAXINT32));
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	*entries = read_entries(db_batch_rows(batch, 0));
	return TRUE;
}

gboolean outbound_get(
	Store *store, gint64 id, OutboundEntry **entry, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	db_params_int64(db_batch_add(batch, &SQL_OUTBOUND_GET), id);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	if (db_rows_count(db_batch_rows(batch, 0)) == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"no such mail in the queue", "mail %" G_GINT64_FORMAT,
			id);
		return FALSE;
	}
	*entry = read_entry(db_batch_rows(batch, 0), 0);
	return TRUE;
}

static gboolean change_many(Store *store, const DbStatement *statement,
	const gint64 *ids, guint n_ids, guint64 *count, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, statement);

	if (ids != NULL)
		db_params_int64_array(params, ids, n_ids);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	*count = db_rows_affected(db_batch_rows(batch, 0));
	return TRUE;
}

gboolean outbound_retry(Store *store, const gint64 *ids, guint n_ids,
	guint64 *count, GError **error)
{
	if (!change_many(store,
		    ids != NULL ? &SQL_OUTBOUND_RETRY : &SQL_OUTBOUND_RETRY_ALL,
		    ids, n_ids, count, error))
		return FALSE;
	watch_notify(store, OUTBOUND_WATCH);
	return TRUE;
}

gboolean outbound_delete(Store *store, const gint64 *ids, guint n_ids,
	guint64 *count, GError **error)
{
	return change_many(
		store, &SQL_OUTBOUND_DELETE, ids, n_ids, count, error);
}

gboolean outbound_trim(Store *store, guint sent_days, guint failed_days,
	guint64 *count, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_OUTBOUND_TRIM);

	db_params_int32(params, (gint32)sent_days);
	db_params_int32(params, (gint32)failed_days);
	db_params_int32(params, OUTBOUND_TRIMMED);
	if (!db_pool_run(store->pool, batch, DB_WRITE_ASYNC, error))
		return FALSE;
	*count = db_rows_affected(db_batch_rows(batch, 0));
	return TRUE;
}
