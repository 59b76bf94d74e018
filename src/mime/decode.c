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

gboolean mime_base64_is_valid(Bytes data, Bytes *before_padding)
{
	gsize size = 0;
	while (size < data.size && data.data[size] != '=') {
		char c = data.data[size++];
		if (digit_value((guchar)c) < 0 && !g_ascii_isspace(c))
			return FALSE;
	}
	*before_padding = bytes_slice(data, 0, size);
	return TRUE;
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

static void decode_digits(MimeDecoder *decoder, Bytes data, GString *out)
{
	gsize start = out->len;
	guint32 bits = decoder->bits;
	guint count = decoder->count;

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
	g_string_set_size(out, (gsize)(at - out->str));
	decoder->bits = bits;
	decoder->count = count;
}

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* How many blanks stand at pos, counted up to the most that are looked at. */
static gsize blank_run(Bytes data, gsize pos)
{
	gsize at = pos;
	while (at < data.size && at - pos < MIME_QP_BLANKS_MAX &&
		is_blank(data.data[at]))
		at++;
	return at - pos;
}

typedef enum {
	END_NONE,    /* something else before the line's end */
	END_LINE,    /* a line end, or the end of all */
	END_UNKNOWN, /* the bytes at hand do not tell */
} LineEnd;

/* What follows at pos; *size is the line end's. */
static LineEnd line_end_at(Bytes data, gsize pos, gboolean is_last, gsize *size)
{
	gsize left = data.size - pos;

	*size = 0;
	if (left == 0)
		return is_last ? END_LINE : END_UNKNOWN;
	if (data.data[pos] == '\r' && left == 1 && !is_last)
		return END_UNKNOWN;
	if (data.data[pos] == '\r' && left > 1 && data.data[pos + 1] == '\n')
		*size = 2;
	else if (data.data[pos] == '\n')
		*size = 1;
	return *size > 0 ? END_LINE : END_NONE;
}

/* Decodes what begins with "=" at pos; gives the position behind it, or pos
 * where more bytes must come first. */
static gsize decode_escape(
	Bytes data, gsize pos, gboolean is_last, GString *out)
{
	gsize left = data.size - pos;
	gsize line_end;

	if (left > 2 && g_ascii_isxdigit(data.data[pos + 1]) &&
		g_ascii_isxdigit(data.data[pos + 2])) {
		gint high = g_ascii_xdigit_value(data.data[pos + 1]);
		gint low = g_ascii_xdigit_value(data.data[pos + 2]);
		g_string_append_c(out, (char)(high << 4 | low));
		return pos + 3;
	}
	if (left == 2 && !is_last && g_ascii_isxdigit(data.data[pos + 1]))
		return pos;
	gsize blanks = blank_run(data, pos + 1);
	LineEnd end = END_NONE;
	if (blanks < MIME_QP_BLANKS_MAX)
		end = line_end_at(data, pos + 1 + blanks, is_last, &line_end);
	if (end == END_LINE)
		return pos + 1 + blanks + line_end;
	if (end == END_UNKNOWN)
		return pos;
	g_string_append_c(out, '=');
	return pos + 1;
}

/* The same for a run of blanks. */
static gsize decode_blanks(
	Bytes data, gsize pos, gboolean is_last, GString *out)
{
	gsize blanks = blank_run(data, pos);
	gsize line_end;
	LineEnd end = END_NONE;

	if (blanks < MIME_QP_BLANKS_MAX)
		end = line_end_at(data, pos + blanks, is_last, &line_end);
	if (end == END_UNKNOWN)
		return pos;
	if (end == END_NONE)
		g_string_append_len(out, data.data + pos, (gssize)blanks);
	return pos + blanks;
}

static gsize plain_run(Bytes data, gsize pos)
{
	gsize at = pos;
	while (at < data.size && data.data[at] != '=' &&
		!is_blank(data.data[at]))
		at++;
	return at - pos;
}

/* Gives how many bytes were decoded: all of them where is_last. */
static gsize decode_qp(Bytes data, gboolean is_last, GString *out)
{
	gsize pos = 0;

	while (pos < data.size) {
		gsize before = pos;
		gsize plain = plain_run(data, pos);
		if (plain > 0) {
			g_string_append_len(
				out, data.data + pos, (gssize)plain);
			pos += plain;
			continue;
		}
		pos = data.data[pos] == '=' ?
			decode_escape(data, pos, is_last, out) :
			decode_blanks(data, pos, is_last, out);
		if (pos == before)
			break;
	}
	return pos;
}

void mime_decoder_init(MimeDecoder *decoder, MimeEncoding encoding)
{
	*decoder = (MimeDecoder){ .encoding = encoding };
	if (encoding == MIME_ENCODING_QP)
		decoder->held = g_string_new(NULL);
}

void mime_decoder_write(MimeDecoder *decoder, Bytes data, GString *out)
{
	if (decoder->encoding == MIME_ENCODING_BASE64) {
		decode_digits(decoder, data, out);
		return;
	}
	if (decoder->encoding != MIME_ENCODING_QP) {
		if (data.size > 0)
			g_string_append_len(out, data.data, (gssize)data.size);
		return;
	}
	GString *held = decoder->held;
	if (held->len > 0) {
		g_string_append_len(held, data.data, (gssize)data.size);
		gsize done =
			decode_qp(bytes_of(held->str, held->len), FALSE, out);
		g_string_erase(held, 0, (gssize)done);
		return;
	}
	gsize done = decode_qp(data, FALSE, out);
	if (done < data.size)
		g_string_append_len(
			held, data.data + done, (gssize)(data.size - done));
}

void mime_decoder_finish(MimeDecoder *decoder, GString *out)
{
	char tail[2];

	if (decoder->encoding == MIME_ENCODING_BASE64) {
		gsize size = put_tail(decoder->bits, decoder->count, tail);
		g_string_append_len(out, tail, (gssize)size);
		decoder->count = 0;
	} else if (decoder->encoding == MIME_ENCODING_QP) {
		decode_qp(bytes_of(decoder->held->str, decoder->held->len),
			TRUE, out);
		g_string_truncate(decoder->held, 0);
	}
}

void mime_decoder_clear(MimeDecoder *decoder)
{
	if (decoder->held != NULL)
		g_string_free(decoder->held, TRUE);
	decoder->held = NULL;
}

void mime_decode_base64(Bytes data, GString *out)
{
	mime_decode(MIME_ENCODING_BASE64, data, out);
}

void mime_decode_qp(Bytes data, GString *out)
{
	decode_qp(data, TRUE, out);
}

void mime_decode(MimeEncoding encoding, Bytes data, GString *out)
{
	MimeDecoder decoder;

	if (encoding == MIME_ENCODING_QP) {
		decode_qp(data, TRUE, out);
		return;
	}
	mime_decoder_init(&decoder, encoding);
	mime_decoder_write(&decoder, data, out);
	mime_decoder_finish(&decoder, out);
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
