/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A source as tokens (RFC 5228 section 8.1). */
#include "sieve/lex.h"

#include "base/text.h"

/* ---- Where we are ---- */

static char at(const SieveLexer *lexer, gsize offset)
{
	gsize pos = lexer->pos + offset;
	return pos < lexer->source.size ? lexer->source.data[pos] : '\0';
}

static gboolean is_at_end(const SieveLexer *lexer)
{
	return lexer->pos >= lexer->source.size;
}

static void advance(SieveLexer *lexer, gsize n)
{
	for (; n > 0 && !is_at_end(lexer); n--) {
		guchar c = (guchar)lexer->source.data[lexer->pos++];
		if (c == '\n') {
			lexer->place.line++;
			lexer->place.column = 1;
		} else if ((c & 0xc0) != 0x80) {
			lexer->place.column++;
		}
	}
}

/* Bytes of the line end here: 0, 1 (LF) or 2 (CRLF). */
static gsize line_end(const SieveLexer *lexer)
{
	if (at(lexer, 0) == '\n')
		return 1;
	return at(lexer, 0) == '\r' && at(lexer, 1) == '\n' ? 2 : 0;
}

static void tell(SieveLexer *lexer, SievePlace place, const char *text)
{
	sieve_report_error(lexer->report, lexer->script, place, "%s", text);
}

/* ---- The source ---- */

/* The one byte that cannot stand in a script becomes a question mark, so that
 * what is behind it is read and told, too. */
static void tell_nuls(SieveLexer *lexer, char *copy, gsize size)
{
	char *bad;

	while ((bad = memchr(copy + lexer->pos, '\0', size - lexer->pos)) !=
		NULL) {
		advance(lexer, (gsize)(bad - copy) - lexer->pos);
		tell(lexer, lexer->place, "NUL must not stand in a script");
		*bad = '?';
	}
	lexer->pos = 0;
	lexer->place = (SievePlace){ 1, 1 };
}

void sieve_lexer_init(SieveLexer *lexer, Arena *arena, SieveReport *report,
	const char *script, Bytes source)
{
	if (source.size >= 3 && memcmp(source.data, "\xef\xbb\xbf", 3) == 0)
		source = bytes_slice(source, 3, source.size);
	char *copy = arena_copy(arena, source.data, source.size);
	*lexer = (SieveLexer){
		.arena = arena,
		.report = report,
		.script = script,
		.source = { copy, source.size },
		.place = { 1, 1 },
		.end = { 1, 1 },
		.text = g_string_new(NULL),
	};
	tell_nuls(lexer, copy, source.size);
}

void sieve_lexer_clear(SieveLexer *lexer)
{
	g_string_free(lexer->text, TRUE);
	lexer->text = NULL;
}

/* ---- Between tokens ---- */

static void skip_line_comment(SieveLexer *lexer)
{
	while (!is_at_end(lexer) && at(lexer, 0) != '\n')
		advance(lexer, 1);
}

static void skip_bracket_comment(SieveLexer *lexer)
{
	SievePlace place = lexer->place;
	advance(lexer, 2);
	while (!is_at_end(lexer)) {
		if (at(lexer, 0) == '*' && at(lexer, 1) == '/') {
			advance(lexer, 2);
			return;
		}
		advance(lexer, 1);
	}
	tell(lexer, place, "this comment has no */ at its end");
}

static void skip_blanks(SieveLexer *lexer)
{
	while (!is_at_end(lexer)) {
		char c = at(lexer, 0);
		if (c == ' ' || c == '\t' || line_end(lexer) > 0)
			advance(lexer, 1 + (c == '\r'));
		else if (c == '#')
			skip_line_comment(lexer);
		else if (c == '/' && at(lexer, 1) == '*')
			skip_bracket_comment(lexer);
		else
			return;
	}
}

/* ---- Tokens ---- */

static gboolean begins_identifier(char c)
{
	return g_ascii_isalpha(c) || c == '_';
}

static Bytes take_identifier(SieveLexer *lexer)
{
	const char *start = lexer->source.data + lexer->pos;
	gsize size = 0;
	while (begins_identifier(at(lexer, size)) ||
		g_ascii_isdigit(at(lexer, size)))
		size++;
	advance(lexer, size);
	return bytes_of(start, size);
}

