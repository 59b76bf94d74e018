/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is read is what was stored: any range of any message. */
#include "store/fetch.h"

#include "fixture.h"
#include "mime/structure.h"
#include "store/view.h"

static Store *store;
static gint64 inbox;

/* --- messages ------------------------------------------------------------------------ */

typedef struct {
	GString *text;
	gint64 physmessage;
	gsize header; /* size of its header block */
} Sample;

static GArray *samples; /* of Sample */

/* Bytes that no compression makes small. */
static void append_noise(GString *out, gsize size, guint32 seed)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(seed);
	for (gsize i = 0; i < size; i++)
		g_string_append_c(out,
			i % 77 == 76 ?
				'\n' :
				(char)('!' + g_rand_int_range(random, 0, 90)));
}

static GString *make_plain(void)
{
	return g_string_new("From: a@example.org\r\nSubject: plain\r\n"
			    "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n\r\n"
			    "Hello\r\n");
}

static GString *make_empty(void)
{
	return g_string_new("");
}

static GString *make_no_body(void)
{
	return g_string_new("Subject: no body");
}

static GString *make_no_header(void)
{
	return g_string_new("\r\nonly a body\r\n");
}

static GString *make_binary(void)
{
	GString *text = g_string_new("Subject: binary\r\n\r\n");
	for (guint i = 0; i < 1000; i++)
		g_string_append_c(text, (char)i);
	return text;
}

static GString *make_many_parts(void)
{
	GString *text = g_string_new("Content-Type: multipart/mixed;"
				     " boundary=b\r\n\r\npreamble\r\n");
	for (guint i = 0; i < 400; i++)
		g_string_append_printf(text,
			"--b\r\nContent-Description: %u\r\n"
			"\r\npart %u\r\n",
			i, i % 7);
	g_string_append(text, "--b--\r\nepilogue\r\n");
	return text;
}

static GString *make_large(void)
{
	GString *text =
		g_string_new("Subject: large\r\nContent-Type:"
			     " multipart/mixed; boundary=b\r\n\r\n--b\r\n"
			     "\r\nsmall\r\n--b\r\n"
			     "Content-Type: application/x-noise\r\n\r\n");
	append_noise(text, 3 * 1048576 + 12345, 1);
	g_string_append(text, "\r\n--b\r\n\r\nlast\r\n--b--\r\n");
	return text;
}

static GString *make_compressible(void)
{
	GString *text = g_string_new("Subject: lines\r\n\r\n");
	for (guint i = 0; i < 40000; i++)
		g_string_append(text, "the same line again and again\r\n");
	return text;
}

/* A header of more than one row. */
static GString *make_large_header(void)
{
	GString *text = g_string_new("Subject: header\r\nX-Noise: ");
	append_noise(text, 100, 2);
	for (guint i = 0; i < 30000; i++)
		g_string_append_printf(text, "\r\n and %u, which is more", i);
	g_string_append(text, "\r\nX-Other: x\r\n");
	for (guint i = 0; i < 30000; i++)
		g_string_append_printf(text, "X-Field-%u: some value\r\n", i);
	g_string_append(text, "\r\nbody\r\n");
	return text;
}

static GString *(*const makers[])(void) = {
	make_plain,
	make_empty,
	make_no_body,
	make_no_header,
	make_binary,
	make_many_parts,
	make_large,
	make_compressible,
	make_large_header,
};

static gsize header_size(const GString *text)
{
	if (g_str_has_prefix(text->str, "\r\n"))
		return 2;
	const char *blank = strstr(text->str, "\r\n\r\n");
	return blank != NULL ? (gsize)(blank - text->str) + 4 : text->len;
}

static void make_samples(void)
{
	samples = g_array_new(FALSE, FALSE, sizeof(Sample));
	inbox = fixture_inbox(fixture_user(store, "fetch", 0));
	for (guint i = 0; i < G_N_ELEMENTS(makers); i++) {
		Sample sample = { .text = makers[i]() };
		sample.header = header_size(sample.text);
		fixture_deliver(store, inbox,
			bytes_of(sample.text->str, sample.text->len),
			DELIVERY_STORED);
		sample.physmessage = fixture_number(
			"SELECT max(id) FROM dbmail_physmessage");
		g_array_append_val(samples, sample);
	}
}

