/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creating, deleting and renaming mailboxes. */
#include "base/errors.h"
#include "db/pool.h"
#include "store/mailbox-private.h"
#include "store/special-use.h"
#include "store/store-private.h"
#include "store/store-sql.h"
#include "store/watch.h"

/* Each change is some steps under the lock of the user's row, which is the
 * lock of all its names: they are rare, clear rules are worth more than a
 * round trip. */
typedef struct {
	gint64 owner;
	const char *name;
	const char *to;          /* rename */
	const char *special_use; /* create */
	Mailbox *mailbox;        /* create: the result */
	gint64 changed;          /* delete, rename: whose messages went, or 0 */
	gint64 given;            /* rename: who got them, or 0 */
} NameChange;

/* --- levels above --------------------------------------------------------------- */

/* The names above name, and name itself as the last. */
static GPtrArray *levels_of(const char *name)
{
	GPtrArray *levels = g_ptr_array_new_with_free_func(g_free);
	for (const char *at = name; *at != '\0'; at++) {
		if (*at == MAILBOX_SEPARATOR)
			g_ptr_array_add(
				levels, g_strndup(name, (gsize)(at - name)));
	}
	g_ptr_array_add(levels, g_strdup(name));
	return levels;
}

static gboolean is_below(const char *name, const char *above)
{
	gsize size = strlen(above);
	return strncmp(name, above, size) == 0 &&
		name[size] == MAILBOX_SEPARATOR;
}

/* How a name that is to be made stands. */
typedef struct {
	gboolean is_there;
	gboolean no_select;
} NameState;

static gboolean read_levels(
	const DbRows *rows, const char *name, NameState *state, GError **error)
{
	*state = (NameState){ FALSE, FALSE };
	for (guint row = 0; row < db_rows_count(rows); row++) {
		const char *level = db_rows_text(rows, row, 1);
		if (strcmp(level, name) == 0) {
			state->is_there = TRUE;
			state->no_select = db_rows_int64(rows, row, 2) != 0;
		} else if (db_rows_int64(rows, row, 3) != 0) {
			dbmail_error_set(error, DBMAIL_ERROR_NO_PERMISSION,
				"a mailbox above it can have no children",
				"\"%s\" is \\Noinferiors", level);
			return FALSE;
		}
	}
	return TRUE;
}

static void add_levels(DbBatch *batch, const DbStatement *statement,
	gint64 owner, const GPtrArray *levels, guint count)
{
	DbParams *params = db_batch_add(batch, statement);
	db_params_int64(params, owner);
	db_params_text_array(params, (const char *const *)levels->pdata, count);
}

/* The first step of all: locks the names and looks at the new one. */
static gboolean look_at_new(DbConnection *connection, gint64 owner,
	const char *name, const GPtrArray *levels, NameState *state,
	GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	db_params_int64(db_batch_add(batch, &SQL_STORE_LOCK_USER), owner);
	add_levels(batch, &SQL_MAILBOX_LEVELS, owner, levels, levels->len);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	if (db_rows_count(db_batch_rows(batch, 0)) == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such user",
			"user %" G_GINT64_FORMAT, owner);
		return FALSE;
	}
	return read_levels(db_batch_rows(batch, 1), name, state, error);
}

/* Adds the making of the first count levels; special_use is the last one's. */
static void add_insert(DbBatch *batch, gint64 owner, const GPtrArray *levels,
	guint count, const char *special_use)
{
	g_autofree const char **uses = g_new0(const char *, count + 1);
	if (count > 0)
		uses[count - 1] = special_use;
	add_levels(batch, &SQL_MAILBOX_INSERT, owner, levels, count);
	db_params_text_array(
		(DbParams *)db_batch_params(batch, db_batch_count(batch) - 1),
		uses, count);
}

static gboolean set_exists(GError **error, const char *name)
{
	dbmail_error_set(error, DBMAIL_ERROR_EXISTS,
		"there is such a mailbox already", "\"%s\"", name);
	return FALSE;
}

/* A use belongs to one mailbox: the others lose it. */
static void add_take_uses(DbBatch *batch, gint64 owner, const char *uses)
{
	g_auto(GStrv) words = g_strsplit(uses, " ", -1);
	DbParams *params = db_batch_add(batch, &SQL_MAILBOX_TAKE_USES);
	db_params_int64(params, owner);
	db_params_text_array(
		params, (const char *const *)words, g_strv_length(words));
}

/* --- create ----------------------------------------------------------------------- */

