/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH's keys: the table, and the tree they are read into. */
#include "syntax/search-key.h"

#include "base/text.h"
#include "mime/charset.h"

typedef struct {
	ImapParser *parser;
	SearchProgram *program;
	SearchFilter **next_filter; /* where the next one is hung up */
	guint count;
	guint texts;
	guint depth; /* of keys within keys, parentheses or not */
	guint fuzzy; /* FUZZY keys around this one */
} Reader;

typedef struct KeyRow KeyRow;
struct KeyRow {
	const char *name;
	/* Reads what follows the name, blank and all, into key. */
	gboolean (*read)(Reader *reader, const KeyRow *row, SearchKey *key);
	SearchKind kind;
	SearchCompare compare;
	guint32 mask;  /* flags that matter */
	guint32 value; /* what they must be */
	const char *field;
};

static gboolean read_key(Reader *reader, SearchKey **key);

/* --- what follows a name --------------------------------------------------- */

static gboolean read_nothing(Reader *reader, const KeyRow *row, SearchKey *key)
{
	(void)reader;
	(void)row;
	(void)key;
	return TRUE;
}

/* A string in the command's charset, as UTF-8. */
static gboolean read_string(Reader *reader, const char **text)
{
	ImapParser *parser = reader->parser;
	g_autoptr(GString) utf8 = g_string_new(NULL);
	const SearchProgram *program = reader->program;
	Bytes bytes;

	if (!parse_space(parser) || !parse_astring(parser, &bytes))
		return FALSE;
	if (++reader->texts > SEARCH_TEXTS_MAX)
		return parse_refuse(parser, "[LIMIT] Too many texts");
	/* Without a charset it is US-ASCII; what has more in it is UTF-8 with
	 * every client seen. */
	if (program->charset.size == 0 || program->refusal != NULL ||
		!mime_charset_to_utf8(program->charset, bytes, utf8)) {
		g_string_truncate(utf8, 0);
		mime_charset_append_valid(bytes, utf8);
	}
	for (gsize i = 0; i < utf8->len; i++) {
		if (utf8->str[i] == '\0')
			utf8->str[i] = ' ';
	}
	*text = arena_copy(parser->arena, utf8->str, utf8->len);
	return TRUE;
}

static gboolean read_text(Reader *reader, const KeyRow *row, SearchKey *key)
{
	(void)row;
	key->fuzzy = reader->fuzzy > 0;
	return read_string(reader, &key->text);
}

/* A header field's name: compared as bytes, whatever the charset. */
static gboolean read_header(Reader *reader, const KeyRow *row, SearchKey *key)
{
	ImapParser *parser = reader->parser;
	Bytes name;

	(void)row;
	if (!parse_space(parser) || !parse_astring(parser, &name))
		return FALSE;
	if (name.size > 0 && memchr(name.data, '\0', name.size) != NULL)
		return parse_fail(parser, "Field name with NUL");
	key->field = arena_copy(parser->arena, name.data, name.size);
	key->fuzzy = reader->fuzzy > 0;
	return read_string(reader, &key->text);
}

/* A keyword's name is an atom (RFC 3501 section 9). */
static gboolean read_keyword(Reader *reader, const KeyRow *row, SearchKey *key)
{
	ImapParser *parser = reader->parser;
	Bytes name;

	(void)row;
	if (!parse_space(parser) || !parse_atom(parser, &name))
		return FALSE;
	key->text = arena_copy(parser->arena, name.data, name.size);
	return TRUE;
}

static gboolean read_day(Reader *reader, const KeyRow *row, SearchKey *key)
{
	(void)row;
	return parse_space(reader->parser) &&
		parse_date(reader->parser, &key->day);
}

static gboolean read_size(Reader *reader, const KeyRow *row, SearchKey *key)
{
	(void)row;
	return parse_space(reader->parser) &&
		parse_number(reader->parser, G_MAXINT64, &key->number);
}

/* RFC 5032 section 3: seconds, and not 0. */
static gboolean read_interval(Reader *reader, const KeyRow *row, SearchKey *key)
{
	ImapParser *parser = reader->parser;

	(void)row;
	reader->program->uses |= SEARCH_USES_AGE;
	if (!parse_space(parser) ||
		!parse_number(parser, G_MAXUINT32, &key->number))
		return FALSE;
	return key->number > 0 || parse_fail(parser, "Number 0");
}

/* "/flags/\\Seen" and "all" narrow it down where a store keeps a modseq for
 * each flag, which this one does not (RFC 7162 section 3.1.5). */
