/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing a message's parts, and what fields may be changed. */
#include "sieve/edit.h"

#include "base/text.h"
#include "mime/compose.h"
#include "mime/header.h"

static const char *const protected_names[] = { "Received", "Auto-Submitted",
	"Original-Subject", "Original-From" };

gboolean sieve_field_name_is_valid(Bytes name)
{
	for (gsize i = 0; i < name.size; i++) {
		guchar c = (guchar)name.data[i];

		if (c <= ' ' || c >= 0x7f || c == ':')
			return FALSE;
	}
	return name.size > 0 && name.size <= SIEVE_FIELD_NAME_SIZE_MAX;
}

static gboolean is_one_of(Bytes name, const char *const *names, gsize n_names)
{
	for (gsize i = 0; i < n_names; i++)
		if (text_equal_nocase(name, names[i]))
			return TRUE;
	return FALSE;
}

gboolean sieve_field_is_protected(Bytes name)
{
	return is_one_of(name, protected_names, G_N_ELEMENTS(protected_names));
}

/* Behind the line at pos. */
static gsize line_after(Bytes text, gsize pos)
{
	const char *feed = pos < text.size ?
		memchr(text.data + pos, '\n', text.size - pos) :
		NULL;

	return feed != NULL ? (gsize)(feed - text.data) + 1 : text.size;
}

gsize sieve_fields_size(Bytes header)
{
	gsize pos = 0;

	while (pos < header.size) {
		if (header.data[pos] == '\n' ||
			(header.data[pos] == '\r' && pos + 1 < header.size &&
				header.data[pos + 1] == '\n'))
			break;
		pos = line_after(header, pos);
	}
	return pos;
}

static gsize header_size(Bytes message)
{
	gsize size = sieve_fields_size(message);

	return size < message.size ? line_after(message, size) : size;
}

/* What line ends look like, by the first. */
static const char *newline_of(Bytes text)
{
	gsize first = line_after(text, 0);
	gboolean is_bare = first > 0 && text.data[first - 1] == '\n' &&
		(first == 1 || text.data[first - 2] != '\r');

	return is_bare ? "\n" : "\r\n";
}

static void append_bytes(GString *out, Bytes bytes)
{
	g_string_append_len(out, bytes.data, (gssize)bytes.size);
}

/* Text whose line ends are CRLF, with those of the message. */
static void append_lines(GString *out, Bytes text, const char *newline)
{
	gsize pos = 0;

	if (newline[0] == '\r') {
		append_bytes(out, text);
		return;
	}
	while (pos < text.size) {
		gsize end = line_after(text, pos);
		gsize size = end - pos;

		if (size >= 2 && text.data[end - 2] == '\r')
			g_string_append_len(
				out, text.data + pos, (gssize)(size - 2));
		else
			g_string_append_len(out, text.data + pos, (gssize)size);
		if (size >= 2 && text.data[end - 2] == '\r')
			g_string_append_c(out, '\n');
		pos = end;
	}
}

/* Parts */

static gboolean is_mime_field(Bytes name)
{
	return text_has_prefix_nocase(name, "Content-") ||
		text_equal_nocase(name, "MIME-Version");
}

/* Appends the field under another name. */
static void append_renamed(
	GString *out, const char *name, const MimeField *field)
{
	Bytes rest = field->line;
	gsize colon = (gsize)(field->value.data - rest.data) - 1;

	g_string_append(out, name);
	append_bytes(out, bytes_slice(rest, colon, rest.size));
}

/* The fields that do not tell of MIME; what is replaced is kept under the name
 * that RFC 5703 section 5 has for it. */
static void append_kept_fields(
	GString *out, Bytes header, const SieveReplacement *how)
{
	gsize pos = 0;
	gsize from = 0;
	MimeField field;

	while (mime_field_next(header, &pos, &field)) {
		gsize at = (gsize)(field.line.data - header.data);

		/* With what is no field before it. */
		append_bytes(out, bytes_slice(header, from, at - from));
		from = at + field.line.size;
		if (is_mime_field(field.name))
			continue;
		if (how->subject != NULL &&
			text_equal_nocase(field.name, "Subject"))
			append_renamed(out, "Original-Subject", &field);
		else if (how->from != NULL &&
			text_equal_nocase(field.name, "From"))
			append_renamed(out, "Original-From", &field);
		else
			append_bytes(out, field.line);
	}
	gsize end = sieve_fields_size(header);
	if (from < end)
		append_bytes(out, bytes_slice(header, from, end - from));
}

