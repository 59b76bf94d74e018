/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands as bytes on the wire, for tests and fuzzers. */
#include "wire.h"

static Bytes cut_line(Bytes *rest)
{
	const char *end =
		rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
	gsize size = end == NULL ? rest->size : (gsize)(end - rest->data);
	Bytes line = bytes_slice(*rest, 0, size);

	*rest = bytes_slice(*rest, size + 1, G_MAXSIZE);
	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	return line;
}

void wire_cut(Wire *wire, Bytes *rest)
{
	ImapLiteral literal;
	gboolean more;

	*wire = (Wire){ .arena = arena_new() };
	wire->chunks = g_array_new(FALSE, FALSE, sizeof(ImapChunk));
	wire->sets = g_ptr_array_new_with_free_func(parser_free_set);
	do {
		ImapChunk chunk = { .line = cut_line(rest) };
		more = literal_at_end(chunk.line, &literal) && rest->size > 0 &&
			wire->chunks->len < 200;
		if (more) {
			gsize size = MIN(literal.size, rest->size);
			chunk.has_literal = TRUE;
			chunk.literal = bytes_slice(*rest, 0, size);
			*rest = bytes_slice(*rest, size, G_MAXSIZE);
		}
		g_array_append_val(wire->chunks, chunk);
	} while (more);
}

void wire_parse(Wire *wire, Bytes *rest, ImapState state, ImapNumbers numbers)
{
	wire_cut(wire, rest);
	parser_init(&wire->parser, wire->arena,
		(const ImapChunk *)wire->chunks->data, wire->chunks->len,
		wire->sets);
	wire->parser.numbers = numbers;
	wire->status = command_parse(&wire->parser, state, &wire->command);
}

static void parse_text(
	Wire *wire, const char *text, ImapState state, ImapNumbers numbers)
{
	char *copy = g_strdup(text);
	Bytes rest = bytes_of_string(copy);

	wire_parse(wire, &rest, state, numbers);
	wire->text = copy;
}

void wire_parse_text(
	Wire *wire, const char *text, ImapState state, guint32 messages)
{
	ImapNumbers numbers = { .messages = messages,
		.last_uid = messages * 10 };

	parse_text(wire, text, state, numbers);
}

void wire_parse_numbers(Wire *wire, const char *text, ImapNumbers numbers)
{
	parse_text(wire, text, IMAP_SELECTED, numbers);
}

void wire_clear(Wire *wire)
{
	g_ptr_array_unref(wire->sets);
	g_array_unref(wire->chunks);
	arena_free(&wire->arena);
	g_free(wire->text);
}
