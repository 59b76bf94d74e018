/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making the texts that BODY and TEXT look at: each distinct part decoded and
 * folded once, by the first search that needs it. */
#include "base/errors.h"
#include "mime/decode.h"
#include "mime/structure.h"
#include "store/search-index.h"
#include "store/search-sql.h"
#include "store/store-private.h"

/* Changes with what search_fold() or mime_decode_text() make of a text. */
#define INDEX_VERSION "1"

/* Messages done at once, and the bytes that are read and decoded of them. */
#define INDEX_MESSAGES 200
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
		arena_strdup(index->arena, folded), leaf };
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

/* Each part and form once. */
static GArray *distinct_texts(const Index *index)
{
	GArray *distinct = g_array_new(FALSE, FALSE, sizeof(IndexText));
	for (guint i = 0; i < index->texts->len; i++) {
		const IndexText *text =
			&g_array_index(index->texts, IndexText, i);
		const IndexText *last = distinct->len > 0 ?
			&g_array_index(distinct, IndexText, distinct->len - 1) :
			NULL;
		if (last == NULL || last->part != text->part ||
			strcmp(last->form, text->form) != 0)
			g_array_append_vals(distinct, text, 1);
	}
	return distinct;
}

/* Parts and forms as parameters. */
static void add_texts(DbParams *params, const GArray *texts)
{
	g_autofree gint64 *parts = g_new(gint64, texts->len);
	g_autofree const char **forms = g_new(const char *, texts->len);
	for (guint i = 0; i < texts->len; i++) {
		parts[i] = g_array_index(texts, IndexText, i).part;
		forms[i] = g_array_index(texts, IndexText, i).form;
	}
	db_params_int64_array(params, parts, texts->len);
	db_params_text_array(params, forms, texts->len);
}

/* Decodes, folds and keeps these. */
static gboolean keep_texts(Index *index, const GArray *texts, GError **error)
{
	g_autofree gint64 *parts = g_new(gint64, texts->len);
	g_autoptr(DbBatch) read = db_batch_new();
	for (guint i = 0; i < texts->len; i++)
		parts[i] = g_array_index(texts, IndexText, i).part;
	db_params_int64_array(
		db_batch_add(read, &SQL_SEARCH_PARTS), parts, texts->len);
	if (!db_pool_run(index->store->pool, read, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(read, 0);
	g_autofree Bytes *folded = g_new0(Bytes, texts->len);
	g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(IndexText));
	g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);
	for (guint row = 0; row < db_rows_count(rows); row++) {
		guint place = (guint)db_rows_int64(rows, row, 0) - 1;
		const IndexText *text = &g_array_index(texts, IndexText, place);
		g_autoptr(GString) decoded = g_string_new(NULL);
		GString *out = g_string_new(NULL);
		mime_decode_text(db_rows_bytes(rows, row, 1),
			text->leaf->encoding,
			search_charset(index->arena, text->leaf), G_MAXSIZE,
			decoded);
		search_fold(decoded->str, decoded->len, out);
		folded[kept->len] = bytes_of(out->str, out->len);
		g_ptr_array_add(strings, g_string_free(out, FALSE));
		g_array_append_vals(kept, text, 1);
	}
	g_autoptr(DbBatch) write = db_batch_new();
	DbParams *params = db_batch_add(write, &SQL_SEARCH_KEEP_TEXTS);
	add_texts(params, kept);
	db_params_text_n_array(params, folded, kept->len);
	return db_pool_run(index->store->pool, write, DB_WRITE, error);
}

