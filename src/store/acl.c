/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access control lists of mailboxes (RFC 4314). */
#include "store/acl.h"

#include <string.h>

#include "base/errors.h"
#include "db/pool.h"
#include "store/acl-sql.h"
#include "store/name.h"
#include "store/store-private.h"
#include "store/store-sql.h"
#include "store/watch.h"

static gboolean set_no_mailbox(GError **error, gint64 mailbox)
{
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such mailbox",
		"mailbox %" G_GINT64_FORMAT, mailbox);
	return FALSE;
}

/* --- reading -------------------------------------------------------------- */

static void entry_free(gpointer data)
{
	AclEntry *entry = data;

	g_free(entry->identifier);
	g_free(entry);
}

gboolean acl_get(
	Store *store, gint64 mailbox, GPtrArray **entries, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	db_params_int64(db_batch_add(batch, &SQL_ACL_GET), mailbox);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0)
		return set_no_mailbox(error, mailbox);
	*entries = g_ptr_array_new_full(db_rows_count(rows), entry_free);
	for (guint i = 0; i < db_rows_count(rows); i++) {
		AclEntry *entry = g_new0(AclEntry, 1);

		entry->identifier = g_strdup(db_rows_text(rows, i, 0));
		entry->rights = (guint)db_rows_int64(rows, i, 1);
		g_ptr_array_add(*entries, entry);
	}
	return TRUE;
}

gboolean acl_rights(Store *store, gint64 user, gint64 mailbox, guint *rights,
	GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_ACL_RIGHTS);
	const DbRows *rows;

	db_params_int64(params, user);
	db_params_int64(params, mailbox);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	*rights = db_rows_count(rows) > 0 ? (guint)db_rows_int64(rows, 0, 0) :
					    RIGHTS_NONE;
	return TRUE;
}

/* --- changing -------------------------------------------------------------- */

static gboolean set_nobody(GError **error, const char *text)
{
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "identifier");
	return FALSE;
}

static gboolean check_identifier(const char *identifier, GError **error)
{
	if (*identifier == '-')
		return set_nobody(error, "negative rights are not kept");
	if (*identifier == '\0' || strlen(identifier) > ACL_IDENTIFIER_MAX ||
		!g_utf8_validate(identifier, -1, NULL) ||
		g_ascii_strcasecmp(identifier, NAME_PUBLIC_OWNER) == 0)
		return set_nobody(error, "no such user");
	return TRUE;
}

static DbParams *add_who(DbBatch *batch, gint64 mailbox, const char *identifier)
{
	g_autofree char *folded = g_ascii_strdown(identifier, -1);
	DbParams *params = db_batch_add(batch, &SQL_ACL_WHO);

	db_params_int64(params, mailbox);
	db_params_text(params, folded);
	return params;
}

/* Whom the identifier means and what that user is granted already. */
typedef struct {
	gint64 user;
	gboolean is_owner;
	guint rights;
} AclWho;

static gboolean read_who(
	const DbRows *rows, gint64 mailbox, AclWho *who, GError **error)
{
	if (db_rows_count(rows) == 0)
		return set_no_mailbox(error, mailbox);
	if (db_rows_is_null(rows, 0, 0))
		return set_nobody(error, "no such user");
	*who = (AclWho){
		.user = db_rows_int64(rows, 0, 0),
		.is_owner = db_rows_bool(rows, 0, 1),
		.rights = (guint)db_rows_int64(rows, 0, 2),
	};
	return TRUE;
}

gboolean acl_required(Store *store, gint64 mailbox, const char *identifier,
	guint *rights, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	AclWho who;

	if (!check_identifier(identifier, error))
		return FALSE;
	add_who(batch, mailbox, identifier);
	if (!db_pool_run(store->pool, batch, DB_READ, error) ||
		!read_who(db_batch_rows(batch, 0), mailbox, &who, error))
		return FALSE;
	*rights = who.is_owner ? RIGHTS_OWNER : RIGHTS_NONE;
	return TRUE;
}

typedef struct {
	gint64 mailbox;
	const char *identifier;
	AclAction action;
	guint rights;
	gint64 user; /* found by the identifier */
} AclChange;

static guint changed_rights(const AclChange *change, const AclWho *who)
{
	guint rights = change->rights;

	if (change->action == ACL_ADD)
		rights = who->rights | change->rights;
	else if (change->action == ACL_REMOVE)
		rights = who->rights & ~change->rights;
	return who->is_owner ? rights | RIGHTS_OWNER : rights;
}

/* The mailbox's lock is that of its list, too. */
static gboolean set_work(
	DbConnection *connection, gpointer data, GError **error)
{
	AclChange *change = data;
	g_autoptr(DbBatch) batch = db_batch_new();
	AclWho who;
	guint rights;

	db_params_int64_array(db_batch_add(batch, &SQL_STORE_LOCK_MAILBOXES),
		&change->mailbox, 1);
	add_who(batch, change->mailbox, change->identifier);
	if (!db_connection_run(connection, batch, error) ||
		!read_who(
			db_batch_rows(batch, 1), change->mailbox, &who, error))
		return FALSE;
	rights = changed_rights(change, &who);
	change->user = who.user;
	db_batch_clear(batch);
	DbParams *params = db_batch_add(
		batch, rights != RIGHTS_NONE ? &SQL_ACL_PUT : &SQL_ACL_DELETE);
	db_params_int64(params, who.user);
	db_params_int64(params, change->mailbox);
	if (rights != RIGHTS_NONE)
		db_params_int32(params, (gint32)rights);
	return db_connection_run(connection, batch, error);
}

gboolean acl_set(Store *store, gint64 mailbox, const char *identifier,
	AclAction action, guint rights, GError **error)
{
	AclChange change = { mailbox, identifier, action, rights, 0 };

	if (!check_identifier(identifier, error) ||
		!db_pool_transact(
			store->pool, DB_WRITE, set_work, &change, error))
		return FALSE;
	watch_notify(store, mailbox);
	watch_notify_names(store,
		change.user != NAME_ANYONE_ID ? change.user : WATCH_EVERYBODY);
	return TRUE;
}
