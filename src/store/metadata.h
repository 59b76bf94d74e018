/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Annotations of mailboxes and of the server (RFC 5464). */
#ifndef STORE_METADATA_H
#define STORE_METADATA_H

#include <glib.h>

#include "base/bytes.h"
#include "store/store.h"

#define METADATA_ENTRY_MAX 1024 /* bytes of a name */

/* In the place of a mailbox: what is said about the server as a whole. */
#define METADATA_SERVER G_GINT64_CONSTANT(0)

/* Always there, tied to the mailbox's special use (RFC 6154 section 4). */
#define METADATA_SPECIAL_USE "/private/specialuse"

/* The name of an entry as it is kept, in lower case.  INVALID, with a text for
 * the user, for what RFC 5464 section 3.2 allows no entry to be called.
 * is_whole: it names an entry that can be set, not only the top of some.  Free
 * with g_free. */
char *metadata_entry_normalise(Bytes name, gboolean is_whole, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* How far below the entries asked for others are wanted, too. */
typedef enum {
	METADATA_DEPTH_0,
	METADATA_DEPTH_1,
	METADATA_DEPTH_INFINITY,
} MetadataDepth;

/* An entry that exists. */
typedef struct {
	gint64 mailbox;
	char *entry;
	guint64 size;
	char *value; /* size bytes, any; NULL where they are over max_size */
} MetadataEntry;

typedef struct {
	gint64 user;             /* whose /private entries */
	const gint64 *mailboxes; /* METADATA_SERVER may be among them */
	guint mailbox_count;
	const char *const *entries; /* normalised, NULL-terminated */
	MetadataDepth depth;
	guint64 max_size; /* bytes of values that are read; G_MAXUINT64: all */
} MetadataQuery;

/* What there is of that: array of MetadataEntry *, ascending by mailbox and
 * entry, each once, freed with its elements.  Whether the user may read a
 * mailbox's annotations is the caller's to check: l and one of r, s, w, i, p
 * (RFC 5464 section 3.3).  One round trip. */
gboolean metadata_get(Store *store, const MetadataQuery *query,
	GPtrArray **found, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Which script runs when mail is touched over IMAP (RFC 6785 section 2.3.1). */
#define METADATA_EVENT_SCRIPT "/shared/imapsieve/script"

/* The first `max` of those entries in all mailboxes, as metadata_get() gives
 * them; the server's is the first of all.  One round trip. */
gboolean metadata_event_scripts(Store *store, guint max, GPtrArray **found,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a user can see of mailboxes' annotations, to find out later what has
 * changed: a table from "mailbox entry" to a hash of the value.  Free with
 * g_hash_table_unref. */
gboolean metadata_prints(Store *store, gint64 user, const gint64 *mailboxes,
	guint count, GHashTable **prints, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	const char *entry; /* normalised, whole */
	gboolean is_nil;   /* it is removed */
	Bytes value;       /* any bytes */
} MetadataChange;

/* dbmail_error_cause() of a LIMIT from metadata_set(). */
#define METADATA_TOO_MANY "too many"
#define METADATA_TOO_LARGE "too large"

/* Sets and removes, all or none; of an entry named twice the last counts.
 * LIMIT for a value over metadata_max_size() and for more entries than the
 * setting metadata_max_entries allows; INVALID for special uses that
 * special_use_normalise() refuses, NO_PERMISSION for those of another's
 * mailbox; NOT_FOUND for the mailbox.  Who may, is the caller's to check. */
gboolean metadata_set(Store *store, gint64 user, gint64 mailbox,
	const MetadataChange *changes, guint count, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Bytes a value may have at most. */
gsize metadata_max_size(const Store *store);

#endif
