/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a named charset to UTF-8. */
#include "mime/charset.h"

#include <errno.h>

#include "base/text.h"

#define NAME_MAX_SIZE 40
#define REPLACEMENT "\357\277\275" /* U+FFFD */
#define AS_UTF8 ""

/* What mailers call charsets, and what decodes what they then send: often a
 * superset.  NULL: not to be opened.  Names are not here that iconv knows and
 * that mean what they say. */
static const struct {
	const char *name;
	const char *codec;
} aliases[] = {
	{ "us-ascii", AS_UTF8 },
	{ "ascii", AS_UTF8 },
	{ "ansi_x3.4-1968", AS_UTF8 },
	{ "iso646-us", AS_UTF8 },
	{ "utf-8", AS_UTF8 },
	{ "utf8", AS_UTF8 },
	{ "unicode-1-1-utf-8", AS_UTF8 },
	{ "iso-8859-1", "CP1252" },
	{ "iso8859-1", "CP1252" },
	{ "iso_8859-1", "CP1252" },
	{ "latin1", "CP1252" },
	{ "latin-1", "CP1252" },
	{ "cp-1252", "CP1252" },
	{ "ansi", "CP1252" },
	{ "iso-8859-8-i", "ISO-8859-8" },
	{ "iso-8859-8-e", "ISO-8859-8" },
	{ "iso-8859-6-i", "ISO-8859-6" },
	{ "iso-8859-9", "CP1254" },
	{ "windows-874", "CP874" },
	{ "tis-620", "CP874" },
	{ "gb2312", "GB18030" },
	{ "gb_2312-80", "GB18030" },
	{ "gbk", "GB18030" },
	{ "x-gbk", "GB18030" },
	{ "cp936", "GB18030" },
	{ "cn-gb", "GB18030" },
	{ "big5", "CP950" },
	{ "x-big5", "CP950" },
	{ "cn-big5", "CP950" },
	{ "euc-kr", "CP949" },
	{ "x-euc-kr", "CP949" },
	{ "ks_c_5601-1987", "CP949" },
	{ "ks_c_5601-1989", "CP949" },
	{ "ksc5601", "CP949" },
	{ "shift_jis", "CP932" },
	{ "shift-jis", "CP932" },
	{ "x-sjis", "CP932" },
	{ "sjis", "CP932" },
	{ "x-euc-jp", "EUC-JP" },
	{ "iso-2022-jp", "ISO-2022-JP-3" },
	{ "unicode-1-1-utf-7", "UTF-7" },
	{ "macintosh", "MACINTOSH" },
	{ "x-mac-roman", "MACINTOSH" },
	{ "x-mac-cyrillic", "MAC-CYRILLIC" },
	/* Memory layouts and the locale's own, not charsets of mail. */
	{ "char", NULL },
	{ "wchar_t", NULL },
	{ "internal", NULL },
	{ "ucs-2-internal", NULL },
	{ "ucs-4-internal", NULL },
};

/* The codec for a charset name; NULL where it cannot be one.  name is where a
 * plain name may be kept. */
static const char *find_codec(Bytes charset, char name[NAME_MAX_SIZE + 1])
{
	if (charset.size == 0)
		return AS_UTF8;
	for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++) {
		if (text_equal_nocase(charset, aliases[i].name))
			return aliases[i].codec;
	}
	if (charset.size > NAME_MAX_SIZE)
		return NULL;
	for (gsize i = 0; i < charset.size; i++) {
		char c = charset.data[i];
		if (!g_ascii_isalnum(c) && strchr("-_.:", c) == NULL)
			return NULL;
		if (c == '\0')
			return NULL;
		name[i] = c;
	}
	name[charset.size] = '\0';
	return name;
}

void mime_charset_append_valid(Bytes data, GString *out)
{
	gsize pos = 0;

	while (pos < data.size) {
		const char *at = data.data + pos;
		const char *bad = at;
		gboolean valid = g_utf8_validate_len(at, data.size - pos, &bad);
		g_string_append_len(out, at, bad - at);
		if (valid)
			return;
		if (*bad == '\0')
			g_string_append_c(out, '\0');
		else
			g_string_append(out, REPLACEMENT);
		pos += (gsize)(bad - at) + 1;
	}
}

/* Appends what the open codec makes of data. */
static void convert(GIConv codec, Bytes data, GString *out)
{
	char *from = (char *)data.data;
	gsize left = data.size;
	gboolean flushed = FALSE;

	while (!flushed) {
		char buffer[4096];
		char *to = buffer;
		gsize room = sizeof(buffer);
		/* With all read, a last call gives what the codec held back. */
		flushed = left == 0;
		gsize done = g_iconv(
			codec, flushed ? NULL : &from, &left, &to, &room);
		int code = errno;
		g_string_append_len(out, buffer, to - buffer);
		if (done != (gsize)-1)
			continue;
		if (code == E2BIG) {
			flushed = FALSE;
		} else if (!flushed) {
			g_string_append(out, REPLACEMENT);
			left = code == EILSEQ ? left - 1 : 0;
			from++;
		}
	}
}

gboolean mime_charset_to_utf8(Bytes charset, Bytes data, GString *out)
{
	char name[NAME_MAX_SIZE + 1];
	const char *codec = find_codec(text_trim(charset), name);

	if (codec == NULL)
		return FALSE;
	if (*codec == '\0') {
		mime_charset_append_valid(data, out);
		return TRUE;
	}
	GIConv opened = g_iconv_open("UTF-8", codec);
	if (opened == (GIConv)-1)
		return FALSE;
	g_autoptr(GString) text = g_string_new(NULL);
	convert(opened, data, text);
	g_iconv_close(opened);
	mime_charset_append_valid(bytes_of(text->str, text->len), out);
	return TRUE;
}
