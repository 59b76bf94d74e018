/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of messages is what was read, within bounds, and forgotten when
 * a server was lost. */
#include "store/hot.h"

#include "fixture.h"
#include "mime/structure.h"

#define CACHE_SIZE 200000
#define ALL \
	(FETCH_META | FETCH_ENVELOPE | FETCH_STRUCTURE | FETCH_HEADER | \
		FETCH_RAW)

static Store *store;
static gint64 inbox;

typedef struct {
	GString *text;
	FetchAsk ask;
} Sample;

static Sample sample_new(const char *subject, gsize size)
{
	Sample sample = { .text = g_string_new("Subject: ") };

	g_string_append_printf(sample.text, "%s\r\n\r\n", subject);
	while (sample.text->len < size)
		g_string_append_printf(
			sample.text, "line at %zu\r\n", sample.text->len);
	fixture_deliver(store, inbox,
		bytes_of(sample.text->str, sample.text->len), DELIVERY_STORED);
	sample.ask = (FetchAsk){
		.physmessage = fixture_number(
			"SELECT max(id) FROM dbmail_physmessage"),
		.size = G_MAXUINT64,
		.has_size = TRUE,
		.message_size = sample.text->len,
	};
	return sample;
}

static void sample_clear(Sample *sample)
{
	g_string_free(sample->text, TRUE);
}

static FetchBatch *fetch(const FetchAsk *asks, guint count, FetchWhat what)
{
	GError *error = NULL;
	FetchBatch *batch = NULL;

	if (!fetch_batch_new(store, asks, count, what, &batch, &error))
		database_check(error);
	return batch;
}

static void assert_text(Bytes bytes, const char *expected)
{
	g_assert_true(bytes_equal(bytes, bytes_of_string(expected)));
}

/* Behind the store's back, so that reading it again would tell. */
static void spoil(const Sample *sample)
{
	g_autofree char *sql = g_strdup_printf(
		"DELETE FROM dbmail_partlists WHERE physmessage_id = "
		"%" G_GINT64_FORMAT
		"; UPDATE dbmail_envelope SET envelope = 'spoilt', structure = "
		"'spoilt' WHERE physmessage_id = %" G_GINT64_FORMAT,
		sample->ask.physmessage, sample->ask.physmessage);

	database_script(sql);
}

/* TRUE where the message comes as it was though its rows are spoilt. */
static gboolean is_kept(const Sample *sample, FetchWhat what)
{
	g_autoptr(FetchBatch) batch = NULL;
	g_autoptr(GError) error = NULL;

	if (!fetch_batch_new(store, &sample->ask, 1, what, &batch, &error))
		return FALSE;
	const FetchedMessage *message = fetch_batch_message(batch, 0);
	return message->found &&
		(!(what & FETCH_RAW) ||
			bytes_equal(message->raw,
				bytes_of(sample->text->str,
					sample->text->len))) &&
		!bytes_equal(message->envelope, bytes_of_string("spoilt"));
}

/* --- tests ------------------------------------------------------------------ */

static void test_values(void)
{
	Sample sample = sample_new("values", 1000);
	g_autoptr(FetchBatch) first = fetch(&sample.ask, 1, ALL);

	spoil(&sample);
	g_autoptr(FetchBatch) again = fetch(&sample.ask, 1, ALL);
	const FetchedMessage *one = fetch_batch_message(first, 0);
	const FetchedMessage *other = fetch_batch_message(again, 0);
	g_assert_true(other->found);
	g_assert_cmpint(other->internal_date, ==, one->internal_date);
	g_assert_cmpuint(other->size, ==, sample.text->len);
	g_assert_true(bytes_equal(other->envelope, one->envelope));
	g_assert_true(bytes_equal(other->structure, one->structure));
	assert_text(other->header, "Subject: values\r\n\r\n");
	assert_text(other->raw, sample.text->str);
	FetchAsk range = sample.ask;
	range.offset = 9;
	range.size = 6;
	g_autoptr(FetchBatch) part = fetch(&range, 1, FETCH_RAW);
	assert_text(fetch_batch_message(part, 0)->raw, "values");
	range.offset = sample.text->len;
	g_autoptr(FetchBatch) none = fetch(&range, 1, FETCH_RAW);
	g_assert_cmpuint(fetch_batch_message(none, 0)->raw.size, ==, 0);
	sample_clear(&sample);
}

/* What is not kept of a message is read, and nothing of it is mixed up with
 * others of the same batch. */
static void test_mixed(void)
{
	Sample samples[] = { sample_new("one", 400), sample_new("two", 500),
		sample_new("three", 600) };
	g_autoptr(FetchBatch) second G_GNUC_UNUSED =
		fetch(&samples[1].ask, 1, FETCH_HEADER);
	const FetchAsk asks[] = { samples[0].ask, samples[1].ask,
		samples[2].ask,
		{ .physmessage = 987654321, .size = 10, .has_size = TRUE } };
	g_autoptr(FetchBatch) header = fetch(asks, 4, FETCH_HEADER);
	g_autoptr(FetchBatch) batch = fetch(asks, 4, FETCH_HEADER | FETCH_RAW);

	assert_text(
		fetch_batch_message(header, 0)->header, "Subject: one\r\n\r\n");
	assert_text(
		fetch_batch_message(header, 1)->header, "Subject: two\r\n\r\n");
	for (guint i = 0; i < G_N_ELEMENTS(samples); i++) {
		assert_text(fetch_batch_message(batch, i)->raw,
			samples[i].text->str);
		sample_clear(&samples[i]);
	}
	g_assert_false(fetch_batch_message(batch, 3)->found);
}