static void free_samples(void)
{
	for (guint i = 0; i < samples->len; i++)
		g_string_free(g_array_index(samples, Sample, i).text, TRUE);
	g_array_unref(samples);
}

static FetchBatch *fetch(const FetchAsk *asks, guint count, FetchWhat what)
{
	GError *error = NULL;
	FetchBatch *batch = NULL;
	if (!fetch_batch_new(store, asks, count, what, &batch, &error))
		database_check(error);
	return batch;
}

static void assert_bytes(Bytes bytes, Bytes expected)
{
	g_assert_cmpuint(bytes.size, ==, expected.size);
	g_assert_true(bytes_equal(bytes, expected));
}

static Bytes sample_bytes(const Sample *sample)
{
	return bytes_of(sample->text->str, sample->text->len);
}

/* --- tests -------------------------------------------------------------------------------- */

/* All values of all messages, backwards, with one twice and one not there. */
static void test_values(void)
{
	guint count = samples->len + 2;
	g_autofree FetchAsk *asks = g_new0(FetchAsk, count);
	for (guint i = 0; i < count; i++)
		asks[i] = (FetchAsk){ .physmessage = 987654321,
			.size = G_MAXUINT64 };
	for (guint i = 0; i < samples->len; i++)
		asks[samples->len - i].physmessage =
			g_array_index(samples, Sample, i).physmessage;
	asks[0].physmessage = g_array_index(samples, Sample, 5).physmessage;
	asks[0].offset = 30;
	asks[0].size = 1000;
	g_autoptr(FetchBatch) batch = fetch(asks, count,
		FETCH_META | FETCH_ENVELOPE | FETCH_STRUCTURE | FETCH_HEADER |
			FETCH_SUMMARY | FETCH_RAW);
	g_assert_false(fetch_batch_message(batch, count - 1)->found);
	assert_bytes(fetch_batch_message(batch, 0)->raw,
		bytes_slice(sample_bytes(&g_array_index(samples, Sample, 5)),
			30, 1000));
	for (guint i = 0; i < samples->len; i++) {
		const Sample *sample = &g_array_index(samples, Sample, i);
		const FetchedMessage *message =
			fetch_batch_message(batch, samples->len - i);
		g_assert_true(message->found);
		g_assert_cmpint(message->physmessage, ==, sample->physmessage);
		g_assert_cmpuint(message->size, ==, sample->text->len);
		assert_bytes(message->raw, sample_bytes(sample));
		assert_bytes(message->header,
			bytes_slice(sample_bytes(sample), 0, sample->header));
		g_assert_cmpint(message->envelope.data[0], ==, '(');
		g_autoptr(Arena) arena = arena_new();
		const MimeStructure *root =
			mime_structure_decode(arena, message->structure, NULL);
		g_assert_nonnull(root);
		g_assert_cmpuint(root->body_end, ==, sample->text->len);
		g_assert_cmpuint(root->body, ==, sample->header);
	}
	const FetchedMessage *plain = fetch_batch_message(batch, samples->len);
	g_assert_cmpstr(plain->subject, ==, "plain");
	g_assert_cmpstr(plain->from, ==, "a@example.org");
	g_assert_null(plain->to);
	g_assert_true(plain->has_sent_date);
	g_assert_cmpint(plain->sent_zone, ==, -360);
	g_assert_false(plain->truncated);
}

/* What was not asked for is empty, with each kind alone. */
static void test_each_alone(void)
{
	const FetchAsk ask = {
		.physmessage = g_array_index(samples, Sample, 0).physmessage,
		.size = G_MAXUINT64
	};
	for (guint bit = 0; bit < 6; bit++) {
		g_autoptr(FetchBatch) batch = fetch(&ask, 1, 1u << bit);
		const FetchedMessage *message = fetch_batch_message(batch, 0);
		FetchWhat what = 1u << bit;
		g_assert_true(message->found);
		g_assert_true((message->envelope.size > 0) ==
			(what == FETCH_ENVELOPE));
		g_assert_true((message->structure.size > 0) ==
			(what == FETCH_STRUCTURE));
		g_assert_true(
			(message->header.size > 0) == (what == FETCH_HEADER));
		g_assert_true((message->raw.size > 0) == (what == FETCH_RAW));
		g_assert_true(
			(message->subject != NULL) == (what == FETCH_SUMMARY));
	}
	g_autoptr(FetchBatch) none = fetch(NULL, 0, FETCH_RAW);
	g_assert_nonnull(none);
}

