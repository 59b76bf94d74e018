/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Creating, deleting and renaming mailboxes. */
#include "base/errors.h"
#include "db/pool.h"
#include "store/mailbox-private.h"
#include "store/metadata-sql.h"
#include "store/name.h"
#include "store/quota-sql.h"
#include "store/special-use.h"
#include "store/store-private.h"
#include "store/store-sql.h"
#include "store/watch.h"

/* Each change is some steps under the lock of the user's row, which is the
 * lock of all its names: they are rare, clear rules are worth more than a
 * round trip. */
typedef struct {
	gint64 user;             /* who asks */
	const char *owner_name;  /* in lower case; NULL: who asks */
	const char *name;        /* as the owner has it, like to */
	const char *to;          /* rename */
	gint64 owner;            /* resolve_owner()'s result */
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

/* --- who may -------------------------------------------------------------------- */

static gboolean set_refused(GError **error, const char *text)
{
	dbmail_error_set(error, DBMAIL_ERROR_NO_PERMISSION, text, "%s", text);
	return FALSE;
}

/* The first step of all: whose names they are.  An owner whom there is not
 * owns nothing. */
static gboolean resolve_owner(
	DbConnection *connection, NameChange *change, GError **error)
{
	change->owner = change->user;
	if (change->owner_name == NULL)
		return TRUE;
	g_autoptr(DbBatch) batch = db_batch_new();
	db_params_text(
		db_batch_add(batch, &SQL_MAILBOX_OWNER), change->owner_name);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0)
		return mailbox_set_not_found(error, change->user, change->name);
	change->owner = db_rows_int64(rows, 0, 0);
	return TRUE;
}

/* How a name that is to be made stands. */
typedef struct {
	gint64 id; /* 0: there is none yet */
	gboolean no_select;
	guint rights;        /* of who asks, where there is one */
	gint64 above;        /* the nearest mailbox above it, or 0 */
	gsize above_size;    /* bytes of its name */
	guint above_rights;  /* of who asks, in that one */
	gboolean is_allowed; /* with none above */
} NameState;

static gboolean read_levels(
	const DbRows *rows, const char *name, NameState *state, GError **error)
{
	for (guint row = 0; row < db_rows_count(rows); row++) {
		const char *level = db_rows_text(rows, row, 1);
		guint rights = (guint)db_rows_int64(rows, row, 4);
		if (strcmp(level, name) == 0) {
			state->id = db_rows_int64(rows, row, 0);
			state->no_select = db_rows_int64(rows, row, 2) != 0;
			state->rights = rights;
			continue;
		}
		if (db_rows_int64(rows, row, 3) != 0) {
			dbmail_error_set(error, DBMAIL_ERROR_NO_PERMISSION,
				"a mailbox above it can have no children",
				"\"%s\" is \\Noinferiors", level);
			return FALSE;
		}
		if (strlen(level) > state->above_size) {
			state->above = db_rows_int64(rows, row, 0);
			state->above_size = strlen(level);
			state->above_rights = rights;
		}
	}
	return TRUE;
}

static gboolean set_not_there(GError **error)
{
	return set_refused(error, "not allowed to create it there");
}

/* RFC 4314 section 4: k on the nearest mailbox above. */
static gboolean check_create(const NameState *state, GError **error)
{
	gboolean may = state->above != 0 ?
		(state->above_rights & RIGHT_CREATE) != 0 :
		state->is_allowed;
	return may || set_not_there(error);
}

static void add_levels(DbBatch *batch, const DbStatement *statement,
	gint64 owner, const GPtrArray *levels, guint count)
{
	DbParams *params = db_batch_add(batch, statement);
	db_params_int64(params, owner);
	db_params_text_array(params, (const char *const *)levels->pdata, count);
}

