/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reject and ereject (RFC 5429). */
#include "sieve/words.h"

#include "sieve/run-private.h"

static gboolean refuse(
	SieveRun *run, const SieveNode *node, SieveActionKind kind)
{
	SieveAction *action = sieve_run_action(run, node, kind);

	if (action == NULL ||
		!sieve_run_text(run, node, &node->positional[0]->strings[0],
			&action->text))
		return FALSE;
	/* RFC 5293 section 7: what goes back is what came. */
	action->message = 0;
	return sieve_result_add(run, node, action);
}

static gboolean run_reject(SieveRun *run, const SieveNode *node)
{
	return refuse(run, node, SIEVE_REJECT);
}

static gboolean run_ereject(SieveRun *run, const SieveNode *node)
{
	return refuse(run, node, SIEVE_EREJECT);
}

const SieveWord sieve_words_reject[] = {
	{ .name = "reject",
		.needs = SIEVE_BIT(SIEVE_EXT_REJECT),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "reason",
		.run = run_reject },
	{ .name = "ereject",
		.needs = SIEVE_BIT(SIEVE_EXT_EREJECT),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "reason",
		.run = run_ereject },
	{ .name = NULL },
};
