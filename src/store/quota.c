/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user's mailboxes may hold together (RFC 9208). */
#include "store/quota.h"

#include "base/errors.h"
#include "db/pool.h"
#include "store/quota-sql.h"
#include "store/store-private.h"

void quota_clear(Quota *quota)
{
	g_clear_pointer(&quota->name, g_free);
}

static gboolean set_unknown(GError **error)
{
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such quota root",
		"no such user");
	return FALSE;
}

gboolean quota_get(Store *store, const char *name, gint64 user, Quota *quota,
	GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree char *folded = NULL;

	if (name != NULL && !g_utf8_validate(name, -1, NULL))
		return set_unknown(error);
	DbParams *params = db_batch_add(batch, &SQL_QUOTA_GET);
	if (name != NULL) {
		folded = g_ascii_strdown(name, -1);
		db_params_null(params);
		db_params_text(params, folded);
	} else {
		db_params_int64(params, user);
		db_params_null(params);
	}
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0)
		return set_unknown(error);
	quota->user = db_rows_int64(rows, 0, 0);
	quota->name = g_strdup(db_rows_text(rows, 0, 1));
	for (guint i = 0; i < QUOTA_RESOURCES; i++) {
		quota->used[i] = db_rows_int64(rows, 0, 2 + 2 * i);
		quota->limit[i] =
			db_rows_int64_or(rows, 0, 3 + 2 * i, QUOTA_UNLIMITED);
	}
	return TRUE;
}

gboolean quota_set(Store *store, gint64 user,
	const gint64 limits[QUOTA_RESOURCES], GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_QUOTA_SET);

	db_params_int64(params, user);
	for (guint i = 0; i < QUOTA_RESOURCES; i++) {
		if (limits[i] == QUOTA_UNLIMITED)
			db_params_null(params);
		else
			db_params_int64(params, limits[i]);
	}
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	return db_rows_affected(db_batch_rows(batch, 0)) > 0 ||
		set_unknown(error);
}
