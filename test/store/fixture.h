/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store's tests have in common: an open store and its mailboxes. */
#ifndef TEST_STORE_FIXTURE_H
#define TEST_STORE_FIXTURE_H

#include <glib.h>
#include <string.h>

#include "../db/database.h"
#include "base/settings.h"
#include "store/delivery.h"
#include "store/message.h"
#include "store/migrate.h"
#include "store/store.h"
#include "store/user.h"

/* Settings over the test's database; extra lines of the file go into
 * [DBMAIL]. */
static inline Settings *fixture_settings(const char *extra)
{
	g_autofree char *text = g_strdup_printf("[DBMAIL]\ndburi = %s\n%s\n",
		database_conninfo(), extra != NULL ? extra : "");
	GError *error = NULL;
	Settings *settings = settings_parse("test", text, strlen(text), &error);

	database_check(error);
	return settings;
}

static inline Store *fixture_store_with(const char *extra, StoreFlags flags)
{
	g_autoptr(Settings) settings = fixture_settings(extra);
	g_autoptr(DbPool) pool = database_pool(1, 10);
	GError *error = NULL;
	Store *store;

	if (!migrate_run(pool, NULL, NULL, NULL, &error))
		database_check(error);
	store = store_open(settings, "dbmail-test", flags, &error);
	database_check(error);
	return store;
}

static inline Store *fixture_store(const char *extra)
{
	return fixture_store_with(extra, STORE_PLAIN);
}

static inline gint64 fixture_user(Store *store, const char *name, gint64 quota)
{
	GError *error = NULL;
	gint64 id = 0;

	if (!user_create(store, name, "", "", quota, &id, &error))
		database_check(error);
	return id;
}

/* The one number an SQL query gives; query is the test's own text. */
static inline gint64 fixture_number(const char *query)
{
	g_autoptr(DbConnection) connection = database_connection();
	g_autofree char *text = g_strdup_printf("SELECT (%s)::bigint", query);
	const DbStatement statement = { "fixture", text };
	g_autoptr(DbBatch) batch = db_batch_new();
	GError *error = NULL;

	db_batch_add(batch, &statement);
	if (!db_connection_run_mode(connection, batch, DB_READ, &error))
		database_check(error);
	return db_rows_int64_or(db_batch_rows(batch, 0), 0, 0, -1);
}

/* What PostgreSQL would do, in lines; parameters are SQL. */
static inline char *fixture_plan(
	const DbStatement *statement, const char *parameters)
{
	g_autoptr(DbConnection) connection = database_connection();
	g_autofree char *prepare =
		g_strdup_printf("PREPARE probe AS %s", statement->text);
	g_autofree char *explain =
		g_strdup_printf("EXPLAIN EXECUTE probe(%s)", parameters);
	const DbStatement asked = { "explain", explain };
	g_autoptr(DbBatch) batch = db_batch_new();
	GString *plan = g_string_new(NULL);
	GError *error = NULL;

	if (!db_connection_exec_script(connection, prepare, &error))
		database_check(error);
	db_batch_add(batch, &asked);
	if (!db_connection_run_mode(connection, batch, DB_READ, &error))
		database_check(error);
	const DbRows *rows = db_batch_rows(batch, 0);
	for (guint i = 0; i < db_rows_count(rows); i++)
		g_string_append_printf(plan, "%s\n", db_rows_text(rows, i, 0));
	return g_string_free(plan, FALSE);
}

static inline gint64 fixture_inbox(gint64 user)
{
	g_autofree char *query = g_strdup_printf(
		"SELECT mailbox_idnr FROM dbmail_mailboxes WHERE name = 'INBOX'"
		" AND owner_idnr = %" G_GINT64_FORMAT,
		user);

	return fixture_number(query);
}

/* A delivery of one message, with nothing but mailboxes. */
typedef struct {
	gint64 mailbox;
	DeliveryOutcome outcome; /* result */
	guint32 uid;             /* result where DELIVERY_STORED */
} FixtureTarget;

