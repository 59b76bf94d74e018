/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a message says: dates, fields, texts. */
#include "base/errors.h"
#include "base/text.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/header.h"
#include "mime/structure.h"
#include "mime/words.h"
#include "store/search-private.h"

/* What is looked at of one header block, and of one text. */
#define SEARCH_HEADER_MAX ((gsize)1048576)
#define SEARCH_TEXT_MAX ((gsize)4194304)
/* At least so much is read at once: each read looks at all rows of a message
 * before it, and a message may have ten thousand parts of a few bytes. */
#define SEARCH_READ_MIN ((gsize)262144)

/* --- dates and summaries -------------------------------------------------------- */

static Tri compare_days(const SearchNode *node, Timestamp time)
{
	gint64 day = calendar_day_number(timestamp_day(time));
	switch (node->key->compare) {
	case SEARCH_LESS:
		return day < node->day ? TRI_TRUE : TRI_FALSE;
	case SEARCH_EQUAL:
		return day == node->day ? TRI_TRUE : TRI_FALSE;
	case SEARCH_GREATER_EQUAL:
		return day >= node->day ? TRI_TRUE : TRI_FALSE;
	case SEARCH_GREATER:
		return day > node->day ? TRI_TRUE : TRI_FALSE;
	case SEARCH_LESS_EQUAL:
		return day <= node->day ? TRI_TRUE : TRI_FALSE;
	}
	return TRI_FALSE;
}

static Tri match_sent_date(
	const SearchNode *node, const FetchedMessage *message)
{
	if (!message->has_sent_date)
		return TRI_FALSE;
	return compare_days(node,
		message->sent_date +
			message->sent_zone * 60 * TIMESTAMP_SECOND);
}

static gboolean node_is_in(const SearchNode *node, const char *text, gsize size)
{
	if (node->needle_size == 0)
		return TRUE;
	g_autoptr(GString) folded = g_string_sized_new(size + 1);
	search_fold(text, size, folded);
	return search_contains(
		folded->str, folded->len, node->needle, node->needle_size);
}

/* An id is kept without the blanks and comments around and inside it. */
static gboolean summary_is_all(const SearchNode *node, const char *text)
{
	if (!text_equal_nocase(bytes_of_string(node->key->field), "message-id"))
		return TRUE;
	return text != NULL && strpbrk(node->needle, " \t\"()") == NULL;
}

/* From the summary; UNKNOWN where only the header can tell. */
static Tri match_summary(const SearchNode *node, const FetchedMessage *message)
{
	if (node->summary == NULL)
		return TRI_UNKNOWN;
	const char *text = node->summary(message);
	if (text != NULL && node_is_in(node, text, strlen(text)))
		return TRI_TRUE;
	if (message->truncated || !summary_is_all(node, text))
		return TRI_UNKNOWN;
	return TRI_FALSE;
}

/* --- headers -------------------------------------------------------------------- */

static Tri match_fields(const SearchNode *node, Bytes block)
{
	gsize pos = 0;
	MimeField field;
	g_autoptr(GString) text = g_string_new(NULL);
	while (mime_field_next(block, &pos, &field)) {
		if (!text_equal_nocase(field.name, node->key->field))
			continue;
		g_string_truncate(text, 0);
		mime_words_append(field.value, text);
		if (node_is_in(node, text->str, text->len))
			return TRI_TRUE;
	}
	return TRI_FALSE;
}

/* A header block for TEXT: as it stands, and each field decoded. */
static void append_header_text(Bytes block, GString *out)
{
	gsize pos = 0;
	MimeField field;
	mime_charset_append_valid(block, out);
	while (mime_field_next(block, &pos, &field)) {
		g_string_append_c(out, '\n');
		mime_charset_append_valid(field.name, out);
		g_string_append(out, ": ");
		mime_words_append(field.value, out);
	}
}

/* --- texts ------------------------------------------------------------------------ */

/* One message whose bytes are at hand, or are read as they are needed. */
typedef struct {
	Store *store;
	const SearchPlan *plan;
	gint64 physmessage;
	gsize size;        /* of the message */
	Bytes raw;         /* what is at hand of it */
	gsize raw_offset;  /* where that begins */
	FetchBatch *batch; /* what raw is in, where it was read */
	GString *text;     /* scratch */
	GString *folded;
} Body;

