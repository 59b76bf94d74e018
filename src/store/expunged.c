/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which messages a mailbox has lost since a modseq: QRESYNC (RFC 7162). */
#include "store/expunged.h"

#include "base/errors.h"
#include "db/pool.h"
#include "store/expunged-sql.h"
#include "store/store-private.h"

gboolean expunged_since(Store *store, gint64 mailbox, guint64 modseq,
	NumSet *uids, gboolean *complete, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_EXPUNGED_SINCE);

	db_params_int64(params, mailbox);
	db_params_int64(params, (gint64)MIN(modseq, (guint64)G_MAXINT64));
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"no such mailbox", "mailbox %" G_GINT64_FORMAT,
			mailbox);
		return FALSE;
	}
	*complete = db_rows_bool(rows, 0, 0);
	if (db_rows_is_null(rows, 0, 1))
		return TRUE;
	guint count;
	g_autofree gint64 *firsts = db_rows_int64_array(rows, 0, 1, &count);
	g_autofree gint64 *lasts = db_rows_int64_array(rows, 0, 2, &count);
	for (guint i = 0; i < count; i++)
		numset_add_range(uids, (guint32)firsts[i], (guint32)lasts[i]);
	return TRUE;
}