static gboolean create_work(
	DbConnection *connection, gpointer data, GError **error)
{
	NameChange *change = data;
	mailbox_free(&change->mailbox);
	g_autoptr(GPtrArray) levels = levels_of(change->name);
	NameState state;
	if (!look_at_new(connection, change->owner, change->name, levels,
		    &state, error))
		return FALSE;
	if (state.is_there && !state.no_select)
		return set_exists(error, change->name);

	g_autoptr(DbBatch) batch = db_batch_new();
	if (change->special_use != NULL)
		add_take_uses(batch, change->owner, change->special_use);
	add_insert(
		batch, change->owner, levels, levels->len, change->special_use);
	if (state.is_there)
		db_params_text(mailbox_add_named(batch, &SQL_MAILBOX_REVIVE,
				       change->owner, change->name),
			change->special_use);
	guint last = db_batch_count(batch);
	mailbox_add_named(batch, &SQL_MAILBOX_GET, change->owner, change->name);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	change->mailbox = mailbox_from_row(db_batch_rows(batch, last), 0);
	return TRUE;
}

gboolean mailbox_create(Store *store, gint64 owner, const char *name,
	const char *special_use, Mailbox **mailbox, GError **error)
{
	g_autofree char *uses = NULL;
	if (!special_use_normalise(special_use, &uses, error))
		return FALSE;
	NameChange change = {
		.owner = owner,
		.name = name,
		.special_use = uses,
	};
	if (!db_pool_transact(
		    store->pool, DB_WRITE, create_work, &change, error)) {
		mailbox_free(&change.mailbox);
		return FALSE;
	}
	*mailbox = change.mailbox;
	return TRUE;
}

/* --- special use ------------------------------------------------------------------ */

static gboolean set_uses_work(
	DbConnection *connection, gpointer data, GError **error)
{
	const NameChange *change = data;
	g_autoptr(DbBatch) batch = db_batch_new();
	db_params_int64(
		db_batch_add(batch, &SQL_STORE_LOCK_USER), change->owner);
	if (change->special_use != NULL)
		add_take_uses(batch, change->owner, change->special_use);
	guint last = db_batch_count(batch);
	db_params_text(mailbox_add_named(batch, &SQL_MAILBOX_SET_USES,
			       change->owner, change->name),
		change->special_use);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	if (db_rows_affected(db_batch_rows(batch, last)) == 0)
		return mailbox_set_not_found(
			error, change->owner, change->name);
	return TRUE;
}

gboolean mailbox_set_special_use(Store *store, gint64 owner, const char *name,
	const char *special_use, GError **error)
{
	g_autofree char *uses = NULL;
	if (!special_use_normalise(special_use, &uses, error))
		return FALSE;
	NameChange change = {
		.owner = owner,
		.name = name,
		.special_use = uses,
	};
	return db_pool_transact(
		store->pool, DB_WRITE, set_uses_work, &change, error);
}

/* --- delete ----------------------------------------------------------------------- */

/* A mailbox under its lock. */
typedef struct {
	gint64 id;
	gboolean no_select;
	gboolean read_only;
	gboolean has_children;
} LockedName;

static void add_lock(DbBatch *batch, gint64 owner, const char *name)
{
	db_params_int64(db_batch_add(batch, &SQL_STORE_LOCK_USER), owner);
	mailbox_add_named(batch, &SQL_MAILBOX_LOCK_NAME, owner, name);
}

static gboolean read_locked(const DbRows *rows, const NameChange *change,
	LockedName *locked, GError **error)
{
	if (db_rows_count(rows) == 0)
		return mailbox_set_not_found(
			error, change->owner, change->name);
	*locked = (LockedName){
		.id = db_rows_int64(rows, 0, 0),
		.no_select = db_rows_int64(rows, 0, 1) != 0,
		.read_only = db_rows_int64(rows, 0, 2) == 1,
		.has_children = db_rows_bool(rows, 0, 3),
	};
	return TRUE;
}

static void add_for(
	DbBatch *batch, const DbStatement *statement, gint64 mailbox)
{
	db_params_int64(db_batch_add(batch, statement), mailbox);
}

static gboolean refuse_delete(GError **error, const char *text)
{
	dbmail_error_set(error, DBMAIL_ERROR_NO_PERMISSION, text, "%s", text);
	return FALSE;
}

static gboolean delete_work(
	DbConnection *connection, gpointer data, GError **error)
{
	NameChange *change = data;
	g_autoptr(DbBatch) batch = db_batch_new();
	add_lock(batch, change->owner, change->name);
	LockedName locked;
	if (!db_connection_run(connection, batch, error) ||
		!read_locked(db_batch_rows(batch, 1), change, &locked, error))
		return FALSE;
	if (locked.no_select && locked.has_children) {
		refuse_delete(error, "the name has children");
		if (error != NULL)
			dbmail_error_set_cause(*error, MAILBOX_HAS_CHILDREN);
		return FALSE;
	}
	if (locked.read_only)
		return refuse_delete(error, "the mailbox is read-only");

	db_batch_clear(batch);
	add_for(batch, &SQL_MAILBOX_EMPTY, locked.id);
	add_for(batch, &SQL_MAILBOX_RETURN_QUOTA, locked.id);
	if (locked.has_children) {
		add_for(batch, &SQL_MAILBOX_LOG_EMPTIED, locked.id);
		add_for(batch, &SQL_MAILBOX_NOTE_EMPTIED, locked.id);
		add_for(batch, &SQL_MAILBOX_MAKE_NOSELECT, locked.id);
	} else {
		add_for(batch, &SQL_MAILBOX_DELETE, locked.id);
	}
	change->changed = locked.id;
	return db_connection_run(connection, batch, error);
}