/* Adds what read_new() reads: two statements. */
static void add_new(
	DbBatch *batch, const NameChange *change, const GPtrArray *levels)
{
	add_levels(
		batch, &SQL_MAILBOX_LEVELS, change->owner, levels, levels->len);
	db_params_int64(
		(DbParams *)db_batch_params(batch, db_batch_count(batch) - 1),
		change->user);
	db_params_int64(db_batch_add(batch, &SQL_MAILBOX_IS_ADMINISTRATOR),
		change->user);
}

/* How the new name stands, and whether it may be made. */
static gboolean read_new(const DbBatch *batch, guint first,
	const NameChange *change, const char *name, NameState *state,
	GError **error)
{
	const DbRows *rows = db_batch_rows(batch, first + 1);
	*state = (NameState){
		.is_allowed = change->owner == change->user ||
			(change->owner == NAME_PUBLIC_OWNER_ID &&
				db_rows_count(rows) > 0 &&
				db_rows_int64(rows, 0, 0) != 0),
	};
	return read_levels(db_batch_rows(batch, first), name, state, error) &&
		check_create(state, error);
}

/* The second step: locks the names and looks at the new one. */
static gboolean look_at_new(DbConnection *connection, const NameChange *change,
	const GPtrArray *levels, NameState *state, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	db_params_int64(
		db_batch_add(batch, &SQL_STORE_LOCK_USER), change->owner);
	add_new(batch, change, levels);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	if (db_rows_count(db_batch_rows(batch, 0)) == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such user",
			"user %" G_GINT64_FORMAT, change->owner);
		return FALSE;
	}
	return read_new(batch, 1, change, change->name, state, error);
}

static void add_for(DbBatch *batch, const DbStatement *statement, gint64 id)
{
	db_params_int64(db_batch_add(batch, statement), id);
}

/* Adds the making of the first count levels, with the ACL of the mailbox above
 * them, or none where that is 0; special_use is the last one's. */
static void add_insert(DbBatch *batch, gint64 owner, const GPtrArray *levels,
	guint count, gint64 above, const char *special_use)
{
	g_autofree const char **uses = g_new0(const char *, count + 1);
	if (count > 0)
		uses[count - 1] = special_use;
	add_levels(batch, &SQL_MAILBOX_INSERT, owner, levels, count);
	DbParams *params =
		(DbParams *)db_batch_params(batch, db_batch_count(batch) - 1);
	db_params_text_array(params, uses, count);
	if (above != 0)
		db_params_int64(params, above);
	else
		db_params_null(params);
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

/* Which users there are is not told: one who is not there shares nothing. */
static gboolean resolve_new_owner(
	DbConnection *connection, NameChange *change, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (resolve_owner(connection, change, &problem))
		return TRUE;
	if (dbmail_error_is(problem, DBMAIL_ERROR_NOT_FOUND))
		return set_not_there(error);
	g_propagate_error(error, g_steal_pointer(&problem));
	return FALSE;
}

static gboolean create_work(
	DbConnection *connection, gpointer data, GError **error)
{
	NameChange *change = data;
	mailbox_free(&change->mailbox);
	g_autoptr(GPtrArray) levels = levels_of(change->name);
	NameState state;
	if (!resolve_new_owner(connection, change, error) ||
		!look_at_new(connection, change, levels, &state, error))
		return FALSE;
	if (state.id != 0 && !state.no_select)
		return set_exists(error, change->name);

	g_autoptr(DbBatch) batch = db_batch_new();
	if (change->special_use != NULL)
		add_take_uses(batch, change->owner, change->special_use);
	add_insert(batch, change->owner, levels, levels->len, state.above,
		change->special_use);
	add_for(batch, &SQL_QUOTA_CHECK_MAILBOXES, change->owner);
	if (state.id != 0) {
		db_params_int64(mailbox_add_named(batch, &SQL_MAILBOX_INHERIT,
					change->owner, change->name),
			state.above);
		db_params_text(mailbox_add_named(batch, &SQL_MAILBOX_REVIVE,
				       change->owner, change->name),
			change->special_use);
	}
	guint last = db_batch_count(batch);
	mailbox_add_get(batch, change->user, change->owner, change->name);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	change->mailbox = mailbox_from_row(db_batch_rows(batch, last), 0);
	return TRUE;
}

static gboolean set_prefix_refused(GError **error)
{
	dbmail_error_set(error, DBMAIL_ERROR_INVALID,
		"the name only says where others' mailboxes are", "prefix");
	return FALSE;
}

gboolean mailbox_create(Store *store, gint64 user, const char *name,
	const char *special_use, Mailbox **mailbox, GError **error)
{
	g_autofree char *uses = NULL;
	g_auto(NamePath) path = { NULL, NULL };
	if (!special_use_normalise(special_use, &uses, error))
		return FALSE;
	name_split(name, &path);
	NameChange change = {
		.user = user,
		.owner_name = path.owner,
		.name = path.own,
		.special_use = uses,
	};
	if (*path.own == '\0')
		return set_prefix_refused(error);
	if (!db_pool_transact(
		    store->pool, DB_WRITE, create_work, &change, error)) {
		mailbox_free(&change.mailbox);
		return FALSE;
	}
	*mailbox = change.mailbox;
	watch_notify_names(store, change.owner);
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
		.user = owner,
		.owner = owner,
		.name = name,
		.special_use = uses,
	};
	if (!db_pool_transact(
		    store->pool, DB_WRITE, set_uses_work, &change, error))
		return FALSE;
	watch_notify_names(store, owner);
	return TRUE;
}

