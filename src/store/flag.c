/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STORE: flags and keywords of any number of messages in one round trip. */
#include "store/flag.h"

#include "base/errors.h"
#include "base/text.h"
#include "db/pool.h"
#include "store/flag-sql.h"
#include "store/store-private.h"
#include "store/view-private.h"
#include "store/watch.h"

#define FLAGS_ALL \
	(FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED | FLAG_DRAFT)

#define PERMISSION_READ_WRITE 2

/* --- names ---------------------------------------------------------------------- */

static const struct {
	const char *name;
	Flags flag;
} flag_names[] = {
	{ "\\Answered", FLAG_ANSWERED },
	{ "\\Flagged", FLAG_FLAGGED },
	{ "\\Deleted", FLAG_DELETED },
	{ "\\Seen", FLAG_SEEN },
	{ "\\Draft", FLAG_DRAFT },
};

const Flags flag_all[FLAG_COUNT + 1] = { FLAG_ANSWERED, FLAG_FLAGGED,
	FLAG_DELETED, FLAG_SEEN, FLAG_DRAFT, 0 };

Flags flag_of_name(Bytes name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(flag_names); i++) {
		if (text_equal_nocase(name, flag_names[i].name))
			return flag_names[i].flag;
	}
	return 0;
}

const char *flag_name(Flags flag)
{
	for (gsize i = 0; i < G_N_ELEMENTS(flag_names); i++) {
		if (flag_names[i].flag == flag)
			return flag_names[i].name;
	}
	return "";
}

/* --- what is asked for ---------------------------------------------------------- */

static gboolean keyword_is_valid(const char *keyword)
{
	gsize size = strlen(keyword);
	if (size == 0 || size > FLAG_KEYWORD_SIZE_MAX ||
		!g_utf8_validate(keyword, (gssize)size, NULL))
		return FALSE;
	for (const char *at = keyword; *at != '\0'; at++) {
		if ((guchar)*at <= ' ' || *at == 0x7f)
			return FALSE;
	}
	return TRUE;
}

/* Names as given and in lower case, each once however it is written. */
typedef struct {
	GPtrArray *names;  /* borrowed */
	GPtrArray *folded; /* owned */
} Keywords;

static void keywords_clear(Keywords *keywords)
{
	g_ptr_array_unref(keywords->names);
	g_ptr_array_unref(keywords->folded);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keywords, keywords_clear)

static gboolean keywords_fill(
	Keywords *keywords, const char *const *names, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	for (guint i = 0; names != NULL && names[i] != NULL; i++) {
		if (!keyword_is_valid(names[i])) {
			dbmail_error_set(error, DBMAIL_ERROR_INVALID,
				"not a keyword",
				"a keyword is empty, too long, or has blanks "
				"or controls");
			return FALSE;
		}
		char *folded = g_ascii_strdown(names[i], -1);
		if (!g_hash_table_add(seen, folded)) {
			g_free(folded);
			continue;
		}
		g_ptr_array_add(keywords->names, (gpointer)names[i]);
		g_ptr_array_add(keywords->folded, folded);
	}
	return TRUE;
}

/* --- the statements ------------------------------------------------------------- */

typedef struct {
	gint64 *first;
	gint64 *last;
	guint count;
} Ranges;

static void ranges_clear(Ranges *ranges)
{
	g_free(ranges->first);
	g_free(ranges->last);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Ranges, ranges_clear)

static void ranges_fill(Ranges *ranges, const NumSet *uids)
{
	ranges->count = numset_range_count(uids);
	ranges->first = g_new(gint64, ranges->count);
	ranges->last = g_new(gint64, ranges->count);
	for (guint i = 0; i < ranges->count; i++) {
		NumRange range = numset_range(uids, i);
		ranges->first[i] = range.first;
		ranges->last[i] = range.last;
	}
}

/* $1 to $3 of each statement about messages. */
static DbParams *add_ranges(DbBatch *batch, const DbStatement *statement,
	gint64 mailbox, const Ranges *ranges)
{
	DbParams *params = db_batch_add(batch, statement);
	db_params_int64(params, mailbox);
	db_params_int64_array(params, ranges->first, ranges->count);
	db_params_int64_array(params, ranges->last, ranges->count);
	return params;
}

