/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control structures of RFC 5228 section 3. */
#include "sieve/run-private.h"
#include "sieve/words.h"

static gboolean run_if(SieveRun *run, const SieveNode *node)
{
	for (; node != NULL; node = node->otherwise) {
		gboolean is_true = TRUE;
		if (node->tests != NULL &&
			!sieve_run_test(run, node->tests, &is_true))
			return FALSE;
		if (is_true)
			return sieve_run_commands(run, node->block);
	}
	return TRUE;
}

static gboolean run_stop(SieveRun *run, const SieveNode *node G_GNUC_UNUSED)
{
	return sieve_run_leave(run, SIEVE_STOPS);
}

const SieveWord sieve_words_basic[] = {
	{ .name = "require",
		.arguments = { SIEVE_TYPE_STRINGS },
		.called = "extensions",
		.role = SIEVE_ROLE_REQUIRE },
	{ .name = "if",
		.tests = SIEVE_ONE_TEST,
		.has_block = TRUE,
		.role = SIEVE_ROLE_IF,
		.run = run_if },
	{ .name = "elsif",
		.tests = SIEVE_ONE_TEST,
		.has_block = TRUE,
		.role = SIEVE_ROLE_ELSIF },
	{ .name = "else", .has_block = TRUE, .role = SIEVE_ROLE_ELSE },
	{ .name = "stop", .role = SIEVE_ROLE_ENDS, .run = run_stop },
	{ .name = NULL },
};
