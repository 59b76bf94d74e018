/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users, their aliases and quotas. */
#include "store/user.h"

#include <string.h>

#include "base/errors.h"
#include "store/mailbox.h"
#include "store/message-private.h"
#include "store/name.h"
#include "store/outbound.h"
#include "store/special-use.h"
#include "store/store-private.h"
#include "store/user-sql.h"
#include "store/watch.h"

#define USER_NAME_MAX 255
#define ALIAS_MAX 512

void user_free(User **user)
{
	User *gone = g_steal_pointer(user);

	if (gone == NULL)
		return;
	g_free(gone->name);
	g_free(gone->password);
	g_free(gone->encryption);
	g_free(gone);
}

static void free_element(gpointer element)
{
	User *user = element;

	user_free(&user);
}

static User *read_user(const DbRows *rows, guint row)
{
	User *user = g_new0(User, 1);

	user->id = db_rows_int64(rows, row, 0);
	user->name = g_strdup(db_rows_text(rows, row, 1));
	user->password = g_strdup(db_rows_text(rows, row, 2));
	user->encryption = g_strdup(db_rows_text(rows, row, 3));
	user->quota = db_rows_int64(rows, row, 4);
	user->used = db_rows_int64(rows, row, 5);
	user->client = db_rows_int64(rows, row, 6);
	user->has_login = !db_rows_is_null(rows, row, 7);
	if (user->has_login)
		user->last_login = db_rows_timestamp(rows, row, 7);
	user->is_administrator = db_rows_int64(rows, row, 8) != 0;
	return user;
}

/* anyone and __public__ belong to the store: nobody logs in as one of them or
 * gets mail, and none goes. */
static gboolean check_is_person(gint64 id, GError **error)
{
	if (id > NAME_ANYONE_ID)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_NO_PERMISSION,
		"the store needs this user for itself",
		"user %" G_GINT64_FORMAT, id);
	return FALSE;
}

static void set_unknown(GError **error, const char *who)
{
	dbmail_error_set(
		error, DBMAIL_ERROR_NOT_FOUND, "no such user", "%s", who);
}

/* Text PostgreSQL can be asked for at all; what it cannot hold is nobody's
 * name. */
static gboolean is_askable(const char *name)
{
	return *name != '\0' && strlen(name) <= ALIAS_MAX &&
		g_utf8_validate(name, -1, NULL);
}

static gboolean check_name(const char *name, gsize max, GError **error)
{
	const char *p = name;

	if (!is_askable(name) || strlen(name) > max) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"a name is 1 to 255 bytes of UTF-8", "name");
		return FALSE;
	}
	for (; *p != '\0'; p = g_utf8_next_char(p)) {
		if (!g_unichar_iscntrl(g_utf8_get_char(p)))
			continue;
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"a name has no control characters", "name");
		return FALSE;
	}
	return TRUE;
}

gboolean user_get(Store *store, const char *name, User **user, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree char *folded = NULL;
	const DbRows *rows;

	if (!is_askable(name)) {
		set_unknown(error, "a name nobody has");
		return FALSE;
	}
	folded = g_ascii_strdown(name, -1);
	db_params_text(db_batch_add(batch, &SQL_USER_GET), folded);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0) {
		set_unknown(error, name);
		return FALSE;
	}
	*user = read_user(rows, 0);
	return TRUE;
}

gboolean user_salt_secret(
	Store *store, guint8 secret[USER_SALT_SECRET_SIZE], GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	(void)db_batch_add(batch, &SQL_USER_SALT_SECRET);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	Bytes value = { NULL, 0 };
	if (db_rows_count(rows) > 0)
		value = db_rows_bytes(rows, 0, 0);
	if (value.size != USER_SALT_SECRET_SIZE) {
		dbmail_error_set(error, DBMAIL_ERROR_INTERNAL, "internal error",
			"dbmail_secrets has no 32 bytes for scram");
		return FALSE;
	}
	memcpy(secret, value.data, value.size);
	return TRUE;
}

/* A LIKE pattern of one with * and ?. */
static char *like_pattern(const char *pattern)
{
	GString *like = g_string_new(NULL);

	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p == '*')
			g_string_append_c(like, '%');
		else if (*p == '?')
			g_string_append_c(like, '_');
		else if (strchr("%_\\", *p) != NULL)
			g_string_append_printf(like, "\\%c", *p);
		else
			g_string_append_c(like, g_ascii_tolower(*p));
	}
	return g_string_free(like, FALSE);
}

