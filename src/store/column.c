/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cache of columns: chunks by mailbox and column, each found by UID.
 *
 * What is kept of a message never changes while its UID is the same, so
 * nothing is ever brought up to date: new messages come as new chunks, and
 * many small ones are made one. */
#include "store/column.h"

#include <stdatomic.h>

#include "base/errors.h"
#include "store/column-private.h"
#include "store/store-private.h"

/* Bytes of all chunks kept for searches to come. */
#define COLUMN_CACHE_BYTES ((gsize)64 * 1024 * 1024)
/* Bytes the values of one column_read() may take. */
#define COLUMN_READ_BYTES ((gsize)256 * 1024 * 1024)
/* Messages asked for at once: 16 MB of texts at the most, the next as many
 * meanwhile. */
#define COLUMN_BATCH 2000
/* Chunks of one column before they are made one. */
#define COLUMN_CHUNKS_MAX 8

/* --- chunks ------------------------------------------------------------------- */

struct ColumnChunk {
	/* C's own atomics, not GLib's: race detectors see what they order. */
	atomic_uint references;
	gsize bytes;
	ColumnBuilder values;
};

void column_builder_init(ColumnBuilder *builder, gboolean is_text)
{
	*builder = (ColumnBuilder){
		.is_text = is_text,
		.uids = g_array_new(FALSE, FALSE, sizeof(guint32)),
		.marks = g_byte_array_new(),
	};
	if (is_text) {
		builder->ends = g_array_new(FALSE, FALSE, sizeof(gsize));
		builder->text = g_string_new(NULL);
	} else {
		builder->numbers = g_array_new(FALSE, FALSE, sizeof(gint64));
	}
}

void column_builder_clear(ColumnBuilder *builder)
{
	g_clear_pointer(&builder->uids, g_array_unref);
	g_clear_pointer(&builder->marks, g_byte_array_unref);
	g_clear_pointer(&builder->numbers, g_array_unref);
	g_clear_pointer(&builder->ends, g_array_unref);
	if (builder->text != NULL)
		g_string_free(g_steal_pointer(&builder->text), TRUE);
}

gsize column_builder_size(const ColumnBuilder *builder)
{
	gsize each = sizeof(guint32) + sizeof(guint8) + sizeof(gint64);
	return builder->uids->len * each +
		(builder->is_text ? builder->text->len : 0);
}

void column_builder_end(
	ColumnBuilder *builder, guint32 uid, guint8 marks, gint64 number)
{
	g_array_append_val(builder->uids, uid);
	g_byte_array_append(builder->marks, &marks, 1);
	if (builder->is_text)
		g_array_append_val(builder->ends, builder->text->len);
	else
		g_array_append_val(builder->numbers, number);
}

/* Arrays grow in powers of two. */
static gsize array_bytes(gsize used)
{
	gsize bytes = 1;
	while (bytes < used)
		bytes *= 2;
	return bytes;
}

static gsize builder_bytes(const ColumnBuilder *builder)
{
	gsize count = builder->uids->len;
	return array_bytes(count * sizeof(guint32)) + array_bytes(count) +
		array_bytes(count * sizeof(gint64)) +
		(builder->is_text ? builder->text->allocated_len : 0);
}

static ColumnChunk *chunk_take(ColumnBuilder *builder)
{
	ColumnChunk *chunk = g_new0(ColumnChunk, 1);
	chunk->bytes = sizeof(ColumnChunk) + builder_bytes(builder);
	chunk->values = *builder;
	memset(builder, 0, sizeof(*builder));
	atomic_init(&chunk->references, 1);
	return chunk;
}

static ColumnChunk *chunk_ref(ColumnChunk *chunk)
{
	atomic_fetch_add(&chunk->references, 1);
	return chunk;
}

static void chunk_unref(gpointer data)
{
	ColumnChunk *chunk = data;
	if (atomic_fetch_sub(&chunk->references, 1) != 1)
		return;
	column_builder_clear(&chunk->values);
	g_free(chunk);
}

static GPtrArray *chunks_new(void)
{
	return g_ptr_array_new_with_free_func(chunk_unref);
}

static guint32 chunk_uid(const ColumnChunk *chunk, guint place)
{
	return g_array_index(chunk->values.uids, guint32, place);
}