/* A caller that knows the sizes has the same answers; a size that is wrong
 * does not bring a message back, nor hide that rows are missing. */
static void test_known_sizes(void)
{
	g_autofree FetchAsk *asks = g_new0(FetchAsk, samples->len + 1);
	for (guint i = 0; i < samples->len; i++) {
		const Sample *sample = &g_array_index(samples, Sample, i);
		asks[i] = (FetchAsk){ .physmessage = sample->physmessage,
			.size = G_MAXUINT64,
			.has_size = TRUE,
			.message_size = sample->text->len };
	}
	asks[samples->len] = (FetchAsk){ .physmessage = 987654321,
		.size = G_MAXUINT64,
		.has_size = TRUE,
		.message_size = 17 };
	g_autoptr(FetchBatch) raw = fetch(asks, samples->len + 1, FETCH_RAW);
	g_autoptr(FetchBatch) header =
		fetch(asks, samples->len + 1, FETCH_HEADER);
	for (guint i = 0; i < samples->len; i++) {
		const Sample *sample = &g_array_index(samples, Sample, i);
		Bytes all = sample_bytes(sample);
		const FetchedMessage *message = fetch_batch_message(raw, i);
		g_assert_true(message->found);
		assert_bytes(message->raw, all);
		message = fetch_batch_message(header, i);
		g_assert_true(message->found);
		assert_bytes(message->header,
			bytes_slice(all, 0, message->header.size));
	}
	g_assert_false(fetch_batch_message(raw, samples->len)->found);
	g_assert_false(fetch_batch_message(header, samples->len)->found);
}

static gboolean collect(Bytes bytes, gpointer data)
{
	g_assert_cmpuint(bytes.size, <=, 1048576);
	g_string_append_len(data, bytes.data, (gssize)bytes.size);
	return TRUE;
}

static void assert_range(const Sample *sample, guint64 offset, guint64 size)
{
	Bytes expected = bytes_slice(sample_bytes(sample), (gsize)offset, size);
	const FetchAsk ask = { .physmessage = sample->physmessage,
		.offset = offset,
		.size = size };
	g_autoptr(FetchBatch) batch = fetch(&ask, 1, FETCH_RAW);
	assert_bytes(fetch_batch_message(batch, 0)->raw, expected);

	g_autoptr(GString) streamed = g_string_new(NULL);
	GError *error = NULL;
	if (!fetch_stream(store, sample->physmessage, offset, size, collect,
		    streamed, &error))
		database_check(error);
	assert_bytes(bytes_of(streamed->str, streamed->len), expected);
}

static void test_ranges(void)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(7);
	static const guint64 sizes[] = { 0, 1, 7, 100, 5000, 2000000,
		G_MAXUINT64 };
	for (guint i = 0; i < samples->len; i++) {
		const Sample *sample = &g_array_index(samples, Sample, i);
		gint32 length = (gint32)sample->text->len;
		assert_range(sample, 0, G_MAXUINT64);
		assert_range(sample, (guint64)length, 10);
		assert_range(sample, G_MAXUINT64, G_MAXUINT64);
		assert_range(sample, G_MAXINT64, 1);
		for (guint j = 0; j < 12; j++)
			assert_range(sample,
				(guint64)g_rand_int_range(
					random, 0, length + 5),
				sizes[j % G_N_ELEMENTS(sizes)]);
		/* Around the ends of its rows. */
		for (gint32 at = 1048576; at < length; at += 1048576)
			assert_range(sample, (guint64)at - 3, 6);
	}
}

static gboolean stop_at_once(Bytes bytes G_GNUC_UNUSED, gpointer data)
{
	++*(guint *)data;
	return FALSE;
}

