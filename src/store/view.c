/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cache of views: one per mailbox, brought up to date by the change log. */
#include "store/view.h"

#include <stdatomic.h>

#include "base/errors.h"
#include "db/pool.h"
#include "store/store-private.h"
#include "store/view-private.h"
#include "store/view-sql.h"

/* Flags share a number with the UID on the wire. */
#define VIEW_FLAG_BITS 5

/* --- views -------------------------------------------------------------------- */

typedef struct {
	MailboxView view; /* first: what the callers see */
	/* C's own atomics, not GLib's: race detectors see what they order. */
	atomic_uint references;
	ViewMessage *messages;
	GStrv keywords;
} ViewBody;

static ViewBody *body_new(gint64 mailbox, guint capacity)
{
	ViewBody *body = g_new0(ViewBody, 1);
	body->view.mailbox = mailbox;
	/* One more, so that there is something to point at in an empty one. */
	body->messages = g_new(ViewMessage, (gsize)capacity + 1);
	body->view.messages = body->messages;
	atomic_init(&body->references, 1);
	return body;
}

static void body_set_keywords(ViewBody *body, const DbRows *rows, guint column)
{
	guint count;
	g_autofree Bytes *names = db_rows_bytes_array(rows, 0, column, &count);
	body->keywords = g_new0(char *, count + 1);
	for (guint i = 0; i < count; i++)
		body->keywords[i] = g_strndup(names[i].data, names[i].size);
	body->view.keywords = (const char *const *)body->keywords;
}

MailboxView *view_ref(MailboxView *view)
{
	atomic_fetch_add(&((ViewBody *)view)->references, 1);
	return view;
}

void view_unref(MailboxView **view)
{
	ViewBody *body = (ViewBody *)g_steal_pointer(view);
	if (body == NULL || atomic_fetch_sub(&body->references, 1) != 1)
		return;
	g_free(body->messages);
	g_strfreev(body->keywords);
	g_free(body);
}

static gboolean view_is_shared(MailboxView *view)
{
	return atomic_load(&((ViewBody *)view)->references) != 1;
}

guint view_lower_bound(const MailboxView *view, guint32 uid)
{
	guint low = 0, high = view->count;
	while (low < high) {
		guint middle = low + (high - low) / 2;
		if (view->messages[middle].uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

guint view_find(const MailboxView *view, guint32 uid)
{
	guint index = view_lower_bound(view, uid);
	if (index < view->count && view->messages[index].uid == uid)
		return index;
	return G_MAXUINT;
}

/* --- loading -------------------------------------------------------------------- */

static void set_not_found(GError **error, gint64 mailbox)
{
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such mailbox",
		"mailbox %" G_GINT64_FORMAT, mailbox);
}

static void set_contradiction(GError **error, gint64 mailbox)
{
	dbmail_error_set(error, DBMAIL_ERROR_INTERNAL, "internal error",
		"the UIDs of mailbox %" G_GINT64_FORMAT
		" do not ascend up to uidnext",
		mailbox);
}

/* TRUE when the UIDs ascend and stay below uidnext. */
static gboolean body_is_ordered(const ViewBody *body)
{
	guint32 before = 0;
	for (guint i = 0; i < body->view.count; i++) {
		if (body->messages[i].uid <= before)
			return FALSE;
		before = body->messages[i].uid;
	}
	return before < body->view.uidnext || body->view.count == 0;
}

enum {
	LOAD_SEQ,
	LOAD_UIDNEXT,
	LOAD_UIDVALIDITY,
	LOAD_KEYWORDS,
	LOAD_IS_CURRENT,
	LOAD_FLAGS_FLOOR,
	LOAD_ARRAYS,
};

static ViewBody *body_from_arrays(gint64 mailbox, const DbRows *rows)
{
	gint64 *arrays[5];
	guint count = 0;
	for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
		arrays[i] =
			db_rows_int64_array(rows, 0, LOAD_ARRAYS + i, &count);
	ViewBody *body = body_new(mailbox, count);
	for (guint i = 0; i < count; i++) {
		ViewMessage *message = &body->messages[i];
		message->uid = (guint32)(arrays[0][i] >> VIEW_FLAG_BITS);
		message->flags =
			(guint32)arrays[0][i] & ((1u << VIEW_FLAG_BITS) - 1);
		message->keywords = (guint64)arrays[1][i];
		message->modseq = (guint64)arrays[2][i];
		message->physmessage = arrays[3][i];
		message->size = (guint64)arrays[4][i];
	}
	body->view.count = count;
	for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
		g_free(arrays[i]);
	return body;
}

static const DbRows *run_load(
	Store *store, DbBatch *batch, gint64 mailbox, GError **error)
{
	db_batch_clear(batch);
	db_params_int64(db_batch_add(batch, &SQL_VIEW_LOAD), mailbox);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return NULL;
	const DbRows *rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) > 0)
		return rows;
	set_not_found(error, mailbox);
	return NULL;
}

