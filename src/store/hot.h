/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was read of messages and may be read again, kept within bounds. */
#ifndef STORE_HOT_H
#define STORE_HOT_H

#include <glib.h>

#include "base/bytes.h"
#include "store/fetch.h"
#include "store/store-private.h"

/* What may be kept of a message. */
#define HOT_WHAT \
	(FETCH_META | FETCH_ENVELOPE | FETCH_STRUCTURE | FETCH_HEADER | \
		FETCH_RAW)

/* A message read for more than this many others at once does not drive out
 * what was used lately: a listing larger than the cache would else empty it
 * and find nothing of itself the next time.  Nor is it kept whole. */
#define HOT_FEW 16

/* What is kept of one message.  Values do not change and live as long as
 * somebody holds it. */
typedef struct HotMessage HotMessage;

void hot_unref(HotMessage **message);

/* Looks for the messages, and gives them to be held: held[i] is NULL where
 * message i is not kept with all of what is asked.  asks[i].has_size must be
 * set.  Fills in messages[i] of those that are. */
void hot_find(HotCache *cache, const FetchAsk *asks, guint count,
	FetchWhat what, FetchedMessage *messages, HotMessage **held);

/* The state of the cache before something is read from the database; what was
 * read is kept only if no server was lost meanwhile. */
guint64 hot_epoch(HotCache *cache);

/* Keeps copies of what was read of messages, as many as there is room for.
 * held[i] is let go and gets the message, or NULL where it is not kept. */
void hot_keep(HotCache *cache, guint64 epoch, const FetchAsk *asks, guint count,
	FetchWhat what, const FetchedMessage *messages, HotMessage **held);

/* The text of the message's BODY or BODYSTRUCTURE in this form
 * (MimeStructureForm bits), without data where none is kept. */
Bytes hot_text(HotCache *cache, HotMessage *message, guint form);

/* Keeps a copy of such a text. */
void hot_keep_text(
	HotCache *cache, HotMessage *message, guint form, Bytes text);

/* Bytes in use, for tests. */
guint64 hot_bytes(HotCache *cache);

#endif
