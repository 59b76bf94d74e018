/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cache of messages' values: a message never changes, so nothing has to
 * be brought up to date.
 *
 * The one way in which a number can come to mean another message is a server
 * that went back in time, to a backup or a replica that was behind.  Its
 * connections are lost then, and with them all that is here. */
#include "store/hot.h"

#include <stdatomic.h>

/* Used within this time counts as lately. */
#define HOT_LATELY (60 * G_USEC_PER_SEC)

/* BODY and BODYSTRUCTURE, each with and without MIME_STRUCTURE_GLOBAL. */
#define TEXT_FORMS 4

enum { VALUE_ENVELOPE, VALUE_STRUCTURE, VALUE_HEADER, VALUE_RAW, VALUE_TEXT };
#define VALUES (VALUE_TEXT + TEXT_FORMS)

/* Messages that are kept as a whole have one half, so that reading some does
 * not drive out what listings need of many. */
typedef enum { SHARE_VALUES, SHARE_WHOLE, SHARES } Share;

struct HotMessage {
	gint64 physmessage; /* the key */
	atomic_uint references;
	/* With the cache's lock held; what is set stays as it is. */
	guint have; /* FetchWhat bits */
	Timestamp internal_date;
	Bytes values[VALUES];
	gsize bytes;
	Share share;
	gboolean is_kept; /* it is in the cache still */
	gint64 used;
	GList link; /* in the share's recent */
};

struct HotCache {
	DbPool *pool;
	GMutex lock;
	GHashTable *messages;
	GQueue recent[SHARES]; /* of HotMessage, the latest used first */
	guint64 bytes[SHARES];
	guint64 max_bytes; /* of a share */
	guint64 epoch;     /* servers lost by then */
};

static const struct {
	FetchWhat what;
	guint value;
	gsize offset; /* in FetchedMessage */
} columns[] = {
	{ FETCH_ENVELOPE, VALUE_ENVELOPE, offsetof(FetchedMessage, envelope) },
	{ FETCH_STRUCTURE, VALUE_STRUCTURE,
		offsetof(FetchedMessage, structure) },
	{ FETCH_HEADER, VALUE_HEADER, offsetof(FetchedMessage, header) },
};

void hot_unref(HotMessage **address)
{
	HotMessage *message = g_steal_pointer(address);

	if (message == NULL || atomic_fetch_sub(&message->references, 1) != 1)
		return;
	for (guint i = 0; i < VALUES; i++)
		g_free((gpointer)message->values[i].data);
	g_free(message);
}

static HotMessage *hot_ref(HotMessage *message)
{
	atomic_fetch_add(&message->references, 1);
	return message;
}

HotCache *hot_cache_new(DbPool *pool, guint64 max_bytes)
{
	HotCache *cache = g_new0(HotCache, 1);

	cache->pool = pool;
	cache->max_bytes = max_bytes / SHARES;
	cache->messages = g_hash_table_new(g_int64_hash, g_int64_equal);
	g_mutex_init(&cache->lock);
	for (guint i = 0; i < SHARES; i++)
		g_queue_init(&cache->recent[i]);
	return cache;
}

/* --- all of these with the lock held ------------------------------------------- */

static void drop(HotCache *cache, HotMessage *message)
{
	g_hash_table_remove(cache->messages, &message->physmessage);
	g_queue_unlink(&cache->recent[message->share], &message->link);
	cache->bytes[message->share] -= message->bytes;
	message->is_kept = FALSE;
	hot_unref(&message);
}

static void drop_all(HotCache *cache)
{
	GList *last;

	for (guint i = 0; i < SHARES; i++) {
		while ((last = g_queue_peek_tail_link(&cache->recent[i])) !=
			NULL)
			drop(cache, last->data);
	}
}

/* Makes room for so much more in a share; FALSE where that would drive out
 * what must stay.  `keep` is not dropped. */
static gboolean make_room(HotCache *cache, Share share, gsize size, gint64 now,
	gboolean few, const HotMessage *keep)
{
	while (cache->bytes[share] + size > cache->max_bytes) {
		GList *last = g_queue_peek_tail_link(&cache->recent[share]);
		if (last == NULL || last->data == keep)
			return FALSE;
		HotMessage *oldest = last->data;
		if (!few && now - oldest->used < HOT_LATELY)
			return FALSE;
		drop(cache, oldest);
	}
	return TRUE;
}

