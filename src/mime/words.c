/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoded words in header text (RFC 2047) to UTF-8. */
#include "mime/words.h"

#include "base/arena.h"
#include "base/text.h"
#include "mime/charset.h"
#include "mime/decode.h"
#include "mime/header.h"

/* One "=?charset*language?encoding?text?=". */
typedef struct {
	Bytes all;
	Bytes charset;
	char encoding; /* 'b' or 'q' */
	Bytes text;
} Word;

/* Words of one charset that follow each other: decoded together, since a
 * character may begin in one and end in the next. */
typedef struct {
	Bytes all;
	Bytes charset;
	GString *bytes;
	GString *out;
} Run;

static void run_end(Run *run)
{
	Bytes bytes = bytes_of(run->bytes->str, run->bytes->len);

	if (run->all.size == 0)
		return;
	/* "unknown-8bit" and the like are most often UTF-8 or ASCII. */
	if (!mime_charset_to_utf8(run->charset, bytes, run->out)) {
		gboolean valid =
			g_utf8_validate_len(bytes.data, bytes.size, NULL);
		mime_charset_append_valid(valid ? bytes : run->all, run->out);
	}
	run->all.size = 0;
	g_string_truncate(run->bytes, 0);
}

static void decode_q(Bytes text, GString *out)
{
	for (gsize i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (c == '=' && i + 2 < text.size &&
			g_ascii_isxdigit(text.data[i + 1]) &&
			g_ascii_isxdigit(text.data[i + 2])) {
			c = (char)(g_ascii_xdigit_value(text.data[i + 1]) << 4 |
				g_ascii_xdigit_value(text.data[i + 2]));
			i += 2;
		} else if (c == '_') {
			c = ' ';
		}
		g_string_append_c(out, c);
	}
}

static void run_add(Run *run, const Word *word)
{
	gboolean same = run->all.size > 0 &&
		run->charset.size == word->charset.size &&
		g_ascii_strncasecmp(run->charset.data, word->charset.data,
			word->charset.size) == 0;
	if (same) {
		run->all.size = (gsize)(word->all.data + word->all.size -
			run->all.data);
	} else {
		run_end(run);
		run->all = word->all;
		run->charset = word->charset;
	}
	if (word->encoding == 'b')
		mime_decode_base64(word->text, run->bytes);
	else
		decode_q(word->text, run->bytes);
}

/* The size of the charset name at the front of text, 0 where there is none
 * that ends in a question mark. */
static gsize charset_size(Bytes text)
{
	gsize size = 0;
	while (size < text.size && size < 64 && text.data[size] > ' ' &&
		text.data[size] < 0x7f && text.data[size] != '?')
		size++;
	return size < text.size && text.data[size] == '?' ? size : 0;
}

/* Reads the word at the front of text, which begins with "=?".  *more is
 * cleared where no "?=" follows at all, so that nobody looks again. */
static gboolean read_word(Bytes text, Word *word, gboolean *more)
{
	gsize charset = charset_size(bytes_slice(text, 2, text.size));
	gsize at = 2 + charset + 1;
	if (charset == 0 || at + 2 > text.size || text.data[at + 1] != '?')
		return FALSE;
	word->encoding = g_ascii_tolower(text.data[at]);
	if (word->encoding != 'b' && word->encoding != 'q')
		return FALSE;
	Bytes rest = bytes_slice(text, at + 2, text.size);
	const char *close =
		rest.size > 0 ? memmem(rest.data, rest.size, "?=", 2) : NULL;
	if (close == NULL) {
		*more = FALSE;
		return FALSE;
	}
	word->text = bytes_of(rest.data, (gsize)(close - rest.data));
	word->all = bytes_of(text.data, (gsize)(close - text.data) + 2);
	word->charset = bytes_slice(text, 2, charset);
	/* The language of RFC 2231 section 5 says nothing about the bytes. */
	const char *star = memchr(word->charset.data, '*', charset);
	if (star != NULL)
		word->charset.size = (gsize)(star - word->charset.data);
	return TRUE;
}

static gboolean is_blank(Bytes text)
{
	return text_trim(text).size == 0;
}

/* Controls, C1 ones too, and the separators U+2028 and U+2029 to spaces. */
static void neutralise(GString *out, gsize start)
{
	gsize to = start;
	for (gsize i = start; i < out->len; i++) {
		guchar c = (guchar)out->str[i];
		guchar next = i + 1 < out->len ? (guchar)out->str[i + 1] : 0;
		guchar third = i + 2 < out->len ? (guchar)out->str[i + 2] : 0;
		if (c < 0x20 || c == 0x7f) {
			c = ' ';
		} else if (c == 0xc2 && next < 0xa0) {
			c = ' ';
			i += 1;
		} else if (c == 0xe2 && next == 0x80 &&
			(third == 0xa8 || third == 0xa9)) {
			c = ' ';
			i += 2;
		}
		out->str[to++] = (char)c;
	}
	g_string_truncate(out, to);
}

static void append_unfolded(Bytes text, GString *out)
{
	Run run = { .bytes = g_string_new(NULL), .out = out };
	gboolean more = TRUE;
	gsize from = 0; /* of what is not written yet */
	gsize pos = 0;

	while (more && pos < text.size) {
		const char *mark =
			memmem(text.data + pos, text.size - pos, "=?", 2);
		Word word;
		if (mark == NULL)
			break;
		pos = (gsize)(mark - text.data);
		if (!read_word(
			    bytes_slice(text, pos, text.size), &word, &more)) {
			pos += 2;
			continue;
		}
		Bytes between = bytes_slice(text, from, pos - from);
		if (run.all.size == 0 || !is_blank(between)) {
			run_end(&run);
			mime_charset_append_valid(between, out);
		}
		run_add(&run, &word);
		pos += word.all.size;
		from = pos;
	}
	run_end(&run);
	mime_charset_append_valid(bytes_slice(text, from, text.size), out);
	g_string_free(run.bytes, TRUE);
}

void mime_words_append(Bytes value, GString *out)
{
	g_autoptr(Arena) arena = arena_new();
	gsize start = out->len;

	append_unfolded(bytes_of_string(mime_unfold(arena, value)), out);
	neutralise(out, start);
}

char *mime_words_decode(Bytes value)
{
	g_autoptr(GString) out = g_string_new(NULL);
	mime_words_append(value, out);
	Bytes text = text_trim(bytes_of(out->str, out->len));
	return g_strndup(text.size > 0 ? text.data : "", text.size);
}
