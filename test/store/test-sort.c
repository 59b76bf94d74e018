/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SORT: RFC 5256's criteria on real messages, and many rows in random order. */
#include "store/sort.h"

#include "base/text.h"
#include "rows.h"
#include "store/column.h"

static Store *store;

/* --- criteria on messages --------------------------------------------------------------- */

/* Sequence numbers from 1; INTERNALDATE is day 20 of January 2020 and on. */
static const char *const messages[] = {
	"From: Zoe <beta@example.org>\r\nTo: \"Quoted, Name\" <x@a>\r\n"
	"Cc: cc2@example.org\r\nSubject: Re: apple\r\n"
	"Date: Fri, 3 Jan 2020 10:00:00 +0000\r\n\r\nsome text\r\n",
	"From: ALPHA@example.org\r\nTo: y@a\r\nSubject: Banana\r\n"
	"Date: Fri, 3 Jan 2020 10:30:00 +0100\r\n\r\nx\r\n",
	"From: =?utf-8?Q?=C3=84nne?= <gamma@example.org>\r\n"
	"To: group: one@a, two@a;\r\nCc: CC1@example.org\r\n"
	"Subject: [list] APPLE (fwd)\r\n\r\nlonger text, longer text\r\n",
	"Subject: \r\nTo: undisclosed:;\r\n"
	"Date: nonsense\r\n\r\ny\r\n",
	"From: beta@example.com (Comment)\r\nTo: \"\" <Z@a>\r\n"
	"Subject: =?utf-8?Q?=C3=84pfel?=\r\n"
	"Date: Wed, 1 Jan 2020 00:00:00 +0000\r\n\r\nz\r\n",
	"From: \"a \\\"quote\\\" \\\\ {5}\" <delta@example.org>\r\n"
	"Subject: banana\r\n\r\nend\r\n",
};

static gint64 message_mailbox(void)
{
	gint64 inbox = fixture_inbox(fixture_user(store, "sort", 0));
	for (guint i = 0; i < G_N_ELEMENTS(messages); i++) {
		g_autoptr(MessageDraft) draft = message_draft_new(
			store, bytes_of_string(messages[i]), NULL);
		MessagePut put = {
			.draft = draft,
			.mailbox = inbox,
			.internal_date = TIMESTAMP_SECOND *
				(1579478400 + (gint64)i * 86400),
		};
		GError *error = NULL;
		if (!message_append(store, &put, 1, &error))
			database_check(error);
	}
	return inbox;
}

static char *run(const MailboxView *view, const SortKey *keys, guint count,
	const GArray *scores)
{
	g_autoptr(GArray) indexes = rows_all(view);
	GError *error = NULL;
	if (!sort_run(store, view, keys, count, indexes, scores, &error))
		database_check(error);
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < indexes->len; i++)
		g_string_append_printf(
			out, "%u", g_array_index(indexes, guint, i) + 1);
	return g_string_free(out, FALSE);
}

static const struct {
	SortKey keys[3];
	guint count;
	const char *order;
} vectors[] = {
	{ { { 0 } }, 0, "123456" },
	{ { { SORT_ARRIVAL, FALSE } }, 1, "123456" },
	{ { { SORT_ARRIVAL, TRUE } }, 1, "654321" },
	/* a message without a date that can be read has its INTERNALDATE */
	{ { { SORT_DATE, FALSE } }, 1, "521346" },
	{ { { SORT_DATE, TRUE } }, 1, "643125" },
	/* "", apple twice, banana twice, aepfel between them: decomposed */
	{ { { SORT_SUBJECT, FALSE } }, 1, "413526" },
	{ { { SORT_SUBJECT, TRUE } }, 1, "265134" },
	{ { { SORT_SUBJECT, FALSE }, { SORT_DATE, TRUE } }, 2, "431562" },
	/* "", alpha, beta twice, delta, gamma */
	{ { { SORT_FROM, FALSE } }, 1, "421563" },
	{ { { SORT_FROM, FALSE }, { SORT_DATE, FALSE } }, 2, "425163" },
	/* "", group (its name), undisclosed, x, y, z */
	{ { { SORT_TO, FALSE } }, 1, "634125" },
	{ { { SORT_CC, FALSE } }, 1, "245631" },
	{ { { SORT_CC, TRUE } }, 1, "132456" },
	/* "", a "quote", alpha@..., aenne, comment, zoe */
	{ { { SORT_DISPLAYFROM, FALSE } }, 1, "462351" },
	/* "", group, quoted, undisclosed, y@a, z@a */
	{ { { SORT_DISPLAYTO, FALSE } }, 1, "631425" },
};

