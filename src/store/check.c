/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proving that the store is whole, and mending it where that can be done. */
#include "store/check.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/errors.h"
#include "store/check-sql.h"
#include "store/message-private.h"
#include "store/purge-private.h"
#include "store/store-private.h"
#include "store/store-sql.h"

/* A message up to this size is joined by the server; of a larger one so many
 * pieces, of at most MIME_PIECE_MAX, are in memory at once. */
#define JOIN_MAX (G_GINT64_CONSTANT(8) * 1024 * 1024)
#define PIECES_AT_ONCE 8

/* A table's keys, walked in steps that no statement_timeout cuts short. */
typedef struct {
	const DbStatement *count;
	const DbStatement *next;
	gint32 step;
} Keys;

static const Keys users = { &SQL_CHECK_USERS_COUNT, &SQL_CHECK_USERS_NEXT,
	1000 };
static const Keys aliases = { &SQL_CHECK_ALIASES_COUNT, &SQL_CHECK_ALIASES_NEXT,
	1000 };
static const Keys mailboxes = { &SQL_CHECK_MAILBOXES_COUNT,
	&SQL_CHECK_MAILBOXES_NEXT, 10 };
static const Keys scripts = { &SQL_CHECK_SCRIPTS_COUNT, &SQL_CHECK_SCRIPTS_NEXT,
	1000 };
static const Keys secrets = { &SQL_CHECK_SECRETS_COUNT, &SQL_CHECK_SECRETS_NEXT,
	1 };
static const Keys messages = { &SQL_CHECK_MESSAGES_COUNT,
	&SQL_CHECK_MESSAGES_NEXT, 10000 };
static const Keys physmessages = { &SQL_CHECK_PHYSMESSAGES_COUNT,
	&SQL_CHECK_PHYSMESSAGES_NEXT, 200 };
/* For what asks a queue as a whole. */
static const Keys many_physmessages = { &SQL_CHECK_PHYSMESSAGES_COUNT,
	&SQL_CHECK_PHYSMESSAGES_NEXT, 20000 };
static const Keys many_parts = { &SQL_CHECK_PARTS_COUNT, &SQL_CHECK_PARTS_NEXT,
	20000 };
static const Keys parts = { &SQL_CHECK_PARTS_COUNT, &SQL_CHECK_PARTS_NEXT,
	200 };

typedef struct Run Run;

/* One invariant.  Where repair is NULL nothing can be mended. */
typedef struct {
	const char *name;
	const Keys *keys;
	const DbStatement *find;
	const DbStatement *lock; /* before repair; may be NULL */
	const DbStatement *repair;
	/* In place of the statements' usual way; each may be NULL. */
	void (*add_find_params)(DbParams *params);
	gboolean (*confirm)(
		Run *run, gint64 key, const char **detail, GError **error);
	gboolean (*mend)(
		Run *run, gint64 key, gboolean *mended, GError **error);
} Check;

struct Run {
	Store *store;
	gboolean repair;
	CheckReport report;
	CheckProgress progress;
	gpointer data;
	guint64 problems;
	guint64 repaired;
	char *detail; /* of confirm */
};

/* --- messages too large for the server to join ---------------------------- */

/* Gets the pieces of a message in order. */
typedef gboolean (*PieceFunc)(Bytes piece, gpointer data);

static gboolean each_piece(Store *store, gint64 physmessage, PieceFunc func,
	gpointer data, GError **error)
{
	gint32 key = 0;
	gint32 order = -1;

	for (;;) {
		g_autoptr(DbBatch) batch = db_batch_new();
		DbParams *params = db_batch_add(batch, &SQL_CHECK_PIECES);
		const DbRows *rows;
		guint count;

		db_params_int64(params, physmessage);
		db_params_int32(params, key);
		db_params_int32(params, order);
		db_params_int32(params, PIECES_AT_ONCE);
		if (!db_pool_run(store->pool, batch, DB_READ, error))
			return FALSE;
		rows = db_batch_rows(batch, 0);
		count = db_rows_count(rows);
		for (guint i = 0; i < count; i++) {
			if (!func(db_rows_bytes(rows, i, 2), data))
				return TRUE;
		}
		if (count < PIECES_AT_ONCE)
			return TRUE;
		key = db_rows_int32(rows, count - 1, 0);
		order = db_rows_int32(rows, count - 1, 1);
	}
}

