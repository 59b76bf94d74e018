/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Actions as lines of text, and back. */
#include "sieve/action.h"

#include "base/errors.h"
#include "base/text.h"

/* Items of one list that a line may have. */
#define LIST_MAX 10000

typedef enum {
	MEMBER_STRING, /* const char * */
	MEMBER_LIST,   /* const char *const * */
	MEMBER_TRUE,   /* gboolean */
	MEMBER_NUMBER, /* gint64 */
	MEMBER_INDEX,  /* gint, negative where :last follows */
} MemberType;

#define BIT(kind) (1U << (kind))
#define FILES (BIT(SIEVE_FILEINTO) | BIT(SIEVE_VACATION) | BIT(SIEVE_NOTIFY))

typedef struct {
	const char *tag; /* NULL: has none, comes before all that have one */
	MemberType type;
	gsize offset;
	guint kinds; /* that have it, as bits */
} Member;

#define MEMBER(name) offsetof(SieveAction, name)

static const Member members[] = {
	{ NULL, MEMBER_STRING, MEMBER(address), BIT(SIEVE_REDIRECT) },
	{ NULL, MEMBER_STRING, MEMBER(method), BIT(SIEVE_NOTIFY) },
	{ NULL, MEMBER_STRING, MEMBER(field),
		BIT(SIEVE_ADDHEADER) | BIT(SIEVE_DELETEHEADER) },
	{ NULL, MEMBER_STRING, MEMBER(file.mailbox), BIT(SIEVE_FILEINTO) },
	{ NULL, MEMBER_STRING, MEMBER(text),
		BIT(SIEVE_REJECT) | BIT(SIEVE_EREJECT) | BIT(SIEVE_VACATION) |
			BIT(SIEVE_ADDHEADER) | BIT(SIEVE_REPLACE) |
			BIT(SIEVE_ENCLOSE) },
	{ ":list", MEMBER_STRING, MEMBER(list), BIT(SIEVE_REDIRECT) },
	{ ":index", MEMBER_INDEX, MEMBER(index), BIT(SIEVE_DELETEHEADER) },
	{ ":last", MEMBER_TRUE, MEMBER(is_last), BIT(SIEVE_ADDHEADER) },
	{ ":mime", MEMBER_TRUE, MEMBER(is_mime),
		BIT(SIEVE_VACATION) | BIT(SIEVE_REPLACE) },
	{ ":subject", MEMBER_STRING, MEMBER(subject),
		BIT(SIEVE_VACATION) | BIT(SIEVE_REPLACE) | BIT(SIEVE_ENCLOSE) },
	{ ":from", MEMBER_STRING, MEMBER(from),
		BIT(SIEVE_VACATION) | BIT(SIEVE_REPLACE) | BIT(SIEVE_NOTIFY) },
	{ ":headers", MEMBER_LIST, MEMBER(headers), BIT(SIEVE_ENCLOSE) },
	{ ":addresses", MEMBER_LIST, MEMBER(addresses), BIT(SIEVE_VACATION) },
	{ ":handle", MEMBER_STRING, MEMBER(handle), BIT(SIEVE_VACATION) },
	{ ":seconds", MEMBER_NUMBER, MEMBER(seconds), BIT(SIEVE_VACATION) },
	{ ":message", MEMBER_STRING, MEMBER(text), BIT(SIEVE_NOTIFY) },
	{ ":importance", MEMBER_STRING, MEMBER(importance), BIT(SIEVE_NOTIFY) },
	{ ":options", MEMBER_LIST, MEMBER(options), BIT(SIEVE_NOTIFY) },
	{ ":fcc", MEMBER_STRING, MEMBER(file.mailbox),
		BIT(SIEVE_VACATION) | BIT(SIEVE_NOTIFY) },
	{ ":mailboxid", MEMBER_STRING, MEMBER(file.mailbox_id), FILES },
	{ ":specialuse", MEMBER_STRING, MEMBER(file.special_use), FILES },
	{ ":create", MEMBER_TRUE, MEMBER(file.creates), FILES },
	{ ":flags", MEMBER_LIST, MEMBER(file.flags), FILES | BIT(SIEVE_KEEP) },
	{ ":copy", MEMBER_TRUE, MEMBER(is_copy),
		BIT(SIEVE_FILEINTO) | BIT(SIEVE_REDIRECT) },
};

