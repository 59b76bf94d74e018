/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a draft is made of, and the one way messages leave mailboxes. */
#ifndef STORE_MESSAGE_PRIVATE_H
#define STORE_MESSAGE_PRIVATE_H

#include <glib.h>

#include "base/arena.h"
#include "base/numset.h"
#include "db/batch.h"
#include "mime/split.h"
#include "mime/summary.h"
#include "store/message.h"

#define MESSAGE_HASH_SIZE 32

/* A piece as it goes to the database.  A piece without hash belongs to this
 * message alone. */
typedef struct {
	MimePiece piece;
	gboolean is_shared;
	guint8 hash[MESSAGE_HASH_SIZE]; /* where is_shared */
} DraftPiece;

struct MessageDraft {
	Arena *arena;
	Bytes raw;
	guint8 hash[MESSAGE_HASH_SIZE];
	GArray *pieces;    /* DraftPiece, ascending by key and order */
	gsize shared_size; /* bytes of the pieces with a hash */
	const MimeSummary *summary;
	GString *envelope;
	GByteArray *structure;
};

/* SHA-256 of the bytes. */
void message_hash(
	Store *store, Bytes bytes, guint8 hash[static MESSAGE_HASH_SIZE]);

/* The columns of dbmail_envelope for `count` drafts, added to params as
 * arrays, in the order message_list (message.sql) and check_envelope
 * (check.sql) take them. */
void message_add_envelopes(
	DbParams *params, const MessageDraft *const *drafts, guint count);
#define MESSAGE_ENVELOPE_PARAMS 17

typedef enum {
	MESSAGE_DROP_ALL,     /* whatever their flags */
	MESSAGE_DROP_DELETED, /* of these, those with \Deleted */
} MessageDrop;

/* Adds a statement that removes messages from mailboxes: of these UIDs, or
 * all where uids is NULL.  It keeps counters, seq and quota sums, writes the
 * change log, and queues what the messages were made of for the clean-up.
 * The batch must have locked the mailboxes and their owners before
 * (store_lock).  Its rows are what went, as ranges: mailbox bigint, first and
 * last UID bigint, and the mailbox's new seq bigint, ascending. */
void message_add_drop(DbBatch *batch, const gint64 *mailboxes, guint count,
	const NumSet *uids, MessageDrop what);

/* Adds the same for one message, which is only removed where message_put, before
 * it in the batch, has put one. */
void message_add_replaced(DbBatch *batch, gint64 mailbox, guint32 uid);

/* Adds store_lock for these mailboxes. */
void message_add_lock(DbBatch *batch, const gint64 *mailboxes, guint count);

/* Runs a batch in DB_WRITE; LIMIT where a mailbox's keywords become too
 * many. */
gboolean message_run_with_keywords(Store *store, DbBatch *batch, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Takes the keys that wait to be forgotten: DeliveryKey, NULL for none.  A
 * key that another delivery is forgetting at this moment is taken too where
 * it is one's own, so that the statement waits for that delivery. */
GArray *message_confirmed_take(Store *store, const DeliveryKey *own)
	G_GNUC_WARN_UNUSED_RESULT;

/* They are forgotten, or wait again for another time; keys may be NULL. */
void message_confirmed_settle(
	Store *store, const GArray *keys, gboolean are_forgotten);

/* Adds the statement that forgets these keys. */
void message_add_forget(DbBatch *batch, const GArray *keys);

#endif
