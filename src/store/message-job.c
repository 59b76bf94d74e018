/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages into mailboxes: APPEND and delivery are one pipeline. */
#include "store/message-job.h"

#include <string.h>

#include "base/errors.h"
#include "store/message-sql.h"
#include "store/store-private.h"
#include "store/store-sql.h"

/* How often a large message is begun again because a clean-up took parts that
 * were there when it asked. */
#define LARGE_ATTEMPTS 5

#define FOREIGN_KEY_VIOLATION "23503"

/* Times PostgreSQL and IMAP can both say: years 1 to 9999. */
#define TIME_MIN (G_GINT64_CONSTANT(-62135596800) * TIMESTAMP_SECOND)
#define TIME_MAX (G_GINT64_CONSTANT(253402300799) * TIMESTAMP_SECOND)

/* A shared part to be sent. */
typedef struct {
	const guint8 *hash;
	Bytes bytes;
} DraftPart;

void message_job_init(MessageJob *job)
{
	job->drafts = g_ptr_array_new();
	job->dates = g_array_new(FALSE, FALSE, sizeof(Timestamp));
	job->mailboxes = g_array_new(FALSE, FALSE, sizeof(gint64));
	job->draft_of = g_array_new(FALSE, FALSE, sizeof(gint32));
	job->flags = g_array_new(FALSE, FALSE, sizeof(gint16));
	job->keywords = g_ptr_array_new_with_free_func(g_free);
	job->wanted =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	job->wanted_mailboxes = g_array_new(FALSE, FALSE, sizeof(gint64));
	job->wanted_names = g_ptr_array_new_with_free_func(g_free);
	job->parts = g_array_new(FALSE, FALSE, sizeof(DraftPart));
	job->tokens = g_array_new(FALSE, FALSE, sizeof(gint64));
	job->told = g_array_new(FALSE, FALSE, sizeof(gint64));
	job->responses = g_array_new(FALSE, FALSE, sizeof(gint32));
	job->is_plain = TRUE;
}

void message_job_clear(MessageJob *job)
{
	g_ptr_array_unref(job->drafts);
	g_array_unref(job->dates);
	g_array_unref(job->mailboxes);
	g_array_unref(job->draft_of);
	g_array_unref(job->flags);
	g_ptr_array_unref(job->keywords);
	g_hash_table_unref(job->wanted);
	g_array_unref(job->wanted_mailboxes);
	g_ptr_array_unref(job->wanted_names);
	g_array_unref(job->parts);
	g_array_unref(job->tokens);
	g_array_unref(job->told);
	g_array_unref(job->responses);
}

/* --- building a job ------------------------------------------------------- */

static int compare_parts(gconstpointer a, gconstpointer b)
{
	const DraftPart *one = a;
	const DraftPart *other = b;

	return memcmp(one->hash, other->hash, MESSAGE_HASH_SIZE);
}

static void add_parts(MessageJob *job, const MessageDraft *draft)
{
	for (guint i = 0; i < draft->pieces->len; i++) {
		const DraftPiece *from =
			&g_array_index(draft->pieces, DraftPiece, i);
		const DraftPart part = { from->hash,
			bytes_of(draft->raw.data + from->piece.offset,
				from->piece.size) };

		if (from->is_shared)
			g_array_append_val(job->parts, part);
	}
}

/* Sorted, so that deliveries that share parts wait for each other in one
 * order; each hash once. */
static void sort_parts(MessageJob *job)
{
	guint kept = 0;

	g_array_sort(job->parts, compare_parts);
	for (guint i = 0; i < job->parts->len; i++) {
		const DraftPart *part =
			&g_array_index(job->parts, DraftPart, i);
		DraftPart *to = &g_array_index(job->parts, DraftPart, kept);

		if (kept > 0 && compare_parts(part, to - 1) == 0)
			continue;
		*to = *part;
		job->parts_size += part->bytes.size;
		kept++;
	}
	g_array_set_size(job->parts, kept);
}