typedef struct {
	EVP_MD_CTX *context;
	gint64 size;
} Digest;

static gboolean digest_piece(Bytes piece, gpointer data)
{
	Digest *digest = data;

	digest->size += (gint64)piece.size;
	return EVP_DigestUpdate(digest->context, piece.data, piece.size) == 1;
}

/* Reads what the message should be; FALSE in *found where it is gone. */
static gboolean read_expected(Store *store, gint64 physmessage, gint64 *size,
	guint8 hash[static MESSAGE_HASH_SIZE], gboolean *found, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	const DbRows *rows;

	db_params_int64(
		db_batch_add(batch, &SQL_CHECK_LARGE_MESSAGE), physmessage);
	if (!db_pool_run(store->pool, batch, DB_READ, error))
		return FALSE;
	rows = db_batch_rows(batch, 0);
	*found = db_rows_count(rows) > 0;
	if (*found) {
		const Bytes bytes = db_rows_bytes(rows, 0, 1);

		*size = db_rows_int64(rows, 0, 0);
		memset(hash, 0, MESSAGE_HASH_SIZE);
		if (bytes.size == MESSAGE_HASH_SIZE)
			memcpy(hash, bytes.data, MESSAGE_HASH_SIZE);
	}
	return TRUE;
}

/* The candidates are messages that differ, with a detail, and large ones,
 * which are read here.  The message is looked for last, so that one which was
 * cleaned up in between is no finding. */
static gboolean confirm_hash(
	Run *run, gint64 key, const char **detail, GError **error)
{
	Digest digest = { EVP_MD_CTX_new(), 0 };
	guint8 expected[MESSAGE_HASH_SIZE];
	guint8 actual[MESSAGE_HASH_SIZE];
	gboolean found = FALSE;
	gint64 size = 0;
	gboolean ok;

	if (*detail != NULL) {
		EVP_MD_CTX_free(digest.context);
		return TRUE;
	}
	EVP_DigestInit_ex2(digest.context, run->store->sha256, NULL);
	ok = each_piece(run->store, key, digest_piece, &digest, error) &&
		read_expected(run->store, key, &size, expected, &found, error);
	EVP_DigestFinal_ex(digest.context, actual, NULL);
	EVP_MD_CTX_free(digest.context);
	if (!ok)
		return FALSE;
	if (found &&
		(size != digest.size ||
			memcmp(expected, actual, sizeof(actual)) != 0)) {
		run->detail =
			g_strdup_printf("physical message %" G_GINT64_FORMAT
					" does not join to its size and hash",
				key);
		*detail = run->detail;
	}
	return TRUE;
}

static void add_join_max(DbParams *params)
{
	db_params_int64(params, JOIN_MAX);
}

/* --- envelopes ------------------------------------------------------------ */

/* More than the largest message there may ever have been is not a message. */
static gboolean collect_piece(Bytes piece, gpointer data)
{
	GByteArray *bytes = data;

	if (bytes->len + piece.size > G_MAXINT32)
		return FALSE;
	g_byte_array_append(
		bytes, (const guint8 *)piece.data, (guint)piece.size);
	return TRUE;
}

