/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of HTML as far as a preview wants it: no tree, one way through. */
#include "mime/preview-private.h"

#include "base/text.h"
#include "mime/charset.h"

#define ENTITY_MAX 10

static const struct {
	const char *name;
	gunichar character;
} entities[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' },
	{ "apos", '\'' }, { "nbsp", 0xa0 }, { "shy", 0xad }, { "zwnj", 0x200c },
	{ "zwj", 0x200d }, { "lrm", 0x200e }, { "rlm", 0x200f },
	{ "ensp", 0x2002 }, { "emsp", 0x2003 }, { "thinsp", 0x2009 },
	{ "ndash", 0x2013 }, { "mdash", 0x2014 }, { "lsquo", 0x2018 },
	{ "rsquo", 0x2019 }, { "sbquo", 0x201a }, { "ldquo", 0x201c },
	{ "rdquo", 0x201d }, { "bdquo", 0x201e }, { "dagger", 0x2020 },
	{ "bull", 0x2022 }, { "hellip", 0x2026 }, { "permil", 0x2030 },
	{ "prime", 0x2032 }, { "lsaquo", 0x2039 }, { "rsaquo", 0x203a },
	{ "euro", 0x20ac }, { "trade", 0x2122 }, { "larr", 0x2190 },
	{ "uarr", 0x2191 }, { "rarr", 0x2192 }, { "darr", 0x2193 },
	{ "minus", 0x2212 }, { "hearts", 0x2665 }, { "iexcl", 0xa1 },
	{ "cent", 0xa2 }, { "pound", 0xa3 }, { "yen", 0xa5 }, { "sect", 0xa7 },
	{ "copy", 0xa9 }, { "laquo", 0xab }, { "reg", 0xae }, { "deg", 0xb0 },
	{ "plusmn", 0xb1 }, { "sup2", 0xb2 }, { "acute", 0xb4 },
	{ "micro", 0xb5 }, { "para", 0xb6 }, { "middot", 0xb7 },
	{ "raquo", 0xbb }, { "frac14", 0xbc }, { "frac12", 0xbd },
	{ "frac34", 0xbe }, { "iquest", 0xbf }, { "Agrave", 0xc0 },
	{ "Aacute", 0xc1 }, { "Acirc", 0xc2 }, { "Atilde", 0xc3 },
	{ "Auml", 0xc4 }, { "Aring", 0xc5 }, { "AElig", 0xc6 },
	{ "Ccedil", 0xc7 }, { "Egrave", 0xc8 }, { "Eacute", 0xc9 },
	{ "Ecirc", 0xca }, { "Euml", 0xcb }, { "Iacute", 0xcd },
	{ "Ntilde", 0xd1 }, { "Oacute", 0xd3 }, { "Ocirc", 0xd4 },
	{ "Otilde", 0xd5 }, { "Ouml", 0xd6 }, { "times", 0xd7 },
	{ "Oslash", 0xd8 }, { "Uacute", 0xda }, { "Uuml", 0xdc },
	{ "szlig", 0xdf }, { "agrave", 0xe0 }, { "aacute", 0xe1 },
	{ "acirc", 0xe2 }, { "atilde", 0xe3 }, { "auml", 0xe4 },
	{ "aring", 0xe5 }, { "aelig", 0xe6 }, { "ccedil", 0xe7 },
	{ "egrave", 0xe8 }, { "eacute", 0xe9 }, { "ecirc", 0xea },
	{ "euml", 0xeb }, { "igrave", 0xec }, { "iacute", 0xed },
	{ "icirc", 0xee }, { "iuml", 0xef }, { "ntilde", 0xf1 },
	{ "ograve", 0xf2 }, { "oacute", 0xf3 }, { "ocirc", 0xf4 },
	{ "otilde", 0xf5 }, { "ouml", 0xf6 }, { "divide", 0xf7 },
	{ "oslash", 0xf8 }, { "ugrave", 0xf9 }, { "uacute", 0xfa },
	{ "ucirc", 0xfb }, { "uuml", 0xfc }, { "yacute", 0xfd },
	{ "yuml", 0xff } };

typedef enum {
	TAG_BLOCK,  /* parts words */
	TAG_INLINE, /* does not */
	TAG_HIDDEN, /* what is inside is no text */
	TAG_QUOTE,
} TagKind;