/* --- delete ----------------------------------------------------------------------- */

/* A mailbox under its lock. */
typedef struct {
	gint64 id;
	gboolean no_select;
	gboolean read_only;
	gboolean has_children;
} LockedName;

static void add_lock(DbBatch *batch, const NameChange *change)
{
	db_params_int64(
		db_batch_add(batch, &SQL_STORE_LOCK_USER), change->owner);
	db_params_int64(mailbox_add_named(batch, &SQL_MAILBOX_LOCK_NAME,
				change->owner, change->name),
		change->user);
}

/* With the x right; a mailbox the user may not see does not exist. */
static gboolean read_locked(const DbRows *rows, const NameChange *change,
	LockedName *locked, GError **error)
{
	guint rights = db_rows_count(rows) == 0 ?
		RIGHTS_NONE :
		(guint)db_rows_int64(rows, 0, 3);
	if ((rights & (RIGHT_LOOKUP | RIGHT_DELETE)) == 0)
		return mailbox_set_not_found(error, change->user, change->name);
	if ((rights & RIGHT_DELETE) == 0)
		return set_refused(error, "not allowed to delete or rename it");
	*locked = (LockedName){
		.id = db_rows_int64(rows, 0, 0),
		.no_select = db_rows_int64(rows, 0, 1) != 0,
		.read_only = db_rows_int64(rows, 0, 2) == 1,
		.has_children = db_rows_bool(rows, 0, 4),
	};
	return TRUE;
}

static gboolean delete_work(
	DbConnection *connection, gpointer data, GError **error)
{
	NameChange *change = data;
	g_autoptr(DbBatch) batch = db_batch_new();
	LockedName locked;
	if (!resolve_owner(connection, change, error))
		return FALSE;
	add_lock(batch, change);
	if (!db_connection_run(connection, batch, error) ||
		!read_locked(db_batch_rows(batch, 1), change, &locked, error))
		return FALSE;
	if (locked.no_select && locked.has_children) {
		set_refused(error, "the name has children");
		if (error != NULL)
			dbmail_error_set_cause(*error, MAILBOX_HAS_CHILDREN);
		return FALSE;
	}
	if (locked.read_only)
		return set_refused(error, "the mailbox is read-only");

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
	Store *store, gint64 user, const char *name, GError **error)
{
	g_auto(NamePath) path = { NULL, NULL };
	name_split(name, &path);
	NameChange change = {
		.user = user,
		.owner_name = path.owner,
		.name = path.own,
	};
	if (strcmp(path.own, MAILBOX_INBOX) == 0)
		return set_refused(error, "INBOX cannot be deleted");
	if (!db_pool_transact(
		    store->pool, DB_WRITE, delete_work, &change, error))
		return FALSE;
	watch_notify(store, change.changed);
	watch_notify_names(store, change.owner);
	return TRUE;
}

