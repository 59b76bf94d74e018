/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQL files become constants; files that make no sense are refused. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "db/statement.h"
#include "sample-sql.h"

static void test_constants(void)
{
	g_assert_cmpstr(SQL_SAMPLE_FIND.name, ==, "sample_find");
	g_assert_cmpstr(SQL_SAMPLE_FIND.text, ==,
		"SELECT 'it''s', \"Column\", E'a\\tb'\n"
		"  FROM sample  WHERE id = $1::bigint");
	g_assert_cmpstr(SQL_SAMPLE_LAST.name, ==, "sample_last");
	g_assert_cmpstr(
		SQL_SAMPLE_LAST.text, ==, "SELECT 1::bigint -- but this stays");
}

static void test_list(void)
{
	g_assert_true(SAMPLE_SQL[0] == &SQL_SAMPLE_FIND);
	g_assert_true(SAMPLE_SQL[1] == &SQL_SAMPLE_LAST);
	g_assert_null(SAMPLE_SQL[2]);
}

static void test_refused(void)
{
	static const struct {
		const char *text;
		const char *complaint;
	} cases[] = {
		{ "SELECT 1;\n", ":1: SQL before the first name" },
		{ "-- name: a\n-- only this\n", "statement a is empty" },
		{ "-- name: a\n;\n-- name: b\nSELECT 1;\n", "a is empty" },
		{ "-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n",
			":3: statement a is here twice" },
		{ "-- name: A\nSELECT 1;\n", ":1: not a statement name" },
		{ "-- name: a b\nSELECT 1;\n", ":1: not a statement name" },
		{ "-- name:\nSELECT 1;\n", ":1: not a statement name" },
		{ "-- name: a-b\nSELECT 1;\n", ":1: not a statement name" },
		{ "-- nothing\n", "no statement" },
		{ "", "no statement" },
	};
	g_autofree char *program =
		g_build_filename(g_getenv("srcdir"), "src/db/sql.awk", NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *path = NULL;
		g_autofree char *complaint = NULL;
		int status = 0;
		int fd = g_file_open_tmp("sqlXXXXXX", &path, &error);
		g_assert_cmpint(fd, >=, 0);
		g_close(fd, NULL);
		g_assert_true(
			g_file_set_contents(path, cases[i].text, -1, &error));
		const char *argv[] = { "awk", "-f", program, path, NULL };
		g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL,
			G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
			NULL, NULL, &complaint, &status, &error));
		g_assert_cmpint(g_unlink(path), ==, 0);
		if (strstr(complaint, cases[i].complaint) == NULL)
			g_error("%s: %s", cases[i].text, complaint);
		g_assert_false(g_spawn_check_wait_status(status, NULL));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/db/sql/constants", test_constants);
	g_test_add_func("/db/sql/list", test_list);
	g_test_add_func("/db/sql/refused", test_refused);
	return g_test_run();
}
