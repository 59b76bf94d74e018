/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address lists (RFC 5322 section 3.4), as lenient as mail is broken. */
#include "mime/address.h"

#include "mime/words.h"

/* One list being read, and the address that is being put together. */
typedef struct {
	Arena *arena;
	GArray *items;
	gboolean truncated;
	gboolean in_group;
	const char *at;
	const char *end;
	GString *words;   /* display name, or a bare local part */
	gsize last_word;  /* where its last blank-separated word begins */
	gboolean several; /* it has more than one */
	gboolean gap;     /* blanks since the last word */
	gboolean glue;    /* the last word was a dot alone */
	Bytes comment;
	MimeAddress address;
	gboolean have_address;
	gboolean in_angle; /* the address stood in angle brackets */
} Parser;

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static Bytes keep(Parser *p, const char *data, gsize size)
{
	return bytes_of(arena_copy(p->arena, data, size), size);
}

static gboolean list_full(Parser *p)
{
	if (p->items->len < MIME_ADDRESSES_MAX)
		return FALSE;
	p->truncated = TRUE;
	return TRUE;
}

static void forget_words(Parser *p)
{
	g_string_truncate(p->words, 0);
	p->last_word = 0;
	p->several = FALSE;
	p->gap = FALSE;
	p->glue = FALSE;
}

/* Adds a word to the display name. */
static void add_word(Parser *p, const char *data, gsize size)
{
	/* "joe . smith" is one local part (RFC 5322 section 4.4). */
	gboolean joined = p->glue || (size > 0 && *data == '.');
	if (p->gap && !joined) {
		if (p->words->len > 0) {
			g_string_append_c(p->words, ' ');
			p->several = TRUE;
		}
		p->last_word = p->words->len;
	}
	p->gap = FALSE;
	p->glue = size == 1 && *data == '.';
	g_string_append_len(p->words, data, (gssize)size);
}

/* Reads a comment; its text stands in for a missing display name. */
static void read_comment(Parser *p)
{
	g_autoptr(GString) text = g_string_new(NULL);
	gsize depth = 1;

	for (p->at++; p->at < p->end && depth > 0; p->at++) {
		char c = *p->at;
		if (c == '\\' && p->at + 1 < p->end)
			c = *++p->at;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			continue;
		g_string_append_c(text, c);
	}
	p->gap = TRUE;
	g_strstrip(text->str);
	gsize size = strlen(text->str);
	if (size > 0)
		p->comment = keep(p, text->str, size);
}

static void read_quoted(Parser *p, GString *out)
{
	for (p->at++; p->at < p->end && *p->at != '"'; p->at++) {
		if (*p->at == '\\' && p->at + 1 < p->end)
			p->at++;
		g_string_append_c(out, *p->at);
	}
	if (p->at < p->end)
		p->at++;
}

static void skip_blanks(Parser *p)
{
	while (p->at < p->end) {
		if (is_blank(*p->at))
			p->at++;
		else if (*p->at == '(')
			read_comment(p);
		else
			return;
	}
}

/* A domain up to one of the stops; blanks only around its dots. */
static Bytes read_domain(Parser *p, const char *stops)
{
	g_autoptr(GString) text = g_string_new(NULL);
	gboolean literal = FALSE;

	skip_blanks(p);
	while (p->at < p->end) {
		char c = *p->at;
		if (!literal && strchr(stops, c) != NULL)
			break;
		if (!literal && (is_blank(c) || c == '(')) {
			skip_blanks(p);
			gboolean dot = text->len > 0 &&
				text->str[text->len - 1] == '.';
			if (dot || (p->at < p->end && *p->at == '.'))
				continue;
			break;
		}
		literal = c == '[' || (literal && c != ']');
		g_string_append_c(text, c);
		p->at++;
	}
	return keep(p, text->str, text->len);
}

/* "@a,@b:" before the local part of an obsolete route. */
static void read_route(Parser *p)
{
	const char *colon = p->at;
	while (colon < p->end && strchr(":<>;", *colon) == NULL)
		colon++;
	if (colon == p->end || *colon != ':')
		return;
	p->address.route = keep(p, p->at, (gsize)(colon - p->at));
	p->at = colon + 1;
}

