/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What FETCH can be asked for: the table of items (RFC 3501 section 6.4.5). */
#include "imap/fetch-item.h"

#include "base/errors.h"
#include "imap/fetch-write.h"

#define SEEN (NEED_SECTION | NEED_SETS_SEEN)
#define DECODED (NEED_SECTION | NEED_DECODED)

/* A name that is the beginning of another stands behind it. */
static const FetchItemRow items[] = {
	{ "UID", NEED_VIEW, fetch_write_uid, 0 },
	{ "FLAGS", NEED_VIEW, fetch_write_flags, 0 },
	{ "MODSEQ", NEED_CONDSTORE, fetch_write_modseq, 0 }, /* RFC 7162 */
	{ "INTERNALDATE", NEED_META, fetch_write_date, 0 },
	{ "ENVELOPE", NEED_ENVELOPE, fetch_write_envelope, 0 },
	{ "BODYSTRUCTURE", NEED_STRUCTURE, fetch_write_bodystructure, 0 },
	{ "BODY.PEEK[", NEED_SECTION, fetch_write_section, 0 },
	{ "BODY[", SEEN, fetch_write_section, 0 },
	{ "BODY", NEED_STRUCTURE, fetch_write_body, 0 },
	{ "RFC822.SIZE", NEED_VIEW, fetch_write_size, 0 },
	{ "RFC822.HEADER", NEED_SECTION, fetch_write_rfc822,
		MIME_SECTION_HEADER },
	{ "RFC822.TEXT", SEEN, fetch_write_rfc822, MIME_SECTION_TEXT },
	{ "RFC822", SEEN, fetch_write_rfc822, MIME_SECTION_ALL },
	/* RFC 3516 */
	{ "BINARY.PEEK[", DECODED, fetch_write_binary, 0 },
	{ "BINARY.SIZE[", DECODED, fetch_write_binary_size, 0 },
	{ "BINARY[", DECODED | NEED_SETS_SEEN, fetch_write_binary, 0 },
	/* RFC 8474 */
	{ "EMAILID", NEED_VIEW, fetch_write_emailid, 0 },
	{ "THREADID", NEED_THREAD, fetch_write_threadid, 0 },
	/* RFC 8514 */
	{ "SAVEDATE", NEED_SAVE_DATE, fetch_write_savedate, 0 },
	/* RFC 8970 */
	{ "PREVIEW", NEED_PREVIEW, fetch_write_preview, 0 },
};

static const struct {
	const char *name;
	const char *items[6];
} macros[] = {
	{ "ALL", { "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", NULL } },
	{ "FAST", { "FLAGS", "INTERNALDATE", "RFC822.SIZE", NULL } },
	{ "FULL",
		{ "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY",
			NULL } },
};

static const FetchItemRow *row_of_name(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
		if (strcmp(items[i].name, name) == 0)
			return &items[i];
	}
	g_assert_not_reached();
}

static void add_item(FetchArgs *args, GArray *found, const FetchItem *item)
{
	args->needs |= item->row->needs;
	g_array_append_val(found, *item);
}

static FetchItem item_of_row(const FetchItemRow *row)
{
	return (FetchItem){ .row = row,
		.section = { .what = row->section },
		.size = G_MAXUINT64 };
}

/* Collects what stands between the brackets, for mime/section: literals are
 * given to it in line, as it reads them. */
static gboolean collect_section(ImapParser *parser, GString *spec)
{
	while (!parse_accept(parser, ']')) {
		char c = parse_peek(parser);
		Bytes string;
		if (c == '"' || c == '{') {
			if (!parse_string(parser, &string))
				return FALSE;
			g_string_append_printf(spec, "{%zu}\r\n", string.size);
			g_string_append_len(
				spec, string.data, (gssize)string.size);
		} else if (c != '\0' && parse_accept(parser, c)) {
			g_string_append_c(spec, c);
		} else {
			return parse_fail(parser, "Missing ]");
		}
	}
	return TRUE;
}

/* parts_only: part numbers or nothing (RFC 3516's section-binary). */
static gboolean parse_section(
	ImapParser *parser, gboolean parts_only, MimeSection *section)
{
	g_autoptr(GString) spec = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	gsize start = parser->pos;
	guint chunk = parser->chunk;

	if (!collect_section(parser, spec))
		return FALSE;
	Bytes text = bytes_of(
		arena_copy(parser->arena, spec->str, spec->len), spec->len);
	if (mime_section_parse(parser->arena, text, section, &error) &&
		(section->what == MIME_SECTION_ALL || !parts_only))
		return TRUE;
	parser->chunk = chunk;
	parser->pos = start;
	return parse_fail(parser,
		error != NULL && dbmail_error_is(error, DBMAIL_ERROR_LIMIT) ?
			"Section too large" :
			"Wrong section");
}

