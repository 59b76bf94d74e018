/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test environment (RFC 5183, RFC 6785 section 4). */
#include "base/text.h"
#include "sieve/match.h"
#include "sieve/testing.h"
#include "sieve/words.h"

/* What is so wherever the engine runs, unless the one who runs it knows
 * better. */
static const struct {
	const char *name;
	const char *value;
} items[] = {
	{ "name", PACKAGE_NAME },
	{ "version", PACKAGE_VERSION },
	{ "location", "MDA" },
	{ "phase", "during" },
	{ "remote-host", "" },
	{ "imap.user", "" },
	{ "imap.email", "" },
	{ "imap.cause", "" },
	{ "imap.mailbox", "" },
	{ "imap.changedflags", "" },
};

/* Item names are compared in any case, as all names of the language are. */
static const char *find_item(const SieveInput *input, Bytes name)
{
	const char *const *pair = input->environment;
	for (; pair != NULL && pair[0] != NULL; pair += 2) {
		if (text_equal_nocase(name, pair[0]))
			return pair[1];
	}
	for (guint i = 0; i < G_N_ELEMENTS(items); i++) {
		if (text_equal_nocase(name, items[i].name))
			return items[i].value;
	}
	return NULL;
}

static void check_environment(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 1);
}

/* An item that is not known matches nothing, whatever the match type (RFC 5183
 * section 4). */
static gboolean test_environment(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	Bytes name;
	if (!sieve_run_string(
		    run, node, &node->positional[0]->strings[0], &name))
		return FALSE;
	const char *value = find_item(run->input, name);
	*result = FALSE;
	if (value == NULL)
		return TRUE;
	/* What is empty counts as none (section 4). */
	gboolean is_counted =
		node->match->type != SIEVE_MATCH_COUNT || value[0] != '\0';
	Bytes bytes = bytes_of_string(value);
	return sieve_testing_run(run, node, node->positional[1], &bytes,
		is_counted ? 1 : 0, result);
}

const SieveWord sieve_words_environment[] = {
	{ .name = "environment",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_ENVIRONMENT),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRINGS },
		.called = "item, keys",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH,
		.check = check_environment,
		.test = test_environment },
	{ .name = NULL },
};
