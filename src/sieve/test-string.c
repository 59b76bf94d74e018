/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test string (RFC 5229 section 5). */
#include "sieve/testing.h"
#include "sieve/words.h"

static void check_string(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 1);
}

/* An empty string does not count (RFC 5229 section 5). */
static gboolean add_source(SieveTesting *testing, Bytes value)
{
	return (value.size == 0 && sieve_testing_only_counts(testing)) ||
		sieve_testing_add(testing, value);
}

static gboolean test_string(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const SieveArgument *sources = node->positional[0];
	SieveTesting testing;
	gboolean good =
		sieve_testing_begin(&testing, run, node, node->positional[1]);
	for (guint i = 0; good && !testing.is_matched && i < sources->n_strings;
		i++) {
		Bytes value;
		good = sieve_run_string(
			       run, node, &sources->strings[i], &value) &&
			add_source(&testing, value);
	}
	return sieve_testing_end(&testing, good, result);
}

const SieveWord sieve_words_string[] = {
	{ .name = "string",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_VARIABLES),
		.arguments = { SIEVE_TYPE_STRINGS, SIEVE_TYPE_STRINGS },
		.called = "sources, keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH,
		.check = check_string,
		.test = test_string },
	{ .name = NULL },
};
