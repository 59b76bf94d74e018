/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A header block, and its values by every parser of values. */
#include "fuzz.h"

#include "mime/address.h"
#include "mime/date.h"
#include "mime/decode.h"
#include "mime/envelope.h"
#include "mime/param.h"
#include "mime/section.h"
#include "mime/summary.h"
#include "mime/words.h"

static void check_text(const char *text)
{
	if (text == NULL)
		return;
	g_assert(g_utf8_validate(text, -1, NULL));
	g_assert(strlen(text) <= MIME_SUMMARY_TEXT_MAX);
	for (const char *p = text; *p != '\0'; p++)
		g_assert((guchar)*p >= 0x20 && *p != 0x7f);
}

static void check_summary(Arena *arena, const MimeHeader *header)
{
	MimeSummary *s = mime_summary_new(arena, header);
	const char *const texts[] = {
		s->subject,
		s->base_subject,
		s->from,
		s->to,
		s->cc,
		s->bcc,
		s->sender,
		s->reply_to,
		s->from_mailbox,
		s->to_mailbox,
		s->cc_mailbox,
		s->message_id,
		s->in_reply_to,
		s->references,
	};
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		check_text(texts[i]);
	g_assert(s->date == NULL || g_utf8_validate(s->date, -1, NULL));
}

static void check_list(Arena *arena, Bytes value)
{
	MimeAddressList list = mime_address_parse(arena, value);
	gint open = 0;
	for (guint i = 0; i < list.count; i++) {
		const MimeAddress *a = &list.items[i];
		open += a->kind == MIME_ADDRESS_GROUP_BEGIN;
		open -= a->kind == MIME_ADDRESS_GROUP_END;
		g_assert(open == 0 || open == 1);
		g_assert(a->kind != MIME_ADDRESS_MAILBOX ||
			(a->mailbox.data != NULL && a->domain.data != NULL));
	}
	g_assert(open == 0);
}

static void check_value(Arena *arena, Bytes value)
{
	MimeParamValue params = { 0 };
	MimeSection section;
	Timestamp time = 0;
	gint zone = 0;
	g_autofree char *text = mime_words_decode(value);

	g_assert(g_utf8_validate(text, -1, NULL));
	check_list(arena, value);
	if (mime_date_parse(value, &time, &zone))
		g_assert(ABS(zone) < 1440);
	if (mime_param_value_parse(arena, value, FALSE, &params)) {
		for (guint i = 0; i < params.n_params; i++)
			g_assert(g_utf8_validate(
				mime_param_text(arena, &params.params[i]), -1,
				NULL));
	}
	mime_encoding_of(value);
	if (mime_section_parse(arena, value, &section, NULL)) {
		g_autoptr(GString) once = g_string_new(NULL);
		g_autoptr(GString) twice = g_string_new(NULL);
		MimeSection again;
		mime_section_write(&section, once);
		g_assert(mime_section_parse(
			arena, bytes_of(once->str, once->len), &again, NULL));
		mime_section_write(&again, twice);
		g_assert(g_string_equal(once, twice));
	}
}

static void check_select(Bytes block)
{
	static const char *const names[] = { "a", "Subject", "From", "To" };
	g_autoptr(GString) with = g_string_new(NULL);
	g_autoptr(GString) without = g_string_new(NULL);
	mime_header_select(block, names, G_N_ELEMENTS(names), FALSE, with);
	mime_header_select(block, names, G_N_ELEMENTS(names), TRUE, without);
	/* Each line is in one of them, the blank line in both. */
	g_assert(with->len + without->len <= block.size + 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) envelope = g_string_new(NULL);
	Bytes block = bytes_of((const char *)data, size);
	MimeHeader *header = mime_header_new(arena, block);

	mime_envelope_write(header, envelope);
	g_assert(strlen(envelope->str) == envelope->len);
	check_summary(arena, header);
	check_select(block);
	check_value(arena, block);
	for (guint i = 0; i < MIN(header->count, 100); i++)
		check_value(arena, header->fields[i].value);
	return 0;
}