static MailboxView *view_load(Store *store, gint64 mailbox, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows = run_load(store, batch, mailbox, error);
	/* What it says of seq may have been said otherwise before a crash. */
	if (rows != NULL && !db_rows_bool(rows, 0, LOAD_IS_CURRENT)) {
		if (!incarnation_renew(store->pool, mailbox, error))
			return NULL;
		rows = run_load(store, batch, mailbox, error);
	}
	if (rows == NULL)
		return NULL;
	ViewBody *body = body_from_arrays(mailbox, rows);
	g_autoptr(MailboxView) view = &body->view;
	view->seq = (guint64)db_rows_int64(rows, 0, LOAD_SEQ);
	view->uidnext = (guint32)db_rows_int64(rows, 0, LOAD_UIDNEXT);
	view->flags_floor = (guint64)db_rows_int64(rows, 0, LOAD_FLAGS_FLOOR);
	view->uidvalidity = (guint32)db_rows_int64(rows, 0, LOAD_UIDVALIDITY);
	body_set_keywords(body, rows, LOAD_KEYWORDS);
	if (!body_is_ordered(body)) {
		set_contradiction(error, mailbox);
		return NULL;
	}
	return g_steal_pointer(&view);
}

/* --- refreshing ----------------------------------------------------------------- */

enum {
	CHANGE_KIND,
	CHANGE_UID,
	CHANGE_FLAGS,
	CHANGE_KEYWORD_BITS,
	CHANGE_SEQ,
	CHANGE_PHYSMESSAGE,
	CHANGE_SIZE,
	CHANGE_KEYWORDS,
};

enum { KIND_MAILBOX, KIND_MESSAGE, KIND_EXPUNGED };

/* Rows of one kind are in a row. */
typedef struct {
	const DbRows *rows;
	guint messages; /* first row of KIND_MESSAGE */
	guint expunged; /* first row of KIND_EXPUNGED */
	guint end;
} Changes;

static Changes changes_of(const DbRows *rows)
{
	Changes changes = { .rows = rows, .messages = 1 };
	changes.end = db_rows_count(rows);
	changes.expunged = changes.end;
	while (changes.expunged > changes.messages &&
		db_rows_int32(rows, changes.expunged - 1, CHANGE_KIND) ==
			KIND_EXPUNGED)
		changes.expunged--;
	return changes;
}

/* Copies what is left of old after the expunges. */
static void body_take_left(
	ViewBody *body, const MailboxView *old, const Changes *changes)
{
	guint from = 0;
	for (guint row = changes->expunged; row < changes->end; row++) {
		gint64 first = db_rows_int64(changes->rows, row, CHANGE_UID);
		gint64 last = db_rows_int64(changes->rows, row, CHANGE_FLAGS);
		guint begin = MAX(from, view_lower_bound(old, (guint32)first));
		guint end = view_lower_bound(old, (guint32)last + 1);
		memcpy(body->messages + body->view.count, old->messages + from,
			sizeof(ViewMessage) * (begin - from));
		body->view.count += begin - from;
		from = MAX(begin, end);
	}
	memcpy(body->messages + body->view.count, old->messages + from,
		sizeof(ViewMessage) * (old->count - from));
	body->view.count += old->count - from;
}

static void message_from_row(
	ViewMessage *message, const DbRows *rows, guint row)
{
	message->uid = (guint32)db_rows_int64(rows, row, CHANGE_UID);
	message->flags = (guint32)db_rows_int64(rows, row, CHANGE_FLAGS);
	message->keywords =
		(guint64)db_rows_int64(rows, row, CHANGE_KEYWORD_BITS);
	message->modseq = (guint64)db_rows_int64(rows, row, CHANGE_SEQ);
	message->physmessage = db_rows_int64(rows, row, CHANGE_PHYSMESSAGE);
	message->size = (guint64)db_rows_int64(rows, row, CHANGE_SIZE);
}

