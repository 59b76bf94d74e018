/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every type goes to the server as a parameter and comes back as a row. */
#include "db/rows.h"

#include "database.h"

static DbPool *pool;

/* One statement, one parameter, one value back. */
typedef struct {
	DbBatch *batch;
	DbParams *params;
	const DbRows *rows;
} Trip;

static Trip trip_begin(const DbStatement *statement)
{
	Trip trip = { .batch = db_batch_new() };
	trip.params = db_batch_add(trip.batch, statement);
	return trip;
}

static const DbRows *trip_run(Trip *trip)
{
	database_run(pool, trip->batch, DB_READ);
	trip->rows = db_batch_rows(trip->batch, 0);
	g_assert_cmpuint(db_rows_count(trip->rows), ==, 1);
	return trip->rows;
}

/* The second column is what the server makes of the value. */
static const DbStatement echo_int16 = { "echo_int16",
	"SELECT $1::smallint, $1::smallint::text" };
static const DbStatement echo_int32 = { "echo_int32",
	"SELECT $1::integer, $1::integer::text" };
static const DbStatement echo_int64 = { "echo_int64",
	"SELECT $1::bigint, $1::bigint::text" };

static void test_integers(void)
{
	static const gint64 values[] = { 0, 1, -1, 255, 256, -256, G_MAXINT16,
		G_MININT16, G_MAXINT32, G_MININT32, G_MAXINT64, G_MININT64,
		G_GINT64_CONSTANT(0x0102030405060708) };
	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		gint64 value = values[i];
		g_autofree char *text =
			g_strdup_printf("%" G_GINT64_FORMAT, value);
		Trip trip = trip_begin(&echo_int64);
		db_params_int64(trip.params, value);
		const DbRows *rows = trip_run(&trip);
		g_assert_cmpint(db_rows_int64(rows, 0, 0), ==, value);
		g_assert_cmpstr(db_rows_text(rows, 0, 1), ==, text);
		db_batch_free(&trip.batch);
		if (value < G_MININT32 || value > G_MAXINT32)
			continue;
		trip = trip_begin(&echo_int32);
		db_params_int32(trip.params, (gint32)value);
		rows = trip_run(&trip);
		g_assert_cmpint(db_rows_int32(rows, 0, 0), ==, value);
		g_assert_cmpint(db_rows_int64(rows, 0, 0), ==, value);
		g_assert_cmpstr(db_rows_text(rows, 0, 1), ==, text);
		db_batch_free(&trip.batch);
		if (value < G_MININT16 || value > G_MAXINT16)
			continue;
		trip = trip_begin(&echo_int16);
		db_params_int16(trip.params, (gint16)value);
		rows = trip_run(&trip);
		g_assert_cmpint(db_rows_int16(rows, 0, 0), ==, value);
		g_assert_cmpint(db_rows_int32(rows, 0, 0), ==, value);
		g_assert_cmpint(db_rows_int64(rows, 0, 0), ==, value);
		g_assert_cmpstr(db_rows_text(rows, 0, 1), ==, text);
		db_batch_free(&trip.batch);
	}
}

static const DbStatement echo_bool = { "echo_bool",
	"SELECT $1::boolean, $1::boolean::text" };

static void test_bool(void)
{
	for (gboolean value = FALSE; value <= TRUE; value++) {
		Trip trip = trip_begin(&echo_bool);
		db_params_bool(trip.params, value);
		const DbRows *rows = trip_run(&trip);
		g_assert_cmpint(db_rows_bool(rows, 0, 0), ==, value);
		g_assert_cmpstr(
			db_rows_text(rows, 0, 1), ==, value ? "true" : "false");
		db_batch_free(&trip.batch);
	}
}

static const DbStatement echo_text = { "echo_text",
	"SELECT $1::text, octet_length($1::text), $2::text, $3::text" };