static const char *const words[] = {
	[SIEVE_KEEP] = "keep",
	[SIEVE_FILEINTO] = "fileinto",
	[SIEVE_REDIRECT] = "redirect",
	[SIEVE_DISCARD] = "discard",
	[SIEVE_REJECT] = "reject",
	[SIEVE_EREJECT] = "ereject",
	[SIEVE_VACATION] = "vacation",
	[SIEVE_NOTIFY] = "notify",
	[SIEVE_ADDHEADER] = "addheader",
	[SIEVE_DELETEHEADER] = "deleteheader",
	[SIEVE_REPLACE] = "replace",
	[SIEVE_ENCLOSE] = "enclose",
};

/* Writing */

static void write_string(const char *string, GString *out)
{
	g_string_append_c(out, '"');
	for (const char *p = string; *p != '\0'; p++) {
		guchar c = (guchar)*p;

		if (c == '\n')
			g_string_append(out, "\\n");
		else if (c == '\r')
			g_string_append(out, "\\r");
		else if ((c < 0x20 && c != '\t') || c == 0x7f)
			g_string_append_printf(out, "\\x%02x", c);
		else if (c == '"' || c == '\\')
			g_string_append_printf(out, "\\%c", c);
		else
			g_string_append_c(out, (char)c);
	}
	g_string_append_c(out, '"');
}

static void write_list(const char *const *list, GString *out)
{
	if (list[0] == NULL) {
		g_string_append(out, "\"\"");
		return;
	}
	if (list[1] == NULL) {
		write_string(list[0], out);
		return;
	}
	for (guint i = 0; list[i] != NULL; i++) {
		g_string_append(out, i == 0 ? "[" : ", ");
		write_string(list[i], out);
	}
	g_string_append_c(out, ']');
}

static void write_tag(const Member *member, GString *out)
{
	g_string_append_c(out, ' ');
	if (member->tag == NULL)
		return;
	g_string_append(out, member->tag);
	if (member->type != MEMBER_TRUE)
		g_string_append_c(out, ' ');
}

static void write_string_member(
	const Member *member, const char *value, GString *out)
{
	if (value == NULL)
		return;
	write_tag(member, out);
	write_string(value, out);
}

static void write_list_member(
	const Member *member, const char *const *value, GString *out)
{
	if (value == NULL)
		return;
	write_tag(member, out);
	write_list(value, out);
}

static void write_index(const Member *member, gint index, GString *out)
{
	if (index == 0)
		return;
	write_tag(member, out);
	g_string_append_printf(
		out, "%d%s", ABS(index), index < 0 ? " :last" : "");
}

static void write_member(
	const SieveAction *action, const Member *member, GString *out)
{
	const char *at = (const char *)action + member->offset;

	switch (member->type) {
	case MEMBER_STRING:
		write_string_member(
			member, *(const char *const *)(gconstpointer)at, out);
		break;
	case MEMBER_LIST:
		write_list_member(member,
			*(const char *const *const *)(gconstpointer)at, out);
		break;
	case MEMBER_TRUE:
		if (*(const gboolean *)(gconstpointer)at)
			write_tag(member, out);
		break;
	case MEMBER_NUMBER:
		write_tag(member, out);
		g_string_append_printf(out, "%" G_GINT64_FORMAT,
			*(const gint64 *)(gconstpointer)at);
		break;
	case MEMBER_INDEX:
		write_index(member, *(const gint *)(gconstpointer)at, out);
		break;
	default:
		g_assert_not_reached();
	}
}

