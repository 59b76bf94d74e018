/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the MIME entities of a message begin and end: offsets only. */
#include "mime/scan.h"

#include "base/arena.h"
#include "base/text.h"
#include "mime/decode.h"
#include "mime/header.h"
#include "mime/param.h"

struct MimeScan {
	MimeLimits limits;
	gsize size;
	gboolean limited;
	GArray *entities;
};

/* A multipart whose closing delimiter has not been seen.  The innermost one
 * of a boundary wins; it hides an outer one that has the same. */
typedef struct Level Level;
struct Level {
	Bytes boundary; /* without blanks at its end */
	gsize blanks;   /* how many those were */
	guint32 entity;
	gboolean digest;
	Level *hidden;
};

/* The state of one scan. */
typedef struct {
	MimeScan *scan;
	const char *data;
	gsize size;
	Arena *arena;
	GPtrArray *levels;   /* of Level, innermost last */
	GHashTable *by_name; /* boundary -> innermost Level of that boundary */
	gsize longest;       /* boundary there has been */
	guint32 current;     /* innermost open entity */
	gsize floor;         /* a delimiter cannot begin before this */
} Scanner;

/* A line that is the delimiter of an open multipart. */
typedef struct {
	gsize begin; /* with the line end before it */
	gsize end;   /* without the line end behind it */
	gsize next;  /* the line after it */
	Level *level;
	gboolean closes;
} Delimiter;

static guint boundary_hash(gconstpointer key)
{
	const Bytes *boundary = key;
	guint hash = 2166136261u;
	for (gsize i = 0; i < boundary->size; i++)
		hash = (hash ^ (guchar)boundary->data[i]) * 16777619u;
	return hash;
}

static gboolean boundary_equal(gconstpointer a, gconstpointer b)
{
	return bytes_equal(*(const Bytes *)a, *(const Bytes *)b);
}

static MimeEntity *entity_at(const Scanner *s, guint32 index)
{
	return &g_array_index(s->scan->entities, MimeEntity, index);
}

static Bytes slice(const Scanner *s, gsize from, gsize to)
{
	return bytes_of(s->data + from, to - from);
}

/* The first byte behind the line that holds pos. */
static gsize line_after(const Scanner *s, gsize pos)
{
	const char *feed = memchr(s->data + pos, '\n', s->size - pos);
	return feed != NULL ? (gsize)(feed - s->data) + 1 : s->size;
}

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static Bytes trim_end(Bytes text)
{
	while (text.size > 0 && is_blank(text.data[text.size - 1]))
		text.size--;
	return text;
}

static void level_push(
	Scanner *s, guint32 entity, Bytes boundary, gboolean digest)
{
	Level *level = arena_new_object(s->arena, Level);
	level->boundary = trim_end(boundary);
	level->blanks = boundary.size - level->boundary.size;
	level->entity = entity;
	level->digest = digest;
	level->hidden = g_hash_table_lookup(s->by_name, &level->boundary);
	g_hash_table_replace(s->by_name, &level->boundary, level);
	g_ptr_array_add(s->levels, level);
	s->longest = MAX(s->longest, boundary.size);
}

static Level *level_top(const Scanner *s)
{
	return s->levels->len > 0 ?
		g_ptr_array_index(s->levels, s->levels->len - 1) :
		NULL;
}

static void level_pop(Scanner *s)
{
	Level *level = level_top(s);
	if (level->hidden != NULL)
		g_hash_table_replace(
			s->by_name, &level->hidden->boundary, level->hidden);
	else
		g_hash_table_remove(s->by_name, &level->boundary);
	g_ptr_array_set_size(s->levels, (gint)s->levels->len - 1);
}

/* Before the line end in front of pos, but not below the floor. */
static gsize before_line_end(const Scanner *s, gsize pos, gsize floor)
{
	gsize before = pos;
	if (before > floor && s->data[before - 1] == '\n')
		before--;
	if (before < pos && before > floor && s->data[before - 1] == '\r')
		before--;
	return before;
}

/* The multipart whose delimiter has this text behind its two dashes. */
static Level *find_level(const Scanner *s, Bytes text, gboolean *closes)
{
	*closes = FALSE;
	if (text.size == 0 || text.size > s->longest + 2)
		return NULL;
	Level *level = g_hash_table_lookup(s->by_name, &text);
	if (level != NULL)
		return level;
	if (text.size < 3 || memcmp(text.data + text.size - 2, "--", 2) != 0)
		return NULL;
	text.size -= 2;
	Bytes bare = trim_end(text);
	level = g_hash_table_lookup(s->by_name, &bare);
	/* Blanks before the closing dashes are the boundary's own. */
	if (level == NULL || text.size - bare.size > level->blanks)
		return NULL;
	*closes = TRUE;
	return level;
}

/* TRUE when the line at pos is a delimiter: two dashes, a boundary that is
 * open, two dashes more if it closes, and nothing or a blank behind it.  RFC
 * 2046 section 5.1.1 lets a line begin with the boundary and go on at will;
 * without a blank that would take the delimiters of an inner multipart whose
 * header is lost for the outer one's. */
