/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Previews of messages: worked out once for each text and kept (RFC 8970). */
#include "store/preview.h"

#include "base/arena.h"
#include "db/pool.h"
#include "mime/preview.h"
#include "store/preview-sql.h"
#include "store/store-private.h"

/* Bytes of texts read in one round trip. */
#define PREVIEW_READ ((guint64)1024 * 1024)

/* A message whose preview comes from a text. */
typedef struct {
	guint index; /* in the batch */
	gint64 physmessage;
	const MimeStructure *leaf;
	char *form;
	gint64 part;   /* 0: the text is no part of its own */
	char *preview; /* NULL until it is known */
} Wanted;

typedef struct {
	Store *store;
	Arena *arena;
	GArray *wanted; /* Wanted */
} Work;

static Wanted *wanted_at(const Work *work, guint index)
{
	return &g_array_index(work->wanted, Wanted, index);
}

/* --- what there is to look for --------------------------------------------- */

static gboolean add_wanted(
	Work *work, const FetchBatch *batch, guint index, GError **error)
{
	const FetchedMessage *message = fetch_batch_message(batch, index);

	if (!message->found)
		return TRUE;
	const MimeStructure *root =
		mime_structure_decode(work->arena, message->structure, error);
	if (root == NULL)
		return FALSE;
	const MimeStructure *leaf = mime_preview_leaf(root);
	if (leaf == NULL)
		return TRUE;
	g_autoptr(GString) form = g_string_new(NULL);
	mime_preview_form(leaf, form);
	Wanted wanted = { .index = index,
		.physmessage = message->physmessage,
		.leaf = leaf,
		.form = arena_strdup(work->arena, form->str) };
	g_array_append_val(work->wanted, wanted);
	return TRUE;
}

/* --- what is kept ---------------------------------------------------------- */

static gboolean find_kept(Work *work, GError **error)
{
	guint count = work->wanted->len;
	g_autofree gint64 *ids = g_new(gint64, count);
	g_autofree gint64 *offsets = g_new(gint64, count);
	g_autofree const char **forms = g_new(const char *, count);
	g_autoptr(DbBatch) batch = db_batch_new();

	for (guint i = 0; i < count; i++) {
		const Wanted *wanted = wanted_at(work, i);
		ids[i] = wanted->physmessage;
		offsets[i] = (gint64)wanted->leaf->body;
		forms[i] = wanted->form;
	}
	DbParams *params = db_batch_add(batch, &SQL_PREVIEW_FIND);
	db_params_int64_array(params, ids, count);
	db_params_int64_array(params, offsets, count);
	db_params_text_array(params, forms, count);
	if (!db_pool_run(work->store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	for (guint row = 0; row < db_rows_count(rows); row++) {
		guint place = (guint)db_rows_int64(rows, row, 0) - 1;
		const char *preview = db_rows_text(rows, row, 2);
		g_assert(place < count);
		Wanted *wanted = wanted_at(work, place);
		wanted->part = db_rows_int64(rows, row, 1);
		if (preview != NULL)
			wanted->preview = arena_strdup(work->arena, preview);
	}
	return TRUE;
}

static gboolean keep(Work *work, const GArray *made, GError **error)
{
	g_autofree gint64 *parts = g_new(gint64, made->len);
	g_autofree const char **forms = g_new(const char *, made->len);
	g_autofree const char **previews = g_new(const char *, made->len);
	g_autoptr(DbBatch) batch = db_batch_new();
	guint count = 0;

	for (guint i = 0; i < made->len; i++) {
		const Wanted *wanted =
			wanted_at(work, g_array_index(made, guint, i));
		if (wanted->part == 0)
			continue;
		parts[count] = wanted->part;
		forms[count] = wanted->form;
		previews[count++] = wanted->preview;
	}
	if (count == 0)
		return TRUE;
	DbParams *params = db_batch_add(batch, &SQL_PREVIEW_KEEP);
	db_params_int64_array(params, parts, count);
	db_params_text_array(params, forms, count);
	db_params_text_array(params, previews, count);
	return db_pool_run(work->store->pool, batch, DB_WRITE, error);
}

/* --- what is worked out ---------------------------------------------------- */

/* The next ones without a preview, as many as one round trip may bring; *next
 * is where to go on. */
static void choose(const Work *work, guint *next, GArray *made, GArray *asks)
{
	guint64 sum = 0;

	g_array_set_size(made, 0);
	g_array_set_size(asks, 0);
	for (; *next < work->wanted->len && sum < PREVIEW_READ; (*next)++) {
		const Wanted *wanted = wanted_at(work, *next);
		if (wanted->preview != NULL)
			continue;
		FetchAsk ask = { .physmessage = wanted->physmessage,
			.offset = wanted->leaf->body,
			.size = MIN(wanted->leaf->size, MIME_PREVIEW_BYTES) };
		sum += ask.size;
		g_array_append_val(made, *next);
		g_array_append_val(asks, ask);
	}
}

static gboolean make(Work *work, GError **error)
{
	g_autoptr(GArray) made = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) asks = g_array_new(FALSE, FALSE, sizeof(FetchAsk));
	guint next = 0;

	while (TRUE) {
		g_autoptr(FetchBatch) texts = NULL;
		choose(work, &next, made, asks);
		if (made->len == 0)
			return TRUE;
		if (!fetch_batch_new(work->store, (const FetchAsk *)asks->data,
			    asks->len, FETCH_RAW, &texts, error))
			return FALSE;
		for (guint i = 0; i < made->len; i++) {
			Wanted *wanted =
				wanted_at(work, g_array_index(made, guint, i));
			g_autoptr(GString) out = g_string_new(NULL);
			mime_preview_append(wanted->leaf,
				fetch_batch_message(texts, i)->raw, out);
			wanted->preview =
				arena_copy(work->arena, out->str, out->len);
		}
		if (!keep(work, made, error))
			return FALSE;
	}
}

gboolean preview_get(Store *store, const FetchBatch *batch, guint count,
	gboolean lazy, GPtrArray **previews, GError **error)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(Wanted));
	Work work = { .store = store, .arena = arena, .wanted = wanted };

	for (guint i = 0; i < count; i++) {
		if (!add_wanted(&work, batch, i, error))
			return FALSE;
	}
	if (wanted->len > 0 && !find_kept(&work, error))
		return FALSE;
	if (!lazy && !make(&work, error))
		return FALSE;
	GPtrArray *result = g_ptr_array_new_full(count, g_free);
	for (guint i = 0, next = 0; i < count; i++) {
		const char *preview = "";
		if (next < wanted->len && wanted_at(&work, next)->index == i)
			preview = wanted_at(&work, next++)->preview;
		g_ptr_array_add(result, g_strdup(preview));
	}
	*previews = result;
	return TRUE;
}
