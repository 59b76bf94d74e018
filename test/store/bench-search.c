/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast SEARCH, SORT and THREAD are, first and again.  Built by make check
 * and not run; by hand:
 *
 *     test/pg-cluster run test/store/bench-search [MESSAGES] [ROWS] */
#include "rows.h"
#include "store/search.h"
#include "store/sort.h"
#include "store/thread.h"

#define BODY_SIZE 4400
#define TIMES 5

static Store *store;

/* --- what is measured --------------------------------------------------------------- */

typedef struct {
	const char *name;
	SearchKey search;
	SortKey sort;
	ThreadAlgorithm thread;
	enum { DO_SEARCH, DO_SORT, DO_THREAD } what;
} Job;

#define SEARCH(label, ...) \
	{ \
		label, { __VA_ARGS__ }, { 0 }, 0, DO_SEARCH \
	}
#define SORT(label, field) \
	{ \
		label, { 0 }, { field, FALSE }, 0, DO_SORT \
	}
#define THREAD(label, which) \
	{ \
		label, { 0 }, { 0 }, which, DO_THREAD \
	}

static const Job quick[] = {
	SEARCH("SEARCH UNSEEN", .kind = SEARCH_FLAGS, .flags_mask = FLAG_SEEN),
	SEARCH("SEARCH SINCE", .kind = SEARCH_INTERNAL_DATE,
		.compare = SEARCH_GREATER_EQUAL, .day = { 2020, 1, 1 }),
	SEARCH("SEARCH SENTSINCE", .kind = SEARCH_SENT_DATE,
		.compare = SEARCH_GREATER_EQUAL, .day = { 2020, 1, 1 }),
	SEARCH("SEARCH SUBJECT", .kind = SEARCH_HEADER, .field = "Subject",
		.text = "number 77"),
	SEARCH("SEARCH FROM", .kind = SEARCH_HEADER, .field = "From",
		.text = "sender77"),
	SEARCH("SEARCH FUZZY SUBJECT", .kind = SEARCH_HEADER,
		.field = "Subject", .text = "nmuber thigns", .fuzzy = TRUE),
	SORT("SORT ARRIVAL", SORT_ARRIVAL),
	SORT("SORT DATE", SORT_DATE),
	SORT("SORT SUBJECT", SORT_SUBJECT),
	SORT("SORT FROM", SORT_FROM),
	THREAD("THREAD REFERENCES", THREAD_REFERENCES),
	THREAD("THREAD ORDEREDSUBJECT", THREAD_ORDEREDSUBJECT),
	THREAD("THREAD REFS", THREAD_REFS),
};

static const Job bodies[] = {
	SEARCH("SEARCH BODY", .kind = SEARCH_BODY, .text = "of html 777<"),
	SEARCH("SEARCH BODY nowhere", .kind = SEARCH_BODY, .text = "nowhere"),
	SEARCH("SEARCH TEXT", .kind = SEARCH_TEXT, .text = "sender77@"),
	SEARCH("SEARCH TEXT nowhere", .kind = SEARCH_TEXT, .text = "nowhere"),
	SEARCH("SEARCH HEADER Received", .kind = SEARCH_HEADER,
		.field = "Received", .text = "mx3"),
};

static guint job_run(const Job *job, const MailboxView *view)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GArray) found = NULL;
	const ThreadNode *first = NULL;
	GError *error = NULL;
	gboolean ok = TRUE;
	if (job->what == DO_SEARCH) {
		ok = search_run(
			store, view, &job->search, NULL, NULL, &found, &error);
	} else {
		found = rows_all(view);
		ok = job->what == DO_SORT ?
			sort_run(store, view, &job->sort, 1, found, NULL,
				&error) :
			thread_run(store, view, job->thread, found, arena,
				&first, &error);
	}
	if (!ok)
		database_check(error);
	return found->len;
}

static void measure(const Job *jobs, guint count, const MailboxView *view)
{
	for (guint i = 0; i < count; i++) {
		gint64 first = 0, best = G_MAXINT64;
		guint found = 0;
		for (guint j = 0; j < TIMES; j++) {
			gint64 begin = g_get_monotonic_time();
			found = job_run(&jobs[i], view);
			gint64 took = g_get_monotonic_time() - begin;
			if (j == 0)
				first = took;
			best = MIN(best, took);
		}
		g_print("%-24s %7u found  first %9.2f ms  again %9.2f ms\n",
			jobs[i].name, found, (double)first / 1000,
			(double)best / 1000);
	}
}

