/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clean-up: takes what nobody holds, never what a delivery refers to. */
#include "store/purge.h"

#include "fixture.h"
#include "store/script.h"

static Store *store;

static PurgeReport purge(void)
{
	PurgeReport report;
	GError *error = NULL;

	if (!purge_run(store, 7, &report, &error))
		database_check(error);
	return report;
}

static void remove_all(gint64 mailbox)
{
	g_autoptr(NumSet) all = numset_new();
	GError *error = NULL;

	numset_add_range(all, 1, G_MAXUINT32);
	if (!message_remove(store, mailbox, all, &error))
		database_check(error);
}

static void assert_whole(void)
{
	fixture_assert_sums();
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_partlists "
				       "l WHERE NOT EXISTS"
				       " (SELECT FROM dbmail_mimeparts m WHERE "
				       "m.id = l.part_id)"),
		==, 0);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_messages m WHERE "
			       "NOT EXISTS"
			       " (SELECT FROM dbmail_envelope e"
			       " WHERE e.physmessage_id = m.physmessage_id)"),
		==, 0);
}

static gint64 orphans(void)
{
	return fixture_number(
		"SELECT (SELECT count(*) FROM dbmail_mimeparts m WHERE NOT"
		" EXISTS (SELECT FROM dbmail_partlists l"
		" WHERE l.part_id = m.id)) + (SELECT count(*) FROM"
		" dbmail_physmessage p WHERE NOT EXISTS (SELECT FROM"
		" dbmail_messages m WHERE m.physmessage_id = p.id))");
}

static const Bytes MESSAGE = { "Subject: x\r\n\r\nshared body\r\n", 27 };

static void test_shared(void)
{
	const gint64 one = fixture_inbox(fixture_user(store, "shared1", 0));
	const gint64 two = fixture_inbox(fixture_user(store, "shared2", 0));
	PurgeReport report;

	fixture_deliver(store, one, MESSAGE, DELIVERY_STORED);
	fixture_deliver(store, two, MESSAGE, DELIVERY_STORED);
	remove_all(one);
	report = purge();
	g_assert_cmpuint(report.messages, ==, 1);
	g_assert_cmpuint(report.parts, ==, 1);
	g_assert_cmpuint(report.bytes, ==, 14);
	remove_all(two);
	report = purge();
	g_assert_cmpuint(report.messages, ==, 1);
	g_assert_cmpuint(report.parts, ==, 2);
	g_assert_cmpuint(report.bytes, ==, 27);
	g_assert_cmpint(
		fixture_number(
			"SELECT (SELECT count(*) FROM dbmail_purge_queue)"
			" + (SELECT count(*) FROM dbmail_part_queue)"),
		==, 0);
	g_assert_cmpint(orphans(), ==, 0);
	assert_whole();
}

/* A copy keeps the message. */
static void test_copied(void)
{
	const gint64 from = fixture_inbox(fixture_user(store, "copied1", 0));
	const gint64 to = fixture_inbox(fixture_user(store, "copied2", 0));
	g_autoptr(NumSet) uids = numset_new();
	MessageCopied copied = { 0 };

	numset_add(
		uids, fixture_deliver(store, from, MESSAGE, DELIVERY_STORED));
	g_assert_true(
		message_copy(store, from, uids, to, FALSE, &copied, NULL));
	message_copied_clear(&copied);
	remove_all(from);
	g_assert_cmpuint(purge().messages, ==, 0);
	assert_whole();
	remove_all(to);
	g_assert_cmpuint(purge().messages, ==, 1);
}

/* Sent ahead, never used: gone after its hour. */
static void test_sent_ahead(void)
{
	database_script("WITH p AS (INSERT INTO dbmail_mimeparts"
			" (size, hash, data) VALUES (1, sha256('y'), 'y')"
			" RETURNING id) INSERT INTO dbmail_part_queue"
			" SELECT id, now() + interval '1 hour' FROM p");
	g_assert_cmpuint(purge().parts, ==, 0);
	database_script("UPDATE dbmail_part_queue SET not_before = now()");
	g_assert_cmpuint(purge().parts, ==, 1);
}

static void test_old(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "old", 0));
	g_autofree char *query =
		g_strdup_printf("SELECT log_floor FROM dbmail_mailboxes"
				" WHERE mailbox_idnr = %" G_GINT64_FORMAT,
			inbox);
	PurgeReport report;

	fixture_deliver(store, inbox, MESSAGE, DELIVERY_STORED);
	remove_all(inbox);
	fixture_deliver(store, inbox, MESSAGE, DELIVERY_STORED);
	remove_all(inbox);
	database_script("DELETE FROM dbmail_changes WHERE mailbox_idnr <>"
			" (SELECT max(mailbox_idnr) FROM dbmail_changes);"
			"UPDATE dbmail_changes SET changed = now()"
			" - interval '8 days' WHERE uid_first = 1;"
			"INSERT INTO dbmail_delivered VALUES"
			" ('a', 1, now() - interval '2 days'), ('b', 1, now());"
			"INSERT INTO dbmail_maildrop_locks SELECT"
			" max(mailbox_idnr), 's', now() - interval '1 minute'"
			" FROM dbmail_mailboxes");
	report = purge();
	g_assert_cmpuint(report.changes, ==, 1);
	g_assert_cmpuint(report.deliveries, ==, 1);
	/* Created at 1; delivered, removed, delivered, removed. */
	g_assert_cmpint(fixture_number(query), ==, 3);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_maildrop_locks"),
		==, 0);
	assert_whole();
}

