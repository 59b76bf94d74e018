/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The check: silent on a whole store, finds each thing broken on purpose, and
 * mends what can be mended. */
#include "store/check.h"

#include "fixture.h"

static Store *store;

/* What was reported: name of the check to how often. */
static void note(const CheckFinding *finding, gpointer data)
{
	GHashTable *names = data;
	guint *count = g_hash_table_lookup(names, finding->name);

	g_test_message("%s: %s%s", finding->name, finding->detail,
		finding->repaired ? " (repaired)" : "");
	if (count == NULL) {
		count = g_new0(guint, 1);
		g_hash_table_insert(names, g_strdup(finding->name), count);
	}
	(*count)++;
}

static GHashTable *check(gboolean repair, guint64 *problems, guint64 *repaired)
{
	GHashTable *names =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	GError *error = NULL;

	if (!check_run(store, repair, note, NULL, names, problems, repaired,
		    &error))
		database_check(error);
	return names;
}

static void assert_clean(void)
{
	guint64 problems;
	guint64 repaired;
	g_autoptr(GHashTable) names = check(FALSE, &problems, &repaired);

	g_assert_cmpuint(problems, ==, 0);
	g_assert_cmpuint(g_hash_table_size(names), ==, 0);
}

#define LAST_BOX "(SELECT max(mailbox_idnr) FROM dbmail_messages)"
#define LAST "(SELECT max(id) FROM dbmail_physmessage)"
#define LAST_PART \
	"(SELECT max(part_id) FROM dbmail_partlists" \
	" WHERE is_header = 0 AND physmessage_id = " LAST ")"
/* The foreign keys would not let the store be broken like this. */
#define WITHOUT_KEYS(sql) \
	"ALTER TABLE dbmail_partlists DISABLE TRIGGER ALL;" \
	"ALTER TABLE dbmail_mimeparts DISABLE TRIGGER ALL;" \
	"ALTER TABLE dbmail_physmessage DISABLE TRIGGER ALL;" \
	"ALTER TABLE dbmail_messages DISABLE TRIGGER ALL;" sql ";" \
	"ALTER TABLE dbmail_messages ENABLE TRIGGER ALL;" \
	"ALTER TABLE dbmail_physmessage ENABLE TRIGGER ALL;" \
	"ALTER TABLE dbmail_mimeparts ENABLE TRIGGER ALL;" \
	"ALTER TABLE dbmail_partlists ENABLE TRIGGER ALL"