static gboolean check_pattern(const char *pattern, GError **error)
{
	if (pattern == NULL || g_utf8_validate(pattern, -1, NULL))
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_INVALID,
		"the pattern is not UTF-8", "pattern");
	return FALSE;
}

/* The rows, the batch's, of a statement that takes a pattern; NULL for all. */
static const DbRows *rows_like(Store *store, DbBatch *batch,
	const DbStatement *statement, const char *pattern, GError **error)
{
	g_autofree char *like = NULL;

	if (!check_pattern(pattern, error))
		return NULL;
	like = like_pattern(pattern != NULL ? pattern : "*");
	db_params_text(db_batch_add(batch, statement), like);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return NULL;
	return db_batch_rows(batch, 0);
}

gboolean user_list(
	Store *store, const char *pattern, GPtrArray **users, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows =
		rows_like(store, batch, &SQL_USER_LIST, pattern, error);

	if (rows == NULL)
		return FALSE;
	*users = g_ptr_array_new_full(db_rows_count(rows), free_element);
	for (guint i = 0; i < db_rows_count(rows); i++)
		g_ptr_array_add(*users, read_user(rows, i));
	return TRUE;
}

/* Mailboxes a new user gets: names and their special uses side by side. */
typedef struct {
	GPtrArray *names;
	GPtrArray *uses; /* NULL for none */
} Folders;

static void folders_clear(Folders *folders)
{
	g_ptr_array_unref(folders->names);
	g_ptr_array_unref(folders->uses);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Folders, folders_clear)

static void add_folder(Folders *folders, const char *name, const char *use)
{
	if (g_ptr_array_find_with_equal_func(
		    folders->names, name, g_str_equal, NULL))
		return;
	g_ptr_array_add(folders->names, g_strdup(name));
	g_ptr_array_add(folders->uses, g_strdup(use));
}

/* NAME or NAME:ATTRIBUTE, with the levels above it. */
static gboolean add_default(
	Folders *folders, const Store *store, const char *word, GError **error)
{
	const char *colon = strrchr(word, ':');
	const gboolean has_use = colon != NULL && colon[1] == '\\';
	g_autofree char *given = has_use ?
		g_strndup(word, (gsize)(colon - word)) :
		g_strdup(word);
	g_autofree char *name =
		mailbox_name_normalise(given, store->max_mailbox_depth, error);

	g_autofree char *use = NULL;

	if (name == NULL ||
		!special_use_normalise(has_use ? colon + 1 : NULL, &use, error))
		return FALSE;
	for (const char *p = strchr(name, MAILBOX_SEPARATOR); p != NULL;
		p = strchr(p + 1, MAILBOX_SEPARATOR)) {
		g_autofree char *above = g_strndup(name, (gsize)(p - name));
		add_folder(folders, above, NULL);
	}
	add_folder(folders, name, use);
	return TRUE;
}

static gboolean collect_folders(
	Folders *folders, const Store *store, GError **error)
{
	g_auto(GStrv) words = g_strsplit_set(store->default_folders, " \t", -1);

	add_folder(folders, "INBOX", NULL);
	for (char **word = words; *word != NULL; word++) {
		if (**word != '\0' &&
			!add_default(folders, store, *word, error))
			return FALSE;
	}
	return TRUE;
}

/* Puts a text people understand over a clash of names. */
static void explain_exists(GError **error, const char *text)
{
	g_autoptr(GError) clash = NULL;

	if (error == NULL || !dbmail_error_is(*error, DBMAIL_ERROR_EXISTS))
		return;
	clash = g_steal_pointer(error);
	dbmail_error_set(error, DBMAIL_ERROR_EXISTS, text, "%s",
		dbmail_error_detail(clash));
}

