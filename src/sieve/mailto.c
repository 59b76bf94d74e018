/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where and how notifications go: "mailto:". */
#include "sieve/mailto.h"

#include "base/errors.h"
#include "base/text.h"
#include "sieve/address.h"

/* RFC 5436 section 2.7, and what would forge the message or its structure. */
static const char *const unsafe[] = { "From", "Auto-Submitted", "Received",
	"Message-ID", "Date", "Sender", "Return-Path", "Bcc", "MIME-Version",
	"Precedence", "To", "Cc", "Subject", "Body" };

typedef struct {
	GPtrArray *addresses; /* local@domain */
	GPtrArray *texts;     /* as they were written */
} Recipients;

typedef struct {
	Arena *arena;
	Recipients to;
	Recipients cc;
	GArray *fields; /* SieveMailtoField */
	const char *subject;
	const char *body;
	GError **error;
} Reader;

static gboolean refuse(
	Reader *reader, DbmailErrorCode code, const char *text, Bytes what)
{
	g_autofree char *shown = text_make_valid(bytes_slice(what, 0, 80));

	dbmail_error_set(reader->error, code, text, "in \"%s\"", shown);
	return FALSE;
}

/* RFC 6068 section 2, less what separates things where it stands. */
static gboolean is_allowed(char c, const char *others)
{
	return g_ascii_isalnum(c) || (c != '\0' && strchr(others, c) != NULL);
}

/* The text without percent-encoding, NULL where it is not well formed. */
static const char *decode(Reader *reader, Bytes text, const char *others)
{
	g_autoptr(GString) out = g_string_sized_new(text.size);

	for (gsize i = 0; i < text.size; i++) {
		char c = text.data[i];

		if (is_allowed(c, others)) {
			g_string_append_c(out, c);
			continue;
		}
		if (c != '%' || text.size - i < 3)
			return NULL;
		int high = g_ascii_xdigit_value(text.data[i + 1]);
		int low = g_ascii_xdigit_value(text.data[i + 2]);
		if (high < 0 || low < 0 || high + low == 0)
			return NULL;
		g_string_append_c(out, (char)(high * 16 + low));
		i += 2;
	}
	if (!g_utf8_validate(out->str, (gssize)out->len, NULL))
		return NULL;
	return arena_copy(reader->arena, out->str, out->len);
}

static gboolean has(const Recipients *list, const char *address)
{
	for (guint i = 0; i < list->addresses->len; i++)
		if (g_str_equal(list->addresses->pdata[i], address))
			return TRUE;
	return FALSE;
}

static gboolean add_recipient(
	Reader *reader, const Recipients *list, Bytes text)
{
	g_autoptr(GString) address = g_string_new(NULL);

	if (!sieve_address_parse(text, address))
		return refuse(reader, DBMAIL_ERROR_INVALID,
			"the URI has a recipient that is no address", text);
	if (has(&reader->to, address->str) || has(&reader->cc, address->str))
		return TRUE;
	if (reader->to.addresses->len + reader->cc.addresses->len >=
		SIEVE_MAILTO_RECIPIENTS_MAX)
		return refuse(reader, DBMAIL_ERROR_LIMIT,
			"the URI has too many recipients", text);
	g_ptr_array_add(
		list->addresses, arena_strdup(reader->arena, address->str));
	g_ptr_array_add(
		list->texts, arena_copy(reader->arena, text.data, text.size));
	return TRUE;
}

/* Commas that separate are no part of a quoted local part. */
static gboolean add_recipients(
	Reader *reader, const Recipients *list, const char *text)
{
	gboolean is_quoted = FALSE;
	const char *begin = text;

	for (const char *p = text;; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			is_quoted = !is_quoted;
		if (*p != '\0' && (*p != ',' || is_quoted))
			continue;
		if (!add_recipient(
			    reader, list, bytes_of(begin, (gsize)(p - begin))))
			return FALSE;
		if (*p == '\0')
			return TRUE;
		begin = p + 1;
	}
}

static gboolean is_field_name(const char *name)
{
	for (const char *p = name; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == ':')
			return FALSE;
	return name[0] != '\0';
}

static gboolean is_unsafe(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(unsafe); i++)
		if (g_ascii_strcasecmp(name, unsafe[i]) == 0)
			return TRUE;
	return g_ascii_strncasecmp(name, "Resent-", 7) == 0 ||
		g_ascii_strncasecmp(name, "Content-", 8) == 0;
}

static gboolean add_other(Reader *reader, const char *name, const char *value)
{
	if (is_unsafe(name))
		return TRUE;
	if (reader->fields->len >= SIEVE_MAILTO_FIELDS_MAX)
		return refuse(reader, DBMAIL_ERROR_LIMIT,
			"the URI has too many header fields",
			bytes_of_string(name));
	char *written = arena_strdup(reader->arena, name);
	written[0] = g_ascii_toupper(written[0]);
	SieveMailtoField field = { written, value };
	g_array_append_val(reader->fields, field);
	return TRUE;
}