static gint64 modseq_at_most(const FlagChange *change)
{
	if (!change->has_unchanged_since)
		return G_MAXINT64;
	return (gint64)MIN(change->unchanged_since, (guint64)G_MAXINT64);
}

static void add_keywords(
	DbBatch *batch, gint64 mailbox, const Keywords *keywords)
{
	DbParams *params = db_batch_add(batch, &SQL_FLAG_KEYWORDS);
	db_params_int64(params, mailbox);
	db_params_text_array(params,
		(const char *const *)keywords->names->pdata,
		keywords->names->len);
	db_params_text_array(params,
		(const char *const *)keywords->folded->pdata,
		keywords->folded->len);
	db_params_int32(params, FLAG_KEYWORDS_MAX);
}

/* What the change does to a message's flags and keywords. */
typedef struct {
	gint32 stay;  /* these flags stay, the others go, */
	gint32 set;   /* and then these are set */
	gboolean add; /* the keywords named are set; cleared otherwise */
	gboolean keywords_stay;
} Effect;

static Effect effect_of(const FlagChange *change)
{
	gint32 flags = (gint32)(change->flags & FLAGS_ALL);
	gint32 kept = (gint32)(change->kept & FLAGS_ALL);
	Effect effect = {
		.stay = FLAGS_ALL & ~flags,
		.set = flags,
		.add = change->action != FLAG_REMOVE,
		.keywords_stay = TRUE,
	};

	if (change->action == FLAG_REPLACE) {
		effect.stay = kept;
		effect.set = flags & ~kept;
		effect.keywords_stay = change->keeps_keywords;
	} else if (change->action == FLAG_REMOVE) {
		effect.set = 0;
	}
	return effect;
}

static void add_change_one(DbBatch *batch, gint64 mailbox, guint32 uid,
	const FlagChange *change, const Effect *effect)
{
	DbParams *params = db_batch_add(batch, &SQL_FLAG_CHANGE_ONE);
	db_params_int64(params, mailbox);
	db_params_int64(params, uid);
	db_params_int64(params, modseq_at_most(change));
	db_params_int32(params, effect->stay);
	db_params_int32(params, effect->set);
	db_params_bool(params, effect->keywords_stay);
}

static void add_change(DbBatch *batch, gint64 mailbox, const NumSet *uids,
	const Ranges *ranges, const FlagChange *change,
	const Keywords *keywords)
{
	Effect effect = effect_of(change);
	if (numset_count(uids) == 1 && keywords->folded->len == 0) {
		add_change_one(batch, mailbox, numset_range(uids, 0).first,
			change, &effect);
		return;
	}
	DbParams *params = add_ranges(batch, &SQL_FLAG_CHANGE, mailbox, ranges);
	db_params_int64(params, modseq_at_most(change));
	db_params_int32(params, effect.stay);
	db_params_int32(params, effect.set);
	db_params_text_array(params,
		(const char *const *)keywords->folded->pdata,
		keywords->folded->len);
	db_params_bool(params, effect.keywords_stay);
	db_params_bool(params, effect.add);
	db_params_int32(params, effect.add ? (gint32)keywords->folded->len : 0);
}

/* --- the answers ------------------------------------------------------------------ */

/* Whether the mailbox, as it was found under its lock, has room. */
static gboolean keywords_fit(
	const DbRows *rows, const Keywords *keywords, GError **error)
{
	guint count;
	g_autofree Bytes *known = db_rows_bytes_array(rows, 0, 2, &count);
	guint missing = keywords->folded->len;
	for (guint i = 0; i < keywords->folded->len; i++) {
		const char *name = g_ptr_array_index(keywords->folded, i);
		for (guint j = 0; j < count; j++) {
			if (text_equal_nocase(known[j], name)) {
				missing--;
				break;
			}
		}
	}
	if (missing == 0 || count + missing <= FLAG_KEYWORDS_MAX)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
		"the mailbox has no room for more keywords",
		"%u keywords and %u new ones", count, missing);
	return FALSE;
}

