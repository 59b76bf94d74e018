/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What BODY, BODYSTRUCTURE and sections need to know of a message. */
#ifndef MIME_STRUCTURE_H
#define MIME_STRUCTURE_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "mime/param.h"
#include "mime/scan.h"

typedef struct MimeStructure MimeStructure;

/* One entity.  Strings are raw, without data where the header has none;
 * they live as long as what the structure was made or decoded from, and its
 * arena.  Offsets count from the first byte of the whole message. */
struct MimeStructure {
	MimeKind kind;
	Bytes type; /* "text" where Content-Type is missing or broken */
	Bytes subtype;
	const MimeParam *params;
	guint n_params;
	Bytes id;
	Bytes description;
	Bytes encoding; /* "7bit" where missing */
	Bytes md5;
	Bytes disposition;
	const MimeParam *disposition_params;
	guint n_disposition_params;
	Bytes languages; /* the raw list, "de, en" */
	Bytes location;
	Bytes envelope; /* MIME_MESSAGE: the embedded message's, as IMAP has it */
	gsize size;     /* octets of the body, transfer encoding and all */
	gsize lines;    /* line feeds in the body */
	gsize header;
	gsize body;
	gsize body_end;
	const MimeStructure *children; /* n_children in a row */
	guint n_children;
};

/* The structure of a message that was scanned; both must outlive it. */
MimeStructure *mime_structure_new(Arena *arena, Bytes message,
	const MimeScan *scan) G_GNUC_WARN_UNUSED_RESULT;

/* Appends the structure as the compact, versioned bytes that are kept. */
void mime_structure_encode(const MimeStructure *structure, GByteArray *out);

/* Reads them back.  Any bytes may be given: INVALID when they are no encoded
 * structure of a known version.  The bytes must outlive the result. */
MimeStructure *mime_structure_decode(
	Arena *arena, Bytes encoded, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How a structure is written, as bits. */
typedef enum {
	MIME_STRUCTURE_EXTENDED = 1 << 0, /* BODYSTRUCTURE, not BODY */
	/* message/global is told in full as message/rfc822 is (RFC 9051);
	 * without, it is a plain part, as RFC 3501's grammar has it. */
	MIME_STRUCTURE_GLOBAL = 1 << 1,
} MimeStructureForm;

/* Appends IMAP's BODY or, extended, BODYSTRUCTURE (RFC 3501 section 7.4.2);
 * form is MimeStructureForm bits.  A multipart without children has one empty
 * text part, for the grammar. */
void mime_structure_write(
	const MimeStructure *structure, guint form, GString *out);

#endif
