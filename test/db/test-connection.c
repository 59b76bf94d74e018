/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection: pipelines, preparing once, large values, transactions. */
#include "db/connection.h"

#include "database.h"

static const DbStatement one = { "one", "SELECT 1::bigint" };
static const DbStatement two = { "two", "SELECT 2::bigint" };
static const DbStatement divide = { "divide", "SELECT 10 / $1::bigint" };
static const DbStatement insert_row = { "insert_row",
	"INSERT INTO rows_test (id) VALUES ($1::bigint)" };
static const DbStatement count_rows = { "count_rows",
	"SELECT count(*) FROM rows_test" };
static const DbStatement broken = { "broken", "SELECT FROM WHERE" };
static const DbStatement show_commit = { "show_commit",
	"SELECT current_setting('synchronous_commit'),"
	" current_setting('transaction_isolation'),"
	" current_setting('transaction_read_only'),"
	" current_setting('TimeZone'), current_setting('jit'),"
	" current_setting('client_encoding'),"
	" current_setting('application_name'),"
	" current_setting('statement_timeout')" };

static void run(DbConnection *connection, DbBatch *batch, DbMode mode)
{
	GError *error = NULL;
	if (!db_connection_run_mode(connection, batch, mode, &error))
		database_check(error);
}

static gint64 rows_in_table(DbConnection *connection)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	db_batch_add(batch, &count_rows);
	run(connection, batch, DB_READ);
	return db_rows_int64(db_batch_rows(batch, 0), 0, 0);
}

static void test_unreachable(void)
{
	static const char *const conninfos[] = {
		"host=/nonexistent/dbmail dbname=x",
		"no such word",
		"postgresql://u:hushhush@[",
		"options='-c nosuchsetting=1'",
	};
	for (gsize i = 0; i < G_N_ELEMENTS(conninfos); i++) {
		g_autofree char *both =
			g_strconcat(i == 3 ? database_conninfo() : "",
				i == 3 ? " " : "", conninfos[i], NULL);
		const DbConnectionOptions options = {
			.conninfo = both,
			.application_name = "x",
		};
		g_autoptr(GError) error = NULL;
		g_assert_null(db_connection_open(&options, &error));
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
		g_assert_nonnull(strstr(error->message, "dburi"));
		g_assert_null(strchr(error->message, '\n'));
		/* A password is not for the log. */
		g_assert_null(strstr(error->message, "hushhush"));
		g_assert_null(strstr(dbmail_error_detail(error), "hushhush"));
	}
}

static void test_settings(void)
{
	static const struct {
		DbMode mode;
		const char *commit;
		const char *isolation;
		const char *read_only;
	} modes[] = {
		{ DB_READ, "on", "read committed", "off" },
		{ DB_SNAPSHOT, "on", "repeatable read", "on" },
		{ DB_WRITE, "on", "read committed", "off" },
		{ DB_WRITE_ASYNC, "off", "read committed", "off" },
		{ DB_WRITE_ALONE, "on", "read committed", "off" },
	};
	g_autoptr(DbConnection) connection = database_connection();
	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_autoptr(DbBatch) batch = db_batch_new();
		db_batch_add(batch, &show_commit);
		run(connection, batch, modes[i].mode);
		const DbRows *rows = db_batch_rows(batch, 0);
		g_assert_cmpstr(db_rows_text(rows, 0, 0), ==, modes[i].commit);
		g_assert_cmpstr(
			db_rows_text(rows, 0, 1), ==, modes[i].isolation);
		g_assert_cmpstr(
			db_rows_text(rows, 0, 2), ==, modes[i].read_only);
		g_assert_cmpstr(db_rows_text(rows, 0, 3), ==, "UTC");
		g_assert_cmpstr(db_rows_text(rows, 0, 4), ==, "off");
		g_assert_cmpstr(db_rows_text(rows, 0, 5), ==, "UTF8");
		g_assert_cmpstr(db_rows_text(rows, 0, 6), ==, "dbmail-test");
		g_assert_cmpstr(db_rows_text(rows, 0, 7), ==, "1min");
	}
}