/* A line like a delimiter's could end a part that the text is in. */
static gboolean has_dashes(const char *text)
{
	return g_str_has_prefix(text, "--") || strstr(text, "\n--") != NULL ||
		strstr(text, "\r--") != NULL;
}

static void append_base64_body(GString *out, const char *text)
{
	g_autoptr(GString) lines = g_string_new(NULL);

	mime_compose_lines(lines, bytes_of_string(text));
	g_autofree char *encoded =
		g_base64_encode((const guchar *)lines->str, lines->len);
	gsize size = strlen(encoded);
	g_string_append(out,
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n");
	for (gsize at = 0; at < size; at += 76) {
		g_string_append_len(
			out, encoded + at, (gssize)MIN(size - at, 76));
		g_string_append(out, "\r\n");
	}
}

static void append_text_entity(GString *out, const char *text)
{
	if (has_dashes(text))
		append_base64_body(out, text);
	else
		mime_compose_body(out, text);
}

/* Of what a script says is an entity, the fields that an entity may have. */
static void append_mime_entity(GString *out, const char *text)
{
	g_autoptr(GString) lines = g_string_new(NULL);
	gsize pos = 0;
	MimeField field;

	mime_compose_lines(lines, bytes_of_string(text));
	Bytes all = bytes_of(lines->str, lines->len);
	if (!mime_field_begins(bytes_slice(all, 0, line_after(all, 0))) &&
		sieve_fields_size(all) > 0) {
		/* No header at all: a text. */
		g_string_append(out, "\r\n");
		append_bytes(out, all);
		return;
	}
	gsize size = header_size(all);
	while (mime_field_next(bytes_slice(all, 0, size), &pos, &field))
		if (text_has_prefix_nocase(field.name, "Content-"))
			append_bytes(out, field.line);
	g_string_append(out, "\r\n");
	append_bytes(out, bytes_slice(all, size, all.size));
}

static void append_entity(
	GString *out, const SieveReplacement *how, const char *newline)
{
	g_autoptr(GString) entity = g_string_new(NULL);

	if (how->is_mime)
		append_mime_entity(entity, how->text);
	else
		append_text_entity(entity, how->text);
	append_lines(out, bytes_of(entity->str, entity->len), newline);
}

static void append_new_fields(
	GString *out, const SieveReplacement *how, const char *newline)
{
	g_autoptr(GString) fields = g_string_new(NULL);

	if (how->from != NULL)
		(void)mime_compose_addresses(fields, "From", how->from);
	if (how->subject != NULL)
		mime_compose_text(fields, "Subject", how->subject);
	append_lines(out, bytes_of(fields->str, fields->len), newline);
}

static void end_line(GString *out, const char *newline)
{
	if (out->len > 0 && out->str[out->len - 1] != '\n')
		g_string_append(out, newline);
}

void sieve_edit_replace(Bytes message, const MimeScan *scan, guint index,
	const SieveReplacement *how, GString *out)
{
	const MimeEntity *entity = mime_scan_entity(scan, index);
	gboolean is_root = entity->parent == MIME_NO_PARENT;
	gboolean is_message = is_root ||
		mime_scan_entity(scan, entity->parent)->kind == MIME_MESSAGE;
	Bytes header = bytes_slice(
		message, entity->header, entity->body - entity->header);
	const char *newline = newline_of(message);
	SieveReplacement used = *how;

	if (!is_root || how->is_mime)
		used.subject = used.from = NULL;
	append_bytes(out, bytes_slice(message, 0, entity->header));
	append_kept_fields(out, header, &used);
	end_line(out, newline);
	append_new_fields(out, &used, newline);
	if (is_message) {
		g_string_append(out, "MIME-Version: 1.0");
		g_string_append(out, newline);
	}
	append_entity(out, &used, newline);
	/* The line end before a delimiter is the delimiter's. */
	if (entity->end < message.size && g_str_has_suffix(out->str, newline))
		g_string_truncate(out, out->len - strlen(newline));
	append_bytes(out, bytes_slice(message, entity->end, message.size));
}

/* Enclosing */

/* Of all that is put together: for a boundary that is no part of it and an id
 * that is no other message's, which are the same each time. */
static char *make_sum(Bytes message, const SieveEnclosure *how)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *date =
		g_strdup_printf("%" G_GINT64_FORMAT " ", (gint64)how->now);

	g_checksum_update(
		sum, (const guchar *)message.data, (gssize)message.size);
	g_checksum_update(sum, (const guchar *)date, -1);
	g_checksum_update(sum, (const guchar *)how->text, -1);
	return g_strndup(g_checksum_get_string(sum), 40);
}

