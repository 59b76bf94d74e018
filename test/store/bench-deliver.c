/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Measures deliveries into the database that DBMAIL_PGCONN names.
 *
 *   test/pg-cluster run \
 *       test/store/bench-deliver [SECONDS [PARTS [TARGETS [THREADS]]]]
 *
 * prints, for 1, 4 and 16 threads or for THREADS, deliveries per second and
 * the processor time of this process per delivery.  With BENCH_CONFIRM in the
 * environment each is confirmed too.  BENCH_WANT says what else a script wants
 * of each: "file" (into another mailbox), "flag" (with a keyword), "mail" (a
 * copy sent on) or "answer" (a vacation response, seldom due). */
#include <sys/resource.h>

#include "fixture.h"

#define MAILBOXES 64

typedef struct {
	Store *store;
	const gint64 *mailboxes;
	const gint64 *users; /* their owners */
	guint parts;
	guint targets;
	guint first; /* mailbox of this thread */
	guint step;
	gint *ending;
	guint64 delivered;
} Worker;

/* One body in five has been seen before. */
static char *compose(GRand *rand, const Worker *worker)
{
	g_autoptr(GString) text = g_string_new(NULL);

	g_string_append_printf(text,
		"Return-Path: <sender@example.org>\r\n"
		"Received: from mx.example.org by mail.example.net; Sun, 22 "
		"Nov 2026 10:00:00 +0000\r\n"
		"From: A Sender <sender@example.org>\r\n"
		"To: Somebody <somebody@example.net>\r\n"
		"Subject: Message number %u of a measurement\r\n"
		"Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
		"Message-ID: <%08x%08x@example.org>\r\nMIME-Version: 1.0\r\n",
		g_rand_int(rand), g_rand_int(rand), g_rand_int(rand));
	if (worker->parts > 2)
		g_string_append(text,
			"Content-Type: multipart/mixed;"
			" boundary=limit\r\n\r\n");
	for (guint i = 1; i < worker->parts; i += 2) {
		const guint number = g_rand_int_range(rand, 0, 5) == 0 ?
			(guint)g_rand_int_range(rand, 0, 50) :
			g_rand_int(rand);

		if (worker->parts > 2)
			g_string_append(text, "--limit\r\n");
		g_string_append(text, "Content-Type: text/plain\r\n\r\n");
		for (guint line = 0; line < 40; line++)
			g_string_append_printf(text,
				"Line %u of text number %u, which says little"
				".\r\n",
				line, number);
	}
	if (worker->parts > 2)
		g_string_append(text, "--limit--\r\n");
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* What BENCH_WANT says, to one mailbox. */
static gboolean deliver_wanted(const Worker *worker, const char *want,
	const MessageDraft *draft, const char *text, guint next,
	const DeliveryKey *key, GError **error)
{
	static const char *const keywords[] = { "work", NULL };
	const guint at = next % MAILBOXES;
	const gint64 inbox = worker->mailboxes[at];
	DeliveryPut put = { .put = { .draft = draft,
				    .mailbox = inbox,
				    .internal_date = timestamp_now() } };
	const OutboundMail mail = { "redirect", worker->users[at], "",
		"somebody@example.org", bytes_of_string(text) };
	const DeliveryResponse response = { "handle", "sender@example.org",
		86400, mail };
	DeliveryShare share = { .mailbox = inbox,
		.user = worker->users[at],
		.puts = &put,
		.n_puts = 1 };

	if (g_str_equal(want, "file"))
		put.put.mailbox = worker->mailboxes[(at + 1) % MAILBOXES];
	else if (g_str_equal(want, "flag"))
		put.put.keywords = keywords;
	share.mails = &mail;
	share.n_mails = g_str_equal(want, "mail") ? 1 : 0;
	share.responses = &response;
	share.n_responses = g_str_equal(want, "answer") ? 1 : 0;
	return delivery_store(worker->store, &share, 1, key, error);
}

static gboolean deliver(const Worker *worker, const MessageDraft *draft,
	const char *text, guint next, const DeliveryKey *key, GError **error)
{
	const char *want = g_getenv("BENCH_WANT");
	FixtureTarget targets[MAILBOXES];

	if (want != NULL)
		return deliver_wanted(
			worker, want, draft, text, next, key, error);
	for (guint i = 0; i < worker->targets; i++)
		targets[i].mailbox = worker->mailboxes[(next + i) % MAILBOXES];
	return fixture_deliver_all(worker->store, draft, timestamp_now(), key,
		targets, worker->targets, error);
}

static gpointer work(gpointer data)
{
	Worker *worker = data;
	g_autoptr(GRand) rand = g_rand_new();
	guint next = worker->first;

	while (!g_atomic_int_get(worker->ending)) {
		g_autofree char *text = compose(rand, worker);
		g_autoptr(MessageDraft) draft = message_draft_new(
			worker->store, bytes_of_string(text), NULL);
		DeliveryKey key;
		GError *error = NULL;

		for (guint i = 0; i < DELIVERY_KEY_SIZE; i++)
			key.bytes[i] = (guint8)g_rand_int(rand);
		if (!deliver(worker, draft, text, next, &key, &error))
			database_check(error);
		if (g_getenv("BENCH_CONFIRM") != NULL)
			message_delivery_confirmed(worker->store, &key);
		next += worker->step;
		worker->delivered++;
	}
	return NULL;
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void measure(const Worker *model, guint threads, guint seconds)
{
	g_autofree Worker *workers = g_new(Worker, threads);
	g_autofree GThread **running = g_new(GThread *, threads);
	const double cpu = cpu_seconds();
	const gint64 begin = g_get_monotonic_time();
	guint64 delivered = 0;
	gint ending = 0;
	double wall;

	for (guint i = 0; i < threads; i++) {
		workers[i] = *model;
		workers[i].first = i;
		workers[i].step = threads;
		workers[i].ending = &ending;
		running[i] = g_thread_new("work", work, &workers[i]);
	}
	g_usleep(seconds * G_USEC_PER_SEC);
	g_atomic_int_set(&ending, 1);
	for (guint i = 0; i < threads; i++) {
		g_thread_join(running[i]);
		delivered += workers[i].delivered;
	}
	wall = (double)(g_get_monotonic_time() - begin) / 1e6;
	g_print("%2u threads: %7.0f deliveries/s, %.3f ms of our CPU each\n",
		threads, (double)delivered / wall,
		(cpu_seconds() - cpu) * 1e3 / (double)MAX(delivered, 1));
}

static guint argument(char **argv, int index, int argc, guint otherwise)
{
	guint64 value = otherwise;

	if (argc > index &&
		!g_ascii_string_to_unsigned(
			argv[index], 10, 1, MAILBOXES, &value, NULL))
		g_error("%s is not a number from 1 to %d", argv[index],
			MAILBOXES);
	return (guint)value;
}

int main(int argc, char **argv)
{
	static const guint counts[] = { 1, 4, 16 };
	g_autoptr(Store) store = NULL;
	gint64 mailboxes[MAILBOXES];
	gint64 users[MAILBOXES];
	Worker model = { .mailboxes = mailboxes, .users = users };
	const guint seconds = argument(argv, 1, argc, 3);

	if (g_getenv("DBMAIL_PGCONN") == NULL)
		g_error("DBMAIL_PGCONN names no database");
	model.parts = argument(argv, 2, argc, 2);
	model.targets = argument(argv, 3, argc, 1);
	store = fixture_store("max_db_connections = 16");
	model.store = store;
	for (guint i = 0; i < MAILBOXES; i++) {
		g_autofree char *name = g_strdup_printf(
			"bench%u-%" G_GINT64_FORMAT, i, g_get_real_time());

		users[i] = fixture_user(store, name, 0);
		mailboxes[i] = fixture_inbox(users[i]);
	}
	if (argc > 4)
		measure(&model, argument(argv, 4, argc, 1), seconds);
	for (gsize i = 0; argc <= 4 && i < G_N_ELEMENTS(counts); i++)
		measure(&model, counts[i], seconds);
	return 0;
}