static gboolean read_modseq_entry(ImapParser *parser)
{
	static const char *const types[] = { "all", "priv", "shared" };
	gsize start = parser->pos;
	Bytes name;

	if (!parse_string(parser, &name))
		return FALSE;
	if (!text_has_prefix_nocase(name, "/flags/")) {
		parser->pos = start;
		return parse_fail(parser, "Unknown metadata item");
	}
	if (!parse_space(parser))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		if (parse_accept_word(parser, types[i]))
			return parse_space(parser);
	}
	return parse_fail(parser, "Missing priv, shared or all");
}

static gboolean read_modseq(Reader *reader, const KeyRow *row, SearchKey *key)
{
	ImapParser *parser = reader->parser;

	(void)row;
	reader->program->uses |= SEARCH_USES_MODSEQ;
	if (!parse_space(parser))
		return FALSE;
	if (parse_peek(parser) == '"' && !read_modseq_entry(parser))
		return FALSE;
	return parse_number(parser, G_MAXINT64, &key->number);
}

static gboolean is_object_id(Bytes id)
{
	for (gsize i = 0; i < id.size; i++) {
		if (!g_ascii_isalnum(id.data[i]) && id.data[i] != '_' &&
			id.data[i] != '-')
			return FALSE;
	}
	return id.size >= 1 && id.size <= 255;
}

/* RFC 8474 section 7, objectid. */
static gboolean read_object_id(
	Reader *reader, const KeyRow *row, SearchKey *key)
{
	ImapParser *parser = reader->parser;
	gsize start;
	Bytes id;

	if (!parse_space(parser))
		return FALSE;
	start = parser->pos;
	if (!parse_astring(parser, &id))
		return FALSE;
	if (!is_object_id(id)) {
		parser->pos = start;
		return parse_fail(parser, "Wrong object id");
	}
	key->text = arena_copy(parser->arena, id.data, id.size);
	/* "M" and the number; any other is no message's, as 0 is not. */
	if (row->kind == SEARCH_EMAIL_ID &&
		(id.data[0] != 'M' ||
			!text_to_number(bytes_slice(id, 1, G_MAXSIZE),
				G_MAXINT64, &key->number)))
		key->number = 0;
	return TRUE;
}

static gboolean read_uids(Reader *reader, const KeyRow *row, SearchKey *key)
{
	(void)row;
	return parse_space(reader->parser) &&
		parse_uid_set(reader->parser, &key->set);
}

static gboolean read_child(Reader *reader, const KeyRow *row, SearchKey *key)
{
	(void)row;
	return parse_space(reader->parser) &&
		read_key(reader, &key->first_child);
}

/* RFC 6203 section 3: all keys in the one that follows are meant. */
static gboolean read_fuzzy(Reader *reader, const KeyRow *row, SearchKey *key)
{
	reader->program->uses |= SEARCH_USES_FUZZY;
	reader->fuzzy++;
	if (!read_child(reader, row, key))
		return FALSE;
	reader->fuzzy--;
	return TRUE;
}

static gboolean is_filter_char(char c)
{
	return is_atom_char(c) && c != '/';
}

/* RFC 5466 section 3.1.  Whoever knows the filter puts it in key's place. */
static gboolean read_filter(Reader *reader, const KeyRow *row, SearchKey *key)
{
	ImapParser *parser = reader->parser;
	SearchFilter *filter;
	Bytes name;

	(void)row;
	if (!parse_space(parser) || !parse_atom(parser, &name))
		return FALSE;
	for (gsize i = 0; i < name.size; i++) {
		if (!is_filter_char(name.data[i]))
			return parse_fail(parser, "Wrong name of a filter");
	}
	filter = arena_new_object(parser->arena, SearchFilter);
	filter->name = arena_copy(parser->arena, name.data, name.size);
	filter->key = key;
	filter->fuzzy = reader->fuzzy > 0;
	*reader->next_filter = filter;
	reader->next_filter = &filter->next;
	return TRUE;
}

static gboolean read_two(Reader *reader, const KeyRow *row, SearchKey *key)
{
	return read_child(reader, row, key) && parse_space(reader->parser) &&
		read_key(reader, &key->first_child->next);
}

static SearchKey *new_key(Reader *reader, SearchKind kind)
{
	SearchKey *key = arena_new_object(reader->parser->arena, SearchKey);
	key->kind = kind;
	return key;
}

/* Wraps what stands in key into NOT. */
static void negate(Reader *reader, SearchKey *key)
{
	SearchKey *child = new_key(reader, SEARCH_ALL);

	*child = *key;
	*key = (SearchKey){ .kind = SEARCH_NOT, .first_child = child };
}

static gboolean read_unkeyword(
	Reader *reader, const KeyRow *row, SearchKey *key)
{
	if (!read_keyword(reader, row, key))
		return FALSE;
	negate(reader, key);
	return TRUE;
}