static const struct {
	char letter;
	guint shift;
} quantifiers[] = { { 'K', 10 }, { 'M', 20 }, { 'G', 30 } };

static guint take_quantifier(SieveLexer *lexer)
{
	for (guint i = 0; i < G_N_ELEMENTS(quantifiers); i++) {
		if (g_ascii_toupper(at(lexer, 0)) == quantifiers[i].letter) {
			advance(lexer, 1);
			return quantifiers[i].shift;
		}
	}
	return 0;
}

static void take_number(SieveLexer *lexer, SieveToken *token)
{
	token->kind = SIEVE_TOKEN_NUMBER;
	gboolean is_too_large = FALSE;
	for (; g_ascii_isdigit(at(lexer, 0)); advance(lexer, 1)) {
		guint64 digit = (guint64)(at(lexer, 0) - '0');
		if (token->number > (G_MAXUINT64 - digit) / 10)
			is_too_large = TRUE;
		else
			token->number = token->number * 10 + digit;
	}
	guint shift = take_quantifier(lexer);
	if (token->number > G_MAXUINT64 >> shift)
		is_too_large = TRUE;
	token->number = is_too_large ? G_MAXUINT64 : token->number << shift;
	if (is_too_large)
		tell(lexer, token->place,
			"this number is too large; 2^64 - 1 is the largest");
	if (begins_identifier(at(lexer, 0))) {
		take_identifier(lexer);
		tell(lexer, token->place,
			"a number ends with K, M, G or none of them");
	}
}

static Bytes keep_text(SieveLexer *lexer)
{
	return bytes_of(
		arena_copy(lexer->arena, lexer->text->str, lexer->text->len),
		lexer->text->len);
}

/* A run of bytes that mean themselves. */
static void take_plain(SieveLexer *lexer, const char *stops)
{
	const char *start = lexer->source.data + lexer->pos;
	gsize size = strcspn(start, stops);
	g_string_append_len(lexer->text, start, (gssize)size);
	advance(lexer, size);
}

/* One byte or one line end, which all scripts write as CRLF in the end. */
static void take_one(SieveLexer *lexer)
{
	gsize end = line_end(lexer);
	if (end > 0)
		g_string_append(lexer->text, "\r\n");
	else
		g_string_append_c(lexer->text, at(lexer, 0));
	advance(lexer, MAX(end, 1));
}

static void take_quoted(SieveLexer *lexer, SieveToken *token)
{
	token->kind = SIEVE_TOKEN_STRING;
	g_string_truncate(lexer->text, 0);
	advance(lexer, 1);
	while (!is_at_end(lexer) && at(lexer, 0) != '"') {
		if (at(lexer, 0) == '\\')
			advance(lexer, 1);
		if (is_at_end(lexer))
			break;
		take_one(lexer);
		take_plain(lexer, "\"\\\r\n");
	}
	token->text = keep_text(lexer);
	if (is_at_end(lexer)) {
		tell(lexer, token->place, "this string has no \" at its end");
		token->kind = SIEVE_TOKEN_BAD;
	}
	advance(lexer, 1);
}

/* FALSE: it was the line with nothing but a dot, or there is no such line. */
static gboolean take_text_line(SieveLexer *lexer)
{
	if (at(lexer, 0) == '.') {
		advance(lexer, 1);
		gsize end = line_end(lexer);
		if (end > 0 || is_at_end(lexer)) {
			advance(lexer, end);
			return FALSE;
		}
		/* Of two dots the first goes.  One dot before other text should
		 * not be there, and stays (RFC 5228 section 2.4.2). */
		if (at(lexer, 0) != '.')
			g_string_append_c(lexer->text, '.');
	}
	while (!is_at_end(lexer) && line_end(lexer) == 0) {
		take_one(lexer);
		take_plain(lexer, "\r\n");
	}
	if (!is_at_end(lexer))
		take_one(lexer);
	return !is_at_end(lexer);
}