/* --- rename ----------------------------------------------------------------------- */

/* Locks the old name and looks whether the new one is free and short enough
 * for all that moves along. */
static gboolean rename_look(DbConnection *connection, const NameChange *change,
	const GPtrArray *levels, LockedName *locked, NameState *state,
	GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	add_lock(batch, change);
	add_new(batch, change, levels);
	db_params_text(mailbox_add_named(batch, &SQL_MAILBOX_LONGEST,
			       change->owner, change->name),
		change->to);
	if (!db_connection_run(connection, batch, error) ||
		!read_locked(db_batch_rows(batch, 1), change, locked, error) ||
		!read_new(batch, 2, change, change->to, state, error))
		return FALSE;
	if (state->id != 0)
		return set_exists(error, change->to);
	if (db_rows_int64(db_batch_rows(batch, 4), 0, 0) > MAILBOX_NAME_MAX) {
		dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
			"a mailbox below it would have too long a name",
			"\"%s\" to \"%s\"", change->name, change->to);
		return FALSE;
	}
	return TRUE;
}

/* The tree moves in one statement; the levels above it come first. */
static gboolean rename_tree(DbConnection *connection, const NameChange *change,
	const GPtrArray *levels, gint64 above, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	add_insert(batch, change->owner, levels, levels->len - 1, above, NULL);
	add_for(batch, &SQL_QUOTA_CHECK_MAILBOXES, change->owner);
	db_params_text(mailbox_add_named(batch, &SQL_MAILBOX_RENAME,
			       change->owner, change->name),
		change->to);
	return db_connection_run(connection, batch, error);
}

/* INBOX stays and gives its messages away (RFC 3501 section 6.3.5); the quota
 * sum stays as it is. */
static gboolean rename_inbox(DbConnection *connection, NameChange *change,
	const GPtrArray *levels, gint64 above, gint64 inbox, GError **error)
{
	static const DbStatement *const moves[] = {
		&SQL_METADATA_COPY,
		&SQL_MAILBOX_GIVE,
		&SQL_MAILBOX_TAKE,
	};
	g_autoptr(DbBatch) batch = db_batch_new();
	add_insert(batch, change->owner, levels, levels->len, above, NULL);
	add_for(batch, &SQL_QUOTA_CHECK_MAILBOXES, change->owner);
	mailbox_add_get(batch, change->owner, change->owner, change->to);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	gint64 taker = db_rows_int64(db_batch_rows(batch, 2), 0, 0);

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
	NameState state;
	if (!resolve_owner(connection, change, error) ||
		!rename_look(
			connection, change, levels, &locked, &state, error))
		return FALSE;
	if (strcmp(change->name, MAILBOX_INBOX) != 0)
		return rename_tree(
			connection, change, levels, state.above, error);
	return rename_inbox(
		connection, change, levels, state.above, locked.id, error);
}

gboolean mailbox_rename(Store *store, gint64 user, const char *from,
	const char *to, GError **error)
{
	g_auto(NamePath) old = { NULL, NULL };
	g_auto(NamePath) new = { NULL, NULL };
	name_split(from, &old);
	name_split(to, &new);
	NameChange change = {
		.user = user,
		.owner_name = old.owner,
		.name = old.own,
		.to = new.own,
	};
	if (*new.own == '\0')
		return set_prefix_refused(error);
	if (g_strcmp0(old.owner, new.owner) != 0) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"a mailbox stays with its owner, copy the messages",
			"\"%s\" to \"%s\"", from, to);
		return FALSE;
	}
	if (is_below(new.own, old.own) && strcmp(old.own, MAILBOX_INBOX) != 0) {
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
	watch_notify_names(store, change.owner);
	return TRUE;
}
