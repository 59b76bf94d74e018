/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sieve scripts of users, and what their runs must know. */
#include "store/script.h"

#include <string.h>

#include "base/errors.h"
#include "db/pool.h"
#include "store/name.h"
#include "store/script-sql.h"
#include "store/store-private.h"
#include "store/store-sql.h"

/* A script is told of no more addresses of its user than these. */
#define ADDRESSES_MAX 1000

/* name: NULL for the active one. */
static gboolean set_no_script(GError **error, const char *name)
{
	if (name != NULL)
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"no such script", "%s", name);
	else
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"no script is active", "no script is active");
	return FALSE;
}

static gboolean set_no_user(GError **error, gint64 user)
{
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such user",
		"user %" G_GINT64_FORMAT, user);
	return FALSE;
}

/* --- names ---------------------------------------------------------------- */

static char *refuse_name(GError **error, const char *text)
{
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "script name");
	return NULL;
}

static gboolean is_forbidden(gunichar c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 ||
		c == 0x2029;
}

char *script_name_normalise(Bytes name, GError **error)
{
	g_autofree char *composed = NULL;

	if (name.size == 0)
		return refuse_name(error, "a script's name is not empty");
	/* Composing makes a name longer, but no more than threefold: what is
	 * far too long is not worth it. */
	if (name.size > (gsize)SCRIPT_NAME_MAX_CHARS * 4 * 3 ||
		!g_utf8_validate_len(name.data, name.size, NULL))
		return refuse_name(error,
			"a script's name is at most 128 characters of UTF-8");
	composed =
		g_utf8_normalize(name.data, (gssize)name.size, G_NORMALIZE_NFC);
	if (g_utf8_strlen(composed, -1) > SCRIPT_NAME_MAX_CHARS)
		return refuse_name(error,
			"a script's name is at most 128 characters of UTF-8");
	for (const char *p = composed; *p != '\0'; p = g_utf8_next_char(p)) {
		if (is_forbidden(g_utf8_get_char(p)))
			return refuse_name(error,
				"a script's name has no control characters and "
				"line ends");
	}
	return g_steal_pointer(&composed);
}

/* --- reading -------------------------------------------------------------- */

static void info_free(gpointer data)
{
	ScriptInfo *info = data;

	g_free(info->name);
	g_free(info);
}

gboolean script_list(
	Store *store, gint64 user, GPtrArray **scripts, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	db_params_int64(db_batch_add(batch, &SQL_SCRIPT_LIST), user);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	*scripts = g_ptr_array_new_full(db_rows_count(rows), info_free);
	for (guint i = 0; i < db_rows_count(rows); i++) {
		ScriptInfo *info = g_new0(ScriptInfo, 1);

		info->name = g_strdup(db_rows_text(rows, i, 0));
		info->size = (gsize)db_rows_int64(rows, i, 1);
		info->is_active = db_rows_int64(rows, i, 2) == 1;
		info->changed = db_rows_timestamp(rows, i, 3);
		g_ptr_array_add(*scripts, info);
	}
	return TRUE;
}

gboolean script_get(Store *store, gint64 user, const char *name, char **source,
	gsize *size, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(
		batch, name != NULL ? &SQL_SCRIPT_GET : &SQL_SCRIPT_GET_ACTIVE);
	const DbRows *rows;
	Bytes text;

	db_params_int64(params, user);
	if (name != NULL)
		db_params_text(params, name);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0)
		return set_no_script(error, name);
	text = db_rows_bytes(rows, 0, 0);
	*source = g_strndup(text.data, text.size);
	*size = text.size;
	return TRUE;
}

/* --- changing -------------------------------------------------------------- */

/* What script_put's outcomes from 2 on say. */
static const struct {
	const char *cause;
	const char *text;
} limits_of[] = {
	{ SCRIPT_CAUSE_SIZE, "the script is too large" },
	{ SCRIPT_CAUSE_NUMBER, "there are too many scripts" },
	{ SCRIPT_CAUSE_TOTAL, "the scripts are too large together" },
};

static gboolean take_put(const DbRows *rows, gint64 user, GError **error)
{
	const gint32 outcome = db_rows_int32(rows, 0, 0);
	GError *made = NULL;

	if (outcome == 0)
		return TRUE;
	if (outcome == 1)
		return set_no_user(error, user);
	dbmail_error_set(&made, DBMAIL_ERROR_LIMIT, limits_of[outcome - 2].text,
		"scripts of user %" G_GINT64_FORMAT, user);
	dbmail_error_set_cause(made, limits_of[outcome - 2].cause);
	g_propagate_error(error, made);
	return FALSE;
}

