/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tokens of a command (RFC 3501 section 9), out of bytes, without I/O. */
#include "syntax/parse.h"

#include "base/text.h"

void parser_init(ImapParser *parser, Arena *arena, const ImapChunk *chunks,
	guint n_chunks, GPtrArray *sets)
{
	*parser = (ImapParser){ .arena = arena,
		.chunks = chunks,
		.n_chunks = n_chunks,
		.sets = sets };
}

void parser_free_set(gpointer set)
{
	NumSet *number_set = set;
	numset_free(&number_set);
}

guint parser_column(const ImapParser *parser)
{
	return (guint)parser->pos + 1;
}

guint parser_line(const ImapParser *parser)
{
	return parser->chunk + 1;
}

gboolean parse_fail(ImapParser *parser, const char *error)
{
	parser->status = PARSE_ERROR;
	parser->error = error;
	return FALSE;
}

gboolean parse_fail_whole(ImapParser *parser, const char *error)
{
	parser->is_whole = TRUE;
	return parse_fail(parser, error);
}

gboolean parse_refuse(ImapParser *parser, const char *refusal)
{
	parser->status = PARSE_REFUSED;
	parser->refusal = refusal;
	return FALSE;
}

/* --- single bytes ---------------------------------------------------------- */

static Bytes rest_of_line(const ImapParser *parser)
{
	return bytes_slice(
		parser->chunks[parser->chunk].line, parser->pos, G_MAXSIZE);
}

/* CTL, SP, ( ) { % * " \ ] are no atom characters; 8-bit bytes are none
 * either. */
static gboolean is_plain(char c)
{
	return (guchar)c > 0x20 && (guchar)c < 0x7f;
}

gboolean is_atom_char(char c)
{
	return is_plain(c) && strchr("(){%*\"\\]", c) == NULL;
}

static gboolean is_astring_char(char c)
{
	return is_atom_char(c) || c == ']';
}

static gboolean is_list_char(char c)
{
	return is_astring_char(c) || c == '%' || c == '*';
}

static gboolean is_tag_char(char c)
{
	return is_astring_char(c) && c != '+';
}

static gboolean is_word_char(char c)
{
	return g_ascii_isalnum(c) || c == '.' || c == '-';
}

char parse_peek(const ImapParser *parser)
{
	Bytes rest = rest_of_line(parser);
	return rest.size > 0 ? rest.data[0] : '\0';
}

gboolean parse_accept(ImapParser *parser, char c)
{
	Bytes rest = rest_of_line(parser);

	if (rest.size == 0 || rest.data[0] != c)
		return FALSE;
	parser->pos++;
	return TRUE;
}

gboolean parse_accept_word(ImapParser *parser, const char *word)
{
	Bytes rest = rest_of_line(parser);
	gsize size = strlen(word);

	if (!text_has_prefix_nocase(rest, word) ||
		(rest.size > size && is_word_char(rest.data[size])))
		return FALSE;
	parser->pos += size;
	return TRUE;
}

gboolean parse_char(ImapParser *parser, char c)
{
	if (parse_accept(parser, c))
		return TRUE;
	return parse_fail(parser, arena_printf(parser->arena, "Missing %c", c));
}

gboolean parse_space(ImapParser *parser)
{
	return parse_accept(parser, ' ') || parse_fail(parser, "Missing space");
}

gboolean parse_end(ImapParser *parser)
{
	while (parse_accept(parser, ' '))
		continue;
	if (rest_of_line(parser).size > 0)
		return parse_fail(parser, "Unexpected argument");
	return TRUE;
}

gboolean parse_open(ImapParser *parser)
{
	if (!parse_char(parser, '('))
		return FALSE;
	if (++parser->depth > PARSE_DEPTH_MAX)
		return parse_fail(parser, "Nested too deeply");
	return TRUE;
}

gboolean parse_close(ImapParser *parser)
{
	if (!parse_char(parser, ')'))
		return FALSE;
	parser->depth--;
	return TRUE;
}

/* --- strings --------------------------------------------------------------- */

static gboolean parse_run(ImapParser *parser, gboolean (*fits)(char c),
	const char *missing, Bytes *run)
{
	Bytes rest = rest_of_line(parser);
	gsize size = 0;

	while (size < rest.size && fits(rest.data[size]))
		size++;
	if (size == 0)
		return parse_fail(parser, missing);
	parser->pos += size;
	*run = bytes_slice(rest, 0, size);
	return TRUE;
}

gboolean parse_word(ImapParser *parser, Bytes *word)
{
	return parse_run(parser, is_word_char, "Missing word", word);
}

gboolean parse_tag(ImapParser *parser, Bytes *tag)
{
	return parse_run(parser, is_tag_char, "Missing tag", tag);
}