static gboolean is_delimiter(const Scanner *s, gsize pos, Delimiter *out)
{
	gboolean closes = FALSE;
	if (s->size - pos < 3 || s->data[pos] != '-' || s->data[pos + 1] != '-')
		return FALSE;
	gsize next = line_after(s, pos);
	Bytes text = trim_end(slice(s, pos + 2, next));
	Level *level = find_level(s, text, &closes);
	for (gsize i = 0; level == NULL && i < MIN(text.size, s->longest + 3);
		i++) {
		if (!is_blank(text.data[i]))
			continue;
		level = find_level(s, bytes_slice(text, 0, i), &closes);
		break;
	}
	if (level == NULL)
		return FALSE;
	out->begin = before_line_end(s, pos, s->floor);
	out->end = before_line_end(s, next, pos);
	out->next = next;
	out->level = level;
	out->closes = closes;
	return TRUE;
}

/* The first delimiter from the line at pos on. */
static gboolean find_delimiter(const Scanner *s, gsize pos, Delimiter *out)
{
	if (s->levels->len == 0)
		return FALSE;
	const char *at = s->data + pos;
	const char *end = s->data + s->size;
	while (at < end) {
		if (*at == '-' && is_delimiter(s, (gsize)(at - s->data), out))
			return TRUE;
		at = memchr(at, '\n', (gsize)(end - at));
		if (at == NULL)
			return FALSE;
		at++;
	}
	return FALSE;
}

static gboolean is_blank_line(const Scanner *s, gsize pos)
{
	return s->data[pos] == '\n' ||
		(s->data[pos] == '\r' && pos + 1 < s->size &&
			s->data[pos + 1] == '\n');
}

/* Finds the end of the header block at `header`, which is the body's begin.
 * TRUE when a delimiter ended it.  A part whose first line is no field has no
 * header; a message's first line may be anything. */
static gboolean find_body(
	Scanner *s, gsize header, gboolean is_part, gsize *body, Delimiter *out)
{
	gsize pos = header;
	while (pos < s->size) {
		s->floor = pos;
		if (is_delimiter(s, pos, out)) {
			*body = pos;
			return TRUE;
		}
		gsize next = line_after(s, pos);
		if (is_blank_line(s, pos)) {
			*body = next;
			return FALSE;
		}
		if (pos == header && is_part &&
			!mime_field_begins(slice(s, pos, next))) {
			*body = pos;
			return FALSE;
		}
		pos = next;
	}
	*body = pos;
	return FALSE;
}

/* What the header says of an entity. */
typedef struct {
	MimeKind kind;
	Bytes boundary;
	gboolean digest;
} Content;

static gboolean is_message_type(const MimeParamValue *type)
{
	return text_equal_nocase(type->type, "message") &&
		(text_equal_nocase(type->subtype, "rfc822") ||
			text_equal_nocase(type->subtype, "global"));
}

static Bytes boundary_of(Scanner *s, const MimeParamValue *type)
{
	const MimeParam *param =
		mime_param_find(type->params, type->n_params, "boundary");
	if (param == NULL)
		return bytes_of(NULL, 0);
	/* One of blanks alone delimits nothing. */
	Bytes boundary = mime_param_bytes(s->arena, param);
	return trim_end(boundary).size > 0 ? boundary : bytes_of(NULL, 0);
}

static Content read_content(Scanner *s, Bytes block, gboolean in_digest)
{
	Bytes type_value = { NULL, 0 };
	Bytes encoding_value = { NULL, 0 };
	MimeField field;

	for (gsize pos = 0; mime_field_next(block, &pos, &field);) {
		if (type_value.data == NULL &&
			text_equal_nocase(field.name, "Content-Type"))
			type_value = field.value;
		else if (encoding_value.data == NULL &&
			text_equal_nocase(
				field.name, "Content-Transfer-Encoding"))
			encoding_value = field.value;
	}
	MimeParamValue type = { 0 };
	if (!mime_param_value_parse(s->arena, type_value, TRUE, &type) &&
		in_digest) {
		type.type = bytes_of_string("message");
		type.subtype = bytes_of_string("rfc822");
	}
	Content content = { .kind = MIME_LEAF };
	if (text_equal_nocase(type.type, "multipart")) {
		content.boundary = boundary_of(s, &type);
		content.digest = text_equal_nocase(type.subtype, "digest");
		if (content.boundary.size > 0)
			content.kind = MIME_MULTIPART;
	} else if (is_message_type(&type)) {
		MimeEncoding encoding = mime_encoding_of(encoding_value);
		if (encoding != MIME_ENCODING_BASE64 &&
			encoding != MIME_ENCODING_QP)
			content.kind = MIME_MESSAGE;
	}
	return content;
}

static void open_entity(Scanner *s, guint32 parent, gsize begin, gsize header)
{
	MimeEntity entity = {
		.parent = parent,
		.begin = begin,
		.header = header,
		.body = header,
		.closing = G_MAXSIZE,
	};
	if (parent != MIME_NO_PARENT)
		entity.depth = (guint16)(entity_at(s, parent)->depth + 1);
	s->current = s->scan->entities->len;
	g_array_append_val(s->scan->entities, entity);
}