static void test_vectors(void)
{
	g_autoptr(MailboxView) view = rows_view(store, message_mailbox());
	for (guint i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *order =
			run(view, vectors[i].keys, vectors[i].count, NULL);
		if (strcmp(order, vectors[i].order) == 0)
			continue;
		g_test_message("%u: %s, not %s", i, order, vectors[i].order);
		g_test_fail();
	}
	const SortKey size = { SORT_SIZE, FALSE };
	g_autofree char *sizes = run(view, &size, 1, NULL);
	for (guint i = 1; i < view->count; i++)
		g_assert_cmpuint(view->messages[sizes[i - 1] - '1'].size, <=,
			view->messages[sizes[i] - '1'].size);
}

static void test_relevancy(void)
{
	static const guint8 values[] = { 10, 90, 0, 100, 90 };
	gint64 mailbox = fixture_number("SELECT mailbox_idnr"
					" FROM dbmail_mailboxes"
					" ORDER BY messages DESC LIMIT 1");
	g_autoptr(MailboxView) view = rows_view(store, mailbox);
	g_autoptr(GArray) scores = g_array_new(FALSE, FALSE, 1);
	g_array_append_vals(scores, values, G_N_ELEMENTS(values));
	const SortKey key = { SORT_RELEVANCY, FALSE };
	g_autofree char *order = run(view, &key, 1, scores);
	g_assert_cmpstr(order, ==, "425136");
	g_autofree char *none = run(view, &key, 1, NULL);
	g_assert_cmpstr(none, ==, "123456");
}

/* --- many -------------------------------------------------------------------------------- */

#define MANY 20000

typedef struct {
	const RowMessage *messages;
	char **folded;
} Many;

static int compare_many(gconstpointer a, gconstpointer b, gpointer data)
{
	const Many *many = data;
	guint left = *(const guint *)a, right = *(const guint *)b;
	int order = strcmp(many->folded[left], many->folded[right]);
	gint64 x = many->messages[left].sent, y = many->messages[right].sent;
	if (order != 0)
		return order;
	if (x != y)
		return x > y ? -1 : 1;
	return left < right ? -1 : left > right;
}

static char *random_subject(GRand *rand)
{
	static const char *const pieces[] = { "a", "A", "longer than eight",
		"\xc3\xa4", "\xc3\x84", "zz", " ", "\xf0\x9f\x98\x80" };
	GString *text = g_string_new("same beginning ");
	gint32 count = g_rand_int_range(rand, 0, 6);
	for (gint32 i = 0; i < count; i++)
		g_string_append(text,
			pieces[g_rand_int_range(
				rand, 0, G_N_ELEMENTS(pieces))]);
	g_string_append_c(text, '.');
	return g_string_free(text, FALSE);
}

/* RFC 5051 for what random_subject() makes. */
static char *title_case(const char *text)
{
	g_autofree char *upper = g_utf8_strup(text, -1);
	return g_utf8_normalize(upper, -1, G_NORMALIZE_ALL);
}

/* SUBJECT, REVERSE DATE against a plain comparison, before and after more
 * messages come. */
