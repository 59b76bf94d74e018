/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ASCII and UTF-8 odds and ends that every floor needs. */
#include "base/text.h"

gboolean text_equal_nocase(Bytes a, const char *b)
{
	return a.size == strlen(b) &&
		(a.size == 0 || g_ascii_strncasecmp(a.data, b, a.size) == 0);
}

gboolean text_equal_nocase_bytes(Bytes a, Bytes b)
{
	return a.size == b.size &&
		(a.size == 0 ||
			g_ascii_strncasecmp(a.data, b.data, a.size) == 0);
}

gboolean text_has_prefix_nocase(Bytes a, const char *prefix)
{
	gsize size = strlen(prefix);
	return a.size >= size &&
		(size == 0 || g_ascii_strncasecmp(a.data, prefix, size) == 0);
}

gboolean text_to_number(Bytes text, guint64 max, guint64 *number)
{
	guint64 value = 0;

	if (text.size == 0)
		return FALSE;
	for (gsize i = 0; i < text.size; i++) {
		if (!g_ascii_isdigit(text.data[i]))
			return FALSE;
		guint digit = (guint)(text.data[i] - '0');
		if (value > (G_MAXUINT64 - digit) / 10)
			return FALSE;
		value = value * 10 + digit;
	}
	if (value > max)
		return FALSE;
	*number = value;
	return TRUE;
}

char *text_make_valid(Bytes text)
{
	g_autofree char *valid = NULL;
	if (text.size == 0)
		return g_strdup("");
	/* g_utf8_make_valid() takes NUL for invalid when given a length. */
	valid = g_utf8_make_valid(text.data, (gssize)text.size);
	for (char *p = valid; *p != '\0'; p++) {
		if (((guchar)*p < 0x20 && *p != '\t') || *p == 0x7f)
			*p = ' ';
	}
	return g_steal_pointer(&valid);
}

char *text_fold(const char *text)
{
	g_autofree char *folded = g_utf8_casefold(text, -1);
	char *normal = g_utf8_normalize(folded, -1, G_NORMALIZE_ALL_COMPOSE);
	return normal != NULL ? normal : g_steal_pointer(&folded);
}

void text_append_collation_key(Bytes text, GString *out)
{
	gsize begin = out->len;
	gboolean is_ascii = TRUE;

	for (gsize i = 0; i < text.size; i++) {
		is_ascii = is_ascii && (guchar)text.data[i] < 0x80;
		g_string_append_c(out, g_ascii_toupper(text.data[i]));
	}
	if (is_ascii)
		return;
	g_string_truncate(out, begin);
	const char *end = text.data + text.size;
	for (const char *at = text.data; at < end; at = g_utf8_next_char(at))
		g_string_append_unichar(
			out, g_unichar_totitle(g_utf8_get_char(at)));
	g_autofree char *key = g_utf8_normalize(
		out->str + begin, (gssize)(out->len - begin), G_NORMALIZE_ALL);
	if (key != NULL) {
		g_string_truncate(out, begin);
		g_string_append(out, key);
	}
}

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without a branch for each byte, since whole messages are asked about. */
gboolean text_is_ascii(Bytes text)
{
	guchar all = 0;

	for (gsize i = 0; i < text.size; i++)
		all |= (guchar)text.data[i];
	return all < 0x80;
}

Bytes text_trim(Bytes text)
{
	while (text.size > 0 && is_blank(text.data[0])) {
		text.data++;
		text.size--;
	}
	while (text.size > 0 && is_blank(text.data[text.size - 1]))
		text.size--;
	return text;
}

char *text_hex(const guint8 *data, gsize size)
{
	static const char digits[] = "0123456789abcdef";
	char *hex = g_malloc(2 * size + 1);
	for (gsize i = 0; i < size; i++) {
		hex[2 * i] = digits[data[i] >> 4];
		hex[2 * i + 1] = digits[data[i] & 15];
	}
	hex[2 * size] = '\0';
	return hex;
}

gboolean text_equal_constant_time(Bytes a, Bytes b)
{
	volatile guint8 difference = a.size != b.size;
	for (gsize i = 0; i < MIN(a.size, b.size); i++)
		difference |= (guint8)(a.data[i] ^ b.data[i]);
	return difference == 0;
}