/* Without :fcc, vacation and notify file nothing. */
static gboolean has_member(const SieveAction *action, const Member *member)
{
	if ((member->kinds & BIT(action->kind)) == 0)
		return FALSE;
	if (action->kind == SIEVE_VACATION || action->kind == SIEVE_NOTIFY)
		return action->has_fcc || member->offset < MEMBER(file) ||
			member->offset >= MEMBER(file) + sizeof(SieveFile);
	return TRUE;
}

void sieve_action_write(const SieveAction *action, GString *out)
{
	g_string_append(out, words[action->kind]);
	for (guint i = 0; i < G_N_ELEMENTS(members); i++)
		if (has_member(action, &members[i]))
			write_member(action, &members[i], out);
}

/* Reading */

typedef struct {
	Arena *arena;
	Bytes line;
	gsize at;
	GError **error;
} Reader;

static gboolean refuse(Reader *reader, const char *expected)
{
	dbmail_error_set(reader->error, DBMAIL_ERROR_INVALID,
		"Not an action of a Sieve script",
		"byte %" G_GSIZE_FORMAT ": %s expected", reader->at, expected);
	return FALSE;
}

static gboolean take_char(Reader *reader, char c)
{
	if (reader->at >= reader->line.size ||
		reader->line.data[reader->at] != c)
		return FALSE;
	reader->at++;
	return TRUE;
}

/* A run of what words, tags and numbers are made of. */
static Bytes take_word(Reader *reader)
{
	gsize begin = reader->at;

	while (reader->at < reader->line.size &&
		(g_ascii_isalnum(reader->line.data[reader->at]) ||
			reader->line.data[reader->at] == ':'))
		reader->at++;
	return bytes_slice(reader->line, begin, reader->at - begin);
}

/* Behind a backslash. */
static gboolean read_escape(Reader *reader, GString *out)
{
	int high, low;

	if (reader->at >= reader->line.size)
		return refuse(reader, "a character");
	char c = reader->line.data[reader->at++];
	if (c == 'n' || c == 'r') {
		g_string_append_c(out, c == 'n' ? '\n' : '\r');
		return TRUE;
	}
	if (c == '"' || c == '\\') {
		g_string_append_c(out, c);
		return TRUE;
	}
	if (c != 'x' || reader->line.size - reader->at < 2)
		return refuse(reader, "\\n, \\r, \\x, \\\\ or \\\"");
	high = g_ascii_xdigit_value(reader->line.data[reader->at]);
	low = g_ascii_xdigit_value(reader->line.data[reader->at + 1]);
	if (high < 0 || low < 0 || high + low == 0)
		return refuse(reader, "two hexadecimal digits");
	reader->at += 2;
	g_string_append_c(out, (char)(high * 16 + low));
	return TRUE;
}

static gboolean read_string(Reader *reader, const char **value)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!take_char(reader, '"'))
		return refuse(reader, "a string");
	while (!take_char(reader, '"')) {
		if (reader->at >= reader->line.size ||
			reader->line.data[reader->at] == '\0')
			return refuse(reader, "the string's end");
		if (take_char(reader, '\\')) {
			if (!read_escape(reader, text))
				return FALSE;
			continue;
		}
		g_string_append_c(text, reader->line.data[reader->at++]);
	}
	if (!g_utf8_validate(text->str, (gssize)text->len, NULL))
		return refuse(reader, "UTF-8");
	*value = arena_copy(reader->arena, text->str, text->len);
	return TRUE;
}

static gboolean read_items(Reader *reader, GPtrArray *items)
{
	const char *item;

	do {
		(void)take_char(reader, ' ');
		if (!read_string(reader, &item))
			return FALSE;
		if (items->len >= LIST_MAX)
			return refuse(reader, "no more strings");
		g_ptr_array_add(items, (gpointer)item);
	} while (take_char(reader, ','));
	if (!take_char(reader, ']'))
		return refuse(reader, "]");
	return TRUE;
}

