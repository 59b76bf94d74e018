/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making the texts that BODY and TEXT look at: each distinct part decoded and
 * folded once, by the first search that needs it. */
#include "base/errors.h"
#include "mime/decode.h"
#include "mime/structure.h"
#include "store/id-range.h"
#include "store/search-index.h"
#include "store/search-sql.h"
#include "store/store-private.h"

/* Changes with what search_fold() or mime_decode_text() make of a text. */
#define INDEX_VERSION "1"

/* Messages done at once, and the bytes that are read and decoded of them. */
#define INDEX_MESSAGES 200
/* Messages looked at at once for whether anything is kept of them. */
#define INDEX_WALK 5000
#define INDEX_BYTES ((gint64)4 * 1024 * 1024)
/* Bytes of the messages done at once, most of which are read only where they
 * are headers. */
#define INDEX_MESSAGE_BYTES ((guint64)16 * 1024 * 1024)
/* A larger part is decoded on the spot at every search. */
#define INDEX_TEXT_MAX ((gint64)1024 * 1024)
/* A message with a larger header likewise. */
#define INDEX_HEADER_MAX ((gint64)256 * 1024)
/* And one with more texts, or more of them together. */
#define INDEX_TEXTS_MAX 1000

/* A part and how it is read. */
typedef struct {
	guint message; /* in the batch */
	gint64 part;
	gint64 size;
	const char *form;
	const MimeStructure *leaf;
} IndexText;

typedef struct {
	Store *store;
	Arena *arena;
	FetchBatch *structures;
	DbBatch *rows;
	const gint64 *ids;
	guint count;
	gboolean *whole;
	GString **headers;
	GString **inner_headers;
	SearchMarks *body_marks;
	SearchMarks *header_marks;
	GArray *texts; /* of IndexText */
} Index;

static void index_clear(Index *index)
{
	for (guint i = 0; i < index->count; i++) {
		g_string_free(index->headers[i], TRUE);
		g_string_free(index->inner_headers[i], TRUE);
	}
	g_free(index->headers);
	g_free(index->inner_headers);
	g_free(index->body_marks);
	g_free(index->header_marks);
	g_free(index->whole);
	g_array_unref(index->texts);
	fetch_batch_free(&index->structures);
	db_batch_free(&index->rows);
	arena_free(&index->arena);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Index, index_clear)

/* --- what a message is made of ---------------------------------------------------- */

static gboolean index_read(Index *index, GError **error)
{
	g_autofree FetchAsk *asks = g_new0(FetchAsk, index->count);
	for (guint i = 0; i < index->count; i++)
		asks[i].physmessage = index->ids[i];
	if (!fetch_batch_new(index->store, asks, index->count, FETCH_STRUCTURE,
		    &index->structures, error))
		return FALSE;
	index->rows = db_batch_new();
	DbParams *params = db_batch_add(index->rows, &SQL_SEARCH_ROWS);
	db_params_int64_array(params, index->ids, index->count);
	db_params_int64(params, INDEX_HEADER_MAX);
	return db_pool_run(index->store->pool, index->rows, DB_READ, error);
}

/* The rows of one message, ascending by offset. */
typedef struct {
	const DbRows *rows;
	guint begin;
	guint end;
} MessageRows;

