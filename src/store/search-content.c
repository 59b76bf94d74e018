/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a message says that no column has: any field, any text. */
#include "base/errors.h"
#include "base/text.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/header.h"
#include "mime/structure.h"
#include "mime/words.h"
#include "store/search-index.h"

/* What is looked at of one header block. */
#define SEARCH_HEADER_MAX ((gsize)1048576)
/* What is read of a text at once, and decoded of it looked at at once. */
#define SEARCH_TEXT_READ ((gsize)1048576)
/* At least so much is read at once: each read looks at all rows of a message
 * before it, and a message may have ten thousand parts of a few bytes. */
#define SEARCH_READ_MIN ((gsize)262144)

static gboolean node_fits(SearchNode *node, const char *text, gsize size)
{
	g_autoptr(GString) folded = g_string_sized_new(size + 1);
	search_fold(text, size, folded);
	node->score = search_fits(node, folded->str, folded->len);
	return node->score > 0;
}

/* --- headers -------------------------------------------------------------------- */

static Tri match_fields(SearchNode *node, Bytes block)
{
	gsize pos = 0;
	MimeField field;
	g_autoptr(GString) text = g_string_new(NULL);
	while (mime_field_next(block, &pos, &field)) {
		if (!text_equal_nocase(field.name, node->key->field))
			continue;
		g_string_truncate(text, 0);
		mime_words_append(field.value, text);
		if (node_fits(node, text->str, text->len))
			return TRI_TRUE;
	}
	return TRI_FALSE;
}

static gboolean is_plain(Bytes value)
{
	for (gsize i = 0; i < value.size; i++) {
		char c = value.data[i];
		if (c == '\n' || c == '\r' || (guchar)c >= 0x80 ||
			(c == '=' && i + 1 < value.size &&
				value.data[i + 1] == '?'))
			return FALSE;
	}
	return TRUE;
}

void search_append_header(Bytes block, GString *out)
{
	gsize pos = 0;
	MimeField field;
	mime_charset_append_valid(block, out);
	while (mime_field_next(block, &pos, &field)) {
		if (is_plain(text_trim(field.value)))
			continue;
		g_string_append_c(out, '\n');
		mime_charset_append_valid(field.name, out);
		g_string_append(out, ": ");
		mime_words_append(field.value, out);
	}
}

/* --- texts ------------------------------------------------------------------------ */

/* One message whose bytes are at hand, or are read as they are needed. */
typedef struct {
	const Search *search;
	Arena *arena;
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
		if (!fetch_batch_new(body->search->store, &ask, 1, FETCH_RAW,
			    &body->batch, error))
			return FALSE;
		body->raw = fetch_batch_message(body->batch, 0)->raw;
		body->raw_offset = offset;
	}
	*bytes = bytes_slice(body->raw, offset - body->raw_offset, size);
	return TRUE;
}

static gboolean node_is_open(const SearchNode *node, gboolean text_keys_only)
{
	SearchKind kind = node->key->kind;
	return node->found == TRI_UNKNOWN &&
		(kind == SEARCH_TEXT ||
			(kind == SEARCH_BODY && !text_keys_only));
}

/* Looks for each undecided text key in what was added to body->folded;
 * headers are for TEXT alone unless they are those of a message inside. */
