/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test body (RFC 5173). */
#include "base/text.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/param.h"
#include "mime/preview.h"
#include "sieve/message.h"
#include "sieve/testing.h"
#include "sieve/words.h"

/* Decoded bytes that one instruction pays for. */
#define STEP_BYTES 1024

enum {
	BODY_TEXT,
	BODY_RAW,
	BODY_CONTENT,
};

static const SieveTag body_tags[] = {
	{ .name = "text", .slot = SIEVE_SLOT_BODY, .number = BODY_TEXT },
	{ .name = "raw", .slot = SIEVE_SLOT_BODY, .number = BODY_RAW },
	{ .name = "content",
		.slot = SIEVE_SLOT_BODY,
		.value = SIEVE_TYPE_STRINGS,
		.number = BODY_CONTENT },
	{ .name = NULL },
};

/* What is kept of each entity. */
enum {
	KEY_TEXT,
	KEY_CONTENT,
	KEY_RAW,
	KEYS,
};

/* A test that runs, over one message. */
typedef struct {
	SieveTesting testing;
	Bytes message;
	const MimeScan *scan;
	Bytes *types; /* of :content */
	guint n_types;
} Search;

/* What a part's header says of its content; bytes in it and the arena. */
typedef struct {
	Bytes type;
	Bytes subtype; /* no bytes, as the type: Content-Type is broken */
	Bytes charset;
	MimeEncoding encoding;
} Content;

static void check_body(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 0);
}

static void read_content(Arena *arena, Bytes block, Content *content)
{
	const MimeHeader *header = mime_header_new(arena, block);
	Bytes value = mime_header_value(header, "Content-Type");
	MimeParamValue parsed = { 0 };

	*content = (Content){ .encoding = mime_encoding_of(mime_header_value(
				      header, "Content-Transfer-Encoding")) };
	/* Whatever it says it is: RFC 2045 section 6.4. */
	if (content->encoding == MIME_ENCODING_UNKNOWN) {
		content->type = bytes_of_string("application");
		content->subtype = bytes_of_string("octet-stream");
		return;
	}
	if (value.size == 0) {
		content->type = bytes_of_string("text");
		content->subtype = bytes_of_string("plain");
		return;
	}
	/* "text/plain/stupid" is no type that anyone asked for. */
	const char *end = memchr(value.data, ';', value.size);
	gsize size = end != NULL ? (gsize)(end - value.data) : value.size;
	const char *slash = memchr(value.data, '/', size);
	if (!mime_param_value_parse(arena, value, TRUE, &parsed) ||
		(slash != NULL &&
			memchr(slash + 1, '/',
				size - (gsize)(slash + 1 - value.data)) !=
				NULL))
		return;
	content->type = parsed.type;
	content->subtype = parsed.subtype;
	const MimeParam *charset =
		mime_param_find(parsed.params, parsed.n_params, "charset");
	if (charset != NULL)
		content->charset = mime_param_bytes(arena, charset);
}

static gboolean equal_nocase(Bytes a, Bytes b)
{
	return a.size == b.size &&
		(a.size == 0 ||
			g_ascii_strncasecmp(a.data, b.data, a.size) == 0);
}

/* RFC 5173 section 5.2. */
static gboolean is_wanted(const Content *content, Bytes type)
{
	if (type.size == 0)
		return TRUE;
	const char *slash = memchr(type.data, '/', type.size);
	if (slash == NULL)
		return equal_nocase(content->type, type);
	gsize at = (gsize)(slash - type.data);
	Bytes subtype = bytes_slice(type, at + 1, type.size);
	return at > 0 && subtype.size > 0 &&
		memchr(subtype.data, '/', subtype.size) == NULL &&
		equal_nocase(content->type, bytes_slice(type, 0, at)) &&
		equal_nocase(content->subtype, subtype);
}

static gboolean is_any_wanted(const Search *search, const Content *content)
{
	for (guint i = 0; i < search->n_types; i++) {
		if (is_wanted(content, search->types[i]))
			return TRUE;
	}
	return FALSE;
}

