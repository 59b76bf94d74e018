/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One value of many messages, read once per process and kept within bounds. */
#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

#include <glib.h>

#include "base/bytes.h"
#include "store/store.h"
#include "store/view.h"

/* Texts of fields are folded as text_fold() does it; what is sorted by is as
 * text_append_collation_key() has it. */
typedef enum {
	/* numbers */
	COLUMN_ARRIVAL,  /* INTERNALDATE, a Timestamp */
	COLUMN_SAVED,    /* save date, else INTERNALDATE */
	COLUMN_DATE,     /* sent date, else INTERNALDATE */
	COLUMN_SENT_DAY, /* of the Date field in its zone, days since 1970 */
	/* texts */
	COLUMN_SUBJECT,
	COLUMN_FROM,
	COLUMN_TO,
	COLUMN_CC,
	COLUMN_BCC,
	COLUMN_MESSAGE_ID,
	COLUMN_BASE_SUBJECT, /* marks: COLUMN_IS_REPLY */
	COLUMN_FROM_MAILBOX, /* of the first address, as ENVELOPE has it */
	COLUMN_TO_MAILBOX,
	COLUMN_CC_MAILBOX,
	COLUMN_DISPLAY_FROM, /* RFC 5957 */
	COLUMN_DISPLAY_TO,
	/* guint64 each: keyed hashes of Message-ID (0: none) and references
	 * (RFC 5256: those of References, else the first of In-Reply-To);
	 * equal within a process for equal ids, and for no others that anybody
	 * could make. */
	COLUMN_LINKS,
	COLUMN_THREAD_ID, /* as FETCH THREADID gives it, not folded */
	COLUMNS
} ColumnId;

typedef enum {
	COLUMN_NONE = 1 << 0,    /* the message has no such value */
	COLUMN_GONE = 1 << 1,    /* there is no message any more */
	COLUMN_PARTIAL = 1 << 2, /* the header may have more than the text */
	COLUMN_IS_REPLY = 1 << 3 /* a reply or forward by its subject */
} ColumnMarks;

/* Characters of a field, and of what is sorted by, that are kept. */
#define COLUMN_FIELD_MAX 500
#define COLUMN_SORT_MAX 250

typedef struct ColumnValues ColumnValues;

/* The values of the messages with these indexes in the view, which must
 * ascend.  What the process does not have yet is read, a few thousand at a
 * time.  LIMIT where the values take more than 256 MiB. */
gboolean column_read(Store *store, const MailboxView *view, ColumnId column,
	const guint *indexes, guint count, ColumnValues **values,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* By place in the indexes asked for.  A number or text that is not there is 0
 * or has no data; it lives as long as the values. */
gint64 column_number(const ColumnValues *values, guint place);
Bytes column_text(const ColumnValues *values, guint place);
guint8 column_marks(const ColumnValues *values, guint place);

void column_values_free(ColumnValues **values);

static inline void column_values_auto_free(ColumnValues *values)
{
	column_values_free(&values);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ColumnValues, column_values_auto_free)

#endif
