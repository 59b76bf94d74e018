/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The messages a delivery writes itself: pure, text in, bytes out. */
#include "deliver/compose.h"

#include "base/text.h"
#include "mime/compose.h"
#include "mime/words.h"

/* References that would be longer begin anew (RFC 5322 has no limit, mailers
 * do). */
#define REFERENCES_MAX 8192
#define ID_MAX 970
/* Characters; a list of mails has no room for more. */
#define SUBJECT_MAX 256
#define NAME_MAX_WANTED 100

/* --- fields -------------------------------------------------------------------- */

/* The first message id of a value, with its brackets; no data where there is
 * none that can be repeated. */
static Bytes first_id(Bytes value)
{
	const char *begin =
		value.size > 0 ? memchr(value.data, '<', value.size) : NULL;
	gsize at = begin != NULL ? (gsize)(begin - value.data) : value.size;
	gsize size = 0;

	while (at + size < value.size && value.data[at + size] > ' ' &&
		value.data[at + size] < 0x7f && value.data[at + size] != '>')
		size++;
	if (at + size >= value.size || value.data[at + size] != '>' ||
		size < 2 || size > ID_MAX)
		return bytes_of(NULL, 0);
	return bytes_slice(value, at, size + 1);
}

static void append_ids(GString *out, Bytes value)
{
	while (value.size > 0) {
		Bytes id = first_id(value);
		if (id.data == NULL)
			return;
		g_string_append_printf(out, "%s%.*s", out->len > 0 ? " " : "",
			(int)id.size, id.data);
		gsize next = (gsize)(id.data + id.size - value.data);
		value = bytes_slice(value, next, value.size);
	}
}

/* RFC 5322 section 3.6.4. */
static void append_thread(GString *out, const MimeHeader *original)
{
	Bytes id = first_id(mime_header_value(original, "Message-ID"));
	g_autoptr(GString) references = g_string_new(NULL);

	if (id.data == NULL)
		return;
	g_autofree char *text = g_strndup(id.data, id.size);
	mime_compose_field(out, "In-Reply-To", text);
	append_ids(references, mime_header_value(original, "References"));
	if (references->len == 0)
		append_ids(references,
			first_id(mime_header_value(original, "In-Reply-To")));
	if (references->len > REFERENCES_MAX)
		g_string_truncate(references, 0);
	append_ids(references, id);
	mime_compose_field(out, "References", references->str);
}

static char *original_subject(const ComposeAbout *about)
{
	return mime_words_decode(mime_header_value(about->original, "Subject"));
}

/* Cuts a text that is longer, and shows that it did; never between a letter and
 * the marks on it. */
static char *shorten(char *text, glong max)
{
	char *text_end = text;
	glong count = 0;

	if (g_utf8_strlen(text, -1) <= max)
		return text;
	for (; count < max - 1; count++)
		text_end = g_utf8_next_char(text_end);
	while (text_end > text && g_unichar_ismark(g_utf8_get_char(text_end)))
		text_end = g_utf8_prev_char(text_end);
	*text_end = '\0';
	g_autofree char *old = text;
	return g_strconcat(g_strchomp(old), "\u2026", NULL);
}

static void append_subject(GString *out, const char *text)
{
	if (g_utf8_strlen(text, -1) <= SUBJECT_MAX) {
		mime_compose_text(out, "Subject", text);
		return;
	}
	/* No word may be cut in two. */
	g_autofree char *cut =
		shorten(mime_words_decode(bytes_of_string(text)), SUBJECT_MAX);
	mime_compose_text(out, "Subject", cut);
}

static void append_dates(GString *out, const ComposeAbout *about)
{
	char date[32];

	timestamp_format_rfc5322(about->now, date);
	g_string_append_printf(out, "Date: %s\r\nMessage-ID: <%s@%s>\r\n", date,
		about->id, about->host);
}

static void append_from(
	GString *out, const ComposeAbout *about, const char *from)
{
	if ((from == NULL || !mime_compose_addresses(out, "From", from)) &&
		!mime_compose_addresses(out, "From", about->recipient))
		g_string_append_printf(
			out, "From: postmaster@%s\r\n", about->host);
}

