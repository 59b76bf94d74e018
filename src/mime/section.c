/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IMAP's BODY[section] as a range of the message (RFC 3501 section 6.4.5). */
#include "mime/section.h"

#include "base/errors.h"
#include "base/text.h"
#include "mime/imaptext.h"

static const struct {
	const char *word;
	gboolean has_names;
	gboolean needs_part;
} words[] = {
	[MIME_SECTION_ALL] = { "", FALSE, FALSE },
	[MIME_SECTION_HEADER] = { "HEADER", FALSE, FALSE },
	[MIME_SECTION_HEADER_FIELDS] = { "HEADER.FIELDS", TRUE, FALSE },
	[MIME_SECTION_HEADER_FIELDS_NOT] = { "HEADER.FIELDS.NOT", TRUE, FALSE },
	[MIME_SECTION_TEXT] = { "TEXT", FALSE, FALSE },
	[MIME_SECTION_MIME] = { "MIME", FALSE, TRUE },
};

/* What is left of the text. */
typedef struct {
	const char *at;
	const char *end;
} Cursor;

static gboolean invalid(GError **error, const char *what)
{
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, "Invalid section",
		"section: %s", what);
	return FALSE;
}

static gboolean over_limit(GError **error, const char *what)
{
	dbmail_error_set(error, DBMAIL_ERROR_LIMIT, "Section too large",
		"section: too many %s", what);
	return FALSE;
}

/* Reads the part numbers; what follows them, if anything, begins behind the
 * dot. */
static gboolean read_path(
	Arena *arena, Cursor *c, MimeSection *out, GError **error)
{
	guint32 numbers[MIME_SECTION_DEPTH_MAX];
	guint depth = 0;

	while (c->at < c->end && g_ascii_isdigit(*c->at)) {
		const char *from = c->at;
		guint64 number = 0;
		if (depth == MIME_SECTION_DEPTH_MAX)
			return over_limit(error, "part numbers");
		while (c->at < c->end && g_ascii_isdigit(*c->at))
			c->at++;
		if (!text_to_number(bytes_of(from, (gsize)(c->at - from)),
			    G_MAXUINT32, &number) ||
			*from == '0')
			return invalid(error, "bad part number");
		numbers[depth++] = (guint32)number;
		if (c->at == c->end)
			break;
		if (*c->at++ != '.' || c->at == c->end)
			return invalid(error, "no dot behind a part number");
	}
	guint32 *path = arena_new_array(arena, guint32, MAX(depth, 1));
	memcpy(path, numbers, depth * sizeof(*path));
	out->path = path;
	out->depth = depth;
	return TRUE;
}

static gboolean read_word(Cursor *c, MimeSection *out, GError **error)
{
	const char *from = c->at;
	while (c->at < c->end && (g_ascii_isalpha(*c->at) || *c->at == '.'))
		c->at++;
	Bytes word = bytes_of(from, (gsize)(c->at - from));
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		if (!text_equal_nocase(word, words[i].word))
			continue;
		if (words[i].needs_part && out->depth == 0)
			return invalid(error, "MIME needs a part number");
		out->what = (MimeSectionWhat)i;
		return TRUE;
	}
	return invalid(error, "unknown word");
}

static gboolean is_astring_char(char c)
{
	return c > ' ' && c < 0x7f && strchr("(){%*\"\\", c) == NULL;
}

static char *read_quoted(Arena *arena, Cursor *c)
{
	char *name = arena_alloc(arena, (gsize)(c->end - c->at) + 1);
	gsize size = 0;

	for (c->at++; c->at < c->end && *c->at != '"'; c->at++) {
		if (*c->at == '\\' && c->at + 1 < c->end)
			c->at++;
		if (*c->at == '\0' || *c->at == '\r' || *c->at == '\n')
			return NULL;
		name[size++] = *c->at;
	}
	if (c->at == c->end)
		return NULL;
	c->at++;
	return name;
}

static char *read_literal(Arena *arena, Cursor *c)
{
	const char *from = ++c->at;
	guint64 size = 0;
	while (c->at < c->end && g_ascii_isdigit(*c->at))
		c->at++;
	Bytes digits = bytes_of(from, (gsize)(c->at - from));
	if (c->at < c->end && *c->at == '+')
		c->at++;
	gsize left = (gsize)(c->end - c->at);
	if (left < 3 || memcmp(c->at, "}\r\n", 3) != 0 ||
		!text_to_number(digits, left - 3, &size) ||
		memchr(c->at + 3, '\0', (gsize)size) != NULL)
		return NULL;
	char *name = arena_copy(arena, c->at + 3, (gsize)size);
	c->at += 3 + size;
	return name;
}

