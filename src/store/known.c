/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which messages a mailbox has already, by their hashes. */
#include "store/known.h"

#include <openssl/evp.h>

#include "store/known-sql.h"
#include "store/store-private.h"

struct Known {
	Store *store;
	GHashTable *counts; /* GBytes hash -> count */
};

void known_free(Known **known)
{
	if (*known == NULL)
		return;
	g_hash_table_unref((*known)->counts);
	g_free(*known);
	*known = NULL;
}

gboolean known_new(Store *store, gint64 mailbox, Known **out, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	db_params_int64(db_batch_add(batch, &SQL_KNOWN_HASHES), mailbox);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;

	Known *known = g_new0(Known, 1);
	known->store = store;
	known->counts = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
		(GDestroyNotify)g_bytes_unref, NULL);
	const DbRows *rows = db_batch_rows(batch, 0);
	for (guint i = 0; i < db_rows_count(rows); i++) {
		Bytes hash = db_rows_bytes(rows, i, 0);
		g_hash_table_insert(known->counts,
			g_bytes_new(hash.data, hash.size),
			GINT_TO_POINTER((gint)db_rows_int64(rows, i, 1)));
	}
	*out = known;
	return TRUE;
}

gboolean known_take(Known *known, Bytes message)
{
	guint8 digest[EVP_MAX_MD_SIZE];
	guint size = 0;

	if (EVP_Digest(message.data, message.size, digest, &size,
		    known->store->sha256, NULL) != 1)
		g_error("SHA-256 failed");
	g_autoptr(GBytes) key = g_bytes_new_static(digest, size);
	gint count = GPOINTER_TO_INT(g_hash_table_lookup(known->counts, key));
	if (count == 0)
		return FALSE;
	g_hash_table_insert(known->counts, g_bytes_new(digest, size),
		GINT_TO_POINTER(count - 1));
	return TRUE;
}
