/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The outbound queue: nobody gets what another has, and nothing is lost. */
#include "store/outbound.h"

#include "fixture.h"
#include "store/outbound-sql.h"

static Store *store;
static gint64 token; /* the mailbox that all is delivered for */

static void add(const char *recipient, gsize size, gint64 user)
{
	g_autofree char *message = g_strnfill(size, 'm');
	const OutboundMail mail = { "redirect", user, "s@example.org",
		recipient, bytes_of(message, size) };
	DeliveryShare share = {
		.mailbox = token, .user = user, .mails = &mail, .n_mails = 1
	};
	GError *error = NULL;

	if (!delivery_store(store, &share, 1, NULL, &error))
		database_check(error);
	g_assert_cmpint(share.outcome, ==, DELIVERY_STORED);
}

static GPtrArray *claim(guint max, gsize max_bytes, guint lease)
{
	GPtrArray *entries = NULL;
	GError *error = NULL;

	if (!outbound_claim(store, max, max_bytes, lease, &entries, &error))
		database_check(error);
	return entries;
}

static GPtrArray *list(void)
{
	GPtrArray *entries = NULL;
	GError *error = NULL;

	if (!outbound_list(store, 0, 1000, &entries, &error))
		database_check(error);
	return entries;
}

static void settle(const OutboundEntry *entry, OutboundOutcome outcome,
	const char *reason, gboolean keeps_sent)
{
	GError *error = NULL;

	if (!outbound_settle(
		    store, entry, outcome, reason, keeps_sent, NULL, &error))
		database_check(error);
}

static gint64 seconds_to_next(void)
{
	GError *error = NULL;
	gint64 seconds;

	if (!outbound_next(store, &seconds, &error))
		database_check(error);
	return seconds;
}

static void make_empty(void)
{
	database_script("DELETE FROM dbmail_outbound_queue");
}

/* --- the plan -------------------------------------------------------------------- */

/* The more mail waits the less may a claim look at: every join goes by one
 * index look-up for each of the few that are taken. */
static void test_backlog(void)
{
	make_empty();
	database_script(
		"INSERT INTO dbmail_users (userid, passwd)"
		" SELECT 'backlog' || i, '' FROM generate_series(1, 20000) i;"
		"INSERT INTO dbmail_outbound_queue"
		" (owner_idnr, kind, sender, recipient, message)"
		" SELECT user_idnr, 'redirect', '', 'a@b', ''"
		" FROM dbmail_users, generate_series(1, 2)"
		" WHERE userid ~ '^backlog';"
		"ANALYZE dbmail_users, dbmail_outbound_queue");
	g_autofree char *plan =
		fixture_plan(&SQL_OUTBOUND_CLAIM, "8, 67108864, 20");
	database_script("DELETE FROM dbmail_outbound_queue;"
			"DELETE FROM dbmail_users WHERE userid ~ '^backlog';"
			"ANALYZE dbmail_users, dbmail_outbound_queue");
	g_test_message("%s", plan);
	g_assert_null(strstr(plan, "Merge"));
	g_assert_null(strstr(plan, "Hash"));
	g_assert_null(strstr(plan, "Seq Scan"));
}

/* --- one mail ------------------------------------------------------------------ */