/* The number, from 1, of the physical message for that draft and date. */
static gint32 find_physical(
	MessageJob *job, const MessageDraft *draft, Timestamp date)
{
	date = CLAMP(date, TIME_MIN, TIME_MAX);
	for (guint i = job->drafts->len; i > 0; i--) {
		if (job->drafts->pdata[i - 1] == draft &&
			g_array_index(job->dates, Timestamp, i - 1) == date)
			return (gint32)i;
	}
	add_parts(job, draft);
	g_ptr_array_add(job->drafts, (gpointer)draft);
	g_array_append_val(job->dates, date);
	return (gint32)job->drafts->len;
}

static void want_keyword(MessageJob *job, gint64 mailbox, const char *name)
{
	g_autofree char *folded = g_ascii_strdown(name, -1);
	char *pair =
		g_strdup_printf("%" G_GINT64_FORMAT " %s", mailbox, folded);

	if (!g_hash_table_add(job->wanted, pair))
		return;
	g_array_append_val(job->wanted_mailboxes, mailbox);
	g_ptr_array_add(job->wanted_names, g_strdup(name));
}

/* An atom, more or less: what the store needs to tell keywords apart. */
static gboolean check_keyword(const char *name, GError **error)
{
	const char *p = name;

	while (*p > ' ' && *p < 0x7f)
		p++;
	if (*p == '\0' && p != name && p - name <= FLAG_KEYWORD_SIZE_MAX)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_INVALID,
		"a keyword is printable ASCII without blanks", "keyword");
	return FALSE;
}

static gboolean add_keywords(MessageJob *job, gint64 mailbox,
	const char *const *keywords, GError **error)
{
	GString *joined = g_string_new(NULL);

	g_ptr_array_add(job->keywords, NULL);
	for (guint i = 0; keywords != NULL && keywords[i] != NULL; i++) {
		if (!check_keyword(keywords[i], error)) {
			g_string_free(joined, TRUE);
			return FALSE;
		}
		want_keyword(job, mailbox, keywords[i]);
		g_string_append_printf(
			joined, "%s%s", i > 0 ? " " : "", keywords[i]);
	}
	job->keywords->pdata[job->keywords->len - 1] =
		g_string_free(joined, FALSE);
	return TRUE;
}

static void add_condition(
	MessageJob *job, gint64 token, const MessageCondition *condition)
{
	const MessageCondition none = { 0 };

	if (condition == NULL)
		condition = &none;
	g_array_append_val(job->tokens, token);
	g_array_append_val(job->told, condition->told);
	g_array_append_val(job->responses, condition->response);
	job->is_plain = job->is_plain && condition->told == 0 &&
		condition->response == 0;
}

void message_job_add_token(MessageJob *job, gint64 token)
{
	const gint32 nothing = 0;
	const gint16 no_flags = 0;

	g_array_append_val(job->mailboxes, token);
	g_array_append_val(job->draft_of, nothing);
	g_array_append_val(job->flags, no_flags);
	g_ptr_array_add(job->keywords, g_strdup(""));
	add_condition(job, token, NULL);
	job->is_plain = FALSE;
}

gboolean message_job_add(MessageJob *job, const MessagePut *put, gint64 token,
	const MessageCondition *condition, GError **error)
{
	const gint32 number =
		find_physical(job, put->draft, put->internal_date);
	const gint16 flags = (gint16)put->flags;

	g_array_append_val(job->mailboxes, put->mailbox);
	g_array_append_val(job->draft_of, number);
	g_array_append_val(job->flags, flags);
	add_condition(job, token, condition);
	return add_keywords(job, put->mailbox, put->keywords, error);
}

/* --- statements ----------------------------------------------------------- */

static void add_part_arrays(
	DbParams *params, const DraftPart *parts, guint count)
{
	g_autofree Bytes *hashes = g_new(Bytes, count);
	g_autofree Bytes *bytes = g_new(Bytes, count);

	for (guint i = 0; i < count; i++) {
		hashes[i] = bytes_of(
			(const char *)parts[i].hash, MESSAGE_HASH_SIZE);
		bytes[i] = parts[i].bytes;
	}
	db_params_bytes_array(params, hashes, count);
	db_params_bytes_array(params, bytes, count);
}

