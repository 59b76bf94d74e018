/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IMAP's BODY[section] as a range of the message (RFC 3501 section 6.4.5). */
#ifndef MIME_SECTION_H
#define MIME_SECTION_H

#include <glib.h>

#include "base/arena.h"
#include "mime/structure.h"

#define MIME_SECTION_DEPTH_MAX 128
#define MIME_SECTION_NAMES_MAX 1000

typedef enum {
	MIME_SECTION_ALL, /* no word: the message, or the body of a part */
	MIME_SECTION_HEADER,
	MIME_SECTION_HEADER_FIELDS,
	MIME_SECTION_HEADER_FIELDS_NOT,
	MIME_SECTION_TEXT,
	MIME_SECTION_MIME,
} MimeSectionWhat;

/* In the arena it was parsed into. */
typedef struct {
	MimeSectionWhat what;
	const guint32 *path;      /* part numbers from 1 */
	guint depth;              /* how many; 0 for the message itself */
	const char *const *names; /* for HEADER.FIELDS, for header_select */
	guint n_names;
} MimeSection;

/* Parses the text inside BODY[...]: "", "1.2", "1.2.MIME", "HEADER",
 * "2.TEXT", "1.HEADER.FIELDS (A B)"; names are astrings, literals too.
 * Errors: INVALID, LIMIT. */
gboolean mime_section_parse(Arena *arena, Bytes spec, MimeSection *out,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Appends the section as a reply names it, "1.HEADER.FIELDS (A B)": names
 * that are no atom as quoted strings. */
void mime_section_write(const MimeSection *section, GString *out);

/* The bytes of the message a section means.  For HEADER.FIELDS these are the
 * header block that mime_header_select() then chooses from.  FALSE, with
 * *offset and *size 0, when the message has no such section. */
gboolean mime_section_resolve(const MimeStructure *structure,
	const MimeSection *section, gsize *offset, gsize *size);

/* The entity that a path means, NULL when there is none; the root for no
 * path.  For BINARY and the like. */
const MimeStructure *mime_section_part(
	const MimeStructure *structure, const guint32 *path, guint depth);

#endif
