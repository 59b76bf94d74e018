/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that a script names. */
#include "sieve/address.h"

typedef struct {
	Bytes text;
	gsize at;
} Scan;

static int peek(const Scan *scan)
{
	return scan->at < scan->text.size ? (guchar)scan->text.data[scan->at] :
					    -1;
}

static gboolean take(Scan *scan, char c)
{
	if (peek(scan) != (guchar)c)
		return FALSE;
	scan->at++;
	return TRUE;
}

/* Behind its opening parenthesis. */
static gboolean skip_comment(Scan *scan)
{
	guint depth = 1;

	while (depth > 0 && scan->at < scan->text.size) {
		char c = scan->text.data[scan->at++];

		if (c == '\\')
			scan->at++;
		else if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
	}
	return depth == 0;
}

static gboolean skip_blanks(Scan *scan)
{
	for (;;) {
		int c = peek(scan);

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			scan->at++;
		else if (!take(scan, '('))
			return TRUE;
		else if (!skip_comment(scan))
			return FALSE;
	}
}

static gboolean is_atom_char(int c)
{
	return c >= 0x80 || (c > 0 && g_ascii_isalnum(c)) ||
		(c > 0 && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Takes the quotes off a local part that needs none: "a.b"@c and a.b@c are one
 * address (RFC 5321 section 4.1.2). */
static void unquote(GString *out, gsize begin)
{
	gsize end = out->len - 1;

	for (gsize i = begin + 1; i < end; i++) {
		char c = out->str[i];
		gboolean is_edge = i == begin + 1 || i + 1 == end ||
			out->str[i - 1] == '.';

		if (!is_atom_char((guchar)c) && (c != '.' || is_edge))
			return;
	}
	if (end == begin + 1)
		return;
	g_string_truncate(out, end);
	g_string_erase(out, (gssize)begin, 1);
}

static gboolean read_quoted(Scan *scan, GString *out)
{
	gsize begin = out->len;

	g_string_append_c(out, '"');
	while (!take(scan, '"')) {
		if (peek(scan) == '\\') {
			g_string_append_c(out, '\\');
			scan->at++;
		}
		if (peek(scan) < ' ' || peek(scan) == 0x7f)
			return FALSE;
		g_string_append_c(out, (char)peek(scan));
		scan->at++;
	}
	g_string_append_c(out, '"');
	unquote(out, begin);
	return TRUE;
}

static gboolean read_dot_atom(Scan *scan, GString *out)
{
	do {
		gsize begin = scan->at;

		while (is_atom_char(peek(scan)))
			scan->at++;
		if (scan->at == begin)
			return FALSE;
		g_string_append_len(out, scan->text.data + begin,
			(gssize)(scan->at - begin));
		if (peek(scan) == '.')
			g_string_append_c(out, '.');
	} while (take(scan, '.'));
	return TRUE;
}

static gboolean read_literal(Scan *scan, GString *out)
{
	g_string_append_c(out, '[');
	while (!take(scan, ']')) {
		int c = peek(scan);

		if (!(c > 0 && c < 0x80) ||
			!(g_ascii_isalnum(c) || strchr(".:-", c) != NULL))
			return FALSE;
		g_string_append_c(out, (char)c);
		scan->at++;
	}
	g_string_append_c(out, ']');
	return TRUE;
}

/* Letters, digits and hyphens in labels. */
static gboolean read_domain(Scan *scan, GString *out)
{
	gsize begin = out->len;

	if (take(scan, '['))
		return read_literal(scan, out);
	if (!read_dot_atom(scan, out))
		return FALSE;
	for (const char *p = out->str + begin; *p != '\0'; p++) {
		gboolean is_edge = p == out->str + begin || p[-1] == '.' ||
			p[1] == '.' || p[1] == '\0';

		if ((guchar)*p >= 0x80 || *p == '.' || g_ascii_isalnum(*p))
			continue;
		if ((*p != '-' || is_edge) && *p != '_')
			return FALSE;
	}
	return TRUE;
}

static gboolean read_spec(Scan *scan, GString *out)
{
	if (!skip_blanks(scan) ||
		!(take(scan, '"') ? read_quoted(scan, out) :
				    read_dot_atom(scan, out)) ||
		!skip_blanks(scan) || !take(scan, '@'))
		return FALSE;
	g_string_append_c(out, '@');
	return skip_blanks(scan) && read_domain(scan, out) && skip_blanks(scan);
}

/* A name: words, quoted or not, with the dots that people put between. */
static gboolean skip_phrase(Scan *scan)
{
	g_autoptr(GString) dropped = g_string_new(NULL);

	while (skip_blanks(scan)) {
		if (take(scan, '"')) {
			if (!read_quoted(scan, dropped))
				return FALSE;
			continue;
		}
		if (!is_atom_char(peek(scan)) && peek(scan) != '.')
			return TRUE;
		scan->at++;
	}
	return FALSE;
}

static gboolean is_end(const Scan *scan)
{
	return peek(scan) == -1 || peek(scan) == ',';
}

static gboolean read_mailbox(Scan *scan, GString *out)
{
	gsize begin = scan->at;
	gsize before = out->len;

	if (read_spec(scan, out) && is_end(scan))
		return out->len - before <= SIEVE_ADDRESS_SIZE_MAX;
	scan->at = begin;
	g_string_truncate(out, before);
	return skip_phrase(scan) && take(scan, '<') && read_spec(scan, out) &&
		take(scan, '>') && skip_blanks(scan) && is_end(scan) &&
		out->len - before <= SIEVE_ADDRESS_SIZE_MAX;
}

gboolean sieve_address_parse(Bytes text, GString *out)
{
	g_autoptr(GString) address = g_string_new(NULL);
	Scan scan = { text, 0 };

	if (!g_utf8_validate(text.data, (gssize)text.size, NULL) ||
		!read_mailbox(&scan, address) || peek(&scan) != -1)
		return FALSE;
	if (out != NULL)
		g_string_append(out, address->str);
	return TRUE;
}

gboolean sieve_address_list_is_valid(Bytes text)
{
	g_autoptr(GString) address = g_string_new(NULL);
	Scan scan = { text, 0 };

	if (!g_utf8_validate(text.data, (gssize)text.size, NULL))
		return FALSE;
	do {
		g_string_truncate(address, 0);
		if (!read_mailbox(&scan, address))
			return FALSE;
	} while (take(&scan, ','));
	return peek(&scan) == -1;
}