static void add_physical(DbParams *params, const MessageJob *job)
{
	const guint count = job->drafts->len;
	g_autofree gint64 *sizes = g_new(gint64, count);
	g_autofree Bytes *hashes = g_new(Bytes, count);

	for (guint i = 0; i < count; i++) {
		const MessageDraft *draft = job->drafts->pdata[i];

		sizes[i] = (gint64)draft->raw.size;
		hashes[i] =
			bytes_of((const char *)draft->hash, MESSAGE_HASH_SIZE);
	}
	db_params_int64_array(params, sizes, count);
	db_params_timestamp_array(
		params, (const Timestamp *)(gpointer)job->dates->data, count);
	db_params_bytes_array(params, hashes, count);
}

static void add_key(DbParams *params, const Store *store, const MessageJob *job)
{
	if (job->key != NULL)
		db_params_bytes(params,
			bytes_of((const char *)job->key->bytes,
				DELIVERY_KEY_SIZE));
	else
		db_params_null(params);
	db_params_int64(params, store->duplicate_window);
}

gboolean message_job_is_one(const MessageJob *job)
{
	return job->mailboxes->len == 1 && job->wanted_names->len == 0 &&
		job->replaced_uid == 0 && job->is_plain;
}

static void add_message_put_one(DbBatch *batch, const Store *store,
	const MessageJob *job, gboolean parts_are_there)
{
	const MessageDraft *draft = job->drafts->pdata[0];
	DbParams *params = db_batch_add(batch, &SQL_MESSAGE_PUT_ONE);

	db_params_int64(params, g_array_index(job->mailboxes, gint64, 0));
	db_params_int16(params, g_array_index(job->flags, gint16, 0));
	db_params_int64(params, (gint64)draft->raw.size);
	db_params_timestamp(params, g_array_index(job->dates, Timestamp, 0));
	db_params_bytes(
		params, bytes_of((const char *)draft->hash, MESSAGE_HASH_SIZE));
	add_part_arrays(params, (const DraftPart *)(gpointer)job->parts->data,
		parts_are_there ? 0 : job->parts->len);
	add_key(params, store, job);
	db_params_int64(params, g_array_index(job->tokens, gint64, 0));
}

static void add_message_put(DbBatch *batch, const Store *store,
	const MessageJob *job, gboolean parts_are_there)
{
	DbParams *params = db_batch_add(batch, &SQL_MESSAGE_PUT);
	const guint count = job->mailboxes->len;

	db_params_int64_array(
		params, (const gint64 *)(gpointer)job->mailboxes->data, count);
	db_params_int32_array(
		params, (const gint32 *)(gpointer)job->draft_of->data, count);
	db_params_int16_array(
		params, (const gint16 *)(gpointer)job->flags->data, count);
	db_params_text_array(
		params, (const char *const *)job->keywords->pdata, count);
	add_physical(params, job);
	add_part_arrays(params, (const DraftPart *)(gpointer)job->parts->data,
		parts_are_there ? 0 : job->parts->len);
	db_params_int64_array(
		params, (const gint64 *)(gpointer)job->tokens->data, count);
	add_key(params, store, job);
	if (job->replaced_uid != 0) {
		db_params_int64(params, job->replaced_from);
		db_params_int64(params, job->replaced_uid);
	} else {
		db_params_null(params);
		db_params_null(params);
	}
	db_params_int64_array(
		params, (const gint64 *)(gpointer)job->told->data, count);
	db_params_int32_array(
		params, (const gint32 *)(gpointer)job->responses->data, count);
}

/* The columns of the list of parts, a row per piece of every draft. */
typedef struct {
	guint count;
	gint32 *drafts;
	Bytes *hashes;
	Bytes *bytes;
	gint64 *offsets;
	gint32 *keys;
	gint32 *orders;
	gint16 *depths;
	gint16 *headers;
} List;

static void add_row(List *list, const MessageDraft *draft, guint number,
	const DraftPiece *piece)
{
	const guint i = list->count++;

	list->drafts[i] = (gint32)number;
	list->hashes[i] = piece->is_shared ?
		bytes_of((const char *)piece->hash, MESSAGE_HASH_SIZE) :
		bytes_of(NULL, 0);
	list->bytes[i] = piece->is_shared ?
		bytes_of(NULL, 0) :
		bytes_of(draft->raw.data + piece->piece.offset,
			piece->piece.size);
	list->offsets[i] = (gint64)piece->piece.offset;
	list->keys[i] = (gint32)piece->piece.key;
	list->orders[i] = (gint32)piece->piece.order;
	list->depths[i] = (gint16)piece->piece.depth;
	list->headers[i] = piece->piece.is_header ? 1 : 0;
}