static void test_sent(void)
{
	const gint64 user = fixture_user(store, "sender", 0);

	make_empty();
	g_assert_cmpint(seconds_to_next(), ==, -1);
	add("r@example.org", 5, user);
	g_assert_cmpint(seconds_to_next(), ==, 0);
	for (guint keeps = 0; keeps < 2; keeps++) {
		g_autoptr(GPtrArray) entries = claim(10, 1000, 60);
		g_autoptr(GPtrArray) others = claim(10, 1000, 60);
		g_autoptr(GPtrArray) left = NULL;
		const OutboundEntry *entry = entries->pdata[0];
		gboolean mine = FALSE;

		g_assert_cmpuint(entries->len, ==, 1);
		g_assert_cmpuint(others->len, ==, 0);
		g_assert_cmpstr(entry->user_name, ==, "sender");
		g_assert_cmpint(entry->user, ==, user);
		g_assert_cmpstr(entry->kind, ==, "redirect");
		g_assert_cmpstr(entry->sender, ==, "s@example.org");
		g_assert_cmpstr(entry->recipient, ==, "r@example.org");
		g_assert_cmpmem(entry->message, entry->size, "mmmmm", 5);
		g_assert_cmpint(entry->attempts, ==, 1);
		g_assert_cmpint(entry->status, ==, OUTBOUND_SENDING);
		g_assert_false(entry->was_handed_over);
		g_assert_cmpint(seconds_to_next(), >=, 59);
		g_assert_true(
			outbound_hand_over(store, entry, 60, &mine, NULL));
		g_assert_true(mine);
		settle(entry, OUTBOUND_DONE, NULL, keeps == 1);
		g_assert_cmpint(seconds_to_next(), ==, -1);
		left = list();
		g_assert_cmpuint(left->len, ==, keeps);
		add("r@example.org", 5, user);
	}
	g_assert_cmpint(fixture_number("SELECT count(*)"
				       " FROM dbmail_outbound_queue"
				       " WHERE status = 'sent'"),
		==, 1);
}

/* How old a mail is says the database, whose clock has noted when it came: the
 * two are asked at once, wherever this program's clock is. */
static void test_age(void)
{
	static const gint64 ages[] = { 0, 59, 86400 * 5, 86400 * 30 };

	for (guint i = 0; i < G_N_ELEMENTS(ages); i++) {
		OutboundEntry *entry = NULL;
		g_autofree char *back = g_strdup_printf(
			"UPDATE dbmail_outbound_queue SET created = now() -"
			" %" G_GINT64_FORMAT " * interval '1 second'",
			ages[i]);
		GError *error = NULL;

		make_empty();
		add("r@example.org", 5, 0);
		database_script(back);
		g_autoptr(GPtrArray) claimed = claim(1, 1000, 60);
		g_autoptr(GPtrArray) listed = list();
		const OutboundEntry *first = claimed->pdata[0];
		const OutboundEntry *again = listed->pdata[0];
		if (!outbound_get(store, first->id, &entry, &error))
			database_check(error);
		g_assert_cmpint(first->age, >=, ages[i]);
		g_assert_cmpint(first->age, <, ages[i] + 60);
		g_assert_cmpint(again->age, >=, first->age);
		g_assert_cmpint(entry->age, >=, again->age);
		g_assert_cmpint(entry->age, <, ages[i] + 60);
		outbound_entry_free(entry);
	}
}

static void test_retry(void)
{
	make_empty();
	add("r@example.org", 5, 0);
	for (gint i = 1; i <= 3; i++) {
		g_autoptr(GPtrArray) entries = claim(10, 1000, 60);
		g_autoptr(GPtrArray) none = NULL;
		const OutboundEntry *entry = entries->pdata[0];
		gint64 seconds;
		guint64 count;

		g_assert_cmpint(entry->attempts, ==, i);
		g_assert_cmpstr(entry->last_error, ==,
			i == 1 ? NULL : "no\xef\xbf\xbd answer");
		settle(entry, OUTBOUND_RETRY, "no\xff answer", FALSE);
		none = claim(10, 1000, 60);
		g_assert_cmpuint(none->len, ==, 0);
		seconds = seconds_to_next();
		g_assert_cmpint(seconds, <=, 60 * i * i);
		g_assert_cmpint(seconds, >, 60 * i * i - 10);
		g_assert_true(outbound_retry(
			store, i == 2 ? NULL : &entry->id, 1, &count, NULL));
		g_assert_cmpuint(count, ==, 1);
		g_assert_cmpint(seconds_to_next(), ==, 0);
	}
	g_autoptr(GPtrArray) entries = claim(1, 1, 60);
	g_autoptr(GPtrArray) left = NULL;
	OutboundTotals totals;
	settle(entries->pdata[0], OUTBOUND_GIVE_UP, "no", FALSE);
	left = list();
	g_assert_cmpint(
		((OutboundEntry *)left->pdata[0])->status, ==, OUTBOUND_FAILED);
	g_assert_null(((OutboundEntry *)left->pdata[0])->message);
	g_assert_cmpint(seconds_to_next(), ==, -1);
	g_assert_true(outbound_totals(store, &totals, NULL));
	g_assert_cmpuint(totals.count[OUTBOUND_FAILED], ==, 1);
	g_assert_cmpuint(totals.count[OUTBOUND_PENDING], ==, 0);
	g_assert_cmpint(totals.oldest, ==, 0);
}

