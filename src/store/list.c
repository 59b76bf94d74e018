/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that scripts ask for, kept outside of them (RFC 6134). */
#include "store/list.h"

#include <string.h>

#include "base/errors.h"
#include "base/text.h"
#include "db/pool.h"
#include "store/list-sql.h"
#include "store/name.h"
#include "store/store-private.h"

#define SIEVE_URN "urn:ietf:params:sieve:"

/* --- names and values ----------------------------------------------------- */

/* RFC 3986: nothing but printable ASCII, without what quotes it. */
static gboolean is_uri(const char *name)
{
	for (const char *p = name; *p != '\0'; p++) {
		if (*p <= ' ' || *p >= 0x7f ||
			strchr("\"<>\\^`{|}", *p) != NULL)
			return FALSE;
	}
	return TRUE;
}

static gboolean has_scheme(const char *name, const char *scheme)
{
	const gsize size = strlen(scheme);

	return text_has_prefix_nocase(bytes_of_string(name), scheme) &&
		name[size] == ':' && name[size + 1] != '\0';
}

/* Sieve's own have no case, and may be escaped; of others' tags each octet
 * counts (RFC 4151 section 2.4). */
static char *fold(const char *name)
{
	if (text_has_prefix_nocase(bytes_of_string(name), SIEVE_URN)) {
		g_autofree char *plain = g_uri_unescape_string(name, NULL);
		return g_ascii_strdown(plain != NULL ? plain : name, -1);
	}
	g_autofree char *scheme = g_ascii_strdown(name, 3);
	return g_strconcat(scheme, name + 3, NULL);
}

char *list_name_normalise(const char *name, GError **error)
{
	g_autofree char *full = name[0] == ':' ?
		g_strconcat(SIEVE_URN, name + 1, NULL) :
		g_strdup(name);

	if (strlen(full) <= LIST_NAME_MAX && is_uri(full) &&
		(has_scheme(full, "urn") || has_scheme(full, "tag"))) {
		g_autofree char *folded = fold(full);
		if (g_utf8_validate(folded, -1, NULL))
			return g_steal_pointer(&folded);
	}
	dbmail_error_set(error, DBMAIL_ERROR_INVALID,
		"a list's name is a URI such as :addrbook:default or "
		"tag:example.com,2024:friends",
		"list name");
	return NULL;
}

static gboolean is_value(const char *value)
{
	const char *p = value;

	if (*value == '\0' || strlen(value) > LIST_VALUE_MAX ||
		!g_utf8_validate(value, -1, NULL))
		return FALSE;
	while (*p != '\0' && !g_unichar_iscntrl(g_utf8_get_char(p)))
		p = g_utf8_next_char(p);
	return *p == '\0';
}

/* --- asking --------------------------------------------------------------- */

static void add_owners(DbParams *params, gint64 owner, ListWhose whose)
{
	const gint64 owners[] = { owner, NAME_PUBLIC_OWNER_ID };

	db_params_int64_array(
		params, owners, whose == LIST_AND_EVERYONES ? 2 : 1);
}

gboolean list_members(Store *store, gint64 owner, ListWhose whose,
	const char *name, guint max, gboolean *exists, GStrv *members,
	GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_LIST_LOAD);
	const DbRows *rows;
	guint count = 0;

	add_owners(params, owner, whose);
	db_params_text(params, name);
	db_params_int64(params, max);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	*exists = db_rows_count(rows) > 0;
	*members = g_new0(char *, db_rows_count(rows) + 1);
	for (guint i = 0; i < db_rows_count(rows); i++) {
		if (!db_rows_is_null(rows, i, 0))
			(*members)[count++] =
				g_strdup(db_rows_text(rows, i, 0));
	}
	return TRUE;
}

gboolean list_has(Store *store, gint64 owner, const char *name,
	const char *value, gboolean *has, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree char *folded = g_ascii_strdown(value, -1);
	DbParams *params = db_batch_add(batch, &SQL_LIST_HAS);

	*has = FALSE;
	if (!is_value(value))
		return TRUE;
	add_owners(params, owner, LIST_AND_EVERYONES);
	db_params_text(params, name);
	db_params_text(params, folded);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	*has = db_rows_bool(db_batch_rows(batch, 0), 0, 0);
	return TRUE;
}

static void info_free(gpointer data)
{
	ListInfo *info = data;

	g_free(info->name);
	g_free(info);
}

gboolean list_names(
	Store *store, gint64 owner, GPtrArray **lists, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	db_params_int64(db_batch_add(batch, &SQL_LIST_NAMES), owner);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	*lists = g_ptr_array_new_full(db_rows_count(rows), info_free);
	for (guint i = 0; i < db_rows_count(rows); i++) {
		ListInfo *info = g_new(ListInfo, 1);

		info->name = g_strdup(db_rows_text(rows, i, 0));
		info->members = (guint64)db_rows_int64(rows, i, 1);
		g_ptr_array_add(*lists, info);
	}
	return TRUE;
}

/* --- changing ------------------------------------------------------------- */

static DbParams *add_list(DbBatch *batch, const DbStatement *statement,
	gint64 owner, const char *name)
{
	DbParams *params = db_batch_add(batch, statement);

	db_params_int64(params, owner);
	db_params_text(params, name);
	return params;
}

static gboolean check_values(
	const char *const *values, guint count, GError **error)
{
	for (guint i = 0; i < count; i++) {
		if (is_value(values[i]))
			continue;
		g_autofree char *shown =
			text_make_valid(bytes_of_string(values[i]));
		g_autofree char *text = g_strdup_printf(
			"'%.60s' cannot be in a list: a value is 1 to 1000 "
			"bytes of UTF-8 without control characters",
			shown);
		dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "value");
		return FALSE;
	}
	return TRUE;
}

gboolean list_add(Store *store, gint64 owner, const char *name,
	const char *const *values, guint count, guint64 *added, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	if (!check_values(values, count, error))
		return FALSE;
	(void)add_list(batch, &SQL_LIST_MAKE, owner, name);
	db_params_text_array(
		add_list(batch, &SQL_LIST_ADD, owner, name), values, count);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	*added = (guint64)db_rows_affected(db_batch_rows(batch, 1));
	return TRUE;
}

gboolean list_remove(Store *store, gint64 owner, const char *name,
	const char *const *values, guint count, guint64 *removed,
	GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GPtrArray) folded = g_ptr_array_new_with_free_func(g_free);

	if (!check_values(values, count, error))
		return FALSE;
	for (guint i = 0; i < count; i++)
		g_ptr_array_add(folded, g_ascii_strdown(values[i], -1));
	db_params_text_array(add_list(batch, &SQL_LIST_REMOVE, owner, name),
		(const char *const *)folded->pdata, count);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	*removed = (guint64)db_rows_affected(db_batch_rows(batch, 0));
	return TRUE;
}

gboolean list_delete(
	Store *store, gint64 owner, const char *name, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	(void)add_list(batch, &SQL_LIST_DELETE, owner, name);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	if (db_rows_affected(db_batch_rows(batch, 0)) > 0)
		return TRUE;
	dbmail_error_set(
		error, DBMAIL_ERROR_NOT_FOUND, "no such list", "%s", name);
	return FALSE;
}
