/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proof that the pieces of a message join to the message. */
#ifndef MIME_JOIN_H
#define MIME_JOIN_H

#include <glib.h>

#include "mime/split.h"

/* Puts the message together from the pieces' bytes as a reader of the store
 * will, in (key, order) order whatever order the array has, and compares
 * each byte.  FALSE when the result differs from the message, two pieces
 * share key and order, or a piece is empty, too large or reaches outside. */
gboolean mime_pieces_join_to(Bytes message, const GArray *pieces)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