/* The bytes of a range, which live until the next call. */
static gboolean body_read(
	Body *body, gsize offset, gsize size, Bytes *bytes, GError **error)
{
	if (offset < body->raw_offset ||
		offset + size > body->raw_offset + body->raw.size) {
		gsize most = body->size > offset ? body->size - offset : 0;
		FetchAsk ask = { .physmessage = body->physmessage,
			.offset = offset,
			.size = MIN(MAX(size, SEARCH_READ_MIN), most) };
		body->raw = (Bytes){ NULL, 0 };
		fetch_batch_free(&body->batch);
		if (!fetch_batch_new(body->store, &ask, 1, FETCH_RAW,
			    &body->batch, error))
			return FALSE;
		body->raw = fetch_batch_message(body->batch, 0)->raw;
		body->raw_offset = offset;
	}
	*bytes = bytes_slice(body->raw, offset - body->raw_offset, size);
	return TRUE;
}

/* Looks for each undecided text key in what body->text holds; headers are for
 * TEXT alone unless they are those of a message inside. */
static void body_look(Body *body, gboolean text_keys_only)
{
	g_string_truncate(body->folded, 0);
	search_fold(body->text->str, body->text->len, body->folded);
	for (guint i = 0; i < body->plan->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(body->plan->nodes, i);
		SearchKind kind = node->key->kind;
		if (node->found == TRI_TRUE ||
			(kind != SEARCH_TEXT &&
				(kind != SEARCH_BODY || text_keys_only)))
			continue;
		if (search_contains(body->folded->str, body->folded->len,
			    node->needle, node->needle_size))
			node->found = TRI_TRUE;
	}
}

static gboolean body_look_at_header(Body *body, gsize offset, gsize size,
	gboolean text_keys_only, GError **error)
{
	Bytes block;
	if (!body_read(
		    body, offset, MIN(size, SEARCH_HEADER_MAX), &block, error))
		return FALSE;
	g_string_truncate(body->text, 0);
	append_header_text(block, body->text);
	body_look(body, text_keys_only);
	return TRUE;
}

static gboolean body_look_at_leaf(
	Body *body, Arena *arena, const MimeStructure *leaf, GError **error)
{
	Bytes bytes;
	if (!body_read(body, leaf->body,
		    MIN(leaf->body_end - leaf->body, SEARCH_TEXT_MAX), &bytes,
		    error))
		return FALSE;
	const MimeParam *param =
		mime_param_find(leaf->params, leaf->n_params, "charset");
	Bytes charset = { NULL, 0 };
	if (param != NULL)
		charset = mime_param_bytes(arena, param);
	g_string_truncate(body->text, 0);
	mime_decode_text(
		bytes, leaf->encoding, charset, SEARCH_TEXT_MAX, body->text);
	body_look(body, FALSE);
	return TRUE;
}

static gboolean body_is_decided(const Body *body)
{
	for (guint i = 0; i < body->plan->nodes->len; i++) {
		const SearchNode *node =
			g_ptr_array_index(body->plan->nodes, i);
		if (node->level == SEARCH_LEVEL_BODY && node->found != TRI_TRUE)
			return FALSE;
	}
	return TRUE;
}

static gboolean leaf_is_text(const MimeStructure *entity)
{
	return entity->kind == MIME_LEAF &&
		(text_equal_nocase(entity->type, "text") ||
			text_equal_nocase(entity->type, "message"));
}

/* Walks the entities in document order with a stack of its own: depth is as
 * the settings allow it. */
static gboolean body_walk(
	Body *body, Arena *arena, const MimeStructure *root, GError **error)
{
	g_autoptr(GPtrArray) stack = g_ptr_array_new();
	g_autoptr(GHashTable) inner = g_hash_table_new(NULL, NULL);
	g_ptr_array_add(stack, (gpointer)root);
	while (stack->len > 0 && !body_is_decided(body)) {
		const MimeStructure *entity =
			g_ptr_array_steal_index(stack, stack->len - 1);
		/* What stands above the text of a message inside is body. */
		gboolean is_inner = g_hash_table_contains(inner, entity);
		if (!body_look_at_header(body, entity->header,
			    entity->body - entity->header, !is_inner, error))
			return FALSE;
		if (leaf_is_text(entity) &&
			!body_look_at_leaf(body, arena, entity, error))
			return FALSE;
		for (guint i = entity->n_children; i > 0; i--) {
			const MimeStructure *child = &entity->children[i - 1];
			g_ptr_array_add(stack, (gpointer)child);
			if (entity->kind == MIME_MESSAGE)
				g_hash_table_add(inner, (gpointer)child);
		}
	}
	return TRUE;
}