static const struct {
	const char *name; /* what must be found */
	const char *damage;
	gboolean can_repair;
	gboolean needs_superuser;
} damages[] = {
	{ "mailbox-counters",
		"UPDATE dbmail_mailboxes SET unseen = unseen + 1"
		" WHERE mailbox_idnr = " LAST_BOX,
		TRUE, FALSE },
	{ "mailbox-counters",
		"UPDATE dbmail_mailboxes SET messages = 0"
		" WHERE mailbox_idnr = " LAST_BOX,
		TRUE, FALSE },
	{ "quota-sum",
		"UPDATE dbmail_users SET curmail_size ="
		" curmail_size + 1 WHERE user_idnr = 1",
		TRUE, FALSE },
	{ "uidnext",
		"UPDATE dbmail_mailboxes SET uidnext = 1, first_recent = 1"
		" WHERE mailbox_idnr = " LAST_BOX,
		TRUE, FALSE },
	{ "mailbox-seq",
		"UPDATE dbmail_mailboxes SET seq = 1"
		" WHERE mailbox_idnr = " LAST_BOX,
		TRUE, FALSE },
	{ "first-recent",
		"UPDATE dbmail_mailboxes SET first_recent = 1000"
		" WHERE mailbox_idnr = " LAST_BOX,
		TRUE, FALSE },
	{ "mailbox-name",
		"UPDATE dbmail_mailboxes SET name = U&'Entwu\\0308rfe'"
		" WHERE mailbox_idnr = " LAST_BOX,
		TRUE, FALSE },
	{ "change-log",
		"INSERT INTO dbmail_changes VALUES"
		" (" LAST_BOX ", 1, 5, 4, 1)",
		TRUE, FALSE },
	{ "change-log",
		"INSERT INTO dbmail_changes VALUES"
		" (" LAST_BOX ", 1, 1, 4000, 2)",
		TRUE, FALSE },
	{ "message-flags",
		"UPDATE dbmail_messages SET keywords = 1"
		" WHERE physmessage_id = " LAST,
		TRUE, FALSE },
	{ "message-flags",
		"UPDATE dbmail_messages SET flagged_flag = 7"
		" WHERE physmessage_id = " LAST,
		TRUE, FALSE },
	{ "missing-envelope",
		"DELETE FROM dbmail_envelope"
		" WHERE physmessage_id = " LAST,
		TRUE, FALSE },
	{ "search-texts",
		"INSERT INTO dbmail_searches (physmessage_id, whole, headers,"
		" inner_headers, texts, body_marks, header_marks)"
		" VALUES (" LAST ", true, '', '', '{424242}',"
		" '\\x0000000000000000', '\\x0000000000000000')",
		TRUE, FALSE },
	{ "part-size",
		"UPDATE dbmail_mimeparts SET size = size + 1"
		" WHERE id = 1",
		TRUE, FALSE },
	{ "part-offset",
		"UPDATE dbmail_partlists SET part_offset = 1"
		" WHERE part_offset > 1 AND physmessage_id = " LAST,
		TRUE, FALSE },
	{ "user-inbox", "INSERT INTO dbmail_users (userid) VALUES ('lost')",
		TRUE, FALSE },
	{ "alias-target",
		"INSERT INTO dbmail_aliases (alias, deliver_to)"
		" VALUES ('a@b', '987654')",
		TRUE, FALSE },
	{ "orphan-script",
		"ALTER TABLE dbmail_sievescripts DISABLE TRIGGER ALL;"
		"INSERT INTO dbmail_sievescripts (owner_idnr, name)"
		" VALUES (987654, 'x');"
		"ALTER TABLE dbmail_sievescripts ENABLE TRIGGER ALL",
		TRUE, TRUE },
	{ "script-active",
		"DROP INDEX dbmail_sievescripts_active;"
		"INSERT INTO dbmail_sievescripts (owner_idnr, name, active)"
		" VALUES (-2, 'old', 1), (-2, 'new', 1)",
		TRUE, FALSE },
	{ "script-name",
		"INSERT INTO dbmail_sievescripts (owner_idnr, name)"
		" VALUES (-2, U&'a\\0308'), (-2, U&'\\00e4')",
		TRUE, FALSE },
	{ "script-name",
		"INSERT INTO dbmail_sievescripts (owner_idnr, name)"
		" VALUES (-2, E'a\nb')",
		TRUE, FALSE },
	{ "script-version",
		"UPDATE dbmail_users SET sieve_version = 0"
		" WHERE user_idnr = -2",
		TRUE, FALSE },
	{ "script-version",
		"UPDATE dbmail_users SET sieve_told = 900"
		" WHERE user_idnr = -2",
		TRUE, FALSE },
	{ "scram-secret", "DELETE FROM dbmail_secrets WHERE name = 'scram'",
		TRUE, FALSE },
	{ "scram-secret",
		"UPDATE dbmail_secrets SET value = '\\x00'"
		" WHERE name = 'scram'",
		TRUE, FALSE },
	{ "orphan-message",
		"INSERT INTO dbmail_physmessage"
		" (messagesize, internal_date, hash)"
		" VALUES (0, now(), sha256(''))",
		TRUE, FALSE },
	{ "orphan-part",
		"INSERT INTO dbmail_mimeparts (size, hash, data)"
		" VALUES (1, sha256('q'), 'q')",
		TRUE, FALSE },
	{ "message-size",
		"UPDATE dbmail_messages SET size = size + 1"
		" WHERE message_idnr = (SELECT max(message_idnr) FROM"
		" dbmail_messages)",
		TRUE, FALSE },
	{ "message-hash",
		"UPDATE dbmail_physmessage SET messagesize ="
		" messagesize, hash = sha256('') WHERE id = " LAST,
		FALSE, FALSE },
	{ "part-hash",
		"UPDATE dbmail_mimeparts SET data = 'X'::bytea ||"
		" substr(data, 2) WHERE id = " LAST_PART,
		FALSE, FALSE },
	{ "dangling-part",
		WITHOUT_KEYS("DELETE FROM dbmail_mimeparts"
			     " WHERE id = " LAST_PART),
		FALSE, TRUE },
	{ "missing-message",
		WITHOUT_KEYS("UPDATE dbmail_messages SET physmessage_id ="
			     " 99999999 WHERE message_idnr = (SELECT"
			     " max(message_idnr) FROM dbmail_messages)"),
		FALSE, TRUE },
};

