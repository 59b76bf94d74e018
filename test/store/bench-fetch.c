/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast a mailbox is read: views, FETCH, STORE, SEARCH.  Built by make
 * check and not run; by hand:
 *
 *     test/pg-cluster run test/store/bench-fetch [MESSAGES] */
#include <stdlib.h>
#include <time.h>

#include "fixture.h"
#include "store/fetch.h"
#include "store/flag.h"
#include "store/search.h"
#include "store/view.h"

#define BODY_SIZE 4400
#define BATCH 200
#define LARGE_VIEW 100000

static Store *store;
static gint64 inbox;

/* --- time ------------------------------------------------------------------------------ */

typedef struct {
	gint64 wall;
	gint64 cpu; /* this process's; the server's is not in it */
} Moment;

static Moment now(void)
{
	struct timespec cpu;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	return (Moment){ g_get_monotonic_time(),
		cpu.tv_sec * G_USEC_PER_SEC + cpu.tv_nsec / 1000 };
}

/* Runs work some times and says what the fastest took. */
static void measure(const char *name, guint times, guint64 items,
	void (*work)(gpointer data), gpointer data)
{
	Moment best = { G_MAXINT64, 0 };
	for (guint i = 0; i < times; i++) {
		Moment begin = now();
		work(data);
		Moment end = now();
		if (end.wall - begin.wall < best.wall)
			best = (Moment){ end.wall - begin.wall,
				end.cpu - begin.cpu };
	}
	g_print("%-28s %9.2f ms  cpu %8.2f ms  %9.0f/s\n", name,
		(double)best.wall / 1000, (double)best.cpu / 1000,
		(double)items * 1e6 / (double)best.wall);
}

/* --- work ------------------------------------------------------------------------------- */

static MailboxView *get(gint64 mailbox)
{
	GError *error = NULL;
	MailboxView *view = NULL;
	if (!view_get(store, mailbox, &view, &error))
		database_check(error);
	return view;
}

typedef struct {
	const MailboxView *view;
	FetchWhat what;
	guint batch;
	guint count;
} Reading;

static void read_all(gpointer data)
{
	const Reading *reading = data;
	g_autofree FetchAsk *asks = g_new0(FetchAsk, reading->batch);
	GError *error = NULL;
	for (guint i = 0; i < reading->count;) {
		guint n = 0;
		for (; n < reading->batch && i < reading->count; n++, i++)
			asks[n] = (FetchAsk){
				.physmessage =
					reading->view->messages[i].physmessage,
				.size = G_MAXUINT64,
			};
		g_autoptr(FetchBatch) batch = NULL;
		if (!fetch_batch_new(
			    store, asks, n, reading->what, &batch, &error))
			database_check(error);
	}
}

static void load_view(gpointer data)
{
	const gint64 *mailbox = data;
	g_autoptr(Store) fresh = fixture_store(NULL);
	g_autoptr(MailboxView) view = NULL;
	GError *error = NULL;
	Moment begin = now();
	if (!view_get(fresh, *mailbox, &view, &error))
		database_check(error);
	Moment end = now();
	g_print("  load of %u: %.2f ms, cpu %.2f ms\n", view->count,
		(double)(end.wall - begin.wall) / 1000,
		(double)(end.cpu - begin.cpu) / 1000);
}

static void refresh(gpointer data)
{
	for (guint i = 0; i < 100; i++) {
		g_autoptr(MailboxView) view G_GNUC_UNUSED =
			get(*(const gint64 *)data);
	}
}

typedef struct {
	gint64 mailbox;
	guint32 last;
	guint count;
	gboolean look; /* at the view after each */
} Flagging;

static void flag(gpointer data)
{
	const Flagging *flagging = data;
	static guint round;
	for (guint i = 0; i < flagging->count; i++) {
		const FlagChange change = {
			.action = round++ % 2 ? FLAG_REMOVE : FLAG_ADD,
			.flags = FLAG_FLAGGED,
		};
		g_autoptr(NumSet) uids = numset_new();
		GError *error = NULL;
		guint64 seq;
		numset_add_range(uids, 1, flagging->last);
		if (!flag_change(store, flagging->mailbox, uids, &change, &seq,
			    NULL, &error))
			database_check(error);
		if (flagging->look) {
			g_autoptr(MailboxView) view G_GNUC_UNUSED =
				get(flagging->mailbox);
		}
	}
}

typedef struct {
	const MailboxView *view;
	SearchKey key;
} Searching;

static void search(gpointer data)
{
	const Searching *searching = data;
	g_autoptr(GArray) matches = NULL;
	GError *error = NULL;
	if (!search_run(store, searching->view, &searching->key, NULL, NULL,
		    &matches, &error))
		database_check(error);
}

/* --- mailboxes ---------------------------------------------------------------------------- */

static char *message_text(guint number)
{
	GString *text = g_string_new(NULL);
	g_string_append_printf(text,
		"Received: from mx%u.example.org by store.example.org\r\n"
		"From: Sender %u <sender%u@example.org>\r\n"
		"To: Reader <reader@example.net>, other%u@example.com\r\n"
		"Subject: Message number %u about things\r\n"
		"Date: Mon, 6 Jan 2020 10:%02u:%02u +0100\r\n"
		"Message-ID: <%u.bench@example.org>\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/alternative; boundary=\"bb\"\r\n\r\n"
		"--bb\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
		number % 9, number, number % 100, number % 50, number,
		number / 60 % 60, number % 60, number);
	while (text->len < BODY_SIZE / 2)
		g_string_append_printf(text, "Line %u of some text, %u\r\n",
			(guint)text->len, number);
	g_string_append(text,
		"--bb\r\nContent-Type: text/html;"
		" charset=utf-8\r\n\r\n");
	while (text->len < BODY_SIZE)
		g_string_append_printf(text, "<p>Line %u of html %u</p>\r\n",
			(guint)text->len, number);
	g_string_append(text, "--bb--\r\n");
	return g_string_free(text, FALSE);
}