/* The row that holds the offset, or end. */
static guint row_at(const MessageRows *rows, gsize offset)
{
	guint low = rows->begin, high = rows->end;
	while (low < high) {
		guint middle = low + (high - low) / 2;
		gint64 behind = db_rows_int64(rows->rows, middle, 2) +
			db_rows_int64(rows->rows, middle, 3);
		if (behind <= (gint64)offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The header of an entity; FALSE where it is not in one row that was read. */
static gboolean find_header(
	const MessageRows *rows, const MimeStructure *entity, Bytes *header)
{
	gsize size = entity->body - entity->header;
	*header = bytes_of(NULL, 0);
	if (size == 0)
		return TRUE;
	guint row = row_at(rows, entity->header);
	if (row == rows->end)
		return FALSE;
	Bytes data = db_rows_bytes(rows->rows, row, 4);
	gsize offset = (gsize)db_rows_int64(rows->rows, row, 2);
	if (data.data == NULL || offset > entity->header ||
		entity->header - offset + size > data.size)
		return FALSE;
	*header = bytes_slice(data, entity->header - offset, size);
	return TRUE;
}

static gboolean index_leaf(Index *index, guint message, const MessageRows *rows,
	const MimeStructure *leaf)
{
	gsize size = leaf->body_end - leaf->body;
	if (size == 0)
		return TRUE;
	guint row = row_at(rows, leaf->body);
	if (row == rows->end || size > INDEX_TEXT_MAX ||
		db_rows_int64(rows->rows, row, 2) != (gint64)leaf->body ||
		db_rows_int64(rows->rows, row, 3) != (gint64)size)
		return FALSE;
	g_autofree char *encoding =
		text_make_valid(bytes_slice(leaf->encoding, 0, 64));
	g_autofree char *charset = text_make_valid(
		bytes_slice(search_charset(index->arena, leaf), 0, 64));
	g_autofree char *form =
		g_strconcat(INDEX_VERSION " ", encoding, " ", charset, NULL);
	g_autofree char *folded = g_ascii_strdown(form, -1);
	IndexText text = { message, db_rows_int64(rows->rows, row, 1),
		(gint64)size, arena_strdup(index->arena, folded), leaf };
	g_array_append_val(index->texts, text);
	return TRUE;
}

typedef struct {
	Index *index;
	guint message;
	const MessageRows *rows;
} IndexWalk;

static gboolean index_entity(const MimeStructure *entity, gboolean is_inner,
	gpointer data, GError **error G_GNUC_UNUSED)
{
	IndexWalk *walk = data;
	Index *index = walk->index;
	Bytes header;
	g_autoptr(GString) text = g_string_new(NULL);
	if (!find_header(walk->rows, entity, &header)) {
		index->whole[walk->message] = FALSE;
		return TRUE;
	}
	search_append_header(header, text);
	g_string_append_c(text, '\n');
	search_fold(text->str, text->len,
		is_inner ? index->inner_headers[walk->message] :
			   index->headers[walk->message]);
	if (search_is_text(entity) &&
		!index_leaf(index, walk->message, walk->rows, entity))
		index->whole[walk->message] = FALSE;
	return TRUE;
}

static gboolean index_message(
	Index *index, guint message, const MessageRows *rows, GError **error)
{
	const FetchedMessage *fetched =
		fetch_batch_message(index->structures, message);
	IndexWalk walk = { index, message, rows };
	guint before = index->texts->len;
	index->whole[message] = fetched->found;
	if (!fetched->found)
		return TRUE;
	const MimeStructure *root =
		mime_structure_decode(index->arena, fetched->structure, error);
	if (root == NULL || !search_walk(root, index_entity, &walk, error))
		return FALSE;
	if (index->texts->len - before > INDEX_TEXTS_MAX) {
		g_array_set_size(index->texts, before);
		index->whole[message] = FALSE;
	}
	return TRUE;
}

static gboolean index_messages(Index *index, GError **error)
{
	MessageRows rows = { db_batch_rows(index->rows, 0), 0, 0 };
	guint count = db_rows_count(rows.rows);
	gboolean ok = TRUE;
	for (guint i = 0; i < index->count; i++) {
		rows.begin = rows.end;
		while (rows.end < count &&
			db_rows_int64(rows.rows, rows.end, 0) == i + 1)
			rows.end++;
		ok = index_message(index, i, &rows, ok ? error : NULL) && ok;
	}
	return ok;
}

/* --- texts -------------------------------------------------------------------------- */

static int compare_texts(gconstpointer a, gconstpointer b)
{
	const IndexText *left = a, *right = b;
	if (left->part != right->part)
		return left->part < right->part ? -1 : 1;
	int forms = strcmp(left->form, right->form);
	if (forms != 0)
		return forms;
	return left->message < right->message ? -1 :
						left->message > right->message;
}

static const IndexText *text_at(const Index *index, guint at)
{
	return &g_array_index(index->texts, IndexText, at);
}

static gboolean is_same_text(const IndexText *a, const IndexText *b)
{
	return a->part == b->part && strcmp(a->form, b->form) == 0;
}

/* Each part and form once: the first of those that are the same. */
static GArray *distinct_texts(const Index *index)
{
	GArray *distinct = g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint i = 0; i < index->texts->len; i++) {
		if (i == 0 ||
			!is_same_text(text_at(index, i - 1), text_at(index, i)))
			g_array_append_val(distinct, i);
	}
	return distinct;
}

/* Parts and forms as parameters; numbers: places in index->texts. */
static void add_texts(
	DbParams *params, const Index *index, const guint *numbers, guint count)
{
	g_autofree gint64 *parts = g_new(gint64, count);
	g_autofree const char **forms = g_new(const char *, count);
	for (guint i = 0; i < count; i++) {
		parts[i] = text_at(index, numbers[i])->part;
		forms[i] = text_at(index, numbers[i])->form;
	}
	db_params_int64_array(params, parts, count);
	db_params_text_array(params, forms, count);
}

/* The text as it is kept; marks it for all messages that have it. */
static GString *make_text(Index *index, guint number, Bytes data)
{
	const IndexText *text = text_at(index, number);
	g_autoptr(GString) decoded = g_string_new(NULL);
	GString *folded = g_string_new(NULL);
	mime_decode_text(data, text->leaf->encoding,
		search_charset(index->arena, text->leaf), G_MAXSIZE, decoded);
	search_fold(decoded->str, decoded->len, folded);
	for (guint i = number;
		i < index->texts->len && is_same_text(text, text_at(index, i));
		i++)
		search_marks_add(&index->body_marks[text_at(index, i)->message],
			folded->str, folded->len);
	return folded;
}

/* Decodes and folds these, and keeps those that are not yet kept. */
static gboolean keep_texts(
	Index *index, const guint *numbers, guint count, GError **error)
{
	g_autoptr(DbBatch) read = db_batch_new();
	add_texts(db_batch_add(read, &SQL_SEARCH_PARTS), index, numbers, count);
	if (!db_pool_run(index->store->pool, read, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(read, 0);
	g_autofree Bytes *folded = g_new0(Bytes, count);
	g_autofree guint *kept = g_new(guint, count);
	g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
	guint n = 0;
	for (guint row = 0; row < db_rows_count(rows); row++) {
		guint place = (guint)db_rows_int64(rows, row, 0) - 1;
		GString *text = make_text(
			index, numbers[place], db_rows_bytes(rows, row, 1));
		Bytes bytes = bytes_of(text->str, text->len);
		g_ptr_array_add(strings, g_string_free(text, FALSE));
		if (db_rows_bool(rows, row, 2))
			continue;
		folded[n] = bytes;
		kept[n++] = numbers[place];
	}
	if (n == 0)
		return TRUE;
	g_autoptr(DbBatch) write = db_batch_new();
	DbParams *params = db_batch_add(write, &SQL_SEARCH_KEEP_TEXTS);
	add_texts(params, index, kept, n);
	db_params_text_n_array(params, folded, n);
	return db_pool_run(index->store->pool, write, DB_WRITE_ASYNC, error);
}

/* So many bytes at a time. */
static gboolean index_texts(Index *index, GError **error)
{
	g_array_sort(index->texts, compare_texts);
	g_autoptr(GArray) texts = distinct_texts(index);
	const guint *numbers = (const guint *)(void *)texts->data;
	gint64 sum = 0;
	for (guint begin = 0, end = 1; end <= texts->len; end++) {
		sum += text_at(index, numbers[end - 1])->size;
		if (sum < INDEX_BYTES && end < texts->len)
			continue;
		if (!keep_texts(index, numbers + begin, end - begin, error))
			return FALSE;
		begin = end;
		sum = 0;
	}
	return TRUE;
}

static gboolean index_keep(Index *index, GError **error)
{
	g_autofree Bytes *headers = g_new(Bytes, index->count);
	g_autofree Bytes *inner = g_new(Bytes, index->count);
	g_autofree Bytes *body_marks = g_new(Bytes, index->count);
	g_autofree Bytes *header_marks = g_new(Bytes, index->count);
	g_autofree gint32 *places = g_new(gint32, index->texts->len);
	g_autofree guint *numbers = g_new(guint, index->texts->len);
	for (guint i = 0; i < index->count; i++) {
		GString *header = index->headers[i];
		GString *inside = index->inner_headers[i];
		headers[i] = bytes_of(header->str, header->len);
		inner[i] = bytes_of(inside->str, inside->len);
		search_marks_add(
			&index->header_marks[i], header->str, header->len);
		search_marks_add(
			&index->body_marks[i], inside->str, inside->len);
		header_marks[i] = search_marks_fold(&index->header_marks[i]);
		body_marks[i] = search_marks_fold(&index->body_marks[i]);
	}
	for (guint i = 0; i < index->texts->len; i++) {
		places[i] = 1 + (gint32)text_at(index, i)->message;
		numbers[i] = i;
	}
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_SEARCH_KEEP);
	db_params_int64_array(params, index->ids, index->count);
	db_params_bool_array(params, index->whole, index->count);
	db_params_text_n_array(params, headers, index->count);
	db_params_text_n_array(params, inner, index->count);
	db_params_int32_array(params, places, index->texts->len);
	add_texts(params, index, numbers, index->texts->len);
	db_params_bytes_array(params, body_marks, index->count);
	db_params_bytes_array(params, header_marks, index->count);
	return db_pool_run(index->store->pool, batch, DB_WRITE_ASYNC, error);
}

/* --- together --------------------------------------------------------------------------- */

static gboolean index_batch(
	Store *store, const gint64 *ids, guint count, GError **error)
{
	g_auto(Index) index = {
		.store = store,
		.arena = arena_new(),
		.ids = ids,
		.texts = g_array_new(FALSE, FALSE, sizeof(IndexText)),
	};
	index.count = count;
	index.whole = g_new0(gboolean, count);
	index.headers = g_new0(GString *, count);
	index.inner_headers = g_new0(GString *, count);
	index.body_marks = g_new0(SearchMarks, count);
	index.header_marks = g_new0(SearchMarks, count);
	for (guint i = 0; i < count; i++) {
		index.headers[i] = g_string_new(NULL);
		index.inner_headers[i] = g_string_new(NULL);
	}
	return index_read(&index, error) && index_messages(&index, error) &&
		index_texts(&index, error) && index_keep(&index, error);
}

typedef struct {
	gint64 id;
	guint64 size;
} IndexMessage;

/* So many at a time; search is whose, or NULL. */
static gboolean index_all(
	Store *store, Search *search, const GArray *messages, GError **error)
{
	guint all_open = search != NULL ? search->open : 0;
	gint64 ids[INDEX_MESSAGES];
	guint64 sum = 0;
	guint n = 0;
	for (guint i = 0; i < messages->len; i++) {
		const IndexMessage *message =
			&g_array_index(messages, IndexMessage, i);
		ids[n++] = message->id;
		sum += message->size;
		if (n < INDEX_MESSAGES && sum < INDEX_MESSAGE_BYTES &&
			i + 1 < messages->len)
			continue;
		if (search != NULL) {
			search->open = all_open - MIN(i, all_open);
			if (!search_may_go_on(search, error))
				return FALSE;
		}
		if (!index_batch(store, ids, n, error))
			return FALSE;
		n = 0;
		sum = 0;
	}
	return TRUE;
}

gboolean search_index(Search *search, const GArray *indexes, GError **error)
{
	g_autoptr(GArray) messages =
		g_array_new(FALSE, FALSE, sizeof(IndexMessage));
	gint64 last = 0;
	for (guint i = 0; i < indexes->len; i++) {
		const ViewMessage *message = search_message(
			search, g_array_index(indexes, guint, i));
		IndexMessage one = { message->physmessage, message->size };
		/* Copies are often side by side. */
		if (one.id != last)
			g_array_append_val(messages, one);
		last = one.id;
	}
	return index_all(search->store, search, messages, error);
}

/* Messages behind *last of which nothing is kept; *last goes on, or is 0 after
 * the last message. */
static gboolean find_lacking(
	Store *store, gint64 *last, GArray *lacking, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_SEARCH_LACKING);
	db_params_int64(params, *last);
	db_params_int64(params, INDEX_WALK);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	guint count = db_rows_count(rows);
	for (guint row = 0; row < count; row++) {
		IndexMessage message = { db_rows_int64(rows, row, 0),
			(guint64)db_rows_int64(rows, row, 1) };
		if (db_rows_bool(rows, row, 2))
			g_array_append_val(lacking, message);
		*last = message.id;
	}
	if (count == 0)
		*last = 0;
	return TRUE;
}

gboolean search_keep_all(Store *store, guint64 *count, GError **error)
{
	gint64 last = 0;
	guint64 done = 0;
	do {
		g_autoptr(GArray) lacking =
			g_array_new(FALSE, FALSE, sizeof(IndexMessage));
		if (!find_lacking(store, &last, lacking, error) ||
			!index_all(store, NULL, lacking, error))
			return FALSE;
		done += lacking->len;
	} while (last != 0);
	*count = done;
	return TRUE;
}

/* --- looking ---------------------------------------------------------------------------- */

/* In this order: what comes later counts. */
static const struct {
	gint32 state;
	guint8 found;
} states_of_texts[] = {
	{ 0, TRI_FALSE },   /* something is kept */
	{ 2, TRI_UNKNOWN }, /* it may be in what is not kept */
	{ 1, TRI_TRUE },
};

static void ask_texts(
	DbBatch *batch, const SearchNode *node, const IdPlace *ids, guint count)
{
	g_autofree gint64 *lows = g_new(gint64, count);
	g_autofree gint64 *highs = g_new(gint64, count);
	gint32 probes[SEARCH_PROBES];
	guint ranges = id_places_ranges(ids, count, lows, highs);
	guint n =
		search_marks_of_needle(node->needle, node->needle_size, probes);
	DbParams *params = db_batch_add(batch, &SQL_SEARCH_TEXTS);
	db_params_int64_array(params, lows, ranges);
	db_params_int64_array(params, highs, ranges);
	db_params_text_n(params, bytes_of(node->needle, node->needle_size));
	db_params_bool(params, node->key->kind == SEARCH_TEXT);
	db_params_int32_array(params, probes, n);
}

/* What one row says of those among the ids that it is about. */
static void take_state(const DbRows *rows, guint row, const IdPlace *ids,
	guint count, guint8 found, guint8 *states)
{
	guint n = 0;
	g_autofree gint64 *about = db_rows_int64_array(rows, row, 1, &n);
	guint next = 0;
	for (guint i = 0; i < n; i++) {
		guint at = id_places_find(ids, count, about[i], next);
		for (; at < count && ids[at].id == about[i]; at++) {
			states[ids[at].place] = found;
			next = at + 1;
		}
	}
}

#define NOTHING_KEPT G_MAXUINT8

gboolean search_index_find(const Search *search, SearchNode *node,
	const guint *indexes, guint count, GArray *lacking, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree IdPlace *ids = g_new(IdPlace, count);
	g_autofree guint8 *states = g_new(guint8, count);
	for (guint i = 0; i < count; i++)
		ids[i] = (IdPlace){
			search_message(search, indexes[i])->physmessage, i
		};
	id_places_sort(ids, count);
	ask_texts(batch, node, ids, count);
	if (!db_pool_run(search->store->pool, batch, DB_READ, error))
		return FALSE;
	memset(states, NOTHING_KEPT, count);
	const DbRows *rows = db_batch_rows(batch, 0);
	for (guint i = 0; i < G_N_ELEMENTS(states_of_texts); i++) {
		for (guint row = 0; row < db_rows_count(rows); row++) {
			if (db_rows_int32(rows, row, 0) ==
				states_of_texts[i].state)
				take_state(rows, row, ids, count,
					states_of_texts[i].found, states);
		}
	}
	for (guint i = 0; i < count; i++) {
		gboolean kept = states[i] != NOTHING_KEPT;
		node->founds[indexes[i] - search->begin] =
			kept ? states[i] : TRI_UNKNOWN;
		if (!kept)
			g_array_append_val(lacking, indexes[i]);
	}
	return TRUE;
}