static gboolean mend_envelope(
	Run *run, gint64 key, gboolean *mended, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	g_autoptr(MessageDraft) draft = NULL;
	const MessageDraft *only;
	DbParams *params;

	if (!each_piece(run->store, key, collect_piece, bytes, error))
		return FALSE;
	draft = message_draft_new(run->store,
		bytes_of((const char *)bytes->data, bytes->len), NULL);
	only = draft;
	params = db_batch_add(batch, &SQL_CHECK_REPAIR_ENVELOPE);
	db_params_int64(params, key);
	message_add_envelopes(params, &only, 1);
	if (!db_pool_run(run->store->pool, batch, DB_WRITE, error))
		return FALSE;
	*mended = db_rows_count(db_batch_rows(batch, 0)) > 0;
	return TRUE;
}

/* --- the table ------------------------------------------------------------ */

/* Order matters: what a repair works out may rest on an earlier one. */
static const Check checks[] = {
	{ .name = "part-size",
		.keys = &parts,
		.find = &SQL_CHECK_PART_SIZE,
		.repair = &SQL_CHECK_REPAIR_PART_SIZE },
	{ .name = "part-hash", .keys = &parts, .find = &SQL_CHECK_PART_HASH },
	{ .name = "dangling-part",
		.keys = &physmessages,
		.find = &SQL_CHECK_DANGLING_PART },
	{ .name = "part-offset",
		.keys = &physmessages,
		.find = &SQL_CHECK_PART_OFFSET,
		.repair = &SQL_CHECK_REPAIR_PART_OFFSET },
	{ .name = "message-hash",
		.keys = &physmessages,
		.find = &SQL_CHECK_MESSAGE_HASH,
		.add_find_params = add_join_max,
		.confirm = confirm_hash },
	{ .name = "missing-envelope",
		.keys = &physmessages,
		.find = &SQL_CHECK_ENVELOPE,
		.mend = mend_envelope },
	{ .name = "search-texts",
		.keys = &physmessages,
		.find = &SQL_CHECK_SEARCH_TEXTS,
		.repair = &SQL_CHECK_REPAIR_SEARCH_TEXTS },
	{ .name = "missing-message",
		.keys = &messages,
		.find = &SQL_CHECK_MESSAGE_CONTENTS },
	{ .name = "message-flags",
		.keys = &messages,
		.find = &SQL_CHECK_MESSAGE_FLAGS,
		.lock = &SQL_CHECK_LOCK_MESSAGES,
		.repair = &SQL_CHECK_REPAIR_MESSAGE_FLAGS },
	{ .name = "message-size",
		.keys = &messages,
		.find = &SQL_CHECK_MESSAGE_SIZE,
		.lock = &SQL_CHECK_LOCK_MESSAGES,
		.repair = &SQL_CHECK_REPAIR_MESSAGE_SIZE },
	{ .name = "mailbox-counters",
		.keys = &mailboxes,
		.find = &SQL_CHECK_MAILBOX_COUNTERS,
		.lock = &SQL_STORE_LOCK,
		.repair = &SQL_CHECK_REPAIR_MAILBOX_COUNTERS },
	{ .name = "uidnext",
		.keys = &mailboxes,
		.find = &SQL_CHECK_UIDNEXT,
		.lock = &SQL_STORE_LOCK,
		.repair = &SQL_CHECK_REPAIR_UIDNEXT },
	{ .name = "mailbox-seq",
		.keys = &mailboxes,
		.find = &SQL_CHECK_MAILBOX_SEQ,
		.lock = &SQL_STORE_LOCK,
		.repair = &SQL_CHECK_REPAIR_MAILBOX_SEQ },
	{ .name = "first-recent",
		.keys = &mailboxes,
		.find = &SQL_CHECK_FIRST_RECENT,
		.lock = &SQL_STORE_LOCK,
		.repair = &SQL_CHECK_REPAIR_FIRST_RECENT },
	{ .name = "mailbox-name",
		.keys = &mailboxes,
		.find = &SQL_CHECK_MAILBOX_NAME,
		.lock = &SQL_STORE_LOCK,
		.repair = &SQL_CHECK_REPAIR_MAILBOX_NAME },
	{ .name = "change-log",
		.keys = &mailboxes,
		.find = &SQL_CHECK_CHANGE_LOG,
		.lock = &SQL_STORE_LOCK,
		.repair = &SQL_CHECK_REPAIR_CHANGE_LOG },
	{ .name = "quota-sum",
		.keys = &users,
		.find = &SQL_CHECK_QUOTA_SUM,
		.lock = &SQL_CHECK_LOCK_USERS,
		.repair = &SQL_CHECK_REPAIR_QUOTA_SUM },
	{ .name = "user-inbox",
		.keys = &users,
		.find = &SQL_CHECK_USER_INBOX,
		.lock = &SQL_CHECK_LOCK_USERS,
		.repair = &SQL_CHECK_REPAIR_USER_INBOX },
	{ .name = "alias-target",
		.keys = &aliases,
		.find = &SQL_CHECK_ALIAS_TARGET,
		.repair = &SQL_CHECK_REPAIR_ALIAS_TARGET },
	{ .name = "orphan-script",
		.keys = &scripts,
		.find = &SQL_CHECK_ORPHAN_SCRIPT,
		.repair = &SQL_CHECK_REPAIR_ORPHAN_SCRIPT },
	{ .name = "script-active",
		.keys = &users,
		.find = &SQL_CHECK_SCRIPT_ACTIVE,
		.lock = &SQL_CHECK_LOCK_USERS,
		.repair = &SQL_CHECK_REPAIR_SCRIPT_ACTIVE },
	{ .name = "script-name",
		.keys = &scripts,
		.find = &SQL_CHECK_SCRIPT_NAME,
		.lock = &SQL_CHECK_LOCK_SCRIPT_OWNERS,
		.repair = &SQL_CHECK_REPAIR_SCRIPT_NAME },
	{ .name = "script-version",
		.keys = &users,
		.find = &SQL_CHECK_SCRIPT_VERSION,
		.lock = &SQL_CHECK_LOCK_USERS,
		.repair = &SQL_CHECK_REPAIR_SCRIPT_VERSION },
	{ .name = "scram-secret",
		.keys = &secrets,
		.find = &SQL_CHECK_SCRAM_SECRET,
		.repair = &SQL_CHECK_REPAIR_SCRAM_SECRET },
	{ .name = "orphan-message",
		.keys = &many_physmessages,
		.find = &SQL_CHECK_ORPHAN_MESSAGE,
		.repair = &SQL_CHECK_REPAIR_ORPHAN_MESSAGE },
	{ .name = "orphan-part",
		.keys = &many_parts,
		.find = &SQL_CHECK_ORPHAN_PART,
		.repair = &SQL_CHECK_REPAIR_ORPHAN_PART },
};

