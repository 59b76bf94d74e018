/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Responses: strings in the forms of RFC 3501, errors as response codes. */
#include "imap/reply.h"

#include "base/text.h"
#include "imap/utf7.h"

/* Longer strings are easier on the client as literals. */
#define QUOTED_MAX 1000

static gboolean all_bytes(Bytes text, gboolean (*fits)(char c))
{
	for (gsize i = 0; i < text.size; i++) {
		if (!fits(text.data[i]))
			return FALSE;
	}
	return TRUE;
}

static gboolean fits_quoted(char c)
{
	return c != '\0' && c != '\r' && c != '\n' && (guchar)c < 0x80;
}

static gboolean fits_utf8_quoted(char c)
{
	return c != '\0' && c != '\r' && c != '\n';
}

static void append_string(GString *out, Bytes text, gboolean (*fits)(char c))
{
	if (text.size > QUOTED_MAX || !all_bytes(text, fits)) {
		g_string_append_printf(out, "{%zu}\r\n", text.size);
		g_string_append_len(out, text.data, (gssize)text.size);
		return;
	}
	g_string_append_c(out, '"');
	for (gsize i = 0; i < text.size; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, text.data[i]);
	}
	g_string_append_c(out, '"');
}

void reply_append_string(GString *out, Bytes text)
{
	append_string(out, text, fits_quoted);
}

static void append_astring(GString *out, Bytes text, gboolean (*fits)(char c))
{
	/* NIL as an atom is taken for no string by careless clients. */
	if (text.size > 0 && text.size <= QUOTED_MAX &&
		all_bytes(text, is_atom_char) &&
		!text_equal_nocase(text, "NIL"))
		g_string_append_len(out, text.data, (gssize)text.size);
	else
		append_string(out, text, fits);
}

void reply_append_astring(GString *out, Bytes text)
{
	append_astring(out, text, fits_quoted);
}

void reply_append_utf8_astring(GString *out, Bytes text)
{
	append_astring(out, text, fits_utf8_quoted);
}

void reply_append_mailbox(GString *out, const char *name, gboolean is_utf8)
{
	if (is_utf8) {
		reply_append_utf8_astring(out, bytes_of_string(name));
		return;
	}
	g_autoptr(GString) wire = g_string_new(NULL);
	utf7_encode(name, wire);
	reply_append_astring(out, bytes_of(wire->str, wire->len));
}

void reply_append_flags(GString *out, Flags flags, guint64 keywords,
	const char *const *names, gboolean is_recent)
{
	gsize start = out->len;

	for (const Flags *flag = flag_all; *flag != 0; flag++) {
		if (flags & *flag)
			g_string_append_printf(out, " %s", flag_name(*flag));
	}
	for (guint i = 0; names != NULL && names[i] != NULL && i < 64; i++) {
		if (keywords >> i & 1)
			g_string_append_printf(out, " %s", names[i]);
	}
	if (is_recent)
		g_string_append(out, " \\Recent");
	if (out->len == start)
		g_string_append_c(out, '(');
	else
		out->str[start] = '(';
	g_string_append_c(out, ')');
}

void reply_literal(Stream *stream, Bytes data)
{
	stream_printf(stream, "{%zu}\r\n", data.size);
	stream_write(stream, data.data, data.size);
}

void reply_text(Stream *stream, const char *text)
{
	while (*text != '\0') {
		gsize size = 0;
		while ((guchar)text[size] >= 0x20 && text[size] != 0x7f)
			size++;
		stream_write(stream, text, size);
		text += size;
		if (*text != '\0') {
			stream_write(stream, " ", 1);
			text++;
		}
	}
}

static const ReplyError errors[] = {
	{ DBMAIL_ERROR_NOT_FOUND, "[NONEXISTENT] ", FALSE },
	{ DBMAIL_ERROR_EXISTS, "[ALREADYEXISTS] ", FALSE },
	{ DBMAIL_ERROR_NO_PERMISSION, "[NOPERM] ", FALSE },
	{ DBMAIL_ERROR_AUTH_FAILED, "[AUTHENTICATIONFAILED] ", FALSE },
	{ DBMAIL_ERROR_OVER_QUOTA, "[OVERQUOTA] ", FALSE },
	{ DBMAIL_ERROR_LIMIT, "[LIMIT] ", FALSE },
	{ DBMAIL_ERROR_INVALID, "[CANNOT] ", FALSE },
	{ DBMAIL_ERROR_IN_USE, "[INUSE] ", FALSE },
	{ DBMAIL_ERROR_TEMPORARY, "[UNAVAILABLE] ", TRUE },
	{ DBMAIL_ERROR_CLOSED, "[UNAVAILABLE] ", FALSE },
	{ DBMAIL_ERROR_UNSUPPORTED, "[CANNOT] ", FALSE },
	{ DBMAIL_ERROR_INTERNAL, "[SERVERBUG] ", TRUE },
};

const ReplyError *reply_error(DbmailErrorCode code, gboolean trycreate)
{
	static const ReplyError missing = { DBMAIL_ERROR_NOT_FOUND,
		"[TRYCREATE] ", FALSE };

	if (code == DBMAIL_ERROR_NOT_FOUND && trycreate)
		return &missing;
	for (gsize i = 0; i < G_N_ELEMENTS(errors); i++) {
		if (errors[i].code == code)
			return &errors[i];
	}
	return &errors[G_N_ELEMENTS(errors) - 1];
}
