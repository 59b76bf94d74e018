/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells a sender that a mail could not be given away (RFC 3464). */
#include "queue/bounce.h"

#include "base/arena.h"
#include "base/text.h"
#include "deliver/guard.h"
#include "mime/compose.h"
#include "mime/header.h"
#include "store/outbound.h"

/* Of the reason: a line without blanks must fit into a field (RFC 5322 section
 * 2.1.1), or the notice itself would fail. */
#define WHY_MAX 900

gboolean bounce_is_due(const char *sender, Bytes message)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GError) invalid = NULL;

	return outbound_check_address(sender, &invalid) &&
		guard_automatic(mime_header_new(arena, message)) == NULL;
}

/* Then the status cannot be ASCII. */
static gboolean is_utf8(const BounceAbout *about)
{
	return !text_is_ascii(bytes_of_string(about->recipient));
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
		" boundary=\"%s\"\r\n"
		"%s",
		about->id,
		is_utf8(about) ? "Content-Transfer-Encoding: 8bit\r\n" : "");
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

/* In ASCII: the words for people have it whole. */
static void append_diagnostic(GString *out, const BounceAbout *about)
{
	g_autofree char *text = g_strndup(about->text, WHY_MAX);

	for (char *p = text; *p != '\0'; p++) {
		if ((guchar)*p >= 0x80)
			*p = '?';
	}
	g_autofree char *why = g_strconcat(
		about->is_reply ? "smtp; " : "X-DBMail; ", text, NULL);
	mime_compose_field(out, "Diagnostic-Code", why);
}

/* RFC 3464 section 2; for an address in UTF-8, RFC 6533 section 4. */
static void append_status(GString *out, const BounceAbout *about)
{
	gboolean is_global = is_utf8(about);
	char date[32];

	g_string_append_printf(out,
		"Content-Type: message/%sdelivery-status\r\n"
		"Content-Transfer-Encoding: %s\r\n\r\n",
		is_global ? "global-" : "", is_global ? "8bit" : "7bit");
	g_string_append_printf(out, "Reporting-MTA: dns; %s\r\n", about->host);
	timestamp_format_rfc5322(about->queued, date);
	g_string_append_printf(out, "Arrival-Date: %s\r\n\r\n", date);
	g_autofree char *final = g_strconcat(
		is_global ? "utf-8; " : "rfc822; ", about->recipient, NULL);
	mime_compose_field(out, "Final-Recipient", final);
	g_string_append_printf(
		out, "Action: failed\r\nStatus: %s\r\n", about->status);
	if (about->remote != NULL) {
		g_autofree char *remote =
			g_strconcat("dns; ", about->remote, NULL);
		mime_compose_field(out, "Remote-MTA", remote);
	}
	append_diagnostic(out, about);
	timestamp_format_rfc5322(about->now, date);
	g_string_append_printf(out, "Last-Attempt-Date: %s\r\n", date);
}

void bounce_compose(GString *out, const BounceAbout *about)
{
	append_header(out, about);
	g_string_append_printf(out, "\r\n--%s\r\n", about->id);
	append_words(out, about);
	g_string_append_printf(out, "\r\n--%s\r\n", about->id);
	append_status(out, about);
	g_string_append_printf(out, "\r\n--%s\r\n", about->id);
	mime_compose_header_part(out, about->message);
	g_string_append_printf(out, "\r\n--%s--\r\n", about->id);
}