static inline gboolean fixture_deliver_all(Store *store,
	const MessageDraft *draft, Timestamp internal_date,
	const DeliveryKey *key, FixtureTarget *targets, guint count,
	GError **error)
{
	g_autofree DeliveryShare *shares = g_new0(DeliveryShare, count);
	g_autofree DeliveryPut *puts = g_new0(DeliveryPut, count);

	for (guint i = 0; i < count; i++) {
		puts[i].put = (MessagePut){ .draft = draft,
			.mailbox = targets[i].mailbox,
			.internal_date = internal_date };
		shares[i] = (DeliveryShare){ .mailbox = targets[i].mailbox,
			.puts = &puts[i],
			.n_puts = 1 };
	}
	if (!delivery_store(store, shares, count, key, error))
		return FALSE;
	for (guint i = 0; i < count; i++) {
		targets[i].outcome = shares[i].outcome;
		targets[i].uid = puts[i].put.uid;
	}
	return TRUE;
}

/* Delivers and expects the outcome. */
static inline guint32 fixture_deliver(
	Store *store, gint64 mailbox, Bytes message, DeliveryOutcome outcome)
{
	g_autoptr(MessageDraft) draft = message_draft_new(store, message, NULL);
	FixtureTarget target = { .mailbox = mailbox };
	GError *error = NULL;

	if (!fixture_deliver_all(
		    store, draft, timestamp_now(), NULL, &target, 1, &error))
		database_check(error);
	g_assert_cmpint(target.outcome, ==, outcome);
	return target.uid;
}

/* The message put together from its rows, as a stranger's query would: bytes
 * of the physical message, free with g_byte_array_unref. */
static inline GByteArray *fixture_join(gint64 physmessage)
{
	static const DbStatement join = { "fixture_join",
		"SELECT parts.data FROM dbmail_mimeparts parts"
		" JOIN dbmail_partlists list ON parts.id = list.part_id"
		" WHERE list.physmessage_id = $1::bigint"
		" ORDER BY list.part_key, list.part_order" };
	g_autoptr(DbConnection) connection = database_connection();
	g_autoptr(DbBatch) batch = db_batch_new();
	GByteArray *bytes = g_byte_array_new();
	GError *error = NULL;

	db_params_int64(db_batch_add(batch, &join), physmessage);
	if (!db_connection_run_mode(connection, batch, DB_READ, &error))
		database_check(error);
	for (guint i = 0; i < db_rows_count(db_batch_rows(batch, 0)); i++) {
		const Bytes data = db_rows_bytes(db_batch_rows(batch, 0), i, 0);

		g_byte_array_append(
			bytes, (const guint8 *)data.data, (guint)data.size);
	}
	return bytes;
}

/* What holds after any test: no row refers to nothing, every sum is right. */
static inline void fixture_assert_sums(void)
{
	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM dbmail_mailboxes b LEFT JOIN ("
			" SELECT mailbox_idnr, count(*) AS n, sum(1 - "
			"seen_flag) AS u,"
			" sum(deleted_flag) AS d, sum(messagesize) AS s, "
			"max(uid) AS m"
			" FROM dbmail_messages JOIN dbmail_physmessage p"
			" ON p.id = physmessage_id GROUP BY 1) x USING "
			"(mailbox_idnr)"
			" WHERE messages <> coalesce(n, 0) OR unseen <> "
			"coalesce(u, 0)"
			" OR deleted <> coalesce(d, 0) OR size <> coalesce(s, "
			"0)"
			" OR uidnext <= coalesce(m, 0)"),
		==, 0);
	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM dbmail_users u WHERE "
			"curmail_size <>"
			" coalesce((SELECT sum(size) FROM dbmail_mailboxes b"
			" WHERE b.owner_idnr = u.user_idnr), 0)"),
		==, 0);
	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM dbmail_physmessage p WHERE "
			"messagesize <>"
			" coalesce((SELECT sum(m.size) FROM dbmail_partlists l"
			" JOIN dbmail_mimeparts m ON m.id = l.part_id"
			" WHERE l.physmessage_id = p.id), 0)"),
		==, 0);
}

#endif
