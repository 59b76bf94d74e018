/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message's bytes, a megabyte at a time. */
#include "store/fetch.h"

#include "base/errors.h"
#include "db/pool.h"
#include "store/fetch-sql.h"
#include "store/store-private.h"

/* Bytes asked for in one round trip. */
#define STREAM_BYTES ((guint64)1048576)

/* A run of bytes inside a part. */
typedef struct {
	gint64 part;
	gint64 first;
	gint64 size;
} Extent;

static void set_torn(GError **error, gint64 physmessage)
{
	dbmail_error_set(error, DBMAIL_ERROR_INTERNAL, "internal error",
		"message %" G_GINT64_FORMAT
		": its rows do not add up to the range asked for",
		physmessage);
}

static void set_gone(GError **error, gint64 physmessage)
{
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such message",
		"message %" G_GINT64_FORMAT " is gone", physmessage);
}

/* The extents of begin..end (not inside) of the list's rows; NULL where they
 * leave a gap or overlap. */
static GArray *extents_of(const DbRows *rows, gint64 begin, gint64 end)
{
	g_autoptr(GArray) extents = g_array_new(FALSE, FALSE, sizeof(Extent));
	gint64 at = begin;
	for (guint row = 1; row < db_rows_count(rows); row++) {
		gint64 offset = db_rows_int64(rows, row, 1);
		gint64 size = db_rows_int64(rows, row, 2);
		if (row == 1 ? offset > at : offset != at)
			return NULL;
		Extent extent = {
			.part = db_rows_int64(rows, row, 0),
			.first = at - offset,
			.size = MIN(offset + size, end) - at,
		};
		at += extent.size;
		g_array_append_val(extents, extent);
	}
	return at == end ? g_steal_pointer(&extents) : NULL;
}

static GArray *list_extents(Store *store, gint64 physmessage, guint64 offset,
	guint64 size, GError **error)
{
	gint64 begin = (gint64)MIN(offset, G_MAXINT64);
	gint64 end = begin + (gint64)MIN(size, (guint64)(G_MAXINT64 - begin));
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_FETCH_LIST);
	db_params_int64(params, physmessage);
	db_params_int64(params, begin);
	db_params_int64(params, end);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return NULL;
	const DbRows *rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0 || !db_rows_is_null(rows, 0, 0)) {
		set_gone(error, physmessage);
		return NULL;
	}
	gint64 message_size = db_rows_int64(rows, 0, 2);
	end = MIN(end, message_size);
	GArray *extents = extents_of(rows, MIN(begin, end), end);
	if (extents == NULL)
		set_torn(error, physmessage);
	return extents;
}

/* As many extents from begin on as one round trip may bring, at least one. */
static guint extents_at_once(const GArray *extents, guint begin)
{
	guint64 sum = 0;
	guint end = begin;
	while (end < extents->len) {
		sum += (guint64)g_array_index(extents, Extent, end).size;
		if (end > begin && sum > STREAM_BYTES)
			break;
		end++;
	}
	return end - begin;
}

static DbBatch *read_extents(
	Store *store, const Extent *extents, guint count, GError **error)
{
	g_autofree gint64 *numbers = g_new(gint64, 3 * (gsize)count);
	for (guint i = 0; i < count; i++) {
		numbers[i] = extents[i].part;
		numbers[count + i] = extents[i].first;
		numbers[2 * count + i] = extents[i].size;
	}
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_FETCH_PARTS);
	for (guint i = 0; i < 3; i++)
		db_params_int64_array(params, numbers + i * count, count);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return NULL;
	return g_steal_pointer(&batch);
}

/* Hands the rows to sink; *stop where it does not want more. */
static gboolean sink_rows(const DbRows *rows, const Extent *extents,
	gint64 physmessage, FetchSink sink, gpointer data, gboolean *stop,
	GError **error)
{
	for (guint row = 0; !*stop && row < db_rows_count(rows); row++) {
		Bytes bytes = db_rows_bytes(rows, row, 1);
		if (bytes.size != (gsize)extents[row].size) {
			set_torn(error, physmessage);
			return FALSE;
		}
		*stop = !sink(bytes, data);
	}
	return TRUE;
}

gboolean fetch_stream(Store *store, gint64 physmessage, guint64 offset,
	guint64 size, FetchSink sink, gpointer data, GError **error)
{
	g_autoptr(GArray) extents =
		list_extents(store, physmessage, offset, size, error);
	if (extents == NULL)
		return FALSE;
	gboolean stop = FALSE;
	for (guint i = 0; i < extents->len && !stop;) {
		const Extent *first = &g_array_index(extents, Extent, i);
		guint count = extents_at_once(extents, i);
		g_autoptr(DbBatch) batch =
			read_extents(store, first, count, error);
		if (batch == NULL)
			return FALSE;
		const DbRows *rows = db_batch_rows(batch, 0);
		if (db_rows_count(rows) != count) {
			set_gone(error, physmessage);
			return FALSE;
		}
		if (!sink_rows(
			    rows, first, physmessage, sink, data, &stop, error))
			return FALSE;
		i += count;
	}
	return TRUE;
}