static void fill_list(List *list, Arena *arena, const MessageJob *job)
{
	guint total = 0;

	for (guint i = 0; i < job->drafts->len; i++)
		total += ((const MessageDraft *)job->drafts->pdata[i])
				 ->pieces->len;
	list->drafts = arena_new_array(arena, gint32, total);
	list->hashes = arena_new_array(arena, Bytes, total);
	list->bytes = arena_new_array(arena, Bytes, total);
	list->offsets = arena_new_array(arena, gint64, total);
	list->keys = arena_new_array(arena, gint32, total);
	list->orders = arena_new_array(arena, gint32, total);
	list->depths = arena_new_array(arena, gint16, total);
	list->headers = arena_new_array(arena, gint16, total);
	for (guint i = 0; i < job->drafts->len; i++) {
		const MessageDraft *draft = job->drafts->pdata[i];

		for (guint j = 0; j < draft->pieces->len; j++)
			add_row(list, draft, i + 1,
				&g_array_index(draft->pieces, DraftPiece, j));
	}
}

static void add_message_list(DbBatch *batch, const MessageJob *job)
{
	g_autoptr(Arena) arena = arena_new();
	DbParams *params = db_batch_add(batch, &SQL_MESSAGE_LIST);
	List list = { 0 };

	fill_list(&list, arena, job);
	db_params_int32_array(params, list.drafts, list.count);
	db_params_bytes_array(params, list.hashes, list.count);
	db_params_bytes_array(params, list.bytes, list.count);
	db_params_int64_array(params, list.offsets, list.count);
	db_params_int32_array(params, list.keys, list.count);
	db_params_int32_array(params, list.orders, list.count);
	db_params_int16_array(params, list.depths, list.count);
	db_params_int16_array(params, list.headers, list.count);
	message_add_envelopes(params,
		(const MessageDraft *const *)job->drafts->pdata,
		job->drafts->len);
}

/* --- the batch -------------------------------------------------------------- */

static void add_lock(DbBatch *batch, const MessageJob *job)
{
	g_autoptr(GArray) mailboxes = g_array_copy(job->mailboxes);

	if (job->replaced_uid != 0)
		g_array_append_val(mailboxes, job->replaced_from);
	for (guint i = 0; i < job->tokens->len; i++) {
		const gint64 token = g_array_index(job->tokens, gint64, i);

		if (token > 0 &&
			token != g_array_index(job->mailboxes, gint64, i))
			g_array_append_val(mailboxes, token);
	}
	message_add_lock(batch, (const gint64 *)(gpointer)mailboxes->data,
		mailboxes->len);
}

static void add_lock_aliases(DbBatch *batch, const MessageJob *job)
{
	g_autoptr(GArray) aliases = g_array_new(FALSE, FALSE, sizeof(gint64));

	for (guint i = 0; i < job->tokens->len; i++) {
		const gint64 alias = -g_array_index(job->tokens, gint64, i);

		if (alias > 0)
			g_array_append_val(aliases, alias);
	}
	if (aliases->len > 0)
		db_params_int64_array(
			db_batch_add(batch, &SQL_MESSAGE_LOCK_ALIASES),
			(const gint64 *)(gpointer)aliases->data, aliases->len);
}

/* Index of message_put's rows in the batch. */
static guint build(DbBatch *batch, const Store *store, const MessageJob *job,
	gboolean parts_are_there)
{
	guint put;

	add_lock(batch, job);
	add_lock_aliases(batch, job);
	if (job->forget != NULL)
		message_add_forget(batch, job->forget);
	if (job->add_before != NULL)
		job->add_before(batch, job->data);
	if (job->wanted_names->len > 0) {
		DbParams *params =
			db_batch_add(batch, &SQL_MESSAGE_ADD_KEYWORDS);

		db_params_int64_array(params,
			(const gint64 *)(gpointer)job->wanted_mailboxes->data,
			job->wanted_mailboxes->len);
		db_params_text_array(params,
			(const char *const *)job->wanted_names->pdata,
			job->wanted_names->len);
	}
	put = db_batch_count(batch);
	if (message_job_is_one(job))
		add_message_put_one(batch, store, job, parts_are_there);
	else
		add_message_put(batch, store, job, parts_are_there);
	if (job->drafts->len > 0)
		add_message_list(batch, job);
	if (job->replaced_uid != 0)
		message_add_replaced(
			batch, job->replaced_from, job->replaced_uid);
	if (job->add_after != NULL)
		job->add_after(batch, job->data);
	return put;
}

