/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A header block as fields, as they stand (RFC 5322 section 2.2). */
#include "mime/header.h"

#include "base/text.h"

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The length of the blank line at pos, 0 where there is none. */
static gsize blank_line(Bytes block, gsize pos)
{
	if (pos < block.size && block.data[pos] == '\n')
		return 1;
	if (pos + 1 < block.size && block.data[pos] == '\r' &&
		block.data[pos + 1] == '\n')
		return 2;
	return 0;
}

/* Behind the line at pos and the continuation lines that follow it. */
static gsize field_end(Bytes block, gsize pos)
{
	while (pos < block.size) {
		const char *feed =
			memchr(block.data + pos, '\n', block.size - pos);
		if (feed == NULL)
			return block.size;
		pos = (gsize)(feed - block.data) + 1;
		if (pos < block.size && !is_blank(block.data[pos]))
			return pos;
	}
	return pos;
}

/* The size of the name the line begins with, and where its colon is; 0 where
 * the line is no field. */
static gsize name_size(Bytes line, gsize *colon)
{
	gsize size = 0;
	while (size < line.size && line.data[size] > ' ' &&
		line.data[size] < 0x7f && line.data[size] != ':')
		size++;
	gsize at = size;
	while (at < line.size && is_blank(line.data[at]))
		at++;
	if (at == line.size || line.data[at] != ':')
		return 0;
	*colon = at;
	return size;
}

gboolean mime_field_begins(Bytes line)
{
	gsize colon = 0;
	return name_size(line, &colon) > 0;
}

static Bytes without_line_end(Bytes text)
{
	if (text.size > 0 && text.data[text.size - 1] == '\n')
		text.size--;
	if (text.size > 0 && text.data[text.size - 1] == '\r')
		text.size--;
	return text;
}

gboolean mime_field_next(Bytes block, gsize *pos, MimeField *field)
{
	while (*pos < block.size && blank_line(block, *pos) == 0) {
		gsize end = field_end(block, *pos);
		Bytes line = bytes_slice(block, *pos, end - *pos);
		gsize colon = 0;
		gsize size = name_size(line, &colon);
		*pos = end;
		if (size == 0)
			continue;
		field->line = line;
		field->name = bytes_of(line.data, size);
		field->value = without_line_end(
			bytes_of(line.data + colon + 1, line.size - colon - 1));
		return TRUE;
	}
	return FALSE;
}

MimeHeader *mime_header_new(Arena *arena, Bytes block)
{
	MimeHeader *header = arena_new_object(arena, MimeHeader);
	MimeField field;
	guint count = 0;

	for (gsize pos = 0; count < MIME_HEADER_FIELDS_MAX &&
		mime_field_next(block, &pos, &field);)
		count++;
	MimeField *fields = arena_new_array(arena, MimeField, MAX(count, 1));
	gsize pos = 0;
	for (guint i = 0; i < count; i++)
		mime_field_next(block, &pos, &fields[i]);
	header->block = block;
	header->fields = fields;
	header->count = count;
	/* A block cut short, by a limit say, has no blank line. */
	header->is_whole = !mime_field_next(block, &pos, &field) &&
		blank_line(block, pos) > 0;
	return header;
}

const MimeField *mime_header_find_next(
	const MimeHeader *header, const char *name, const MimeField *after)
{
	const MimeField *end = header->fields + header->count;
	const MimeField *field = after != NULL ? after + 1 : header->fields;
	for (; field < end; field++) {
		if (text_equal_nocase(field->name, name))
			return field;
	}
	return NULL;
}

const MimeField *mime_header_find(const MimeHeader *header, const char *name)
{
	return mime_header_find_next(header, name, NULL);
}

Bytes mime_header_value(const MimeHeader *header, const char *name)
{
	const MimeField *field = mime_header_find(header, name);
	if (field == NULL)
		return bytes_of(NULL, 0);
	return text_trim(field->value);
}

static gboolean is_named(Bytes name, const char *const *names, guint n_names)
{
	/* Few names begin as the field does: that is asked first. */
	const char first = name.size > 0 ? g_ascii_tolower(name.data[0]) : '\0';

	for (guint i = 0; i < n_names; i++) {
		if (g_ascii_tolower(names[i][0]) == first &&
			text_equal_nocase(name, names[i]))
			return TRUE;
	}
	return FALSE;
}

void mime_header_select(Bytes block, const char *const *names, guint n_names,
	gboolean exclude, GString *out)
{
	MimeField field;
	gsize pos = 0;

	while (mime_field_next(block, &pos, &field)) {
		if (is_named(field.name, names, n_names) != exclude)
			g_string_append_len(
				out, field.line.data, (gssize)field.line.size);
	}
	gsize blank = blank_line(block, pos);
	if (blank > 0)
		g_string_append_len(out, block.data + pos, (gssize)blank);
}

char *mime_unfold(Arena *arena, Bytes value)
{
	Bytes text = text_trim(value);
	char *line = arena_alloc(arena, text.size + 1);
	gsize size = 0;

	for (gsize i = 0; i < text.size; i++) {
		char c = text.data[i];
		gsize end = blank_line(text, i);
		if (end > 0 && i + end < text.size &&
			is_blank(text.data[i + end])) {
			i += end - 1;
			continue;
		}
		line[size++] = c == '\0' || c == '\r' || c == '\n' ? ' ' : c;
	}
	line[size] = '\0';
	return line;
}
