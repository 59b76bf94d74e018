/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading messages: cached values, and byte ranges out of the part rows. */
#ifndef STORE_FETCH_H
#define STORE_FETCH_H

#include <glib.h>

#include "base/bytes.h"
#include "base/timestamp.h"
#include "store/store.h"

typedef enum {
	FETCH_META = 1 << 0,      /* size and internal_date */
	FETCH_ENVELOPE = 1 << 1,  /* envelope */
	FETCH_STRUCTURE = 1 << 2, /* structure */
	FETCH_HEADER = 1 << 3,  /* header: the message's own, with blank line */
	FETCH_SUMMARY = 1 << 4, /* the decoded fields of dbmail_envelope */
	FETCH_RAW = 1 << 5,     /* raw: the range asked for, at most */
	FETCH_THREAD = 1 << 6,  /* message_id, in_reply_to, references */
	FETCH_SAVE_DATE = 1 << 7, /* save_date, by mailbox and uid */
} FetchWhat;

/* Values of one message; bytes belong to the batch.  What was not asked for
 * is empty. */
typedef struct {
	gint64 physmessage;
	gboolean found; /* FALSE: expunged and cleaned up in between */
	guint64 size;
	Timestamp internal_date;
	Bytes envelope;  /* RFC 3501 ENVELOPE text */
	Bytes structure; /* for mime_structure_decode() */
	Bytes header;
	Bytes raw;
	gboolean has_sent_date;
	Timestamp sent_date;
	gint sent_zone;      /* minutes east of UTC */
	gboolean truncated;  /* a field below was cut: ask the header */
	const char *subject; /* these: UTF-8, NULL where absent */
	const char *base_subject;
	const char *from;
	const char *to;
	const char *cc;
	const char *bcc;
	const char *message_id;
	const char *in_reply_to;
	const char *references; /* for mime_thread_id() */
	gboolean has_save_date; /* FALSE: before this was kept */
	Timestamp save_date;    /* RFC 8514 */
} FetchedMessage;

typedef struct FetchBatch FetchBatch;

/* One message to ask for; range: of FETCH_RAW, size G_MAXUINT64 for all. */
typedef struct {
	gint64 physmessage;
	guint64 offset;
	guint64 size;
	gint64 mailbox; /* where it is, of FETCH_SAVE_DATE */
	guint32 uid;
	/* The message's size where the caller knows it, which saves looking
	 * it up for FETCH_HEADER and FETCH_RAW. */
	gboolean has_size;
	guint64 message_size;
} FetchAsk;

/* Reads values of many messages in one round trip, in the order asked.  The
 * caller bounds count and the sum of sizes (1 MiB or so): of the ranges for
 * FETCH_RAW, of the messages for FETCH_HEADER, because a message may be all
 * header.  What is larger goes through fetch_stream().  No database connection is
 * held when this returns. */
gboolean fetch_batch_new(Store *store, const FetchAsk *asks, guint count,
	FetchWhat what, FetchBatch **batch, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
const FetchedMessage *fetch_batch_message(const FetchBatch *batch, guint index);

/* The text of BODY or BODYSTRUCTURE of a message that was asked for with
 * FETCH_STRUCTURE and found; form as for mime_structure_write().  INVALID
 * where the structure cannot be read.  The text lives as long as the batch. */
gboolean fetch_batch_structure_text(Store *store, FetchBatch *batch,
	guint index, guint form, Bytes *text, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void fetch_batch_free(FetchBatch **batch);

static inline void fetch_batch_auto_free(FetchBatch *batch)
{
	fetch_batch_free(&batch);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FetchBatch, fetch_batch_auto_free)

/* Gets the bytes of a range in order; FALSE stops the reading. */
typedef gboolean (*FetchSink)(Bytes bytes, gpointer data);

/* Streams a byte range of a message through sink in pieces of at most 1 MiB;
 * no database connection is held while sink runs.  NOT_FOUND where the
 * message is gone; INTERNAL where its rows do not add up to the range.
 * TRUE also where sink stopped. */
gboolean fetch_stream(Store *store, gint64 physmessage, guint64 offset,
	guint64 size, FetchSink sink, gpointer data, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
