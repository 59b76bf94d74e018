/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What strings hold besides text: encoded characters (RFC 5228 section 2.4.2.4)
 * and references to variables (RFC 5229 section 3). */
#include "sieve/string.h"

#include "base/text.h"

/* ---- Encoded characters ---- */

#define NO_CHARACTER G_MAXUINT32

static gsize blanks_at(Bytes text, gsize pos)
{
	gsize n = 0;
	while (pos + n < text.size && strchr(" \t\r\n", text.data[pos + n]) &&
		text.data[pos + n] != '\0')
		n++;
	return n;
}

/* Up to max_digits hexadecimal digits; a value past Unicode's end stays past
 * it. */
static gsize hex_at(Bytes text, gsize pos, gsize max_digits, guint32 *value)
{
	gsize n = 0;
	*value = 0;
	for (; pos + n < text.size && n < max_digits; n++) {
		gint digit = g_ascii_xdigit_value(text.data[pos + n]);
		if (digit < 0)
			break;
		*value = *value > 0x10ffff ? NO_CHARACTER :
					     *value * 16 + (guint32)digit;
	}
	return n;
}

static gboolean is_character(guint32 value)
{
	return value <= 0xd7ff || (value >= 0xe000 && value <= 0x10ffff);
}

/* The bytes of a sequence behind its colon, up to the brace.  Its size with the
 * brace; 0 where it breaks the grammar. */
static gsize decode_sequence(
	Bytes text, gboolean is_unicode, GString *out, gboolean *is_bad)
{
	gsize pos = blanks_at(text, 0);
	for (guint n = 0; pos < text.size; n++) {
		if (text.data[pos] == '}')
			return n > 0 ? pos + 1 : 0;
		guint32 value;
		gsize digits =
			hex_at(text, pos, is_unicode ? G_MAXSIZE : 2, &value);
		gsize blanks = blanks_at(text, pos + digits);
		pos += digits + blanks;
		if (digits == 0 || pos >= text.size ||
			(blanks == 0 && text.data[pos] != '}'))
			return 0;
		if (!is_unicode)
			g_string_append_c(out, (char)value);
		else if (is_character(value))
			g_string_append_unichar(out, value);
		else
			*is_bad = TRUE;
	}
	return 0;
}

/* The size of the encoded sequence at text's begin, 0 where there is none. */
static gsize decode_at(Bytes text, GString *out, gboolean *is_bad)
{
	gboolean is_unicode = text_has_prefix_nocase(text, "${unicode:");
	if (!is_unicode && !text_has_prefix_nocase(text, "${hex:"))
		return 0;
	gsize prefix = is_unicode ? strlen("${unicode:") : strlen("${hex:");
	gsize before = out->len;
	gboolean is_bad_here = FALSE;
	gsize size = decode_sequence(bytes_slice(text, prefix, text.size),
		is_unicode, out, &is_bad_here);
	if (size == 0) {
		g_string_truncate(out, before);
		return 0;
	}
	*is_bad |= is_bad_here;
	return prefix + size;
}

gboolean sieve_string_decode(Arena *arena, Bytes text, Bytes *decoded)
{
	if (text.size < 2 || memmem(text.data, text.size, "${", 2) == NULL) {
		*decoded = text;
		return TRUE;
	}
	GString *out = g_string_sized_new(text.size);
	gboolean is_bad = FALSE;
	for (gsize pos = 0; pos < text.size;) {
		Bytes rest = bytes_slice(text, pos, text.size);
		const char *dollar = memchr(rest.data, '$', rest.size);
		gsize plain = dollar != NULL ? (gsize)(dollar - rest.data) :
					       rest.size;
		g_string_append_len(out, rest.data, (gssize)plain);
		rest = bytes_slice(rest, plain, rest.size);
		pos += plain;
		gsize size = decode_at(rest, out, &is_bad);
		if (size == 0 && rest.size > 0) {
			g_string_append_c(out, '$');
			size = 1;
		}
		pos += size;
	}
	*decoded = bytes_of(arena_copy(arena, out->str, out->len), out->len);
	g_string_free(out, TRUE);
	return !is_bad;
}

/* ---- Variables ---- */

static gsize identifier_at(Bytes text, gsize pos)
{
	gsize n = 0;
	while (pos + n < text.size &&
		(g_ascii_isalpha(text.data[pos + n]) ||
			text.data[pos + n] == '_' ||
			(n > 0 && g_ascii_isdigit(text.data[pos + n]))))
		n++;
	return n;
}

static gsize digits_at(Bytes text, gsize pos)
{
	gsize n = 0;
	while (pos + n < text.size && g_ascii_isdigit(text.data[pos + n]))
		n++;
	return n;
}

gboolean sieve_string_is_identifier(Bytes text)
{
	return text.size > 0 && identifier_at(text, 0) == text.size;
}

gboolean sieve_string_is_matched(Bytes text, guint *number)
{
	if (text.size == 0 || digits_at(text, 0) != text.size)
		return FALSE;
	guint64 value = 0;
	for (gsize i = 0; i < text.size && value < G_MAXUINT32; i++)
		value = value * 10 + (guint64)(text.data[i] - '0');
	*number = (guint)MIN(value, G_MAXUINT);
	return TRUE;
}

/* The size of the variable-ref at pos, braces and all; 0 where there is none.
 * Names of a namespace are parted by dots; the first is an identifier. */
static gsize reference_at(Bytes text, gsize pos)
{
	gsize end = pos + 2;
	for (guint n = 0; end < text.size; n++) {
		gsize size = identifier_at(text, end);
		if (size == 0)
			size = digits_at(text, end);
		gboolean was_number =
			size > 0 && g_ascii_isdigit(text.data[end]);
		end += size;
		if (size == 0 || end >= text.size)
			return 0;
		if (text.data[end] == '}')
			return end + 1 - pos;
		if (text.data[end] != '.' || (n == 0 && was_number))
			return 0;
		end++;
	}
	return 0;
}

gboolean sieve_string_next(
	Bytes text, gsize *pos, Bytes *literal, Bytes *reference)
{
	gsize start = *pos;
	while (*pos < text.size) {
		const char *found =
			memmem(text.data + *pos, text.size - *pos, "${", 2);
		if (found == NULL)
			break;
		gsize at = (gsize)(found - text.data);
		gsize size = reference_at(text, at);
		if (size > 0) {
			*literal = bytes_slice(text, start, at - start);
			*reference = bytes_slice(text, at + 2, size - 3);
			*pos = at + size;
			return TRUE;
		}
		*pos = at + 2;
	}
	*literal = bytes_slice(text, start, text.size);
	*pos = text.size;
	return FALSE;
}