static void test_stream_ends(void)
{
	guint calls = 0;
	GError *error = NULL;
	const Sample *large = &g_array_index(samples, Sample, 6);
	if (!fetch_stream(store, large->physmessage, 0, G_MAXUINT64,
		    stop_at_once, &calls, &error))
		database_check(error);
	g_assert_cmpuint(calls, ==, 1);
	g_assert_false(fetch_stream(
		store, 987654321, 0, 10, stop_at_once, &calls, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND));
	g_clear_error(&error);
}

static void assert_torn(gint64 physmessage, guint64 offset)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(FetchBatch) batch = NULL;
	g_autoptr(GString) streamed = g_string_new(NULL);
	const FetchAsk ask = { .physmessage = physmessage,
		.offset = offset,
		.size = G_MAXUINT64 };
	g_assert_false(
		fetch_batch_new(store, &ask, 1, FETCH_RAW, &batch, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INTERNAL));
	g_clear_error(&error);
	g_assert_false(fetch_stream(store, physmessage, offset, G_MAXUINT64,
		collect, streamed, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INTERNAL));
}

/* A row that is missing or misplaced is an error, not other bytes. */
static void test_torn(void)
{
	static const char *const damages[] = {
		"DELETE FROM dbmail_partlists WHERE part_key = 1 AND",
		"DELETE FROM dbmail_partlists WHERE part_key = 401 AND",
		"DELETE FROM dbmail_partlists WHERE part_key = 402 AND",
		"UPDATE dbmail_partlists SET part_offset = part_offset + 1"
		" WHERE part_key = 300 AND",
		"UPDATE dbmail_partlists SET part_offset = part_offset - 1"
		" WHERE part_key = 300 AND",
	};
	for (guint i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_autoptr(GString) text = make_many_parts();
		fixture_deliver(store, inbox, bytes_of(text->str, text->len),
			DELIVERY_STORED);
		gint64 id = fixture_number(
			"SELECT max(id) FROM dbmail_physmessage");
		g_autofree char *sql =
			g_strdup_printf("%s physmessage_id = %" G_GINT64_FORMAT,
				damages[i], id);
		database_script(sql);
		assert_torn(id, 0);
	}
}

/* A message the splitter failed on has one kind of row. */
static void test_kept_whole(void)
{
	const Sample *plain = &g_array_index(samples, Sample, 0);
	fixture_deliver(store, inbox, sample_bytes(plain), DELIVERY_STORED);
	gint64 id = fixture_number("SELECT max(id) FROM dbmail_physmessage");
	g_autofree char *sql = g_strdup_printf(
		"WITH new AS (INSERT INTO dbmail_mimeparts (size, data)"
		" SELECT sum(p.size), string_agg(p.data, '' ORDER BY part_key,"
		" part_order) FROM dbmail_partlists l JOIN dbmail_mimeparts p"
		" ON p.id = l.part_id WHERE physmessage_id = %" G_GINT64_FORMAT
		" RETURNING id) UPDATE dbmail_partlists SET part_id = new.id,"
		" is_header = 0 FROM new WHERE physmessage_id = "
		"%" G_GINT64_FORMAT
		" AND part_order = 0; DELETE FROM dbmail_partlists WHERE"
		" physmessage_id = %" G_GINT64_FORMAT " AND part_order > 0",
		id, id, id);
	database_script(sql);
	const FetchAsk ask = { .physmessage = id, .size = G_MAXUINT64 };
	g_autoptr(FetchBatch) batch = fetch(&ask, 1, FETCH_HEADER | FETCH_RAW);
	const FetchedMessage *message = fetch_batch_message(batch, 0);
	assert_bytes(message->raw, sample_bytes(plain));
	assert_bytes(message->header,
		bytes_slice(sample_bytes(plain), 0, plain->header));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	make_samples();
	g_test_add_func("/store/fetch/values", test_values);
	g_test_add_func("/store/fetch/each-alone", test_each_alone);
	g_test_add_func("/store/fetch/known-sizes", test_known_sizes);
	g_test_add_func("/store/fetch/ranges", test_ranges);
	g_test_add_func("/store/fetch/stream-ends", test_stream_ends);
	g_test_add_func("/store/fetch/torn", test_torn);
	g_test_add_func("/store/fetch/kept-whole", test_kept_whole);
	int status = g_test_run();
	free_samples();
	store_close(&store);
	return status;
}