static void body_take_messages(
	ViewBody *body, const MailboxView *old, const Changes *changes)
{
	for (guint row = changes->messages; row < changes->expunged; row++) {
		ViewMessage message;
		message_from_row(&message, changes->rows, row);
		guint place = message.uid < old->uidnext ?
			view_find(&body->view, message.uid) :
			body->view.count++;
		if (place != G_MAXUINT)
			body->messages[place] = message;
	}
}

/* In the row of the mailbox itself. */
enum {
	BOX_SEQ = CHANGE_UID,
	BOX_UIDNEXT = CHANGE_FLAGS,
	BOX_UIDVALIDITY = CHANGE_KEYWORD_BITS,
	BOX_LOG_FLOOR = CHANGE_SEQ,
	BOX_IS_CURRENT = CHANGE_PHYSMESSAGE,
};

/* TRUE where the log leads from old to what the row says.  The numbers are
 * smaller than before where the server went back in time: what it lost may
 * have been seen already. */
static gboolean can_follow(const MailboxView *old, const DbRows *rows)
{
	return db_rows_int64(rows, 0, BOX_IS_CURRENT) != 0 &&
		(guint64)db_rows_int64(rows, 0, BOX_SEQ) >= old->seq &&
		db_rows_int64(rows, 0, BOX_UIDNEXT) >= old->uidnext &&
		db_rows_int64(rows, 0, BOX_UIDVALIDITY) == old->uidvalidity &&
		(guint64)db_rows_int64(rows, 0, BOX_LOG_FLOOR) <= old->seq;
}

/* Where no message came or went: in which places the two differ. */
static void note_changed(
	MailboxView *view, const MailboxView *old, const Changes *changes)
{
	if (changes->expunged < changes->end || view->uidnext != old->uidnext)
		return;
	view->changed_since = old->seq;
	if (changes->messages == changes->expunged)
		return;
	gint64 first =
		db_rows_int64(changes->rows, changes->messages, CHANGE_UID);
	gint64 last =
		db_rows_int64(changes->rows, changes->expunged - 1, CHANGE_UID);
	view->changed_first = view_lower_bound(view, (guint32)first);
	view->changed_end = view_lower_bound(view, (guint32)last + 1);
}

/* What the rows make of old; NULL where that would be no mailbox. */
static MailboxView *view_apply(MailboxView *old, const DbRows *rows)
{
	Changes changes = changes_of(rows);
	ViewBody *body = body_new(
		old->mailbox, old->count + changes.expunged - changes.messages);
	g_autoptr(MailboxView) view = &body->view;
	view->seq = (guint64)db_rows_int64(rows, 0, BOX_SEQ);
	view->uidnext = (guint32)db_rows_int64(rows, 0, BOX_UIDNEXT);
	view->uidvalidity = old->uidvalidity;
	view->flags_floor = old->flags_floor;
	body_set_keywords(body, rows, CHANGE_KEYWORDS);
	body_take_left(body, old, &changes);
	body_take_messages(body, old, &changes);
	note_changed(view, old, &changes);
	return body_is_ordered(body) ? g_steal_pointer(&view) : NULL;
}

/* The newest view; old may be NULL, and is what is given back where nothing
 * changed. */
static MailboxView *view_refresh(
	Store *store, gint64 mailbox, MailboxView *old, GError **error)
{
	if (old == NULL)
		return view_load(store, mailbox, error);
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_VIEW_CHANGES);
	db_params_int64(params, mailbox);
	db_params_int64(params, (gint64)old->seq);
	db_params_int64(params, old->uidnext);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return NULL;
	const DbRows *rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0) {
		set_not_found(error, mailbox);
		return NULL;
	}
	MailboxView *view = NULL;
	if (can_follow(old, rows))
		view = (guint64)db_rows_int64(rows, 0, BOX_SEQ) == old->seq ?
			view_ref(old) :
			view_apply(old, rows);
	return view != NULL ? view : view_load(store, mailbox, error);
}

/* --- one's own changes -------------------------------------------------------------- */

