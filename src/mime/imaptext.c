/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings as IMAP writes them (RFC 3501 section 4.3). */
#include "mime/imaptext.h"

#define QUOTED_MAX 1000

typedef enum {
	CHAR_PLAIN,
	CHAR_SPACE_INSTEAD, /* CR, LF, NUL */
	CHAR_ESCAPED,       /* quoted-specials */
	CHAR_LITERAL,       /* 8-bit */
} CharClass;

static CharClass class_of(guchar c)
{
	if (c == '\0' || c == '\r' || c == '\n')
		return CHAR_SPACE_INSTEAD;
	if (c == '"' || c == '\\')
		return CHAR_ESCAPED;
	return c >= 0x80 ? CHAR_LITERAL : CHAR_PLAIN;
}

static void append_clean(Bytes value, GString *out)
{
	gsize start = out->len;
	g_string_append_len(out, value.data, (gssize)value.size);
	for (gsize i = start; i < out->len; i++) {
		if (class_of((guchar)out->str[i]) == CHAR_SPACE_INSTEAD)
			out->str[i] = ' ';
	}
}

static void append_quoted(Bytes value, GString *out)
{
	g_string_append_c(out, '"');
	for (gsize i = 0; i < value.size; i++) {
		CharClass class = class_of((guchar)value.data[i]);
		if (class == CHAR_ESCAPED)
			g_string_append_c(out, '\\');
		g_string_append_c(
			out, class == CHAR_SPACE_INSTEAD ? ' ' : value.data[i]);
	}
	g_string_append_c(out, '"');
}

void mime_imap_string(Bytes value, GString *out)
{
	CharClass worst = CHAR_PLAIN;

	for (gsize i = 0; i < value.size && worst < CHAR_LITERAL; i++)
		worst = MAX(worst, class_of((guchar)value.data[i]));
	if (worst == CHAR_LITERAL || value.size > QUOTED_MAX) {
		g_string_append_printf(out, "{%zu}\r\n", value.size);
		append_clean(value, out);
	} else if (worst == CHAR_PLAIN) {
		g_string_append_c(out, '"');
		g_string_append_len(out, value.data, (gssize)value.size);
		g_string_append_c(out, '"');
	} else {
		append_quoted(value, out);
	}
}

void mime_imap_nstring(Bytes value, GString *out)
{
	if (value.data == NULL)
		g_string_append_len(out, "NIL", 3);
	else
		mime_imap_string(value, out);
}

void mime_imap_string_utf8(Bytes value, GString *out)
{
	if (value.size > 0 && value.size <= QUOTED_MAX &&
		g_utf8_validate_len(value.data, value.size, NULL))
		append_quoted(value, out);
	else
		mime_imap_string(value, out);
}

/* The literal that begins at pos: its bytes, and its end into *end.  FALSE
 * where there is none. */
static gboolean literal_at(Bytes text, gsize pos, Bytes *literal, gsize *end)
{
	gsize at = pos + 1;
	gsize size = 0;

	while (at < text.size && g_ascii_isdigit(text.data[at]) &&
		size <= text.size)
		size = size * 10 + (gsize)(text.data[at++] - '0');
	if (at + 3 > text.size || memcmp(text.data + at, "}\r\n", 3) != 0 ||
		size > text.size - at - 3)
		return FALSE;
	*literal = bytes_of(text.data + at + 3, size);
	*end = at + 3 + size;
	return TRUE;
}

/* Behind the quoted string that begins at pos. */
static gsize quoted_end(Bytes text, gsize pos)
{
	gsize at = pos + 1;

	while (at < text.size && text.data[at] != '"')
		at += text.data[at] == '\\' ? 2 : 1;
	return MIN(at + 1, text.size);
}

void mime_imap_quote_utf8(Bytes text, GString *out)
{
	gsize copied = 0;
	gsize pos = 0;
	Bytes literal;

	while (pos < text.size) {
		gsize end;
		if (text.data[pos] == '"') {
			pos = quoted_end(text, pos);
		} else if (text.data[pos] == '{' &&
			literal_at(text, pos, &literal, &end)) {
			g_string_append_len(out, text.data + copied,
				(gssize)(pos - copied));
			mime_imap_string_utf8(literal, out);
			copied = pos = end;
		} else {
			pos++;
		}
	}
	if (copied < text.size)
		g_string_append_len(
			out, text.data + copied, (gssize)(text.size - copied));
}