static gboolean add_field(Reader *reader, const char *name, const char *value)
{
	if (g_ascii_strcasecmp(name, "to") == 0)
		return add_recipients(reader, &reader->to, value);
	if (g_ascii_strcasecmp(name, "cc") == 0)
		return add_recipients(reader, &reader->cc, value);
	if (g_ascii_strcasecmp(name, "subject") == 0)
		reader->subject = value;
	if (g_ascii_strcasecmp(name, "body") == 0)
		reader->body = value;
	return add_other(reader, name, value);
}

/* "name=value". */
static gboolean read_field(Reader *reader, Bytes text)
{
	const char *equals =
		text.size > 0 ? memchr(text.data, '=', text.size) : NULL;

	if (equals == NULL)
		return refuse(reader, DBMAIL_ERROR_INVALID,
			"the URI has a header field without \"=\"", text);
	gsize size = (gsize)(equals - text.data);
	const char *name =
		decode(reader, bytes_slice(text, 0, size), "-._~!$'*+");
	const char *value = decode(reader,
		bytes_slice(text, size + 1, text.size), "-._~!$'()*+,;:@/?");
	if (name == NULL || !is_field_name(name))
		return refuse(reader, DBMAIL_ERROR_INVALID,
			"the URI has a header field with an invalid name",
			text);
	if (value == NULL)
		return refuse(reader, DBMAIL_ERROR_INVALID,
			"the URI has a header field with an invalid value",
			text);
	return add_field(reader, name, value);
}

static gboolean read_fields(Reader *reader, Bytes text)
{
	for (gsize at = 0; at <= text.size;) {
		const char *end = at < text.size ?
			memchr(text.data + at, '&', text.size - at) :
			NULL;
		gsize size = end != NULL ? (gsize)(end - text.data) - at :
					   text.size - at;

		if (!read_field(reader, bytes_slice(text, at, size)))
			return FALSE;
		at += size + 1;
	}
	return TRUE;
}

/* RFC 3986 section 3.1. */
static gboolean has_scheme(Bytes uri)
{
	gsize size = 0;

	while (size < uri.size &&
		(g_ascii_isalpha(uri.data[size]) ||
			(size > 0 && is_allowed(uri.data[size], "+-."))))
		size++;
	return size > 0 && size < uri.size && uri.data[size] == ':';
}

static gboolean read_uri(Reader *reader, Bytes uri)
{
	if (!has_scheme(uri))
		return refuse(reader, DBMAIL_ERROR_INVALID,
			"this is no URI, such as \"mailto:user@example.com\"",
			uri);
	if (!text_has_prefix_nocase(uri, "mailto:"))
		return refuse(reader, DBMAIL_ERROR_UNSUPPORTED,
			"notifications go by \"mailto:\" only", uri);
	Bytes rest = bytes_slice(uri, strlen("mailto:"), uri.size);
	const char *mark =
		rest.size > 0 ? memchr(rest.data, '?', rest.size) : NULL;
	gsize size = mark != NULL ? (gsize)(mark - rest.data) : rest.size;
	const char *to =
		decode(reader, bytes_slice(rest, 0, size), "-._~!$'()*+,:@");
	if (to == NULL)
		return refuse(reader, DBMAIL_ERROR_INVALID,
			"the URI has a character that must be "
			"percent-encoded",
			rest);
	if (to[0] != '\0' && !add_recipients(reader, &reader->to, to))
		return FALSE;
	if (mark != NULL &&
		!read_fields(reader, bytes_slice(rest, size + 1, rest.size)))
		return FALSE;
	if (reader->to.addresses->len + reader->cc.addresses->len == 0)
		return refuse(reader, DBMAIL_ERROR_INVALID,
			"the URI names no recipient", uri);
	return TRUE;
}

static const char *const *list_of(Arena *arena, const GPtrArray *items)
{
	const char **list =
		arena_new_array(arena, const char *, items->len + 1);

	for (guint i = 0; i < items->len; i++)
		list[i] = items->pdata[i];
	return list;
}

gboolean sieve_mailto_parse(
	Arena *arena, Bytes uri, SieveMailto *mailto, GError **error)
{
	g_autoptr(GPtrArray) to = g_ptr_array_new();
	g_autoptr(GPtrArray) to_text = g_ptr_array_new();
	g_autoptr(GPtrArray) cc = g_ptr_array_new();
	g_autoptr(GPtrArray) cc_text = g_ptr_array_new();
	g_autoptr(GArray) fields =
		g_array_new(FALSE, FALSE, sizeof(SieveMailtoField));
	Reader reader = { arena, { to, to_text }, { cc, cc_text }, fields, NULL,
		NULL, error };

	if (!read_uri(&reader, uri))
		return FALSE;
	if (mailto == NULL)
		return TRUE;
	SieveMailtoField *others =
		arena_new_array(arena, SieveMailtoField, fields->len);
	for (guint i = 0; i < fields->len; i++)
		others[i] = g_array_index(fields, SieveMailtoField, i);
	*mailto = (SieveMailto){
		.to = list_of(arena, to),
		.cc = list_of(arena, cc),
		.to_text = list_of(arena, to_text),
		.cc_text = list_of(arena, cc_text),
		.subject = reader.subject,
		.body = reader.body,
		.fields = others,
		.n_fields = fields->len,
	};
	return TRUE;
}