/* --- large messages ------------------------------------------------------- */

/* The parts of the job that are not in the database yet: DraftPart. */
static GArray *find_missing(Store *store, const MessageJob *job, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree Bytes *hashes = g_new(Bytes, job->parts->len);
	GArray *parts;
	const DbRows *rows;

	for (guint i = 0; i < job->parts->len; i++)
		hashes[i] = bytes_of(
			(const char *)g_array_index(job->parts, DraftPart, i)
				.hash,
			MESSAGE_HASH_SIZE);
	db_params_bytes_array(db_batch_add(batch, &SQL_MESSAGE_MISSING_PARTS),
		hashes, job->parts->len);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return NULL;
	rows = db_batch_rows(batch, 0);
	parts = g_array_new(FALSE, FALSE, sizeof(DraftPart));
	for (guint i = 0, next = 0;
		i < job->parts->len && next < db_rows_count(rows); i++) {
		const DraftPart *part =
			&g_array_index(job->parts, DraftPart, i);
		const Bytes hash = db_rows_bytes(rows, next, 0);

		if (memcmp(hash.data, part->hash, MESSAGE_HASH_SIZE) != 0)
			continue;
		g_array_append_val(parts, *part);
		next++;
	}
	return parts;
}

/* Sends parts in transactions of their own of a bounded size.  They need not
 * be on disk by themselves: the delivery's commit takes them along. */
static gboolean send_ahead(Store *store, const MessageJob *job, GError **error)
{
	g_autoptr(GArray) parts = find_missing(store, job, error);
	guint from = 0;

	if (parts == NULL)
		return FALSE;
	while (from < parts->len) {
		g_autoptr(DbBatch) batch = db_batch_new();
		const DraftPart *first = &g_array_index(parts, DraftPart, from);
		guint count = 0;
		gsize size = 0;

		while (from + count < parts->len && size < STORE_LARGE_MESSAGE)
			size += first[count++].bytes.size;
		add_part_arrays(db_batch_add(batch, &SQL_MESSAGE_SEND_PARTS),
			first, count);
		if (!db_pool_run(store->pool, batch, DB_WRITE_ASYNC, error))
			return FALSE;
		from += count;
	}
	return TRUE;
}

static gboolean run_large(Store *store, DbBatch *batch, const MessageJob *job,
	guint *put, GError **error)
{
	for (guint left = LARGE_ATTEMPTS; left > 0; left--) {
		g_autoptr(GError) problem = NULL;

		if (!send_ahead(store, job, error))
			return FALSE;
		db_batch_clear(batch);
		*put = build(batch, store, job, TRUE);
		if (message_run_with_keywords(store, batch, &problem))
			return TRUE;
		if (left == 1 ||
			!db_error_is_state(problem, FOREIGN_KEY_VIOLATION)) {
			g_propagate_error(error, g_steal_pointer(&problem));
			return FALSE;
		}
	}
	return FALSE;
}

gboolean message_job_run(Store *store, DbBatch *batch, MessageJob *job,
	guint *put, GError **error)
{
	sort_parts(job);
	if (job->parts_size > STORE_LARGE_MESSAGE)
		return run_large(store, batch, job, put, error);
	*put = build(batch, store, job, FALSE);
	return message_run_with_keywords(store, batch, error);
}

/* message_put_one has no row for a mailbox that is gone. */
DeliveryOutcome message_job_outcome(const DbRows *rows, guint index)
{
	if (index >= db_rows_count(rows))
		return DELIVERY_NO_MAILBOX;
	return (DeliveryOutcome)db_rows_int32(rows, index, 0);
}