static gboolean check_mailbox(const DbRows *rows, gint64 mailbox,
	const FlagChange *change, const Keywords *keywords, GError **error)
{
	if (db_rows_count(rows) == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"no such mailbox", "mailbox %" G_GINT64_FORMAT,
			mailbox);
		return FALSE;
	}
	if (db_rows_int64(rows, 0, 1) != PERMISSION_READ_WRITE) {
		dbmail_error_set(error, DBMAIL_ERROR_NO_PERMISSION,
			"the mailbox is read-only", "mailbox %" G_GINT64_FORMAT,
			mailbox);
		return FALSE;
	}
	return change->action == FLAG_REMOVE ||
		keywords_fit(rows, keywords, error);
}

static void read_spared(const DbRows *rows, NumSet *left)
{
	for (guint row = 0; row < db_rows_count(rows); row++)
		numset_add(left, (guint32)db_rows_int64(rows, row, 0));
}

static guint64 keyword_bits(
	const DbRows *rows, guint column, const Keywords *keywords)
{
	guint count;
	g_autofree Bytes *known = db_rows_bytes_array(rows, 0, column, &count);
	guint64 bits = 0;
	for (guint i = 0; i < MIN(count, FLAG_KEYWORDS_MAX); i++) {
		for (guint j = 0; j < keywords->folded->len; j++) {
			const char *name =
				g_ptr_array_index(keywords->folded, j);
			if (text_equal_nocase(known[i], name))
				bits |= G_GUINT64_CONSTANT(1) << i;
		}
	}
	return bits;
}

static void take_view_along(Store *store, gint64 mailbox, const NumSet *uids,
	const FlagChange *change, const Keywords *keywords, const DbRows *lock,
	const DbRows *changed)
{
	Effect effect = effect_of(change);
	const ViewStep step = {
		.mailbox = mailbox,
		.before = (guint64)db_rows_int64(lock, 0, 0),
		.after = (guint64)db_rows_int64(changed, 0, 0),
		.messages = (guint)db_rows_int64(changed, 0, 2),
		.uids = uids,
		.at_most = (guint64)modseq_at_most(change),
		.flags_stay = (guint32)effect.stay,
		.flags_set = (guint32)effect.set,
		.keyword_bits = keyword_bits(changed, 1, keywords),
		.keywords_stay = effect.keywords_stay,
		.keywords_set = effect.add,
		.rows = changed,
		.column = 1,
	};
	view_advance(store, &step);
}

gboolean flag_change(Store *store, gint64 mailbox, const NumSet *uids,
	const FlagChange *change, guint64 *seq, NumSet *left, GError **error)
{
	g_auto(Keywords) keywords = { g_ptr_array_new(),
		g_ptr_array_new_with_free_func(g_free) };
	if (!keywords_fill(&keywords, change->keywords, error))
		return FALSE;
	g_auto(Ranges) ranges = { NULL, NULL, 0 };
	ranges_fill(&ranges, uids);

	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &SQL_FLAG_LOCK);
	db_params_int64(params, mailbox);
	db_params_text(params, store->durable_flags ? "on" : "off");
	gboolean spare = change->has_unchanged_since && left != NULL;
	if (spare)
		db_params_int64(
			add_ranges(batch, &SQL_FLAG_SPARED, mailbox, &ranges),
			modseq_at_most(change));
	if (change->action != FLAG_REMOVE && keywords.names->len > 0)
		add_keywords(batch, mailbox, &keywords);
	guint last = db_batch_count(batch);
	add_change(batch, mailbox, uids, &ranges, change, &keywords);
	/* The statements share the transaction of their pipeline, so that it
	 * needs no BEGIN and COMMIT. */
	if (!db_pool_run(store->pool, batch, DB_WRITE_ALONE, error))
		return FALSE;

	const DbRows *lock = db_batch_rows(batch, 0);
	if (!check_mailbox(lock, mailbox, change, &keywords, error))
		return FALSE;
	if (spare)
		read_spared(db_batch_rows(batch, 1), left);
	const DbRows *changed = db_batch_rows(batch, last);
	if (db_rows_count(changed) == 0) {
		*seq = (guint64)db_rows_int64(lock, 0, 0);
		return TRUE;
	}
	*seq = (guint64)db_rows_int64(changed, 0, 0);
	take_view_along(store, mailbox, uids, change, &keywords, lock, changed);
	watch_notify(store, mailbox);
	return TRUE;
}