/* Ends the open entities inside `outer`, or all for MIME_NO_PARENT. */
static void close_entities(Scanner *s, guint32 outer, gsize end)
{
	while (s->current != outer) {
		MimeEntity *entity = entity_at(s, s->current);
		entity->end = end;
		entity->body_end = end;
		entity->closing = MIN(entity->closing, end);
		s->current = entity->parent;
	}
}

/* Decides what the entity is, within the limits.  FALSE when it is the last
 * that may be opened. */
static gboolean classify(Scanner *s, gboolean in_digest)
{
	MimeScan *scan = s->scan;
	MimeEntity *entity = entity_at(s, s->current);
	gsize size =
		MIN(entity->body - entity->header, scan->limits.max_header);
	Content content = read_content(
		s, slice(s, entity->header, entity->header + size), in_digest);

	if (scan->entities->len >= scan->limits.max_parts) {
		scan->limited = s->levels->len > 0 || content.kind != MIME_LEAF;
		return FALSE;
	}
	if (content.kind != MIME_LEAF &&
		entity->depth >= scan->limits.max_depth) {
		scan->limited = TRUE;
		return TRUE;
	}
	entity->kind = content.kind;
	if (content.kind == MIME_MULTIPART)
		level_push(s, s->current, content.boundary, content.digest);
	return TRUE;
}

/* From a delimiter to the next entity that opens: closing delimiters and
 * epilogues are passed.  FALSE at the end of the message. */
static gboolean next_part(Scanner *s, Delimiter *delimiter, gboolean found)
{
	while (found) {
		Level *level = delimiter->level;
		close_entities(s, level->entity, delimiter->begin);
		while (level_top(s) != level)
			level_pop(s);
		if (!delimiter->closes) {
			open_entity(s, level->entity, delimiter->begin,
				delimiter->next);
			return TRUE;
		}
		entity_at(s, level->entity)->closing = delimiter->begin;
		level_pop(s);
		/* The line end of a closing delimiter belongs to a delimiter
		 * that follows: signatures are made without it. */
		s->floor = delimiter->end;
		found = find_delimiter(s, delimiter->next, delimiter);
	}
	return FALSE;
}

static void scan_message(Scanner *s)
{
	Delimiter delimiter = { 0 };
	gboolean is_part = FALSE;
	gboolean in_digest = FALSE;
	gboolean more = TRUE;

	open_entity(s, MIME_NO_PARENT, 0, 0);
	while (more) {
		MimeEntity *entity = entity_at(s, s->current);
		gboolean found = find_body(
			s, entity->header, is_part, &entity->body, &delimiter);
		gsize body = entity->body;
		s->floor = body;
		if (!classify(s, in_digest))
			break;
		entity = entity_at(s, s->current);
		if (entity->kind == MIME_MESSAGE) {
			open_entity(s, s->current, body, body);
			is_part = FALSE;
			in_digest = FALSE;
			continue;
		}
		if (!found)
			found = find_delimiter(s, body, &delimiter);
		more = next_part(s, &delimiter, found);
		is_part = TRUE;
		in_digest = more && delimiter.level->digest;
	}
	close_entities(s, MIME_NO_PARENT, s->size);
}

MimeScan *mime_scan_new(Bytes message, const MimeLimits *limits)
{
	MimeScan *scan = g_new0(MimeScan, 1);
	scan->limits = limits != NULL ? *limits : MIME_LIMITS_DEFAULT;
	scan->limits.max_depth =
		CLAMP(scan->limits.max_depth, 1, MIME_DEPTH_MAX);
	scan->limits.max_parts =
		CLAMP(scan->limits.max_parts, 1, MIME_PARTS_MAX);
	scan->size = message.size;
	scan->entities = g_array_new(FALSE, FALSE, sizeof(MimeEntity));

	Scanner s = {
		.scan = scan,
		.data = message.size > 0 ? message.data : "",
		.size = message.size,
		.arena = arena_new(),
		.levels = g_ptr_array_new(),
		.by_name = g_hash_table_new(boundary_hash, boundary_equal),
	};
	scan_message(&s);
	g_hash_table_unref(s.by_name);
	g_ptr_array_unref(s.levels);
	arena_free(&s.arena);
	return scan;
}

void mime_scan_free(MimeScan **scan)
{
	if (*scan == NULL)
		return;
	g_array_unref((*scan)->entities);
	g_free(*scan);
	*scan = NULL;
}

guint mime_scan_count(const MimeScan *scan)
{
	return scan->entities->len;
}

const MimeEntity *mime_scan_entity(const MimeScan *scan, guint index)
{
	g_assert(index < scan->entities->len);
	return &g_array_index(scan->entities, MimeEntity, index);
}

gsize mime_scan_size(const MimeScan *scan)
{
	return scan->size;
}

gboolean mime_scan_limited(const MimeScan *scan)
{
	return scan->limited;
}

const MimeLimits *mime_scan_limits(const MimeScan *scan)
{
	return &scan->limits;
}
