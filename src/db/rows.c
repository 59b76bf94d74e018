/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: typed reading of a binary PGresult. */
#include "db/rows.h"

#include <libpq-fe.h>

#include "db/wire.h"

struct DbRows {
	PGresult *result;
};

DbRows *db_rows_take(void *result)
{
	DbRows *rows = g_new(DbRows, 1);
	rows->result = result;
	return rows;
}

void db_rows_free(DbRows **rows)
{
	if (*rows == NULL)
		return;
	PQclear((*rows)->result);
	g_free(*rows);
	*rows = NULL;
}

guint db_rows_count(const DbRows *rows)
{
	return (guint)PQntuples(rows->result);
}

guint64 db_rows_affected(const DbRows *rows)
{
	return g_ascii_strtoull(PQcmdTuples(rows->result), NULL, 10);
}

/* Aborts where the cell is not there; returns the column's type. */
static guint32 rows_check(const DbRows *rows, guint row, guint column)
{
	g_assert(row < db_rows_count(rows));
	g_assert(column < (guint)PQnfields(rows->result));
	return PQftype(rows->result, (int)column);
}

static const char *rows_value(
	const DbRows *rows, guint row, guint column, gsize *size)
{
	*size = (gsize)PQgetlength(rows->result, (int)row, (int)column);
	return PQgetvalue(rows->result, (int)row, (int)column);
}

gboolean db_rows_is_null(const DbRows *rows, guint row, guint column)
{
	rows_check(rows, row, column);
	return PQgetisnull(rows->result, (int)row, (int)column) != 0;
}

static gint64 wire_get_integer(const char *at, gsize size)
{
	if (size == 2)
		return (gint16)wire_get16(at);
	if (size == 4)
		return (gint32)wire_get32(at);
	g_assert(size == 8);
	return (gint64)wire_get64(at);
}

/* An integer of at most `width` bytes. */
static gint64 rows_integer(
	const DbRows *rows, guint row, guint column, gsize width)
{
	guint32 type = rows_check(rows, row, column);
	g_assert(type == OID_INT2 || type == OID_INT4 || type == OID_INT8);
	g_assert(!db_rows_is_null(rows, row, column));
	gsize size;
	const char *value = rows_value(rows, row, column, &size);
	g_assert(size <= width);
	return wire_get_integer(value, size);
}

gint16 db_rows_int16(const DbRows *rows, guint row, guint column)
{
	return (gint16)rows_integer(rows, row, column, 2);
}

gint32 db_rows_int32(const DbRows *rows, guint row, guint column)
{
	return (gint32)rows_integer(rows, row, column, 4);
}

gint64 db_rows_int64(const DbRows *rows, guint row, guint column)
{
	return rows_integer(rows, row, column, 8);
}

gint64 db_rows_int64_or(
	const DbRows *rows, guint row, guint column, gint64 otherwise)
{
	if (db_rows_is_null(rows, row, column))
		return otherwise;
	return rows_integer(rows, row, column, 8);
}

gboolean db_rows_bool(const DbRows *rows, guint row, guint column)
{
	g_assert(rows_check(rows, row, column) == OID_BOOL);
	g_assert(!db_rows_is_null(rows, row, column));
	gsize size;
	return *rows_value(rows, row, column, &size) != 0;
}

static gboolean type_is_text(guint32 type)
{
	return type == OID_TEXT || type == OID_VARCHAR || type == OID_BPCHAR ||
		type == OID_NAME || type == OID_CHAR || type == OID_JSON;
}

Bytes db_rows_bytes(const DbRows *rows, guint row, guint column)
{
	guint32 type = rows_check(rows, row, column);
	g_assert(type == OID_BYTEA || type_is_text(type));
	if (db_rows_is_null(rows, row, column))
		return bytes_of(NULL, 0);
	gsize size;
	const char *value = rows_value(rows, row, column, &size);
	return bytes_of(value, size);
}

const char *db_rows_text(const DbRows *rows, guint row, guint column)
{
	g_assert(type_is_text(rows_check(rows, row, column)));
	if (db_rows_is_null(rows, row, column))
		return NULL;
	gsize size;
	return rows_value(rows, row, column, &size);
}

Timestamp db_rows_timestamp(const DbRows *rows, guint row, guint column)
{
	guint32 type = rows_check(rows, row, column);
	g_assert(type == OID_TIMESTAMPTZ || type == OID_TIMESTAMP);
	g_assert(!db_rows_is_null(rows, row, column));
	gsize size;
	const char *value = rows_value(rows, row, column, &size);
	g_assert(size == 8);
	return wire_to_timestamp((gint64)wire_get64(value));
}

/* --- arrays ---------------------------------------------------------------- */

/* Where a one-dimensional array's elements are; the server sends what its
 * type says, so anything else is a bug. */
typedef struct {
	const char *at;
	const char *end;
	guint count;
} WireArray;

static WireArray rows_array(const DbRows *rows, guint row, guint column)
{
	WireArray array = { NULL, NULL, 0 };
	if (db_rows_is_null(rows, row, column))
		return array;
	gsize size;
	const char *value = rows_value(rows, row, column, &size);
	g_assert(size >= WIRE_EMPTY_ARRAY);
	guint32 dimensions = wire_get32(value);
	if (dimensions == 0)
		return array;
	g_assert(dimensions == 1 && size >= WIRE_ARRAY_HEADER);
	array.count = wire_get32(value + 12);
	array.at = value + WIRE_ARRAY_HEADER;
	array.end = value + size;
	return array;
}

static Bytes wire_array_next(WireArray *array)
{
	g_assert(array->end - array->at >= 4);
	guint32 size = wire_get32(array->at);
	array->at += 4;
	if (size == WIRE_NULL)
		return bytes_of(NULL, 0);
	g_assert((gsize)(array->end - array->at) >= size);
	Bytes element = bytes_of(array->at, size);
	array->at += size;
	return element;
}

gint64 *db_rows_int64_array(
	const DbRows *rows, guint row, guint column, guint *count)
{
	guint32 type = rows_check(rows, row, column);
	g_assert(type == OID_INT2_ARRAY || type == OID_INT4_ARRAY ||
		type == OID_INT8_ARRAY);
	WireArray array = rows_array(rows, row, column);
	*count = array.count;
	gint64 *values = g_new(gint64, array.count);
	for (guint i = 0; i < array.count; i++) {
		Bytes element = wire_array_next(&array);
		values[i] = wire_get_integer(element.data, element.size);
	}
	return values;
}

Bytes *db_rows_bytes_array(
	const DbRows *rows, guint row, guint column, guint *count)
{
	guint32 type = rows_check(rows, row, column);
	g_assert(type == OID_BYTEA_ARRAY || type == OID_TEXT_ARRAY ||
		type == OID_VARCHAR_ARRAY);
	WireArray array = rows_array(rows, row, column);
	*count = array.count;
	Bytes *values = g_new(Bytes, array.count);
	for (guint i = 0; i < array.count; i++)
		values[i] = wire_array_next(&array);
	return values;
}