/* --- leases --------------------------------------------------------------------- */

static void expire(void)
{
	database_script("UPDATE dbmail_outbound_queue"
			" SET lease_until = now() - interval '1 second'"
			" WHERE status = 'sending'");
}

/* Who lost the lease can do nothing any more; the next one learns whether the
 * message may be out, as often as that happens. */
static void test_lease(void)
{
	gboolean mine = FALSE;

	make_empty();
	add("r@example.org", 5, 0);
	g_autoptr(GPtrArray) first = claim(10, 1000, 60);
	g_assert_true(
		outbound_hand_over(store, first->pdata[0], 60, &mine, NULL));
	g_assert_true(mine);
	expire();
	g_autoptr(GPtrArray) second = claim(10, 1000, 60);
	g_assert_cmpuint(second->len, ==, 1);
	g_assert_true(((OutboundEntry *)second->pdata[0])->was_handed_over);
	g_assert_true(
		outbound_hand_over(store, first->pdata[0], 60, &mine, NULL));
	g_assert_false(mine);
	settle(first->pdata[0], OUTBOUND_RETRY, NULL, FALSE);
	settle(first->pdata[0], OUTBOUND_GIVE_UP, NULL, FALSE);
	expire();
	g_autoptr(GPtrArray) third = claim(10, 1000, 60);
	g_assert_cmpuint(third->len, ==, 1);
	g_assert_true(((OutboundEntry *)third->pdata[0])->was_handed_over);
	g_assert_cmpint(((OutboundEntry *)third->pdata[0])->attempts, ==, 3);
	/* A plain answer settles the question. */
	settle(third->pdata[0], OUTBOUND_RETRY, "busy", FALSE);
	database_script(
		"UPDATE dbmail_outbound_queue SET next_attempt = now()");
	g_autoptr(GPtrArray) fourth = claim(10, 1000, 60);
	g_assert_false(((OutboundEntry *)fourth->pdata[0])->was_handed_over);
	g_assert_true(outbound_release(store, fourth->pdata[0], NULL));
	g_autoptr(GPtrArray) fifth = claim(10, 1000, 60);
	g_assert_cmpint(((OutboundEntry *)fifth->pdata[0])->attempts, ==, 4);
}

/* Renewing is for those whose attempt it is, and never shortens. */
/* What was sent is sent, though the database came back too late for the lease:
 * who has the mail by now must not send it too. */
static void test_sent_late(void)
{
	for (guint keeps = 0; keeps < 2; keeps++) {
		gboolean mine = FALSE;
		make_empty();
		add("r@example.org", 5, 0);
		g_autoptr(GPtrArray) first = claim(10, 1000, 60);
		g_assert_true(outbound_hand_over(
			store, first->pdata[0], 60, &mine, NULL));
		expire();
		g_autoptr(GPtrArray) second = claim(10, 1000, 60);
		g_assert_cmpuint(second->len, ==, 1);
		settle(first->pdata[0], OUTBOUND_DONE, "250 ok", keeps == 1);
		g_assert_true(outbound_hand_over(
			store, second->pdata[0], 60, &mine, NULL));
		g_assert_false(mine);
		settle(second->pdata[0], OUTBOUND_RETRY, "busy", FALSE);
		g_autoptr(GPtrArray) left = list();
		g_assert_cmpuint(left->len, ==, keeps);
		for (guint i = 0; i < left->len; i++) {
			const OutboundEntry *entry = left->pdata[i];
			g_assert_cmpint(entry->status, ==, OUTBOUND_SENT);
			g_assert_cmpstr(entry->last_error, ==, "250 ok");
		}
	}
}

