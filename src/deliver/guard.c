/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a message must not be answered, and when it has gone round in a loop. */
#include "deliver/guard.h"

#include "base/text.h"
#include "deliver/recipient.h"
#include "mime/address.h"

/* RFC 5321 section 6.3 asks for 100 at least. */
#define RECEIVED_MAX 100

/* --- senders ------------------------------------------------------------------- */

/* Postmasters are people (RFC 5230 section 4.6), so they are not in it. */
static const char *const programs[] = {
	"bounce",
	"bounces",
	"daemon",
	"do-not-reply",
	"donotreply",
	"listproc",
	"listserv",
	"mailer",
	"mailer-daemon",
	"mailerdaemon",
	"majordomo",
	"mdaemon",
	"no-reply",
	"noreply",
	"root",
	"uucp",
};

static const char *const beginnings[] = { "owner-", "bounce-", "bounces-",
	"bounces+", "bounce+" };
static const char *const ends[] = { "-request", "-owner", "-bounce", "-bounces",
	"-relay", "-confirm", "-errors" };

static gboolean is_program(const char *local)
{
	for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
		if (g_str_equal(local, programs[i]))
			return TRUE;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(beginnings); i++) {
		if (g_str_has_prefix(local, beginnings[i]))
			return TRUE;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
		if (g_str_has_suffix(local, ends[i]))
			return TRUE;
	}
	return FALSE;
}

const char *guard_sender(const char *sender)
{
	const char *at = sender != NULL ? strrchr(sender, '@') : NULL;

	if (sender == NULL || sender[0] == '\0')
		return "no sender";
	if (at == NULL || at == sender || at[1] == '\0')
		return "sender without domain";
	g_autofree char *local = g_ascii_strdown(sender, at - sender);
	return is_program(local) ? "sender is a program" : NULL;
}

/* --- the header ---------------------------------------------------------------- */

/* The value's first word: up to a blank, a comment or a parameter. */
static gboolean value_is(Bytes value, const char *word)
{
	Bytes trimmed = text_trim(value);
	gsize size = 0;

	while (size < trimmed.size &&
		memchr(" \t\r\n(;,", trimmed.data[size], 8) == NULL)
		size++;
	return text_equal_nocase(bytes_of(trimmed.data, size), word);
}

const char *guard_automatic(const MimeHeader *header)
{
	static const char name[] = "Auto-Submitted";
	const MimeField *field = NULL;

	while ((field = mime_header_find_next(header, name, field)) != NULL) {
		if (!value_is(field->value, "no"))
			return "Auto-Submitted";
	}
	return NULL;
}

static const char *const list_fields[] = {
	"List-Id",
	"List-Help",
	"List-Subscribe",
	"List-Unsubscribe",
	"List-Post",
	"List-Owner",
	"List-Archive", /* RFC 2369, 2919 */
	"Mailing-List",
	"X-Mailing-List",
	"X-Listname",
	"Feedback-ID",
};

static const char *const precedences[] = { "bulk", "list", "junk" };

/* A list of words that ask for silence (Exchange). */
static gboolean asks_for_silence(Bytes value)
{
	static const char *const words[] = { "all", "oof", "autoreply" };
	g_autofree char *copy = text_make_valid(value);
	g_auto(GStrv) list = g_strsplit_set(copy, " ,;\t", -1);

	for (gsize i = 0; list[i] != NULL; i++) {
		for (gsize j = 0; j < G_N_ELEMENTS(words); j++) {
			if (g_ascii_strcasecmp(list[i], words[j]) == 0)
				return TRUE;
		}
	}
	return FALSE;
}

const char *guard_bulk(const MimeHeader *header)
{
	const MimeField *field = NULL;
	const char *why = guard_automatic(header);

	if (why != NULL)
		return why;
	for (gsize i = 0; i < G_N_ELEMENTS(list_fields); i++) {
		if (mime_header_find(header, list_fields[i]) != NULL)
			return list_fields[i];
	}
	field = mime_header_find(header, "Precedence");
	for (gsize i = 0; field != NULL && i < G_N_ELEMENTS(precedences); i++) {
		if (value_is(field->value, precedences[i]))
			return "Precedence";
	}
	field = mime_header_find(header, "X-Auto-Response-Suppress");
	if (field != NULL && asks_for_silence(field->value))
		return "X-Auto-Response-Suppress";
	return NULL;
}

/* --- own addresses ------------------------------------------------------------- */

gboolean guard_is_own(
	const char *address, const char *const *own, const char *delimiters)
{
	g_auto(RecipientNames) names = { 0 };

	/* The whole address, and the same without detail; local parts alone
	 * only where own has them. */
	if (!recipient_names(bytes_of_string(address), delimiters, "", &names))
		return FALSE;
	for (gsize i = 0; names.names[i] != NULL; i++) {
		for (gsize j = 0; own[j] != NULL; j++) {
			if (names.names[i][0] != '@' &&
				g_ascii_strcasecmp(names.names[i], own[j]) == 0)
				return TRUE;
		}
	}
	return FALSE;
}

static gboolean is_addressed_in(Arena *arena, const MimeHeader *header,
	const char *field, const char *const *own, const char *delimiters)
{
	MimeAddressList list = mime_address_of(arena, header, field);

	for (guint i = 0; i < list.count; i++) {
		const MimeAddress *item = &list.items[i];
		if (item->kind != MIME_ADDRESS_MAILBOX ||
			item->domain.size == 0)
			continue;
		const char *local = arena_copy(
			arena, item->mailbox.data, item->mailbox.size);
		const char *domain =
			arena_copy(arena, item->domain.data, item->domain.size);
		if (guard_is_own(arena_printf(arena, "%s@%s", local, domain),
			    own, delimiters))
			return TRUE;
	}
	return FALSE;
}

gboolean guard_is_addressed(const MimeHeader *header, const char *const *own,
	const char *delimiters)
{
	static const char *const fields[] = { "To", "Cc", "Bcc", "Resent-To",
		"Resent-Cc", "Resent-Bcc" };
	g_autoptr(Arena) arena = arena_new();

	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
		if (is_addressed_in(arena, header, fields[i], own, delimiters))
			return TRUE;
	}
	return FALSE;
}

/* --- loops --------------------------------------------------------------------- */

char *guard_mark(gint64 user, const char *address)
{
	const char *at = strrchr(address, '@');
	g_autofree char *domain = g_ascii_strdown(at != NULL ? at : "", -1);
	g_autofree char *text =
		g_strdup_printf("%" G_GINT64_FORMAT "%s", user, domain);
	g_autofree char *hash =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);

	return g_strdup_printf("dbmail-%.32s", hash);
}

const char *guard_loop(const MimeHeader *header, const char *mark)
{
	const MimeField *field = NULL;
	guint count = 0;

	while ((field = mime_header_find_next(header, "X-Loop", field)) !=
		NULL) {
		if (value_is(field->value, mark))
			return "X-Loop";
	}
	while ((field = mime_header_find_next(header, "Received", field)) !=
		NULL)
		count++;
	return count > RECEIVED_MAX ? "too many Received fields" : NULL;
}
