/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What delivery keeps of a message's header for listing and searching. */
#include "mime/summary.h"

#include <stddef.h>

#include "base/text.h"
#include "mime/address.h"
#include "mime/date.h"
#include "mime/subject.h"
#include "mime/words.h"

static const struct {
	const char *name;
	gsize text;    /* offset of the member for the list */
	gsize mailbox; /* of that for the first mailbox, 0 where none */
} address_fields[] = {
	{ "From", offsetof(MimeSummary, from),
		offsetof(MimeSummary, from_mailbox) },
	{ "To", offsetof(MimeSummary, to), offsetof(MimeSummary, to_mailbox) },
	{ "Cc", offsetof(MimeSummary, cc), offsetof(MimeSummary, cc_mailbox) },
	{ "Bcc", offsetof(MimeSummary, bcc), 0 },
	{ "Sender", offsetof(MimeSummary, sender), 0 },
	{ "Reply-To", offsetof(MimeSummary, reply_to), 0 },
};

/* A copy of valid UTF-8, cut at a character where it is too long. */
static const char *keep(Arena *arena, MimeSummary *summary, Bytes text)
{
	gsize size = text.size;
	if (size > MIME_SUMMARY_TEXT_MAX) {
		size = MIME_SUMMARY_TEXT_MAX;
		while (size > 0 && ((guchar)text.data[size] & 0xc0) == 0x80)
			size--;
		summary->truncated = TRUE;
	}
	return arena_copy(arena, text.data, size);
}

static const char **member(MimeSummary *summary, gsize offset)
{
	return (const char **)(void *)((char *)summary + offset);
}

static void read_addresses(
	Arena *arena, MimeSummary *summary, const MimeHeader *header)
{
	for (gsize i = 0; i < G_N_ELEMENTS(address_fields); i++) {
		const char *name = address_fields[i].name;
		g_autoptr(GString) text = g_string_new(NULL);
		if (mime_header_find(header, name) == NULL)
			continue;
		MimeAddressList list = mime_address_of(arena, header, name);
		summary->truncated |= list.truncated;
		mime_address_write_text(&list, text);
		*member(summary, address_fields[i].text) =
			keep(arena, summary, bytes_of(text->str, text->len));
		if (address_fields[i].mailbox == 0 || list.count == 0)
			continue;
		/* As ENVELOPE has it, where a group's name is its mailbox. */
		const MimeAddress *first = &list.items[0];
		g_autofree char *mailbox = mime_words_decode(
			first->kind == MIME_ADDRESS_MAILBOX ? first->mailbox :
							      first->name);
		*member(summary, address_fields[i].mailbox) =
			keep(arena, summary, bytes_of_string(mailbox));
	}
}

/* Finds the next "<...>" from *pos on. */
static gboolean next_id(Bytes text, gsize *pos, Bytes *id)
{
	gsize from = text.size;
	for (; *pos < text.size; (*pos)++) {
		if (text.data[*pos] == '<')
			from = *pos + 1;
		if (text.data[*pos] != '>' || from >= *pos)
			continue;
		*id = bytes_slice(text, from, *pos - from);
		(*pos)++;
		return TRUE;
	}
	return FALSE;
}

/* Appends "<id>" without blanks and quotes: <"a b"@c> and <a b@c> are the
 * same id (RFC 5256 section 3 asks for equal forms). */
static void append_id(Bytes id, GString *out)
{
	g_autoptr(GString) bare = g_string_new("<");
	for (gsize i = 0; i < id.size; i++) {
		char c = id.data[i];
		gboolean is_escaped = c == '\\' && i + 1 < id.size;
		if (is_escaped)
			c = id.data[++i];
		if ((guchar)c <= ' ' || c == 0x7f ||
			(!is_escaped && strchr("\"<>", c) != NULL))
			continue;
		g_string_append_c(bare, c);
	}
	g_string_append_c(bare, '>');
	g_autofree char *valid =
		text_make_valid(bytes_of(bare->str, bare->len));
	g_string_append(out, valid);
}

/* The first id of a value; a Message-ID without brackets gets them. */
static const char *first_id(
	Arena *arena, MimeSummary *summary, Bytes value, gboolean bare_is_id)
{
	g_autoptr(GString) text = g_string_new(NULL);
	gsize pos = 0;
	Bytes id = text_trim(value);

	if (!next_id(value, &pos, &id) && (!bare_is_id || id.size == 0))
		return NULL;
	append_id(id, text);
	if (text->len <= strlen("<>"))
		return NULL;
	return keep(arena, summary, bytes_of(text->str, text->len));
}

/* Ids that are too many, cut in between: the thread's root is the first, the
 * message's parent the very last.  NULL where not even those fit. */
static char *cut_ids(Arena *arena, const GString *text)
{
	gsize first = strcspn(text->str, " ");

	if (first + 1 >= MIME_SUMMARY_TEXT_MAX)
		return NULL;
	const char *from = strchr(
		text->str + text->len - (MIME_SUMMARY_TEXT_MAX - first), ' ');
	return from != NULL ?
		arena_printf(arena, "%.*s%s", (int)first, text->str, from) :
		NULL;
}

/* All ids. */
static const char *all_ids(Arena *arena, MimeSummary *summary, Bytes value)
{
	g_autoptr(GString) text = g_string_new(NULL);
	gsize pos = 0;
	Bytes id;

	while (next_id(value, &pos, &id)) {
		if (text->len > 0)
			g_string_append_c(text, ' ');
		append_id(id, text);
	}
	if (text->len == 0)
		return NULL;
	if (text->len <= MIME_SUMMARY_TEXT_MAX)
		return arena_strdup(arena, text->str);
	summary->truncated = TRUE;
	return cut_ids(arena, text);
}

static void read_subject(Arena *arena, MimeSummary *summary, Bytes value)
{
	g_autofree char *subject = mime_words_decode(value);
	g_autoptr(GString) base = g_string_new(NULL);

	summary->subject = keep(arena, summary, bytes_of_string(subject));
	summary->is_reply_or_forward =
		mime_subject_base(summary->subject, base);
	summary->base_subject = arena_copy(arena, base->str, base->len);
}

static void read_date(Arena *arena, MimeSummary *summary, Bytes value)
{
	g_autofree char *valid =
		text_make_valid(bytes_of_string(mime_unfold(arena, value)));

	summary->date = keep(arena, summary, bytes_of_string(valid));
	summary->has_date = mime_date_parse(
		value, &summary->sent_date, &summary->zone_minutes);
}

MimeSummary *mime_summary_new(Arena *arena, const MimeHeader *header)
{
	MimeSummary *summary = arena_new_object(arena, MimeSummary);
	const MimeField *date = mime_header_find(header, "Date");
	const MimeField *subject = mime_header_find(header, "Subject");

	summary->truncated = !header->is_whole;
	if (date != NULL)
		read_date(arena, summary, date->value);
	if (subject != NULL) {
		read_subject(arena, summary, subject->value);
		summary->truncated |= mime_header_find_next(header, "Subject",
					      subject) != NULL;
	}
	read_addresses(arena, summary, header);
	summary->message_id = first_id(
		arena, summary, mime_header_value(header, "Message-ID"), TRUE);
	summary->in_reply_to = first_id(arena, summary,
		mime_header_value(header, "In-Reply-To"), FALSE);
	summary->references = all_ids(
		arena, summary, mime_header_value(header, "References"));
	return summary;
}