static gboolean match_body(Store *store, const SearchPlan *plan,
	const FetchedMessage *message, guint64 size, GError **error)
{
	g_autoptr(Arena) arena = arena_new();
	const MimeStructure *root =
		mime_structure_decode(arena, message->structure, error);
	if (root == NULL)
		return FALSE;
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) folded = g_string_new(NULL);
	Body body = {
		.store = store,
		.plan = plan,
		.physmessage = message->physmessage,
		.size = (gsize)size,
		.raw = message->raw,
		.text = text,
		.folded = folded,
	};
	gboolean ok = body_walk(&body, arena, root, error);
	fetch_batch_free(&body.batch);
	return ok;
}

/* --- together --------------------------------------------------------------------- */

FetchWhat search_what(const SearchPlan *plan, gboolean whole)
{
	FetchWhat what = 0;
	if (plan->wants_meta)
		what |= FETCH_META;
	if (plan->wants_summary)
		what |= FETCH_SUMMARY;
	if (plan->wants_header && plan->level >= SEARCH_LEVEL_HEADER)
		what |= whole ? FETCH_HEADER : FETCH_STRUCTURE;
	if (plan->level >= SEARCH_LEVEL_BODY)
		what |= FETCH_STRUCTURE | (whole ? FETCH_RAW : 0);
	return what;
}

/* The header block of a message that was not read whole. */
static gboolean read_header(Store *store, const FetchedMessage *message,
	FetchBatch **batch, Bytes *header, GError **error)
{
	g_autoptr(Arena) arena = arena_new();
	const MimeStructure *root =
		mime_structure_decode(arena, message->structure, error);
	if (root == NULL)
		return FALSE;
	FetchAsk ask = { .physmessage = message->physmessage,
		.size = MIN(root->body, SEARCH_HEADER_MAX) };
	if (!fetch_batch_new(store, &ask, 1, FETCH_RAW, batch, error))
		return FALSE;
	*header = fetch_batch_message(*batch, 0)->raw;
	return TRUE;
}

static void match_read_values(
	const SearchPlan *plan, const FetchedMessage *message)
{
	for (guint i = 0; i < plan->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(plan->nodes, i);
		SearchKind kind = node->key->kind;
		node->found = TRI_UNKNOWN;
		if (kind == SEARCH_INTERNAL_DATE)
			node->found =
				compare_days(node, message->internal_date);
		else if (plan->level < SEARCH_LEVEL_SUMMARY)
			continue;
		else if (kind == SEARCH_SENT_DATE)
			node->found = match_sent_date(node, message);
		else if (kind == SEARCH_HEADER)
			node->found = match_summary(node, message);
	}
}

static gboolean match_headers(Store *store, const SearchPlan *plan,
	const FetchedMessage *message, gboolean whole, GError **error)
{
	g_autoptr(FetchBatch) batch = NULL;
	Bytes header = message->header;
	gboolean have = whole;
	for (guint i = 0; i < plan->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(plan->nodes, i);
		if (node->key->kind != SEARCH_HEADER ||
			node->found != TRI_UNKNOWN)
			continue;
		if (!have &&
			!read_header(store, message, &batch, &header, error))
			return FALSE;
		have = TRUE;
		node->found = match_fields(node, header);
	}
	return TRUE;
}

static void set_undecided_false(const SearchPlan *plan)
{
	for (guint i = 0; i < plan->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(plan->nodes, i);
		if (node->found == TRI_UNKNOWN)
			node->found = TRI_FALSE;
	}
}

gboolean search_content_match(Store *store, const SearchPlan *plan,
	const FetchedMessage *message, guint64 size, GError **error)
{
	gboolean whole = size <= SEARCH_WHOLE_MAX;
	match_read_values(plan, message);
	if (plan->level >= SEARCH_LEVEL_HEADER &&
		!match_headers(store, plan, message, whole, error))
		return FALSE;
	if (plan->level >= SEARCH_LEVEL_BODY) {
		if (!match_body(store, plan, message, size, error))
			return FALSE;
		set_undecided_false(plan);
	}
	return TRUE;
}