static void assert_structure(FetchBatch *batch, guint form)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) expected = g_string_new(NULL);
	GError *error = NULL;
	Bytes text;

	mime_structure_write(
		mime_structure_decode(
			arena, fetch_batch_message(batch, 0)->structure, NULL),
		form, expected);
	if (!fetch_batch_structure_text(store, batch, 0, form, &text, &error))
		database_check(error);
	assert_text(text, expected->str);
}

static void test_structure_text(void)
{
	Sample sample = sample_new("structure", 300);
	g_autoptr(FetchBatch) first = fetch(&sample.ask, 1, FETCH_STRUCTURE);

	for (guint form = 0; form < 4; form++)
		assert_structure(first, form);
	spoil(&sample);
	g_autoptr(FetchBatch) again = fetch(&sample.ask, 1, FETCH_STRUCTURE);
	for (guint form = 0; form < 4; form++)
		assert_structure(again, form);
	sample_clear(&sample);
}

/* Many messages, read one by one, are kept as far as there is room, the last
 * of them; what somebody holds stays readable. */
static void test_bounds(void)
{
	Sample held = sample_new("held", 1000);
	g_autoptr(FetchBatch) batch = fetch(&held.ask, 1, ALL);
	Sample samples[100];

	for (guint i = 0; i < G_N_ELEMENTS(samples); i++) {
		samples[i] = sample_new("bound", 5000);
		g_autoptr(FetchBatch) one G_GNUC_UNUSED =
			fetch(&samples[i].ask, 1, ALL);
		g_assert_cmpuint(hot_bytes(store->hot), <=, CACHE_SIZE);
	}
	g_assert_cmpuint(hot_bytes(store->hot), >, CACHE_SIZE / 3);
	assert_text(fetch_batch_message(batch, 0)->raw, held.text->str);
	Sample large = sample_new("large", CACHE_SIZE);
	g_autoptr(FetchBatch) all = fetch(&large.ask, 1, FETCH_RAW);
	assert_text(fetch_batch_message(all, 0)->raw, large.text->str);
	g_assert_cmpuint(hot_bytes(store->hot), <=, CACHE_SIZE);
	sample_clear(&large);
	for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
		sample_clear(&samples[i]);
	sample_clear(&held);
}

/* Reading a whole mailbox drives nothing out that was used just now. */
static void test_many_at_once(void)
{
	FetchAsk asks[100];
	Sample sample = sample_new("stays", 5000);
	g_autoptr(FetchBatch) first G_GNUC_UNUSED = fetch(&sample.ask, 1, ALL);

	for (guint i = 0; i < G_N_ELEMENTS(asks); i++) {
		Sample other = sample_new("scan", 5000);
		asks[i] = other.ask;
		sample_clear(&other);
	}
	g_autoptr(FetchBatch) scan = fetch(asks, G_N_ELEMENTS(asks), ALL);
	assert_text(
		fetch_batch_message(scan, 99)->header, "Subject: scan\r\n\r\n");
	spoil(&sample);
	g_assert_true(is_kept(&sample, ALL));
	sample_clear(&sample);
}

/* A server that comes back may be one restored from a backup, where numbers
 * mean other messages. */
static void test_lost_server(void)
{
	Sample sample = sample_new("lost", 500);
	Sample other = sample_new("other", 500);
	g_autoptr(FetchBatch) first G_GNUC_UNUSED = fetch(&sample.ask, 1, ALL);

	spoil(&sample);
	g_assert_true(is_kept(&sample, ALL));
	fixture_number("SELECT count(pg_terminate_backend(pid)) FROM "
		       "pg_stat_activity WHERE application_name = "
		       "'dbmail-test' AND pid <> pg_backend_pid()");
	g_autoptr(FetchBatch) notices G_GNUC_UNUSED =
		fetch(&other.ask, 1, FETCH_RAW);
	g_assert_false(is_kept(&sample, ALL));
	sample_clear(&other);
	sample_clear(&sample);
}

/* Nor does reading some messages as a whole, one by one. */
static void test_shares(void)
{
	Sample listed = sample_new("listed", 500);
	g_autoptr(FetchBatch) first G_GNUC_UNUSED =
		fetch(&listed.ask, 1, FETCH_ENVELOPE);

	for (guint i = 0; i < 50; i++) {
		Sample other = sample_new("whole", 5000);
		g_autoptr(FetchBatch) one G_GNUC_UNUSED =
			fetch(&other.ask, 1, FETCH_RAW);
		sample_clear(&other);
	}
	spoil(&listed);
	g_assert_true(is_kept(&listed, FETCH_ENVELOPE));
	sample_clear(&listed);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store_with(
		"[IMAP]\nmax_message_cache = 200000", STORE_HOT);
	inbox = fixture_inbox(fixture_user(store, "hot", 0));
	g_test_add_func("/store/hot/values", test_values);
	g_test_add_func("/store/hot/mixed", test_mixed);
	g_test_add_func("/store/hot/structure-text", test_structure_text);
	g_test_add_func("/store/hot/bounds", test_bounds);
	g_test_add_func("/store/hot/many-at-once", test_many_at_once);
	g_test_add_func("/store/hot/shares", test_shares);
	g_test_add_func("/store/hot/lost-server", test_lost_server);
	int status = g_test_run();
	store_close(&store);
	return status;
}