static gboolean is_html(const Content *content)
{
	return text_equal_nocase(content->subtype, "html") ||
		text_equal_nocase(content->subtype, "xhtml+xml") ||
		text_equal_nocase(content->subtype, "enriched");
}

static gboolean is_text(const Content *content)
{
	return text_equal_nocase(content->type, "text") ||
		(text_equal_nocase(content->type, "application") &&
			text_equal_nocase(content->subtype, "xhtml+xml"));
}

static gboolean spend(Search *search, gsize size)
{
	return sieve_run_step(search->testing.run, search->testing.node,
		1 + size / STEP_BYTES);
}

/* Transfer encoding undone; where it is text, in UTF-8, and without markup
 * where no_markup. */
static GString *decode(const Content *content, Bytes body, gboolean no_markup)
{
	g_autoptr(GString) decoded = g_string_new(NULL);
	g_autoptr(GString) text = g_string_new(NULL);

	mime_decode(content->encoding, body, decoded);
	if (!is_text(content))
		return g_steal_pointer(&decoded);
	Bytes bytes = bytes_of(decoded->str, decoded->len);
	if (!mime_charset_to_utf8(content->charset, bytes, text))
		mime_charset_append_valid(bytes, text);
	if (!no_markup || !is_html(content))
		return g_steal_pointer(&text);
	g_string_truncate(decoded, 0);
	mime_html_text(bytes_of(text->str, text->len), decoded);
	return g_steal_pointer(&decoded);
}

static gboolean add_leaf(
	Search *search, const Content *content, guint index, gboolean no_markup)
{
	SieveRun *run = search->testing.run;
	guint key = KEYS * index + (no_markup ? KEY_TEXT : KEY_CONTENT);
	SieveKeptText *kept = sieve_message_text(run, key);
	Bytes body = sieve_message_body_of(
		search->message, mime_scan_entity(search->scan, index));

	if (!spend(search, kept != NULL ? 0 : body.size))
		return FALSE;
	if (kept == NULL) {
		GString *text = decode(content, body, no_markup);
		kept = sieve_message_keep_text(run, key, 2 * text->len, text);
	}
	return sieve_testing_add_again(&search->testing,
		bytes_of(kept->text->str, kept->text->len), &kept->fold);
}

static gboolean add_raw(Search *search, guint root)
{
	SieveRun *run = search->testing.run;
	const MimeEntity *first = mime_scan_entity(search->scan, root);
	Bytes body = bytes_slice(
		search->message, first->body, first->end - first->body);
	guint key = KEYS * root + KEY_RAW;
	SieveKeptText *kept = sieve_message_text(run, key);

	if (kept == NULL)
		kept = sieve_message_keep_text(run, key, body.size, NULL);
	return sieve_testing_add_again(&search->testing, body, &kept->fold);
}

/* Where an epilogue begins: behind the closing delimiter's line. */
static gsize epilogue_at(Bytes message, const MimeEntity *entity)
{
	gsize at = entity->closing;
	while (at < entity->end &&
		(message.data[at] == '\r' || message.data[at] == '\n'))
		at++;
	const char *end = at < entity->end ?
		memchr(message.data + at, '\n', entity->end - at) :
		NULL;
	return end != NULL ? (gsize)(end - message.data) + 1 : entity->end;
}

/* The prologue and the epilogue, each by itself. */
static gboolean add_multipart(Search *search, guint index)
{
	const MimeEntity *entity = mime_scan_entity(search->scan, index);
	gsize first = entity->closing;

	if (index + 1 < mime_scan_count(search->scan)) {
		const MimeEntity *child =
			mime_scan_entity(search->scan, index + 1);
		if (child->parent == index)
			first = child->begin;
	}
	Bytes prologue = bytes_slice(
		search->message, entity->body, first - entity->body);
	if (prologue.data == NULL)
		prologue.data = "";
	if (!sieve_testing_add(&search->testing, prologue))
		return FALSE;
	if (entity->closing >= entity->end || search->testing.is_matched)
		return TRUE;
	gsize at = epilogue_at(search->message, entity);
	return sieve_testing_add(&search->testing,
		bytes_of(search->message.data + at, entity->end - at));
}