/* Reads an astring that may name a field; NULL where it is none. */
static char *read_name(Arena *arena, Cursor *c)
{
	if (c->at < c->end && *c->at == '"')
		return read_quoted(arena, c);
	if (c->at < c->end && *c->at == '{')
		return read_literal(arena, c);
	const char *from = c->at;
	while (c->at < c->end && is_astring_char(*c->at))
		c->at++;
	if (c->at == from)
		return NULL;
	return arena_copy(arena, from, (gsize)(c->at - from));
}

static gboolean read_names(
	Arena *arena, Cursor *c, MimeSection *out, GError **error)
{
	const char *names[MIME_SECTION_NAMES_MAX];
	guint count = 0;

	if (c->end - c->at < 2 || c->at[0] != ' ' || c->at[1] != '(')
		return invalid(error, "no list of field names");
	c->at += 2;
	while (TRUE) {
		if (count == MIME_SECTION_NAMES_MAX)
			return over_limit(error, "field names");
		names[count] = read_name(arena, c);
		if (names[count++] == NULL || c->at == c->end)
			return invalid(error, "bad field name");
		char next = *c->at++;
		if (next == ')')
			break;
		if (next != ' ')
			return invalid(error, "no blank behind a field name");
	}
	const char **kept = arena_new_array(arena, const char *, count);
	memcpy(kept, names, count * sizeof(*kept));
	out->names = kept;
	out->n_names = count;
	return TRUE;
}

gboolean mime_section_parse(
	Arena *arena, Bytes spec, MimeSection *out, GError **error)
{
	Bytes text = spec.size > 0 ? spec : bytes_of("", 0);
	Cursor c = { text.data, text.data + text.size };
	MimeSection section = { 0 };

	if (!read_path(arena, &c, &section, error))
		return FALSE;
	if (!read_word(&c, &section, error))
		return FALSE;
	if (words[section.what].has_names &&
		!read_names(arena, &c, &section, error))
		return FALSE;
	if (c.at != c.end)
		return invalid(error, "something behind its end");
	*out = section;
	return TRUE;
}

static gboolean is_atom(const char *name)
{
	for (const char *p = name; *p != '\0'; p++) {
		if (!is_astring_char(*p) || *p == ']')
			return FALSE;
	}
	return *name != '\0';
}

static void write_names(const MimeSection *section, GString *out)
{
	for (guint i = 0; i < section->n_names; i++) {
		g_string_append(out, i == 0 ? " (" : " ");
		if (is_atom(section->names[i]))
			g_string_append(out, section->names[i]);
		else
			mime_imap_string(
				bytes_of_string(section->names[i]), out);
	}
	g_string_append_c(out, ')');
}

void mime_section_write(const MimeSection *section, GString *out)
{
	for (guint i = 0; i < section->depth; i++)
		g_string_append_printf(
			out, i == 0 ? "%u" : ".%u", section->path[i]);
	if (section->depth > 0 && section->what != MIME_SECTION_ALL)
		g_string_append_c(out, '.');
	g_string_append(out, words[section->what].word);
	if (words[section->what].has_names)
		write_names(section, out);
}

static const MimeStructure *child(const MimeStructure *node, guint32 number)
{
	return number >= 1 && number <= node->n_children ?
		&node->children[number - 1] :
		NULL;
}

/* Part `number` of a message: of its multipart, or all of it as part 1. */
static const MimeStructure *message_part(
	const MimeStructure *message, guint32 number)
{
	if (message->kind == MIME_MULTIPART)
		return child(message, number);
	return number == 1 ? message : NULL;
}

const MimeStructure *mime_section_part(
	const MimeStructure *structure, const guint32 *path, guint depth)
{
	const MimeStructure *node = structure;
	for (guint i = 0; i < depth && node != NULL; i++) {
		if (i == 0)
			node = message_part(node, path[i]);
		else if (node->kind == MIME_MULTIPART)
			node = child(node, path[i]);
		else if (node->kind == MIME_MESSAGE && node->n_children == 1)
			node = message_part(&node->children[0], path[i]);
		else
			node = NULL;
	}
	return node;
}

gboolean mime_section_resolve(const MimeStructure *structure,
	const MimeSection *section, gsize *offset, gsize *size)
{
	const MimeStructure *node =
		mime_section_part(structure, section->path, section->depth);
	gboolean of_message = section->what != MIME_SECTION_ALL &&
		section->what != MIME_SECTION_MIME;

	*offset = 0;
	*size = 0;
	/* HEADER and TEXT of a part are those of the message it holds. */
	if (node != NULL && section->depth > 0 && of_message)
		node = node->kind == MIME_MESSAGE ? child(node, 1) : NULL;
	if (node == NULL)
		return FALSE;
	gsize from = node->body;
	gsize to = node->body_end;
	if (section->what == MIME_SECTION_ALL && section->depth == 0) {
		from = node->header;
	} else if (section->what != MIME_SECTION_ALL &&
		section->what != MIME_SECTION_TEXT) {
		from = node->header;
		to = node->body;
	}
	*offset = from;
	*size = to - from;
	return TRUE;
}