static void test_text(void)
{
	static const char *const values[] = { "", "a", "it's \\ \"quoted\"\n",
		"\xc3\xa9\xf0\x9f\x93\xa7", "%s $1" };
	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		Bytes expected = bytes_of_string(values[i]);
		Trip trip = trip_begin(&echo_text);
		db_params_text(trip.params, values[i]);
		db_params_text_n(trip.params, bytes_slice(expected, 0, 1));
		db_params_text(trip.params, NULL);
		/* One byte of a longer character is no text. */
		if (values[i][0] == '\xc3') {
			g_autoptr(GError) error = NULL;
			g_assert_false(
				db_pool_run(pool, trip.batch, DB_READ, &error));
			g_assert_true(
				dbmail_error_is(error, DBMAIL_ERROR_INVALID));
			g_assert_true(db_error_is_state(error, "22021"));
			db_batch_free(&trip.batch);
			continue;
		}
		const DbRows *rows = trip_run(&trip);
		g_assert_cmpstr(db_rows_text(rows, 0, 0), ==, values[i]);
		g_assert_cmpint(
			db_rows_int32(rows, 0, 1), ==, (int)expected.size);
		g_assert_cmpuint(strlen(db_rows_text(rows, 0, 2)), ==,
			MIN(expected.size, 1));
		g_assert_null(db_rows_text(rows, 0, 3));
		db_batch_free(&trip.batch);
	}
}

static const DbStatement echo_bytes = { "echo_bytes",
	"SELECT $1::bytea, octet_length($1::bytea), $1::bytea IS NULL" };

static void test_bytes(void)
{
	char all[256];
	for (guint i = 0; i < sizeof all; i++)
		all[i] = (char)i;
	const Bytes values[] = { bytes_of(all, sizeof all), bytes_of(all, 1),
		bytes_of("", 0), bytes_of(NULL, 0) };
	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		Trip trip = trip_begin(&echo_bytes);
		db_params_bytes(trip.params, values[i]);
		const DbRows *rows = trip_run(&trip);
		Bytes back = db_rows_bytes(rows, 0, 0);
		g_assert_nonnull(back.data);
		g_assert_true(bytes_equal(back, values[i]));
		g_assert_cmpint(
			db_rows_int32(rows, 0, 1), ==, (int)values[i].size);
		g_assert_false(db_rows_bool(rows, 0, 2));
		db_batch_free(&trip.batch);
	}
}

static const DbStatement echo_time = { "echo_time",
	"SELECT $1::timestamptz, $1::timestamptz::text,"
	" $1::timestamptz AT TIME ZONE 'UTC'" };

static void test_timestamp(void)
{
	static const struct {
		Timestamp time;
		const char *text;
	} values[] = {
		{ 0, "1970-01-01 00:00:00+00" },
		{ -1, "1969-12-31 23:59:59.999999+00" },
		{ 946684800 * TIMESTAMP_SECOND, "2000-01-01 00:00:00+00" },
		{ 1795255200 * TIMESTAMP_SECOND + 123456,
			"2026-11-21 10:00:00.123456+00" },
		{ -62135596800 * TIMESTAMP_SECOND, "0001-01-01 00:00:00+00" },
		{ G_MAXINT64, "infinity" },
		{ G_MININT64, "-infinity" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		Trip trip = trip_begin(&echo_time);
		db_params_timestamp(trip.params, values[i].time);
		const DbRows *rows = trip_run(&trip);
		g_assert_cmpint(
			db_rows_timestamp(rows, 0, 0), ==, values[i].time);
		g_assert_cmpstr(db_rows_text(rows, 0, 1), ==, values[i].text);
		g_assert_cmpint(
			db_rows_timestamp(rows, 0, 2), ==, values[i].time);
		db_batch_free(&trip.batch);
	}
}

/* Times PostgreSQL cannot hold are refused, not wrapped. */
static void test_timestamp_out_of_range(void)
{
	/* The latest Timestamp is within PostgreSQL's range. */
	static const Timestamp values[] = { G_MININT64 + 1,
		-250000 * TIMESTAMP_SECOND * 365 * 86400 };
	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autoptr(DbBatch) batch = db_batch_new();
		g_autoptr(GError) error = NULL;
		db_params_timestamp(db_batch_add(batch, &echo_time), values[i]);
		g_assert_false(db_pool_run(pool, batch, DB_READ, &error));
		g_assert_true(db_error_is_state(error, "22008"));
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	}
}

static const DbStatement echo_null = { "echo_null",
	"SELECT $1::bigint, $2::text, $3::bytea, $4::timestamptz,"
	" $5::bigint[], $6::text[]" };