gboolean user_create(Store *store, const char *name, const char *password,
	const char *encryption, gint64 quota, gint64 *id, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_auto(Folders) folders = { g_ptr_array_new_with_free_func(g_free),
		g_ptr_array_new_with_free_func(g_free) };
	GError *problem = NULL;
	DbParams *params;

	if (!check_name(name, USER_NAME_MAX, error) ||
		!collect_folders(&folders, store, error))
		return FALSE;
	params = db_batch_add(batch, &SQL_USER_CREATE);
	db_params_text(params, name);
	db_params_text(params, password);
	db_params_text(params, encryption);
	db_params_int64(params, quota);
	db_params_text_array(params, (const char *const *)folders.names->pdata,
		folders.names->len);
	db_params_text_array(params, (const char *const *)folders.uses->pdata,
		folders.uses->len);
	if (!db_pool_run(store->pool, batch, DB_WRITE, &problem)) {
		explain_exists(&problem, "a user of that name exists");
		g_propagate_error(error, problem);
		return FALSE;
	}
	*id = db_rows_int64(db_batch_rows(batch, 0), 0, 0);
	return TRUE;
}

/* What user_delete() does in its transaction. */
typedef struct {
	gint64 user;
	gint64 *mailboxes; /* result; free with g_free */
	guint count;
} Deletion;

/* The new rows of dbmail_mailboxes others may be about to insert wait for the
 * lock of the user's row (their foreign key), and then fail. */
static gboolean lock_all(
	DbConnection *connection, Deletion *deletion, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	db_params_int64(
		db_batch_add(batch, &SQL_USER_LOCK_ALL), deletion->user);
	db_params_int64(
		db_batch_add(batch, &SQL_USER_MAILBOXES), deletion->user);
	if (!db_connection_run(connection, batch, error))
		return FALSE;
	if (db_rows_count(db_batch_rows(batch, 0)) == 0) {
		set_unknown(error, "gone meanwhile");
		return FALSE;
	}
	rows = db_batch_rows(batch, 1);
	g_free(deletion->mailboxes);
	deletion->count = db_rows_count(rows);
	deletion->mailboxes = g_new(gint64, deletion->count);
	for (guint i = 0; i < deletion->count; i++)
		deletion->mailboxes[i] = db_rows_int64(rows, i, 0);
	return TRUE;
}

static gboolean delete_all(
	DbConnection *connection, gpointer data, GError **error)
{
	static const DbStatement *const steps[] = { &SQL_USER_DELETE_MAILBOXES,
		&SQL_USER_DELETE_ALIASES, &SQL_USER_DELETE };
	g_autoptr(DbBatch) batch = db_batch_new();
	Deletion *deletion = data;

	if (!lock_all(connection, deletion, error))
		return FALSE;
	message_add_drop(batch, deletion->mailboxes, deletion->count, NULL,
		MESSAGE_DROP_ALL);
	for (guint i = 0; i < G_N_ELEMENTS(steps); i++)
		db_params_int64(db_batch_add(batch, steps[i]), deletion->user);
	return db_connection_run(connection, batch, error);
}

gboolean user_delete(Store *store, gint64 id, GError **error)
{
	Deletion deletion = { .user = id };
	gboolean ok = check_is_person(id, error) &&
		db_pool_transact(
			store->pool, DB_WRITE, delete_all, &deletion, error);

	for (guint i = 0; ok && i < deletion.count; i++)
		watch_notify(store, deletion.mailboxes[i]);
	g_free(deletion.mailboxes);
	return ok;
}

/* Runs a batch of one statement that changes a user's row. */
static gboolean change(
	Store *store, DbBatch *batch, DbMode mode, GError **error)
{
	if (!db_pool_run(store->pool, batch, mode, error))
		return FALSE;
	if (db_rows_affected(db_batch_rows(batch, 0)) > 0)
		return TRUE;
	set_unknown(error, "gone meanwhile");
	return FALSE;
}

gboolean user_rename(Store *store, gint64 id, const char *name, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	GError *problem = NULL;
	DbParams *params;

	if (!check_is_person(id, error) ||
		!check_name(name, USER_NAME_MAX, error))
		return FALSE;
	params = db_batch_add(batch, &SQL_USER_RENAME);
	db_params_int64(params, id);
	db_params_text(params, name);
	if (change(store, batch, DB_WRITE, &problem)) {
		watch_notify_names(store, WATCH_EVERYBODY);
		return TRUE;
	}
	explain_exists(&problem, "a user of that name exists");
	g_propagate_error(error, problem);
	return FALSE;
}