static void fill(guint count)
{
	for (guint i = 0; i < count;) {
		MessagePut puts[50];
		guint n = 0;
		for (; n < G_N_ELEMENTS(puts) && i < count; n++, i++) {
			g_autofree char *text = message_text(i);
			puts[n] = (MessagePut){
				.draft = message_draft_new(store,
					bytes_of_string(g_strdup(text)), NULL),
				.mailbox = inbox,
				.internal_date = timestamp_now(),
			};
		}
		GError *error = NULL;
		if (!message_append(store, puts, n, &error))
			database_check(error);
		while (n > 0)
			message_draft_free(
				(MessageDraft **)(void *)&puts[--n].draft);
	}
}

/* A mailbox of many rows that all show one message. */
static gint64 large_mailbox(void)
{
	gint64 mailbox = fixture_inbox(fixture_user(store, "large", 0));
	g_autofree char *sql = g_strdup_printf(
		"INSERT INTO dbmail_physmessage (messagesize, internal_date,"
		" hash) SELECT 5000, now(), '' FROM generate_series(1, %d);"
		" INSERT INTO dbmail_messages (mailbox_idnr, physmessage_id,"
		" size, uid, seq) SELECT %" G_GINT64_FORMAT ", id, 5000,"
		" row_number() OVER (ORDER BY id), 2 FROM dbmail_physmessage"
		" WHERE hash = '';"
		" UPDATE dbmail_mailboxes SET seq = 2, uidnext = %d,"
		" messages = %d, unseen = %d WHERE mailbox_idnr = "
		"%" G_GINT64_FORMAT,
		LARGE_VIEW, mailbox, LARGE_VIEW + 1, LARGE_VIEW, LARGE_VIEW,
		mailbox);
	database_script(sql);
	return mailbox;
}

static void bench_fetch(const MailboxView *view)
{
	static const struct {
		const char *name;
		FetchWhat what;
	} kinds[] = {
		{ "META", FETCH_META },
		{ "ENVELOPE", FETCH_ENVELOPE },
		{ "STRUCTURE", FETCH_STRUCTURE },
		{ "SUMMARY", FETCH_SUMMARY },
		{ "HEADER", FETCH_HEADER },
		{ "RAW", FETCH_RAW },
	};
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		Reading all = { view, kinds[i].what, BATCH, view->count };
		Reading one = { view, kinds[i].what, 1, MIN(500, view->count) };
		g_autofree char *name =
			g_strdup_printf("%s one by one", kinds[i].name);
		measure(kinds[i].name, 3, all.count, read_all, &all);
		measure(name, 3, one.count, read_all, &one);
	}
}

static void bench_search(const MailboxView *view)
{
	Searching keys[] = {
		{ view,
			{ .kind = SEARCH_INTERNAL_DATE,
				.compare = SEARCH_GREATER_EQUAL,
				.day = { 2020, 1, 1 } } },
		{ view,
			{ .kind = SEARCH_HEADER,
				.field = "Subject",
				.text = "number 77" } },
		{ view,
			{ .kind = SEARCH_HEADER,
				.field = "Received",
				.text = "mx3" } },
		{ view, { .kind = SEARCH_BODY, .text = "nowhere" } },
		{ view, { .kind = SEARCH_TEXT, .text = "nowhere" } },
	};
	static const char *const names[] = { "SEARCH SINCE", "SEARCH SUBJECT",
		"SEARCH HEADER Received", "SEARCH BODY", "SEARCH TEXT" };
	for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
		measure(names[i], 2, view->count, search, &keys[i]);
}

static void bench_flags(gint64 mailbox, guint count)
{
	Flagging one = { mailbox, 1, 100, FALSE };
	Flagging look = { mailbox, 1, 100, TRUE };
	Flagging all = { mailbox, G_MAXUINT32, 1, FALSE };
	Flagging all_look = { mailbox, G_MAXUINT32, 1, TRUE };
	measure("STORE one, 100 times", 3, 100, flag, &one);
	measure("  and its view", 3, 100, flag, &look);
	measure("STORE all", 3, count, flag, &all);
	measure("  and its view", 3, count, flag, &all_look);
}

int main(int argc, char **argv)
{
	guint count = argc > 1 ? (guint)strtoul(argv[1], NULL, 10) : 10000;
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	inbox = fixture_inbox(fixture_user(store, "bench", 0));
	Moment begin = now();
	fill(count);
	Moment end = now();
	g_print("%u messages in %.1f s\n", count,
		(double)(end.wall - begin.wall) / 1e6);
	gint64 large = large_mailbox();
	database_script("ANALYZE dbmail_messages, dbmail_physmessage,"
			" dbmail_partlists, dbmail_mimeparts, dbmail_envelope,"
			" dbmail_mailboxes, dbmail_changes");
	for (guint i = 0; i < 3; i++)
		load_view(&inbox);
	for (guint i = 0; i < 3; i++)
		load_view(&large);
	g_autoptr(MailboxView) view = get(inbox);
	g_autoptr(MailboxView) wide = get(large);
	measure("refresh, 100 times", 3, 100, refresh, &inbox);
	bench_fetch(view);
	bench_flags(inbox, view->count);
	bench_flags(large, wide->count);
	bench_search(view);
	view_unref(&view);
	view_unref(&wide);
	store_close(&store);
	return 0;
}
