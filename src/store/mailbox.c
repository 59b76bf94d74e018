/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailboxes as they are: names, listings, subscriptions, \Recent. */
#include "store/mailbox.h"

#include "base/errors.h"
#include "base/text.h"
#include "db/pool.h"
#include "store/mailbox-private.h"
#include "store/name.h"
#include "store/store-private.h"
#include "store/watch.h"

#define PERMISSION_READ_WRITE 2

void mailbox_free(Mailbox **mailbox)
{
	if (*mailbox == NULL)
		return;
	g_free((*mailbox)->name);
	g_free((*mailbox)->special_use);
	g_free(*mailbox);
	*mailbox = NULL;
}

/* --- names ---------------------------------------------------------------------- */

static gboolean name_refuse(GError **error, const char *text)
{
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
	return FALSE;
}

/* Neither the owner's own name nor what stands before it may be too long. */
static gboolean check_length(const char *name, GError **error)
{
	gsize size = strlen(name);
	gsize prefix = name_prefix(name, NULL);
	if (size == 0)
		return name_refuse(error, "a mailbox needs a name");
	if (MAX(prefix, size - prefix) > MAILBOX_NAME_MAX)
		return name_refuse(error, "the mailbox name is too long");
	return TRUE;
}

static gboolean check_characters(const char *name, GError **error)
{
	for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (g_unichar_iscntrl(c) || c == 0x2028 || c == 0x2029)
			return name_refuse(
				error, "a mailbox name may not hold controls");
		if (c == '*' || c == '%')
			return name_refuse(
				error, "a mailbox name may not hold * or %");
	}
	return TRUE;
}

static gboolean check_levels(const char *name, guint max_depth, GError **error)
{
	guint depth = 1;
	const char *level = name;
	for (const char *at = name;; at++) {
		if (*at != MAILBOX_SEPARATOR && *at != '\0')
			continue;
		if (at == level)
			return name_refuse(error,
				"a mailbox name may not have empty levels");
		if (*at == '\0')
			break;
		depth++;
		level = at + 1;
	}
	if (depth > max_depth)
		return name_refuse(
			error, "the mailbox name has too many levels");
	return TRUE;
}

static guint count_levels(const char *name, gsize size)
{
	guint count = 0;

	for (gsize i = 0; i < size; i++)
		count += name[i] == MAILBOX_SEPARATOR ? 1 : 0;
	return count;
}

char *mailbox_name_normalise(const char *name, guint max_depth, GError **error)
{
	const gsize inbox = strlen(MAILBOX_INBOX);
	if (!check_length(name, error))
		return NULL;
	if (!g_utf8_validate(name, -1, NULL)) {
		name_refuse(error, "the mailbox name is not UTF-8");
		return NULL;
	}
	g_autofree char *composed = g_utf8_normalize(name, -1, G_NORMALIZE_NFC);
	g_autofree char *prefix = NULL;
	gsize skip = name_prefix(composed, &prefix);
	guint above = count_levels(composed, skip);
	if (!check_length(composed, error) ||
		!check_characters(composed, error) ||
		!check_levels(composed,
			max_depth > G_MAXUINT - above ? max_depth :
							max_depth + above,
			error))
		return NULL;
	const char *own = composed + skip;
	/* Its owner would see another's mailbox in it. */
	if (skip > 0 && name_prefix(own, NULL) > 0) {
		name_refuse(error, "the mailbox name has two namespaces");
		return NULL;
	}
	char *kept = g_strconcat(prefix, own, NULL);
	if (g_ascii_strncasecmp(own, MAILBOX_INBOX, inbox) == 0 &&
		(own[inbox] == '\0' || own[inbox] == MAILBOX_SEPARATOR))
		memcpy(kept + skip, MAILBOX_INBOX, inbox);
	return kept;
}

/* --- reading -------------------------------------------------------------------- */

