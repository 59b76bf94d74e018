/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing the items of one message's FETCH response. */
#ifndef IMAP_FETCH_WRITE_H
#define IMAP_FETCH_WRITE_H

#include <glib.h>

#include "mime/structure.h"
#include "store/fetch.h"
#include "imap/fetch-item.h"
#include "imap/session.h"

/* One message on its way out. */
struct FetchRow {
	ImapSession *session;
	const ViewMessage *message;
	guint number;
	const FetchedMessage *data;     /* NULL where no item needs any */
	const MimeStructure *structure; /* where a section needs it */
	Bytes body; /* texts of these items, where they are asked for */
	Bytes bodystructure;
	const char *preview; /* NULL: not worked out yet */
	/* Bytes of the message that are in data->raw already. */
	guint64 raw_offset;
	gboolean has_raw;
	gboolean has_header;  /* data->header was asked for */
	gboolean tells_flags; /* FLAGS were among the items */
	/* The response could not be finished, the connection is of no more
	 * use. */
	gboolean is_broken;
	gboolean has_unknown_encoding; /* BINARY of what cannot be decoded */
};

void fetch_write_uid(FetchRow *row, const FetchItem *item);
void fetch_write_flags(FetchRow *row, const FetchItem *item);
void fetch_write_modseq(FetchRow *row, const FetchItem *item);
void fetch_write_size(FetchRow *row, const FetchItem *item);
void fetch_write_date(FetchRow *row, const FetchItem *item);
void fetch_write_envelope(FetchRow *row, const FetchItem *item);
void fetch_write_body(FetchRow *row, const FetchItem *item);
void fetch_write_bodystructure(FetchRow *row, const FetchItem *item);
void fetch_write_section(FetchRow *row, const FetchItem *item);
void fetch_write_rfc822(FetchRow *row, const FetchItem *item);
void fetch_write_emailid(FetchRow *row, const FetchItem *item);
void fetch_write_threadid(FetchRow *row, const FetchItem *item);
void fetch_write_savedate(FetchRow *row, const FetchItem *item);
void fetch_write_preview(FetchRow *row, const FetchItem *item);
/* fetch-binary.c */
void fetch_write_binary(FetchRow *row, const FetchItem *item);
void fetch_write_binary_size(FetchRow *row, const FetchItem *item);

/* Writes FETCH responses that nobody asked for now, of the messages with these
 * indexes (guint) in what the client knows; sets no \Seen. */
gboolean fetch_tell(ImapSession *session, const FetchArgs *args,
	const GArray *indexes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Logs why an item could not be had; the command will end in NO. */
void fetch_write_failed(FetchRow *row, const GError *error);

/* Ranges up to this many bytes are read in one piece, larger ones streamed. */
#define FETCH_PIECE_MAX ((guint64)1024 * 1024)

/* The bytes of a small range, out of what is in row->data, or read now into
 * *batch.  FALSE, and row->is_broken, where they cannot be had. */
gboolean fetch_write_range(FetchRow *row, guint64 offset, guint64 size,
	FetchBatch **batch, Bytes *bytes) G_GNUC_WARN_UNUSED_RESULT;

#endif