gboolean parse_atom(ImapParser *parser, Bytes *atom)
{
	return parse_run(parser, is_atom_char, "Missing atom", atom);
}

gboolean literal_at_end(Bytes line, ImapLiteral *literal)
{
	gsize end = line.size;

	if (end < 3 || line.data[end - 1] != '}')
		return FALSE;
	end--;
	gboolean is_sync = line.data[end - 1] != '+';
	if (!is_sync)
		end--;
	gsize start = end;
	while (start > 0 && g_ascii_isdigit(line.data[start - 1]))
		start--;
	if (start == 0 || line.data[start - 1] != '{')
		return FALSE;
	/* One too large for a number is still one, to be refused. */
	guint64 size = G_MAXUINT64;
	Bytes number = bytes_slice(line, start, end - start);
	if (number.size == 0)
		return FALSE;
	if (!text_to_number(number, G_MAXINT64, &size))
		size = G_MAXUINT64;
	*literal = (ImapLiteral){ size, is_sync };
	return TRUE;
}

static gboolean parse_literal_for(
	ImapParser *parser, ImapLiteralUse use, Bytes *string)
{
	Bytes rest = rest_of_line(parser);
	const ImapChunk *chunk = &parser->chunks[parser->chunk];
	ImapLiteral literal;

	if (!literal_at_end(rest, &literal) ||
		memchr(rest.data + 1, '{', rest.size - 1) != NULL)
		return parse_fail(parser, "Broken literal");
	if (!chunk->has_literal) {
		parser->status = PARSE_LITERAL;
		parser->literal = literal;
		parser->literal_use = use;
		return FALSE;
	}
	*string = chunk->literal;
	parser->chunk++;
	parser->pos = 0;
	return TRUE;
}

/* The bytes up to the closing quote; *escaped tells of backslashes. */
static gboolean quoted_size(
	ImapParser *parser, Bytes rest, gsize *size, gboolean *escaped)
{
	gsize i = 0;

	*escaped = FALSE;
	while (i < rest.size && rest.data[i] != '"') {
		if (rest.data[i] == '\\') {
			*escaped = TRUE;
			i++;
		}
		if (i < rest.size &&
			(rest.data[i] == '\0' || rest.data[i] == '\r')) {
			parser->pos += i + 1;
			return parse_fail(
				parser, "Quoted string with NUL or CR");
		}
		i++;
	}
	if (i >= rest.size) {
		parser->pos += rest.size + 1;
		return parse_fail(parser, "Missing \"");
	}
	*size = i;
	return TRUE;
}

static gboolean parse_quoted(ImapParser *parser, Bytes *string)
{
	Bytes rest = bytes_slice(rest_of_line(parser), 1, G_MAXSIZE);
	gboolean escaped;
	gsize size;

	if (!quoted_size(parser, rest, &size, &escaped))
		return FALSE;
	if (parser->is_utf8 && size > 0 &&
		!g_utf8_validate_len(rest.data, size, NULL))
		return parse_fail(parser, "Quoted string is not in UTF-8");
	parser->pos += size + 2;
	*string = bytes_slice(rest, 0, size);
	if (!escaped)
		return TRUE;
	char *out = arena_alloc(parser->arena, size);
	gsize used = 0;
	for (gsize i = 0; i < size; i++) {
		if (rest.data[i] == '\\')
			i++;
		out[used++] = rest.data[i];
	}
	*string = bytes_of(out, used);
	return TRUE;
}

gboolean parse_string(ImapParser *parser, Bytes *string)
{
	switch (parse_peek(parser)) {
	case '"':
		return parse_quoted(parser, string);
	case '{':
		return parse_literal_for(parser, LITERAL_STRING, string);
	default:
		return parse_fail(parser, "Missing string");
	}
}

static gboolean starts_string(const ImapParser *parser)
{
	char c = parse_peek(parser);
	return c == '"' || c == '{';
}

gboolean parse_astring(ImapParser *parser, Bytes *string)
{
	if (starts_string(parser))
		return parse_string(parser, string);
	return parse_run(parser, is_astring_char, "Missing argument", string);
}

gboolean parse_list_mailbox(ImapParser *parser, Bytes *pattern)
{
	if (starts_string(parser))
		return parse_string(parser, pattern);
	return parse_run(parser, is_list_char, "Missing pattern", pattern);
}

gboolean parse_nstring(ImapParser *parser, Bytes *string, gboolean *is_nil)
{
	*is_nil = parse_accept_word(parser, "NIL");
	return *is_nil || parse_string(parser, string);
}

gboolean parse_message(ImapParser *parser, ImapLiteralUse use, Bytes *message)
{
	gsize start = parser->pos;

	parse_accept(parser, '~');
	if (parse_peek(parser) == '{')
		return parse_literal_for(parser, use, message);
	parser->pos = start;
	return parse_fail(parser, "Missing literal");
}

