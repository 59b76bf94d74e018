/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the store share, and the one order in which they lock.
 *
 * The lock order.  A transaction that changes mailboxes locks, before anything
 * else, rows of dbmail_users and dbmail_mailboxes FOR NO KEY UPDATE in this
 * order and no other: owner by owner in ascending user_idnr; of each owner
 * first the row of dbmail_users, then those of its mailboxes in ascending
 * mailbox_idnr.  The statement store_lock (store.sql) does this for any number
 * of mailboxes.  What changes neither quota sums nor names may leave the users
 * out (flags: store_lock_mailboxes, or an UPDATE of the one row).  What
 * creates, renames or deletes mailboxes locks the user's row, which so is the
 * lock of the user's names.  After these come rows of dbmail_aliases that lead
 * outside, in ascending order, and then, without further waiting for
 * either, rows of dbmail_messages (under their mailbox's lock), then
 * dbmail_delivered, then parts in ascending order of hash, then dbmail_changes
 * and the purge queue, which nobody waits for. */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include <glib.h>
#include <openssl/types.h>

#include "db/listener.h"
#include "db/notifier.h"
#include "db/pool.h"
#include "mime/scan.h"
#include "store/store.h"

/* The notification channel on which processes tell mailbox ids. */
#define STORE_CHANNEL "dbmail_mailbox"

/* A message with more than this goes to the database in steps. */
#define STORE_LARGE_MESSAGE ((gsize)4 * 1024 * 1024)

typedef struct WatchTable WatchTable;         /* watch.c */
typedef struct ViewCache ViewCache;           /* view.c */
typedef struct ColumnCache ColumnCache;       /* column.c */
typedef struct HotCache HotCache;             /* hot.c */
typedef struct MaildropKeeper MaildropKeeper; /* maildrop.c */

struct Store {
	/* Set by store_open() and then only read. */
	DbPool *pool;
	EVP_MD *sha256;       /* fetched once: looking it up is slow */
	DbNotifier *notifier; /* NULL without STORE_NOTIFY */
	DbListener *listener; /* NULL without STORE_NOTIFY */
	WatchTable *watches;
	ViewCache *views;
	ColumnCache *columns;
	HotCache *hot; /* NULL without STORE_HOT */
	MaildropKeeper *maildrops;

	/* Copies of settings. */
	char *default_folders;
	MimeLimits limits;
	gsize max_message_size;
	guint max_mailbox_depth;
	gsize max_metadata_size;
	guint max_metadata_entries;
	gint64 duplicate_window; /* seconds */
	gboolean durable_flags;
	guint64 max_view_cache;    /* bytes */
	guint64 max_message_cache; /* bytes */

	/* Keys of deliveries that were confirmed and wait to be forgotten, and
	 * those that transactions are forgetting just now: DeliveryKey,
	 * message.c's. */
	GMutex confirmed_lock;
	GArray *confirmed;
	GArray *forgetting;

	/* Places for large messages. */
	GMutex large_lock;
	GCond large_free;
	guint large_places;
};

/* A table of watches, empty.  Its notifications come through
 * watch_table_heard() and go out through store->notifier, if there is one. */
WatchTable *watch_table_new(void) G_GNUC_WARN_UNUSED_RESULT;
void watch_table_free(WatchTable **table);

/* The DbListenFunc of the store's listener; data is the Store. */
void watch_table_heard(const char *channel, const char *payload, gpointer data);

/* How often the watched mailboxes are looked at lest a notice was lost: 10
 * seconds unless a test says otherwise. */
void watch_table_set_poll(WatchTable *table, gint64 microseconds);

/* Gives the server an incarnation where it has none: after a crash, a restore
 * or a failover (sql/0002-imap.sql). */
gboolean incarnation_begin(DbPool *pool, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Has a mailbox of an earlier incarnation jump ahead of all numbers that were
 * used and then lost; one of the present is left as it is. */
gboolean incarnation_renew(DbPool *pool, gint64 mailbox, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The same as a DbMend; about is the mailbox. */
gboolean incarnation_mend(DbPool *pool, const char *about, gpointer data,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* max_bytes: of views that no session holds. */
ViewCache *view_cache_new(guint64 max_bytes) G_GNUC_WARN_UNUSED_RESULT;
void view_cache_free(ViewCache **cache);

ColumnCache *column_cache_new(void) G_GNUC_WARN_UNUSED_RESULT;
void column_cache_free(ColumnCache **cache);

/* max_bytes: of messages' values, in all. */
HotCache *hot_cache_new(DbPool *pool, guint64 max_bytes)
	G_GNUC_WARN_UNUSED_RESULT;
void hot_cache_free(HotCache **cache);

/* Starts no thread before the first lock. */
MaildropKeeper *maildrop_keeper_new(DbPool *pool) G_GNUC_WARN_UNUSED_RESULT;
void maildrop_keeper_free(MaildropKeeper **keeper);

#endif
