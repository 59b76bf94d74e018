/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interpreter: walks the tree of a script, which stays as it is. */
#include "sieve/run.h"

#include <stdarg.h>

#include "base/errors.h"
#include "sieve/message.h"
#include "sieve/report.h"
#include "sieve/result.h"
#include "sieve/run-private.h"
#include "sieve/script-private.h"

/* ---- Errors and limits ---- */

gboolean sieve_run_fail(
	SieveRun *run, const SieveNode *node, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	if (run->flow != SIEVE_FAILS)
		run->result->failure = sieve_error_new(run->frame->unit->name,
			node->place, FALSE, format, list);
	va_end(list);
	run->flow = SIEVE_FAILS;
	return FALSE;
}

const char *sieve_run_quote(SieveRun *run, Bytes value)
{
	return sieve_report_quote(run->scratch, value);
}

/* Of one run. */
#define WARNINGS_MAX 10

void sieve_run_warn(
	SieveRun *run, const SieveNode *node, const char *format, ...)
{
	GPtrArray *warnings = run->result->warnings;
	const char *script = run->frame->unit->name;

	if (warnings->len >= WARNINGS_MAX)
		return;
	for (guint i = 0; i < warnings->len; i++) {
		const SieveError *old = warnings->pdata[i];
		if (old->line == node->place.line &&
			old->column == node->place.column &&
			g_str_equal(old->script, script))
			return;
	}
	va_list list;
	va_start(list, format);
	g_ptr_array_add(warnings,
		sieve_error_new(script, node->place, TRUE, format, list));
	va_end(list);
}

gboolean sieve_run_fail_error(
	SieveRun *run, const SieveNode *node, GError **error)
{
	if (!dbmail_error_is(*error, DBMAIL_ERROR_TEMPORARY)) {
		sieve_run_fail(run, node, "%s", (*error)->message);
		g_clear_error(error);
		return FALSE;
	}
	if (run->error == NULL)
		run->error = g_steal_pointer(error);
	g_clear_error(error);
	run->flow = SIEVE_FAILS;
	return FALSE;
}

guint64 sieve_run_left(const SieveRun *run)
{
	guint64 max = run->limits->max_instructions +
		run->input->message.size / SIEVE_RUN_MESSAGE_BYTES;

	return max - run->result->instructions;
}

gboolean sieve_run_step(SieveRun *run, const SieveNode *node, guint64 n)
{
	guint64 left = sieve_run_left(run);

	run->result->instructions += MIN(n, left);
	return n <= left ||
		sieve_run_fail(run, node,
			"the script takes more than %" G_GUINT64_FORMAT
			" instructions",
			run->result->instructions);
}

gboolean sieve_run_leave(SieveRun *run, SieveFlow flow)
{
	run->flow = flow;
	return FALSE;
}

gboolean sieve_run_has(const SieveRun *run, SieveExtension extension)
{
	return (run->frame->extensions & SIEVE_BIT(extension)) != 0;
}

/* What no ihave has found by now cannot be used (RFC 5463 section 4). */
static gboolean has_deferred(SieveRun *run, const SieveNode *node)
{
	SieveExtensions missing = node->deferred & ~run->frame->extensions;
	return missing == 0 ||
		sieve_run_fail(run, node,
			"'%s' needs the extension \"%s\", which neither a "
			"require nor an ihave has asked for",
			node->word->name,
			sieve_extension_name((SieveExtension)g_bit_nth_lsf(
				(gulong)missing, -1)));
}

/* ---- Commands and tests ---- */

gboolean sieve_run_commands(SieveRun *run, const SieveNode *first)
{
	for (const SieveNode *node = first; node != NULL; node = node->next) {
		if (node->word == NULL || node->word->run == NULL)
			continue;
		arena_clear(run->scratch);
		if (!sieve_run_step(run, node, 1) || !has_deferred(run, node) ||
			!node->word->run(run, node))
			return FALSE;
	}
	return TRUE;
}

gboolean sieve_run_test(SieveRun *run, const SieveNode *test, gboolean *result)
{
	*result = FALSE;
	if (test->word == NULL)
		return sieve_run_fail(run, test, "'%.*s' cannot be reached",
			(int)test->name.size, test->name.data);
	return sieve_run_step(run, test, 1) && has_deferred(run, test) &&
		test->word->test(run, test, result);
}