static void test_renew(void)
{
	make_empty();
	add("r@example.org", 5, 0);
	g_autoptr(GPtrArray) entries = claim(1, 1000, 60);
	const OutboundEntry *entry = entries->pdata[0];
	const gint32 attempts[] = { entry->attempts, entry->attempts + 1 };

	g_assert_true(
		outbound_renew(store, &entry->id, &attempts[1], 1, 600, NULL));
	g_assert_cmpint(seconds_to_next(), <=, 60);
	g_assert_true(outbound_renew(store, &entry->id, attempts, 1, 5, NULL));
	g_assert_cmpint(seconds_to_next(), >, 50);
	g_assert_true(
		outbound_renew(store, &entry->id, attempts, 1, 600, NULL));
	g_assert_cmpint(seconds_to_next(), >, 590);
}

/* The word to the sender is queued with the failure, once, and only by whoever
 * has the mail. */
static void test_notice(void)
{
	const OutboundMail notice = { "bounce", 0, "", "s@example.org",
		bytes_of("notice", 6) };
	const OutboundMail wrong = { "bounce", 0, "", "s@example.org> X",
		bytes_of("notice", 6) };

	make_empty();
	add("r@example.org", 5, 0);
	g_autoptr(GPtrArray) entries = claim(1, 1000, 60);
	OutboundEntry *entry = entries->pdata[0];
	g_assert_false(outbound_settle(
		store, entry, OUTBOUND_GIVE_UP, "no", TRUE, &wrong, NULL));
	entry->attempts++;
	g_assert_true(outbound_settle(
		store, entry, OUTBOUND_GIVE_UP, "no", TRUE, &notice, NULL));
	g_assert_cmpint(seconds_to_next(), >, 0);
	entry->attempts--;
	for (guint i = 0; i < 2; i++)
		g_assert_true(outbound_settle(store, entry, OUTBOUND_GIVE_UP,
			"no", TRUE, &notice, NULL));
	g_autoptr(GPtrArray) all = list();
	g_assert_cmpuint(all->len, ==, 2);
	const OutboundEntry *queued = all->pdata[1];
	g_assert_cmpstr(queued->kind, ==, "bounce");
	g_assert_cmpstr(queued->sender, ==, "");
	g_assert_cmpstr(queued->recipient, ==, "s@example.org");
	g_assert_cmpint(queued->status, ==, OUTBOUND_PENDING);
}

static void test_bounds(void)
{
	make_empty();
	for (guint i = 0; i < 5; i++)
		add("r@example.org", 100, 0);
	g_autoptr(GPtrArray) one = claim(10, 1, 60);
	g_assert_cmpuint(one->len, ==, 1);
	g_autoptr(GPtrArray) two = claim(10, 101, 60);
	g_assert_cmpuint(two->len, ==, 2);
	g_autoptr(GPtrArray) rest = claim(1, 1000, 60);
	g_assert_cmpuint(rest->len, ==, 1);
	expire();
	g_autoptr(GPtrArray) all = claim(10, 1000, 60);
	g_assert_cmpuint(all->len, ==, 5);
}

#define THREADS 4
#define MAILS 60

static gpointer drain(gpointer data)
{
	GPtrArray *got = data;

	for (;;) {
		g_autoptr(GPtrArray) entries = claim(3, 1000, 60);

		if (entries->len == 0 && seconds_to_next() != 0)
			return NULL;
		for (guint i = 0; i < entries->len; i++) {
			const OutboundEntry *entry = entries->pdata[i];

			g_ptr_array_add(got, g_strdup(entry->recipient));
			settle(entry, OUTBOUND_DONE, NULL, FALSE);
		}
	}
}

