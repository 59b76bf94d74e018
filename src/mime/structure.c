/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What BODY, BODYSTRUCTURE and sections need to know of a message. */
#include "mime/structure.h"

#include "base/text.h"
#include "mime/envelope.h"
#include "mime/header.h"

/* The making of one structure. */
typedef struct {
	Arena *arena;
	Bytes message;
	const MimeScan *scan;
	MimeStructure **nodes; /* by the scan's index */
	guint *filled;         /* how many children a node has so far */
} Builder;

/* A field's value on one line, no data where the field is missing. */
static Bytes field_text(
	Arena *arena, const MimeHeader *header, const char *name)
{
	Bytes value = mime_header_value(header, name);
	if (value.size > 0 &&
		(memchr(value.data, '\n', value.size) != NULL ||
			memchr(value.data, '\0', value.size) != NULL))
		return bytes_of_string(mime_unfold(arena, value));
	return value;
}

/* The encoding's word, without comments behind it. */
static Bytes encoding_word(Bytes value)
{
	gsize size = 0;
	while (size < value.size && (guchar)value.data[size] > ' ' &&
		strchr("(;", value.data[size]) == NULL)
		size++;
	return size > 0 ? bytes_of(value.data, size) : bytes_of_string("7bit");
}

static void set_type(MimeStructure *node, const char *type, const char *subtype)
{
	node->type = bytes_of_string(type);
	node->subtype = bytes_of_string(subtype);
	node->params = NULL;
	node->n_params = 0;
}

/* The type as the header has it, but never a multipart that was not taken
 * apart: one too deep is bytes to be saved; one without a boundary is broken,
 * and then RFC 2045 section 5.2 says text. */
static void read_type(
	Arena *arena, MimeStructure *node, Bytes value, gboolean in_digest)
{
	MimeParamValue type = { 0 };

	if (!mime_param_value_parse(arena, value, TRUE, &type)) {
		if (in_digest && node->kind == MIME_MESSAGE)
			set_type(node, "message", "rfc822");
		else
			set_type(node, "text", "plain");
		return;
	}
	node->type = type.type;
	node->subtype = type.subtype;
	node->params = type.params;
	node->n_params = type.n_params;
	if (node->kind != MIME_LEAF ||
		!text_equal_nocase(type.type, "multipart"))
		return;
	const MimeParam *boundary =
		mime_param_find(type.params, type.n_params, "boundary");
	if (boundary != NULL && text_trim(boundary->value).size > 0)
		set_type(node, "application", "octet-stream");
	else
		set_type(node, "text", "plain");
}

static void read_fields(Arena *arena, MimeStructure *node,
	const MimeHeader *header, gboolean in_digest)
{
	MimeParamValue disposition = { 0 };

	read_type(arena, node, mime_header_value(header, "Content-Type"),
		in_digest);
	node->id = field_text(arena, header, "Content-ID");
	node->description = field_text(arena, header, "Content-Description");
	node->encoding = encoding_word(
		mime_header_value(header, "Content-Transfer-Encoding"));
	node->md5 = field_text(arena, header, "Content-MD5");
	node->languages = field_text(arena, header, "Content-Language");
	node->location = field_text(arena, header, "Content-Location");
	if (mime_param_value_parse(arena,
		    mime_header_value(header, "Content-Disposition"), FALSE,
		    &disposition)) {
		node->disposition = disposition.type;
		node->disposition_params = disposition.params;
		node->n_disposition_params = disposition.n_params;
	}
}

static gboolean is_digest(const MimeStructure *node)
{
	return node != NULL && node->kind == MIME_MULTIPART &&
		text_equal_nocase(node->subtype, "digest");
}