static guint step_change(const ViewStep *step, ViewMessage *message)
{
	guint32 flags = (message->flags & step->flags_stay) | step->flags_set;
	guint64 stay = step->keywords_stay ? ~step->keyword_bits : 0;
	guint64 keywords = message->keywords & stay;
	if (step->keywords_set)
		keywords |= step->keyword_bits;
	if (message->modseq > step->at_most ||
		(flags == message->flags && keywords == message->keywords))
		return 0;
	message->flags = flags;
	message->keywords = keywords;
	message->modseq = step->after;
	return 1;
}

/* NULL where not the same messages come out changed as in the database. */
static MailboxView *view_step(MailboxView *old, const ViewStep *step)
{
	ViewBody *body = body_new(old->mailbox, old->count);
	g_autoptr(MailboxView) view = &body->view;
	view->seq = step->after;
	view->uidnext = old->uidnext;
	view->uidvalidity = old->uidvalidity;
	view->flags_floor = old->flags_floor;
	view->count = old->count;
	body_set_keywords(body, step->rows, step->column);
	memcpy(body->messages, old->messages, sizeof(ViewMessage) * old->count);
	view->changed_since = old->seq;
	view->changed_first = old->count;
	guint changed = 0;
	for (guint r = 0; r < numset_range_count(step->uids); r++) {
		NumRange range = numset_range(step->uids, r);
		guint i = view_lower_bound(old, range.first);
		view->changed_first = MIN(view->changed_first, i);
		for (; i < old->count && old->messages[i].uid <= range.last;
			i++)
			changed += step_change(step, &body->messages[i]);
		view->changed_end = i;
	}
	return changed == step->messages ? g_steal_pointer(&view) : NULL;
}

/* --- the cache ------------------------------------------------------------------ */

typedef struct {
	gint64 mailbox; /* the key */
	MailboxView *view;
	GError *error;    /* of the last refresh */
	gboolean busy;    /* a refresh is under way */
	guint64 started;  /* refreshes begun */
	guint64 finished; /* the number of the last that ended */
	guint users;      /* threads in view_get() */
	GCond ended;
	GList link; /* in cache->recent */
} ViewEntry;

struct ViewCache {
	GMutex lock;
	GHashTable *entries;
	GQueue recent;    /* of ViewEntry, the latest used first */
	guint64 messages; /* in the entries' views */
	guint64 max_messages;
};

static void entry_free(gpointer data)
{
	ViewEntry *entry = data;
	view_unref(&entry->view);
	g_clear_error(&entry->error);
	g_cond_clear(&entry->ended);
	g_free(entry);
}

ViewCache *view_cache_new(guint64 max_bytes)
{
	ViewCache *cache = g_new0(ViewCache, 1);
	g_mutex_init(&cache->lock);
	g_queue_init(&cache->recent);
	cache->max_messages = max_bytes / sizeof(ViewMessage);
	cache->entries = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, NULL, entry_free);
	return cache;
}

void view_cache_free(ViewCache **cache)
{
	if (*cache == NULL)
		return;
	g_hash_table_destroy((*cache)->entries);
	g_mutex_clear(&(*cache)->lock);
	g_free(*cache);
	*cache = NULL;
}

static guint entry_messages(const ViewEntry *entry)
{
	return entry->view != NULL ? entry->view->count : 0;
}

static void cache_drop(ViewCache *cache, ViewEntry *entry)
{
	cache->messages -= entry_messages(entry);
	g_queue_unlink(&cache->recent, &entry->link);
	g_hash_table_remove(cache->entries, &entry->mailbox);
}

/* Lets go of what was used longest ago.  A view some session holds would
 * stay in memory all the same and is worth keeping. */
static void cache_trim(ViewCache *cache)
{
	GList *link = cache->recent.tail;
	while (link != NULL && cache->messages > cache->max_messages) {
		ViewEntry *entry = link->data;
		link = link->prev;
		if (entry->users == 0 && !view_is_shared(entry->view))
			cache_drop(cache, entry);
	}
}

static ViewEntry *cache_enter(ViewCache *cache, gint64 mailbox)
{
	ViewEntry *entry = g_hash_table_lookup(cache->entries, &mailbox);
	if (entry == NULL) {
		entry = g_new0(ViewEntry, 1);
		entry->mailbox = mailbox;
		entry->link.data = entry;
		g_cond_init(&entry->ended);
		g_hash_table_insert(cache->entries, &entry->mailbox, entry);
	} else {
		g_queue_unlink(&cache->recent, &entry->link);
	}
	g_queue_push_head_link(&cache->recent, &entry->link);
	entry->users++;
	return entry;
}

