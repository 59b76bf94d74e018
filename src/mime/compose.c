/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing header fields and texts of messages that are ours. */
#include "mime/compose.h"

#include "base/arena.h"
#include "mime/header.h"
#include "mime/words.h"

/* RFC 5322 section 2.1.1, and 2047 section 2. */
#define LINE_MAX_WANTED 77
#define LINE_MAX_ALLOWED 998
#define WORD_BYTES 45  /* become 60 characters of base64 */
#define QP_LINE_MAX 75 /* without the "=" that folds it */
#define HEADER_PART_MAX 65536
#define QUOTED_MAX 60 /* of a name between quotes, which is not folded */

/* --- words --------------------------------------------------------------------- */

static gboolean is_control(char c)
{
	return (guchar)c < 0x20 || c == 0x7f;
}

/* Controls are blanks. */
static char *make_clean(const char *text)
{
	char *clean = g_strdup(text);

	for (char *p = clean; *p != '\0'; p++) {
		if (is_control(*p))
			*p = ' ';
	}
	return g_strstrip(clean);
}

/* RFC 2047 is for what is not ASCII, and what cannot be folded. */
static gboolean needs_words(const char *text)
{
	gsize run = 0;

	for (; *text != '\0'; text++) {
		if ((guchar)*text >= 0x80)
			return TRUE;
		run = *text == ' ' ? 0 : run + 1;
		if (run > LINE_MAX_ALLOWED - 100)
			return TRUE;
	}
	return FALSE;
}

/* Columns since the last line end. */
static gsize column(const GString *out)
{
	gsize at = out->len;

	while (at > 0 && out->str[at - 1] != '\n')
		at--;
	return out->len - at;
}

/* Characters are whole in each word (section 5). */
static void append_words(GString *out, const char *text)
{
	gboolean is_first = TRUE;

	while (*text != '\0') {
		gsize size = 0;
		gsize room = WORD_BYTES;
		gsize used = column(out);

		if (is_first && used + 12 + 4 < LINE_MAX_WANTED)
			room = MIN(room, (LINE_MAX_WANTED - used - 12) / 4 * 3);
		while (text[size] != '\0') {
			gsize next =
				(gsize)(g_utf8_next_char(text + size) - text);
			if (next > MAX(room, 4))
				break;
			size = next;
		}
		g_autofree char *encoded =
			g_base64_encode((const guchar *)text, size);
		g_string_append_printf(out,
			"%s=?UTF-8?B?%s?=", is_first ? "" : "\r\n ", encoded);
		is_first = FALSE;
		text += size;
	}
}

/* Words apart by one blank as they are; a line break before the one that would
 * be too long. */
static void append_folded(GString *out, const char *text)
{
	gboolean is_first = TRUE;

	while (*text != '\0') {
		gsize blanks = strspn(text, " ");
		gsize size = strcspn(text + blanks, " ");
		gboolean is_long =
			column(out) + blanks + size > LINE_MAX_WANTED;

		if (size == 0)
			return;
		if (is_long && (blanks > 0 || is_first))
			g_string_append(out, "\r\n");
		if (is_long && blanks == 0 && is_first)
			g_string_append_c(out, ' ');
		g_string_append_len(out, text, (gssize)(blanks + size));
		is_first = FALSE;
		text += blanks + size;
	}
}

void mime_compose_text(GString *out, const char *name, const char *text)
{
	g_autofree char *clean = make_clean(text);

	g_string_append_printf(out, "%s: ", name);
	if (needs_words(clean))
		append_words(out, clean);
	else
		append_folded(out, clean);
	g_string_append(out, "\r\n");
}

void mime_compose_field(GString *out, const char *name, const char *value)
{
	g_autofree char *clean = make_clean(value);

	g_string_append_printf(out, "%s: ", name);
	append_folded(out, clean);
	g_string_append(out, "\r\n");
}

/* --- addresses ----------------------------------------------------------------- */

/* RFC 5322 section 3.2.3, and what is beyond ASCII (RFC 6532). */
static gboolean is_atom(const char *text, const char *also)
{
	if (*text == '\0')
		return FALSE;
	for (; *text != '\0'; text++) {
		if (!g_ascii_isalnum(*text) && (guchar)*text < 0x80 &&
			strchr("!#$%&'*+-/=?^_`{|}~", *text) == NULL &&
			strchr(also, *text) == NULL)
			return FALSE;
	}
	return TRUE;
}

static void append_quoted(GString *out, const char *text)
{
	g_string_append_c(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *text);
	}
	g_string_append_c(out, '"');
}

static gboolean is_dot_atom(const char *text)
{
	return is_atom(text, ".") && text[0] != '.' &&
		text[strlen(text) - 1] != '.' && strstr(text, "..") == NULL;
}

static char *clean_bytes(Bytes bytes)
{
	g_autofree char *copy = g_strndup(bytes.data, bytes.size);
	g_autofree char *valid = g_utf8_make_valid(copy, -1);

	return make_clean(valid);
}

static void append_address(GString *out, const MimeAddress *address)
{
	g_autofree char *raw = mime_words_decode(address->name);
	g_autofree char *name = make_clean(raw);
	g_autofree char *local = clean_bytes(address->mailbox);
	g_autofree char *domain = clean_bytes(address->domain);

	if (name[0] != '\0') {
		gboolean is_plain = is_atom(name, " ");
		/* Words that were decoded, and then words again, are text. */
		if (needs_words(name) || strstr(name, "=?") != NULL ||
			(!is_plain && strlen(name) > QUOTED_MAX))
			append_words(out, name);
		else if (is_plain)
			append_folded(out, name);
		else
			append_quoted(out, name);
		g_string_append(out, " <");
	}
	if (is_dot_atom(local))
		g_string_append(out, local);
	else
		append_quoted(out, local);
	g_string_append_printf(
		out, "@%s%s", domain, name[0] != '\0' ? ">" : "");
}