Mailbox *mailbox_from_row(const DbRows *rows, guint row)
{
	Mailbox *mailbox = g_new0(Mailbox, 1);
	mailbox->id = db_rows_int64(rows, row, 0);
	mailbox->owner = db_rows_int64(rows, row, 1);
	mailbox->name = g_strdup(db_rows_text(rows, row, 2));
	mailbox->special_use = g_strdup(db_rows_text(rows, row, 3));
	mailbox->uidvalidity = (guint32)db_rows_int64(rows, row, 4);
	mailbox->uidnext = (guint32)db_rows_int64(rows, row, 5);
	mailbox->first_recent = (guint32)db_rows_int64(rows, row, 6);
	mailbox->seq = (guint64)db_rows_int64(rows, row, 7);
	mailbox->messages = (guint32)db_rows_int64(rows, row, 8);
	mailbox->unseen = (guint32)db_rows_int64(rows, row, 9);
	mailbox->deleted = (guint32)db_rows_int64(rows, row, 10);
	mailbox->size = (guint64)db_rows_int64(rows, row, 11);
	mailbox->read_only =
		db_rows_int64(rows, row, 12) != PERMISSION_READ_WRITE;
	mailbox->no_select = db_rows_int64(rows, row, 13) != 0;
	mailbox->no_inferiors = db_rows_int64(rows, row, 14) != 0;
	mailbox->rights = (guint)db_rows_int64(rows, row, 15);
	return mailbox;
}

gboolean mailbox_set_not_found(GError **error, gint64 user, const char *name)
{
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such mailbox",
		"user %" G_GINT64_FORMAT " has no mailbox \"%s\"", user, name);
	return FALSE;
}

DbParams *mailbox_add_named(DbBatch *batch, const DbStatement *statement,
	gint64 owner, const char *name)
{
	DbParams *params = db_batch_add(batch, statement);
	db_params_int64(params, owner);
	db_params_text(params, name);
	return params;
}

void mailbox_add_get(DbBatch *batch, gint64 user, gint64 owner, const char *own)
{
	DbParams *params = db_batch_add(batch, &SQL_MAILBOX_GET);
	db_params_int64(params, user);
	db_params_int64(params, owner);
	db_params_null(params);
	db_params_text(params, own);
}

gboolean mailbox_get(Store *store, gint64 user, const char *name,
	Mailbox **mailbox, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_auto(NamePath) path = { NULL, NULL };

	name_split(name, &path);
	if (path.owner == NULL) {
		mailbox_add_named(batch, &SQL_MAILBOX_GET_OWN, user, path.own);
	} else {
		DbParams *params = db_batch_add(batch, &SQL_MAILBOX_GET);
		db_params_int64(params, user);
		db_params_null(params);
		db_params_text(params, path.owner);
		db_params_text(params, path.own);
	}
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0)
		return mailbox_set_not_found(error, user, name);
	*mailbox = mailbox_from_row(rows, 0);
	return TRUE;
}

gboolean mailbox_get_id(
	Store *store, gint64 user, gint64 id, Mailbox **mailbox, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_MAILBOX_GET_ID);

	db_params_int64(params, user);
	db_params_int64(params, id);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"no such mailbox",
			"user %" G_GINT64_FORMAT
			" sees no mailbox %" G_GINT64_FORMAT,
			user, id);
		return FALSE;
	}
	*mailbox = mailbox_from_row(rows, 0);
	return TRUE;
}

static void mailbox_destroy(gpointer data)
{
	Mailbox *mailbox = data;
	mailbox_free(&mailbox);
}

gboolean mailbox_list_uses(
	Store *store, gint64 owner, GPtrArray **list, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	db_params_int64(db_batch_add(batch, &SQL_MAILBOX_LIST_USES), owner);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	*list = g_ptr_array_new_full(db_rows_count(rows), mailbox_destroy);
	for (guint row = 0; row < db_rows_count(rows); row++)
		g_ptr_array_add(*list, mailbox_from_row(rows, row));
	return TRUE;
}

static void listed_free(gpointer data)
{
	MailboxListed *listed = data;
	mailbox_free(&listed->mailbox);
	g_free(listed->name);
	g_free(listed);
}

static GPtrArray *listed_new(guint size)
{
	return g_ptr_array_new_full(size, listed_free);
}

static GPtrArray *read_list(const DbRows *rows)
{
	GPtrArray *list = listed_new(db_rows_count(rows));
	for (guint row = 0; row < db_rows_count(rows); row++) {
		MailboxListed *listed = g_new0(MailboxListed, 1);
		if (!db_rows_is_null(rows, row, 0))
			listed->mailbox = mailbox_from_row(rows, row);
		listed->name = g_strdup(db_rows_text(rows, row, 16));
		listed->subscribed = db_rows_bool(rows, row, 17);
		g_ptr_array_add(list, listed);
	}
	return list;
}

static gint compare_listed(gconstpointer a, gconstpointer b)
{
	const MailboxListed *const *one = a;
	const MailboxListed *const *other = b;
	return strcmp((*one)->name, (*other)->name);
}

/* Adds the levels above a mailbox that are not in the list; known has the
 * names that are. */
