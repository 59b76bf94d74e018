/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Jumping ahead after the server may have lost what clients have seen. */
#include "base/bytes.h"
#include "base/errors.h"
#include "base/text.h"
#include "store/incarnation-sql.h"
#include "store/store-private.h"
#include "store/store-sql.h"

/* More than can be lost at once: asynchronous commits of some tenths of a
 * second, or whatever a standby lagged behind. */
#define SEQ_JUMP ((gint64)1 << 20)
#define UID_JUMP ((gint64)10000)

gboolean incarnation_begin(DbPool *pool, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	db_batch_add(batch, &SQL_INCARNATION_BEGIN);
	return db_pool_run(pool, batch, DB_WRITE, error);
}

gboolean incarnation_renew(DbPool *pool, gint64 mailbox, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	/* In a transaction of its own: nobody waits for the row long. */
	if (!incarnation_begin(pool, error))
		return FALSE;
	db_params_int64_array(
		db_batch_add(batch, &SQL_STORE_LOCK_MAILBOXES), &mailbox, 1);
	DbParams *params = db_batch_add(batch, &SQL_INCARNATION_RENEW);
	db_params_int64(params, mailbox);
	db_params_int64(params, SEQ_JUMP);
	db_params_int64(params, UID_JUMP);
	return db_pool_run(pool, batch, DB_WRITE, error);
}

gboolean incarnation_mend(
	DbPool *pool, const char *about, gpointer data, GError **error)
{
	guint64 mailbox;

	(void)data;
	if (!text_to_number(
		    bytes_of(about, strlen(about)), G_MAXINT64, &mailbox)) {
		dbmail_error_set(error, DBMAIL_ERROR_INTERNAL, "internal error",
			"\"%s\" is no mailbox to renew", about);
		return FALSE;
	}
	return incarnation_renew(pool, (gint64)mailbox, error);
}