static gboolean read_list(Reader *reader, const char *const **value)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new();
	const char *item;

	if (take_char(reader, '[')) {
		if (!read_items(reader, items))
			return FALSE;
	} else {
		if (!read_string(reader, &item))
			return FALSE;
		if (item[0] != '\0')
			g_ptr_array_add(items, (gpointer)item);
	}
	const char **list =
		arena_new_array(reader->arena, const char *, items->len + 1);
	for (guint i = 0; i < items->len; i++)
		list[i] = items->pdata[i];
	*value = list;
	return TRUE;
}

static gboolean read_number(Reader *reader, guint64 max, gint64 *value)
{
	guint64 number;

	if (!text_to_number(take_word(reader), max, &number))
		return refuse(reader, "a number");
	*value = (gint64)number;
	return TRUE;
}

static gboolean read_index(Reader *reader, gint *index)
{
	gint64 number;
	gsize before;

	if (!read_number(reader, G_MAXINT, &number))
		return FALSE;
	*index = (gint)number;
	before = reader->at;
	if (take_char(reader, ' ') &&
		text_equal_nocase(take_word(reader), ":last"))
		*index = -*index;
	else
		reader->at = before;
	return TRUE;
}

static gboolean read_member(
	Reader *reader, const Member *member, SieveAction *action)
{
	char *at = (char *)action + member->offset;

	if (member->tag != NULL && member->type != MEMBER_TRUE &&
		!take_char(reader, ' '))
		return refuse(reader, "an argument");
	if (g_strcmp0(member->tag, ":fcc") == 0)
		action->has_fcc = TRUE;
	switch (member->type) {
	case MEMBER_STRING:
		return read_string(reader, (const char **)(gpointer)at);
	case MEMBER_LIST:
		return read_list(reader, (const char *const **)(gpointer)at);
	case MEMBER_TRUE:
		*(gboolean *)(gpointer)at = TRUE;
		return TRUE;
	case MEMBER_NUMBER:
		return read_number(reader, G_MAXINT64, (gint64 *)(gpointer)at);
	case MEMBER_INDEX:
		return read_index(reader, (gint *)(gpointer)at);
	default:
		g_assert_not_reached();
	}
}

/* All arguments but :list's and file's mailbox must be there. */
static gboolean may_be_missing(const Member *member)
{
	return member->tag != NULL || member->offset == MEMBER(address);
}

static gboolean read_arguments(Reader *reader, SieveAction *action)
{
	for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
		const Member *member = &members[i];
		gsize before = reader->at;

		if ((member->kinds & BIT(action->kind)) == 0)
			continue;
		gboolean is_next = take_char(reader, ' ') &&
			(member->tag != NULL ?
					text_equal_nocase(take_word(reader),
						member->tag) :
					reader->at < reader->line.size &&
						reader->line.data[reader->at] ==
							'"');
		if (is_next) {
			if (!read_member(reader, member, action))
				return FALSE;
			continue;
		}
		reader->at = before;
		if (!may_be_missing(member))
			return refuse(reader, "a string");
	}
	if (reader->at != reader->line.size)
		return refuse(reader, "the line's end");
	return TRUE;
}

static gboolean find_kind(Bytes word, SieveActionKind *kind)
{
	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (text_equal_nocase(word, words[i])) {
			*kind = (SieveActionKind)i;
			return TRUE;
		}
	return FALSE;
}

gboolean sieve_action_parse(
	Bytes line, Arena *arena, SieveAction *action, GError **error)
{
	Reader reader = { arena, line, 0, error };
	SieveAction read = { 0 };

	if (!find_kind(take_word(&reader), &read.kind)) {
		reader.at = 0;
		return refuse(&reader, "an action");
	}
	if (!read_arguments(&reader, &read))
		return FALSE;
	if (read.kind == SIEVE_VACATION && read.handle == NULL)
		return refuse(&reader, ":handle");
	if (read.kind == SIEVE_REDIRECT &&
		(read.address == NULL) == (read.list == NULL))
		return refuse(&reader, "either an address or :list");
	*action = read;
	return TRUE;
}