static void add_levels_above(
	GPtrArray *list, GHashTable *known, const char *name)
{
	g_autofree char *level = g_strdup(name);
	char *end;
	while ((end = strrchr(level, MAILBOX_SEPARATOR)) != NULL) {
		*end = '\0';
		if (g_hash_table_contains(known, level))
			return;
		MailboxListed *above = g_new0(MailboxListed, 1);
		above->name = g_strdup(level);
		above->is_level = TRUE;
		g_hash_table_add(known, above->name);
		g_ptr_array_add(list, above);
	}
}

/* Among mailboxes of one's own no level is missing, so only those of others
 * are looked at. */
static void complete_levels(GPtrArray *list, gint64 user)
{
	g_autoptr(GHashTable) known = NULL;
	const guint count = list->len;
	for (guint i = 0; i < count; i++) {
		const MailboxListed *listed = list->pdata[i];
		if (listed->mailbox == NULL || listed->mailbox->owner == user)
			continue;
		if (known == NULL) {
			known = g_hash_table_new(g_str_hash, g_str_equal);
			for (guint k = 0; k < count; k++)
				g_hash_table_add(known,
					((MailboxListed *)list->pdata[k])
						->name);
		}
		add_levels_above(list, known, listed->name);
	}
	if (list->len > count)
		g_ptr_array_sort(list, compare_listed);
}

static gboolean run_list(Store *store, gint64 user, gboolean own_only,
	GPtrArray **list, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_MAILBOX_LIST);
	db_params_int64(params, user);
	db_params_bool(params, own_only);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	*list = read_list(db_batch_rows(batch, 0));
	complete_levels(*list, user);
	return TRUE;
}

gboolean mailbox_list(
	Store *store, gint64 user, GPtrArray **list, GError **error)
{
	return run_list(store, user, FALSE, list, error);
}

gboolean mailbox_list_own(
	Store *store, gint64 owner, GPtrArray **list, GError **error)
{
	return run_list(store, owner, TRUE, list, error);
}

/* --- counting ------------------------------------------------------------------- */

static gboolean has_to_count(const Mailbox *mailbox, MailboxCount what)
{
	if (mailbox->messages == 0)
		return FALSE;
	return what == MAILBOX_COUNT_RECENT ?
		mailbox->first_recent < mailbox->uidnext :
		mailbox->deleted > 0;
}

/* TRUE when there was something to ask. */
static gboolean add_count(DbBatch *batch, const DbStatement *statement,
	Mailbox *const *mailboxes, guint count, MailboxCount what)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	for (guint i = 0; i < count; i++) {
		if (has_to_count(mailboxes[i], what))
			g_array_append_val(ids, mailboxes[i]->id);
	}
	if (ids->len == 0)
		return FALSE;
	db_params_int64_array(db_batch_add(batch, statement),
		(const gint64 *)ids->data, ids->len);
	return TRUE;
}

/* Rows of mailbox and number, by mailbox. */
static GHashTable *numbers_of(const DbRows *rows)
{
	GHashTable *numbers = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, g_free, g_free);
	for (guint row = 0; row < db_rows_count(rows); row++) {
		gint64 id = db_rows_int64(rows, row, 0);
		gint64 number = db_rows_int64(rows, row, 1);
		g_hash_table_insert(numbers, g_memdup2(&id, sizeof id),
			g_memdup2(&number, sizeof number));
	}
	return numbers;
}

static void fill_in(const DbRows *rows, Mailbox *const *mailboxes, guint count,
	MailboxCount what)
{
	g_autoptr(GHashTable) numbers = numbers_of(rows);
	for (guint i = 0; i < count; i++) {
		const gint64 *number =
			g_hash_table_lookup(numbers, &mailboxes[i]->id);
		if (number != NULL && what == MAILBOX_COUNT_RECENT)
			mailboxes[i]->recent = (guint32)*number;
		else if (number != NULL)
			mailboxes[i]->deleted_size = (guint64)*number;
	}
}

gboolean mailbox_count(Store *store, Mailbox *const *mailboxes, guint count,
	guint what, GError **error)
{
	static const struct {
		MailboxCount what;
		const DbStatement *statement;
	} counts[] = {
		{ MAILBOX_COUNT_RECENT, &SQL_MAILBOX_COUNT_RECENT },
		{ MAILBOX_COUNT_DELETED, &SQL_MAILBOX_COUNT_DELETED },
	};
	g_autoptr(DbBatch) batch = db_batch_new();
	guint asked = 0;
	for (guint i = 0; i < G_N_ELEMENTS(counts); i++) {
		if ((what & counts[i].what) != 0 &&
			add_count(batch, counts[i].statement, mailboxes, count,
				counts[i].what))
			asked |= counts[i].what;
	}
	if (asked == 0)
		return TRUE;
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	for (guint i = 0, next = 0; i < G_N_ELEMENTS(counts); i++) {
		if ((asked & counts[i].what) != 0)
			fill_in(db_batch_rows(batch, next++), mailboxes, count,
				counts[i].what);
	}
	return TRUE;
}