/* Moves a message to the other share, which has room for it. */
static void make_whole(HotCache *cache, HotMessage *message)
{
	g_queue_unlink(&cache->recent[message->share], &message->link);
	cache->bytes[message->share] -= message->bytes;
	message->share = SHARE_WHOLE;
	cache->bytes[message->share] += message->bytes;
	g_queue_push_head_link(&cache->recent[message->share], &message->link);
}

static void add_value(
	HotCache *cache, HotMessage *message, guint value, Bytes bytes)
{
	message->values[value] =
		bytes_of(g_memdup2(bytes.data, bytes.size), bytes.size);
	message->bytes += bytes.size;
	cache->bytes[message->share] += bytes.size;
}

static void use(HotCache *cache, HotMessage *message, gint64 now)
{
	GQueue *recent = &cache->recent[message->share];

	message->used = now;
	if (recent->head == &message->link)
		return;
	g_queue_unlink(recent, &message->link);
	g_queue_push_head_link(recent, &message->link);
}

static HotMessage *add_message(
	HotCache *cache, gint64 physmessage, gint64 now, gboolean few)
{
	if (!make_room(cache, SHARE_VALUES, sizeof(HotMessage), now, few, NULL))
		return NULL;
	HotMessage *message = g_new0(HotMessage, 1);
	message->physmessage = physmessage;
	message->bytes = sizeof(HotMessage);
	message->is_kept = TRUE;
	message->used = now;
	message->link.data = message;
	atomic_init(&message->references, 1);
	cache->bytes[message->share] += message->bytes;
	g_hash_table_insert(cache->messages, &message->physmessage, message);
	g_queue_push_head_link(&cache->recent[message->share], &message->link);
	return message;
}

static void check_epoch(HotCache *cache, guint64 lost)
{
	if (cache->epoch == lost)
		return;
	drop_all(cache);
	cache->epoch = lost;
}

/* --- the cache ------------------------------------------------------------------ */

void hot_cache_free(HotCache **cache)
{
	HotCache *gone = g_steal_pointer(cache);

	if (gone == NULL)
		return;
	drop_all(gone);
	g_hash_table_unref(gone->messages);
	g_mutex_clear(&gone->lock);
	g_free(gone);
}

static guint64 servers_lost(const HotCache *cache)
{
	return db_pool_stats(cache->pool).lost;
}

guint64 hot_epoch(HotCache *cache)
{
	return servers_lost(cache);
}

guint64 hot_bytes(HotCache *cache)
{
	g_mutex_lock(&cache->lock);
	guint64 bytes = cache->bytes[SHARE_VALUES] + cache->bytes[SHARE_WHOLE];
	g_mutex_unlock(&cache->lock);
	return bytes;
}

static void fill_in(const HotMessage *hot, const FetchAsk *ask, FetchWhat what,
	FetchedMessage *message)
{
	message->found = TRUE;
	message->size = ask->message_size;
	message->internal_date = hot->internal_date;
	for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
		if (what & columns[i].what)
			G_STRUCT_MEMBER(Bytes, message, columns[i].offset) =
				hot->values[columns[i].value];
	}
	if (what & FETCH_RAW)
		message->raw = bytes_slice(hot->values[VALUE_RAW],
			(gsize)ask->offset, (gsize)ask->size);
}

void hot_find(HotCache *cache, const FetchAsk *asks, guint count,
	FetchWhat what, FetchedMessage *messages, HotMessage **held)
{
	guint64 lost = servers_lost(cache);
	gint64 now = g_get_monotonic_time();

	g_mutex_lock(&cache->lock);
	check_epoch(cache, lost);
	for (guint i = 0; i < count; i++) {
		HotMessage *hot = g_hash_table_lookup(
			cache->messages, &asks[i].physmessage);
		/* A range of no bytes asks for none of them. */
		FetchWhat wanted =
			asks[i].size > 0 ? what : what & ~(guint)FETCH_RAW;
		held[i] = NULL;
		if (hot == NULL || (hot->have & wanted) != wanted)
			continue;
		use(cache, hot, now);
		held[i] = hot_ref(hot);
		fill_in(hot, &asks[i], what, &messages[i]);
	}
	g_mutex_unlock(&cache->lock);
}

