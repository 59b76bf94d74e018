/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A header block as fields, as they stand (RFC 5322 section 2.2). */
#ifndef MIME_HEADER_H
#define MIME_HEADER_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"

/* One field.  All bytes lie in the block and live as long as it. */
typedef struct {
	Bytes line;  /* all of it with continuation lines and the line end */
	Bytes name;  /* without the colon or blanks before it */
	Bytes value; /* behind the colon up to the last line end, folded and
	              * with its outer blanks as it stands */
} MimeField;

/* Steps through the fields of a block.  *pos begins at 0.  Lines that are no
 * field (no colon, bad name, an mbox "From " line) are passed over with
 * their continuation lines.  FALSE at the blank line or the block's end.
 * No allocation; linear in the block. */
gboolean mime_field_next(Bytes block, gsize *pos, MimeField *field);

/* TRUE when the line begins as a field: printable US-ASCII without colon or
 * blank, blanks perhaps, a colon (RFC 5322 sections 2.2 and 4.5). */
gboolean mime_field_begins(Bytes line);

/* Fields past this number are not in a MimeHeader. */
#define MIME_HEADER_FIELDS_MAX 10000

typedef struct {
	Bytes block;
	const MimeField *fields;
	guint count;
	gboolean is_whole; /* these are all, up to a blank line */
} MimeHeader;

/* The fields of a block (with or without its blank line), which must outlive
 * the result. */
MimeHeader *mime_header_new(Arena *arena, Bytes block)
	G_GNUC_WARN_UNUSED_RESULT;

/* The first field of that name in any case, NULL when there is none. */
const MimeField *mime_header_find(const MimeHeader *header, const char *name);

/* The next field of that name behind `after`; the first when after is NULL. */
const MimeField *mime_header_find_next(
	const MimeHeader *header, const char *name, const MimeField *after);

/* The value of the first field of that name without outer blanks; no data
 * when there is no such field. */
Bytes mime_header_value(const MimeHeader *header, const char *name);

/* Appends what BODY[HEADER.FIELDS (names)] or, with exclude,
 * BODY[HEADER.FIELDS.NOT (names)] gives: the fields whose name matches (does
 * not match) one of the names in any case, line for line as they stand, then
 * the block's blank line as it stands.  RFC 3501 section 6.4.5: the blank
 * line is there unless the block has none, because the message has no body.
 * Where the block's last field has no line end and is chosen, none is added.
 * Lines that are no field are in neither answer. */
void mime_header_select(Bytes block, const char *const *names, guint n_names,
	gboolean exclude, GString *out);

/* A value on one line: line ends before blanks are taken out (RFC 5322
 * section 2.2.3), outer blanks too; NUL, CR and LF that are left become
 * spaces.  8-bit bytes stay as they stand. */
char *mime_unfold(Arena *arena, Bytes value) G_GNUC_WARN_UNUSED_RESULT;

#endif
