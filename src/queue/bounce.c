/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells a sender that a mail could not be given away (RFC 3464). */
#include "queue/bounce.h"

#include "base/arena.h"
#include "base/text.h"
#include "deliver/guard.h"
#include "mime/compose.h"
#include "mime/header.h"
#include "queue/content.h"

#define HEADER_MAX 65536
/* Lines of the original that are longer are left out: the notice itself must
 * not fail (RFC 5321 section 4.5.3.1.6). */
#define LINE_MAX_BYTES 998

gboolean bounce_is_due(const char *sender, Bytes message)
{
	g_autoptr(Arena) arena = arena_new();
	gboolean is_utf8;

	return content_address_is_safe(sender, &is_utf8) &&
		guard_automatic(mime_header_new(arena, message)) == NULL;
}

static void append_header(GString *out, const BounceAbout *about)
{
	char date[32];
	g_autofree char *from = g_strdup_printf(
		"Mail Delivery System <MAILER-DAEMON@%s>", about->host);

	timestamp_format_rfc5322(about->now, date);
	g_string_append_printf(out, "Date: %s\r\nMessage-ID: <%s@%s>\r\n", date,
		about->id, about->host);
	mime_compose_addresses(out, "From", from);
	mime_compose_addresses(out, "To", about->sender);
	mime_compose_text(
		out, "Subject", "Undelivered mail returned to its sender");
	g_string_append_printf(out,
		"Auto-Submitted: auto-replied\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/report; "
		"report-type=delivery-status;\r\n"
		" boundary=\"%s\"\r\n",
		about->id);
}

static void append_words(GString *out, const BounceAbout *about)
{
	char date[32];

	timestamp_format_rfc5322(about->queued, date);
	g_autofree char *why = text_make_valid(bytes_of_string(about->text));
	g_autofree char *text = g_strdup_printf(
		"This is the mail store at %s.\n"
		"\n"
		"A message of yours could not be passed on. It was queued at\n"
		"%s and has been given up after %u %s.\n"
		"\n"
		"To:     <%s>\n"
		"Status: %s\n"
		"Reason: %s\n"
		"\n"
		"The header of the message is attached.\n",
		about->host, date, about->attempts,
		about->attempts == 1 ? "attempt" : "attempts", about->recipient,
		about->status, why);
	mime_compose_body(out, text);
}

static gboolean is_ascii(Bytes bytes)
{
	for (gsize i = 0; i < bytes.size; i++) {
		if ((guchar)bytes.data[i] >= 0x80)
			return FALSE;
	}
	return TRUE;
}

/* RFC 3464 section 2; with UTF-8 in it, RFC 6533 section 4. */
static void append_status(GString *out, const BounceAbout *about)
{
	gboolean is_utf8 = !is_ascii(bytes_of_string(about->recipient)) ||
		!is_ascii(bytes_of_string(about->text));
	char date[32];

	g_string_append_printf(out,
		"Content-Type: message/%sdelivery-status\r\n"
		"Content-Transfer-Encoding: %s\r\n\r\n",
		is_utf8 ? "global-" : "", is_utf8 ? "8bit" : "7bit");
	g_string_append_printf(out, "Reporting-MTA: dns; %s\r\n", about->host);
	timestamp_format_rfc5322(about->queued, date);
	g_string_append_printf(out, "Arrival-Date: %s\r\n\r\n", date);
	g_autofree char *final = g_strconcat(
		is_ascii(bytes_of_string(about->recipient)) ? "rfc822; " :
							      "utf-8; ",
		about->recipient, NULL);
	mime_compose_field(out, "Final-Recipient", final);
	g_string_append_printf(
		out, "Action: failed\r\nStatus: %s\r\n", about->status);
	if (about->remote != NULL) {
		g_autofree char *remote =
			g_strconcat("dns; ", about->remote, NULL);
		mime_compose_field(out, "Remote-MTA", remote);
	}
	g_autofree char *why = g_strconcat(
		about->is_reply ? "smtp; " : "X-DBMail; ", about->text, NULL);
	mime_compose_field(out, "Diagnostic-Code", why);
	timestamp_format_rfc5322(about->now, date);
	g_string_append_printf(out, "Last-Attempt-Date: %s\r\n", date);
}

static gboolean fits(Bytes field)
{
	gsize line = 0;

	if (memchr(field.data, '\0', field.size) != NULL)
		return FALSE;
	for (gsize i = 0; i < field.size; i++) {
		line = field.data[i] == '\n' ? 0 : line + 1;
		if (line > LINE_MAX_BYTES)
			return FALSE;
	}
	return TRUE;
}

static void append_original(GString *out, const BounceAbout *about)
{
	Bytes block = bytes_slice(about->message, 0, HEADER_MAX);
	g_autoptr(GString) lines = g_string_new(NULL);
	gsize at = 0;
	MimeField field;

	while (mime_field_next(block, &at, &field)) {
		if (fits(field.line))
			mime_compose_lines(lines, field.line);
	}
	g_string_append_printf(out,
		"Content-Type: text/rfc822-headers\r\n"
		"Content-Transfer-Encoding: %s\r\n\r\n",
		is_ascii(bytes_of(lines->str, lines->len)) ? "7bit" : "8bit");
	g_string_append_len(out, lines->str, (gssize)lines->len);
}

void bounce_compose(GString *out, const BounceAbout *about)
{
	append_header(out, about);
	g_string_append_printf(out, "\r\n--%s\r\n", about->id);
	append_words(out, about);
	g_string_append_printf(out, "\r\n--%s\r\n", about->id);
	append_status(out, about);
	g_string_append_printf(out, "\r\n--%s\r\n", about->id);
	append_original(out, about);
	g_string_append_printf(out, "\r\n--%s--\r\n", about->id);
}