/* --- carrying it out ------------------------------------------------------ */

static void tell(
	Run *run, const Check *check, const char *detail, gboolean repaired)
{
	const CheckFinding finding = { check->name, detail, repaired };

	run->problems++;
	run->repaired += repaired ? 1 : 0;
	if (run->report != NULL)
		run->report(&finding, run->data);
}

/* Runs the repair of all keys found in a step; *mended lists those it
 * mended. */
static gboolean run_repair(Run *run, const Check *check, const DbRows *found,
	GHashTable *mended, GError **error)
{
	const guint count = db_rows_count(found);
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autofree gint64 *keys = g_new(gint64, count);
	const DbRows *rows;

	for (guint i = 0; i < count; i++)
		keys[i] = db_rows_int64(found, i, 0);
	if (check->lock != NULL)
		db_params_int64_array(
			db_batch_add(batch, check->lock), keys, count);
	db_params_int64_array(db_batch_add(batch, check->repair), keys, count);
	if (!db_pool_run(run->store->pool, batch, DB_WRITE, error))
		return FALSE;
	rows = db_batch_rows(batch, db_batch_count(batch) - 1);
	for (guint i = 0; i < db_rows_count(rows); i++) {
		gint64 *key = g_new(gint64, 1);

		*key = db_rows_int64(rows, i, 0);
		g_hash_table_add(mended, key);
	}
	return TRUE;
}

