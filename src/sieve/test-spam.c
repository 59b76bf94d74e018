/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tests spamtest and virustest (RFC 5235). */
#include "base/text.h"
#include "sieve/message.h"
#include "sieve/spam.h"
#include "sieve/testing.h"
#include "sieve/words.h"

static const SieveTag spam_tags[] = {
	{ .name = "percent",
		.needs = SIEVE_BIT(SIEVE_EXT_SPAMTESTPLUS),
		.slot = SIEVE_SLOT_PERCENT },
	{ .name = NULL },
};

/* Either of the two extensions brings the test. */
static void check_spam(SieveChecker *checker, SieveNode *node)
{
	if (!sieve_check_has(checker, SIEVE_EXT_SPAMTESTPLUS))
		(void)sieve_check_needs(checker, node, node->place,
			SIEVE_EXT_SPAMTEST, "the test 'spamtest'");
	sieve_testing_check(checker, node, 0);
}

static void check_virus(SieveChecker *checker, SieveNode *node)
{
	sieve_testing_check(checker, node, 0);
}

static const char *header(gpointer data, const char *name)
{
	SieveRun *run = data;
	guint n;
	const MimeField *fields = sieve_message_fields(run, &n);
	for (guint i = 0; i < n; i++) {
		if (text_equal_nocase(fields[i].name, name))
			return mime_unfold(run->scratch, fields[i].value);
	}
	return NULL;
}

/* "0" alone says that nothing was found out, and no value is counted. */
static gboolean test_filter(SieveRun *run, const SieveNode *node,
	const SieveSpamFilter *filter, guint steps, gboolean *result)
{
	SieveTesting testing;
	char text[16];
	gdouble value = 0;
	gboolean is_tested = filter != NULL &&
		sieve_spam_value(filter, steps, header, run, &value);
	guint number = is_tested ? sieve_spam_step(value, steps) : 0;

	if (sieve_node_tag(node, SIEVE_SLOT_PERCENT) != NULL)
		number = is_tested ? sieve_spam_percent(value) : 0;
	g_snprintf(text, sizeof(text), "%u", number);
	gboolean good =
		sieve_testing_begin(&testing, run, node, node->positional[0]);
	if (good && (is_tested || !sieve_testing_only_counts(&testing)))
		good = sieve_testing_add(&testing, bytes_of_string(text));
	return sieve_testing_end(&testing, good, result);
}

static gboolean test_spam(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const SieveSpamSettings *spam = run->input->spam;
	return test_filter(run, node, spam != NULL ? &spam->spam : NULL,
		SIEVE_SPAM_STEPS, result);
}

static gboolean test_virus(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const SieveSpamSettings *spam = run->input->spam;
	return test_filter(run, node, spam != NULL ? &spam->virus : NULL,
		SIEVE_VIRUS_STEPS, result);
}

const SieveWord sieve_words_spam[] = {
	{ .name = "spamtest",
		.kind = SIEVE_TEST,
		.arguments = { SIEVE_TYPE_STRING },
		.called = "value",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH,
		.tags = spam_tags,
		.check = check_spam,
		.test = test_spam },
	{ .name = "virustest",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_VIRUSTEST),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "value",
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH,
		.check = check_virus,
		.test = test_virus },
	{ .name = NULL },
};