/* Those that are not kept yet, so many bytes at a time. */
static gboolean index_texts(Index *index, GError **error)
{
	g_array_sort(index->texts, compare_texts);
	g_autoptr(GArray) texts = distinct_texts(index);
	if (texts->len == 0)
		return TRUE;
	g_autoptr(DbBatch) batch = db_batch_new();
	add_texts(db_batch_add(batch, &SQL_SEARCH_UNKNOWN_TEXTS), texts);
	if (!db_pool_run(index->store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	g_autoptr(GArray) some = g_array_new(FALSE, FALSE, sizeof(IndexText));
	gint64 sum = 0;
	for (guint row = 0; row < db_rows_count(rows); row++) {
		guint place = (guint)db_rows_int64(rows, row, 0) - 1;
		g_array_append_vals(
			some, &g_array_index(texts, IndexText, place), 1);
		sum += db_rows_int64(rows, row, 1);
		if (sum < INDEX_BYTES && row + 1 < db_rows_count(rows))
			continue;
		if (!keep_texts(index, some, error))
			return FALSE;
		g_array_set_size(some, 0);
		sum = 0;
	}
	return TRUE;
}

static gboolean index_keep(Index *index, GError **error)
{
	g_autofree Bytes *headers = g_new(Bytes, index->count);
	g_autofree Bytes *inner = g_new(Bytes, index->count);
	g_autofree gint32 *places = g_new(gint32, index->texts->len);
	for (guint i = 0; i < index->count; i++) {
		headers[i] = bytes_of(
			index->headers[i]->str, index->headers[i]->len);
		inner[i] = bytes_of(index->inner_headers[i]->str,
			index->inner_headers[i]->len);
	}
	for (guint i = 0; i < index->texts->len; i++)
		places[i] = 1 +
			(gint32)g_array_index(index->texts, IndexText, i)
				.message;
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_SEARCH_KEEP);
	db_params_int64_array(params, index->ids, index->count);
	db_params_bool_array(params, index->whole, index->count);
	db_params_text_n_array(params, headers, index->count);
	db_params_text_n_array(params, inner, index->count);
	db_params_int32_array(params, places, index->texts->len);
	add_texts(params, index->texts);
	return db_pool_run(index->store->pool, batch, DB_WRITE, error);
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
	for (guint i = 0; i < count; i++) {
		index.headers[i] = g_string_new(NULL);
		index.inner_headers[i] = g_string_new(NULL);
	}
	return index_read(&index, error) && index_messages(&index, error) &&
		index_texts(&index, error) && index_keep(&index, error);
}

gboolean search_index(Search *search, const GArray *indexes, GError **error)
{
	guint all_open = search->open;
	gint64 ids[INDEX_MESSAGES];
	gint64 last = 0;
	guint64 sum = 0;
	guint n = 0;
	for (guint i = 0; i < indexes->len; i++) {
		const ViewMessage *message = search_message(
			search, g_array_index(indexes, guint, i));
		/* Copies are often side by side. */
		if (message->physmessage != last) {
			ids[n++] = last = message->physmessage;
			sum += message->size;
		}
		if (n < INDEX_MESSAGES && sum < INDEX_MESSAGE_BYTES &&
			i + 1 < indexes->len)
			continue;
		search->open = all_open - MIN(i, all_open);
		if (!search_may_go_on(search, error) ||
			!index_batch(search->store, ids, n, error))
			return FALSE;
		n = 0;
		sum = 0;
	}
	return TRUE;
}

/* --- looking ---------------------------------------------------------------------------- */

enum { STATE_FOUND = 1, STATE_UNKNOWN, STATE_LACKING };

gboolean search_index_find(const Search *search, SearchNode *node,
	const guint *indexes, guint count, GArray *lacking, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree gint64 *ids = g_new(gint64, count);
	for (guint i = 0; i < count; i++) {
		ids[i] = search_message(search, indexes[i])->physmessage;
		node->founds[indexes[i] - search->begin] = TRI_FALSE;
	}
	DbParams *params = db_batch_add(batch, &SQL_SEARCH_TEXTS);
	db_params_int64_array(params, ids, count);
	db_params_text_n(params, bytes_of(node->needle, node->needle_size));
	db_params_bool(params, node->key->kind == SEARCH_TEXT);
	if (!db_pool_run(search->store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	for (guint row = 0; row < db_rows_count(rows); row++) {
		guint place = (guint)db_rows_int64(rows, row, 0) - 1;
		gint32 state = db_rows_int32(rows, row, 1);
		g_assert(place < count);
		node->founds[indexes[place] - search->begin] =
			state == STATE_FOUND ? TRI_TRUE : TRI_UNKNOWN;
		if (state == STATE_LACKING)
			g_array_append_val(lacking, indexes[place]);
	}
	return TRUE;
}