static gboolean settle(
	Run *run, const Check *check, const DbRows *found, GError **error)
{
	g_autoptr(GHashTable) mended = g_hash_table_new_full(
		g_int64_hash, g_int64_equal, g_free, NULL);

	if (run->repair && check->repair != NULL &&
		!run_repair(run, check, found, mended, error))
		return FALSE;
	for (guint i = 0; i < db_rows_count(found); i++) {
		const gint64 key = db_rows_int64(found, i, 0);
		const char *detail = db_rows_text(found, i, 1);
		gboolean ok = g_hash_table_contains(mended, &key);

		g_clear_pointer(&run->detail, g_free);
		if (check->confirm != NULL &&
			!check->confirm(run, key, &detail, error))
			return FALSE;
		if (run->repair && check->mend != NULL &&
			!check->mend(run, key, &ok, error))
			return FALSE;
		if (detail != NULL)
			tell(run, check, detail, ok);
	}
	return TRUE;
}

/* The step's end behind `after` into *last, and how many keys it has; none at
 * the table's end. */
static gboolean find_step(Run *run, const Keys *keys, gint64 after,
	gint64 *last, guint64 *count, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, keys->next);

	db_params_int64(params, after);
	db_params_int32(params, keys->step);
	if (!db_pool_run(run->store->pool, batch, DB_READ, error))
		return FALSE;
	*last = db_rows_int64_or(db_batch_rows(batch, 0), 0, 0, after);
	*count = (guint64)db_rows_int64(db_batch_rows(batch, 0), 0, 1);
	return TRUE;
}

static gboolean check_step(
	Run *run, const Check *check, gint64 after, gint64 last, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, check->find);

	db_params_int64(params, after);
	db_params_int64(params, last);
	if (check->add_find_params != NULL)
		check->add_find_params(params);
	if (!db_pool_run(run->store->pool, batch, DB_READ, error))
		return FALSE;
	return db_rows_count(db_batch_rows(batch, 0)) == 0 ||
		settle(run, check, db_batch_rows(batch, 0), error);
}

static gboolean run_check(Run *run, const Check *check, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	gint64 after = G_MININT64;
	guint64 done = 0;
	guint64 total;

	db_batch_add(batch, check->keys->count);
	if (!db_pool_run(run->store->pool, batch, DB_READ, error))
		return FALSE;
	total = (guint64)db_rows_int64(db_batch_rows(batch, 0), 0, 0);
	for (;;) {
		guint64 count;
		gint64 last;

		if (run->progress != NULL)
			run->progress(
				check->name, done, MAX(done, total), run->data);
		if (!find_step(run, check->keys, after, &last, &count, error))
			return FALSE;
		if (count == 0)
			return TRUE;
		if (!check_step(run, check, after, last, error))
			return FALSE;
		after = last;
		done += count;
	}
}

gboolean check_run(Store *store, gboolean repair, CheckReport report,
	CheckProgress progress, gpointer data, guint64 *problems,
	guint64 *repaired, GError **error)
{
	Run run = { .store = store,
		.repair = repair,
		.report = report,
		.progress = progress,
		.data = data };
	gboolean ok = TRUE;

	for (guint i = 0; ok && i < G_N_ELEMENTS(checks); i++)
		ok = run_check(&run, &checks[i], error);
	g_free(run.detail);
	if (!ok)
		return FALSE;
	/* Orphans were queued: the clean-up is what can remove them. */
	if (run.repaired > 0) {
		PurgeReport removed = { 0 };

		if (!purge_queues(store, &removed, error))
			return FALSE;
	}
	*problems = run.problems;
	*repaired = run.repaired;
	return TRUE;
}
