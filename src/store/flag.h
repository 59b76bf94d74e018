/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flags and keywords of messages. */
#ifndef STORE_FLAG_H
#define STORE_FLAG_H

#include <glib.h>

#include "base/bytes.h"
#include "base/numset.h"
#include "store/store.h"

/* System flags as bits; \Recent is not kept, it follows from the UID. */
typedef enum {
	FLAG_SEEN = 1 << 0,
	FLAG_ANSWERED = 1 << 1,
	FLAG_FLAGGED = 1 << 2,
	FLAG_DELETED = 1 << 3,
	FLAG_DRAFT = 1 << 4,
} Flags;

#define FLAG_COUNT 5

/* All of them, in the order they are shown in; ends with 0. */
extern const Flags flag_all[FLAG_COUNT + 1];

/* The name of one, such as "\\Seen". */
const char *flag_name(Flags flag);

/* The flag of such a name, in any case; 0 for none. */
Flags flag_of_name(Bytes name);

/* Keywords a mailbox can have, and the bytes of a name. */
#define FLAG_KEYWORDS_MAX 64
#define FLAG_KEYWORD_SIZE_MAX 255

typedef enum { FLAG_REPLACE, FLAG_ADD, FLAG_REMOVE } FlagAction;

typedef struct {
	FlagAction action;
	Flags flags;
	const char *const *keywords; /* NULL-terminated, or NULL for none */
	/* What FLAG_REPLACE leaves as it is, for want of the right to change
	 * it (RFC 4314 section 4): flags, and all keywords. */
	Flags kept;
	gboolean keeps_keywords;
	/* Messages changed since this modseq are left alone (RFC 7162 section
	 * 3.1.3); 0: all are changed. */
	gboolean has_unchanged_since;
	guint64 unchanged_since;
} FlagChange;

/* Changes the messages of these UIDs, in one transaction and one round trip;
 * UIDs that are not there are passed over.  What really changes gets the
 * mailbox's next seq; with nothing to change seq stays.  left (may be NULL)
 * receives the UIDs that unchanged_since spared.  Keywords that the mailbox
 * does not know are added to it; LIMIT past FLAG_KEYWORDS_MAX.
 *
 * Unless durable_flags says otherwise nobody waits for the disk: a crash of
 * the server may undo the last moments.  No seq is ever used twice for that:
 * a mailbox of a server that may have lost something jumps ahead first. */
gboolean flag_change(Store *store, gint64 mailbox, const NumSet *uids,
	const FlagChange *change, guint64 *seq, NumSet *left, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