/* What an administrator writes into the conninfo is the last word. */
static void test_conninfo_options(void)
{
	g_autofree char *conninfo = g_strconcat(database_conninfo(),
		" application_name=theirs"
		" options='-c statement_timeout=7s'",
		NULL);
	const DbConnectionOptions options = {
		.conninfo = conninfo,
		.application_name = "ours",
		.statement_seconds = 60,
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(DbConnection) connection =
		db_connection_open(&options, &error);
	database_check(error);
	g_autoptr(DbBatch) batch = db_batch_new();
	db_batch_add(batch, &show_commit);
	run(connection, batch, DB_READ);
	const DbRows *rows = db_batch_rows(batch, 0);
	g_assert_cmpstr(db_rows_text(rows, 0, 3), ==, "UTC");
	g_assert_cmpstr(db_rows_text(rows, 0, 6), ==, "theirs");
	g_assert_cmpstr(db_rows_text(rows, 0, 7), ==, "7s");
}

static void test_one_round_trip(void)
{
	g_autoptr(DbConnection) connection = database_connection();
	g_autoptr(DbBatch) batch = db_batch_new();
	for (guint i = 0; i < 1000; i++)
		db_batch_add(batch, i % 3 == 0 ? &one : &two);
	run(connection, batch, DB_WRITE);
	for (guint i = 0; i < 1000; i++)
		g_assert_cmpint(db_rows_int64(db_batch_rows(batch, i), 0, 0),
			==, i % 3 == 0 ? 1 : 2);
	g_assert_cmpuint(db_connection_round_trips(connection), ==, 1);
	/* Two statements, BEGIN and COMMIT. */
	g_assert_cmpuint(db_connection_prepares(connection), ==, 4);
}

static void test_prepared_once(void)
{
	g_autoptr(DbConnection) connection = database_connection();
	/* The same name from another constant is the same statement: two
	 * files may include one header. */
	const DbStatement copy = { g_strdup(one.name), g_strdup(one.text) };
	for (guint i = 0; i < 5; i++) {
		g_autoptr(DbBatch) batch = db_batch_new();
		db_batch_add(batch, &one);
		db_batch_add(batch, &copy);
		run(connection, batch, DB_READ);
	}
	g_assert_cmpuint(db_connection_prepares(connection), ==, 1);
	g_assert_cmpuint(db_connection_round_trips(connection), ==, 5);
	g_free((char *)copy.name);
	g_free((char *)copy.text);
}

/* After an error the connection works on, statements whose preparing was
 * skipped get prepared the next time, and nothing of the batch happened. */
static void test_error_in_the_middle(void)
{
	static const DbMode modes[] = { DB_READ, DB_WRITE, DB_WRITE_ASYNC,
		DB_WRITE_ALONE };
	database_script("DROP TABLE IF EXISTS rows_test;"
			"CREATE TABLE rows_test (id bigint PRIMARY KEY)");
	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_autoptr(DbConnection) connection = database_connection();
		g_autoptr(DbBatch) batch = db_batch_new();
		g_autoptr(GError) error = NULL;
		db_params_int64(db_batch_add(batch, &insert_row), 1);
		db_params_int64(db_batch_add(batch, &divide), 0);
		db_batch_add(batch, &one);
		g_assert_false(db_connection_run_mode(
			connection, batch, modes[i], &error));
		g_assert_true(db_error_is_state(error, "22012"));
		g_assert_nonnull(strstr(dbmail_error_detail(error), "divide"));
		g_assert_true(db_connection_is_usable(connection));
		g_assert_cmpint(rows_in_table(connection), ==, 0);
		db_batch_clear(batch);
		db_batch_add(batch, &one);
		db_params_int64(db_batch_add(batch, &divide), 2);
		run(connection, batch, modes[i]);
		g_assert_cmpint(
			db_rows_int64(db_batch_rows(batch, 1), 0, 0), ==, 5);
	}
}

