/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of many messages in one round trip. */
#include "store/fetch.h"

#include "base/arena.h"
#include "base/errors.h"
#include "db/pool.h"
#include "mime/structure.h"
#include "store/fetch-sql.h"
#include "store/hot.h"
#include "store/store-private.h"

struct FetchBatch {
	DbBatch *batch; /* its rows hold most of the bytes */
	FetchedMessage *messages;
	guint count;
	GPtrArray *joined; /* values made of several rows */
	/* Where there is a cache: what it has of each message, NULL for
	 * nothing, and the messages that had to be read. */
	HotMessage **held;
	FetchBatch *rest;
};

void fetch_batch_free(FetchBatch **batch)
{
	if (*batch == NULL)
		return;
	fetch_batch_free(&(*batch)->rest);
	for (guint i = 0; (*batch)->held != NULL && i < (*batch)->count; i++)
		hot_unref(&(*batch)->held[i]);
	g_free((*batch)->held);
	db_batch_free(&(*batch)->batch);
	g_free((*batch)->messages);
	g_ptr_array_unref((*batch)->joined);
	g_free(*batch);
	*batch = NULL;
}

const FetchedMessage *fetch_batch_message(const FetchBatch *batch, guint index)
{
	g_assert(index < batch->count);
	return &batch->messages[index];
}

static gboolean set_torn(GError **error, gint64 physmessage, const char *what)
{
	dbmail_error_set(error, DBMAIL_ERROR_INTERNAL, "internal error",
		"message %" G_GINT64_FORMAT ": %s", physmessage, what);
	return FALSE;
}

/* --- plain columns ---------------------------------------------------------------- */

static FetchedMessage *message_of_row(
	FetchBatch *fetch, const DbRows *rows, guint row)
{
	gint64 place = db_rows_int64(rows, row, 0);
	g_assert(place >= 1 && place <= fetch->count);
	FetchedMessage *message = &fetch->messages[place - 1];
	message->found = TRUE;
	return message;
}

static void read_meta(FetchedMessage *message, const DbRows *rows, guint row)
{
	message->size = (guint64)db_rows_int64(rows, row, 1);
	message->internal_date = db_rows_timestamp(rows, row, 2);
}

static void read_envelope(
	FetchedMessage *message, const DbRows *rows, guint row)
{
	message->envelope = db_rows_bytes(rows, row, 1);
}

static void read_structure(
	FetchedMessage *message, const DbRows *rows, guint row)
{
	message->structure = db_rows_bytes(rows, row, 1);
}

static void read_summary(FetchedMessage *message, const DbRows *rows, guint row)
{
	message->has_sent_date = !db_rows_is_null(rows, row, 1);
	if (message->has_sent_date)
		message->sent_date = db_rows_timestamp(rows, row, 1);
	message->sent_zone = (gint)db_rows_int64_or(rows, row, 2, 0);
	message->truncated = db_rows_bool(rows, row, 3);
	message->subject = db_rows_text(rows, row, 4);
	message->base_subject = db_rows_text(rows, row, 5);
	message->from = db_rows_text(rows, row, 6);
	message->to = db_rows_text(rows, row, 7);
	message->cc = db_rows_text(rows, row, 8);
	message->bcc = db_rows_text(rows, row, 9);
	message->message_id = db_rows_text(rows, row, 10);
}

static void read_thread(FetchedMessage *message, const DbRows *rows, guint row)
{
	message->message_id = db_rows_text(rows, row, 1);
	message->in_reply_to = db_rows_text(rows, row, 2);
	message->references = db_rows_text(rows, row, 3);
}

static void read_save_date(
	FetchedMessage *message, const DbRows *rows, guint row)
{
	message->has_save_date = !db_rows_is_null(rows, row, 1);
	if (message->has_save_date)
		message->save_date = db_rows_timestamp(rows, row, 1);
}

/* --- values made of part rows --------------------------------------------------------- */

