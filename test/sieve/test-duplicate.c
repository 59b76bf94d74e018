/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages that came before (RFC 7352). */
#include "base/errors.h"
#include "test/sieve/run-lines.h"

static const SieveLimits limits = SIEVE_LIMITS_DEFAULT;

/* What earlier messages left. */
typedef struct {
	GArray *ids; /* SieveSeen */
	gboolean fails;
} Memory;

static gboolean was_seen(gpointer data, const guint8 id[static 32],
	gboolean *seen, GError **error)
{
	const Memory *memory = data;

	if (memory->fails) {
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY, "Later", "x");
		return FALSE;
	}
	*seen = FALSE;
	for (guint i = 0; i < memory->ids->len; i++)
		*seen = *seen ||
			memcmp(g_array_index(memory->ids, SieveSeen, i).id, id,
				32) == 0;
	return TRUE;
}

static SieveResult *run_with(
	Memory *memory, const char *source, const char *message, GError **error)
{
	SieveCompile how = { .extensions = sieve_extensions_delivery(),
		.limits = &limits };
	SieveQuestions questions = { .data = memory, .was_seen = was_seen };
	SieveInput input = { .message = bytes_of_string(message),
		.questions = &questions };
	g_autoptr(GString) wrong = g_string_new(NULL);
	g_autofree char *whole =
		g_strconcat("require \"duplicate\";\n", source, NULL);
	g_autoptr(SieveScript) script =
		compile_lines(&how, whole, strlen(whole), wrong);
	SieveResult *result = NULL;

	g_assert_cmpstr(wrong->str, ==, "");
	g_assert_nonnull(script);
	(void)!sieve_run(script, &input, &result, error);
	return result;
}

/* Two messages, a script each: is the second a duplicate, and how long is it to
 * be remembered after the first? */
static const struct {
	const char *first;
	const char *first_message;
	const char *second;
	const char *second_message;
	gboolean is_duplicate;
	gint64 seconds; /* after the first; 0: not */
	gint64 again;   /* after the second */
} pairs[] = {
	{ "if duplicate {}", "Message-ID: <a@b>\r\n\r\n",
		"if duplicate { discard; }", "message-id:\r\n <a@b> \r\n\r\n",
		TRUE, 604800, 0 },
	{ "if duplicate {}", "Message-ID: <a@b>\r\n\r\n",
		"if duplicate { discard; }", "Message-ID: <A@b>\r\n\r\n", FALSE,
		604800, 604800 },
	{ "if duplicate {}", "A: 1\r\n\r\n", "if duplicate { discard; }",
		"A: 1\r\n\r\n", FALSE, 0, 0 },
	/* One list, whatever the id was taken from. */
	{ "if duplicate :header \"X\" {}", "X: y\r\nX: z\r\n\r\n",
		"if duplicate :uniqueid \"y\" { discard; }", "A: 1\r\n\r\n",
		TRUE, 604800, 0 },
	{ "if duplicate :header \"X\" {}", "X: =?utf-8?q?=C3=A4?=\r\n\r\n",
		"if duplicate :uniqueid \"\303\244\" { discard; }",
		"A: 1\r\n\r\n", TRUE, 604800, 0 },
	{ "if duplicate :header \"X:\" {}", "X:: y\r\n\r\n",
		"if duplicate :header \"X:\" { discard; }", "X:: y\r\n\r\n",
		FALSE, 0, 0 },
	{ "if duplicate :handle \"h\" :uniqueid \"y\" {}", "",
		"if duplicate :uniqueid \"y\" { discard; }", "", FALSE, 604800,
		604800 },
	{ "if duplicate :handle \"\" :uniqueid \"y\" {}", "",
		"if duplicate :uniqueid \"y\" { discard; }", "", FALSE, 604800,
		604800 },
	{ "if duplicate :handle \"h\" :uniqueid \"y\" {}", "",
		"if duplicate :uniqueid \"y\" :handle \"h\" { discard; }", "",
		TRUE, 604800, 0 },
	{ "if duplicate :seconds 60 :uniqueid \"y\" {}", "",
		"if duplicate :last :seconds 30 :uniqueid \"y\" { discard; }",
		"", TRUE, 60, 30 },
	{ "if duplicate :seconds 0 :uniqueid \"y\" {}", "",
		"if duplicate :seconds 0 :uniqueid \"y\" { discard; }", "",
		FALSE, 0, 0 },
	{ "if duplicate :seconds 99999999 :uniqueid \"y\" {}", "",
		"if duplicate :seconds 0 :uniqueid \"y\" { discard; }", "",
		FALSE, 7776000, 0 },
	/* Within one run nothing is a duplicate; the last test decides. */
	{ "if duplicate :uniqueid \"y\" { discard; }"
	  "if duplicate :uniqueid \"y\" :seconds 9 { discard; }",
		"", "if duplicate :uniqueid \"y\" { discard; }", "", TRUE, 9,
		0 },
	/* Not evaluated, not remembered. */
	{ "if anyof (true, duplicate :uniqueid \"y\") {}", "",
		"if duplicate :uniqueid \"y\" { discard; }", "", FALSE, 0,
		604800 },
};

static gint64 seconds_of(const SieveResult *result)
{
	g_assert_cmpuint(result->seen->len, <=, 1);
	return result->seen->len == 0 ?
		0 :
		g_array_index(result->seen, SieveSeen, 0).seconds;
}

static void test_pairs(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autoptr(GArray) none =
			g_array_new(FALSE, FALSE, sizeof(SieveSeen));
		Memory memory = { .ids = none };
		g_autoptr(GError) error = NULL;

		g_test_message("%u: %s", i, pairs[i].first);
		g_autoptr(SieveResult) first = run_with(&memory, pairs[i].first,
			pairs[i].first_message, &error);
		g_assert_no_error(error);
		g_assert_cmpint(seconds_of(first), ==, pairs[i].seconds);
		memory.ids = first->seen;
		g_autoptr(SieveResult) second = run_with(&memory,
			pairs[i].second, pairs[i].second_message, &error);
		g_assert_no_error(error);
		const SieveAction *action =
			g_ptr_array_index(second->actions, 0);
		g_assert_cmpint(action->kind == SIEVE_DISCARD, ==,
			pairs[i].is_duplicate);
		g_assert_cmpint(seconds_of(second), ==, pairs[i].again);
	}
}

/* A run that fails remembers nothing; a store that does not answer is no "no". */
static void test_failures(void)
{
	g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(SieveSeen));
	Memory memory = { .ids = none };
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) many = g_string_new(NULL);
	g_autoptr(SieveResult) failed = NULL;

	for (guint i = 0; i < 65; i++)
		g_string_append_printf(
			many, "if duplicate :uniqueid \"%u\" {}", i);
	failed = run_with(&memory, many->str, "", &error);
	g_assert_no_error(error);
	g_assert_nonnull(failed->failure);
	g_assert_cmpuint(failed->seen->len, ==, 0);
	memory.fails = TRUE;
	g_assert_null(run_with(
		&memory, "if duplicate :uniqueid \"y\" {}", "", &error));
	g_assert_error(error, DBMAIL_ERROR, DBMAIL_ERROR_TEMPORARY);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/duplicate/pairs", test_pairs);
	g_test_add_func("/sieve/duplicate/failures", test_failures);
	return g_test_run();
}
