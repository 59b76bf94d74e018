/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Annotations of mailboxes and of the server (RFC 5464). */
#include "store/metadata.h"

#include <string.h>

#include "base/errors.h"
#include "db/pool.h"
#include "store/mailbox-sql.h"
#include "store/metadata-sql.h"
#include "store/name.h"
#include "store/special-use.h"
#include "store/store-private.h"
#include "store/store-sql.h"
#include "store/watch.h"

gsize metadata_max_size(const Store *store)
{
	return store->max_metadata_size;
}

/* --- names ---------------------------------------------------------------- */

static gboolean refuse_name(GError **error, const char *text)
{
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "entry");
	return FALSE;
}

static gboolean check_bytes(Bytes name, GError **error)
{
	if (name.size == 0 || name.size > METADATA_ENTRY_MAX)
		return refuse_name(error, "the entry's name is too long");
	for (gsize i = 0; i < name.size; i++) {
		const guchar c = (guchar)name.data[i];
		if (c < 0x20 || c >= 0x7f || c == '*' || c == '%')
			return refuse_name(error,
				"an entry's name is ASCII without controls, "
				"* and %");
		if (c == '/' && (i + 1 == name.size || name.data[i + 1] == '/'))
			return refuse_name(error,
				"an entry's name has no empty components");
	}
	return TRUE;
}

static guint count_components(const char *entry)
{
	guint count = 0;

	for (; *entry != '\0'; entry++)
		count += *entry == '/' ? 1 : 0;
	return count;
}

/* RFC 5464 section 3.2: two components, and four for a vendor. */
static gboolean check_components(const char *entry, GError **error)
{
	const char *rest = strchr(entry + 1, '/');
	guint count = count_components(entry);

	if (count < 2 ||
		(count < 4 && g_str_has_prefix(rest, "/vendor") &&
			(rest[7] == '\0' || rest[7] == '/')))
		return refuse_name(
			error, "the entry's name has too few components");
	return TRUE;
}

static gboolean is_scope(const char *entry, const char *scope)
{
	const gsize size = strlen(scope);

	return strncmp(entry, scope, size) == 0 &&
		(entry[size] == '\0' || entry[size] == '/');
}

char *metadata_entry_normalise(Bytes name, gboolean is_whole, GError **error)
{
	g_autofree char *entry = NULL;

	if (!check_bytes(name, error))
		return NULL;
	entry = g_ascii_strdown(name.data, (gssize)name.size);
	if (!is_scope(entry, "/private") && !is_scope(entry, "/shared")) {
		refuse_name(error,
			"an entry's name begins with /private or /shared");
		return NULL;
	}
	if (is_whole && !check_components(entry, error))
		return NULL;
	return g_steal_pointer(&entry);
}

/* --- reading -------------------------------------------------------------- */

static void entry_free(gpointer data)
{
	MetadataEntry *entry = data;

	g_free(entry->entry);
	g_free(entry->value);
	g_free(entry);
}

static MetadataEntry *read_entry(const DbRows *rows, guint row)
{
	MetadataEntry *entry = g_new0(MetadataEntry, 1);

	entry->mailbox = db_rows_int64(rows, row, 0);
	entry->entry = g_strdup(db_rows_text(rows, row, 1));
	entry->size = (guint64)db_rows_int64(rows, row, 2);
	if (!db_rows_is_null(rows, row, 3)) {
		const Bytes value = db_rows_bytes(rows, row, 3);
		/* g_memdup2() of nothing would be NULL. */
		entry->value = g_malloc(value.size + 1);
		memcpy(entry->value, value.data, value.size);
		entry->value[value.size] = '\0';
	}
	return entry;
}

static GPtrArray *read_entries(const DbRows *rows)
{
	GPtrArray *found =
		g_ptr_array_new_full(db_rows_count(rows), entry_free);

	for (guint i = 0; i < db_rows_count(rows); i++)
		g_ptr_array_add(found, read_entry(rows, i));
	return found;
}