/* --- numbers --------------------------------------------------------------- */

static gboolean is_digit(char c)
{
	return g_ascii_isdigit(c);
}

gboolean parse_number(ImapParser *parser, guint64 max, guint64 *number)
{
	gsize start = parser->pos;
	Bytes digits;

	if (!parse_run(parser, is_digit, "Missing number", &digits))
		return FALSE;
	if (text_to_number(digits, max, number))
		return TRUE;
	parser->pos = start;
	return parse_fail(parser, "Number too large");
}

/* One end of a range: a number, or "*". */
static gboolean parse_set_number(
	ImapParser *parser, guint32 star, guint32 *number)
{
	guint64 value;

	if (parse_accept(parser, '*')) {
		*number = star;
		return TRUE;
	}
	if (!parse_number(parser, G_MAXUINT32, &value))
		return FALSE;
	if (value == 0) {
		parser->pos--;
		return parse_fail(parser, "Number 0");
	}
	*number = (guint32)value;
	return TRUE;
}

static gint compare_ranges(gconstpointer a, gconstpointer b)
{
	const NumRange *left = a;
	const NumRange *right = b;
	return (left->first > right->first) - (left->first < right->first);
}

/* Sorted first, so that a set in a bad order costs no more. */
static const NumSet *set_of_ranges(ImapParser *parser, GArray *ranges)
{
	NumSet *set = numset_new();

	g_array_sort(ranges, compare_ranges);
	for (guint i = 0; i < ranges->len; i++) {
		NumRange range = g_array_index(ranges, NumRange, i);
		numset_add_range(set, range.first, range.last);
	}
	g_ptr_array_add(parser->sets, set);
	return set;
}

/* Saved UIDs as they are, or as numbers of the messages still there. */
static void add_saved(
	const ImapNumbers *numbers, gboolean as_uids, GArray *ranges)
{
	const NumSet *saved = numbers->saved;

	for (guint i = 0; saved != NULL && i < numset_range_count(saved); i++) {
		NumRange range = numset_range(saved, i);
		if (!as_uids) {
			guint32 last = range.last;
			range.first =
				view_lower_bound(numbers->view, range.first) +
				1;
			range.last = last == G_MAXUINT32 ?
				numbers->view->count :
				view_lower_bound(numbers->view, last + 1);
		}
		if (range.first <= range.last)
			g_array_append_val(ranges, range);
	}
}

/* "n:*" is the last message where n is past it (RFC 3501 section 9,
 * seq-range); where there is no message (star 0) a range with "*" is empty. */
static gboolean parse_set(
	ImapParser *parser, guint32 star, gboolean as_uids, GArray *ranges)
{
	gboolean has_saved = FALSE;
	guint count = 0;

	do {
		if (++count > PARSE_RANGES_MAX)
			return parse_fail(parser, "Set too long");
		guint32 first, last;
		if (parse_accept(parser, '$')) {
			if (!has_saved)
				add_saved(&parser->numbers, as_uids, ranges);
			has_saved = TRUE;
			continue;
		}
		gboolean has_star = parse_peek(parser) == '*';
		if (!parse_set_number(parser, star, &first))
			return FALSE;
		last = first;
		if (parse_accept(parser, ':')) {
			has_star |= parse_peek(parser) == '*';
			if (!parse_set_number(parser, star, &last))
				return FALSE;
		}
		NumRange range = { MIN(first, last), MAX(first, last) };
		if (has_star && star == 0)
			continue;
		if (has_star)
			range.last = star;
		range.first = MIN(range.first, range.last);
		g_array_append_val(ranges, range);
	} while (parse_accept(parser, ','));
	return TRUE;
}

gboolean parse_sequence_set(
	ImapParser *parser, gboolean *beyond, const NumSet **set)
{
	g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(NumRange));
	guint32 messages = parser->numbers.messages;
	gboolean is_beyond = FALSE;

	if (parser->numbers.uid_only)
		return parse_fail_whole(
			parser, "[UIDREQUIRED] Only UIDs after UIDONLY");
	if (!parse_set(parser, messages, FALSE, ranges))
		return FALSE;
	for (guint i = 0; i < ranges->len; i++)
		is_beyond |= g_array_index(ranges, NumRange, i).last > messages;
	if (is_beyond && beyond == NULL) {
		return parse_fail_whole(parser,
			arena_printf(parser->arena,
				"No such message, the last is %u", messages));
	}
	if (beyond != NULL)
		*beyond = is_beyond;
	*set = set_of_ranges(parser, ranges);
	return TRUE;
}

