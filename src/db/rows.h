/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows a statement gave, read in PostgreSQL's binary form. */
#ifndef DB_ROWS_H
#define DB_ROWS_H

#include <glib.h>

#include "base/bytes.h"
#include "base/timestamp.h"

/* Owns the result.  Rows and columns count from 0.  A row or column that is
 * not there, a column of another type than the function reads, and a NULL
 * where a number is read are our bugs and abort the program.  Bytes and texts
 * point into the result and live as long as it does. */
typedef struct DbRows DbRows;

/* Takes a PGresult (libpq's type, as void so that callers need not see it). */
DbRows *db_rows_take(void *result) G_GNUC_WARN_UNUSED_RESULT;
void db_rows_free(DbRows **rows);

/* Rows there are; 0 for a statement that gives none. */
guint db_rows_count(const DbRows *rows);

/* Rows an INSERT, UPDATE, DELETE or MERGE changed; rows given otherwise. */
guint64 db_rows_affected(const DbRows *rows);

gboolean db_rows_is_null(const DbRows *rows, guint row, guint column);

/* smallint; smallint or integer; smallint, integer or bigint. */
gint16 db_rows_int16(const DbRows *rows, guint row, guint column);
gint32 db_rows_int32(const DbRows *rows, guint row, guint column);
gint64 db_rows_int64(const DbRows *rows, guint row, guint column);

/* The same, or `otherwise` where the value is NULL. */
gint64 db_rows_int64_or(
	const DbRows *rows, guint row, guint column, gint64 otherwise);

gboolean db_rows_bool(const DbRows *rows, guint row, guint column);

/* bytea, or the bytes of a text; data is NULL where the value is NULL. */
Bytes db_rows_bytes(const DbRows *rows, guint row, guint column);

/* text, varchar, char or name, with a NUL behind it; NULL where the value is
 * NULL. */
const char *db_rows_text(const DbRows *rows, guint row, guint column);

/* timestamptz, or timestamp taken as UTC.  'infinity' is G_MAXINT64,
 * '-infinity' G_MININT64. */
Timestamp db_rows_timestamp(const DbRows *rows, guint row, guint column);

/* smallint[], integer[] or bigint[] without NULLs; sets *count; NULL where
 * the array is NULL or empty.  Free with g_free. */
gint64 *db_rows_int64_array(const DbRows *rows, guint row, guint column,
	guint *count) G_GNUC_WARN_UNUSED_RESULT;

/* bytea[] or text[]: each element points into the result, data NULL where
 * the element is NULL; not NUL-terminated.  Sets *count; NULL where the
 * array is NULL or empty.  Free with g_free. */
Bytes *db_rows_bytes_array(const DbRows *rows, guint row, guint column,
	guint *count) G_GNUC_WARN_UNUSED_RESULT;

static inline void db_rows_auto_free(DbRows *rows)
{
	db_rows_free(&rows);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbRows, db_rows_auto_free)

#endif