static Bytes chunk_text(const ColumnChunk *chunk, guint place)
{
	const gsize *ends = (const gsize *)(void *)chunk->values.ends->data;
	gsize begin = place > 0 ? ends[place - 1] : 0;
	return bytes_of(chunk->values.text->str + begin, ends[place] - begin);
}

static void builder_copy(
	ColumnBuilder *builder, const ColumnChunk *chunk, guint place)
{
	gint64 number = 0;
	if (builder->is_text) {
		Bytes text = chunk_text(chunk, place);
		g_string_append_len(
			builder->text, text.data, (gssize)text.size);
	} else {
		number = g_array_index(chunk->values.numbers, gint64, place);
	}
	column_builder_end(builder, chunk_uid(chunk, place),
		chunk->values.marks->data[place], number);
}

/* All in one, a UID once; the chunks are few. */
static ColumnChunk *chunks_merge(const GPtrArray *chunks, gboolean is_text)
{
	ColumnBuilder builder;
	column_builder_init(&builder, is_text);
	g_autofree guint *at = g_new0(guint, chunks->len);
	while (TRUE) {
		const ColumnChunk *first = NULL;
		guint32 least = G_MAXUINT32;
		guint which = 0;
		for (guint i = 0; i < chunks->len; i++) {
			const ColumnChunk *chunk = chunks->pdata[i];
			if (at[i] >= chunk->values.uids->len ||
				(first != NULL &&
					chunk_uid(chunk, at[i]) >= least))
				continue;
			first = chunk;
			least = chunk_uid(chunk, at[i]);
			which = i;
		}
		if (first == NULL)
			return chunk_take(&builder);
		builder_copy(&builder, first, at[which]);
		for (guint i = 0; i < chunks->len; i++) {
			const ColumnChunk *chunk = chunks->pdata[i];
			at[i] += at[i] < chunk->values.uids->len &&
				chunk_uid(chunk, at[i]) == least;
		}
	}
}

/* --- the cache ---------------------------------------------------------------- */

typedef struct {
	gint64 mailbox;
	gint64 column;
} EntryKey;

typedef struct {
	EntryKey key;
	guint32 uidvalidity;
	guint64 version; /* changes with the chunks */
	GPtrArray *chunks;
	gsize bytes;
	GList link; /* in cache->recent */
} ColumnEntry;

struct ColumnCache {
	GMutex lock;
	GHashTable *entries;
	GQueue recent; /* of ColumnEntry, the latest used first */
	gsize bytes;
	guint64 versions;
	SipKey key;
};

static guint entry_hash(gconstpointer data)
{
	const EntryKey *key = data;
	return g_int64_hash(&key->mailbox) * 31 + (guint)key->column;
}

static gboolean entry_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(EntryKey)) == 0;
}

static void entry_free(gpointer data)
{
	ColumnEntry *entry = data;
	g_ptr_array_unref(entry->chunks);
	g_free(entry);
}

ColumnCache *column_cache_new(void)
{
	ColumnCache *cache = g_new0(ColumnCache, 1);
	g_mutex_init(&cache->lock);
	g_queue_init(&cache->recent);
	cache->key = sip_key_random();
	cache->entries = g_hash_table_new_full(
		entry_hash, entry_equal, NULL, entry_free);
	return cache;
}

void column_cache_free(ColumnCache **cache)
{
	if (*cache == NULL)
		return;
	g_hash_table_destroy((*cache)->entries);
	g_mutex_clear(&(*cache)->lock);
	g_free(*cache);
	*cache = NULL;
}

/* The entry, which becomes the latest used; empty where it is new or the
 * mailbox is another now.  With the lock held. */
static ColumnEntry *cache_enter(
	ColumnCache *cache, const MailboxView *view, ColumnId column)
{
	EntryKey key = { view->mailbox, column };
	ColumnEntry *entry = g_hash_table_lookup(cache->entries, &key);
	if (entry == NULL) {
		entry = g_new0(ColumnEntry, 1);
		entry->key = key;
		entry->uidvalidity = view->uidvalidity;
		entry->chunks = chunks_new();
		entry->link.data = entry;
		g_hash_table_insert(cache->entries, &entry->key, entry);
	} else {
		g_queue_unlink(&cache->recent, &entry->link);
	}
	g_queue_push_head_link(&cache->recent, &entry->link);
	if (entry->uidvalidity != view->uidvalidity) {
		cache->bytes -= entry->bytes;
		entry->bytes = 0;
		entry->uidvalidity = view->uidvalidity;
		entry->version = ++cache->versions;
		g_ptr_array_set_size(entry->chunks, 0);
	}
	return entry;
}