/* Adds store_lock_user and the statement, whose first parameter is the user. */
static DbParams *add_change(
	DbBatch *batch, const DbStatement *statement, gint64 user)
{
	DbParams *params;

	if (db_batch_count(batch) == 0)
		db_params_int64(
			db_batch_add(batch, &SQL_STORE_LOCK_USER), user);
	params = db_batch_add(batch, statement);
	db_params_int64(params, user);
	return params;
}

static void add_limits(DbParams *params, gsize size, const ScriptLimits *limits)
{
	db_params_int64(params, (gint64)MIN(size, (gsize)G_MAXINT64));
	db_params_int64(params, (gint64)limits->max_size);
	db_params_int64(params, (gint64)limits->max_number);
	db_params_int64(params, (gint64)limits->max_total);
}

gboolean script_put(Store *store, gint64 user, const char *name, Bytes source,
	const ScriptLimits *limits, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params;

	if (source.size > 0 && memchr(source.data, '\0', source.size) != NULL) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"a script has no NUL", "script");
		return FALSE;
	}
	params = add_change(batch, &SQL_SCRIPT_PUT, user);
	db_params_text(params, name);
	db_params_bytes(params, source);
	add_limits(params, source.size, limits);
	return db_pool_run(store->pool, batch, DB_WRITE, error) &&
		take_put(db_batch_rows(batch, 1), user, error);
}

gboolean script_have_space(Store *store, gint64 user, const char *name,
	gsize size, const ScriptLimits *limits, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_SCRIPT_PUT);

	db_params_int64(params, user);
	db_params_text(params, name);
	db_params_null(params);
	add_limits(params, size, limits);
	return db_pool_run(store->pool, batch, DB_READ, error) &&
		take_put(db_batch_rows(batch, 0), user, error);
}

gboolean script_activate(
	Store *store, gint64 user, const char *name, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	db_params_text(add_change(batch, &SQL_SCRIPT_DEACTIVATE, user), name);
	db_params_text(add_change(batch, &SQL_SCRIPT_ACTIVATE, user), name);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	if (name != NULL && db_rows_count(db_batch_rows(batch, 2)) == 0)
		return set_no_script(error, name);
	return TRUE;
}

gboolean script_deactivate(
	Store *store, gint64 user, const char *name, char **was, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	db_params_text(
		add_change(batch, &SQL_SCRIPT_DEACTIVATE_ONE, user), name);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	rows = db_batch_rows(batch, 1);
	if (db_rows_count(rows) == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			name != NULL ? "the script is not active" :
				       "no script is active",
			"%s", name != NULL ? name : "no script is active");
		return FALSE;
	}
	*was = g_strdup(db_rows_text(rows, 0, 0));
	return TRUE;
}

gboolean script_delete(Store *store, gint64 user, const char *name,
	gboolean even_active, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = add_change(batch, &SQL_SCRIPT_DELETE, user);
	const DbRows *rows;

	db_params_text(params, name);
	db_params_bool(params, even_active);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	rows = db_batch_rows(batch, 1);
	if (db_rows_count(rows) == 0)
		return set_no_script(error, name);
	if (!db_rows_bool(rows, 0, 0))
		return TRUE;
	dbmail_error_set(
		error, DBMAIL_ERROR_IN_USE, "the script is active", "%s", name);
	return FALSE;
}

gboolean script_rename(Store *store, gint64 user, const char *name,
	const char *to, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = add_change(batch, &SQL_SCRIPT_RENAME, user);
	const DbRows *rows;

	db_params_text(params, name);
	db_params_text(params, to);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	rows = db_batch_rows(batch, 1);
	if (db_rows_count(rows) == 0)
		return set_no_script(error, name);
	if (!db_rows_bool(rows, 0, 0))
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_EXISTS,
		"there is a script of that name", "%s", to);
	return FALSE;
}

/* --- for running them ------------------------------------------------------ */

static void source_clear(gpointer data)
{
	ScriptSource *source = data;

	g_free(source->name);
	g_free(source->source);
}

static GArray *sources_new(void)
{
	GArray *sources = g_array_new(FALSE, FALSE, sizeof(ScriptSource));

	g_array_set_clear_func(sources, source_clear);
	return sources;
}