static void test_null(void)
{
	Trip trip = trip_begin(&echo_null);
	for (guint i = 0; i < 6; i++)
		db_params_null(trip.params);
	const DbRows *rows = trip_run(&trip);
	guint count = 1;
	for (guint i = 0; i < 6; i++)
		g_assert_true(db_rows_is_null(rows, 0, i));
	g_assert_cmpint(db_rows_int64_or(rows, 0, 0, -7), ==, -7);
	g_assert_null(db_rows_text(rows, 0, 1));
	g_assert_null(db_rows_bytes(rows, 0, 2).data);
	g_assert_null(db_rows_int64_array(rows, 0, 4, &count));
	g_assert_cmpuint(count, ==, 0);
	g_assert_null(db_rows_bytes_array(rows, 0, 5, &count));
	db_batch_free(&trip.batch);
}

static const DbStatement echo_arrays = { "echo_arrays",
	"SELECT $1::smallint[], $2::integer[], $3::bigint[],"
	" $4::timestamptz[]::text[], $5::boolean[]::text[],"
	" array_ndims($3::bigint[])" };

static void test_number_arrays(void)
{
	static const gint16 shorts[] = { 1, -2, G_MAXINT16 };
	static const gint32 ints[] = { 1, -2, G_MAXINT32 };
	static const gint64 longs[] = { 1, -2, G_MAXINT64 };
	static const Timestamp times[] = { 0, G_MAXINT64 };
	static const gboolean bools[] = { TRUE, FALSE };
	Trip trip = trip_begin(&echo_arrays);
	db_params_int16_array(trip.params, shorts, G_N_ELEMENTS(shorts));
	db_params_int32_array(trip.params, ints, G_N_ELEMENTS(ints));
	db_params_int64_array(trip.params, longs, G_N_ELEMENTS(longs));
	db_params_timestamp_array(trip.params, times, G_N_ELEMENTS(times));
	db_params_bool_array(trip.params, bools, G_N_ELEMENTS(bools));
	const DbRows *rows = trip_run(&trip);
	for (guint column = 0; column < 3; column++) {
		guint count = 0;
		g_autofree gint64 *back =
			db_rows_int64_array(rows, 0, column, &count);
		g_assert_cmpuint(count, ==, 3);
		g_assert_cmpint(back[0], ==, 1);
		g_assert_cmpint(back[1], ==, -2);
		g_assert_cmpint(back[2], ==,
			column == 0         ? G_MAXINT16 :
				column == 1 ? G_MAXINT32 :
					      G_MAXINT64);
	}
	guint count = 0;
	g_autofree Bytes *time_texts = db_rows_bytes_array(rows, 0, 3, &count);
	g_assert_cmpuint(count, ==, 2);
	g_assert_true(bytes_equal(
		time_texts[0], bytes_of_string("1970-01-01 00:00:00+00")));
	g_assert_true(bytes_equal(time_texts[1], bytes_of_string("infinity")));
	g_autofree Bytes *bool_texts = db_rows_bytes_array(rows, 0, 4, &count);
	g_assert_cmpuint(count, ==, 2);
	g_assert_true(bytes_equal(bool_texts[0], bytes_of_string("true")));
	g_assert_cmpint(db_rows_int32(rows, 0, 5), ==, 1);
	db_batch_free(&trip.batch);
}

static void test_empty_arrays(void)
{
	Trip trip = trip_begin(&echo_arrays);
	db_params_int16_array(trip.params, NULL, 0);
	db_params_int32_array(trip.params, NULL, 0);
	db_params_int64_array(trip.params, NULL, 0);
	db_params_timestamp_array(trip.params, NULL, 0);
	db_params_bool_array(trip.params, NULL, 0);
	const DbRows *rows = trip_run(&trip);
	for (guint column = 0; column < 5; column++)
		g_assert_false(db_rows_is_null(rows, 0, column));
	guint count = 1;
	g_assert_null(db_rows_int64_array(rows, 0, 2, &count));
	g_assert_cmpuint(count, ==, 0);
	db_batch_free(&trip.batch);
}

static const DbStatement echo_texts = { "echo_texts",
	"SELECT $1::text[], $2::text[], $3::bytea[],"
	" array_position($1::text[], NULL), cardinality($3::bytea[])" };