/* The header of the message inside, without its blank line. */
static gboolean add_message(Search *search, guint index)
{
	if (index + 1 >= mime_scan_count(search->scan))
		return TRUE;
	const MimeEntity *inner = mime_scan_entity(search->scan, index + 1);
	Bytes block = sieve_message_header_of(search->message, inner);
	if (block.size >= 2 && block.data[block.size - 1] == '\n') {
		gsize size = block.size - 1;
		if (block.data[size - 1] == '\r')
			size--;
		if (size == 0 || block.data[size - 1] == '\n')
			block.size = size;
	}
	return sieve_testing_add(&search->testing, block);
}

static gboolean add_entity(Search *search, guint index, gint kind)
{
	g_autoptr(Arena) arena = arena_new();
	const MimeEntity *entity = mime_scan_entity(search->scan, index);
	Bytes block = sieve_message_header_of(search->message, entity);
	Content content;

	if (!spend(search, block.size))
		return FALSE;
	read_content(arena, block, &content);
	if (kind == BODY_TEXT)
		return entity->kind != MIME_LEAF || !is_text(&content) ||
			add_leaf(search, &content, index, TRUE);
	if (!is_any_wanted(search, &content))
		return TRUE;
	if (entity->kind == MIME_MULTIPART)
		return add_multipart(search, index);
	if (entity->kind == MIME_MESSAGE)
		return add_message(search, index);
	return add_leaf(search, &content, index, FALSE);
}

/* TRUE where an empty line ends the header: without one there is no body, not
 * even an empty one. */
static gboolean has_body(Bytes message, const MimeEntity *entity)
{
	Bytes block = sieve_message_header_of(message, entity);
	if (block.size == 0 || block.data[block.size - 1] != '\n')
		return FALSE;
	gsize size = block.size - 1;
	if (size > 0 && block.data[size - 1] == '\r')
		size--;
	return size == 0 || block.data[size - 1] == '\n';
}

static gboolean add_all(Search *search, guint root, gint kind)
{
	guint count = mime_scan_count(search->scan);
	const MimeEntity *first = mime_scan_entity(search->scan, root);
	gboolean good = TRUE;

	if (!has_body(search->message, first))
		return TRUE;
	if (kind == BODY_RAW)
		return add_raw(search, root);
	for (guint i = root; good && !search->testing.is_matched && i < count;
		i++) {
		if (i > root &&
			mime_scan_entity(search->scan, i)->depth <=
				first->depth)
			break;
		good = add_entity(search, i, kind);
	}
	return good;
}

static gboolean read_types(Search *search, SieveRun *run, const SieveNode *node)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_BODY);
	if (use == NULL || use->value == NULL)
		return TRUE;
	search->n_types = use->value->n_strings;
	search->types = arena_new_array(run->scratch, Bytes, search->n_types);
	for (guint i = 0; i < search->n_types; i++) {
		if (!sieve_run_string(run, node, &use->value->strings[i],
			    &search->types[i]))
			return FALSE;
	}
	return TRUE;
}

static gboolean test_body(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_BODY);
	gint kind = use != NULL ? use->tag->number : BODY_TEXT;
	Search search = { 0 };

	search.scan = sieve_message_scan(run, node, &search.message);
	if (search.scan == NULL || !read_types(&search, run, node))
		return FALSE;
	gboolean good = sieve_testing_begin(
		&search.testing, run, node, node->positional[0]);
	search.testing.sets_no_values = TRUE;
	good = good && add_all(&search, run->frame->root, kind);
	return sieve_testing_end(&search.testing, good, result);
}

const SieveWord sieve_words_body[] = {
	{ .name = "body",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_BODY),
		.arguments = { SIEVE_TYPE_STRINGS },
		.called = "keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH,
		.tags = body_tags,
		.check = check_body,
		.test = test_body },
	{ .name = NULL },
};
