/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address lists (RFC 5322 section 3.4), as lenient as mail is broken. */
#ifndef MIME_ADDRESS_H
#define MIME_ADDRESS_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "mime/header.h"

/* Addresses past this number, over all fields of one list, are left out. */
#define MIME_ADDRESSES_MAX 10000

typedef enum {
	MIME_ADDRESS_MAILBOX,
	MIME_ADDRESS_GROUP_BEGIN, /* name only */
	MIME_ADDRESS_GROUP_END,   /* nothing */
} MimeAddressKind;

/* Raw: quotes, escapes and folding are gone, encoded words and 8-bit bytes
 * stand.  No data where there is no such part; a mailbox always has mailbox
 * and domain, which may be empty (data set, size 0).  name is the display
 * name, or a comment where there is none; route is "@a,@b" of an obsolete
 * route. */
typedef struct {
	MimeAddressKind kind;
	Bytes name;
	Bytes route;
	Bytes mailbox;
	Bytes domain;
} MimeAddress;

typedef struct {
	const MimeAddress *items;
	guint count;
	gboolean truncated; /* there was more than the limits allow */
} MimeAddressList;

/* Parses a field's value; the result is in the arena alone.  Never fails:
 * what cannot be an address is a display name with empty mailbox and
 * domain.  Each GROUP_BEGIN has its GROUP_END. */
MimeAddressList mime_address_parse(Arena *arena, Bytes value);

/* The fields past this number of one name are not in a list. */
#define MIME_ADDRESS_FIELDS_MAX 100

/* The list of all the header's fields of that name. */
MimeAddressList mime_address_of(
	Arena *arena, const MimeHeader *header, const char *name);

/* Appends the list for people and searches, in valid UTF-8 with words
 * decoded: "Name <local@domain>, Group: a@b, c@d;". */
void mime_address_write_text(const MimeAddressList *list, GString *out);

#endif