static void append_automatic(
	GString *out, const ComposeAbout *about, const char *how)
{
	mime_compose_field(out, "Auto-Submitted", how);
	mime_compose_field(out, "X-Loop", about->mark);
}

/* --- vacation ------------------------------------------------------------------ */

static gboolean is_address(const MimeAddress *address, const char *text)
{
	g_autofree char *its = g_strdup_printf("%.*s@%.*s",
		(int)address->mailbox.size, address->mailbox.data,
		(int)address->domain.size, address->domain.data);

	return address->kind == MIME_ADDRESS_MAILBOX &&
		g_ascii_strcasecmp(its, text) == 0;
}

/* The sender as a field of the message has it, with a name. */
static const MimeAddress *find_sender(
	Arena *arena, const ComposeAbout *about, const char *field)
{
	MimeAddressList list = mime_address_of(arena, about->original, field);

	for (guint i = 0; i < list.count; i++) {
		if (list.items[i].name.size > 0 &&
			is_address(&list.items[i], about->sender))
			return &list.items[i];
	}
	return NULL;
}

/* As a person would answer. */
static void append_to(GString *out, const ComposeAbout *about)
{
	static const char *const fields[] = { "From", "Reply-To", "Sender" };
	g_autoptr(Arena) arena = arena_new();

	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
		const MimeAddress *found = find_sender(arena, about, fields[i]);
		if (found == NULL)
			continue;
		MimeAddress address = *found;
		g_autofree char *name = shorten(
			mime_words_decode(found->name), NAME_MAX_WANTED);
		address.name = bytes_of_string(name);
		mime_compose_address(out, "To", &address);
		return;
	}
	(void)mime_compose_addresses(out, "To", about->sender);
}

/* The entity's own Content fields, in ASCII; what else is in its header is none
 * of its business (RFC 5230 section 5).  A script is UTF-8, whether or not its
 * entity says so. */
static void append_entity(GString *out, const char *text)
{
	g_autoptr(GString) lines = g_string_new(NULL);
	gboolean has_type = FALSE;
	gboolean has_encoding = FALSE;
	gsize at = 0;
	MimeField field;

	mime_compose_lines(lines, bytes_of_string(text));
	Bytes entity = bytes_of(lines->str, lines->len);
	while (mime_field_next(entity, &at, &field)) {
		if (!text_has_prefix_nocase(field.name, "Content-") ||
			!text_is_ascii(field.line))
			continue;
		g_string_append_len(
			out, field.line.data, (gssize)field.line.size);
		has_type |= text_equal_nocase(field.name, "Content-Type");
		has_encoding |= text_equal_nocase(
			field.name, "Content-Transfer-Encoding");
	}
	const char *blank = lines->str[0] == '\r' ?
		lines->str - 2 :
		strstr(lines->str, "\r\n\r\n");
	const char *body = blank != NULL ? blank + strlen("\r\n\r\n") : "";
	if (!text_is_ascii(bytes_of_string(body)))
		g_string_append_printf(out, "%s%s",
			has_type ? "" :
				   "Content-Type: text/plain; "
				   "charset=utf-8\r\n",
			has_encoding ? "" :
				       "Content-Transfer-Encoding: 8bit\r\n");
	g_string_append(out, "\r\n");
	g_string_append(out, body);
}

static void append_vacation_subject(GString *out, const ComposeAbout *about,
	const ComposeVacation *vacation)
{
	g_autofree char *subject = original_subject(about);
	g_autofree char *automatic = g_strconcat("Auto: ", subject, NULL);

	/* Scripts of other systems have encoded words in it. */
	if (vacation->subject != NULL) {
		g_autofree char *own =
			mime_words_decode(bytes_of_string(vacation->subject));
		append_subject(out, own);
		return;
	}
	append_subject(out, subject[0] != '\0' ? automatic : "Automated reply");
}