typedef struct {
	guint place;
	guint64 offset;
	Bytes data;
} Piece;

static int compare_pieces(gconstpointer a, gconstpointer b)
{
	const Piece *left = a, *right = b;
	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	if (left->offset != right->offset)
		return left->offset < right->offset ? -1 : 1;
	return 0;
}

/* The rows as pieces by place and offset.  They mostly come so, but SQL
 * promises no order that was not paid for. */
static GArray *pieces_of(const DbRows *rows)
{
	guint count = db_rows_count(rows);
	GArray *pieces = g_array_sized_new(FALSE, FALSE, sizeof(Piece), count);
	gboolean sorted = TRUE;
	for (guint row = 0; row < count; row++) {
		Piece piece = {
			.place = (guint)db_rows_int64(rows, row, 0) - 1,
			.offset = (guint64)db_rows_int64(rows, row, 1),
			.data = db_rows_bytes(rows, row, 2),
		};
		g_array_append_val(pieces, piece);
		if (row > 0)
			sorted = sorted &&
				compare_pieces(
					&g_array_index(pieces, Piece, row - 1),
					&piece) <= 0;
	}
	if (!sorted)
		g_array_sort(pieces, compare_pieces);
	return pieces;
}

/* The pieces' bytes as one, without a copy where there is one piece.  FALSE
 * where they do not follow one on the other from offset on. */
static gboolean pieces_join(FetchBatch *fetch, const Piece *pieces, guint count,
	guint64 offset, Bytes *value)
{
	gsize size = 0;
	for (guint i = 0; i < count; i++) {
		if (pieces[i].offset != offset + size)
			return FALSE;
		size += pieces[i].data.size;
	}
	if (count == 1) {
		*value = pieces[0].data;
		return TRUE;
	}
	char *joined = g_malloc(size);
	g_ptr_array_add(fetch->joined, joined);
	*value = bytes_of(joined, size);
	for (guint i = 0; i < count; i++) {
		memcpy(joined, pieces[i].data.data, pieces[i].data.size);
		joined += pieces[i].data.size;
	}
	return TRUE;
}

/* How many of the pieces belong to the first one's message. */
static guint pieces_run(const GArray *pieces, guint begin)
{
	guint end = begin + 1;
	while (end < pieces->len &&
		g_array_index(pieces, Piece, end).place ==
			g_array_index(pieces, Piece, begin).place)
		end++;
	return end - begin;
}

/* Headers of split messages; whole receives the places of the others. */
static gboolean place_headers(
	FetchBatch *fetch, const DbRows *rows, GArray *whole, GError **error)
{
	g_autoptr(GArray) pieces = pieces_of(rows);
	guint run;
	for (guint i = 0; i < pieces->len; i += run) {
		const Piece *first = &g_array_index(pieces, Piece, i);
		FetchedMessage *message = &fetch->messages[first->place];
		run = pieces_run(pieces, i);
		message->found = TRUE;
		if (first->data.data == NULL)
			g_array_append_val(whole, first->place);
		else if (!pieces_join(fetch, first, run, 0, &message->header))
			return set_torn(error, message->physmessage,
				"the rows of its header do not follow");
	}
	return TRUE;
}

static guint64 range_size(const FetchAsk *ask, guint64 message_size)
{
	if (ask->offset >= message_size)
		return 0;
	return MIN(ask->size, message_size - ask->offset);
}

static gboolean place_ranges(FetchBatch *fetch, const DbRows *rows,
	const FetchAsk *asks, GError **error)
{
	g_autoptr(GArray) pieces = pieces_of(rows);
	guint run;
	for (guint i = 0; i < pieces->len; i += run) {
		const Piece *first = &g_array_index(pieces, Piece, i);
		FetchedMessage *message = &fetch->messages[first->place];
		run = pieces_run(pieces, i);
		message->found = TRUE;
		if (!pieces_join(fetch, first, run, asks[first->place].offset,
			    &message->raw))
			return set_torn(error, message->physmessage,
				"its rows do not follow one on the other");
	}
	for (guint i = 0; i < fetch->count; i++) {
		const FetchedMessage *message = &fetch->messages[i];
		/* One of which nothing was seen is looked up later. */
		if (message->found &&
			message->raw.size !=
				range_size(&asks[i], message->size))
			return set_torn(error, message->physmessage,
				"its rows do not add up to its size");
	}
	return TRUE;
}

