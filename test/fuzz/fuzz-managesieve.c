/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ManageSieve: what a client sends, as commands with their literals, and as the
 * strings of a SASL exchange. */
#include "fuzz.h"

#include "managesieve/parse.h"

/* The octets up to LF, without it and a CR before it. */
static Bytes line_take(Bytes *rest)
{
	const char *end =
		rest->size > 0 ? memchr(rest->data, '\n', rest->size) : NULL;
	gsize size = end != NULL ? (gsize)(end - rest->data) : rest->size;
	Bytes line = bytes_slice(*rest, 0, size);

	*rest = bytes_slice(*rest, size + 1, rest->size);
	if (line.size > 0 && line.data[line.size - 1] == '\r')
		line.size--;
	return line;
}

static void check_arguments(const ManageInput *input)
{
	g_assert_cmpuint(input->count, <=, MANAGE_ARGUMENTS_MAX);
	for (guint i = 0; i < input->count; i++) {
		const ManageArgument *argument = &input->arguments[i];
		if (argument->is_number)
			g_assert_cmpuint(argument->number, <=, G_MAXUINT32);
		else
			g_assert_nonnull(argument->text.data);
	}
}

static void feed(
	Bytes rest, ManageParse (*parse)(ManageInput *input, Bytes line))
{
	while (rest.size > 0) {
		g_autoptr(Arena) arena = arena_new();
		ManageInput input;
		ManageParse result;
		manage_parse_begin(&input, arena);
		do {
			Bytes line = line_take(&rest);
			guint64 size;
			result = parse(&input, line);
			if (result != MANAGE_LITERAL)
				break;
			g_assert_true(manage_literal_at_end(line, &size));
			g_assert_cmpuint(size, ==, input.literal);
			manage_parse_literal(
				&input, bytes_slice(rest, 0, (gsize)size));
			rest = bytes_slice(rest, (gsize)size, rest.size);
		} while (rest.size > 0);
		g_assert_true((result == MANAGE_BAD) == (input.error != NULL));
		check_arguments(&input);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes input = bytes_of((const char *)data, size);

	feed(input, manage_parse_line);
	feed(input, manage_parse_string);
	return 0;
}
