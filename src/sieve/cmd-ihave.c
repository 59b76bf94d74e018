/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test ihave and the command error (RFC 5463). */
#include "sieve/run-private.h"
#include "sieve/words.h"

/* ---- ihave ---- */

/* What there is does not change as a script runs: the answer is known here, and
 * the checker passes over what it makes unreachable. */
static void check_ihave(SieveChecker *checker, SieveNode *node)
{
	const SieveArgument *names = node->positional[0];
	SieveExtensions *found =
		arena_new_object(sieve_check_arena(checker), SieveExtensions);
	for (guint i = 0; i < names->n_strings; i++) {
		if (!sieve_check_constant(
			    checker, &names->strings[i], "what ihave asks for"))
			return;
	}
	node->data = found;
	node->constant = sieve_check_enable(checker, names, found) ?
		SIEVE_ALWAYS :
		SIEVE_NEVER;
}

static gboolean test_ihave(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const SieveExtensions *found = node->data;
	run->frame->extensions |= *found;
	*result = node->constant == SIEVE_ALWAYS;
	return TRUE;
}

/* ---- error ---- */

/* Bytes of a text that its owner is told. */
#define ERROR_MAX 1000

static gboolean run_error(SieveRun *run, const SieveNode *node)
{
	const char *text;
	return sieve_run_text(
		       run, node, &node->positional[0]->strings[0], &text) &&
		sieve_run_fail(run, node, "%.*s", ERROR_MAX, text);
}

const SieveWord sieve_words_ihave[] = {
	{ .name = "ihave",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_IHAVE),
		.arguments = { SIEVE_TYPE_STRINGS },
		.called = "extensions",
		.check = check_ihave,
		.test = test_ihave },
	{ .name = "error",
		.needs = SIEVE_BIT(SIEVE_EXT_IHAVE),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "text",
		.role = SIEVE_ROLE_ENDS,
		.run = run_error },
	{ .name = NULL },
};
