/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transfer encodings (RFC 2045 section 6) and the text of a leaf. */
#include "mime/decode.h"

#include "base/text.h"
#include "mime/charset.h"

static const struct {
	const char *name;
	MimeEncoding encoding;
} encodings[] = {
	{ "7bit", MIME_ENCODING_IDENTITY },
	{ "8bit", MIME_ENCODING_IDENTITY },
	{ "binary", MIME_ENCODING_IDENTITY },
	{ "7-bit", MIME_ENCODING_IDENTITY },
	{ "8-bit", MIME_ENCODING_IDENTITY },
	{ "none", MIME_ENCODING_IDENTITY },
	{ "base64", MIME_ENCODING_BASE64 },
	{ "base-64", MIME_ENCODING_BASE64 },
	{ "quoted-printable", MIME_ENCODING_QP },
	{ "quotedprintable", MIME_ENCODING_QP },
};

/* The first word: not the comments and semicolons that some put around it. */
static Bytes first_word(Bytes value)
{
	Bytes text = text_trim(value);
	gsize size = 0;
	while (text.size > 0 && text.data[0] == '(') {
		const char *close = memchr(text.data, ')', text.size);
		if (close == NULL)
			return bytes_of(NULL, 0);
		gsize skip = (gsize)(close - text.data) + 1;
		text = text_trim(bytes_slice(text, skip, text.size));
	}
	if (text.size > 0 && text.data[0] == '"')
		text = bytes_slice(text, 1, text.size);
	while (size < text.size && (guchar)text.data[size] > ' ' &&
		strchr("(;\",", text.data[size]) == NULL)
		size++;
	return bytes_of(text.data, size);
}

MimeEncoding mime_encoding_of(Bytes value)
{
	Bytes word = first_word(value);
	if (word.size == 0)
		return MIME_ENCODING_IDENTITY;
	for (gsize i = 0; i < G_N_ELEMENTS(encodings); i++) {
		if (text_equal_nocase(word, encodings[i].name))
			return encodings[i].encoding;
	}
	return MIME_ENCODING_UNKNOWN;
}

/* The value of a base64 digit, -1 of anything else. */
static gint digit_value(guchar c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* The bytes of an unfinished group of `count` digits. */
static gsize put_tail(guint32 bits, guint count, char *out)
{
	if (count < 2)
		return 0;
	bits <<= 6 * (4 - count);
	out[0] = (char)(bits >> 16);
	if (count < 3)
		return 1;
	out[1] = (char)(bits >> 8);
	return 2;
}

void mime_decode_base64(Bytes data, GString *out)
{
	gsize start = out->len;
	guint32 bits = 0;
	guint count = 0;

	/* Each tail of 1 or 2 bytes comes of 2 or 3 digits and padding. */
	g_string_set_size(out, start + data.size + 4);
	char *at = out->str + start;
	for (gsize i = 0; i < data.size; i++) {
		gint value = digit_value((guchar)data.data[i]);
		if (value >= 0) {
			bits = bits << 6 | (guint32)value;
			if (++count < 4)
				continue;
			*at++ = (char)(bits >> 16);
			*at++ = (char)(bits >> 8);
			*at++ = (char)bits;
		} else if (data.data[i] == '=') {
			at += put_tail(bits, count, at);
		} else {
			continue;
		}
		bits = 0;
		count = 0;
	}
	at += put_tail(bits, count, at);
	g_string_set_size(out, (gsize)(at - out->str));
}

/* Behind blanks and the line end at pos; pos where there is something else
 * before the line's end. */
static gsize skip_line_end(Bytes data, gsize pos)
{
	gsize at = pos;
	while (at < data.size &&
		(data.data[at] == ' ' || data.data[at] == '\t'))
		at++;
	if (at == data.size)
		return at;
	if (data.data[at] == '\r' && at + 1 < data.size &&
		data.data[at + 1] == '\n')
		return at + 2;
	return data.data[at] == '\n' ? at + 1 : pos;
}

/* Decodes what begins with "=" at pos; gives the position behind it. */
static gsize decode_escape(Bytes data, gsize pos, GString *out)
{
	if (pos + 2 < data.size && g_ascii_isxdigit(data.data[pos + 1]) &&
		g_ascii_isxdigit(data.data[pos + 2])) {
		gint high = g_ascii_xdigit_value(data.data[pos + 1]);
		gint low = g_ascii_xdigit_value(data.data[pos + 2]);
		g_string_append_c(out, (char)(high << 4 | low));
		return pos + 3;
	}
	gsize next = skip_line_end(data, pos + 1);
	if (next == pos + 1 && next < data.size)
		g_string_append_c(out, '=');
	return next;
}

void mime_decode_qp(Bytes data, GString *out)
{
	gsize pos = 0;
	while (pos < data.size) {
		char c = data.data[pos];
		if (c == '=') {
			pos = decode_escape(data, pos, out);
			continue;
		}
		if (c != ' ' && c != '\t') {
			g_string_append_c(out, c);
			pos++;
			continue;
		}
		gsize from = pos;
		while (pos < data.size &&
			(data.data[pos] == ' ' || data.data[pos] == '\t'))
			pos++;
		if (pos < data.size && skip_line_end(data, pos) == pos)
			g_string_append_len(
				out, data.data + from, (gssize)(pos - from));
	}
}

void mime_decode(MimeEncoding encoding, Bytes data, GString *out)
{
	if (encoding == MIME_ENCODING_BASE64)
		mime_decode_base64(data, out);
	else if (encoding == MIME_ENCODING_QP)
		mime_decode_qp(data, out);
	else if (data.size > 0)
		g_string_append_len(out, data.data, (gssize)data.size);
}

void mime_decode_text(
	Bytes body, Bytes encoding, Bytes charset, gsize max, GString *out)
{
	MimeEncoding how = mime_encoding_of(encoding);
	g_autoptr(GString) decoded = g_string_new(NULL);
	Bytes raw = body;
	gsize start = out->len;

	if (how == MIME_ENCODING_BASE64 || how == MIME_ENCODING_QP) {
		/* No encoding takes more than four bytes for one, but for
		 * line ends that mean nothing. */
		gsize enough = max < G_MAXSIZE / 8 ? max * 4 + 1024 : G_MAXSIZE;
		mime_decode(how, bytes_slice(body, 0, enough), decoded);
		raw = bytes_of(decoded->str, decoded->len);
	}
	raw = bytes_slice(raw, 0, max);
	if (!mime_charset_to_utf8(charset, raw, out))
		mime_charset_append_valid(raw, out);
	for (gsize i = start; i < out->len; i++) {
		if (out->str[i] == '\0')
			out->str[i] = ' ';
	}
}
