/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parameters of one statement, in PostgreSQL's binary form. */
#ifndef DB_PARAMS_H
#define DB_PARAMS_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/timestamp.h"

/* Parameters are added in order: the first is $1.  Their types are those the
 * statement casts them to ($1::bigint); a value of another width is refused
 * by the server (SQLSTATE 22P03), so each function names its type.
 *
 * Numbers, texts and arrays are copied.  The bytes of db_params_bytes() are
 * borrowed: they must stay as they are until the batch has been freed or
 * cleared, because a batch may be sent more than once. */
typedef struct DbParams DbParams;

/* Params whose memory comes from the arena and dies with it; a batch makes
 * its own (db_batch_add), so this is for tests. */
DbParams *db_params_new(Arena *arena) G_GNUC_WARN_UNUSED_RESULT;

/* NULL of any type. */
void db_params_null(DbParams *params);

void db_params_int16(DbParams *params, gint16 value);  /* smallint */
void db_params_int32(DbParams *params, gint32 value);  /* integer */
void db_params_int64(DbParams *params, gint64 value);  /* bigint */
void db_params_bool(DbParams *params, gboolean value); /* boolean */

/* text; must be valid UTF-8 (text_make_valid() makes it so).  NULL becomes
 * SQL's NULL. */
void db_params_text(DbParams *params, const char *value);

/* text of so many bytes; must be valid UTF-8 and hold no NUL.  Bytes without
 * data are the empty string. */
void db_params_text_n(DbParams *params, Bytes value);

/* bytea, borrowed (see above).  Bytes without data are the empty bytea:
 * NULL is db_params_null(). */
void db_params_bytes(DbParams *params, Bytes value);

/* timestamptz.  G_MAXINT64 is 'infinity', G_MININT64 '-infinity'; a time
 * outside PostgreSQL's range is refused by the server (SQLSTATE 22008). */
void db_params_timestamp(DbParams *params, Timestamp value);

/* One-dimensional arrays, copied; count may be 0 (then values may be NULL).
 * smallint[], integer[], bigint[], timestamptz[], boolean[]. */
void db_params_int16_array(DbParams *params, const gint16 *values, gsize count);
void db_params_int32_array(DbParams *params, const gint32 *values, gsize count);
void db_params_int64_array(DbParams *params, const gint64 *values, gsize count);
void db_params_timestamp_array(
	DbParams *params, const Timestamp *values, gsize count);
void db_params_bool_array(
	DbParams *params, const gboolean *values, gsize count);

/* text[] and bytea[], copied.  An element without data (NULL) is SQL's NULL;
 * an empty one has data and size 0.  All elements together must stay below
 * 1 GiB, PostgreSQL's limit of a value. */
void db_params_text_array(
	DbParams *params, const char *const *values, gsize count);
void db_params_text_n_array(DbParams *params, const Bytes *values, gsize count);
void db_params_bytes_array(DbParams *params, const Bytes *values, gsize count);

/* What a connection hands to libpq. */
guint db_params_count(const DbParams *params);
const char *const *db_params_values(const DbParams *params);
const int *db_params_lengths(const DbParams *params);
const int *db_params_formats(const DbParams *params);

/* Bytes of all values together. */
gsize db_params_size(const DbParams *params);

#endif
