/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proof that the pieces of a message join to the message. */
#ifndef MIME_JOIN_H
#define MIME_JOIN_H

#include <glib.h>

#include "mime/split.h"

/* A comparison under way: pieces are given in their order, as they come. */
typedef struct {
	Bytes message;
	gsize position;
	gboolean differs;
} MimeJoin;

/* Begins; the message must outlive it. */
void mime_join_init(MimeJoin *join, Bytes message);

/* Compares the next piece's bytes with what the message has there. */
void mime_join_add(MimeJoin *join, Bytes piece);

/* TRUE when what was added is the message, all of it and nothing else. */
gboolean mime_join_is_whole(const MimeJoin *join);

/* Puts the message together from the pieces as a reader of the store will, in
 * (key, order) order whatever order the array has, and compares.  FALSE when
 * the result differs from the message, two pieces share key and order, or a
 * piece is empty, too large or reaches outside. */
gboolean mime_pieces_join_to(Bytes message, const GArray *pieces)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
