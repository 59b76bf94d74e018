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
	const MimeStructure *structure; /* where an item needs it */
	/* Bytes of the message that are in data->raw already. */
	guint64 raw_offset;
	gboolean has_raw;
	gboolean has_header;  /* data->header was asked for */
	gboolean tells_flags; /* FLAGS were among the items */
	/* The response could not be finished, the connection is of no more
	 * use. */
	gboolean is_broken;
};

void fetch_write_uid(FetchRow *row, const FetchItem *item);
void fetch_write_flags(FetchRow *row, const FetchItem *item);
void fetch_write_size(FetchRow *row, const FetchItem *item);
void fetch_write_date(FetchRow *row, const FetchItem *item);
void fetch_write_envelope(FetchRow *row, const FetchItem *item);
void fetch_write_body(FetchRow *row, const FetchItem *item);
void fetch_write_bodystructure(FetchRow *row, const FetchItem *item);
void fetch_write_section(FetchRow *row, const FetchItem *item);
void fetch_write_rfc822(FetchRow *row, const FetchItem *item);

#endif
