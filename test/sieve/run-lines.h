/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: compiles and runs a script, and says all that came of it in one
 * text to compare. */
#ifndef TEST_SIEVE_RUN_LINES_H
#define TEST_SIEVE_RUN_LINES_H

#include <glib.h>

#include "sieve/extension.h"
#include "sieve/run-private.h"
#include "sieve/run.h"
#include "sieve/script.h"

#define TEST_MESSAGE \
	"From: a@example.org\r\nTo: b@example.org\r\n" \
	"Subject: test\r\n\r\nbody\r\n"

/* "LINE:COLUMN: text" lines of what is wrong; "SCRIPT:" before it where it is
 * not the script itself. */
static inline void append_error(GString *out, const SieveError *error)
{
	if (g_strcmp0(error->script, "test") != 0)
		g_string_append_printf(out, "%s:", error->script);
	g_string_append_printf(out, "%u:%u: %s%s\n", error->line, error->column,
		error->is_warning ? "warning: " : "", error->text);
}

static inline SieveScript *compile_lines(
	const SieveCompile *how, const char *source, gsize size, GString *out)
{
	g_autoptr(GPtrArray) errors = NULL;
	g_autoptr(GError) error = NULL;
	SieveScript *script = sieve_compile(
		how, "test", bytes_of(source, size), &errors, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < errors->len; i++)
		append_error(out, g_ptr_array_index(errors, i));
	return script;
}

static inline void append_actions(GString *out, const SieveResult *result)
{
	for (guint i = 0; i < result->warnings->len; i++)
		append_error(out, g_ptr_array_index(result->warnings, i));
	if (result->failure != NULL)
		append_error(out, result->failure);
	for (guint i = 0; i < result->actions->len; i++) {
		const SieveAction *action =
			g_ptr_array_index(result->actions, i);
		g_string_append(out, action->is_implicit ? "(" : "");
		sieve_action_write(action, out);
		g_string_append(out, action->is_implicit ? ")\n" : "\n");
	}
}

/* Free with g_free. */
static inline char *run_lines(const SieveCompile *how, const char *source)
{
	GString *out = g_string_new(NULL);
	g_autoptr(SieveScript) script =
		compile_lines(how, source, strlen(source), out);
	if (script == NULL)
		return g_string_free(out, FALSE);
	SieveInput input = { .message = bytes_of_string(TEST_MESSAGE),
		.sender = "a@example.org",
		.recipient = "b@example.org",
		.now = G_GINT64_CONSTANT(1750000000) * TIMESTAMP_SECOND };
	g_autoptr(SieveResult) result = NULL;
	g_autoptr(GError) error = NULL;
	g_assert_true(sieve_run(script, &input, &result, &error));
	append_actions(out, result);
	return g_string_free(out, FALSE);
}

/* Scripts to include: a table that ends with a row without a name; a global
 * one has "/" before it. */
typedef struct {
	const char *name;
	const char *source;
} TestScript;

static inline gboolean load_script(gpointer data, SieveLocation location,
	const char *name, char **source, gsize *size,
	GError **error G_GNUC_UNUSED)
{
	const TestScript *scripts = data;

	for (guint i = 0; scripts[i].name != NULL; i++) {
		const char *at = scripts[i].name;
		if ((at[0] == '/') != (location == SIEVE_GLOBAL) ||
			strcmp(at[0] == '/' ? at + 1 : at, name) != 0)
			continue;
		*source = g_strdup(scripts[i].source);
		*size = strlen(*source);
		return TRUE;
	}
	return FALSE;
}

static inline SieveCompile compile_with_scripts(
	const SieveLimits *limits, const TestScript *scripts)
{
	return (SieveCompile){ .extensions = sieve_extensions_delivery(),
		.limits = limits,
		.loader = load_script,
		.loader_data = (gpointer)scripts };
}

typedef struct {
	const char *source;
	const char *expected;
} RunCase;

static inline void check_runs(
	const SieveCompile *how, const RunCase *cases, guint n)
{
	for (guint i = 0; i < n; i++) {
		g_autofree char *found = run_lines(how, cases[i].source);
		if (strcmp(found, cases[i].expected) != 0)
			g_test_message("script: %s", cases[i].source);
		g_assert_cmpstr(found, ==, cases[i].expected);
	}
}

#endif