void script_set_free(ScriptSet **set)
{
	ScriptSet *gone = g_steal_pointer(set);

	if (gone == NULL)
		return;
	g_free(gone->user_name);
	g_strfreev(gone->addresses);
	g_array_unref(gone->personal);
	g_array_unref(gone->global);
	g_free(gone);
}

static void add_addresses(DbBatch *batch, gint64 user)
{
	DbParams *params = db_batch_add(batch, &SQL_SCRIPT_LOAD_ADDRESSES);

	db_params_int64(params, user);
	db_params_int32(params, ADDRESSES_MAX);
}

static char **read_addresses(const DbRows *rows)
{
	const guint count = db_rows_count(rows);
	char **addresses = g_new0(char *, count + 1);

	for (guint i = 0; i < count; i++)
		addresses[i] = g_strdup(db_rows_text(rows, i, 0));
	return addresses;
}

/* Only when all are there do the elements have their places for good. */
static void read_sources(ScriptSet *set, const DbRows *rows)
{
	gint active = -1;

	set->personal = sources_new();
	set->global = sources_new();
	for (guint i = 0; i < db_rows_count(rows); i++) {
		const Bytes text = db_rows_bytes(rows, i, 2);
		const ScriptSource source = {
			.name = g_strdup(db_rows_text(rows, i, 1)),
			.source = g_strndup(text.data, text.size),
			.size = text.size,
		};
		const gint64 owner = db_rows_int64(rows, i, 0);

		if (owner == set->user && db_rows_int64(rows, i, 3) == 1)
			active = (gint)set->personal->len;
		g_array_append_val(owner == NAME_PUBLIC_OWNER_ID ?
				set->global :
				set->personal,
			source);
	}
	if (active >= 0 && set->user != NAME_PUBLIC_OWNER_ID)
		set->active =
			&g_array_index(set->personal, ScriptSource, active);
}

gboolean script_load(Store *store, gint64 user, ScriptSet **set, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	ScriptSet *made;
	const DbRows *rows;

	db_params_int64(db_batch_add(batch, &SQL_SCRIPT_LOAD_USER), user);
	add_addresses(batch, user);
	db_params_int64(db_batch_add(batch, &SQL_SCRIPT_LOAD_SOURCES), user);
	if (!db_pool_run(store->pool, batch, DB_SNAPSHOT, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0)
		return set_no_user(error, user);
	made = g_new0(ScriptSet, 1);
	made->user = user;
	made->user_name = g_strdup(db_rows_text(rows, 0, 0));
	made->version = db_rows_int64(rows, 0, 1);
	made->told_version = db_rows_int64(rows, 0, 2);
	made->global_version = db_rows_int64(rows, 0, 3);
	made->addresses = read_addresses(db_batch_rows(batch, 1));
	read_sources(made, db_batch_rows(batch, 2));
	*set = made;
	return TRUE;
}

gboolean script_versions(Store *store, gint64 user, gint64 *version,
	gint64 *global_version, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	db_params_int64(db_batch_add(batch, &SQL_SCRIPT_LOAD_USER), user);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0)
		return set_no_user(error, user);
	*version = db_rows_int64(rows, 0, 1);
	*global_version = db_rows_int64(rows, 0, 3);
	return TRUE;
}

gboolean script_addresses(
	Store *store, gint64 user, char ***addresses, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	add_addresses(batch, user);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	*addresses = read_addresses(db_batch_rows(batch, 0));
	return TRUE;
}

const ScriptSource *script_set_find(const GArray *sources, const char *name)
{
	for (guint i = 0; i < sources->len; i++) {
		const ScriptSource *source =
			&g_array_index(sources, ScriptSource, i);
		if (g_str_equal(source->name, name))
			return source;
	}
	return NULL;
}

gboolean script_was_seen(Store *store, gint64 user, const ScriptSeen *ids,
	guint count, gboolean *seen, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree Bytes *list = g_new(Bytes, count);
	DbParams *params = db_batch_add(batch, &SQL_SCRIPT_WAS_SEEN);

	for (guint i = 0; i < count; i++)
		list[i] = bytes_of((const char *)ids[i].id, SCRIPT_SEEN_SIZE);
	db_params_int64(params, user);
	db_params_bytes_array(params, list, count);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	for (guint i = 0; i < count; i++)
		seen[i] = db_rows_bool(db_batch_rows(batch, 0), i, 0);
	return TRUE;
}