/* --- against deliveries --------------------------------------------------- */

/* So many parts go while deliveries use them. */
#define PARTS_GONE 2000

static gint ending;
static gint parts_gone;

static gpointer deliver_and_remove(gpointer data)
{
	const gint64 mailbox = *(const gint64 *)data;
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)mailbox);

	while (!g_atomic_int_get(&ending)) {
		/* Few bodies, so that most deliveries re-use a part that is
		 * just being let go. */
		g_autofree char *text = g_strdup_printf(
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
			"--b\r\n\r\nbody %d\r\n--b\r\n\r\nbody %d\r\n--b--\r\n",
			g_rand_int_range(rand, 0, 6),
			g_rand_int_range(rand, 0, 6));

		fixture_deliver(
			store, mailbox, bytes_of_string(text), DELIVERY_STORED);
		if (g_rand_int_range(rand, 0, 2) == 0)
			remove_all(mailbox);
	}
	return NULL;
}

static gpointer purge_always(gpointer data)
{
	(void)data;
	while (!g_atomic_int_get(&ending))
		g_atomic_int_add(&parts_gone, (gint)purge().parts);
	return NULL;
}

static void test_against_deliveries(void)
{
	gint64 mailboxes[6];
	GThread *deliverers[6];
	GThread *purgers[2];

	for (guint i = 0; i < G_N_ELEMENTS(deliverers); i++) {
		g_autofree char *name = g_strdup_printf("against%u", i);

		mailboxes[i] = fixture_inbox(fixture_user(store, name, 0));
		deliverers[i] = g_thread_new(
			"deliver", deliver_and_remove, &mailboxes[i]);
	}
	for (guint i = 0; i < G_N_ELEMENTS(purgers); i++)
		purgers[i] = g_thread_new("purge", purge_always, NULL);
	while (g_atomic_int_get(&parts_gone) < PARTS_GONE)
		g_usleep(10 * 1000);
	g_atomic_int_set(&ending, 1);
	for (guint i = 0; i < G_N_ELEMENTS(deliverers); i++)
		g_thread_join(deliverers[i]);
	for (guint i = 0; i < G_N_ELEMENTS(purgers); i++)
		g_thread_join(purgers[i]);
	g_test_message("%d parts removed, %" G_GINT64_FORMAT
		       " messages delivered",
		g_atomic_int_get(&parts_gone),
		fixture_number("SELECT sum(uidnext - 1)"
			       " FROM dbmail_mailboxes"));
	purge();
	assert_whole();
	g_assert_cmpint(orphans(), ==, 0);
}

/* What a script need not remember any more goes; what it may ask for stays. */
static void test_memories(void)
{
	fixture_user(store, "memories", 0);
	database_script(
		"INSERT INTO dbmail_vacation_responses"
		" SELECT user_idnr, 'h', d || ' ' || s,"
		" now() - d * interval '1 day', s * 86400"
		" FROM dbmail_users, unnest(ARRAY[1, 29, 31, 59, 61]) d,"
		" unnest(ARRAY[0, 60]) s WHERE userid = 'memories';"
		"INSERT INTO dbmail_sieve_seen"
		" SELECT user_idnr, s::text::bytea, now() + s * interval '1 h'"
		" FROM dbmail_users, generate_series(-2, 2) s"
		" WHERE userid = 'memories'");
	g_assert_cmpuint(purge().memories, ==, 3 + 1 + 3);
	g_assert_cmpint(fixture_number("SELECT count(*)"
				       " FROM dbmail_vacation_responses"),
		==, 6);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_sieve_seen"
				       " WHERE until > now()"),
		==, 2);
}

/* Of more ids than anybody needs the latest stay; nobody else loses any. */
static void test_flood(void)
{
	fixture_user(store, "flooded", 0);
	fixture_user(store, "frugal", 0);
	g_autofree char *script = g_strdup_printf(
		"DELETE FROM dbmail_sieve_seen;"
		"INSERT INTO dbmail_sieve_seen"
		" SELECT user_idnr, s::text::bytea,"
		" now() + interval '1 h' + s * interval '1 s'"
		" FROM dbmail_users, generate_series(1, %d) s"
		" WHERE userid = 'flooded' OR userid = 'frugal' AND s <= 5",
		SCRIPT_SEEN_MAX + 3);

	database_script(script);
	g_assert_cmpuint(purge().memories, ==, 3);
	g_assert_cmpint(fixture_number("SELECT count(*) FROM dbmail_sieve_seen"
				       " WHERE id IN ('1', '2', '3')"),
		==, 3);
	g_assert_cmpuint(purge().memories, ==, 0);
	database_script("DELETE FROM dbmail_sieve_seen");
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/purge/shared", test_shared);
	g_test_add_func("/store/purge/copied", test_copied);
	g_test_add_func("/store/purge/sent-ahead", test_sent_ahead);
	g_test_add_func("/store/purge/old", test_old);
	g_test_add_func("/store/purge/memories", test_memories);
	g_test_add_func("/store/purge/flood", test_flood);
	g_test_add_func(
		"/store/purge/against-deliveries", test_against_deliveries);
	status = g_test_run();
	store_close(&store);
	return status;
}
