/* SPDX-License-Identifier: GPL-2.0-or-later */
/* true, false, not, allof and anyof (RFC 5228 section 5). */
#include "sieve/run-private.h"
#include "sieve/words.h"

static void check_true(SieveChecker *checker G_GNUC_UNUSED, SieveNode *node)
{
	node->constant = SIEVE_ALWAYS;
}

static void check_false(SieveChecker *checker G_GNUC_UNUSED, SieveNode *node)
{
	node->constant = SIEVE_NEVER;
}

static gboolean test_true(SieveRun *run G_GNUC_UNUSED,
	const SieveNode *node G_GNUC_UNUSED, gboolean *result)
{
	*result = TRUE;
	return TRUE;
}

static gboolean test_false(SieveRun *run G_GNUC_UNUSED,
	const SieveNode *node G_GNUC_UNUSED, gboolean *result)
{
	*result = FALSE;
	return TRUE;
}

static gboolean test_not(SieveRun *run, const SieveNode *node, gboolean *result)
{
	gboolean inner;
	if (!sieve_run_test(run, node->tests, &inner))
		return FALSE;
	*result = !inner;
	return TRUE;
}

/* From left to right, and no test more than is needed (RFC 5229 section 3.2). */
static gboolean test_list(SieveRun *run, const SieveNode *node,
	gboolean decides, gboolean *result)
{
	for (const SieveNode *test = node->tests; test != NULL;
		test = test->next) {
		if (!sieve_run_test(run, test, result))
			return FALSE;
		if (*result == decides)
			return TRUE;
	}
	*result = !decides;
	return TRUE;
}

static gboolean test_allof(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	return test_list(run, node, FALSE, result);
}

static gboolean test_anyof(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	return test_list(run, node, TRUE, result);
}

const SieveWord sieve_words_logic[] = {
	{ .name = "true",
		.kind = SIEVE_TEST,
		.check = check_true,
		.test = test_true },
	{ .name = "false",
		.kind = SIEVE_TEST,
		.check = check_false,
		.test = test_false },
	{ .name = "not",
		.kind = SIEVE_TEST,
		.tests = SIEVE_ONE_TEST,
		.role = SIEVE_ROLE_NOT,
		.test = test_not },
	{ .name = "allof",
		.kind = SIEVE_TEST,
		.tests = SIEVE_TEST_LIST,
		.role = SIEVE_ROLE_ALLOF,
		.test = test_allof },
	{ .name = "anyof",
		.kind = SIEVE_TEST,
		.tests = SIEVE_TEST_LIST,
		.role = SIEVE_ROLE_ANYOF,
		.test = test_anyof },
	{ .name = NULL },
};