/* "<0.1024>" behind a section. */
static gboolean parse_partial(ImapParser *parser, FetchItem *item)
{
	item->has_partial = parse_accept(parser, '<');
	if (!item->has_partial)
		return TRUE;
	/* 63 bits (RFC 9051 section 9, partial-range). */
	if (!parse_number(parser, G_MAXINT64, &item->offset) ||
		!parse_char(parser, '.') ||
		!parse_number(parser, G_MAXINT64, &item->size))
		return FALSE;
	if (item->size == 0)
		return parse_fail(parser, "Partial of 0 bytes");
	return parse_char(parser, '>');
}

/* The item's name as replies say it, once for all messages. */
static const char *label_of(ImapParser *parser, const FetchItem *item)
{
	const char *name = item->row->name;
	const char *peek = strstr(name, ".PEEK[");
	gsize size = peek != NULL ? (gsize)(peek - name) : strlen(name) - 1;
	g_autoptr(GString) label = g_string_new_len(name, (gssize)size);

	g_string_append_c(label, '[');
	mime_section_write(&item->section, label);
	g_string_append_c(label, ']');
	if (item->has_partial)
		g_string_append_printf(
			label, "<%" G_GUINT64_FORMAT ">", item->offset);
	g_string_append_c(label, ' ');
	return arena_copy(parser->arena, label->str, label->len);
}

static gboolean has_section(const FetchItemRow *row)
{
	return g_str_has_suffix(row->name, "[");
}

/* FALSE, without an error, where no item of that row is next. */
static gboolean accept_row(ImapParser *parser, const FetchItemRow *row)
{
	gsize size = strlen(row->name);
	gsize start = parser->pos;

	if (!has_section(row))
		return parse_accept_word(parser, row->name);
	g_autofree char *word = g_strndup(row->name, size - 1);
	if (parse_accept_word(parser, word) && parse_accept(parser, '['))
		return TRUE;
	parser->pos = start;
	return FALSE;
}

/* What stands behind the "[" of an item with a section. */
static gboolean parse_rest(ImapParser *parser, FetchItem *item)
{
	gboolean is_decoded = (item->row->needs & NEED_DECODED) != 0;

	if (!parse_section(parser, is_decoded, &item->section))
		return FALSE;
	if (item->row->write != fetch_write_binary_size &&
		!parse_partial(parser, item))
		return FALSE;
	item->label = label_of(parser, item);
	return TRUE;
}

/* " (LAZY)" behind PREVIEW; anything else in parentheses there belongs to the
 * command (RFC 8970 section 6). */
static gboolean parse_lazy(ImapParser *parser, FetchItem *item)
{
	gsize start = parser->pos;

	item->is_lazy = parse_accept(parser, ' ') &&
		parse_accept(parser, '(') && parse_accept_word(parser, "LAZY");
	if (!item->is_lazy) {
		parser->pos = start;
		return TRUE;
	}
	while (parse_accept(parser, ' ')) {
		if (!parse_accept_word(parser, "LAZY"))
			return parse_fail(parser, "Unknown PREVIEW modifier");
	}
	return parse_char(parser, ')');
}

static gboolean parse_item(ImapParser *parser, FetchArgs *args, GArray *found)
{
	for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
		if (!accept_row(parser, &items[i]))
			continue;
		FetchItem item = item_of_row(&items[i]);
		if (has_section(&items[i]) && !parse_rest(parser, &item))
			return FALSE;
		if (items[i].needs & NEED_PREVIEW) {
			if (!parse_lazy(parser, &item))
				return FALSE;
			args->wants_preview |= !item.is_lazy;
		}
		add_item(args, found, &item);
		return TRUE;
	}
	return parse_fail(parser, "Unknown FETCH item");
}

static gboolean accept_macro(ImapParser *parser, FetchArgs *args, GArray *found)
{
	for (gsize i = 0; i < G_N_ELEMENTS(macros); i++) {
		if (!parse_accept_word(parser, macros[i].name))
			continue;
		for (gsize k = 0; macros[i].items[k] != NULL; k++) {
			FetchItem item =
				item_of_row(row_of_name(macros[i].items[k]));
			add_item(args, found, &item);
		}
		return TRUE;
	}
	return FALSE;
}