/* Reads a local part up to one of the stops.  Words with a blank between, where
 * only dots may be (RFC 5322 section 4.4), keep one: put together they could be
 * another's address. */
static Bytes read_local(Parser *p, const char *stops)
{
	g_autoptr(GString) local = g_string_new(NULL);
	gboolean may_part = FALSE; /* the last one was no dot */
	gboolean gap = FALSE;

	while (p->at < p->end && strchr(stops, *p->at) == NULL) {
		char c = *p->at;
		if (is_blank(c) || c == '(') {
			skip_blanks(p);
			gap = TRUE;
			continue;
		}
		if (gap && may_part && c != '.')
			g_string_append_c(local, ' ');
		gap = FALSE;
		may_part = c != '.';
		if (c == '"')
			read_quoted(p, local);
		else
			g_string_append_c(local, *p->at++);
	}
	return keep(p, local->str, local->len);
}

/* What stands in angle brackets; a missing ">" ends at a comma. */
static void read_angle(Parser *p)
{
	p->at++;
	p->address = (MimeAddress){ .kind = MIME_ADDRESS_MAILBOX };
	skip_blanks(p);
	if (p->at < p->end && *p->at == '@')
		read_route(p);
	p->address.mailbox = read_local(p, "@>,;");
	p->address.domain = keep(p, "", 0);
	if (p->at < p->end && *p->at == '@') {
		p->at++;
		p->address.domain = read_domain(p, ">,;");
	}
	skip_blanks(p);
	if (p->at < p->end && *p->at == '>')
		p->at++;
	p->have_address = TRUE;
	p->in_angle = TRUE;
	p->gap = TRUE;
}

/* What seemed to be an address is a name: "a@b <c@d>". */
static void address_to_name(Parser *p)
{
	if (p->words->len > 0)
		g_string_append_c(p->words, ' ');
	g_string_append_len(p->words, p->address.mailbox.data,
		(gssize)p->address.mailbox.size);
	g_string_append_c(p->words, '@');
	g_string_append_len(p->words, p->address.domain.data,
		(gssize)p->address.domain.size);
}

/* "local@domain" without brackets: the last word was the local part, words
 * before it are a name. */
static void read_bare(Parser *p)
{
	p->at++;
	p->address = (MimeAddress){ .kind = MIME_ADDRESS_MAILBOX };
	p->address.mailbox = keep(
		p, p->words->str + p->last_word, p->words->len - p->last_word);
	p->address.domain = read_domain(p, "<>,;:\"");
	g_string_truncate(p->words, p->last_word > 0 ? p->last_word - 1 : 0);
	p->last_word = p->words->len;
	p->have_address = TRUE;
	p->in_angle = FALSE;
	p->gap = TRUE;
}

/* Ends the address that was read, if there was one. */
static void end_address(Parser *p)
{
	gboolean named = p->words->len > 0;
	MimeAddress address = p->address;
	Bytes words = { NULL, 0 };

	if (named)
		words = keep(p, p->words->str, p->words->len);
	if (p->have_address) {
		address.name = named ? words : p->comment;
	} else {
		address = (MimeAddress){ .kind = MIME_ADDRESS_MAILBOX };
		address.name = p->several ? words : p->comment;
		address.mailbox = p->several ? keep(p, "", 0) : words;
		address.domain = keep(p, "", 0);
	}
	if ((named || p->have_address) && !list_full(p))
		g_array_append_val(p->items, address);
	forget_words(p);
	p->comment = bytes_of(NULL, 0);
	p->have_address = FALSE;
}

static void begin_group(Parser *p)
{
	MimeAddress begin = { .kind = MIME_ADDRESS_GROUP_BEGIN };
	if (list_full(p))
		return;
	begin.name = keep(p, p->words->str, p->words->len);
	g_array_append_val(p->items, begin);
	p->in_group = TRUE;
	p->comment = bytes_of(NULL, 0);
	forget_words(p);
}

static void end_group(Parser *p)
{
	MimeAddress end = { .kind = MIME_ADDRESS_GROUP_END };
	if (p->in_group)
		g_array_append_val(p->items, end);
	p->in_group = FALSE;
}

