/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the MIME entities of a message begin and end: offsets only. */
#ifndef MIME_SCAN_H
#define MIME_SCAN_H

#include <glib.h>

#include "base/bytes.h"

/* Past max_depth an entity is a leaf whatever its type; from the entity
 * number max_parts on, the rest of the message is one leaf.  Both are taken
 * as 1..MIME_DEPTH_MAX and 1..MIME_PARTS_MAX.  Of each header block only the
 * first max_header bytes are looked at for Content-Type and the encoding; the
 * block's end is exact all the same. */
typedef struct {
	guint max_depth;
	guint max_parts;
	gsize max_header;
} MimeLimits;

#define MIME_DEPTH_MAX 1000
#define MIME_PARTS_MAX 1000000
#define MIME_LIMITS_DEFAULT ((MimeLimits){ 100, 10000, 1048576 })

typedef enum {
	MIME_LEAF,
	MIME_MULTIPART, /* has a boundary parameter; may have no children */
	MIME_MESSAGE,   /* message/rfc822 or message/global, identity encoding;
	                 * has one child, the embedded message */
} MimeKind;

#define MIME_NO_PARENT G_MAXUINT32

/* All offsets count from the message's first byte, and
 * begin <= header <= body <= closing <= body_end == end.
 * A delimiter (RFC 2046 section 5.1.1) owns the line end before it, so that
 * equal attachments have equal bodies; but never a line end that belongs to
 * a header block, its blank line or an opening delimiter. */
typedef struct {
	guint32 parent; /* index, MIME_NO_PARENT for the root */
	guint16 depth;  /* 0 for the root */
	MimeKind kind;
	gsize begin;    /* opening delimiter; = header for a message */
	gsize header;   /* first byte of the header block */
	gsize body;     /* behind the blank line that ends the block */
	gsize body_end; /* with a multipart's epilogue */
	gsize closing;  /* multipart: closing delimiter; = end if missing,
	                   * and for other kinds */
	gsize end;
} MimeEntity;

/* The entities of one message in document order, a parent before its
 * children; index 0 is the message itself and always there. */
typedef struct MimeScan MimeScan;

/* Never fails: what is malformed has some structure, if only that of one
 * leaf.  The message is only looked at during the call.  limits may be NULL
 * for the defaults.  Linear in the size of the message. */
MimeScan *mime_scan_new(Bytes message, const MimeLimits *limits)
	G_GNUC_WARN_UNUSED_RESULT;

void mime_scan_free(MimeScan **scan);

/* At least 1. */
guint mime_scan_count(const MimeScan *scan);

/* index < count. */
const MimeEntity *mime_scan_entity(const MimeScan *scan, guint index);

/* The size of the message that was scanned. */
gsize mime_scan_size(const MimeScan *scan);

/* TRUE when max_depth or max_parts cut the structure short. */
gboolean mime_scan_limited(const MimeScan *scan);

/* The limits the scan went by. */
const MimeLimits *mime_scan_limits(const MimeScan *scan);

static inline void mime_scan_auto_free(MimeScan *scan)
{
	mime_scan_free(&scan);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MimeScan, mime_scan_auto_free)

#endif