/* --- asking --------------------------------------------------------------------------- */

/* What is asked for by a statement of its own, and read column by column. */
static const struct {
	FetchWhat what; /* any of these */
	const DbStatement *statement;
	void (*read)(FetchedMessage *message, const DbRows *rows, guint row);
} fetch_table[] = {
	{ FETCH_META, &SQL_FETCH_META, read_meta },
	{ FETCH_ENVELOPE, &SQL_FETCH_ENVELOPE, read_envelope },
	{ FETCH_STRUCTURE, &SQL_FETCH_STRUCTURE, read_structure },
	{ FETCH_SUMMARY, &SQL_FETCH_SUMMARY, read_summary },
	{ FETCH_THREAD, &SQL_FETCH_THREAD, read_thread },
	{ FETCH_SAVE_DATE, &SQL_FETCH_SAVE_DATE, read_save_date },
};

static guint64 range_end(const FetchAsk *ask)
{
	guint64 room = G_MAXINT64 - MIN(ask->offset, G_MAXINT64);
	return ask->offset + MIN(ask->size, room);
}

static void add_ranges(
	DbBatch *batch, const FetchAsk *asks, const gint64 *ids, guint count)
{
	g_autofree gint64 *first = g_new(gint64, count);
	g_autofree gint64 *behind = g_new(gint64, count);
	for (guint i = 0; i < count; i++) {
		first[i] = (gint64)MIN(asks[i].offset, G_MAXINT64);
		behind[i] = (gint64)MIN(range_end(&asks[i]), G_MAXINT64);
	}
	DbParams *params = db_batch_add(batch, &SQL_FETCH_RAW);
	db_params_int64_array(params, ids, count);
	db_params_int64_array(params, first, count);
	db_params_int64_array(params, behind, count);
}

/* A message in a mailbox is known by other keys than its contents. */
static void add_places(DbBatch *batch, const FetchAsk *asks, guint count)
{
	g_autofree gint64 *mailboxes = g_new(gint64, count);
	g_autofree gint64 *uids = g_new(gint64, count);
	for (guint i = 0; i < count; i++) {
		mailboxes[i] = asks[i].mailbox;
		uids[i] = asks[i].uid;
	}
	DbParams *params = db_batch_add(batch, &SQL_FETCH_SAVE_DATE);
	db_params_int64_array(params, mailboxes, count);
	db_params_int64_array(params, uids, count);
}

static void add_statements(
	DbBatch *batch, const FetchAsk *asks, guint count, FetchWhat what)
{
	g_autofree gint64 *ids = g_new(gint64, count);
	for (guint i = 0; i < count; i++)
		ids[i] = asks[i].physmessage;
	for (guint i = 0; i < G_N_ELEMENTS(fetch_table); i++) {
		if (!(what & fetch_table[i].what))
			continue;
		if (fetch_table[i].what == FETCH_SAVE_DATE)
			add_places(batch, asks, count);
		else
			db_params_int64_array(
				db_batch_add(batch, fetch_table[i].statement),
				ids, count);
	}
	if (what & FETCH_HEADER)
		db_params_int64_array(
			db_batch_add(batch, &SQL_FETCH_HEADER), ids, count);
	if (what & FETCH_RAW)
		add_ranges(batch, asks, ids, count);
}