static void read_word(Parser *p)
{
	g_autoptr(GString) word = g_string_new(NULL);
	if (*p->at == '"') {
		read_quoted(p, word);
	} else {
		const char *from = p->at++;
		while (p->at < p->end && !is_blank(*p->at) &&
			strchr("(<>@,;:\"", *p->at) == NULL)
			p->at++;
		g_string_append_len(word, from, p->at - from);
	}
	add_word(p, word->str, word->len);
}

/* Reads what stands at p->at. */
static void read_next(Parser *p)
{
	char c = *p->at;
	gboolean may_group =
		!p->in_group && !p->have_address && p->words->len > 0;

	if (is_blank(c)) {
		p->gap = TRUE;
		p->at++;
	} else if (c == '(') {
		read_comment(p);
	} else if (c == ',' || c == ';') {
		end_address(p);
		if (c == ';')
			end_group(p);
		p->at++;
	} else if (c == '<' && !(p->have_address && p->in_angle)) {
		if (p->have_address)
			address_to_name(p);
		read_angle(p);
	} else if (c == '@' && !p->have_address) {
		read_bare(p);
	} else if (c == ':' && may_group) {
		begin_group(p);
		p->at++;
	} else if (c == '@') {
		add_word(p, p->at++, 1);
	} else if (strchr("<>:", c) != NULL) {
		p->at++;
	} else {
		read_word(p);
	}
}

/* Several values, one list: fields that occur more than once. */
static MimeAddressList parse_all(
	Arena *arena, const Bytes *values, guint n_values)
{
	Parser p = {
		.arena = arena,
		.items = g_array_new(FALSE, FALSE, sizeof(MimeAddress)),
		.words = g_string_new(NULL),
	};
	MimeAddressList list = { 0 };

	for (guint i = 0; i < n_values && !p.truncated; i++) {
		p.at = mime_unfold(arena, values[i]);
		p.end = p.at + strlen(p.at);
		while (p.at < p.end && !p.truncated)
			read_next(&p);
		end_address(&p);
		end_group(&p);
	}
	MimeAddress *items =
		arena_new_array(arena, MimeAddress, MAX(p.items->len, 1));
	if (p.items->len > 0)
		memcpy(items, p.items->data,
			p.items->len * sizeof(MimeAddress));
	list.items = items;
	list.count = p.items->len;
	list.truncated = p.truncated;
	g_array_unref(p.items);
	g_string_free(p.words, TRUE);
	return list;
}

MimeAddressList mime_address_parse(Arena *arena, Bytes value)
{
	return parse_all(arena, &value, 1);
}

MimeAddressList mime_address_of(
	Arena *arena, const MimeHeader *header, const char *name)
{
	Bytes values[MIME_ADDRESS_FIELDS_MAX];
	const MimeField *field = mime_header_find(header, name);
	guint n = 0;

	while (field != NULL && n < MIME_ADDRESS_FIELDS_MAX) {
		values[n++] = field->value;
		field = mime_header_find_next(header, name, field);
	}
	MimeAddressList list = parse_all(arena, values, n);
	list.truncated |= field != NULL;
	return list;
}

static void write_mailbox(const MimeAddress *address, GString *out)
{
	gboolean spec = address->mailbox.size > 0 || address->domain.size > 0;
	gboolean named = address->name.size > 0;

	mime_words_append(address->name, out);
	if (!spec)
		return;
	if (named)
		g_string_append(out, " <");
	mime_words_append(address->mailbox, out);
	if (address->domain.size > 0)
		g_string_append_c(out, '@');
	mime_words_append(address->domain, out);
	if (named)
		g_string_append_c(out, '>');
}

void mime_address_write_text(const MimeAddressList *list, GString *out)
{
	const char *before = "";
	for (guint i = 0; i < list->count; i++) {
		const MimeAddress *address = &list->items[i];
		if (address->kind == MIME_ADDRESS_GROUP_END) {
			g_string_append_c(out, ';');
			before = ", ";
			continue;
		}
		g_string_append(out, before);
		before = ", ";
		if (address->kind == MIME_ADDRESS_GROUP_BEGIN) {
			mime_words_append(address->name, out);
			g_string_append_c(out, ':');
			before = " ";
		} else {
			write_mailbox(address, out);
		}
	}
}