static void test_syntax_error(void)
{
	g_autoptr(DbConnection) connection = database_connection();
	for (guint i = 0; i < 2; i++) {
		g_autoptr(DbBatch) batch = db_batch_new();
		g_autoptr(GError) error = NULL;
		db_batch_add(batch, &one);
		db_batch_add(batch, &broken);
		g_assert_false(db_connection_run_mode(
			connection, batch, DB_WRITE, &error));
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INTERNAL));
		g_assert_true(db_error_is_state(error, "42601"));
		g_assert_true(db_connection_is_usable(connection));
	}
}

/* A constraint checked at COMMIT, in a block and without one. */
static void test_error_at_commit(void)
{
	static const DbMode modes[] = { DB_WRITE, DB_WRITE_ALONE };
	database_script(
		"DROP TABLE IF EXISTS rows_test;"
		"CREATE TABLE rows_test (id bigint, CONSTRAINT rows_once"
		" UNIQUE (id) DEFERRABLE INITIALLY DEFERRED)");
	g_autoptr(DbConnection) connection = database_connection();
	for (gsize i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_autoptr(DbBatch) batch = db_batch_new();
		g_autoptr(GError) error = NULL;
		db_params_int64(db_batch_add(batch, &insert_row), 1);
		db_params_int64(db_batch_add(batch, &insert_row), 1);
		g_assert_false(db_connection_run_mode(
			connection, batch, modes[i], &error));
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_EXISTS));
		g_assert_true(db_error_is_constraint(error, "rows_once"));
		g_assert_false(db_error_is_constraint(error, "rows_twice"));
		g_assert_false(db_error_is_commit_unknown(error));
		g_assert_true(db_connection_is_usable(connection));
		g_assert_cmpint(rows_in_table(connection), ==, 0);
	}
}

static const DbStatement echo_large = { "echo_large",
	"SELECT $1::bytea, octet_length($1::bytea)" };

/* Larger than all socket buffers, both ways at once, several in one batch:
 * who only sends until all is sent would wait for ever. */
static void test_large(void)
{
	const gsize size = 32 << 20;
	g_autofree char *data = g_malloc(size);
	for (gsize i = 0; i < size; i++)
		data[i] = (char)(i * 31 >> 3);
	g_autoptr(DbConnection) connection = database_connection();
	g_autoptr(DbBatch) batch = db_batch_new();
	for (guint i = 0; i < 3; i++)
		db_params_bytes(db_batch_add(batch, &echo_large),
			bytes_of(data, size - i));
	run(connection, batch, DB_READ);
	for (guint i = 0; i < 3; i++) {
		const DbRows *rows = db_batch_rows(batch, i);
		g_assert_true(bytes_equal(
			db_rows_bytes(rows, 0, 0), bytes_of(data, size - i)));
	}
	g_assert_true(db_connection_is_swollen(connection));
}

/* Many answers before the last statement is sent. */
static void test_many(void)
{
	const gsize size = 100000;
	g_autofree char *data = g_malloc0(size);
	g_autoptr(DbConnection) connection = database_connection();
	g_autoptr(DbBatch) batch = db_batch_new();
	for (guint i = 0; i < 500; i++)
		db_params_bytes(
			db_batch_add(batch, &echo_large), bytes_of(data, size));
	run(connection, batch, DB_SNAPSHOT);
	for (guint i = 0; i < 500; i++)
		g_assert_cmpint(db_rows_int32(db_batch_rows(batch, i), 0, 1),
			==, (int)size);
	g_assert_false(db_connection_is_swollen(connection));
}