gboolean mailbox_reread(
	Store *store, Mailbox *const *mailboxes, guint count, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GHashTable) by_id =
		g_hash_table_new(g_int64_hash, g_int64_equal);
	g_autofree gint64 *ids = g_new(gint64, count);
	for (guint i = 0; i < count; i++) {
		ids[i] = mailboxes[i]->id;
		g_hash_table_insert(by_id, &mailboxes[i]->id, mailboxes[i]);
	}
	db_params_int64_array(
		db_batch_add(batch, &SQL_MAILBOX_REREAD), ids, count);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	for (guint row = 0; row < db_rows_count(rows); row++) {
		gint64 id = db_rows_int64(rows, row, 0);
		Mailbox *mailbox = g_hash_table_lookup(by_id, &id);
		mailbox->uidvalidity = (guint32)db_rows_int64(rows, row, 1);
		mailbox->uidnext = (guint32)db_rows_int64(rows, row, 2);
		mailbox->seq = (guint64)db_rows_int64(rows, row, 3);
		mailbox->messages = (guint32)db_rows_int64(rows, row, 4);
		mailbox->unseen = (guint32)db_rows_int64(rows, row, 5);
		mailbox->deleted = (guint32)db_rows_int64(rows, row, 6);
		mailbox->size = (guint64)db_rows_int64(rows, row, 7);
	}
	return TRUE;
}

/* --- subscriptions ---------------------------------------------------------------- */

static gboolean change_subscription(Store *store, const DbStatement *statement,
	gint64 user, const char *name, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_auto(NamePath) path = { NULL, NULL };
	name_split(name, &path);
	DbParams *params = mailbox_add_named(batch, statement, user, name);
	db_params_text(params, path.owner);
	db_params_text(params, path.own);
	if (!db_pool_run(store->pool, batch, DB_WRITE, error))
		return FALSE;
	watch_notify_names(store, user);
	return TRUE;
}

gboolean mailbox_subscribe(
	Store *store, gint64 user, const char *name, GError **error)
{
	return change_subscription(
		store, &SQL_MAILBOX_SUBSCRIBE, user, name, error);
}

gboolean mailbox_unsubscribe(
	Store *store, gint64 user, const char *name, GError **error)
{
	return change_subscription(
		store, &SQL_MAILBOX_UNSUBSCRIBE, user, name, error);
}

/* --- \Recent ------------------------------------------------------------------------ */

static gboolean set_gone(GError **error, gint64 mailbox)
{
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such mailbox",
		"mailbox %" G_GINT64_FORMAT, mailbox);
	return FALSE;
}

/* Not waited for to be on disk: a crash makes messages recent once more. */
static gboolean take_recent(Store *store, gint64 mailbox, guint32 uidnext,
	guint32 *first_recent, GError **error)
{
	static const DbStatement *const statements[] = {
		&SQL_MAILBOX_RECENT_LOCK,
		&SQL_MAILBOX_RECENT_FLAGS,
		&SQL_MAILBOX_RECENT_TAKE,
	};
	g_autoptr(DbBatch) batch = db_batch_new();
	for (guint i = 0; i < G_N_ELEMENTS(statements); i++) {
		DbParams *params = db_batch_add(batch, statements[i]);
		db_params_int64(params, mailbox);
		if (i > 0)
			db_params_int64(params, uidnext);
	}
	if (!db_pool_run(store->pool, batch, DB_WRITE_ASYNC, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0)
		return set_gone(error, mailbox);
	*first_recent = (guint32)db_rows_int64(rows, 0, 0);
	return TRUE;
}

gboolean mailbox_take_recent(Store *store, gint64 mailbox, guint32 uidnext,
	guint32 *first_recent, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	db_params_int64(db_batch_add(batch, &SQL_MAILBOX_RECENT), mailbox);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	const DbRows *rows = db_batch_rows(batch, 0);
	if (db_rows_count(rows) == 0)
		return set_gone(error, mailbox);
	/* Mostly there is nothing recent, and then nothing is locked. */
	*first_recent = (guint32)db_rows_int64(rows, 0, 0);
	return *first_recent >= uidnext ||
		take_recent(store, mailbox, uidnext, first_recent, error);
}
