/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proof that the pieces of a message join to the message. */
#include "mime/join.h"

void mime_join_init(MimeJoin *join, Bytes message)
{
	*join = (MimeJoin){ .message = message };
}

void mime_join_add(MimeJoin *join, Bytes piece)
{
	Bytes there = bytes_slice(join->message, join->position, piece.size);
	if (join->differs || !bytes_equal(there, piece))
		join->differs = TRUE;
	else
		join->position += piece.size;
}

gboolean mime_join_is_whole(const MimeJoin *join)
{
	return !join->differs && join->position == join->message.size;
}

static gint compare_pieces(gconstpointer a, gconstpointer b)
{
	const MimePiece *x = a;
	const MimePiece *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return 0;
}

static gboolean is_sound(Bytes message, const MimePiece *piece)
{
	return piece->size > 0 && piece->size <= MIME_PIECE_MAX &&
		piece->offset < message.size &&
		piece->size <= message.size - piece->offset;
}

gboolean mime_pieces_join_to(Bytes message, const GArray *pieces)
{
	g_autoptr(GArray) sorted =
		g_array_sized_new(FALSE, FALSE, sizeof(MimePiece), pieces->len);
	MimeJoin join;

	if (pieces->len > 0)
		g_array_append_vals(sorted, pieces->data, pieces->len);
	g_array_sort(sorted, compare_pieces);
	mime_join_init(&join, message);
	for (guint i = 0; i < sorted->len; i++) {
		const MimePiece *piece = &g_array_index(sorted, MimePiece, i);
		if (!is_sound(message, piece))
			return FALSE;
		if (i > 0 && compare_pieces(piece - 1, piece) == 0)
			return FALSE;
		mime_join_add(&join,
			bytes_slice(message, piece->offset, piece->size));
	}
	return mime_join_is_whole(&join);
}