static void test_byte_arrays(void)
{
	static const char *const texts[] = { "a", "", NULL, "d,{}\"" };
	const Bytes some[] = { bytes_of("xy", 1), bytes_of(NULL, 0) };
	const Bytes blobs[] = { bytes_of("a\0b", 3), bytes_of("", 0),
		bytes_of(NULL, 0) };
	Trip trip = trip_begin(&echo_texts);
	db_params_text_array(trip.params, texts, G_N_ELEMENTS(texts));
	db_params_text_n_array(trip.params, some, G_N_ELEMENTS(some));
	db_params_bytes_array(trip.params, blobs, G_N_ELEMENTS(blobs));
	const DbRows *rows = trip_run(&trip);
	guint count = 0;
	g_autofree Bytes *a = db_rows_bytes_array(rows, 0, 0, &count);
	g_assert_cmpuint(count, ==, 4);
	for (guint i = 0; i < count; i++) {
		g_assert_true(bytes_equal(a[i], bytes_of_string(texts[i])));
		g_assert_cmpint(a[i].data == NULL, ==, texts[i] == NULL);
	}
	g_autofree Bytes *b = db_rows_bytes_array(rows, 0, 1, &count);
	g_assert_cmpuint(count, ==, 2);
	g_assert_true(bytes_equal(b[0], bytes_of("x", 1)));
	g_assert_null(b[1].data);
	g_autofree Bytes *c = db_rows_bytes_array(rows, 0, 2, &count);
	g_assert_cmpuint(count, ==, 3);
	for (guint i = 0; i < count; i++) {
		g_assert_true(bytes_equal(c[i], blobs[i]));
		g_assert_cmpint(c[i].data == NULL, ==, blobs[i].data == NULL);
	}
	g_assert_cmpint(db_rows_int32(rows, 0, 3), ==, 3);
	g_assert_cmpint(db_rows_int32(rows, 0, 4), ==, 3);
	db_batch_free(&trip.batch);
}

static const DbStatement many_params = { "many_params",
	"SELECT $1::bigint + $2::bigint + $3::bigint + $4::bigint + $5::bigint"
	" + $6::bigint + $7::bigint + $8::bigint + $9::bigint + $10::bigint"
	" + $11::bigint + $12::bigint + $13::bigint + $14::bigint"
	" + $15::bigint + $16::bigint + $17::bigint" };

static void test_many_params(void)
{
	Trip trip = trip_begin(&many_params);
	for (gint64 i = 0; i < 17; i++)
		db_params_int64(trip.params, (gint64)1 << i);
	g_assert_cmpuint(db_params_count(trip.params), ==, 17);
	g_assert_cmpuint(db_params_size(trip.params), ==, 17 * 8);
	const DbRows *rows = trip_run(&trip);
	g_assert_cmpint(db_rows_int64(rows, 0, 0), ==, (1 << 17) - 1);
	db_batch_free(&trip.batch);
}

/* Reading a column as what it is not is our bug and must not go unseen. */
static void test_wrong_type(void)
{
	if (g_test_subprocess()) {
		Trip trip = trip_begin(&echo_int64);
		db_params_int64(trip.params, 1);
		db_rows_int32(trip_run(&trip), 0, 0);
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_failed();
	g_test_trap_assert_stderr("*size <= width*");
}

int main(int argc, char **argv)
{
	DATABASE_OR_SKIP();
	g_test_init(&argc, &argv, NULL);
	pool = database_pool(2, 5);
	g_test_add_func("/db/rows/integers", test_integers);
	g_test_add_func("/db/rows/bool", test_bool);
	g_test_add_func("/db/rows/text", test_text);
	g_test_add_func("/db/rows/bytes", test_bytes);
	g_test_add_func("/db/rows/timestamp", test_timestamp);
	g_test_add_func(
		"/db/rows/timestamp-range", test_timestamp_out_of_range);
	g_test_add_func("/db/rows/null", test_null);
	g_test_add_func("/db/rows/number-arrays", test_number_arrays);
	g_test_add_func("/db/rows/empty-arrays", test_empty_arrays);
	g_test_add_func("/db/rows/byte-arrays", test_byte_arrays);
	g_test_add_func("/db/rows/many-params", test_many_params);
	g_test_add_func("/db/rows/wrong-type", test_wrong_type);
	int status = g_test_run();
	db_pool_free(&pool);
	return status;
}