/* RECENT is known to the session alone, as UIDs.  (RFC 9051 has no RECENT, OLD
 * and NEW any more, and forbids no server to know them.) */
static gboolean read_recent(Reader *reader, const KeyRow *row, SearchKey *key)
{
	ImapParser *parser = reader->parser;

	(void)row;
	key->kind = SEARCH_UID;
	key->set = parser->numbers.recent;
	if (key->set == NULL) {
		NumSet *none = numset_new();
		g_ptr_array_add(parser->sets, none);
		key->set = none;
	}
	return TRUE;
}

static gboolean read_old(Reader *reader, const KeyRow *row, SearchKey *key)
{
	if (!read_recent(reader, row, key))
		return FALSE;
	negate(reader, key);
	return TRUE;
}

static gboolean read_new(Reader *reader, const KeyRow *row, SearchKey *key)
{
	SearchKey *recent = new_key(reader, SEARCH_UID);
	SearchKey *unseen = new_key(reader, SEARCH_FLAGS);

	unseen->flags_mask = FLAG_SEEN;
	recent->next = unseen;
	key->first_child = recent;
	return read_recent(reader, row, recent);
}

/* --- the table ------------------------------------------------------------- */

#define FLAG_ROW(name, flag) \
	{ name, read_nothing, SEARCH_FLAGS, 0, flag, flag, NULL }, \
	{ \
		"UN" name, read_nothing, SEARCH_FLAGS, 0, flag, 0, NULL \
	}
#define FIELD_ROW(name, field) \
	{ \
		name, read_text, SEARCH_HEADER, 0, 0, 0, field \
	}
#define DAY_ROW(name, kind, compare) \
	{ \
		name, read_day, kind, compare, 0, 0, NULL \
	}

static const KeyRow keys[] = {
	{ "ALL", read_nothing, SEARCH_ALL, 0, 0, 0, NULL },
	FLAG_ROW("ANSWERED", FLAG_ANSWERED),
	FLAG_ROW("DELETED", FLAG_DELETED),
	FLAG_ROW("DRAFT", FLAG_DRAFT),
	FLAG_ROW("FLAGGED", FLAG_FLAGGED),
	FLAG_ROW("SEEN", FLAG_SEEN),
	{ "KEYWORD", read_keyword, SEARCH_KEYWORD, 0, 0, 0, NULL },
	{ "UNKEYWORD", read_unkeyword, SEARCH_KEYWORD, 0, 0, 0, NULL },
	{ "RECENT", read_recent, SEARCH_UID, 0, 0, 0, NULL },
	{ "OLD", read_old, SEARCH_UID, 0, 0, 0, NULL },
	{ "NEW", read_new, SEARCH_AND, 0, 0, 0, NULL },
	FIELD_ROW("BCC", "Bcc"),
	FIELD_ROW("CC", "Cc"),
	FIELD_ROW("FROM", "From"),
	FIELD_ROW("SUBJECT", "Subject"),
	FIELD_ROW("TO", "To"),
	{ "HEADER", read_header, SEARCH_HEADER, 0, 0, 0, NULL },
	{ "BODY", read_text, SEARCH_BODY, 0, 0, 0, NULL },
	{ "TEXT", read_text, SEARCH_TEXT, 0, 0, 0, NULL },
	DAY_ROW("BEFORE", SEARCH_INTERNAL_DATE, SEARCH_LESS),
	DAY_ROW("ON", SEARCH_INTERNAL_DATE, SEARCH_EQUAL),
	DAY_ROW("SINCE", SEARCH_INTERNAL_DATE, SEARCH_GREATER_EQUAL),
	DAY_ROW("SENTBEFORE", SEARCH_SENT_DATE, SEARCH_LESS),
	DAY_ROW("SENTON", SEARCH_SENT_DATE, SEARCH_EQUAL),
	DAY_ROW("SENTSINCE", SEARCH_SENT_DATE, SEARCH_GREATER_EQUAL),
	DAY_ROW("SAVEDBEFORE", SEARCH_SAVE_DATE, SEARCH_LESS), /* RFC 8514 */
	DAY_ROW("SAVEDON", SEARCH_SAVE_DATE, SEARCH_EQUAL),
	DAY_ROW("SAVEDSINCE", SEARCH_SAVE_DATE, SEARCH_GREATER_EQUAL),
	{ "SAVEDATESUPPORTED", read_nothing, SEARCH_SAVE_DATE_SUPPORTED, 0, 0,
		0, NULL },
	/* RFC 5032 */
	{ "OLDER", read_interval, SEARCH_AGE, SEARCH_GREATER_EQUAL, 0, 0,
		NULL },
	{ "YOUNGER", read_interval, SEARCH_AGE, SEARCH_LESS_EQUAL, 0, 0, NULL },
	{ "LARGER", read_size, SEARCH_SIZE, SEARCH_GREATER, 0, 0, NULL },
	{ "SMALLER", read_size, SEARCH_SIZE, SEARCH_LESS, 0, 0, NULL },
	{ "UID", read_uids, SEARCH_UID, 0, 0, 0, NULL },
	{ "MODSEQ", read_modseq, SEARCH_MODSEQ, 0, 0, 0, NULL }, /* RFC 7162 */
	{ "EMAILID", read_object_id, SEARCH_EMAIL_ID, 0, 0, 0,
		NULL }, /* RFC 8474 */
	{ "THREADID", read_object_id, SEARCH_THREAD_ID, 0, 0, 0, NULL },
	{ "FUZZY", read_fuzzy, SEARCH_AND, 0, 0, 0, NULL },   /* RFC 6203 */
	{ "FILTER", read_filter, SEARCH_ALL, 0, 0, 0, NULL }, /* RFC 5466 */
	{ "NOT", read_child, SEARCH_NOT, 0, 0, 0, NULL },
	{ "OR", read_two, SEARCH_OR, 0, 0, 0, NULL },
};

