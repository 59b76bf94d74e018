/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks of columns: how values are read, and how they are kept. */
#ifndef STORE_COLUMN_PRIVATE_H
#define STORE_COLUMN_PRIVATE_H

#include "base/siphash.h"
#include "db/batch.h"
#include "store/column.h"

/* Values of some messages of one mailbox, ascending by UID.  Immutable once it
 * is finished; shared by reference. */
typedef struct ColumnChunk ColumnChunk;

/* Columns with their values. */
typedef struct ColumnBuilder {
	gboolean is_text;
	GArray *uids; /* of guint32 */
	GByteArray *marks;
	GArray *numbers; /* of gint64, or */
	GArray *ends;    /* of gsize: where a text ends in */
	GString *text;
} ColumnBuilder;

void column_builder_init(ColumnBuilder *builder, gboolean is_text);
void column_builder_clear(ColumnBuilder *builder);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ColumnBuilder, column_builder_clear)

gsize column_builder_size(const ColumnBuilder *builder);

/* The next value: what was appended to builder->text since the last, or the
 * number. */
void column_builder_end(
	ColumnBuilder *builder, guint32 uid, guint8 marks, gint64 number);

/* One message whose row is read. */
typedef struct {
	SipKey key; /* for COLUMN_LINKS */
	gint64 physmessage;
	const DbRows *rows;
	guint row;
} ColumnSource;

/* --- column-load.c ---------------------------------------------------------- */

gboolean column_is_text(ColumnId column);

/* Adds the statement that reads the column of the messages in so many ranges:
 * of physical messages, of COLUMN_SAVED of UIDs. */
void column_ask(DbBatch *batch, ColumnId column, const MailboxView *view,
	const gint64 *lows, const gint64 *highs, guint count);

/* Appends the text to out, or gives the number; and the marks. */
gint64 column_take(ColumnId column, const ColumnSource *source, GString *out,
	guint8 *marks);

/* --- column-rows.c ---------------------------------------------------------- */

typedef struct ColumnRows {
	const guint *indexes;
	guint count;
	DbBatch *batch;
	guint *numbers; /* by place in the indexes: from 1; 0: no row */
} ColumnRows;

void column_rows_clear(ColumnRows *rows);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ColumnRows, column_rows_clear)

/* Rows that are read while others are looked at; ends before whoever began it
 * does, see column_ahead_clear(). */
typedef struct ColumnAhead {
	Store *store;
	const MailboxView *view;
	ColumnId column;
	const guint *indexes;
	guint count;
	GThread *thread; /* NULL: nobody reads */
	ColumnRows rows;
	GError *error;
} ColumnAhead;

/* Begins to read the rows of the messages with these indexes, which are few
 * thousand: by a thread of its own, or at once where none is wanted or to be
 * had. */
void column_ahead_begin(ColumnAhead *ahead, const guint *indexes, guint count,
	gboolean in_thread);

/* Waits for them. */
gboolean column_ahead_end(ColumnAhead *ahead, ColumnRows *rows, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

void column_ahead_clear(ColumnAhead *ahead);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ColumnAhead, column_ahead_clear)

#endif
