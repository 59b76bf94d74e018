/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IMAP's ENVELOPE of a header (RFC 3501 section 7.4.2). */
#include "mime/envelope.h"

#include "base/text.h"
#include "mime/address.h"
#include "mime/imaptext.h"

typedef enum {
	ITEM_TEXT,
	ITEM_ADDRESSES,
	ITEM_ADDRESSES_OR_FROM,
} ItemType;

static const struct {
	const char *name;
	ItemType type;
} items[] = {
	{ "Date", ITEM_TEXT },
	{ "Subject", ITEM_TEXT },
	{ "From", ITEM_ADDRESSES },
	{ "Sender", ITEM_ADDRESSES_OR_FROM },
	{ "Reply-To", ITEM_ADDRESSES_OR_FROM },
	{ "To", ITEM_ADDRESSES },
	{ "Cc", ITEM_ADDRESSES },
	{ "Bcc", ITEM_ADDRESSES },
	{ "In-Reply-To", ITEM_TEXT },
	{ "Message-ID", ITEM_TEXT },
};

static void write_text(
	Arena *arena, const MimeHeader *header, const char *name, GString *out)
{
	const MimeField *field = mime_header_find(header, name);
	Bytes value = { NULL, 0 };
	if (field != NULL)
		value = bytes_of_string(mime_unfold(arena, field->value));
	mime_imap_nstring(value, out);
}

/* An address structure (RFC 3501 section 7.4.2): a group begins with its name
 * as mailbox and NIL as host, and ends with all NIL. */
static void write_address(const MimeAddress *address, GString *out)
{
	g_string_append_c(out, '(');
	if (address->kind == MIME_ADDRESS_MAILBOX) {
		mime_imap_nstring(address->name, out);
		g_string_append_c(out, ' ');
		mime_imap_nstring(address->route, out);
		g_string_append_c(out, ' ');
		mime_imap_string(address->mailbox, out);
		g_string_append_c(out, ' ');
		mime_imap_string(address->domain, out);
	} else {
		g_string_append(out, "NIL NIL ");
		mime_imap_nstring(address->name, out);
		g_string_append(out, " NIL");
	}
	g_string_append_c(out, ')');
}

static void write_list(const MimeAddressList *list, GString *out)
{
	if (list->count == 0) {
		g_string_append(out, "NIL");
		return;
	}
	g_string_append_c(out, '(');
	for (guint i = 0; i < list->count; i++)
		write_address(&list->items[i], out);
	g_string_append_c(out, ')');
}

void mime_envelope_write(const MimeHeader *header, GString *out)
{
	g_autoptr(Arena) arena = arena_new();
	MimeAddressList from = mime_address_of(arena, header, "From");

	g_string_append_c(out, '(');
	for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
		if (i > 0)
			g_string_append_c(out, ' ');
		if (items[i].type == ITEM_TEXT) {
			write_text(arena, header, items[i].name, out);
			continue;
		}
		MimeAddressList list =
			mime_address_of(arena, header, items[i].name);
		if (list.count == 0 && items[i].type == ITEM_ADDRESSES_OR_FROM)
			list = from;
		write_list(&list, out);
	}
	g_string_append_c(out, ')');
}
