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
