/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A batch before and after a run, and errors as such: no database needed. */
#include "db/batch.h"

#include "db/error.h"

static const DbStatement first = { "first", "SELECT $1::bigint" };
static const DbStatement second = { "second", "SELECT $1::text" };

static void test_build(void)
{
	DbBatch *batch = db_batch_new();
	g_assert_cmpuint(db_batch_count(batch), ==, 0);
	for (guint i = 0; i < 100; i++) {
		g_assert_cmpuint(db_batch_count(batch), ==, i);
		DbParams *params =
			db_batch_add(batch, i % 2 == 0 ? &first : &second);
		for (guint k = 0; k < i; k++)
			db_params_int64(params, k);
	}
	/* Parameters stay where they were while others are added. */
	for (guint i = 0; i < 100; i++) {
		const DbParams *params = db_batch_params(batch, i);
		g_assert_true(db_batch_statement(batch, i) ==
			(i % 2 == 0 ? &first : &second));
		g_assert_cmpuint(db_params_count(params), ==, i);
		g_assert_cmpuint(db_params_size(params), ==, i * 8);
		for (guint k = 0; k < i; k++) {
			g_assert_cmpint(db_params_lengths(params)[k], ==, 8);
			g_assert_cmpint(db_params_formats(params)[k], ==, 1);
			g_assert_cmpint(
				db_params_values(params)[k][7], ==, (int)k);
		}
	}
	db_batch_clear(batch);
	g_assert_cmpuint(db_batch_count(batch), ==, 0);
	db_batch_add(batch, &second);
	g_assert_cmpuint(db_params_count(db_batch_params(batch, 0)), ==, 0);
	db_batch_free(&batch);
	g_assert_null(batch);
	db_batch_free(&batch);
}

/* Large values are borrowed, small ones copied. */
static void test_borrow(void)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	DbParams *params = db_batch_add(batch, &second);
	char data[] = "abc";
	db_params_bytes(params, bytes_of(data, 3));
	db_params_text(params, data);
	data[0] = 'x';
	g_assert_true(db_params_values(params)[0] == data);
	g_assert_cmpint(db_params_values(params)[1][0], ==, 'a');
	g_assert_cmpint(db_params_lengths(params)[1], ==, 3);
}

static void test_rows_before_a_run(void)
{
	if (g_test_subprocess()) {
		g_autoptr(DbBatch) batch = db_batch_new();
		db_batch_add(batch, &first);
		db_batch_rows(batch, 0);
		return;
	}
	g_test_trap_subprocess(NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
	g_test_trap_assert_failed();
	g_test_trap_assert_stderr("*rows != NULL*");
}

static void test_errors(void)
{
	g_autoptr(GError) lost = NULL;
	g_autoptr(GError) unknown = NULL;
	g_autoptr(GError) other = NULL;
	db_error_set_lost(&lost, "it\nbroke\n");
	db_error_set_commit_unknown(&unknown, "it broke");
	dbmail_error_set(&other, DBMAIL_ERROR_NOT_FOUND, "no", "no");
	g_assert_cmpstr(
		dbmail_error_detail(lost), ==, "connection lost: it broke");
	g_assert_true(dbmail_error_is(lost, DBMAIL_ERROR_TEMPORARY));
	g_assert_cmpint((int)db_error_failure(lost), ==, DB_FAILURE_LOST);
	g_assert_false(db_error_is_commit_unknown(lost));
	g_assert_false(db_error_is_state(lost, "08006"));
	g_assert_true(dbmail_error_is(unknown, DBMAIL_ERROR_TEMPORARY));
	g_assert_true(db_error_is_commit_unknown(unknown));
	/* Whatever happens, it must not be run again. */
	g_assert_cmpint((int)db_error_failure(unknown), ==, DB_FAILURE_FINAL);
	g_assert_cmpint((int)db_error_failure(other), ==, DB_FAILURE_FINAL);
	g_assert_false(db_error_is_commit_unknown(other));
	g_assert_false(db_error_is_constraint(other, ""));
	g_assert_false(db_error_is_constraint(NULL, "x"));
	/* A copy knows what its original knew. */
	g_autoptr(GError) copy = g_error_copy(unknown);
	g_assert_true(db_error_is_commit_unknown(copy));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/db/batch/build", test_build);
	g_test_add_func("/db/batch/borrow", test_borrow);
	g_test_add_func("/db/batch/rows-before-a-run", test_rows_before_a_run);
	g_test_add_func("/db/batch/errors", test_errors);
	return g_test_run();
}
