/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every statement of the program can be prepared, and the schema explains
 * itself. */
#include "fixture.h"

#include "all-sql.h"

static Store *store;

/* PREPARE keeps the statement's own words, so a prepared one has its types
 * and names checked. */
static void test_prepare(void)
{
	g_autoptr(DbConnection) connection = database_connection();
	guint count = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(all_sql); i++) {
		for (const DbStatement *const *at = all_sql[i]; *at != NULL;
			at++) {
			g_autofree char *sql = g_strdup_printf(
				"PREPARE test_%u AS %s", count, (*at)->text);
			GError *error = NULL;

			g_test_message("%s", (*at)->name);
			if (!db_connection_exec_script(connection, sql, &error))
				database_check(error);
			count++;
		}
	}
	g_assert_cmpuint(count, >, 50);
}

/* The name is the key under which a connection keeps a statement. */
static void test_names(void)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (gsize i = 0; i < G_N_ELEMENTS(all_sql); i++) {
		for (const DbStatement *const *at = all_sql[i]; *at != NULL;
			at++) {
			if (!g_hash_table_add(names, (gpointer)(*at)->name))
				g_error("%s is there twice", (*at)->name);
		}
	}
}

static void test_comments(void)
{
	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM pg_class WHERE relnamespace ="
			" current_schema()::regnamespace AND relkind IN ('r', "
			"'v', 'p')"
			" AND obj_description(oid) IS NULL"),
		==, 0);
	g_assert_cmpint(
		fixture_number(
			"SELECT count(*) FROM pg_class c JOIN pg_attribute a"
			" ON a.attrelid = c.oid WHERE relnamespace ="
			" current_schema()::regnamespace AND relkind IN ('r', "
			"'p')"
			" AND attnum > 0 AND NOT attisdropped"
			" AND col_description(c.oid, attnum) IS NULL"),
		==, 0);
}

/* What is referred to by a foreign key is looked for when it is deleted: an
 * index begins with the referring column. */
static void test_foreign_keys_have_indexes(void)
{
	g_assert_cmpint(fixture_number("SELECT count(*) FROM pg_constraint f "
				       "WHERE contype = 'f'"
				       " AND NOT EXISTS (SELECT FROM pg_index i"
				       " WHERE i.indrelid = f.conrelid AND "
				       "i.indkey[0] = f.conkey[1]"
				       " AND i.indpred IS NULL)"),
		==, 0);
}

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/sql/prepare", test_prepare);
	g_test_add_func("/store/sql/names", test_names);
	g_test_add_func("/store/sql/comments", test_comments);
	g_test_add_func("/store/sql/foreign-keys-have-indexes",
		test_foreign_keys_have_indexes);
	status = g_test_run();
	store_close(&store);
	return status;
}