static gboolean is_copied(const SieveEnclosure *how, const char *name)
{
	return how->headers != NULL && how->headers[0] != NULL &&
		is_one_of(bytes_of_string(name), how->headers,
			g_strv_length((char **)how->headers));
}

static void copy_fields(GString *out, Bytes header, const char *name)
{
	gsize pos = 0;
	MimeField field;

	while (mime_field_next(header, &pos, &field)) {
		if (!text_equal_nocase(field.name, name))
			continue;
		append_bytes(out, field.line);
		end_line(out, "\r\n");
	}
}

/* MIME fields are the new message's own, and so is what is said of it with
 * :subject. */
static void copy_headers(GString *out, Bytes header, const SieveEnclosure *how)
{
	for (guint i = 0; how->headers != NULL && how->headers[i] != NULL;
		i++) {
		Bytes name = bytes_of_string(how->headers[i]);
		gboolean is_again = is_one_of(name, how->headers, i);

		if (is_again || is_mime_field(name) ||
			text_equal_nocase(name, "Subject"))
			continue;
		copy_fields(out, header, how->headers[i]);
	}
}

static void append_id(GString *out, const SieveEnclosure *how, const char *sum)
{
	const char *at = how->from != NULL ? strrchr(how->from, '@') : NULL;

	if (at != NULL && !is_copied(how, "Message-ID"))
		g_string_append_printf(out, "Message-ID: <%s%s>\r\n", sum, at);
}

static void append_envelope_fields(
	GString *out, Bytes header, const SieveEnclosure *how, const char *sum)
{
	char date[32];

	copy_headers(out, header, how);
	if (!is_copied(how, "Date")) {
		timestamp_format_rfc5322(how->now, date);
		g_string_append_printf(out, "Date: %s\r\n", date);
	}
	if (!is_copied(how, "From") && how->from != NULL)
		(void)mime_compose_addresses(out, "From", how->from);
	append_id(out, how, sum);
	if (how->subject != NULL)
		mime_compose_text(out, "Subject", how->subject);
	else
		copy_fields(out, header, "Subject");
}

void sieve_edit_enclose(Bytes message, const SieveEnclosure *how, GString *out)
{
	g_autoptr(GString) head = g_string_new(NULL);
	g_autofree char *sum = make_sum(message, how);
	g_autofree char *boundary = g_strconcat("=_", sum, NULL);
	/* RFC 2045 section 6.4: of all that it is in, too. */
	const char *encoding = text_is_ascii(message) ?
		"" :
		"Content-Transfer-Encoding: 8bit\r\n";
	const char *newline = newline_of(message);
	Bytes header = bytes_slice(message, 0, header_size(message));

	append_envelope_fields(head, header, how, sum);
	g_string_append_printf(head,
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/mixed; boundary=\"%s\"\r\n"
		"%s\r\n"
		"--%s\r\n",
		boundary, encoding, boundary);
	mime_compose_body(head, how->text);
	g_string_append_printf(head,
		"\r\n--%s\r\n"
		"Content-Type: message/rfc822\r\n"
		"Content-Disposition: attachment\r\n"
		"%s\r\n",
		boundary, encoding);
	append_lines(out, bytes_of(head->str, head->len), newline);
	append_bytes(out, message);
	g_string_append_printf(out, "%s--%s--%s", newline, boundary, newline);
}
