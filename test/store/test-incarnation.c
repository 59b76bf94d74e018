/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server that forgets: no number is used twice, and views are right again. */
#include <signal.h>

#include "fixture.h"
#include "store/flag.h"
#include "store/view.h"

#define CHANGES 40
#define ROUNDS 3
#define ROUNDS_MAX (10 * ROUNDS)

static Store *store;

static void cluster(const char *verb, const char *mode)
{
	const char *argv[] = { g_getenv("DBMAIL_PG_CLUSTER"), verb,
		g_getenv("DBMAIL_PG_DIR"), mode, NULL };
	int status = 0;
	GError *error = NULL;

	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL,
		    NULL, NULL, NULL, &status, &error) ||
		!g_spawn_check_wait_status(status, &error))
		database_check(error);
}

static void crash_server(void)
{
	cluster("stop", "immediate");
	cluster("start", NULL);
}

/* One backend dies: the server begins anew without having been restarted. */
static void crash_backend(void)
{
	g_autoptr(DbConnection) victim = database_connection();
	g_autoptr(DbConnection) witness = database_connection();
	g_autoptr(DbConnection) next = NULL;

	kill(db_connection_backend_pid(victim), SIGKILL);
	while (db_connection_exec_script(witness, "SELECT 1", NULL))
		g_usleep(10 * 1000);
	next = database_connection();
}

static void deliver(gint64 mailbox)
{
	fixture_deliver(store, mailbox,
		bytes_of_string("Subject: x\r\n\r\nx\r\n"), DELIVERY_STORED);
}

static guint64 toggle(Store *with, gint64 mailbox, guint32 uid, FlagAction how)
{
	const FlagChange change = { .action = how, .flags = FLAG_FLAGGED };
	g_autoptr(NumSet) uids = numset_new();
	GError *error = NULL;
	guint64 seq = 0;

	numset_add(uids, uid);
	if (!flag_change(with, mailbox, uids, &change, &seq, NULL, &error))
		database_check(error);
	return seq;
}

static MailboxView *get(Store *from, gint64 mailbox)
{
	GError *error = NULL;
	MailboxView *view = NULL;

	if (!view_get(from, mailbox, &view, &error))
		database_check(error);
	return view;
}

static void assert_as_loaded(const MailboxView *view)
{
	g_autoptr(Store) fresh = fixture_store(NULL);
	g_autoptr(MailboxView) loaded = get(fresh, view->mailbox);

	g_assert_cmpuint(view->seq, ==, loaded->seq);
	g_assert_cmpuint(view->uidnext, ==, loaded->uidnext);
	g_assert_cmpuint(view->count, ==, loaded->count);
	for (guint i = 0; i < view->count; i++) {
		const ViewMessage *left = &view->messages[i];
		const ViewMessage *right = &loaded->messages[i];
		g_assert_cmpuint(left->uid, ==, right->uid);
		g_assert_cmpuint(left->flags, ==, right->flags);
		g_assert_cmpuint(left->modseq, ==, right->modseq);
	}
}

static gint64 seq_on_disk(gint64 mailbox)
{
	g_autofree char *query = g_strdup_printf(
		"SELECT seq FROM dbmail_mailboxes WHERE mailbox_idnr ="
		" %" G_GINT64_FORMAT,
		mailbox);

	return fixture_number(query);
}

/* What the server forgot of the changes just before the crash. */
static guint64 crash_once(gint64 mailbox, void (*crash)(void))
{
	g_autoptr(MailboxView) first = get(store, mailbox);
	guint64 seen = first->seq;

	for (guint i = 0; i < CHANGES; i++)
		seen = toggle(store, mailbox, 1 + i % 5,
			first->messages[i % 5].flags & FLAG_FLAGGED ?
				FLAG_REMOVE :
				FLAG_ADD);
	g_autoptr(MailboxView) ahead = get(store, mailbox);
	g_assert_cmpuint(ahead->seq, ==, seen);
	crash();
	gint64 left = seq_on_disk(mailbox);
	g_assert_cmpint(left, <=, (gint64)seen);

	g_autoptr(MailboxView) after = get(store, mailbox);
	g_assert_cmpuint(after->seq, >, seen);
	g_assert_cmpuint(after->flags_floor, >, seen);
	g_assert_cmpuint(after->flags_floor, <=, after->seq);
	g_assert_cmpuint(after->uidnext, >, ahead->uidnext);
	assert_as_loaded(after);
	g_assert_cmpuint(
		toggle(store, mailbox, 1,
			after->messages[0].flags & FLAG_FLAGGED ? FLAG_REMOVE :
								  FLAG_ADD),
		>, after->seq);
	return seen - (guint64)left;
}

static void test_views(void)
{
	void (*const crashes[])(void) = { crash_server, crash_backend };
	gint64 mailbox = fixture_inbox(fixture_user(store, "views", 0));

	for (guint i = 0; i < 5; i++)
		deliver(mailbox);
	for (guint c = 0; c < G_N_ELEMENTS(crashes); c++) {
		guint64 lost = 0;
		guint round = 0;
		/* A slow machine may have written all before the crash. */
		for (; round < ROUNDS || (lost == 0 && round < ROUNDS_MAX);
			round++)
			lost += crash_once(mailbox, crashes[c]);
		/* Else the test shows nothing. */
		g_assert_cmpuint(lost, >, 0);
		g_test_message("%" G_GUINT64_FORMAT " changes lost", lost);
	}
	fixture_assert_sums();
}

/* Whoever writes first after the crash, the numbers go on behind all others,
 * and the log begins anew. */
static void test_writers(void)
{
	gint64 mailbox = fixture_inbox(fixture_user(store, "writers", 0));
	g_autoptr(MailboxView) before = NULL;
	g_autoptr(MailboxView) after = NULL;

	for (guint i = 0; i < 5; i++)
		deliver(mailbox);
	toggle(store, mailbox, 2, FLAG_ADD);
	before = get(store, mailbox);
	crash_server();
	deliver(mailbox);
	after = get(store, mailbox);
	g_assert_cmpuint(after->count, ==, 6);
	g_assert_cmpuint(after->messages[5].uid, >, before->uidnext);
	g_assert_cmpuint(after->messages[5].modseq, >, before->seq);
	assert_as_loaded(after);

	view_unref(&before);
	before = g_steal_pointer(&after);
	crash_server();
	g_assert_cmpuint(toggle(store, mailbox, 3, FLAG_ADD), >, before->seq);
	after = get(store, mailbox);
	g_assert_cmpuint(after->uidnext, >, before->uidnext);
	assert_as_loaded(after);
	fixture_assert_sums();
}

/* A clean restart forgets nothing, and nothing jumps. */
static void test_restart(void)
{
	gint64 mailbox = fixture_inbox(fixture_user(store, "restart", 0));
	guint64 seq;

	deliver(mailbox);
	seq = toggle(store, mailbox, 1, FLAG_ADD);
	cluster("stop", "fast");
	cluster("start", NULL);
	g_assert_cmpuint(toggle(store, mailbox, 1, FLAG_REMOVE), ==, seq + 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	if (g_getenv("DBMAIL_PG_CLUSTER") == NULL) {
		puts("1..0 # SKIP this cluster is not ours to crash");
		return 0;
	}
	store = fixture_store(NULL);
	g_test_add_func("/store/incarnation/views", test_views);
	g_test_add_func("/store/incarnation/writers", test_writers);
	g_test_add_func("/store/incarnation/restart", test_restart);
	int status = g_test_run();
	store_close(&store);
	return status;
}