static void cache_trim(ColumnCache *cache)
{
	while (cache->bytes > COLUMN_CACHE_BYTES) {
		ColumnEntry *entry = cache->recent.tail->data;
		cache->bytes -= entry->bytes;
		g_queue_unlink(&cache->recent, &entry->link);
		g_hash_table_remove(cache->entries, &entry->key);
	}
}

/* The chunks there are, with a reference of one's own to each. */
static GPtrArray *cache_chunks(ColumnCache *cache, const MailboxView *view,
	ColumnId column, guint64 *version)
{
	GPtrArray *chunks = chunks_new();
	g_mutex_lock(&cache->lock);
	ColumnEntry *entry = cache_enter(cache, view, column);
	*version = entry->version;
	for (guint i = 0; i < entry->chunks->len; i++)
		g_ptr_array_add(chunks, chunk_ref(entry->chunks->pdata[i]));
	g_mutex_unlock(&cache->lock);
	return chunks;
}

/* What to keep of chunks, the last of which is new: all, one made of all, or
 * the last alone where most of the others must be expunged by now. */
static GPtrArray *chunks_to_keep(
	const GPtrArray *chunks, const MailboxView *view, gboolean is_text)
{
	GPtrArray *keep = chunks_new();
	gsize total = 0;
	for (guint i = 0; i < chunks->len; i++)
		total += ((ColumnChunk *)chunks->pdata[i])->values.uids->len;
	if (total > (gsize)view->count * 2 + COLUMN_BATCH)
		g_ptr_array_add(
			keep, chunk_ref(chunks->pdata[chunks->len - 1]));
	else if (chunks->len > COLUMN_CHUNKS_MAX)
		g_ptr_array_add(keep, chunks_merge(chunks, is_text));
	else
		for (guint i = 0; i < chunks->len; i++)
			g_ptr_array_add(keep, chunk_ref(chunks->pdata[i]));
	return keep;
}

/* Puts the chunks in the place of those of that version; where somebody else
 * was faster theirs stay. */
static void cache_put(ColumnCache *cache, const MailboxView *view,
	ColumnId column, const GPtrArray *chunks, guint64 version)
{
	g_autoptr(GPtrArray) keep =
		chunks_to_keep(chunks, view, column_is_text(column));
	g_mutex_lock(&cache->lock);
	ColumnEntry *entry = cache_enter(cache, view, column);
	if (entry->version == version) {
		GPtrArray *old = entry->chunks;
		entry->chunks = g_steal_pointer(&keep);
		keep = old;
		entry->version = ++cache->versions;
		cache->bytes -= entry->bytes;
		entry->bytes = 0;
		for (guint i = 0; i < entry->chunks->len; i++)
			entry->bytes +=
				((ColumnChunk *)entry->chunks->pdata[i])->bytes;
		cache->bytes += entry->bytes;
		cache_trim(cache);
	}
	g_mutex_unlock(&cache->lock);
}

/* --- reading -------------------------------------------------------------------- */

/* Where a value is. */
typedef struct {
	guint chunk; /* from 1; 0: not yet known */
	guint place;
} ValuePlace;

struct ColumnValues {
	GPtrArray *chunks;
	ValuePlace *places;
	guint count;
};

void column_values_free(ColumnValues **values)
{
	if (*values == NULL)
		return;
	g_ptr_array_unref((*values)->chunks);
	g_free((*values)->places);
	g_free(*values);
	*values = NULL;
}