gboolean mailbox_delete(
	Store *store, gint64 owner, const char *name, GError **error)
{
	NameChange change = { .owner = owner, .name = name };
	if (strcmp(name, MAILBOX_INBOX) == 0)
		return refuse_delete(error, "INBOX cannot be deleted");
	if (!db_pool_transact(
		    store->pool, DB_WRITE, delete_work, &change, error))
		return FALSE;
	watch_notify(store, change.changed);
	return TRUE;
}

/* --- rename ----------------------------------------------------------------------- */

/* Locks the old name and looks whether the new one is free and short enough
 * for all that moves along. */
static gboolean rename_look(DbConnection *connection, const NameChange *change,
	const GPtrArray *levels, LockedName *locked, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	add_lock(batch, change->owner, change->name);
	add_levels(
		batch, &SQL_MAILBOX_LEVELS, change->owner, levels, levels->len);
	db_params_text(mailbox_add_named(batch, &SQL_MAILBOX_LONGEST,
			       change->owner, change->name),
		change->to);
	NameState state;
	if (!db_connection_run(connection, batch, error) ||
		!read_locked(db_batch_rows(batch, 1), change, locked, error) ||
		!read_levels(
			db_batch_rows(batch, 2), change->to, &state, error))
		return FALSE;
	if (state.is_there)
		return set_exists(error, change->to);
	if (db_rows_int64(db_batch_rows(batch, 3), 0, 0) > MAILBOX_NAME_MAX) {
		dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
			"a mailbox below it would have too long a name",
			"\"%s\" to \"%s\"", change->name, change->to);
		return FALSE;
	}
	return TRUE;
}

/* The tree moves in one statement; the levels above it come first. */
static gboolean rename_tree(DbConnection *connection, const NameChange *change,
	const GPtrArray *levels, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	add_insert(batch, change->owner, levels, levels->len - 1, NULL);
	db_params_text(mailbox_add_named(batch, &SQL_MAILBOX_RENAME,
			       change->owner, change->name),
		change->to);
	return db_connection_run(connection, batch, error);
}

/* INBOX stays and gives its messages away (RFC 3501 section 6.3.5); the quota
 * sum stays as it is. */
static gboolean rename_inbox(DbConnection *connection, NameChange *change,
	const GPtrArray *levels, gint64 inbox, GError **error)
{
	static const DbStatement *const moves[] = {
		&SQL_MAILBOX_GIVE,
		&SQL_MAILBOX_TAKE,
	};
	g_autoptr(DbBatch) batch = db_batch_new();
	add_insert(batch, change->owner, levels, levels->len, NULL);
	mailbox_add_named(batch, &SQL_MAILBOX_GET, change->owner, change->to);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	gint64 taker = db_rows_int64(db_batch_rows(batch, 1), 0, 0);

	db_batch_clear(batch);
	for (guint i = 0; i < G_N_ELEMENTS(moves); i++) {
		DbParams *params = db_batch_add(batch, moves[i]);
		db_params_int64(params, inbox);
		db_params_int64(params, taker);
	}
	add_for(batch, &SQL_MAILBOX_LOG_EMPTIED, inbox);
	add_for(batch, &SQL_MAILBOX_NOTE_EMPTIED, inbox);
	change->changed = inbox;
	change->given = taker;
	return db_connection_run(connection, batch, error);
}

static gboolean rename_work(
	DbConnection *connection, gpointer data, GError **error)
{
	NameChange *change = data;
	g_autoptr(GPtrArray) levels = levels_of(change->to);
	LockedName locked;
	if (!rename_look(connection, change, levels, &locked, error))
		return FALSE;
	if (strcmp(change->name, MAILBOX_INBOX) != 0)
		return rename_tree(connection, change, levels, error);
	return rename_inbox(connection, change, levels, locked.id, error);
}

gboolean mailbox_rename(Store *store, gint64 owner, const char *from,
	const char *to, GError **error)
{
	NameChange change = { .owner = owner, .name = from, .to = to };
	if (is_below(to, from) && strcmp(from, MAILBOX_INBOX) != 0) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"a mailbox cannot be moved below itself",
			"\"%s\" to \"%s\"", from, to);
		return FALSE;
	}
	if (!db_pool_transact(
		    store->pool, DB_WRITE, rename_work, &change, error))
		return FALSE;
	if (change.changed != 0) {
		watch_notify(store, change.changed);
		watch_notify(store, change.given);
	}
	return TRUE;
}
