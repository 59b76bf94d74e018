/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POP3: a command line, and the bytes as a message sent with dots, which a
 * reader of lines must get back. */
#include "fuzz.h"

#include "pop3/dot.h"
#include "pop3/parse.h"

static void append(const char *data, gsize size, gpointer out)
{
	g_string_append_len(out, data, (gssize)size);
}

/* What a client that reads up to LF makes of it, and takes a dot away where
 * there are two or the line before ended with CRLF. */
static void check_dots(Bytes message)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GString) back = g_string_new(NULL);
	DotWriter dot = { 0 };
	gsize half = message.size / 2;

	dot_write(&dot, bytes_slice(message, 0, half), append, out);
	dot_write(&dot, bytes_slice(message, half, message.size), append, out);
	dot_end(&dot, append, out);
	const char *line = out->str;
	gboolean strict_start = TRUE;
	for (;;) {
		const char *lf =
			memchr(line, '\n', out->len - (gsize)(line - out->str));
		g_assert_nonnull(lf);
		gsize size = (gsize)(lf - line) + 1;
		if (size == 3 && memcmp(line, ".\r\n", 3) == 0)
			break;
		if (line[0] == '.' && (strict_start || line[1] == '.')) {
			line++;
			size--;
		}
		strict_start = lf > out->str && lf[-1] == '\r';
		g_string_append_len(back, line, (gssize)size);
		line = lf + 1;
	}
	/* The final dot is the end, and nothing was lost before it. */
	g_assert_true(line + 3 == out->str + out->len);
	g_assert_cmpuint(back->len, >=, message.size);
	g_assert_true(message.size == 0 ||
		memcmp(back->str, message.data, message.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes input = bytes_of((const char *)data, size);
	Pop3Line line;
	guint index;

	if (pop3_parse_line(input, &line)) {
		for (guint i = 0; i < line.count; i++) {
			if (pop3_parse_message(line.arguments[i], 10, &index))
				g_assert_cmpuint(index, <, 10);
		}
	}
	check_dots(input);
	return 0;
}