/* --- mailboxes ------------------------------------------------------------------------- */

static void append_text(GString *text, guint number)
{
	g_string_append_printf(text,
		"Received: from mx%u.example.org by store.example.org\r\n"
		"From: Sender %u <sender%u@example.org>\r\n"
		"To: Reader <reader@example.net>, other%u@example.com\r\n"
		"Subject: Message number %u about things\r\n"
		"Date: Mon, 6 Jan 2020 10:%02u:%02u +0100\r\n"
		"Message-ID: <%u.bench@example.org>\r\nMIME-Version: 1.0\r\n"
		"References: <%u.bench@example.org> <%u.bench@example.org>\r\n"
		"Content-Type: multipart/alternative; boundary=\"bb\"\r\n\r\n"
		"--bb\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n",
		number % 9, number, number % 100, number % 50, number,
		number / 60 % 60, number % 60, number, number / 10 * 10,
		number / 3 * 3);
	gsize begin = text->len;
	while (text->len < begin + BODY_SIZE / 2)
		g_string_append_printf(text, "Line %u of some text, %u\r\n",
			(guint)(text->len - begin), number);
	g_string_append(text,
		"--bb\r\nContent-Type: text/html;"
		" charset=utf-8\r\n\r\n");
	while (text->len < begin + BODY_SIZE)
		g_string_append_printf(text, "<p>Line %u of html %u</p>\r\n",
			(guint)(text->len - begin), number);
	g_string_append(text, "--bb--\r\n");
}

static gint64 fill(guint count)
{
	gint64 inbox = fixture_inbox(fixture_user(store, "bench", 0));
	for (guint i = 0; i < count;) {
		MessagePut puts[50];
		guint n = 0;
		for (; n < G_N_ELEMENTS(puts) && i < count; n++, i++) {
			g_autoptr(GString) text = g_string_new(NULL);
			append_text(text, i);
			puts[n] = (MessagePut){
				.draft = message_draft_new(store,
					bytes_of(
						g_strdup(text->str), text->len),
					NULL),
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
	return inbox;
}

static gint64 fill_rows(guint count)
{
	g_autofree RowMessage *rows = g_new0(RowMessage, count);
	g_autoptr(GStringChunk) texts = g_string_chunk_new(1 << 16);
	for (guint i = 0; i < count; i++) {
		char id[80], references[160], subject[80];
		g_snprintf(id, sizeof(id), "<%u.bench@example.org>", i);
		g_snprintf(references, sizeof(references),
			"<%u.bench@example.org> <%u.bench@example.org>",
			i / 10 * 10, i / 3 * 3);
		g_snprintf(subject, sizeof(subject),
			"%sMessage number %u about things", i % 3 ? "Re: " : "",
			i / 10);
		rows[i] = (RowMessage){
			.message_id = g_string_chunk_insert(texts, id),
			.references = g_string_chunk_insert(texts, references),
			.subject = g_string_chunk_insert(texts, subject),
			.sent = (gint64)(i * 2654435761u % 300000000u),
			.arrival = (gint64)i,
		};
	}
	gint64 mailbox = rows_mailbox(store, "rows", rows, count);
	database_script("ANALYZE");
	return mailbox;
}

int main(int argc, char **argv)
{
	guint count =
		argc > 1 ? (guint)g_ascii_strtoull(argv[1], NULL, 10) : 10000;
	guint rows =
		argc > 2 ? (guint)g_ascii_strtoull(argv[2], NULL, 10) : 100000;
	store = fixture_store(NULL);
	gint64 mailbox = fill_rows(rows);
	g_print("%u messages\n", rows);
	g_autoptr(MailboxView) large = rows_view(store, mailbox);
	measure(quick, G_N_ELEMENTS(quick), large);
	mailbox = fill(count);
	g_print("%u messages\n", count);
	g_autoptr(MailboxView) view = rows_view(store, mailbox);
	measure(quick, G_N_ELEMENTS(quick), view);
	measure(bodies, G_N_ELEMENTS(bodies), view);
	store_close(&store);
	return 0;
}