static const struct {
	const char *name;
	TagKind kind;
} tags[] = {
	{ "a", TAG_INLINE },
	{ "abbr", TAG_INLINE },
	{ "b", TAG_INLINE },
	{ "bdi", TAG_INLINE },
	{ "bdo", TAG_INLINE },
	{ "big", TAG_INLINE },
	{ "bold", TAG_INLINE },
	{ "cite", TAG_INLINE },
	{ "code", TAG_INLINE },
	{ "del", TAG_INLINE },
	{ "em", TAG_INLINE },
	{ "font", TAG_INLINE },
	{ "i", TAG_INLINE },
	{ "ins", TAG_INLINE },
	{ "italic", TAG_INLINE },
	{ "label", TAG_INLINE },
	{ "mark", TAG_INLINE },
	{ "q", TAG_INLINE },
	{ "s", TAG_INLINE },
	{ "small", TAG_INLINE },
	{ "span", TAG_INLINE },
	{ "strike", TAG_INLINE },
	{ "strong", TAG_INLINE },
	{ "sub", TAG_INLINE },
	{ "sup", TAG_INLINE },
	{ "tt", TAG_INLINE },
	{ "u", TAG_INLINE },
	{ "underline", TAG_INLINE },
	{ "wbr", TAG_INLINE },
	{ "head", TAG_HIDDEN },
	{ "style", TAG_HIDDEN },
	{ "script", TAG_HIDDEN },
	{ "title", TAG_HIDDEN },
	{ "template", TAG_HIDDEN },
	{ "svg", TAG_HIDDEN },
	{ "object", TAG_HIDDEN },
	{ "param", TAG_HIDDEN }, /* text/enriched */
	{ "blockquote", TAG_QUOTE },
};

typedef struct {
	Preview *preview;
	const char *at;
	const char *end;
	gboolean with_quotes;
	guint quotes; /* blockquotes that are open */
	/* There is no such character from here on, so that none is looked for
	 * again and again. */
	gboolean no_single;
	gboolean no_double;
} Html;

static gsize left(const Html *html)
{
	return (gsize)(html->end - html->at);
}

static void add(Html *html, gunichar c)
{
	if (html->quotes == 0)
		preview_add(html->preview, c);
}

/* --- entities -------------------------------------------------------------- */

/* What mailers mean by a number that is none of Unicode's characters: the
 * place in Windows' charset. */
static gunichar character_of(guint64 number)
{
	if (number >= 0x80 && number <= 0x9f) {
		g_autoptr(GString) text = g_string_new(NULL);
		char byte = (char)number;
		if (mime_charset_to_utf8(bytes_of_string("windows-1252"),
			    bytes_of(&byte, 1), text))
			return g_utf8_get_char(text->str);
	}
	if (number > 0x10ffff || !g_unichar_validate((gunichar)number))
		return 0xfffd;
	return (gunichar)number;
}

/* "#8217" or "#x2019" at html->at; FALSE where there is no digit. */
static gboolean take_number(Html *html, gunichar *c)
{
	const char *at = html->at + 1;
	gboolean is_hex = at < html->end && (*at == 'x' || *at == 'X');
	guint64 number = 0;

	if (is_hex)
		at++;
	const char *first = at;
	for (; at < html->end; at++) {
		gint digit = is_hex ? g_ascii_xdigit_value(*at) :
				      g_ascii_digit_value(*at);
		if (digit < 0)
			break;
		number = MIN(number * (is_hex ? 16 : 10) + (guint64)digit,
			G_MAXUINT32);
	}
	if (at == first)
		return FALSE;
	html->at = at;
	*c = character_of(number);
	return TRUE;
}

static gboolean take_name(Html *html, gunichar *c)
{
	gsize size = 0;

	while (size < left(html) && size <= ENTITY_MAX &&
		g_ascii_isalnum(html->at[size]))
		size++;
	for (gsize i = 0; i < G_N_ELEMENTS(entities); i++) {
		if (!bytes_equal(bytes_of(html->at, size),
			    bytes_of_string(entities[i].name)))
			continue;
		html->at += size;
		*c = entities[i].character;
		return TRUE;
	}
	return FALSE;
}

