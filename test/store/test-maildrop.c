/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maildrop locks: one session at a time, never longer than a lease. */
#include "store/maildrop.h"

#include "fixture.h"

static Store *store;

static MaildropLock *lock(gint64 mailbox, const char *session)
{
	MaildropLock *taken = NULL;
	GError *error = NULL;

	if (!maildrop_lock(store, mailbox, session, &taken, &error))
		database_check(error);
	return taken;
}

static void assert_in_use(gint64 mailbox)
{
	MaildropLock *taken = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(maildrop_lock(store, mailbox, "other", &taken, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_IN_USE));
	g_assert_null(taken);
}

static void test_exclusive(void)
{
	const gint64 one = fixture_inbox(fixture_user(store, "one", 0));
	const gint64 two = fixture_inbox(fixture_user(store, "two", 0));
	MaildropLock *first = lock(one, "first");
	MaildropLock *second = lock(two, "second");

	g_assert_true(maildrop_lock_is_held(first));
	assert_in_use(one);
	/* Not even the same session twice. */
	assert_in_use(two);
	maildrop_unlock(&first);
	g_assert_null(first);
	first = lock(one, "again");
	maildrop_unlock(&first);
	maildrop_unlock(&second);
	maildrop_unlock(&second);
	g_assert_cmpint(
		fixture_number("SELECT count(*) FROM dbmail_maildrop_locks"),
		==, 0);
}

/* What a killed daemon leaves is anybody's after its lease, and the one who
 * then had lost it cannot give it back for the other. */
static void test_expired(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "expired", 0));
	MaildropLock *dead = lock(inbox, "dead");
	MaildropLock *heir;

	g_assert_cmpint(fixture_number("SELECT count(*) FROM "
				       "dbmail_maildrop_locks WHERE expires"
				       " BETWEEN now() + interval '50 s' AND "
				       "now() + interval '60 s'"),
		==, 1);
	database_script("UPDATE dbmail_maildrop_locks"
			" SET expires = now() - interval '1 second'");
	heir = lock(inbox, "heir");
	maildrop_unlock(&dead);
	assert_in_use(inbox);
	maildrop_unlock(&heir);
}

static gint winners;

static gpointer compete(gpointer data)
{
	const gint64 inbox = *(const gint64 *)data;
	g_autofree char *session =
		g_strdup_printf("%p", (void *)g_thread_self());
	MaildropLock *taken = NULL;

	if (maildrop_lock(store, inbox, session, &taken, NULL))
		g_atomic_int_inc(&winners);
	return taken;
}

static void test_race(void)
{
	gint64 inbox = fixture_inbox(fixture_user(store, "race", 0));
	GThread *threads[6];
	MaildropLock *taken[6];

	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("compete", compete, &inbox);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		taken[i] = g_thread_join(threads[i]);
	g_assert_cmpint(winners, ==, 1);
	for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
		maildrop_unlock(&taken[i]);
}

/* The thread renews leases; where somebody else has one meanwhile, the
 * session knows.  Half a minute: only with -m slow. */
static void test_renewal(void)
{
	const gint64 inbox = fixture_inbox(fixture_user(store, "renewed", 0));
	const gint64 other = fixture_inbox(fixture_user(store, "robbed", 0));
	MaildropLock *kept;
	MaildropLock *robbed;

	if (!g_test_slow()) {
		g_test_skip("takes 25 seconds");
		return;
	}
	kept = lock(inbox, "kept");
	robbed = lock(other, "robbed");
	database_script("UPDATE dbmail_maildrop_locks SET session = 'robber'"
			" WHERE session = 'robbed';"
			"UPDATE dbmail_maildrop_locks SET expires = now() +"
			" interval '30 s' WHERE session = 'kept'");
	g_usleep(25 * G_USEC_PER_SEC);
	g_assert_true(maildrop_lock_is_held(kept));
	g_assert_false(maildrop_lock_is_held(robbed));
	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM dbmail_maildrop_locks WHERE"
			" session = 'kept' AND expires > now() + interval '40 "
			"s'"),
		==, 1);
	maildrop_unlock(&kept);
	maildrop_unlock(&robbed);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/maildrop/exclusive", test_exclusive);
	g_test_add_func("/store/maildrop/expired", test_expired);
	g_test_add_func("/store/maildrop/race", test_race);
	g_test_add_func("/store/maildrop/renewal", test_renewal);
	status = g_test_run();
	store_close(&store);
	return status;
}
