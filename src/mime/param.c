/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content-Type and its kin: a word and parameters (RFC 2045, RFC 2231). */
#include "mime/param.h"

#include "base/text.h"
#include "mime/charset.h"
#include "mime/words.h"

/* What is left of the value that is being read. */
typedef struct {
	const char *at;
	const char *end;
} Cursor;

/* A parameter before continuations are joined. */
typedef struct {
	Bytes name; /* without stars and number */
	Bytes value;
	gint number; /* of name*3=, -1 for a plain one */
	gboolean extended;
	gboolean used;
} Segment;

static gboolean is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static gboolean is_token(char c)
{
	return (guchar)c > ' ' && (guchar)c != 0x7f &&
		strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

/* Behind the comment that begins at `at`; nested ones are in it. */
static const char *comment_end(const char *at, const char *end)
{
	gsize depth = 0;
	for (; at < end; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
		else if (*at == '(')
			depth++;
		else if (*at == ')' && --depth == 0)
			return at + 1;
	}
	return end;
}

static void skip_blanks(Cursor *c)
{
	while (c->at < c->end) {
		if (is_space(*c->at))
			c->at++;
		else if (*c->at == '(')
			c->at = comment_end(c->at, c->end);
		else
			return;
	}
}

static Bytes read_token(Cursor *c)
{
	const char *from = c->at;
	while (c->at < c->end && is_token(*c->at))
		c->at++;
	return bytes_of(from, (gsize)(c->at - from));
}

/* The end of a quoted string whose closing quote is missing. */
static const char *lost_quote(const char *at, const char *end)
{
	while (at < end && *at != ';' && *at != '\r' && *at != '\n')
		at++;
	return at;
}

static Bytes read_quoted(Arena *arena, Cursor *c)
{
	const char *close = c->at + 1;
	while (close < c->end && *close != '"')
		close += *close == '\\' && close + 1 < c->end ? 2 : 1;
	const char *stop =
		close < c->end ? close : lost_quote(c->at + 1, c->end);
	char *text = arena_alloc(arena, (gsize)(stop - c->at));
	gsize size = 0;

	for (const char *p = c->at + 1; p < stop; p++) {
		if (*p == '\\' && p + 1 < stop)
			p++;
		else if (*p == '\r' || *p == '\n')
			continue;
		text[size++] = *p;
	}
	c->at = close < c->end ? close + 1 : stop;
	return bytes_of(text, size);
}

/* TRUE where "name=" follows: a semicolon is missing before it. */
static gboolean at_parameter(Cursor c)
{
	if (read_token(&c).size == 0)
		return FALSE;
	while (c.at < c.end && is_space(*c.at))
		c.at++;
	return c.at < c.end && *c.at == '=';
}

/* A value without quotes: up to the semicolon, blanks inside forgiven. */
static Bytes read_bare(Cursor *c)
{
	const char *from = c->at;
	const char *stop = c->at;

	while (c->at < c->end && *c->at != ';') {
		if (!is_space(*c->at)) {
			stop = ++c->at;
			continue;
		}
		while (c->at < c->end && is_space(*c->at))
			c->at++;
		if (c->at < c->end && (*c->at == '(' || at_parameter(*c)))
			break;
	}
	return bytes_of(from, (gsize)(stop - from));
}

/* Takes "*", "*3" or "*3*" off the name (RFC 2231 sections 3 and 4). */
static void split_name(Segment *segment)
{
	Bytes name = segment->name;
	segment->number = -1;
	if (name.size > 1 && name.data[name.size - 1] == '*') {
		segment->extended = TRUE;
		name.size--;
	}
	gsize star = name.size;
	while (star > 0 && g_ascii_isdigit(name.data[star - 1]))
		star--;
	guint64 number = 0;
	if (star > 1 && name.data[star - 1] == '*' &&
		text_to_number(bytes_slice(name, star, name.size),
			MIME_PARAMS_MAX, &number)) {
		segment->number = (gint)number;
		name.size = star - 1;
	}
	segment->name = name;
}

/* Reads one parameter; FALSE where there is none and a character was passed
 * over instead. */
static gboolean read_segment(Arena *arena, Cursor *c, Segment *segment)
{
	*segment = (Segment){ .name = read_token(c) };
	if (segment->name.size == 0) {
		c->at++;
		return FALSE;
	}
	skip_blanks(c);
	if (c->at == c->end || *c->at != '=')
		return FALSE;
	c->at++;
	skip_blanks(c);
	if (c->at < c->end && *c->at == '"')
		segment->value = read_quoted(arena, c);
	else
		segment->value = read_bare(c);
	split_name(segment);
	return TRUE;
}

/* RFC 2231 section 4.1 lets plain pieces stand between encoded ones. */
static void append_piece(GString *out, const Segment *piece, gboolean encode)
{
	for (gsize i = 0; i < piece->value.size; i++) {
		guchar c = (guchar)piece->value.data[i];
		if (encode && (c == '%' || c == '\'' || c <= ' ' || c >= 0x7f))
			g_string_append_printf(out, "%%%02X", c);
		else
			g_string_append_c(out, (char)c);
	}
}

static Segment *find_piece(Segment *all, guint n, Bytes name, gint number)
{
	for (guint i = 0; i < n; i++) {
		Segment *s = &all[i];
		if (!s->used && s->number == number &&
			s->name.size == name.size &&
			g_ascii_strncasecmp(
				s->name.data, name.data, name.size) == 0)
			return s;
	}
	return NULL;
}

/* Joins name*0, name*1 ... into one parameter. */
static MimeParam join_pieces(
	Arena *arena, Segment *all, guint n, Segment *first)
{
	Segment *chain[MIME_PARAMS_MAX];
	guint count = 0;
	gboolean extended = FALSE;

	for (Segment *s = first; s != NULL && count < MIME_PARAMS_MAX;
		s = find_piece(all, n, first->name, (gint)count)) {
		s->used = TRUE;
		chain[count++] = s;
		extended |= s->extended;
	}
	g_autoptr(GString) value = g_string_new(NULL);
	if (extended && !first->extended)
		g_string_append(value, "''");
	for (guint i = 0; i < count; i++)
		append_piece(value, chain[i], extended && !chain[i]->extended);
	char *copy = arena_copy(arena, value->str, value->len);
	return (MimeParam){ first->name, bytes_of(copy, value->len), extended };
}

static void join_segments(
	Arena *arena, Segment *all, guint n, MimeParamValue *out)
{
	MimeParam *params = arena_new_array(arena, MimeParam, MAX(n, 1));
	guint count = 0;

	for (guint i = 0; i < n; i++) {
		Segment *s = &all[i];
		if (s->number > 0 || s->used)
			continue;
		if (s->number == 0)
			params[count++] = join_pieces(arena, all, n, s);
		else
			params[count++] =
				(MimeParam){ s->name, s->value, s->extended };
		s->used = TRUE;
	}
	out->params = params;
	out->n_params = count;
}

gboolean mime_param_value_parse(
	Arena *arena, Bytes value, gboolean with_subtype, MimeParamValue *out)
{
	MimeParamValue result = { 0 };
	Segment segments[MIME_PARAMS_MAX];
	guint n = 0;

	if (value.size == 0)
		return FALSE;
	Cursor c = { value.data, value.data + value.size };
	skip_blanks(&c);
	result.type = read_token(&c);
	skip_blanks(&c);
	if (with_subtype && c.at < c.end && *c.at == '/') {
		c.at++;
		skip_blanks(&c);
		result.subtype = read_token(&c);
	}
	if (result.type.size == 0 || (with_subtype && result.subtype.size == 0))
		return FALSE;
	while (n < MIME_PARAMS_MAX) {
		skip_blanks(&c);
		if (c.at == c.end)
			break;
		if (*c.at == ';')
			c.at++;
		else if (read_segment(arena, &c, &segments[n]))
			n++;
	}
	join_segments(arena, segments, n, &result);
	*out = result;
	return TRUE;
}

const MimeParam *mime_param_find(
	const MimeParam *params, guint n_params, const char *name)
{
	const MimeParam *found = NULL;
	for (guint i = 0; i < n_params; i++) {
		if (!text_equal_nocase(params[i].name, name))
			continue;
		if (params[i].extended)
			return &params[i];
		if (found == NULL)
			found = &params[i];
	}
	return found;
}

static Bytes percent_decode(Arena *arena, Bytes text)
{
	char *out = arena_alloc(arena, text.size + 1);
	gsize size = 0;

	for (gsize i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (c == '%' && i + 2 < text.size &&
			g_ascii_isxdigit(text.data[i + 1]) &&
			g_ascii_isxdigit(text.data[i + 2])) {
			c = (char)(g_ascii_xdigit_value(text.data[i + 1]) * 16 +
				g_ascii_xdigit_value(text.data[i + 2]));
			i += 2;
		}
		out[size++] = c;
	}
	return bytes_of(out, size);
}

/* Cuts charset'language' off an extended value; charset has no bytes where
 * the apostrophes are missing. */
static Bytes cut_charset(Bytes value, Bytes *charset)
{
	const char *end = value.data + value.size;
	const char *first =
		value.size > 0 ? memchr(value.data, '\'', value.size) : NULL;
	const char *second = first != NULL ?
		memchr(first + 1, '\'', (gsize)(end - first - 1)) :
		NULL;

	*charset = bytes_of(NULL, 0);
	if (second == NULL)
		return value;
	*charset = bytes_of(value.data, (gsize)(first - value.data));
	return bytes_of(second + 1, (gsize)(end - second - 1));
}

Bytes mime_param_bytes(Arena *arena, const MimeParam *param)
{
	Bytes charset;
	if (!param->extended)
		return param->value;
	return percent_decode(arena, cut_charset(param->value, &charset));
}

char *mime_param_text(Arena *arena, const MimeParam *param)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (param->extended) {
		Bytes charset;
		Bytes raw = percent_decode(
			arena, cut_charset(param->value, &charset));
		if (charset.size == 0 ||
			!mime_charset_to_utf8(charset, raw, text))
			mime_charset_append_valid(raw, text);
	} else {
		mime_words_append(param->value, text);
	}
	g_autofree char *valid =
		text_make_valid(bytes_of(text->str, text->len));
	return arena_strdup(arena, valid);
}
