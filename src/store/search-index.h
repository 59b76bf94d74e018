/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that are kept for searches, and what search-content.c knows of them. */
#ifndef STORE_SEARCH_INDEX_H
#define STORE_SEARCH_INDEX_H

#include "base/text.h"
#include "mime/structure.h"
#include "store/search-private.h"

/* --- search-content.c ------------------------------------------------------- */

/* A header block as TEXT looks at it: as it stands, and each field decoded
 * that has encoded words or is folded. */
void search_append_header(Bytes block, GString *out);

/* A leaf whose text is searched. */
gboolean search_is_text(const MimeStructure *entity);

/* Its charset, in the arena; no bytes where it has none. */
Bytes search_charset(Arena *arena, const MimeStructure *leaf);

/* Calls visit for the entities in document order; is_inner: it is a message
 * inside another.  FALSE where visit gave FALSE. */
gboolean search_walk(const MimeStructure *root,
	gboolean (*visit)(const MimeStructure *entity, gboolean is_inner,
		gpointer data, GError **error),
	gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- search-marks.c --------------------------------------------------------- */

/* One bit for what three bytes in a row may be, 2^13 of them; folded, bit n of
 * the smaller half stands for both.  In SQL: dbmail_may_hold(). */
#define SEARCH_MARKS_BITS 8192
#define SEARCH_MARKS_LEAST 8 /* bytes */

typedef struct {
	guint8 bytes[SEARCH_MARKS_BITS / 8];
} SearchMarks;

/* Marks what the text has; SearchMarks begin with zeros. */
void search_marks_add(SearchMarks *marks, const char *text, gsize size);

/* As they are kept: bytes of the marks, which are of no other use then. */
Bytes search_marks_fold(SearchMarks *marks);

/* Bits a text must have that holds the needle: how many there are, none of a
 * needle that is too short. */
#define SEARCH_PROBES 8
guint search_marks_of_needle(
	const char *needle, gsize size, gint32 probes[SEARCH_PROBES]);

/* --- search-index.c --------------------------------------------------------- */

/* Makes what is to be kept of the messages with these indexes (of guint), of
 * which nothing is yet. */
gboolean search_index(Search *search, const GArray *indexes, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Sets what the node found for the messages with these indexes of the block:
 * UNKNOWN where the message has to be looked at; lacking gets those of which
 * nothing is kept. */
gboolean search_index_find(const Search *search, SearchNode *node,
	const guint *indexes, guint count, GArray *lacking, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