static gboolean place_rows(FetchBatch *fetch, const FetchAsk *asks,
	FetchWhat what, GArray *whole, GError **error)
{
	guint index = 0;
	for (guint i = 0; i < G_N_ELEMENTS(fetch_table); i++) {
		if (!(what & fetch_table[i].what))
			continue;
		const DbRows *rows = db_batch_rows(fetch->batch, index++);
		for (guint row = 0; row < db_rows_count(rows); row++)
			fetch_table[i].read(
				message_of_row(fetch, rows, row), rows, row);
	}
	if (what & FETCH_HEADER &&
		!place_headers(fetch, db_batch_rows(fetch->batch, index++),
			whole, error))
		return FALSE;
	return !(what & FETCH_RAW) ||
		place_ranges(
			fetch, db_batch_rows(fetch->batch, index), asks, error);
}

/* A message kept whole has no header rows; its structure says how long the
 * header is.  There are none but for a bug, so this is not made fast. */
static gboolean fetch_whole_header(
	Store *store, FetchBatch *fetch, guint place, GError **error)
{
	FetchedMessage *message = &fetch->messages[place];
	FetchAsk ask = { .physmessage = message->physmessage };
	g_autoptr(FetchBatch) structure = NULL;
	if (!fetch_batch_new(
		    store, &ask, 1, FETCH_STRUCTURE, &structure, error))
		return FALSE;
	g_autoptr(Arena) arena = arena_new();
	const MimeStructure *root = mime_structure_decode(
		arena, structure->messages[0].structure, error);
	if (root == NULL)
		return FALSE;
	ask.size = root->body;
	g_autoptr(FetchBatch) raw = NULL;
	if (!fetch_batch_new(store, &ask, 1, FETCH_RAW, &raw, error))
		return FALSE;
	Bytes header = raw->messages[0].raw;
	char *copy = g_malloc(header.size + 1);
	if (header.size > 0)
		memcpy(copy, header.data, header.size);
	g_ptr_array_add(fetch->joined, copy);
	message->header = bytes_of(copy, header.size);
	return TRUE;
}

/* Messages of which nothing was seen, because they are gone or because there
 * is nothing in them of what was asked for. */
static gboolean look_up_unseen(Store *store, FetchBatch *fetch,
	const FetchAsk *asks, FetchWhat what, GError **error)
{
	g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (guint i = 0; i < fetch->count; i++) {
		if (fetch->messages[i].found)
			continue;
		g_array_append_val(places, i);
		g_array_append_val(ids, asks[i].physmessage);
	}
	if (places->len == 0)
		return TRUE;
	g_autoptr(DbBatch) batch = db_batch_new();
	db_params_int64_array(db_batch_add(batch, &SQL_FETCH_META),
		(const gint64 *)ids->data, ids->len);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	for (guint row = 0; row < db_rows_count(rows); row++) {
		guint place = (guint)db_rows_int64(rows, row, 0) - 1;
		guint i = g_array_index(places, guint, place);
		read_meta(&fetch->messages[i], rows, row);
		fetch->messages[i].found = TRUE;
		if ((what & FETCH_RAW) &&
			range_size(&asks[i], fetch->messages[i].size) > 0)
			return set_torn(error, asks[i].physmessage,
				"its rows are not there");
	}
	return TRUE;
}

/* The sizes must be known before the rows are looked at. */
static gboolean sizes_are_known(const FetchAsk *asks, guint count)
{
	for (guint i = 0; i < count; i++) {
		if (!asks[i].has_size)
			return FALSE;
	}
	return TRUE;
}

static FetchBatch *batch_of(const FetchAsk *asks, guint count)
{
	FetchBatch *fetch = g_new0(FetchBatch, 1);
	fetch->batch = db_batch_new();
	fetch->messages = g_new0(FetchedMessage, count);
	fetch->count = count;
	fetch->joined = g_ptr_array_new_with_free_func(g_free);
	for (guint i = 0; i < count; i++) {
		fetch->messages[i].physmessage = asks[i].physmessage;
		fetch->messages[i].size = asks[i].message_size;
	}
	return fetch;
}

