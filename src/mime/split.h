/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scanned message cut into the pieces the store keeps. */
#ifndef MIME_SPLIT_H
#define MIME_SPLIT_H

#include <glib.h>

#include "mime/scan.h"

/* No piece is larger, so that whoever handles one has bounded memory. */
#define MIME_PIECE_MAX ((gsize)1048576)

/* One row of the list of parts.  offset and size are in the message. */
typedef struct {
	guint32 key;   /* one per entity, and one per closing delimiter */
	guint32 order; /* from 0 within the key */
	guint16 depth; /* nesting depth, 0 for the root */
	gboolean is_header;
	gsize offset;
	gsize size; /* 1..MIME_PIECE_MAX */
} MimePiece;

/* MimePieces in ascending (key, order); their plain concatenation in that
 * order is the message.  Keys count from 1 in document order.  Per entity:
 * order 0, is_header: the delimiter line, the header block and its blank
 * line; where these are larger than MIME_PIECE_MAX, the rest follows as more
 * is_header rows.  Then, not is_header, the body of a leaf in rows of
 * MIME_PIECE_MAX (the last may be shorter), or a multipart's preamble; the
 * first of them has order 1 where there is no more than one is_header row.
 * After the last child of a multipart one more key of its depth, is_header,
 * order 0 and on: closing delimiter and epilogue, where there are bytes of
 * them.  There are no pieces of size 0 (an entity without bytes has a key and
 * no rows); an empty message has no pieces at all.  Free with g_array_unref. */
GArray *mime_split(const MimeScan *scan) G_GNUC_WARN_UNUSED_RESULT;

/* The fallback: a message of that size in rows of MIME_PIECE_MAX under key 1,
 * depth 0, not is_header, orders from 0.  Free with g_array_unref. */
GArray *mime_split_whole(gsize size) G_GNUC_WARN_UNUSED_RESULT;

#endif