gboolean user_set_password(Store *store, gint64 id, const char *password,
	const char *encryption, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_USER_SET_PASSWORD);

	db_params_int64(params, id);
	db_params_text(params, password);
	db_params_text(params, encryption);
	return check_is_person(id, error) &&
		change(store, batch, DB_WRITE, error);
}

static gboolean set_number(Store *store, const DbStatement *statement,
	gint64 id, gint64 value, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, statement);

	db_params_int64(params, id);
	db_params_int64(params, value);
	return change(store, batch, DB_WRITE, error);
}

gboolean user_set_quota(Store *store, gint64 id, gint64 quota, GError **error)
{
	if (quota >= 0)
		return set_number(store, &SQL_USER_SET_QUOTA, id, quota, error);
	dbmail_error_set(error, DBMAIL_ERROR_INVALID,
		"a quota is a number of bytes from 0 on", "quota");
	return FALSE;
}

gboolean user_set_client(Store *store, gint64 id, gint64 client, GError **error)
{
	return set_number(store, &SQL_USER_SET_CLIENT, id, client, error);
}

gboolean user_set_administrator(
	Store *store, gint64 id, gboolean is_administrator, GError **error)
{
	return check_is_person(id, error) &&
		set_number(store, &SQL_USER_SET_ADMINISTRATOR, id,
			is_administrator ? 1 : 0, error);
}

gboolean user_note_login(Store *store, gint64 id, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();

	db_params_int64(db_batch_add(batch, &SQL_USER_NOTE_LOGIN), id);
	return change(store, batch, DB_WRITE_ASYNC, error);
}

gboolean user_alias_add(
	Store *store, gint64 id, const char *alias, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	GError *problem = NULL;
	DbParams *params;

	if (!check_is_person(id, error) || !check_name(alias, ALIAS_MAX, error))
		return FALSE;
	params = db_batch_add(batch, &SQL_USER_ALIAS_ADD);
	db_params_int64(params, id);
	db_params_text(params, alias);
	if (change(store, batch, DB_WRITE, &problem))
		return TRUE;
	explain_exists(&problem, "the user has that alias");
	g_propagate_error(error, problem);
	return FALSE;
}

gboolean user_alias_remove(
	Store *store, gint64 id, const char *alias, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree char *folded = g_ascii_strdown(alias, -1);
	GError *problem = NULL;
	DbParams *params;

	if (!check_name(alias, ALIAS_MAX, error))
		return FALSE;
	params = db_batch_add(batch, &SQL_USER_ALIAS_REMOVE);
	db_params_int64(params, id);
	db_params_text(params, folded);
	if (change(store, batch, DB_WRITE, &problem))
		return TRUE;
	if (!dbmail_error_is(problem, DBMAIL_ERROR_NOT_FOUND)) {
		g_propagate_error(error, problem);
		return FALSE;
	}
	g_clear_error(&problem);
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
		"the user has no such alias", "alias");
	return FALSE;
}

gboolean user_aliases(Store *store, gint64 id, GStrv *aliases, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	db_params_int64(db_batch_add(batch, &SQL_USER_ALIASES), id);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	*aliases = g_new0(char *, db_rows_count(rows) + 1);
	for (guint i = 0; i < db_rows_count(rows); i++)
		(*aliases)[i] = g_strdup(db_rows_text(rows, i, 0));
	return TRUE;
}

/* --- forwards ------------------------------------------------------------- */

/* What the outbound queue takes, with a domain. */
static gboolean is_address(const char *address)
{
	const OutboundMail probe = {
		.kind = "forward",
		.sender = "",
		.recipient = address,
	};
	const char *at = strrchr(address, '@');
	g_autoptr(GError) invalid = NULL;

	return at != NULL && at != address && at[1] != '\0' &&
		outbound_check(&probe, &invalid);
}

gboolean user_forward_add(
	Store *store, const char *alias, const char *address, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params;

	if (!check_name(alias, ALIAS_MAX, error))
		return FALSE;
	if (!is_address(address) || strlen(address) > ALIAS_MAX ||
		g_ascii_strcasecmp(alias, address) == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"mail is sent on to another address with a domain",
			"address");
		return FALSE;
	}
	params = db_batch_add(batch, &SQL_USER_FORWARD_ADD);
	db_params_text(params, alias);
	db_params_text(params, address);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	if (db_rows_affected(db_batch_rows(batch, 0)) > 0)
		return TRUE;
	dbmail_error_set(
		error, DBMAIL_ERROR_EXISTS, "the alias leads there", "alias");
	return FALSE;
}

