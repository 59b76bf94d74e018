/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Previews of messages: worked out once for each text and kept (RFC 8970). */
#ifndef STORE_PREVIEW_H
#define STORE_PREVIEW_H

#include <glib.h>

#include "store/fetch.h"

/* The previews of the count messages of a batch, which was asked for
 * FETCH_STRUCTURE, as mime_preview_append() makes them; "" where there is
 * nothing to show, or the message is gone.  The array of strings is the
 * caller's.  lazy: what is not there yet is not worked out, and NULL.
 * Otherwise it is, from at most 1 MiB of texts at a time, and kept along with
 * the part that the text is in, so that all messages with that part have it. */
gboolean preview_get(Store *store, const FetchBatch *batch, guint count,
	gboolean lazy, GPtrArray **previews, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