static FetchBatch *batch_read(Store *store, const FetchAsk *asks, guint count,
	FetchWhat what, GError **error)
{
	g_autoptr(FetchBatch) fetch = batch_of(asks, count);
	gboolean needs_meta = (what & (FETCH_HEADER | FETCH_RAW)) != 0 &&
		!sizes_are_known(asks, count);
	if (needs_meta)
		what |= FETCH_META;

	g_autoptr(GArray) whole = g_array_new(FALSE, FALSE, sizeof(guint));
	if (count > 0) {
		add_statements(fetch->batch, asks, count, what);
		if (!db_pool_run(store->pool, fetch->batch, DB_READ, error) ||
			!place_rows(fetch, asks, what, whole, error))
			return NULL;
		if ((what & (FETCH_HEADER | FETCH_RAW)) && !needs_meta &&
			!look_up_unseen(store, fetch, asks, what, error))
			return NULL;
	}
	for (guint i = 0; i < whole->len; i++) {
		if (!fetch_whole_header(store, fetch,
			    g_array_index(whole, guint, i), error))
			return NULL;
	}
	return g_steal_pointer(&fetch);
}

/* --- with the cache ------------------------------------------------------------------- */

/* Reads those messages that are not held. */
static gboolean batch_read_rest(Store *store, FetchBatch *fetch,
	const FetchAsk *asks, FetchWhat what, GError **error)
{
	g_autofree FetchAsk *left = g_new(FetchAsk, fetch->count);
	g_autofree guint *places = g_new(guint, fetch->count);
	g_autofree HotMessage **held = g_new0(HotMessage *, fetch->count);
	guint count = 0;
	for (guint i = 0; i < fetch->count; i++) {
		if (fetch->held[i] != NULL)
			continue;
		places[count] = i;
		left[count++] = asks[i];
	}
	if (count == 0)
		return TRUE;
	guint64 epoch = hot_epoch(store->hot);
	fetch->rest = batch_read(store, left, count, what, error);
	if (fetch->rest == NULL)
		return FALSE;
	hot_keep(store->hot, epoch, left, count, what, fetch->rest->messages,
		held);
	for (guint i = 0; i < count; i++) {
		fetch->messages[places[i]] = fetch->rest->messages[i];
		fetch->held[places[i]] = held[i];
	}
	return TRUE;
}

gboolean fetch_batch_new(Store *store, const FetchAsk *asks, guint count,
	FetchWhat what, FetchBatch **batch, GError **error)
{
	g_autoptr(FetchBatch) fetch = NULL;
	if (store->hot == NULL || (what & ~(guint)HOT_WHAT) != 0 ||
		!sizes_are_known(asks, count)) {
		fetch = batch_read(store, asks, count, what, error);
		if (fetch == NULL)
			return FALSE;
	} else {
		fetch = batch_of(asks, count);
		fetch->held = g_new0(HotMessage *, count);
		hot_find(store->hot, asks, count, what, fetch->messages,
			fetch->held);
		if (!batch_read_rest(store, fetch, asks, what, error))
			return FALSE;
	}
	*batch = g_steal_pointer(&fetch);
	return TRUE;
}

gboolean fetch_batch_structure_text(Store *store, FetchBatch *batch,
	guint index, guint form, Bytes *text, GError **error)
{
	HotMessage *hot = batch->held != NULL ? batch->held[index] : NULL;
	if (hot != NULL) {
		*text = hot_text(store->hot, hot, form);
		if (text->data != NULL)
			return TRUE;
	}
	g_autoptr(Arena) arena = arena_new();
	const MimeStructure *structure = mime_structure_decode(
		arena, batch->messages[index].structure, error);
	if (structure == NULL)
		return FALSE;
	GString *out = g_string_new(NULL);
	mime_structure_write(structure, form, out);
	*text = bytes_of(out->str, out->len);
	if (hot != NULL)
		hot_keep_text(store->hot, hot, form, *text);
	g_ptr_array_add(batch->joined, g_string_free(out, FALSE));
	return TRUE;
}
