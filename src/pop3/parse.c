/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A POP3 command line taken apart. */
#include "pop3/parse.h"

#include "base/text.h"

static Bytes word_take(Bytes *rest)
{
	const char *blank =
		rest->size > 0 ? memchr(rest->data, ' ', rest->size) : NULL;
	gsize size = blank != NULL ? (gsize)(blank - rest->data) : rest->size;
	Bytes word = bytes_slice(*rest, 0, size);
	*rest = bytes_slice(*rest, size + 1, rest->size);
	return word;
}

gboolean pop3_parse_line(Bytes line, Pop3Line *out)
{
	*out = (Pop3Line){ 0 };
	if (line.size == 0 || memchr(line.data, '\0', line.size) != NULL)
		return FALSE;
	out->rest = line;
	out->keyword = word_take(&out->rest);
	if (out->keyword.size == 0)
		return FALSE;
	for (gsize i = 0; i < out->keyword.size; i++) {
		if (!g_ascii_isalnum(out->keyword.data[i]))
			return FALSE;
	}
	for (Bytes rest = text_trim(out->rest); rest.size > 0;) {
		Bytes word = word_take(&rest);
		if (word.size == 0)
			continue;
		if (out->count == POP3_ARGUMENTS_MAX) {
			out->has_more = TRUE;
			break;
		}
		out->arguments[out->count++] = word;
	}
	return TRUE;
}

gboolean pop3_parse_message(Bytes argument, guint count, guint *index)
{
	guint64 number;
	if (!text_to_number(argument, count, &number) || number == 0)
		return FALSE;
	*index = (guint)number - 1;
	return TRUE;
}