static void test_many(void)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed(5957);
	g_autofree RowMessage *rows = g_new0(RowMessage, MANY);
	g_auto(GStrv) subjects = g_new0(char *, MANY + 1);
	g_auto(GStrv) folded = g_new0(char *, MANY + 1);
	for (guint i = 0; i < MANY; i++) {
		g_autoptr(GString) base = g_string_new(NULL);
		subjects[i] = random_subject(rand);
		(void)mime_subject_base(subjects[i], base);
		folded[i] = title_case(base->str);
		rows[i].subject = subjects[i];
		rows[i].sent = g_rand_int_range(rand, 0, 50) - 25;
	}
	gint64 mailbox = rows_mailbox(store, "many", rows, MANY);
	g_autoptr(MailboxView) view = rows_view(store, mailbox);
	const SortKey keys[] = { { SORT_SUBJECT, FALSE }, { SORT_DATE, TRUE } };
	Many many = { rows, folded };
	for (guint count = MANY / 4; count <= MANY; count += MANY / 4) {
		g_autoptr(GArray) got = rows_all(view);
		g_array_set_size(got, count);
		g_autoptr(GArray) want = g_array_copy(got);
		GError *error = NULL;
		g_array_sort_with_data(want, compare_many, &many);
		if (!sort_run(store, view, keys, 2, got, NULL, &error))
			database_check(error);
		g_assert_cmpmem(got->data, got->len * sizeof(guint), want->data,
			want->len * sizeof(guint));
	}
}

/* Ranges: messages in no order, some of them twice, some gone, and others'
 * between them. */
static void test_scattered(void)
{
	g_autofree RowMessage *rows = g_new0(RowMessage, MANY);
	for (guint i = 0; i < MANY; i++)
		rows[i].sent = rows[i].arrival = i;
	gint64 mailbox = rows_mailbox(store, "scattered", rows, MANY);
	g_autoptr(MailboxView) before = rows_view(store, mailbox);
	gint64 first = before->messages[0].physmessage;
	g_autofree char *script = g_strdup_printf(
		"UPDATE dbmail_messages SET save_date = NULL, physmessage_id ="
		" %" G_GINT64_FORMAT " + (uid / 50 * 350 +"
		" uid %% 47 * (1 + uid / 1000)) %% %d"
		" WHERE mailbox_idnr = %" G_GINT64_FORMAT,
		first, MANY, mailbox);
	database_script(script);
	store_close(&store);
	store = fixture_store(NULL);
	g_autoptr(MailboxView) view = rows_view(store, mailbox);
	static const ColumnId columns[] = { COLUMN_DATE, COLUMN_ARRIVAL,
		COLUMN_SAVED };
	for (guint i = 0; i < G_N_ELEMENTS(columns) * 2; i++) {
		g_autoptr(ColumnValues) values = NULL;
		g_autoptr(GArray) indexes = rows_all(view);
		GError *error = NULL;
		/* Every third first, so that the rest has holes. */
		if (i % 2 == 0)
			for (guint j = 0; j < MANY; j++)
				g_array_index(indexes, guint, j / 3) =
					j / 3 * 3;
		guint count = i % 2 == 0 ? (MANY + 2) / 3 : MANY;
		if (!column_read(store, view, columns[i / 2],
			    (const guint *)(void *)indexes->data, count,
			    &values, &error))
			database_check(error);
		for (guint j = 0; j < count; j++) {
			guint index = g_array_index(indexes, guint, j);
			gint64 message = view->messages[index].physmessage;
			g_assert_cmpint(column_number(values, j), ==,
				(message - first) * TIMESTAMP_SECOND);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/sort/vectors", test_vectors);
	g_test_add_func("/store/sort/relevancy", test_relevancy);
	g_test_add_func("/store/sort/many", test_many);
	g_test_add_func("/store/sort/scattered", test_scattered);
	int status = g_test_run();
	store_close(&store);
	return status;
}
