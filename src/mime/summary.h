/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What delivery keeps of a message's header for listing and searching. */
#ifndef MIME_SUMMARY_H
#define MIME_SUMMARY_H

#include <glib.h>

#include "base/arena.h"
#include "base/timestamp.h"
#include "mime/header.h"

/* A longer text is cut at a character and sets truncated. */
#define MIME_SUMMARY_TEXT_MAX 8192

/* All in the arena: valid UTF-8 without controls; NULL where the header has
 * no such field.  Address fields are lists for people, words decoded. */
typedef struct {
	gboolean has_date;
	Timestamp sent_date;
	gint zone_minutes;
	const char *date; /* raw, unfolded */
	const char *subject;
	const char *base_subject;     /* RFC 5256 section 2.1, case kept */
	gboolean is_reply_or_forward; /* by the subject, ibidem */
	const char *from;
	const char *to;
	const char *cc;
	const char *bcc;
	const char *sender;
	const char *reply_to;
	/* Mailbox (local part) of the first address, for SORT (RFC 5256
	 * section 3); NULL where there is none. */
	const char *from_mailbox;
	const char *to_mailbox;
	const char *cc_mailbox;
	const char *message_id;  /* normalised, "<left@right>" */
	const char *in_reply_to; /* the first id in it, for THREAD */
	const char
		*references; /* ids apart by one space; too many: the first and
	                         * the last ones */
	/* A text above may have less than the message's header: one was cut,
	 * Subject is there more than once, or the header block given has no
	 * blank line and so may not be all.
	 * Answer searches of such a message from its header. */
	gboolean truncated;
} MimeSummary;

/* Never fails; header may be of any bytes. */
MimeSummary *mime_summary_new(Arena *arena, const MimeHeader *header)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