static void body_look(Body *body, gboolean text_keys_only)
{
	search_fold(body->text->str, body->text->len, body->folded);
	for (guint i = 0; i < body->search->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(body->search->nodes, i);
		if (!node_is_open(node, text_keys_only))
			continue;
		node->score =
			search_fits(node, body->folded->str, body->folded->len);
		if (node->score > 0)
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
	g_string_truncate(body->folded, 0);
	search_append_header(block, body->text);
	body_look(body, text_keys_only);
	return TRUE;
}

Bytes search_charset(Arena *arena, const MimeStructure *leaf)
{
	const MimeParam *param =
		mime_param_find(leaf->params, leaf->n_params, "charset");
	return param != NULL ? mime_param_bytes(arena, param) :
			       bytes_of(NULL, 0);
}

/* The longest needle that is looked for. */
static gsize longest_needle(const Body *body)
{
	gsize longest = 0;
	for (guint i = 0; i < body->search->nodes->len; i++) {
		const SearchNode *node =
			g_ptr_array_index(body->search->nodes, i);
		if (node_is_open(node, FALSE))
			longest = MAX(longest, node->needle_size);
	}
	return longest;
}

/* Leaves of body->folded what a needle may begin in. */
static void keep_tail(Body *body)
{
	gsize keep = longest_needle(body);
	gsize from = body->folded->len > keep ? body->folded->len - keep : 0;
	while (from > 0 && ((guchar)body->folded->str[from] & 0xc0) == 0x80)
		from--;
	g_string_erase(body->folded, 0, (gssize)from);
}

/* How much of the decoded bytes can be taken for themselves: up to the end of
 * a line, else of a word; UTF-16 and UTF-32 in pairs or fours of bytes. */
static gsize safe_end(const GString *decoded, Bytes charset)
{
	if (text_has_prefix_nocase(charset, "utf-16") ||
		text_has_prefix_nocase(charset, "utf-32") ||
		text_has_prefix_nocase(charset, "iso-10646"))
		return decoded->len & ~(gsize)3;
	for (const char *end = "\n "; *end != '\0'; end++) {
		const char *last = memrchr(decoded->str, *end, decoded->len);
		if (last != NULL)
			return (gsize)(last - decoded->str) + 1;
	}
	return decoded->len;
}

/* Looks at what was decoded so far, less an end that is not whole yet. */
static void leaf_look(
	Body *body, GString *decoded, Bytes charset, gboolean is_last)
{
	gsize end = is_last ? decoded->len : safe_end(decoded, charset);
	g_string_truncate(body->text, 0);
	mime_decode_text(bytes_of(decoded->str, end), bytes_of(NULL, 0),
		charset, G_MAXSIZE, body->text);
	body_look(body, FALSE);
	g_string_erase(decoded, 0, (gssize)end);
	keep_tail(body);
}

/* A piece at a time, however large it is. */
static gboolean body_look_at_leaf(
	Body *body, const MimeStructure *leaf, GError **error)
{
	MimeDecoder decoder;
	gboolean ok = TRUE;
	Bytes charset = search_charset(body->arena, leaf);
	g_autoptr(GString) decoded = g_string_new(NULL);
	mime_decoder_init(&decoder, mime_encoding_of(leaf->encoding));
	g_string_truncate(body->folded, 0);
	for (gsize at = leaf->body;
		ok && at < leaf->body_end && longest_needle(body) > 0;) {
		Bytes bytes;
		gsize size = MIN(leaf->body_end - at, SEARCH_TEXT_READ);
		ok = body_read(body, at, size, &bytes, error);
		if (!ok || bytes.size == 0)
			break;
		at += bytes.size;
		mime_decoder_write(&decoder, bytes, decoded);
		if (at >= leaf->body_end)
			mime_decoder_finish(&decoder, decoded);
		leaf_look(body, decoded, charset, at >= leaf->body_end);
		if (at < leaf->body_end)
			ok = search_may_go_on(body->search, error);
	}
	mime_decoder_clear(&decoder);
	return ok;
}

static gboolean body_is_decided(const Body *body)
{
	for (guint i = 0; i < body->search->nodes->len; i++) {
		const SearchNode *node =
			g_ptr_array_index(body->search->nodes, i);
		if (node->level == SEARCH_LEVEL_BODY &&
			node->found == TRI_UNKNOWN)
			return FALSE;
	}
	return TRUE;
}

gboolean search_is_text(const MimeStructure *entity)
{
	return entity->kind == MIME_LEAF &&
		(text_equal_nocase(entity->type, "text") ||
			text_equal_nocase(entity->type, "message"));
}

static gboolean body_look_at(const MimeStructure *entity, gboolean is_inner,
	gpointer data, GError **error)
{
	Body *body = data;
	if (body_is_decided(body))
		return TRUE;
	/* What stands above the text of a message inside is body. */
	return body_look_at_header(body, entity->header,
		       entity->body - entity->header, !is_inner, error) &&
		(!search_is_text(entity) ||
			body_look_at_leaf(body, entity, error));
}

/* With a stack of its own: depth is as the settings allow it. */
gboolean search_walk(const MimeStructure *root,
	gboolean (*visit)(const MimeStructure *entity, gboolean is_inner,
		gpointer data, GError **error),
	gpointer data, GError **error)
{
	g_autoptr(GPtrArray) stack = g_ptr_array_new();
	g_autoptr(GHashTable) inner = g_hash_table_new(NULL, NULL);
	g_ptr_array_add(stack, (gpointer)root);
	while (stack->len > 0) {
		const MimeStructure *entity =
			g_ptr_array_steal_index(stack, stack->len - 1);
		if (!visit(entity, g_hash_table_contains(inner, entity), data,
			    error))
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

static gboolean match_body(const Search *search, const FetchedMessage *message,
	guint64 size, GError **error)
{
	g_autoptr(Arena) arena = arena_new();
	const MimeStructure *root =
		mime_structure_decode(arena, message->structure, error);
	if (root == NULL)
		return FALSE;
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GString) folded = g_string_new(NULL);
	Body body = {
		.search = search,
		.arena = arena,
		.physmessage = message->physmessage,
		.size = (gsize)size,
		.raw = message->raw,
		.text = text,
		.folded = folded,
	};
	gboolean ok = search_walk(root, body_look_at, &body, error);
	fetch_batch_free(&body.batch);
	return ok;
}

/* --- together --------------------------------------------------------------------- */

static gboolean node_wants_header(const SearchNode *node)
{
	return node->key->kind == SEARCH_HEADER;
}

FetchWhat search_what(const Search *search, SearchLevel level, gboolean whole)
{
	FetchWhat what = 0;
	for (guint i = 0; i < search->nodes->len; i++) {
		if (node_wants_header(g_ptr_array_index(search->nodes, i)))
			what = whole ? FETCH_HEADER : FETCH_STRUCTURE;
	}
	if (level >= SEARCH_LEVEL_BODY)
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

static gboolean match_headers(const Search *search,
	const FetchedMessage *message, gboolean whole, GError **error)
{
	g_autoptr(FetchBatch) batch = NULL;
	Bytes header = message->header;
	gboolean have = whole;
	for (guint i = 0; i < search->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(search->nodes, i);
		if (!node_wants_header(node) || node->found != TRI_UNKNOWN)
			continue;
		if (!have &&
			!read_header(
				search->store, message, &batch, &header, error))
			return FALSE;
		have = TRUE;
		node->found = (guint8)match_fields(node, header);
	}
	return TRUE;
}

gboolean search_content_match(const Search *search, SearchLevel level,
	const FetchedMessage *message, guint64 size, GError **error)
{
	gboolean whole = size <= SEARCH_WHOLE_MAX;
	if (!match_headers(search, message, whole, error))
		return FALSE;
	if (level < SEARCH_LEVEL_BODY)
		return TRUE;
	if (!match_body(search, message, size, error))
		return FALSE;
	for (guint i = 0; i < search->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(search->nodes, i);
		if (node->found == TRI_UNKNOWN)
			node->found = TRI_FALSE;
	}
	return TRUE;
}
