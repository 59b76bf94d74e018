/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ManageSieve command taken apart. */
#include "managesieve/parse.h"

#include "base/text.h"

static ManageParse bad(ManageInput *input, const char *error)
{
	input->error = error;
	return MANAGE_BAD;
}

void manage_parse_begin(ManageInput *input, Arena *arena)
{
	*input = (ManageInput){ .arena = arena };
}

static gboolean is_digits(Bytes text)
{
	for (gsize i = 0; i < text.size; i++) {
		if (!g_ascii_isdigit(text.data[i]))
			return FALSE;
	}
	return text.size > 0;
}

/* "{5+}" or "{5}" that is all of text.  More octets than the grammar has a number
 * for come all the same, and must not be taken for commands. */
static gboolean literal_parse(Bytes text, guint64 *size)
{
	if (text.size < 3 || text.data[0] != '{' ||
		text.data[text.size - 1] != '}')
		return FALSE;
	Bytes digits = bytes_slice(text, 1, text.size - 2);
	if (digits.data[digits.size - 1] == '+')
		digits.size--;
	if (!is_digits(digits))
		return FALSE;
	if (!text_to_number(digits, G_MAXUINT32, size))
		*size = G_MAXUINT64;
	return TRUE;
}

gboolean manage_literal_at_end(Bytes line, guint64 *size)
{
	const char *brace =
		line.size > 0 ? memrchr(line.data, '{', line.size) : NULL;

	if (brace == NULL)
		return FALSE;
	return literal_parse(
		bytes_slice(line, (gsize)(brace - line.data), line.size), size);
}

/* The blank between two words: one, but more do no harm. */
static gboolean blank_take(Bytes *rest)
{
	gsize size = 0;

	while (size < rest->size && rest->data[size] == ' ')
		size++;
	*rest = bytes_slice(*rest, size, rest->size);
	return size > 0;
}

static gsize word_size(Bytes rest)
{
	const char *blank =
		rest.size > 0 ? memchr(rest.data, ' ', rest.size) : NULL;

	return blank != NULL ? (gsize)(blank - rest.data) : rest.size;
}

/* Octets up to the closing quote; rest begins behind the opening one.  FALSE
 * where there is none. */
static gboolean quoted_size(Bytes rest, gsize *size, gboolean *has_escapes)
{
	*has_escapes = FALSE;
	for (gsize i = 0; i < rest.size; i++) {
		if (rest.data[i] == '"') {
			*size = i;
			return TRUE;
		}
		if (rest.data[i] == '\\') {
			*has_escapes = TRUE;
			i++;
		}
	}
	return FALSE;
}

/* Copies without the backslashes; FALSE for one before anything else than a
 * quote or a backslash. */
static gboolean unescape(ManageInput *input, Bytes quoted, Bytes *out)
{
	char *copy = arena_alloc(input->arena, quoted.size + 1);
	gsize size = 0;

	for (gsize i = 0; i < quoted.size; i++) {
		if (quoted.data[i] == '\\') {
			i++;
			if (quoted.data[i] != '"' && quoted.data[i] != '\\')
				return FALSE;
		}
		copy[size++] = quoted.data[i];
	}
	*out = bytes_of(copy, size);
	return TRUE;
}

static ManageParse quoted_take(
	ManageInput *input, Bytes *rest, ManageArgument *argument)
{
	Bytes after = bytes_slice(*rest, 1, rest->size);
	gboolean has_escapes;
	gsize size;

	if (!quoted_size(after, &size, &has_escapes))
		return bad(input, "A quoted string does not end on its line");
	if (size > MANAGE_QUOTED_MAX)
		return bad(input,
			"A quoted string has at most 1024 octets; send a "
			"literal");
	Bytes quoted = bytes_slice(after, 0, size);
	argument->text = bytes_of(size > 0 ? quoted.data : "", size);
	if (size > 0 &&
		(memchr(quoted.data, '\r', size) != NULL ||
			!g_utf8_validate_len(quoted.data, size, NULL)))
		return bad(input,
			"A quoted string is UTF-8, without CR and NUL; send a "
			"literal");
	if (has_escapes && !unescape(input, quoted, &argument->text))
		return bad(input,
			"In a quoted string only \" and \\ follow a backslash");
	*rest = bytes_slice(after, size + 1, after.size);
	return MANAGE_DONE;
}

static ManageParse word_take(
	ManageInput *input, Bytes *rest, ManageArgument *argument)
{
	Bytes word = bytes_slice(*rest, 0, word_size(*rest));

	if (literal_parse(word, &input->literal)) {
		if (word.size == rest->size)
			return MANAGE_LITERAL;
		return bad(input, "A literal begins on a line of its own");
	}
	if (!text_to_number(word, G_MAXUINT32, &argument->number))
		return bad(input,
			"An argument is a quoted string, a literal such as "
			"{5+}, or a number");
	argument->is_number = TRUE;
	*rest = bytes_slice(*rest, word.size, rest->size);
	return MANAGE_DONE;
}

/* Takes one argument.  LITERAL: it is counted when its octets come. */
static ManageParse argument_take(ManageInput *input, Bytes *rest)
{
	ManageArgument argument = { 0 };

	if (input->count == MANAGE_ARGUMENTS_MAX)
		return bad(input, "There is an argument too many");
	ManageParse result = rest->data[0] == '"' ?
		quoted_take(input, rest, &argument) :
		word_take(input, rest, &argument);
	if (result == MANAGE_DONE)
		input->arguments[input->count++] = argument;
	return result;
}

static gboolean keyword_take(ManageInput *input, Bytes *rest)
{
	Bytes word = bytes_slice(*rest, 0, word_size(*rest));

	for (gsize i = 0; i < word.size; i++) {
		if (!g_ascii_isalpha(word.data[i]))
			return FALSE;
	}
	input->keyword = word;
	*rest = bytes_slice(*rest, word.size, rest->size);
	return word.size > 0;
}

ManageParse manage_parse_line(ManageInput *input, Bytes line)
{
	ManageParse result = MANAGE_DONE;

	if (!input->has_begun && !keyword_take(input, &line))
		return bad(input, "A command begins with a word");
	input->has_begun = TRUE;
	while (result == MANAGE_DONE && line.size > 0) {
		if (!blank_take(&line))
			return bad(
				input, "A blank belongs between two arguments");
		if (line.size > 0)
			result = argument_take(input, &line);
	}
	return result;
}

void manage_parse_literal(ManageInput *input, Bytes octets)
{
	if (octets.size == 0)
		octets.data = "";
	input->arguments[input->count++] = (ManageArgument){ .text = octets };
}

ManageParse manage_parse_string(ManageInput *input, Bytes line)
{
	ManageParse result = MANAGE_DONE;

	if (!input->has_begun && line.size == 0)
		return bad(input, "A string is missing");
	if (line.size > 0)
		result = argument_take(input, &line);
	input->has_begun = TRUE;
	if (result == MANAGE_DONE &&
		(line.size > 0 || input->count != 1 ||
			input->arguments[0].is_number))
		return bad(input, "A string, and nothing else, belongs here");
	return result;
}