static void build_node(Builder *b, guint index)
{
	const MimeEntity *entity = mime_scan_entity(b->scan, index);
	MimeStructure *node = b->nodes[index];
	MimeStructure *parent = entity->parent != MIME_NO_PARENT ?
		b->nodes[entity->parent] :
		NULL;
	gsize size = MIN(entity->body - entity->header,
		mime_scan_limits(b->scan)->max_header);
	MimeHeader *header = mime_header_new(
		b->arena, bytes_slice(b->message, entity->header, size));

	node->kind = entity->kind;
	node->header = entity->header;
	node->body = entity->body;
	node->body_end = entity->body_end;
	node->size = entity->body_end - entity->body;
	read_fields(b->arena, node, header, is_digest(parent));
	if (parent != NULL && parent->kind == MIME_MESSAGE) {
		g_autoptr(GString) envelope = g_string_new(NULL);
		mime_envelope_write(header, envelope);
		parent->envelope = bytes_of(
			arena_copy(b->arena, envelope->str, envelope->len),
			envelope->len);
	}
}

/* Gives each entity its place among its parent's children. */
static void place_nodes(Builder *b, MimeStructure *root)
{
	guint count = mime_scan_count(b->scan);
	guint *n_children = g_new0(guint, count);

	for (guint i = 1; i < count; i++)
		n_children[mime_scan_entity(b->scan, i)->parent]++;
	for (guint i = 0; i < count; i++) {
		guint32 parent = mime_scan_entity(b->scan, i)->parent;
		MimeStructure *node = root;
		if (parent != MIME_NO_PARENT)
			node = (MimeStructure *)b->nodes[parent]->children +
				b->filled[parent]++;
		b->nodes[i] = node;
		node->n_children = n_children[i];
		if (n_children[i] > 0)
			node->children = arena_new_array(
				b->arena, MimeStructure, n_children[i]);
	}
	g_free(n_children);
}

/* Counting all lines once, however deep the parts are nested. */
typedef struct {
	Bytes message;
	gsize position;
	gsize lines;  /* before position, as far as somebody wanted them */
	guint wanted; /* open entities that want their lines counted */
} LineCount;

static void count_up_to(LineCount *c, gsize position)
{
	const char *at = c->message.data + c->position;
	const char *end = c->message.data + position;

	while (c->wanted > 0 && at < end) {
		at = memchr(at, '\n', (gsize)(end - at));
		if (at == NULL)
			break;
		c->lines++;
		at++;
	}
	c->position = position;
}

static gboolean wants_lines(const MimeStructure *node)
{
	return node->kind != MIME_MULTIPART &&
		(text_equal_nocase(node->type, "text") ||
			text_equal_nocase(node->type, "message"));
}

static void count_lines(Builder *b)
{
	LineCount c = { .message = b->message };
	guint32 open = MIME_NO_PARENT;

	for (guint i = 0; i <= mime_scan_count(b->scan); i++) {
		guint32 outer = MIME_NO_PARENT;
		if (i < mime_scan_count(b->scan))
			outer = mime_scan_entity(b->scan, i)->parent;
		for (; open != outer;
			open = mime_scan_entity(b->scan, open)->parent) {
			MimeStructure *node = b->nodes[open];
			if (!wants_lines(node))
				continue;
			count_up_to(&c, node->body_end);
			node->lines = c.lines - node->lines;
			c.wanted--;
		}
		if (i == mime_scan_count(b->scan) ||
			!wants_lines(b->nodes[i])) {
			open = i;
			continue;
		}
		count_up_to(&c, b->nodes[i]->body);
		b->nodes[i]->lines = c.lines;
		c.wanted++;
		open = i;
	}
}

MimeStructure *mime_structure_new(
	Arena *arena, Bytes message, const MimeScan *scan)
{
	MimeStructure *root = arena_new_object(arena, MimeStructure);
	guint count = mime_scan_count(scan);
	Builder b = {
		.arena = arena,
		.message = message,
		.scan = scan,
		.nodes = g_new0(MimeStructure *, count),
		.filled = g_new0(guint, count),
	};

	place_nodes(&b, root);
	for (guint i = 0; i < count; i++)
		build_node(&b, i);
	if (message.size > 0)
		count_lines(&b);
	g_free(b.nodes);
	g_free(b.filled);
	return root;
}