gboolean user_forward_remove(
	Store *store, const char *alias, const char *address, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree char *folded = g_ascii_strdown(alias, -1);
	g_autofree char *folded_address = g_ascii_strdown(address, -1);
	DbParams *params = db_batch_add(batch, &SQL_USER_FORWARD_REMOVE);

	db_params_text(params, folded);
	db_params_text(params, folded_address);
	if (is_askable(alias) && is_askable(address)) {
		if (!db_pool_run(store->pool, batch, DB_WRITE, error))
			return FALSE;
		if (db_rows_affected(db_batch_rows(batch, 0)) > 0)
			return TRUE;
	}
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
		"the alias does not lead there", "alias");
	return FALSE;
}

static void free_forward(gpointer element)
{
	UserForward *forward = element;

	g_free(forward->alias);
	g_free(forward->address);
	g_free(forward);
}

gboolean user_forwards(
	Store *store, const char *pattern, GPtrArray **forwards, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows =
		rows_like(store, batch, &SQL_USER_FORWARDS, pattern, error);

	if (rows == NULL)
		return FALSE;
	*forwards = g_ptr_array_new_full(db_rows_count(rows), free_forward);
	for (guint i = 0; i < db_rows_count(rows); i++) {
		UserForward *forward = g_new(UserForward, 1);

		forward->alias = g_strdup(db_rows_text(rows, i, 0));
		forward->address = g_strdup(db_rows_text(rows, i, 1));
		g_ptr_array_add(*forwards, forward);
	}
	return TRUE;
}

/* --- resolving ------------------------------------------------------------ */

/* An address nothing can be sent to is nobody's. */
static void read_outside(
	const DbRows *rows, guint row, const guint *index, GArray *targets)
{
	const char *address = db_rows_text(rows, row, 7);
	const UserTarget target = {
		.matched = index[db_rows_int64(rows, row, 3) - 1],
		.alias = db_rows_int64(rows, row, 6),
		.address = g_strdup(address),
	};

	if (is_address(address))
		g_array_append_val(targets, target);
	else
		g_free(target.address);
}

static void clear_target(gpointer element)
{
	UserTarget *target = element;

	g_free(target->address);
}

/* A user without INBOX is one the store has damaged: mail must wait, not
 * bounce. */
static gboolean read_targets(
	const DbRows *rows, const guint *index, GArray *targets, GError **error)
{
	for (guint i = 0; i < db_rows_count(rows); i++) {
		UserTarget target = { .user = db_rows_int64(rows, i, 0) };

		if (target.user == 0) {
			read_outside(rows, i, index, targets);
			continue;
		}
		if (db_rows_is_null(rows, i, 1)) {
			dbmail_error_set(error, DBMAIL_ERROR_INTERNAL,
				"the user has no INBOX",
				"user %" G_GINT64_FORMAT, target.user);
			return FALSE;
		}
		target.inbox = db_rows_int64(rows, i, 1);
		target.full = db_rows_bool(rows, i, 2);
		target.matched = index[db_rows_int64(rows, i, 3) - 1];
		target.sieve_version = db_rows_int64(rows, i, 4);
		target.global_version = db_rows_int64(rows, i, 5);
		g_array_append_val(targets, target);
	}
	return TRUE;
}

gboolean user_resolve(Store *store, const char *const *names, GArray **targets,
	GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GPtrArray) asked = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) index = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(UserTarget));

	g_array_set_clear_func(found, clear_target);
	for (guint i = 0; names[i] != NULL; i++) {
		if (!is_askable(names[i]))
			continue;
		g_ptr_array_add(asked, g_ascii_strdown(names[i], -1));
		g_array_append_val(index, i);
	}
	if (asked->len > 0) {
		db_params_text_array(db_batch_add(batch, &SQL_USER_RESOLVE),
			(const char *const *)asked->pdata, asked->len);
		if (!db_pool_run(store->pool, batch, DB_READ, error) ||
			!read_targets(db_batch_rows(batch, 0),
				(const guint *)(gpointer)index->data, found,
				error))
			return FALSE;
	}
	*targets = g_steal_pointer(&found);
	return TRUE;
}