gboolean metadata_get(Store *store, const MetadataQuery *query,
	GPtrArray **found, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_METADATA_GET);
	guint entries = 0;

	while (query->entries[entries] != NULL)
		entries++;
	db_params_int64(params, query->user);
	db_params_int64_array(params, query->mailboxes, query->mailbox_count);
	db_params_text_array(params, query->entries, entries);
	db_params_int32(params, (gint32)query->depth);
	db_params_int64(
		params, (gint64)MIN(query->max_size, (guint64)G_MAXINT64));
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	*found = read_entries(db_batch_rows(batch, 0));
	return TRUE;
}

gboolean metadata_event_scripts(
	Store *store, guint max, GPtrArray **found, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	db_params_int32(
		db_batch_add(batch, &SQL_METADATA_EVENT_SCRIPTS), (gint32)max);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	*found = read_entries(db_batch_rows(batch, 0));
	return TRUE;
}

/* --- changing -------------------------------------------------------------- */

/* What metadata_set() does in its transaction. */
typedef struct {
	const Store *store;
	gint64 user;
	gint64 mailbox;
	GPtrArray *put; /* const char *, entries */
	GArray *values; /* Bytes, theirs */
	GPtrArray *remove;
	gboolean has_uses;
	char *uses;   /* normalised, or NULL */
	gint64 owner; /* of the mailbox, once it is locked */
} MetadataJob;

static void job_clear(MetadataJob *job)
{
	g_ptr_array_unref(job->put);
	g_array_unref(job->values);
	g_ptr_array_unref(job->remove);
	g_free(job->uses);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MetadataJob, job_clear)

static gboolean set_limit(GError **error, const char *text, const char *cause)
{
	dbmail_error_set(
		error, DBMAIL_ERROR_LIMIT, text, "annotations: %s", cause);
	if (error != NULL)
		dbmail_error_set_cause(*error, cause);
	return FALSE;
}

static gboolean take_uses(
	MetadataJob *job, const MetadataChange *change, GError **error)
{
	g_autofree char *text = change->is_nil ?
		NULL :
		g_strndup(change->value.data, change->value.size);

	job->has_uses = TRUE;
	g_clear_pointer(&job->uses, g_free);
	return special_use_normalise(text, &job->uses, error);
}

static gboolean job_fill(MetadataJob *job, const MetadataChange *changes,
	guint count, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = count; i > 0; i--) {
		const MetadataChange *change = &changes[i - 1];

		if (!change->is_nil &&
			change->value.size > job->store->max_metadata_size)
			return set_limit(error, "the value is too large",
				METADATA_TOO_LARGE);
		if (!g_hash_table_add(seen, (gpointer)change->entry))
			continue;
		if (job->mailbox != METADATA_SERVER &&
			strcmp(change->entry, METADATA_SPECIAL_USE) == 0) {
			if (!take_uses(job, change, error))
				return FALSE;
		} else if (change->is_nil) {
			g_ptr_array_add(job->remove, (gpointer)change->entry);
		} else {
			g_ptr_array_add(job->put, (gpointer)change->entry);
			g_array_append_val(job->values, change->value);
		}
	}
	return TRUE;
}

/* The lock of what is counted: the mailbox, and for the server whose entries
 * they are.  A mailbox's uses are a matter of all its owner's names. */
static gboolean lock(DbConnection *connection, MetadataJob *job, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	if (job->has_uses)
		db_params_int64(
			db_batch_add(batch, &SQL_STORE_LOCK_USER), job->user);
	if (job->mailbox == METADATA_SERVER) {
		db_params_int64(db_batch_add(batch, &SQL_STORE_LOCK_USER),
			NAME_ANYONE_ID);
		db_params_int64(
			db_batch_add(batch, &SQL_STORE_LOCK_USER), job->user);
		return db_connection_run(connection, batch, error);
	}
	guint last = db_batch_count(batch);
	db_params_int64(db_batch_add(batch, &SQL_METADATA_LOCK), job->mailbox);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	rows = db_batch_rows(batch, last);
	if (db_rows_count(rows) == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"no such mailbox", "mailbox %" G_GINT64_FORMAT,
			job->mailbox);
		return FALSE;
	}
	job->owner = db_rows_int64(rows, 0, 0);
	if (!job->has_uses ||
		(job->owner == job->user && db_rows_int64(rows, 0, 1) == 0))
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_NO_PERMISSION,
		"that mailbox has no special use", "special use");
	return FALSE;
}