static void script(const char *sql, gboolean as_superuser)
{
	const DbConnectionOptions options = {
		.conninfo = as_superuser ? g_getenv("DBMAIL_PGCONN_ADMIN") :
					   database_conninfo(),
		.application_name = "dbmail-test",
		.statement_seconds = 60,
	};
	g_autoptr(DbConnection) connection = NULL;
	GError *error = NULL;

	connection = db_connection_open(&options, &error);
	database_check(error);
	if (!db_connection_exec_script(connection, sql, &error))
		database_check(error);
}

static void fill(void)
{
	static const char *const texts[] = {
		"Subject: first\r\n\r\nbody of the first\r\n",
		"Subject: second\r\nContent-Type: multipart/mixed;"
		" boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n"
		"--b--\r\n",
		"Subject: last\r\n\r\nbody of the last\r\n",
	};
	const gint64 inbox = fixture_inbox(fixture_user(store, "checked", 0));

	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		fixture_deliver(store, inbox, bytes_of_string(texts[i]),
			DELIVERY_STORED);
}

static void test_each(gconstpointer data)
{
	const guint index = GPOINTER_TO_UINT(data);
	guint64 problems;
	guint64 repaired;

	if (damages[index].needs_superuser &&
		g_getenv("DBMAIL_PGCONN_ADMIN") == NULL) {
		g_test_skip("DBMAIL_PGCONN_ADMIN names no superuser");
		return;
	}
	assert_clean();
	script(damages[index].damage, damages[index].needs_superuser);
	{
		g_autoptr(GHashTable) names =
			check(FALSE, &problems, &repaired);

		g_assert_true(
			g_hash_table_contains(names, damages[index].name));
		g_assert_cmpuint(repaired, ==, 0);
		g_assert_cmpuint(problems, >=, 1);
	}
	{
		g_autoptr(GHashTable) names = check(TRUE, &problems, &repaired);

		g_assert_true(
			g_hash_table_contains(names, damages[index].name));
	}
	if (damages[index].can_repair) {
		g_assert_cmpuint(repaired, ==, problems);
		assert_clean();
		return;
	}
	g_assert_cmpuint(repaired, <, problems);
	/* Begin anew with a store that is whole. */
	script("TRUNCATE dbmail_messages, dbmail_partlists, dbmail_envelope,"
	       " dbmail_physmessage, dbmail_mimeparts, dbmail_changes,"
	       " dbmail_purge_queue, dbmail_part_queue, dbmail_mailboxes,"
	       " dbmail_subscribed_names, dbmail_users, dbmail_maildrop_locks "
	       "CASCADE",
		FALSE);
	fill();
}

/* A message beyond what the server is asked to join. */
static void test_large(void)
{
	g_autofree char *text = g_strnfill(20 << 20, 'a');
	const gint64 inbox = fixture_inbox(fixture_user(store, "large", 0));
	guint64 problems;
	guint64 repaired;

	for (gsize i = 0; i < 20 << 20; i += 1000)
		text[i] = "0123456789\n"[i / 1000 % 11];
	fixture_deliver(
		store, inbox, bytes_of(text, 20 << 20), DELIVERY_STORED);
	assert_clean();
	script("UPDATE dbmail_physmessage SET hash = sha256('no')"
	       " WHERE id = " LAST,
		FALSE);
	{
		g_autoptr(GHashTable) names = check(TRUE, &problems, &repaired);

		g_assert_cmpuint(problems, ==, 1);
		g_assert_cmpuint(repaired, ==, 0);
		g_assert_true(g_hash_table_contains(names, "message-hash"));
	}
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	fill();
	for (guint i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_autofree char *path = g_strdup_printf(
			"/store/check/%02u-%s", i, damages[i].name);

		g_test_add_data_func(path, GUINT_TO_POINTER(i), test_each);
	}
	g_test_add_func("/store/check/large", test_large);
	status = g_test_run();
	store_close(&store);
	return status;
}