/* --- keys ------------------------------------------------------------------ */

/* Keys one after the other, all of which must hold. */
static gboolean read_all(Reader *reader, SearchKey *key)
{
	SearchKey **next = &key->first_child;

	key->kind = SEARCH_AND;
	do {
		if (!read_key(reader, next))
			return FALSE;
		next = &(*next)->next;
	} while (parse_peek(reader->parser) == ' ' &&
		parse_accept(reader->parser, ' ') &&
		parse_peek(reader->parser) != '\0');
	return TRUE;
}

static gboolean read_named(Reader *reader, SearchKey *key)
{
	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		const KeyRow *row = &keys[i];
		if (!parse_accept_word(reader->parser, row->name))
			continue;
		*key = (SearchKey){
			.kind = row->kind,
			.compare = row->compare,
			.flags_mask = row->mask,
			.flags_value = row->value,
			.field = row->field,
		};
		return row->read(reader, row, key);
	}
	return parse_fail(reader->parser, "Unknown SEARCH key");
}

static gboolean read_one(Reader *reader, SearchKey *key)
{
	ImapParser *parser = reader->parser;
	char c = parse_peek(parser);
	gboolean beyond;

	if (c == '(')
		return parse_open(parser) && read_all(reader, key) &&
			parse_close(parser);
	if (c != '*' && c != '$' && !g_ascii_isdigit(c))
		return read_named(reader, key);
	/* A number past the last message matches nothing here. */
	key->kind = SEARCH_SEQUENCE;
	return parse_sequence_set(parser, &beyond, &key->set);
}

static gboolean read_key(Reader *reader, SearchKey **key)
{
	if (++reader->count > SEARCH_KEYS_MAX)
		return parse_fail(reader->parser, "Too many keys");
	if (++reader->depth > PARSE_DEPTH_MAX)
		return parse_fail(reader->parser, "Nested too deeply");
	*key = new_key(reader, SEARCH_ALL);
	gboolean ok = read_one(reader, *key);
	reader->depth--;
	return ok;
}

static gboolean read_charset(Reader *reader)
{
	g_autoptr(GString) nothing = g_string_new(NULL);
	SearchProgram *program = reader->program;

	program->has_charset = TRUE;
	if (!parse_space(reader->parser) ||
		!parse_astring(reader->parser, &program->charset))
		return FALSE;
	if (!mime_charset_to_utf8(program->charset, bytes_of("", 0), nothing))
		program->refusal =
			"[BADCHARSET (US-ASCII UTF-8)] Unknown charset";
	return TRUE;
}

static Reader reader_of(ImapParser *parser, SearchProgram *program)
{
	Reader reader = { .parser = parser,
		.program = program,
		.next_filter = &program->filters };

	*program = (SearchProgram){ .key = new_key(&reader, SEARCH_AND) };
	return reader;
}

gboolean search_key_parse(ImapParser *parser, SearchProgram *program)
{
	Reader reader = reader_of(parser, program);

	if (parse_accept_word(parser, "CHARSET") &&
		(!read_charset(&reader) || !parse_space(parser)))
		return FALSE;
	return read_all(&reader, program->key);
}

gboolean search_key_parse_charset(ImapParser *parser, SearchProgram *program)
{
	Reader reader = reader_of(parser, program);

	return read_charset(&reader) && parse_space(parser) &&
		read_all(&reader, program->key);
}
