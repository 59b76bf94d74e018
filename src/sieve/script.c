/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiling a script with those it includes. */
#include "sieve/script.h"

#include "base/errors.h"
#include "sieve/parse.h"
#include "sieve/run-private.h"
#include "sieve/script-private.h"

static SieveScript *script_new(const SieveCompile *how, const char *name)
{
	SieveScript *script = g_new0(SieveScript, 1);
	script->refs = 1;
	script->arena = arena_new();
	script->limits = how->limits;
	script->units = g_ptr_array_new();
	SieveUnit *unit = arena_new_object(script->arena, SieveUnit);
	unit->name = arena_strdup(script->arena, name);
	g_ptr_array_add(script->units, unit);
	return script;
}

SieveScript *sieve_script_ref(SieveScript *script)
{
	g_atomic_int_inc(&script->refs);
	return script;
}

void sieve_script_free(SieveScript **script)
{
	SieveScript *old = g_steal_pointer(script);
	if (old == NULL || !g_atomic_int_dec_and_test(&old->refs))
		return;
	if (old->kept != NULL)
		g_ptr_array_unref(old->kept);
	g_ptr_array_unref(old->units);
	arena_free(&old->arena);
	g_free(old);
}

gsize sieve_script_size(const SieveScript *script)
{
	return sizeof(*script) + arena_used(script->arena) + script->kept_size;
}

const SieveUnit *sieve_script_unit(const SieveScript *script, guint number)
{
	return number < script->units->len ?
		g_ptr_array_index(script->units, number) :
		NULL;
}

/* All sources that one script is made of may have so many times the size of
 * one. */
#define TOTAL_FACTOR 4

static void compile_unit(
	SieveCompilation *compilation, SieveUnit *unit, Bytes source)
{
	const SieveLimits *limits = compilation->how->limits;
	SieveReport *report = &compilation->report;
	SieveScript *script = compilation->script;
	guint before = report->errors->len;
	script->size += source.size;
	if (script->size > TOTAL_FACTOR * limits->max_script_size) {
		sieve_report_error(report, unit->name, (SievePlace){ 1, 1 },
			"the script and those it includes have more than "
			"%" G_GSIZE_FORMAT " bytes",
			TOTAL_FACTOR * limits->max_script_size);
		return;
	}
	if (source.size > limits->max_script_size) {
		sieve_report_error(report, unit->name, (SievePlace){ 1, 1 },
			"the script has more than %" G_GSIZE_FORMAT " bytes",
			limits->max_script_size);
		return;
	}
	unit->commands =
		sieve_parse(script->arena, report, limits, unit->name, source);
	sieve_check_unit_commands(compilation, unit);
	sieve_report_sort(report, before);
}

/* FALSE only where the loader failed. */
static gboolean compile_included(
	SieveCompilation *compilation, SieveUnit *unit, GError **error)
{
	const SieveCompile *how = compilation->how;
	g_autofree char *source = NULL;
	gsize size = 0;
	g_autoptr(GError) failure = NULL;
	if (how->loader == NULL ||
		!how->loader(how->loader_data, unit->location, unit->name,
			&source, &size, &failure)) {
		unit->is_missing = TRUE;
		if (failure == NULL)
			return TRUE;
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	compile_unit(compilation, unit, bytes_of(source, size));
	return TRUE;
}

SieveScript *sieve_compile_with(const SieveCompile *how,
	const struct SieveExtraWords *extra, const char *name, Bytes source,
	GPtrArray **errors, GError **error)
{
	g_autoptr(SieveScript) script = script_new(how, name);
	SieveCompilation compilation = {
		.how = how,
		.extra = extra,
		.script = script,
		.report = { .errors = g_ptr_array_new_with_free_func(
				    (GDestroyNotify)sieve_error_free),
			.max = how->limits->max_errors },
		.globals = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, NULL),
	};
	gboolean good = TRUE;
	compile_unit(&compilation, g_ptr_array_index(script->units, 0), source);
	/* The list grows as units include others. */
	for (guint i = 1; good && i < script->units->len; i++)
		good = compile_included(&compilation,
			g_ptr_array_index(script->units, i), error);
	g_hash_table_unref(compilation.globals);
	*errors = compilation.report.errors;
	if (!good || compilation.report.n_errors > 0)
		return NULL;
	return g_steal_pointer(&script);
}

SieveScript *sieve_compile(const SieveCompile *how, const char *name,
	Bytes source, GPtrArray **errors, GError **error)
{
	return sieve_compile_with(how, NULL, name, source, errors, error);
}