static void add_uses(DbBatch *batch, const MetadataJob *job)
{
	g_auto(GStrv) words =
		g_strsplit(job->uses != NULL ? job->uses : "", " ", -1);
	DbParams *params = db_batch_add(batch, &SQL_MAILBOX_TAKE_USES);

	db_params_int64(params, job->user);
	db_params_text_array(
		params, (const char *const *)words, g_strv_length(words));
	params = db_batch_add(batch, &SQL_METADATA_SET_USES);
	db_params_int64(params, job->mailbox);
	db_params_text(params, job->uses);
}

static DbParams *add_scoped(
	DbBatch *batch, const DbStatement *statement, const MetadataJob *job)
{
	DbParams *params = db_batch_add(batch, statement);

	db_params_int64(params, job->mailbox);
	db_params_int64(params, job->user);
	return params;
}

static gboolean metadata_work(
	DbConnection *connection, gpointer data, GError **error)
{
	MetadataJob *job = data;
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params;

	if (!lock(connection, job, error))
		return FALSE;
	if (job->mailbox != METADATA_SERVER)
		db_params_int64(
			db_batch_add(batch, &SQL_METADATA_TOUCH), job->mailbox);
	if (job->has_uses)
		add_uses(batch, job);
	params = add_scoped(batch, &SQL_METADATA_REMOVE, job);
	db_params_text_array(params, (const char *const *)job->remove->pdata,
		job->remove->len);
	params = add_scoped(batch, &SQL_METADATA_PUT, job);
	db_params_text_array(
		params, (const char *const *)job->put->pdata, job->put->len);
	db_params_bytes_array(params,
		(const Bytes *)(gpointer)job->values->data, job->values->len);
	guint last = db_batch_count(batch);
	add_scoped(batch, &SQL_METADATA_COUNT, job);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, last);
	for (guint i = 0; job->put->len > 0 && i < db_rows_count(rows); i++) {
		if (db_rows_int64(rows, i, 1) >
			(gint64)job->store->max_metadata_entries)
			return set_limit(error, "there are too many entries",
				METADATA_TOO_MANY);
	}
	return TRUE;
}

gboolean metadata_set(Store *store, gint64 user, gint64 mailbox,
	const MetadataChange *changes, guint count, GError **error)
{
	g_auto(MetadataJob) job = {
		.store = store,
		.user = user,
		.mailbox = mailbox,
		.put = g_ptr_array_new(),
		.values = g_array_new(FALSE, FALSE, sizeof(Bytes)),
		.remove = g_ptr_array_new(),
	};

	if (!job_fill(&job, changes, count, error) ||
		!db_pool_transact(
			store->pool, DB_WRITE, metadata_work, &job, error))
		return FALSE;
	if (mailbox != METADATA_SERVER)
		watch_notify(store, mailbox);
	watch_notify_names(store,
		mailbox != METADATA_SERVER ? job.owner : WATCH_EVERYBODY);
	if (mailbox != METADATA_SERVER && job.owner != user)
		watch_notify_names(store, user);
	return TRUE;
}

gboolean metadata_prints(Store *store, gint64 user, const gint64 *mailboxes,
	guint count, GHashTable **prints, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_METADATA_PRINTS);
	const DbRows *rows;

	db_params_int64(params, user);
	db_params_int64_array(params, mailboxes, count);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	*prints =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (guint i = 0; i < db_rows_count(rows); i++)
		g_hash_table_insert(*prints, g_strdup(db_rows_text(rows, i, 0)),
			g_strdup(db_rows_text(rows, i, 1)));
	return TRUE;
}