/* The first place in the chunk with at least this UID. */
static guint chunk_lower_bound(const ColumnChunk *chunk, guint32 uid)
{
	guint low = 0, high = chunk->values.uids->len;
	while (low < high) {
		guint middle = low + (high - low) / 2;
		if (chunk_uid(chunk, middle) < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Finds in a chunk what it has of the messages. */
static void values_find(ColumnValues *values, guint number,
	const MailboxView *view, const guint *indexes)
{
	const ColumnChunk *chunk = values->chunks->pdata[number - 1];
	if (values->count == 0)
		return;
	const guint32 *uids = (const guint32 *)(void *)chunk->values.uids->data;
	guint end = chunk->values.uids->len;
	guint at = chunk_lower_bound(chunk, view->messages[indexes[0]].uid);
	for (guint i = 0; i < values->count && at < end; i++) {
		guint32 uid = view->messages[indexes[i]].uid;
		while (at < end && uids[at] < uid)
			at++;
		if (at < end && uids[at] == uid)
			values->places[i] = (ValuePlace){ number, at };
	}
}

static void take_rows(Store *store, const MailboxView *view, ColumnId column,
	const ColumnRows *rows, ColumnBuilder *builder)
{
	ColumnSource source = {
		.key = store->columns->key,
		.rows = db_batch_rows(rows->batch, 0),
	};
	for (guint i = 0; i < rows->count; i++) {
		const ViewMessage *message = &view->messages[rows->indexes[i]];
		guint8 marks = 0;
		gint64 number = 0;
		source.physmessage = message->physmessage;
		source.row = rows->numbers[i] - 1;
		if (rows->numbers[i] == 0)
			marks = COLUMN_NONE | COLUMN_GONE;
		else
			number = column_take(
				column, &source, builder->text, &marks);
		column_builder_end(builder, message->uid, marks, number);
	}
}

/* A chunk of the messages with these indexes. */
static ColumnChunk *chunk_load(Store *store, const MailboxView *view,
	ColumnId column, const GArray *missing, GError **error)
{
	g_auto(ColumnBuilder) builder;
	g_auto(ColumnAhead)
		ahead = { .store = store, .view = view, .column = column };
	const guint *indexes = (const guint *)(void *)missing->data;
	guint count = MIN(COLUMN_BATCH, missing->len);
	column_builder_init(&builder, column_is_text(column));
	column_ahead_begin(&ahead, indexes, count, FALSE);
	for (guint i = 0; i < missing->len; i += COLUMN_BATCH) {
		g_auto(ColumnRows) rows = { 0 };
		if (!column_ahead_end(&ahead, &rows, error))
			return NULL;
		guint next = i + COLUMN_BATCH;
		if (next < missing->len)
			column_ahead_begin(&ahead, indexes + next,
				MIN(COLUMN_BATCH, missing->len - next), TRUE);
		take_rows(store, view, column, &rows, &builder);
		if (column_builder_size(&builder) > COLUMN_READ_BYTES) {
			dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
				"too many messages at once",
				"column %d of mailbox %" G_GINT64_FORMAT,
				(int)column, view->mailbox);
			return NULL;
		}
	}
	return chunk_take(&builder);
}

gboolean column_read(Store *store, const MailboxView *view, ColumnId column,
	const guint *indexes, guint count, ColumnValues **values,
	GError **error)
{
	g_autoptr(ColumnValues) read = g_new0(ColumnValues, 1);
	guint64 version;
	read->chunks = cache_chunks(store->columns, view, column, &version);
	read->places = g_new0(ValuePlace, count);
	read->count = count;
	for (guint i = 0; i < read->chunks->len; i++)
		values_find(read, i + 1, view, indexes);
	g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint i = 0; i < count; i++) {
		if (read->places[i].chunk == 0)
			g_array_append_val(missing, indexes[i]);
	}
	if (missing->len > 0) {
		ColumnChunk *chunk =
			chunk_load(store, view, column, missing, error);
		if (chunk == NULL)
			return FALSE;
		g_ptr_array_add(read->chunks, chunk);
		values_find(read, read->chunks->len, view, indexes);
		cache_put(store->columns, view, column, read->chunks, version);
	}
	*values = g_steal_pointer(&read);
	return TRUE;
}

/* --- values ---------------------------------------------------------------------- */

static const ColumnChunk *value_chunk(
	const ColumnValues *values, guint place, guint *at)
{
	const ValuePlace *found = &values->places[place];
	*at = found->place;
	return values->chunks->pdata[found->chunk - 1];
}

gint64 column_number(const ColumnValues *values, guint place)
{
	guint at;
	const ColumnChunk *chunk = value_chunk(values, place, &at);
	return g_array_index(chunk->values.numbers, gint64, at);
}

Bytes column_text(const ColumnValues *values, guint place)
{
	guint at;
	const ColumnChunk *chunk = value_chunk(values, place, &at);
	if (chunk->values.marks->data[at] & COLUMN_NONE)
		return bytes_of(NULL, 0);
	return chunk_text(chunk, at);
}

guint8 column_marks(const ColumnValues *values, guint place)
{
	guint at;
	const ColumnChunk *chunk = value_chunk(values, place, &at);
	return chunk->values.marks->data[at];
}