static void test_script(void)
{
	g_autoptr(DbConnection) connection = database_connection();
	g_autoptr(GError) error = NULL;
	g_assert_true(db_connection_exec_script(connection,
		"DROP TABLE IF EXISTS rows_test;"
		"CREATE TABLE rows_test (id bigint PRIMARY KEY);"
		"INSERT INTO rows_test VALUES (1);"
		"SELECT * FROM rows_test",
		&error));
	g_assert_cmpint(rows_in_table(connection), ==, 1);
	/* All or nothing. */
	g_assert_false(db_connection_exec_script(connection,
		"INSERT INTO rows_test VALUES (2);"
		"INSERT INTO rows_test VALUES (1)",
		&error));
	g_assert_true(db_error_is_constraint(error, "rows_test_pkey"));
	g_assert_true(db_connection_is_usable(connection));
	g_assert_cmpint(rows_in_table(connection), ==, 1);
}

/* BEGIN comes with the first batch or script, and only then. */
static void test_transaction(void)
{
	database_script("DROP TABLE IF EXISTS rows_test;"
			"CREATE TABLE rows_test (id bigint PRIMARY KEY)");
	g_autoptr(DbConnection) connection = database_connection();
	g_autoptr(DbBatch) batch = db_batch_new();
	g_autoptr(GError) error = NULL;
	db_params_int64(db_batch_add(batch, &insert_row), 1);
	db_connection_begin(connection, DB_WRITE);
	g_assert_true(db_connection_commit(connection, &error));
	g_assert_cmpuint(db_connection_round_trips(connection), ==, 0);

	db_connection_begin(connection, DB_WRITE);
	g_assert_true(db_connection_run(connection, batch, &error));
	g_assert_true(db_connection_exec_script(
		connection, "INSERT INTO rows_test VALUES (2)", &error));
	db_connection_rollback(connection);
	g_assert_cmpint(rows_in_table(connection), ==, 0);

	db_connection_begin(connection, DB_WRITE);
	g_assert_true(db_connection_exec_script(
		connection, "INSERT INTO rows_test VALUES (2)", &error));
	g_assert_true(db_connection_run(connection, batch, &error));
	g_assert_true(db_connection_commit(connection, &error));
	g_assert_cmpint(rows_in_table(connection), ==, 2);

	/* Who does not see the error cannot commit all the same. */
	db_connection_begin(connection, DB_WRITE);
	g_assert_false(db_connection_run(connection, batch, NULL));
	g_assert_false(db_connection_commit(connection, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INTERNAL));
	g_assert_true(db_connection_is_usable(connection));
}

static const DbStatement nap = { "nap", "SELECT pg_sleep(60)::text" };

static void test_statement_timeout(void)
{
	const DbConnectionOptions options = {
		.conninfo = database_conninfo(),
		.application_name = "dbmail-test",
		.statement_seconds = 1,
	};
	g_autoptr(GError) error = NULL;
	g_autoptr(DbConnection) connection =
		db_connection_open(&options, &error);
	g_autoptr(DbBatch) batch = db_batch_new();
	db_batch_add(batch, &nap);
	g_assert_false(
		db_connection_run_mode(connection, batch, DB_WRITE, &error));
	g_assert_true(db_error_is_state(error, "57014"));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
	g_assert_true(db_connection_is_usable(connection));
}

int main(int argc, char **argv)
{
	DATABASE_OR_SKIP();
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/db/connection/unreachable", test_unreachable);
	g_test_add_func("/db/connection/settings", test_settings);
	g_test_add_func("/db/connection/options", test_conninfo_options);
	g_test_add_func("/db/connection/one-round-trip", test_one_round_trip);
	g_test_add_func("/db/connection/prepared-once", test_prepared_once);
	g_test_add_func(
		"/db/connection/error-in-the-middle", test_error_in_the_middle);
	g_test_add_func("/db/connection/syntax-error", test_syntax_error);
	g_test_add_func("/db/connection/error-at-commit", test_error_at_commit);
	g_test_add_func("/db/connection/large", test_large);
	g_test_add_func("/db/connection/many", test_many);
	g_test_add_func("/db/connection/script", test_script);
	g_test_add_func("/db/connection/transaction", test_transaction);
	g_test_add_func(
		"/db/connection/statement-timeout", test_statement_timeout);
	return g_test_run();
}