void compose_vacation(GString *out, const ComposeAbout *about,
	const ComposeVacation *vacation)
{
	append_dates(out, about);
	append_from(out, about, vacation->from);
	append_to(out, about);
	append_vacation_subject(out, about, vacation);
	append_thread(out, about->original);
	append_automatic(out, about, "auto-replied");
	g_string_append(out, "MIME-Version: 1.0\r\n");
	if (vacation->is_mime)
		append_entity(out, vacation->text);
	else
		mime_compose_body(out, vacation->text);
}

/* --- reject -------------------------------------------------------------------- */

/* Whom the message was for before anybody rewrote that, where it says so: then
 * the field must be there, else it must not (RFC 8098 section 3.2.3). */
static void append_original_recipient(
	GString *out, const MimeHeader *original, gboolean is_utf8)
{
	static const char name[] = "Original-Recipient";
	Bytes value = text_trim(mime_header_value(original, name));
	const char *semicolon =
		value.size > 0 ? memchr(value.data, ';', value.size) : NULL;

	if (semicolon == NULL || semicolon == value.data ||
		value.size > ID_MAX ||
		!g_utf8_validate(value.data, (gssize)value.size, NULL) ||
		(!is_utf8 && !text_is_ascii(value)))
		return;
	g_autofree char *text = g_strndup(value.data, value.size);
	mime_compose_field(out, name, text);
}

static void append_disposition(
	GString *out, const ComposeAbout *about, gboolean is_utf8)
{
	Bytes id = first_id(mime_header_value(about->original, "Message-ID"));

	/* RFC 6533 section 5. */
	g_string_append_printf(out,
		"Content-Type: message/%sdisposition-notification\r\n"
		"Content-Transfer-Encoding: %s\r\n\r\n"
		"Reporting-UA: %s; DBMail\r\n",
		is_utf8 ? "global-" : "", is_utf8 ? "8bit" : "7bit",
		about->host);
	append_original_recipient(out, about->original, is_utf8);
	g_autofree char *final = g_strconcat(
		is_utf8 ? "utf-8; " : "rfc822; ", about->recipient, NULL);
	mime_compose_field(out, "Final-Recipient", final);
	if (id.data != NULL)
		g_string_append_printf(out, "Original-Message-ID: %.*s\r\n",
			(int)id.size, id.data);
	g_string_append(out,
		"Disposition: automatic-action/MDN-sent-automatically; "
		"deleted\r\n");
}

void compose_reject(GString *out, const ComposeAbout *about, const char *reason)
{
	g_autofree char *old = original_subject(about);
	g_autofree char *subject = g_strconcat("Refused: ", old, NULL);
	g_autofree char *text = g_strconcat(
		"Your message was refused by the recipient's mail filter.\n"
		"The reason given is:\n\n",
		reason, NULL);
	gboolean is_utf8 = !text_is_ascii(bytes_of_string(about->recipient));

	append_dates(out, about);
	append_from(out, about, NULL);
	(void)mime_compose_addresses(out, "To", about->sender);
	append_subject(
		out, old[0] != '\0' ? subject : "Your message was refused");
	append_thread(out, about->original);
	append_automatic(out, about, "auto-replied");
	g_string_append_printf(out,
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/report;\r\n"
		" report-type=disposition-notification; boundary=\"%s\"\r\n"
		"%s\r\n--%s\r\n",
		about->id, is_utf8 ? "Content-Transfer-Encoding: 8bit\r\n" : "",
		about->id);
	mime_compose_body(out, text);
	g_string_append_printf(out, "\r\n--%s\r\n", about->id);
	append_disposition(out, about, is_utf8);
	g_string_append_printf(out, "\r\n--%s\r\n", about->id);
	mime_compose_header_part(out, about->original->block);
	g_string_append_printf(out, "\r\n--%s--\r\n", about->id);
}

/* --- notify -------------------------------------------------------------------- */

/* May a mailto URI set a field of that name?  Not those the notice has
 * itself, that only hosts write, or that carry the body's form. */