static gboolean is_whole(const FetchAsk *ask, const FetchedMessage *message)
{
	return ask->offset == 0 && message->raw.size > 0 &&
		message->raw.size == message->size;
}

/* What of the message is worth keeping. */
static FetchWhat worth_keeping(const FetchAsk *ask, FetchWhat what,
	const FetchedMessage *message, gboolean few)
{
	if (!message->found)
		return 0;
	return few && is_whole(ask, message) ?
		what & HOT_WHAT :
		what & HOT_WHAT & ~(guint)FETCH_RAW;
}

static gsize size_of(FetchWhat what, const FetchedMessage *message)
{
	gsize size = what & FETCH_RAW ? message->raw.size : 0;

	for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
		if (what & columns[i].what)
			size += G_STRUCT_MEMBER(
				Bytes, message, columns[i].offset)
					.size;
	}
	return size;
}

static void keep_values(HotCache *cache, HotMessage *hot, FetchWhat what,
	const FetchedMessage *message)
{
	for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
		if (what & columns[i].what)
			add_value(cache, hot, columns[i].value,
				G_STRUCT_MEMBER(
					Bytes, message, columns[i].offset));
	}
	if (what & FETCH_RAW)
		add_value(cache, hot, VALUE_RAW, message->raw);
	if (what & FETCH_META)
		hot->internal_date = message->internal_date;
	hot->have |= what;
}

/* Keeps the values as far as there is room for all of them. */
static void keep_room(HotCache *cache, HotMessage *hot, FetchWhat what,
	const FetchedMessage *message, gint64 now, gboolean few)
{
	gsize size = size_of(what, message);
	gboolean moves = (what & FETCH_RAW) != 0 && hot->share != SHARE_WHOLE;
	Share share = moves ? SHARE_WHOLE : hot->share;

	if (!make_room(cache, share, moves ? size + hot->bytes : size, now, few,
		    hot))
		return;
	if (moves)
		make_whole(cache, hot);
	keep_values(cache, hot, what, message);
}

void hot_keep(HotCache *cache, guint64 epoch, const FetchAsk *asks, guint count,
	FetchWhat what, const FetchedMessage *messages, HotMessage **held)
{
	gint64 now = g_get_monotonic_time();
	gboolean few = count <= HOT_FEW;

	g_mutex_lock(&cache->lock);
	check_epoch(cache, MAX(epoch, cache->epoch));
	for (guint i = 0; i < count && epoch == cache->epoch; i++) {
		FetchWhat worth =
			worth_keeping(&asks[i], what, &messages[i], few);
		if (worth == 0)
			continue;
		HotMessage *hot = g_hash_table_lookup(
			cache->messages, &asks[i].physmessage);
		if (hot != NULL)
			use(cache, hot, now);
		else
			hot = add_message(cache, asks[i].physmessage, now, few);
		if (hot == NULL)
			continue;
		worth &= ~hot->have;
		keep_room(cache, hot, worth, &messages[i], now, few);
		hot_unref(&held[i]);
		held[i] = hot_ref(hot);
	}
	g_mutex_unlock(&cache->lock);
}

Bytes hot_text(HotCache *cache, HotMessage *message, guint form)
{
	g_assert(form < TEXT_FORMS);
	g_mutex_lock(&cache->lock);
	Bytes text = message->values[VALUE_TEXT + form];
	g_mutex_unlock(&cache->lock);
	return text;
}

void hot_keep_text(HotCache *cache, HotMessage *message, guint form, Bytes text)
{
	gint64 now = g_get_monotonic_time();

	g_assert(form < TEXT_FORMS);
	g_mutex_lock(&cache->lock);
	if (message->is_kept &&
		message->values[VALUE_TEXT + form].data == NULL &&
		make_room(
			cache, message->share, text.size, now, FALSE, message))
		add_value(cache, message, VALUE_TEXT + form, text);
	g_mutex_unlock(&cache->lock);
}