/* Behind an "&". */
static void take_entity(Html *html)
{
	gunichar c;
	gboolean taken = html->at < html->end && *html->at == '#' ?
		take_number(html, &c) :
		take_name(html, &c);

	if (taken && html->at < html->end && *html->at == ';')
		html->at++;
	add(html, taken ? c : '&');
}

/* --- tags ------------------------------------------------------------------ */

/* Behind the next `mark`, or the end. */
static const char *behind(const Html *html, const char *mark)
{
	gsize size = strlen(mark);
	const char *found = memmem(html->at, left(html), mark, size);

	return found != NULL ? found + size : html->end;
}

/* The place behind the quoted value that begins at `at`, or behind its quote
 * alone where it does not end. */
static const char *skip_value(Html *html, const char *at)
{
	gboolean *none = *at == '"' ? &html->no_double : &html->no_single;
	const char *end = NULL;

	if (!*none)
		end = memchr(at + 1, *at, (gsize)(html->end - at - 1));
	*none = end == NULL;
	return end != NULL ? end + 1 : at + 1;
}

/* Behind the ">" of a tag whose name ends at `at`. */
static const char *tag_end(Html *html, const char *at)
{
	char before = '\0';

	while (at < html->end && *at != '>') {
		/* Elsewhere a quote is no quote. */
		if ((*at == '"' || *at == '\'') && before == '=') {
			at = skip_value(html, at);
			before = '\0';
			continue;
		}
		if (!g_ascii_isspace(*at))
			before = *at;
		at++;
	}
	return at < html->end ? at + 1 : at;
}

/* To the "</name" that ends what is hidden, or all. */
static void skip_hidden(Html *html, const char *name)
{
	gsize size = strlen(name);

	while (html->at < html->end) {
		const char *found = memmem(html->at, left(html), "</", 2);
		if (found == NULL) {
			html->at = html->end;
			return;
		}
		html->at = found;
		if (left(html) >= size + 2 &&
			g_ascii_strncasecmp(found + 2, name, size) == 0)
			return;
		html->at += 2;
	}
}

static void take_known_tag(
	Html *html, const char *name, TagKind kind, gboolean is_end)
{
	if (kind != TAG_INLINE)
		add(html, ' ');
	if (kind == TAG_HIDDEN && !is_end) {
		skip_hidden(html, name);
	} else if (kind == TAG_QUOTE && !html->with_quotes) {
		if (!is_end)
			html->quotes++;
		else if (html->quotes > 0)
			html->quotes--;
	}
}

/* A tag whose name begins at `name`. */
static void take_tag(Html *html, const char *name, gboolean is_end)
{
	const char *at = name;

	while (at < html->end && g_ascii_isalnum(*at))
		at++;
	Bytes word = bytes_of(name, (gsize)(at - name));
	html->at = tag_end(html, at);
	/* "<br/>" ends where it begins. */
	if (!is_end && html->at - at >= 2 && html->at[-2] == '/') {
		add(html, ' ');
		return;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(tags); i++) {
		if (text_equal_nocase(word, tags[i].name)) {
			take_known_tag(
				html, tags[i].name, tags[i].kind, is_end);
			return;
		}
	}
	add(html, ' ');
}

/* At a "<". */
static void take_markup(Html *html)
{
	const char *next = html->at + 1;

	if (left(html) >= 4 && memcmp(html->at, "<!--", 4) == 0) {
		/* "<!-->" is a comment too. */
		html->at += 2;
		html->at = behind(html, "-->");
	} else if (next < html->end && (*next == '!' || *next == '?')) {
		html->at = behind(html, ">");
	} else if (next < html->end && g_ascii_isalpha(*next)) {
		take_tag(html, next, FALSE);
	} else if (next + 1 < html->end && *next == '/' &&
		g_ascii_isalpha(next[1])) {
		take_tag(html, next + 1, TRUE);
	} else {
		add(html, '<');
		html->at++;
	}
}

void preview_add_html(Preview *preview, Bytes text, gboolean with_quotes)
{
	Html html = { .preview = preview,
		.at = text.data,
		.end = text.data + text.size,
		.with_quotes = with_quotes };

	while (html.at < html.end && !preview_is_full(preview)) {
		if (*html.at == '<') {
			take_markup(&html);
		} else if (*html.at == '&') {
			html.at++;
			take_entity(&html);
		} else {
			add(&html, g_utf8_get_char(html.at));
			html.at = g_utf8_next_char(html.at);
		}
	}
}