static void free_values(GString **values, guint n)
{
	for (guint i = 0; i < n; i++) {
		if (values[i] != NULL)
			g_string_free(values[i], TRUE);
		values[i] = NULL;
	}
}

static void frame_enter(SieveRun *run, const SieveUnit *unit)
{
	SieveFrame *frame = g_new0(SieveFrame, 1);
	frame->parent = run->frame;
	frame->depth = run->frame != NULL ? run->frame->depth + 1 : 1;
	frame->unit = unit;
	frame->variables = g_new0(GString *, unit->n_variables);
	frame->extensions = unit->extensions;
	frame->root = run->part;
	run->frame = frame;
	run->included[unit->number] = 1;
}

static void frame_leave(SieveRun *run)
{
	SieveFrame *frame = run->frame;
	run->frame = frame->parent;
	for (guint i = 0; i < frame->unit->n_variables; i++) {
		if (frame->variables[i] != NULL)
			run->variables_size -= frame->variables[i]->len;
	}
	free_values(frame->variables, frame->unit->n_variables);
	free_values(frame->matched, SIEVE_MATCHED_MAX);
	g_free(frame->variables);
	g_free(frame);
}

gboolean sieve_run_unit(
	SieveRun *run, const SieveNode *node, const SieveUnit *unit)
{
	if (run->frame->depth >= run->limits->max_include_depth)
		return sieve_run_fail(run, node,
			"scripts include each other more than %u deep",
			run->limits->max_include_depth);
	for (const SieveFrame *frame = run->frame; frame != NULL;
		frame = frame->parent) {
		if (frame->unit == unit)
			return sieve_run_fail(run, node,
				"\"%s\" includes itself", unit->name);
	}
	const SieveNode *loop = run->loop;
	run->loop = NULL;
	frame_enter(run, unit);
	gboolean good = sieve_run_commands(run, unit->commands);
	frame_leave(run);
	run->loop = loop;
	if (!good && run->flow == SIEVE_RETURNS) {
		run->flow = SIEVE_GOES_ON;
		good = TRUE;
	}
	return good;
}

/* ---- A run ---- */

SieveRun *sieve_run_new(SieveScript *script, const SieveInput *input)
{
	SieveRun *run = g_new0(SieveRun, 1);
	run->script = sieve_script_ref(script);
	run->limits = script->limits;
	run->scratch = arena_new();
	run->globals = g_new0(GString *, script->n_globals);
	run->included = g_new0(guint8, script->units->len);
	sieve_run_restart(run, input);
	frame_enter(run, sieve_script_unit(script, 0));
	return run;
}

void sieve_run_restart(SieveRun *run, const SieveInput *input)
{
	sieve_result_free(&run->result);
	run->input = input;
	run->flow = SIEVE_GOES_ON;
	run->is_kept = TRUE;
	run->part = 0;
	run->edited_size = 0;
	run->n_enclosed = 0;
	g_clear_pointer(&run->flags, g_free);
	run->result = sieve_result_new(&run->kept);
	sieve_message_init(run, input->message);
}

SieveResult *sieve_run_finish(SieveRun *run)
{
	sieve_result_finish(run);
	sieve_message_clear(run);
	run->kept = NULL;
	return g_steal_pointer(&run->result);
}

void sieve_run_free(SieveRun **run)
{
	SieveRun *old = g_steal_pointer(run);
	if (old == NULL)
		return;
	while (old->frame != NULL)
		frame_leave(old);
	free_values(old->globals, old->script->n_globals);
	g_free(old->globals);
	g_free(old->included);
	g_free(old->flags);
	sieve_message_clear(old);
	sieve_result_free(&old->result);
	arena_free(&old->scratch);
	g_clear_error(&old->error);
	sieve_script_free(&old->script);
	g_free(old);
}

gboolean sieve_run(SieveScript *script, const SieveInput *input,
	SieveResult **result, GError **error)
{
	SieveRun *run = sieve_run_new(script, input);
	sieve_run_commands(run, run->frame->unit->commands);
	gboolean good = run->error == NULL;
	if (good)
		*result = sieve_run_finish(run);
	else
		g_propagate_error(error, g_steal_pointer(&run->error));
	sieve_run_free(&run);
	return good;
}
