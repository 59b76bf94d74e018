/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changing a message's parts, and what fields may be changed; what is not meant
 * stays byte for byte (RFC 5293, RFC 5703). */
#ifndef SIEVE_EDIT_H
#define SIEVE_EDIT_H

#include <glib.h>

#include "base/bytes.h"
#include "base/timestamp.h"
#include "mime/scan.h"

#define SIEVE_FIELD_NAME_SIZE_MAX 255

/* TRUE when it can name a field (RFC 5322 section 3.6.8). */
gboolean sieve_field_name_is_valid(Bytes name);

/* TRUE when no script may delete fields of that name: RFC 5293 section 6, RFC
 * 5703 section 5. */
gboolean sieve_field_is_protected(Bytes name);

/* Where the blank line is that ends a header; the size where it has none. */
gsize sieve_fields_size(Bytes header);

/* RFC 5703 section 5.  text and the others are valid UTF-8. */
typedef struct {
	const char *text; /* or, with is_mime, header and body of an entity */
	gboolean is_mime;
	const char *subject; /* NULL: stays.  For the whole message alone */
	const char *from;    /* the same; must be addresses */
} SieveReplacement;

/* Appends the message with that entity of its scan replaced.  Fields of its
 * header that do not tell of MIME stay. */
void sieve_edit_replace(Bytes message, const MimeScan *scan, guint index,
	const SieveReplacement *how, GString *out);

/* RFC 5703 section 6. */
typedef struct {
	const char *text;
	const char *subject;        /* NULL: that of the message */
	const char *const *headers; /* copied; NULL-terminated, or NULL */
	const char *from;           /* user's address, for From; may be NULL */
	Timestamp now;              /* for Date */
} SieveEnclosure;

/* Entities a scan of the result has before those of the enclosed message. */
#define SIEVE_ENCLOSE_ENTITIES 3

/* Appends the message enclosed in another. */
void sieve_edit_enclose(Bytes message, const SieveEnclosure *how, GString *out);

#endif