static void test_race(void)
{
	g_autoptr(GHashTable) seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *got[THREADS];
	GThread *threads[THREADS];

	make_empty();
	for (guint i = 0; i < MAILS; i++) {
		g_autofree char *to = g_strdup_printf("r%u@example.org", i);
		add(to, 10, 0);
	}
	for (guint i = 0; i < THREADS; i++) {
		got[i] = g_ptr_array_new();
		threads[i] = g_thread_new("drain", drain, got[i]);
	}
	for (guint i = 0; i < THREADS; i++) {
		g_thread_join(threads[i]);
		for (guint j = 0; j < got[i]->len; j++)
			g_assert_true(g_hash_table_add(seen, got[i]->pdata[j]));
		g_ptr_array_unref(got[i]);
	}
	g_assert_cmpuint(g_hash_table_size(seen), ==, MAILS);
}

/* --- tools ---------------------------------------------------------------------- */

static void test_tools(void)
{
	g_autoptr(GPtrArray) all = NULL;
	g_autoptr(GError) error = NULL;
	OutboundEntry *entry = NULL;
	OutboundTotals totals;
	guint64 count;

	make_empty();
	add("a@example.org", 10, 0);
	add("b@example.org", 20, 0);
	all = list();
	g_assert_cmpuint(all->len, ==, 2);
	entry = all->pdata[1];
	g_assert_cmpuint(entry->size, ==, 20);
	g_assert_cmpint(entry->status, ==, OUTBOUND_PENDING);
	g_assert_cmpint(entry->last_attempt, ==, 0);
	const gint64 id = entry->id;
	g_assert_true(outbound_totals(store, &totals, NULL));
	g_assert_cmpuint(totals.count[OUTBOUND_PENDING], ==, 2);
	g_assert_cmpuint(totals.bytes, ==, 30);
	g_assert_cmpint(totals.oldest, >, 0);
	g_assert_true(outbound_get(store, id, &entry, NULL));
	g_assert_cmpstr(entry->recipient, ==, "b@example.org");
	g_assert_cmpuint(strlen(entry->message), ==, 20);
	outbound_entry_free(entry);
	g_assert_true(outbound_delete(store, &id, 1, &count, NULL));
	g_assert_cmpuint(count, ==, 1);
	g_assert_false(outbound_get(store, id, &entry, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND));
}

static void test_trim(void)
{
	guint64 count;

	make_empty();
	database_script(
		"INSERT INTO dbmail_outbound_queue (kind, sender, recipient,"
		" message, status, created, last_attempt, lease_until) SELECT"
		" 'x', '', 'r', '', s, now() - d * interval '1 day',"
		" now() - d * interval '1 day',"
		" CASE WHEN s = 'sending' THEN now() END"
		" FROM unnest(ARRAY['pending', 'sending', 'sent', 'failed'])"
		" s, generate_series(1, 9, 2) d");
	g_assert_true(outbound_trim(store, 2, 6, &count, NULL));
	g_assert_cmpuint(count, ==, 4 + 2);
	g_assert_true(outbound_trim(store, 0, 0, &count, NULL));
	g_assert_cmpuint(count, ==, 1 + 3);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_outbound_queue"),
		==, 10);
}

/* The mail of one who is gone is still sent. */
static void test_user_gone(void)
{
	const gint64 user = fixture_user(store, "leaver", 0);
	GError *error = NULL;

	make_empty();
	add("r@example.org", 5, user);
	if (!user_delete(store, user, &error))
		database_check(error);
	g_autoptr(GPtrArray) entries = claim(10, 1000, 60);
	g_assert_cmpuint(entries->len, ==, 1);
	const OutboundEntry *entry = entries->pdata[0];
	g_assert_cmpint(entry->user, ==, 0);
	g_assert_cmpstr(entry->user_name, ==, "");
}