static gboolean may_set_field(const char *name)
{
	static const char *const ours[] = { "auto-submitted", "bcc", "body",
		"cc", "date", "delivered-to", "from", "in-reply-to",
		"message-id", "mime-version", "received", "references",
		"reply-to", "return-path", "sender", "subject", "to",
		"x-loop" };

	for (gsize i = 0; i < G_N_ELEMENTS(ours); i++) {
		if (g_ascii_strcasecmp(name, ours[i]) == 0)
			return FALSE;
	}
	if (g_ascii_strncasecmp(name, "content-", 8) == 0 ||
		g_ascii_strncasecmp(name, "resent-", 7) == 0 ||
		g_ascii_strncasecmp(name, "dkim-", 5) == 0 ||
		g_ascii_strncasecmp(name, "arc-", 4) == 0)
		return FALSE;
	g_autofree char *line = g_strconcat(name, ":", NULL);
	return name[0] != '\0' && strcspn(name, " \t:") == strlen(name) &&
		strlen(name) < 70 && mime_field_begins(bytes_of_string(line));
}

static void append_importance(GString *out, const char *importance)
{
	if (g_strcmp0(importance, "1") == 0)
		g_string_append(
			out, "Importance: high\r\nX-Priority: 1 (High)\r\n");
	else if (g_strcmp0(importance, "3") == 0)
		g_string_append(
			out, "Importance: low\r\nX-Priority: 5 (Low)\r\n");
}

static void append_fields(GString *out, const ComposeNotify *notify)
{
	for (guint i = 0; i < notify->n_fields; i++) {
		const ComposeField *field = &notify->fields[i];
		g_autofree char *name = g_strdup(field->name);
		if (!may_set_field(name))
			continue;
		name[0] = g_ascii_toupper(name[0]);
		mime_compose_text(out, name, field->value);
	}
}

/* owner-token of RFC 5436 section 2.7.1: the mark tells nobody who it is. */
void compose_notify(
	GString *out, const ComposeAbout *about, const ComposeNotify *notify)
{
	g_autofree char *how =
		g_strconcat("auto-notified; owner-token=", about->mark, NULL);
	g_autofree char *old = original_subject(about);

	append_automatic(out, about, how);
	append_dates(out, about);
	append_from(out, about, notify->from);
	if (notify->to != NULL)
		(void)mime_compose_addresses(out, "To", notify->to);
	if (notify->cc != NULL)
		(void)mime_compose_addresses(out, "Cc", notify->cc);
	append_subject(out,
		notify->subject != NULL ? notify->subject :
			old[0] != '\0'  ? old :
					  "New mail");
	append_importance(out, notify->importance);
	append_fields(out, notify);
	g_string_append(out, "MIME-Version: 1.0\r\n");
	mime_compose_body(out, notify->body != NULL ? notify->body : "");
}

/* --- to the owner -------------------------------------------------------------- */

void compose_script_failed(GString *out, const ComposeAbout *about,
	const char *script, guint line, const char *why)
{
	g_autofree char *text = g_strdup_printf(
		"Your Sieve script \"%s\" could not be run to its end.\n\n"
		"%s:%u: %s\n\n"
		"Nothing is lost: the message, and every other one for which "
		"it fails,\nis kept in INBOX.  You are told of this once; "
		"change the script, and\nyou will be told anew.\n",
		script, script, line, why);

	append_dates(out, about);
	g_string_append_printf(
		out, "From: Mail filter <postmaster@%s>\r\n", about->host);
	if (!mime_compose_addresses(out, "To", about->recipient))
		g_string_append(out, "To: undisclosed-recipients:;\r\n");
	g_string_append(out, "Subject: Your Sieve script failed\r\n");
	append_thread(out, about->original);
	append_automatic(out, about, "auto-generated");
	g_string_append(out, "MIME-Version: 1.0\r\n");
	mime_compose_body(out, text);
}

/* --- redirect ------------------------------------------------------------------ */

void compose_redirect(GString *out, const ComposeAbout *about, Bytes message)
{
	mime_compose_field(out, "X-Loop", about->mark);
	g_string_append_len(out, message.data, (gssize)message.size);
}