static gboolean parse_item_list(
	ImapParser *parser, FetchArgs *args, GArray *found)
{
	if (!parse_open(parser))
		return FALSE;
	do {
		if (found->len >= FETCH_ITEMS_MAX)
			return parse_fail(parser, "Too many items");
		if (!parse_item(parser, args, found))
			return FALSE;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}

static gboolean parse_items(ImapParser *parser, FetchArgs *args, GArray *found)
{
	if (parse_peek(parser) == '(')
		return parse_item_list(parser, args, found);
	return accept_macro(parser, args, found) ||
		parse_item(parser, args, found);
}

/* --- modifiers ------------------------------------------------------------- */

static gboolean parse_partial_range(
	ImapParser *parser, ImapCommand *command, FetchArgs *args)
{
	if (!command->is_uid)
		return parse_fail(parser, "PARTIAL is for UID FETCH");
	return parse_space(parser) && partial_parse(parser, &args->partial);
}

static gboolean parse_changed_since(
	ImapParser *parser, ImapCommand *command, FetchArgs *args)
{
	(void)command;
	args->needs |= NEED_CONDSTORE;
	args->has_changed_since = TRUE;
	return parse_space(parser) &&
		parse_modseq(parser, &args->changed_since);
}

static gboolean parse_vanished(
	ImapParser *parser, ImapCommand *command, FetchArgs *args)
{
	if (!command->is_uid)
		return parse_fail(parser, "VANISHED is for UID FETCH");
	args->vanished = TRUE;
	return TRUE;
}

static const struct {
	const char *name;
	gboolean (*parse)(
		ImapParser *parser, ImapCommand *command, FetchArgs *args);
} modifiers[] = {
	{ "CHANGEDSINCE", parse_changed_since }, /* RFC 7162 section 3.1.4.1 */
	{ "VANISHED", parse_vanished },          /* RFC 7162 section 3.2.6 */
	{ "PARTIAL", parse_partial_range },      /* RFC 9394 */
};

static gboolean parse_modifier(
	ImapParser *parser, ImapCommand *command, FetchArgs *args, guint *given)
{
	for (guint i = 0; i < G_N_ELEMENTS(modifiers); i++) {
		gsize start = parser->pos;
		if (!parse_accept_word(parser, modifiers[i].name))
			continue;
		if ((*given & 1u << i) == 0) {
			*given |= 1u << i;
			return modifiers[i].parse(parser, command, args);
		}
		parser->pos = start;
		return parse_fail(parser, "Modifier given twice");
	}
	return parse_fail(parser, "Unknown FETCH modifier");
}

/* " (...)" where it is there: a line may end in a blank. */
static gboolean parse_modifiers(
	ImapParser *parser, ImapCommand *command, FetchArgs *args)
{
	gsize start = parser->pos;
	guint given = 0;

	if (!parse_accept(parser, ' ') || parse_peek(parser) != '(') {
		parser->pos = start;
		return TRUE;
	}
	if (!parse_open(parser))
		return FALSE;
	do {
		if (!parse_modifier(parser, command, args, &given))
			return FALSE;
	} while (parse_accept(parser, ' '));
	if (args->vanished && !args->has_changed_since)
		return parse_fail(parser, "VANISHED without CHANGEDSINCE");
	return parse_close(parser);
}

/* --- all of it ------------------------------------------------------------- */

static gboolean has_item(const GArray *found, const FetchItemRow *row)
{
	for (guint i = 0; i < found->len; i++) {
		if (g_array_index(found, FetchItem, i).row == row)
			return TRUE;
	}
	return FALSE;
}

static void keep_items(ImapParser *parser, FetchArgs *args, const GArray *found)
{
	FetchItem *copy = arena_new_array(parser->arena, FetchItem, found->len);

	args->tells_uid = has_item(found, row_of_name("UID"));
	args->tells_modseq = has_item(found, row_of_name("MODSEQ"));
	memcpy(copy, found->data, found->len * sizeof(FetchItem));
	args->items = copy;
	args->count = found->len;
}

gboolean args_fetch(ImapParser *parser, ImapCommand *command)
{
	FetchArgs *args = arena_new_object(parser->arena, FetchArgs);
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(FetchItem));

	command->args = args;
	/* RFC 3501 section 6.4.8: UID FETCH always tells the UID. */
	FetchItem uid = item_of_row(row_of_name("UID"));
	FetchItem modseq = item_of_row(row_of_name("MODSEQ"));
	uid.implied = TRUE;
	if (!parse_space(parser))
		return FALSE;
	if (!(command->is_uid ? parse_uid_set(parser, &args->set) :
				parse_sequence_set(parser, NULL, &args->set)))
		return FALSE;
	args->partial = (PartialRange){ .first = 1, .last = G_MAXUINT32 };
	if (!parse_space(parser) || !parse_items(parser, args, found) ||
		!parse_modifiers(parser, command, args))
		return FALSE;
	if (command->is_uid && !has_item(found, uid.row))
		g_array_prepend_val(found, uid);
	if (args->has_changed_since && !has_item(found, modseq.row))
		g_array_append_val(found, modseq);
	keep_items(parser, args, found);
	return TRUE;
}

gboolean args_fetch_items(ImapParser *parser, const FetchArgs **args)
{
	FetchArgs *made = arena_new_object(parser->arena, FetchArgs);
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(FetchItem));

	made->partial = (PartialRange){ .first = 1, .last = G_MAXUINT32 };
	if (!parse_item_list(parser, made, found))
		return FALSE;
	keep_items(parser, made, found);
	*args = made;
	return TRUE;
}