static const struct {
	const char *address;
	gboolean good;
} addresses[] = {
	{ "a@b", TRUE },
	{ "a", TRUE },
	{ "-oQ/tmp@b", TRUE },
	{ "\"a b\"@c", TRUE },
	{ "\"a\\\"> b\"@c", TRUE },
	{ "\"<>\"@c", TRUE },
	{ "j\xc3\xbcrgen@b", TRUE },
	{ "\"\\\xc3\xbc\"@b", TRUE },
	{ "", FALSE },
	{ "a b@c", FALSE },
	{ "a@b> SIZE=1", FALSE },
	{ "a@b\r\nRCPT TO:<c@d", FALSE },
	{ "a@b\n", FALSE },
	{ "\"a\r\n\"@c", FALSE },
	{ "\"a\\\r\n\"@c", FALSE },
	{ "\"a@b", FALSE },
	{ "\"a\\\"@b", FALSE },
	{ "\"a\\", FALSE },
	{ "<a@b>", FALSE },
	{ "a\x7f@b", FALSE },
	{ "\"a\x7f\"@b", FALSE },
	{ "\"a\\\x7f\"@b", FALSE },
	{ "a\xff@b", FALSE },
};

static void test_addresses(void)
{
	g_autofree char *endless = g_strnfill(OUTBOUND_ADDRESS_MAX + 1, 'a');

	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("address %zu", i);
		g_assert_cmpint(
			outbound_check_address(addresses[i].address, &error),
			==, addresses[i].good);
		g_assert_cmpint(error == NULL, ==, addresses[i].good);
	}
	g_assert_false(outbound_check_address(endless, NULL));
	g_assert_true(outbound_check_address(endless + 1, NULL));
}

static const struct {
	const char *sender;
	const char *recipient;
	const char *kind;
	gboolean good;
} check_cases[] = {
	{ "", "r@example.org", "reject", TRUE },
	{ "s", "\"a b\"@example.org", "fcc-copy", TRUE },
	{ "", "\"a\\\" <b>\"@example.org", "x", TRUE },
	{ "", "\xc3\xa4@example.org", "x", TRUE },
	{ "", "", "x", FALSE },
	{ "", "a b", "x", FALSE },
	{ "a b", "r", "x", FALSE },
	{ "<>", "r", "x", FALSE },
	{ "", "a>", "x", FALSE },
	{ "", "a\r\nRCPT TO:<b>", "x", FALSE },
	{ "", "\"a\r\n\"", "x", FALSE },
	{ "", "\"a\\\r\n\"", "x", FALSE },
	{ "", "\"a", "x", FALSE },
	{ "", "\"a\\\"", "x", FALSE },
	{ "", "\xe4", "x", FALSE },
	{ "", "r", "", FALSE },
	{ "", "r", "No Word", FALSE },
};

static void test_check(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(check_cases); i++) {
		g_autoptr(GError) error = NULL;
		const OutboundMail mail = { check_cases[i].kind, 0,
			check_cases[i].sender, check_cases[i].recipient,
			bytes_of("", 0) };

		g_test_message("case %u", i);
		g_assert_true(
			outbound_check(&mail, &error) == check_cases[i].good);
		g_assert_true((error == NULL) == check_cases[i].good);
	}
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	token = fixture_inbox(fixture_user(store, "outbound", 0));
	g_test_add_func("/store/outbound/addresses", test_addresses);
	g_test_add_func("/store/outbound/check", test_check);
	g_test_add_func("/store/outbound/sent", test_sent);
	g_test_add_func("/store/outbound/age", test_age);
	g_test_add_func("/store/outbound/retry", test_retry);
	g_test_add_func("/store/outbound/lease", test_lease);
	g_test_add_func("/store/outbound/sent-late", test_sent_late);
	g_test_add_func("/store/outbound/renew", test_renew);
	g_test_add_func("/store/outbound/notice", test_notice);
	g_test_add_func("/store/outbound/bounds", test_bounds);
	g_test_add_func("/store/outbound/backlog", test_backlog);
	g_test_add_func("/store/outbound/race", test_race);
	g_test_add_func("/store/outbound/tools", test_tools);
	g_test_add_func("/store/outbound/trim", test_trim);
	g_test_add_func("/store/outbound/user-gone", test_user_gone);
	status = g_test_run();
	store_close(&store);
	return status;
}
