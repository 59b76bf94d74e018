/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scanned message cut into the pieces the store keeps. */
#include "mime/split.h"

/* Appends [from, to) in rows under the key, counting on from `order`. */
static guint32 add_rows(GArray *pieces, MimePiece piece, gsize from, gsize to)
{
	while (from < to) {
		piece.offset = from;
		piece.size = MIN(to - from, MIME_PIECE_MAX);
		g_array_append_val(pieces, piece);
		from += piece.size;
		piece.order++;
	}
	return piece.order;
}

/* What stands in an entity before its first child. */
static gsize own_body_end(const MimeScan *scan, guint index)
{
	const MimeEntity *entity = mime_scan_entity(scan, index);
	if (index + 1 < mime_scan_count(scan)) {
		const MimeEntity *next = mime_scan_entity(scan, index + 1);
		if (next->parent == index)
			return next->begin;
	}
	return entity->closing;
}

static void add_entity(
	GArray *pieces, const MimeScan *scan, guint index, guint32 key)
{
	const MimeEntity *entity = mime_scan_entity(scan, index);
	MimePiece piece = {
		.key = key,
		.depth = entity->depth,
		.is_header = TRUE,
	};
	guint32 order = add_rows(pieces, piece, entity->begin, entity->body);
	piece.is_header = FALSE;
	piece.order = MAX(order, 1);
	add_rows(pieces, piece, entity->body, own_body_end(scan, index));
}

/* Adds the ends of the entities from `index` up to, not with, `outer`. */
static void add_closings(GArray *pieces, const MimeScan *scan, guint32 index,
	guint32 outer, guint32 *key)
{
	while (index != outer) {
		const MimeEntity *entity = mime_scan_entity(scan, index);
		MimePiece piece = {
			.key = *key + 1,
			.depth = entity->depth,
			.is_header = TRUE,
		};
		if (add_rows(pieces, piece, entity->closing, entity->end) > 0)
			*key += 1;
		index = entity->parent;
	}
}

GArray *mime_split(const MimeScan *scan)
{
	GArray *pieces = g_array_new(FALSE, FALSE, sizeof(MimePiece));
	guint32 last = 0;
	guint32 key = 0;

	for (guint i = 0; i < mime_scan_count(scan); i++) {
		if (i > 0)
			add_closings(pieces, scan, last,
				mime_scan_entity(scan, i)->parent, &key);
		add_entity(pieces, scan, i, ++key);
		last = i;
	}
	add_closings(pieces, scan, last, MIME_NO_PARENT, &key);
	return pieces;
}

GArray *mime_split_whole(gsize size)
{
	GArray *pieces = g_array_new(FALSE, FALSE, sizeof(MimePiece));
	add_rows(pieces, (MimePiece){ .key = 1 }, 0, size);
	return pieces;
}
