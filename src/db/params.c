/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parameters in binary form: big-endian numbers, arrays with their header. */
#include "db/params.h"

#include "db/wire.h"

struct DbParams {
	Arena *arena;
	guint count;
	guint room;
	const char **values;
	int *lengths;
	int *formats;
	gsize size;
};

DbParams *db_params_new(Arena *arena)
{
	DbParams *params = arena_new_object(arena, DbParams);
	params->arena = arena;
	return params;
}

static void params_grow(DbParams *params)
{
	guint room = params->room > 0 ? params->room * 2 : 8;
	const char **values =
		arena_new_array(params->arena, const char *, room);
	int *lengths = arena_new_array(params->arena, int, room);
	int *formats = arena_new_array(params->arena, int, room);
	for (guint i = 0; i < room; i++)
		formats[i] = 1;
	if (params->count > 0) {
		memcpy(values, params->values, params->count * sizeof *values);
		memcpy(lengths, params->lengths,
			params->count * sizeof *lengths);
	}
	params->values = values;
	params->lengths = lengths;
	params->formats = formats;
	params->room = room;
}

/* value must live as long as the arena, or be borrowed. */
static void params_add(DbParams *params, const char *value, gsize length)
{
	g_assert(length <= WIRE_MAX_VALUE);
	if (params->count == params->room)
		params_grow(params);
	params->values[params->count] = value;
	params->lengths[params->count] = (int)length;
	params->count++;
	params->size += length;
}

static char *params_room(DbParams *params, gsize length)
{
	char *room = arena_alloc(params->arena, MAX(length, 1));
	params_add(params, room, length);
	return room;
}

void db_params_null(DbParams *params)
{
	params_add(params, NULL, 0);
}

void db_params_int16(DbParams *params, gint16 value)
{
	wire_put16(params_room(params, 2), (guint16)value);
}

void db_params_int32(DbParams *params, gint32 value)
{
	wire_put32(params_room(params, 4), (guint32)value);
}

void db_params_int64(DbParams *params, gint64 value)
{
	wire_put64(params_room(params, 8), (guint64)value);
}

void db_params_bool(DbParams *params, gboolean value)
{
	*params_room(params, 1) = value ? 1 : 0;
}

void db_params_text(DbParams *params, const char *value)
{
	if (value == NULL)
		db_params_null(params);
	else
		db_params_text_n(params, bytes_of_string(value));
}

void db_params_text_n(DbParams *params, Bytes value)
{
	char *room = params_room(params, value.size);
	if (value.size > 0)
		memcpy(room, value.data, value.size);
}

void db_params_bytes(DbParams *params, Bytes value)
{
	params_add(params, value.size > 0 ? value.data : "", value.size);
}

void db_params_timestamp(DbParams *params, Timestamp value)
{
	db_params_int64(params, wire_from_timestamp(value));
}

/* --- arrays ---------------------------------------------------------------- */

/* The header of an array whose elements take `size` bytes in all, lengths
 * included; returns where the first element goes. */
static char *array_begin(DbParams *params, guint32 type, gsize count,
	gsize size, gboolean has_null)
{
	g_assert(size <= WIRE_MAX_VALUE && count <= WIRE_MAX_VALUE / 4);
	gsize header = count > 0 ? WIRE_ARRAY_HEADER : WIRE_EMPTY_ARRAY;
	char *room = params_room(params, header + size);
	wire_put32(room, count > 0 ? 1 : 0);
	wire_put32(room + 4, has_null ? 1 : 0);
	wire_put32(room + 8, type);
	if (count > 0) {
		wire_put32(room + 12, (guint32)count);
		wire_put32(room + 16, 1);
	}
	return room + header;
}

void db_params_int16_array(DbParams *params, const gint16 *values, gsize count)
{
	char *at = array_begin(params, OID_INT2, count, count * 6, FALSE);
	for (gsize i = 0; i < count; i++, at += 6) {
		wire_put32(at, 2);
		wire_put16(at + 4, (guint16)values[i]);
	}
}

void db_params_int32_array(DbParams *params, const gint32 *values, gsize count)
{
	char *at = array_begin(params, OID_INT4, count, count * 8, FALSE);
	for (gsize i = 0; i < count; i++, at += 8) {
		wire_put32(at, 4);
		wire_put32(at + 4, (guint32)values[i]);
	}
}

void db_params_int64_array(DbParams *params, const gint64 *values, gsize count)
{
	char *at = array_begin(params, OID_INT8, count, count * 12, FALSE);
	for (gsize i = 0; i < count; i++, at += 12) {
		wire_put32(at, 8);
		wire_put64(at + 4, (guint64)values[i]);
	}
}

void db_params_timestamp_array(
	DbParams *params, const Timestamp *values, gsize count)
{
	char *at =
		array_begin(params, OID_TIMESTAMPTZ, count, count * 12, FALSE);
	for (gsize i = 0; i < count; i++, at += 12) {
		wire_put32(at, 8);
		wire_put64(at + 4, (guint64)wire_from_timestamp(values[i]));
	}
}

void db_params_bool_array(DbParams *params, const gboolean *values, gsize count)
{
	char *at = array_begin(params, OID_BOOL, count, count * 5, FALSE);
	for (gsize i = 0; i < count; i++, at += 5) {
		wire_put32(at, 1);
		at[4] = values[i] ? 1 : 0;
	}
}

static void params_varlena_array(
	DbParams *params, guint32 type, const Bytes *values, gsize count)
{
	gsize size = 0;
	gboolean has_null = FALSE;
	for (gsize i = 0; i < count; i++) {
		size += 4 + values[i].size;
		has_null |= values[i].data == NULL;
	}
	char *at = array_begin(params, type, count, size, has_null);
	for (gsize i = 0; i < count; i++) {
		if (values[i].data == NULL) {
			g_assert(values[i].size == 0);
			wire_put32(at, WIRE_NULL);
			at += 4;
			continue;
		}
		wire_put32(at, (guint32)values[i].size);
		memcpy(at + 4, values[i].data, values[i].size);
		at += 4 + values[i].size;
	}
}

void db_params_text_array(
	DbParams *params, const char *const *values, gsize count)
{
	g_autofree Bytes *texts = g_new(Bytes, count);
	for (gsize i = 0; i < count; i++)
		texts[i] = bytes_of_string(values[i]);
	params_varlena_array(params, OID_TEXT, texts, count);
}

void db_params_text_n_array(DbParams *params, const Bytes *values, gsize count)
{
	params_varlena_array(params, OID_TEXT, values, count);
}

void db_params_bytes_array(DbParams *params, const Bytes *values, gsize count)
{
	params_varlena_array(params, OID_BYTEA, values, count);
}

/* --- for the connection ------------------------------------------------------ */

guint db_params_count(const DbParams *params)
{
	return params->count;
}

const char *const *db_params_values(const DbParams *params)
{
	return params->values;
}

const int *db_params_lengths(const DbParams *params)
{
	return params->lengths;
}

const int *db_params_formats(const DbParams *params)
{
	return params->formats;
}

gsize db_params_size(const DbParams *params)
{
	return params->size;
}