/* One that can be written to. */
static gboolean is_whole(const MimeAddress *address)
{
	return address->kind == MIME_ADDRESS_MAILBOX &&
		address->mailbox.size > 0 && address->domain.size > 0;
}

gboolean mime_compose_addresses(
	GString *out, const char *name, const char *addresses)
{
	g_autoptr(Arena) arena = arena_new();
	g_autofree char *clean = make_clean(addresses);
	MimeAddressList list =
		mime_address_parse(arena, bytes_of_string(clean));
	guint count = 0;

	for (guint i = 0; i < list.count; i++) {
		g_autoptr(GString) one = g_string_new(NULL);

		if (!is_whole(&list.items[i]))
			continue;
		if (count++ == 0)
			g_string_append_printf(out, "%s: ", name);
		append_address(one, &list.items[i]);
		if (count > 1) {
			gboolean is_long =
				column(out) + 2 + strcspn(one->str, "\r") >
				LINE_MAX_WANTED;
			g_string_append(out, is_long ? ",\r\n " : ", ");
		}
		g_string_append(out, one->str);
	}
	if (count > 0)
		g_string_append(out, "\r\n");
	return count > 0;
}

void mime_compose_address(
	GString *out, const char *name, const MimeAddress *address)
{
	g_string_append_printf(out, "%s: ", name);
	append_address(out, address);
	g_string_append(out, "\r\n");
}

/* --- bodies -------------------------------------------------------------------- */

void mime_compose_lines(GString *out, Bytes bytes)
{
	gsize at = 0;

	while (at < bytes.size) {
		const char *start = bytes.data + at;
		gsize size = 0;

		while (at + size < bytes.size && start[size] != '\r' &&
			start[size] != '\n')
			size++;
		g_string_append_len(out, start, (gssize)size);
		g_string_append(out, "\r\n");
		at += size;
		if (at + 1 < bytes.size && bytes.data[at] == '\r' &&
			bytes.data[at + 1] == '\n')
			at++;
		at++;
	}
}

static gboolean is_plain(const GString *lines)
{
	gsize run = 0;

	for (gsize i = 0; i < lines->len; i++) {
		char c = lines->str[i];
		if ((guchar)c >= 0x80 || c == '\0')
			return FALSE;
		run = c == '\n' ? 0 : run + 1;
		if (run > LINE_MAX_ALLOWED)
			return FALSE;
	}
	return TRUE;
}

/* A line of CRLF lines, without its end (RFC 2045 section 6.7). */
static void append_qp_line(GString *out, Bytes line)
{
	gsize used = 0;

	for (gsize i = 0; i < line.size; i++) {
		guchar c = (guchar)line.data[i];
		gboolean is_last = i + 1 == line.size;
		gboolean is_plain_here = (c > 0x20 && c < 0x7f && c != '=') ||
			((c == ' ' || c == '\t') && !is_last);
		gsize size = is_plain_here ? 1 : 3;

		if (used + size > QP_LINE_MAX) {
			g_string_append(out, "=\r\n");
			used = 0;
		}
		if (is_plain_here)
			g_string_append_c(out, (char)c);
		else
			g_string_append_printf(out, "=%02X", c);
		used += size;
	}
	g_string_append(out, "\r\n");
}

static void append_type(GString *out, const char *type, gboolean is_coded)
{
	g_string_append_printf(out,
		"Content-Type: %s\r\n"
		"Content-Transfer-Encoding: %s\r\n\r\n",
		type, is_coded ? "quoted-printable" : "7bit");
}

static void append_coded(GString *out, const GString *lines)
{
	for (gsize at = 0; at < lines->len;) {
		const char *start = lines->str + at;
		const char *end = memchr(start, '\r', lines->len - at);

		append_qp_line(out, bytes_of(start, (gsize)(end - start)));
		at += (gsize)(end - start) + strlen("\r\n");
	}
}

static void append_part(GString *out, const char *plain_type,
	const char *other_type, Bytes bytes)
{
	g_autoptr(GString) lines = g_string_new(NULL);

	mime_compose_lines(lines, bytes);
	if (is_plain(lines)) {
		append_type(out, plain_type, FALSE);
		g_string_append_len(out, lines->str, (gssize)lines->len);
	} else {
		append_type(out, other_type, TRUE);
		append_coded(out, lines);
	}
}

void mime_compose_part(GString *out, const char *type, Bytes bytes)
{
	append_part(out, type, type, bytes);
}

void mime_compose_header_part(GString *out, Bytes message)
{
	Bytes block = bytes_slice(message, 0, HEADER_PART_MAX);
	g_autoptr(GString) fields = g_string_new(NULL);
	gsize at = 0;
	MimeField field;

	while (mime_field_next(block, &at, &field))
		g_string_append_len(
			fields, field.line.data, (gssize)field.line.size);
	mime_compose_part(
		out, "text/rfc822-headers", bytes_of(fields->str, fields->len));
}

void mime_compose_body(GString *out, const char *text)
{
	append_part(out, "text/plain; charset=us-ascii",
		"text/plain; charset=utf-8", bytes_of_string(text));
}