static void cache_leave(ViewCache *cache, ViewEntry *entry)
{
	if (--entry->users == 0 && entry->view == NULL)
		cache_drop(cache, entry);
	cache_trim(cache);
}

/* With the lock held. */
static void entry_set_view(
	ViewCache *cache, ViewEntry *entry, MailboxView *view)
{
	cache->messages -= entry_messages(entry);
	view_unref(&entry->view);
	entry->view = view;
	cache->messages += entry_messages(entry);
}

/* Called and returns with the lock held, which it gives up in between. */
static void entry_refresh(Store *store, ViewCache *cache, ViewEntry *entry)
{
	guint64 number = ++entry->started;
	entry->busy = TRUE;
	g_autoptr(MailboxView) old =
		entry->view != NULL ? view_ref(entry->view) : NULL;
	g_mutex_unlock(&cache->lock);

	GError *error = NULL;
	MailboxView *fresh = view_refresh(store, entry->mailbox, old, &error);

	g_mutex_lock(&cache->lock);
	g_clear_error(&entry->error);
	entry->error = error;
	/* After a passing failure the old view is as good a start as before. */
	if (fresh != NULL || dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND)) {
		entry_set_view(cache, entry, fresh);
	}
	entry->finished = number;
	entry->busy = FALSE;
	g_cond_broadcast(&entry->ended);
}

/* A refresh under way may have looked before the change its caller knows of:
 * everybody waits for one that began after the call, and shares it. */
gboolean view_get(
	Store *store, gint64 mailbox, MailboxView **view, GError **error)
{
	ViewCache *cache = store->views;
	g_mutex_lock(&cache->lock);
	ViewEntry *entry = cache_enter(cache, mailbox);
	guint64 wanted = entry->started + 1;
	while (entry->finished < wanted) {
		if (entry->busy)
			g_cond_wait(&entry->ended, &cache->lock);
		else
			entry_refresh(store, cache, entry);
	}
	gboolean ok = entry->error == NULL;
	if (ok)
		*view = view_ref(entry->view);
	else
		g_propagate_error(error, g_error_copy(entry->error));
	cache_leave(cache, entry);
	g_mutex_unlock(&cache->lock);
	return ok;
}

gboolean view_get_since(Store *store, gint64 mailbox, guint64 seq,
	MailboxView **view, GError **error)
{
	ViewCache *cache = store->views;
	g_mutex_lock(&cache->lock);
	const ViewEntry *entry = g_hash_table_lookup(cache->entries, &mailbox);
	gboolean known =
		entry != NULL && entry->view != NULL && entry->view->seq >= seq;
	if (known)
		*view = view_ref(entry->view);
	g_mutex_unlock(&cache->lock);
	return known || view_get(store, mailbox, view, error);
}

MailboxView *view_peek(Store *store, gint64 mailbox, guint64 seq)
{
	ViewCache *cache = store->views;
	g_mutex_lock(&cache->lock);
	ViewEntry *entry = g_hash_table_lookup(cache->entries, &mailbox);
	MailboxView *view = NULL;
	if (entry != NULL && entry->view != NULL && entry->view->seq == seq) {
		view = view_ref(entry->view);
		g_queue_unlink(&cache->recent, &entry->link);
		g_queue_push_head_link(&cache->recent, &entry->link);
	}
	g_mutex_unlock(&cache->lock);
	return view;
}

void view_advance(Store *store, const ViewStep *step)
{
	ViewCache *cache = store->views;
	g_autoptr(MailboxView) old =
		view_peek(store, step->mailbox, step->before);
	g_autoptr(MailboxView) fresh =
		old != NULL ? view_step(old, step) : NULL;
	if (fresh == NULL)
		return;
	g_mutex_lock(&cache->lock);
	ViewEntry *entry = g_hash_table_lookup(cache->entries, &step->mailbox);
	if (entry != NULL && entry->view == old)
		entry_set_view(cache, entry, g_steal_pointer(&fresh));
	g_mutex_unlock(&cache->lock);
}