gboolean parse_uid_set(ImapParser *parser, const NumSet **set)
{
	g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(NumRange));

	if (!parse_set(parser, parser->numbers.last_uid, TRUE, ranges))
		return FALSE;
	*set = set_of_ranges(parser, ranges);
	return TRUE;
}

/* One end of a range that cannot be "*". */
static gboolean parse_plain_number(ImapParser *parser, guint32 *number)
{
	if (parse_peek(parser) == '*')
		return parse_fail(parser, "No * here");
	return parse_set_number(parser, 0, number);
}

gboolean parse_plain_set(ImapParser *parser, const NumSet **set)
{
	g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(NumRange));

	do {
		NumRange range;
		if (ranges->len >= PARSE_RANGES_MAX)
			return parse_fail(parser, "Set too long");
		if (!parse_plain_number(parser, &range.first))
			return FALSE;
		range.last = range.first;
		if (parse_accept(parser, ':') &&
			!parse_plain_number(parser, &range.last))
			return FALSE;
		if (range.first > range.last) {
			guint32 first = range.last;
			range.last = range.first;
			range.first = first;
		}
		g_array_append_val(ranges, range);
	} while (parse_accept(parser, ','));
	*set = set_of_ranges(parser, ranges);
	return TRUE;
}

gboolean parse_modseq(ImapParser *parser, guint64 *modseq)
{
	return parse_number(parser, G_MAXINT64, modseq);
}

/* --- flags ----------------------------------------------------------------- */

static gboolean has_keyword(GPtrArray *keywords, Bytes name)
{
	for (guint i = 0; i < keywords->len; i++) {
		if (text_equal_nocase(name, keywords->pdata[i]))
			return TRUE;
	}
	return FALSE;
}

static gboolean parse_flag(
	ImapParser *parser, Flags *flags, GPtrArray *keywords)
{
	gsize start = parser->pos;
	gboolean is_system = parse_accept(parser, '\\');
	Bytes name;

	if (!parse_run(parser, is_atom_char, "Missing flag", &name))
		return FALSE;
	if (!is_system) {
		if (name.size > FLAG_KEYWORD_SIZE_MAX)
			return parse_refuse(parser, "[LIMIT] Keyword too long");
		if (!has_keyword(keywords, name))
			g_ptr_array_add(keywords,
				arena_copy(
					parser->arena, name.data, name.size));
		return TRUE;
	}
	name = bytes_of(name.data - 1, name.size + 1);
	Flags flag = flag_of_name(name);
	/* RFC 3501 section 2.3.2: a client cannot change \Recent; and it knows
	 * of no other flag that begins so. */
	if (flag == 0) {
		parser->pos = start;
		return parse_fail(parser,
			text_equal_nocase(name, "\\Recent") ?
				"\\Recent cannot be set" :
				"Unknown flag");
	}
	*flags |= flag;
	return TRUE;
}

gboolean parse_flags(ImapParser *parser, gboolean bare, ImapFlags *out)
{
	g_autoptr(GPtrArray) keywords = g_ptr_array_new();
	gboolean in_list = !bare || parse_peek(parser) == '(';
	Flags flags = 0;
	guint count = 0;

	if (in_list && !parse_open(parser))
		return FALSE;
	if (!in_list || parse_peek(parser) != ')') {
		do {
			if (++count > PARSE_FLAGS_MAX)
				return parse_refuse(
					parser, "[LIMIT] Too many flags");
			if (!parse_flag(parser, &flags, keywords))
				return FALSE;
		} while (parse_accept(parser, ' '));
	}
	if (in_list && !parse_close(parser))
		return FALSE;
	const char **names =
		arena_new_array(parser->arena, const char *, keywords->len + 1);
	for (guint i = 0; i < keywords->len; i++)
		names[i] = keywords->pdata[i];
	*out = (ImapFlags){ flags, names };
	return TRUE;
}

/* --- dates ----------------------------------------------------------------- */

gboolean parse_date(ImapParser *parser, CalendarDay *day)
{
	gsize start = parser->pos;
	Bytes text;

	if (!(starts_string(parser) ? parse_string(parser, &text) :
				      parse_atom(parser, &text)))
		return FALSE;
	if (calendar_day_parse(text, day))
		return TRUE;
	parser->pos = start;
	return parse_fail(parser, "Wrong date, it should be like 1-Feb-1994");
}

gboolean parse_date_time(ImapParser *parser, Timestamp *time)
{
	gsize start = parser->pos;
	Bytes text;

	if (parse_peek(parser) != '"')
		return parse_fail(parser, "Missing date");
	if (!parse_quoted(parser, &text))
		return FALSE;
	if (timestamp_parse_imap(text, time))
		return TRUE;
	parser->pos = start;
	return parse_fail(parser,
		"Wrong date, it should be like "
		"\"17-Jul-1996 02:44:25 -0700\"");
}
