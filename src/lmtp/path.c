/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads what stands behind MAIL FROM: and RCPT TO: (RFC 5321 section 4.1.2). */
#include "lmtp/path.h"

#include "base/text.h"

typedef struct {
	const char *at;
	const char *end;
} Cursor;

static gboolean take(Cursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != c)
		return FALSE;
	cursor->at++;
	return TRUE;
}

static void skip_blanks(Cursor *cursor)
{
	while (cursor->at < cursor->end && *cursor->at == ' ')
		cursor->at++;
}

/* Bytes of UTF-8 beyond ASCII are let through here; whether they are valid is
 * asked once of the whole. */
static gboolean is_atom_char(char c)
{
	return (guchar)c >= 0x80 || g_ascii_isalnum(c) ||
		(c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static gboolean is_domain_char(char c)
{
	/* "_" is no letter of a host's name and yet in use. */
	return (guchar)c >= 0x80 || g_ascii_isalnum(c) || c == '-' || c == '_';
}

/* Words of one kind of character with single dots between them. */
static gboolean take_dotted(Cursor *cursor, gboolean (*is_part)(char c))
{
	do {
		const char *start = cursor->at;
		while (cursor->at < cursor->end && is_part(*cursor->at))
			cursor->at++;
		if (cursor->at == start)
			return FALSE;
	} while (take(cursor, '.'));
	return TRUE;
}

static gboolean take_quoted(Cursor *cursor)
{
	if (!take(cursor, '"'))
		return FALSE;
	while (cursor->at < cursor->end && *cursor->at != '"') {
		/* The second byte of a pair is printable, too. */
		if (*cursor->at == '\\' && ++cursor->at == cursor->end)
			return FALSE;
		if ((guchar)*cursor->at < 0x20 || *cursor->at == 0x7f)
			return FALSE;
		cursor->at++;
	}
	return take(cursor, '"');
}

static gboolean take_literal(Cursor *cursor)
{
	const char *start = cursor->at;

	while (cursor->at < cursor->end && g_ascii_isgraph(*cursor->at) &&
		strchr("[\\]", *cursor->at) == NULL)
		cursor->at++;
	return cursor->at > start && take(cursor, ']');
}

static gboolean take_domain(Cursor *cursor)
{
	if (take(cursor, '['))
		return take_literal(cursor);
	return take_dotted(cursor, is_domain_char);
}

/* "@a,@b:" */
static gboolean take_route(Cursor *cursor)
{
	do {
		if (!take(cursor, '@') || !take_domain(cursor))
			return FALSE;
	} while (take(cursor, ','));
	return take(cursor, ':');
}

static gboolean take_address(Cursor *cursor)
{
	gboolean is_local = cursor->at < cursor->end && *cursor->at == '"' ?
		take_quoted(cursor) :
		take_dotted(cursor, is_atom_char);

	if (!is_local)
		return FALSE;
	return !take(cursor, '@') || take_domain(cursor);
}

static Cursor cursor_of(Bytes text)
{
	/* No bytes may have no address, from which nothing can be counted. */
	const char *at = text.size > 0 ? text.data : "";

	return (Cursor){ at, at + text.size };
}

gsize path_parse(Bytes text, Path *path)
{
	Cursor cursor = cursor_of(text);
	const char *all = cursor.at;

	skip_blanks(&cursor);
	if (!take(&cursor, '<'))
		return 0;
	if (cursor.at < cursor.end && *cursor.at == '@' && !take_route(&cursor))
		return 0;
	const char *start = cursor.at;
	if ((start == cursor.end || *start != '>') && !take_address(&cursor))
		return 0;
	Bytes address = bytes_of(start, (gsize)(cursor.at - start));
	if (!take(&cursor, '>') || address.size > PATH_ADDRESS_MAX)
		return 0;
	/* A route leads to somebody. */
	if (address.size == 0 && start[-1] != '<')
		return 0;
	path->has_utf8 = !text_is_ascii(address);
	if (path->has_utf8 &&
		!g_utf8_validate(address.data, (gssize)address.size, NULL))
		return 0;
	path->address = address;
	return (gsize)(cursor.at - all);
}

static gboolean is_keyword_char(char c)
{
	return g_ascii_isalnum(c) || c == '-';
}

static gboolean is_value_char(char c)
{
	return (guchar)c > 0x20 && c != '=' && c != 0x7f;
}

PathParameterResult path_parameter_next(Bytes *rest, PathParameter *parameter)
{
	Cursor cursor = cursor_of(*rest);

	skip_blanks(&cursor);
	if (cursor.at == cursor.end)
		return PATH_PARAMETERS_END;
	const char *start = cursor.at;
	/* A blank must part it from what was before. */
	if (start == rest->data || !g_ascii_isalnum(*start))
		return PATH_PARAMETERS_WRONG;
	while (cursor.at < cursor.end && is_keyword_char(*cursor.at))
		cursor.at++;
	parameter->keyword = bytes_of(start, (gsize)(cursor.at - start));
	parameter->value = bytes_of(NULL, 0);
	if (take(&cursor, '=')) {
		start = cursor.at;
		while (cursor.at < cursor.end && is_value_char(*cursor.at))
			cursor.at++;
		if (cursor.at == start)
			return PATH_PARAMETERS_WRONG;
		parameter->value = bytes_of(start, (gsize)(cursor.at - start));
	}
	if (cursor.at < cursor.end && *cursor.at != ' ')
		return PATH_PARAMETERS_WRONG;
	*rest = bytes_of(cursor.at, (gsize)(cursor.end - cursor.at));
	return PATH_PARAMETER;
}