/* What follows text: on its line. */
static void take_text(SieveLexer *lexer, SieveToken *token)
{
	token->kind = SIEVE_TOKEN_STRING;
	g_string_truncate(lexer->text, 0);
	while (at(lexer, 0) == ' ' || at(lexer, 0) == '\t')
		advance(lexer, 1);
	if (at(lexer, 0) == '#')
		skip_line_comment(lexer);
	if (line_end(lexer) == 0) {
		tell(lexer, lexer->place,
			"the text begins on the line behind text:");
		skip_line_comment(lexer);
	}
	advance(lexer, line_end(lexer));
	while (take_text_line(lexer))
		;
	token->text = keep_text(lexer);
}

static gboolean text_is_closed(const SieveLexer *lexer)
{
	const char *data = lexer->source.data;
	gsize end = lexer->pos;
	while (end > 0 && (data[end - 1] == '\n' || data[end - 1] == '\r'))
		end--;
	return end >= 2 && data[end - 1] == '.' && data[end - 2] == '\n';
}

static void take_word(SieveLexer *lexer, SieveToken *token)
{
	token->text = take_identifier(lexer);
	token->kind = SIEVE_TOKEN_IDENTIFIER;
	if (at(lexer, 0) != ':' || !text_equal_nocase(token->text, "text"))
		return;
	advance(lexer, 1);
	take_text(lexer, token);
	if (is_at_end(lexer) && !text_is_closed(lexer)) {
		tell(lexer, token->place,
			"this text: has no line with a dot alone at its end");
		token->kind = SIEVE_TOKEN_BAD;
	}
}

static void take_tag(SieveLexer *lexer, SieveToken *token)
{
	advance(lexer, 1);
	token->kind = SIEVE_TOKEN_TAG;
	if (begins_identifier(at(lexer, 0))) {
		token->text = take_identifier(lexer);
		return;
	}
	token->kind = SIEVE_TOKEN_BAD;
	tell(lexer, token->place, "a colon must stand before a tag's name");
}

#define MARKS ";,()[]{}"

/* Quotes of other languages, and those that word processors make of ours. */
static gboolean begins_quote(const char *text)
{
	static const char *const quotes[] = { "'", "`", "\u2018", "\u2019",
		"\u201a", "\u201c", "\u201d", "\u201e", "\u00ab", "\u00bb" };

	for (guint i = 0; i < G_N_ELEMENTS(quotes); i++) {
		if (g_str_has_prefix(text, quotes[i]))
			return TRUE;
	}
	return FALSE;
}

/* All that nothing can be made of, up to where something may begin. */
static void take_garbage(SieveLexer *lexer, SieveToken *token)
{
	token->kind = SIEVE_TOKEN_BAD;
	const char *start = lexer->source.data + lexer->pos;
	gsize size = MAX(strcspn(start, " \t\r\n\"#:" MARKS), 1);
	g_autofree char *valid =
		g_utf8_make_valid(start, (gssize)MIN(size, 40));
	advance(lexer, size);
	if (*start == '\r')
		tell(lexer, token->place, "CR without LF behind it");
	else if (begins_quote(start))
		sieve_report_error(lexer->report, lexer->script, token->place,
			"'%s' means nothing here: a string stands in quotes "
			"like \"this\"",
			valid);
	else
		sieve_report_error(lexer->report, lexer->script, token->place,
			"'%s' means nothing here", valid);
}

SieveToken sieve_lexer_next(SieveLexer *lexer)
{
	lexer->end = lexer->place;
	skip_blanks(lexer);
	SieveToken token = { .kind = SIEVE_TOKEN_END, .place = lexer->place };
	char c = at(lexer, 0);
	if (is_at_end(lexer))
		return token;
	if (begins_identifier(c)) {
		take_word(lexer, &token);
	} else if (g_ascii_isdigit(c)) {
		take_number(lexer, &token);
	} else if (c == '"') {
		take_quoted(lexer, &token);
	} else if (c == ':') {
		take_tag(lexer, &token);
	} else if (strchr(MARKS, c) != NULL) {
		token.kind = SIEVE_TOKEN_MARK;
		token.mark = c;
		advance(lexer, 1);
	} else {
		take_garbage(lexer, &token);
	}
	return token;
}
