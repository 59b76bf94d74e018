/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiling any bytes: a script or errors, each at a place and in words. */
#include "fuzz.h"

#include <string.h>

#include "sieve/extension.h"
#include "sieve/script.h"

/* "self" is the script itself, "bad" is none, "none" is not there. */
static gboolean load(gpointer data, SieveLocation location, const char *name,
	char **source, gsize *size, GError **error G_GNUC_UNUSED)
{
	const Bytes *self = data;
	Bytes text = bytes_of_string("require \"variables\"; global \"a\";");

	if (strcmp(name, "none") == 0)
		return FALSE;
	if (strcmp(name, "self") == 0)
		text = *self;
	else if (strcmp(name, "bad") == 0)
		text = bytes_of_string("if {");
	else if (location == SIEVE_GLOBAL)
		text = bytes_of_string("stop;");
	*source = g_malloc(text.size + 1);
	if (text.size > 0)
		memcpy(*source, text.data, text.size);
	*size = text.size;
	return TRUE;
}

static void check_error(const SieveError *error, const SieveLimits *limits)
{
	g_assert_nonnull(error->script);
	g_assert_nonnull(error->text);
	g_assert_cmpuint(error->line, >, 0);
	g_assert_cmpuint(error->column, >, 0);
	g_assert_cmpuint(error->line, <=, limits->max_script_size + 1);
	g_assert_true(g_utf8_validate(error->text, -1, NULL));
	g_assert_cmpuint(strlen(error->text), >, 0);
	g_assert_null(strpbrk(error->text, "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Bytes source = bytes_of((const char *)data, size);
	SieveLimits limits = SIEVE_LIMITS_DEFAULT;
	SieveCompile how = { .extensions = sieve_extensions_delivery() |
			sieve_extensions_imap(),
		.limits = &limits,
		.loader = load,
		.loader_data = &source };
	g_autoptr(GPtrArray) errors = NULL;
	g_autoptr(GError) error = NULL;
	guint wrong = 0;

	limits.max_script_size = 65536;
	limits.max_includes = 8;
	limits.max_include_depth = 4;
	g_autoptr(SieveScript) script =
		sieve_compile(&how, "fuzz", source, &errors, &error);
	g_assert_no_error(error);
	g_assert_nonnull(errors);
	g_assert_cmpuint(errors->len, <=, 2 * limits.max_errors);
	for (guint i = 0; i < errors->len; i++) {
		check_error(errors->pdata[i], &limits);
		wrong += !((const SieveError *)errors->pdata[i])->is_warning;
	}
	g_assert_true((script == NULL) == (wrong > 0));
	if (script != NULL)
		g_assert_cmpuint(sieve_script_size(script), >, 0);
	return 0;
}
