/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests that compare: their tags when a script is compiled, their values when
 * it runs. */
#include "sieve/testing.h"

#include "base/errors.h"
#include "base/text.h"
#include "sieve/lists.h"

/* ---- When a script is compiled ---- */

/* What node->match points into. */
typedef struct {
	SieveMatch match;
	const SieveArgument *keys; /* that regexes are of; NULL: of none */
	SieveRegex **regexes;
} Rule;

static gboolean take_comparator(
	SieveChecker *checker, SieveNode *node, SieveMatch *match)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_COMPARATOR);
	if (use == NULL)
		return TRUE;
	Bytes name = use->value->strings[0].text;
	match->comparator = sieve_comparator_find(name);
	if (match->comparator == NULL) {
		sieve_check_error(checker, use->value->place,
			"unknown comparator %s: there are i;octet, "
			"i;ascii-casemap, i;ascii-numeric and "
			"i;unicode-casemap",
			sieve_quote(checker, name));
		return FALSE;
	}
	g_autofree char *what =
		g_strdup_printf("the comparator '%s'", match->comparator->name);
	return match->comparator->extension == SIEVE_EXT_BASE ||
		sieve_check_needs(checker, node, use->value->place,
			match->comparator->extension, what);
}

static gboolean take_type(
	SieveChecker *checker, SieveNode *node, SieveMatch *match)
{
	const SieveTagUse *use = sieve_node_tag(node, SIEVE_SLOT_MATCH);
	if (use == NULL)
		return TRUE;
	match->type = (SieveMatchType)use->tag->number;
	if (use->value == NULL)
		return TRUE;
	g_autofree char *name =
		g_ascii_strdown(use->value->strings[0].text.data,
			(gssize)use->value->strings[0].text.size);
	if (sieve_relation_find(bytes_of_string(name), &match->relation))
		return TRUE;
	sieve_check_error(checker, use->value->place,
		"':%s' needs \"gt\", \"ge\", \"lt\", \"le\", \"eq\" or \"ne\" "
		"behind it",
		use->tag->name);
	return FALSE;
}

static void free_regex(gpointer data)
{
	SieveRegex *regex = data;
	sieve_regex_free(&regex);
}

/* The key made ready, as far as that can be done once for all runs. */
static SieveRegex *prepare_key(
	SieveChecker *checker, const SieveMatch *match, const SieveString *key)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(SieveRegex) regex = NULL;
	if (!sieve_string_is_constant(key))
		return NULL;
	if (!sieve_match_prepare_key(match, key->text, &regex, &error)) {
		sieve_check_error(checker, key->place, "%s", error->message);
		return NULL;
	}
	if (regex == NULL ||
		!sieve_check_keep(
			checker, regex, sieve_regex_size(regex), free_regex))
		return NULL;
	return g_steal_pointer(&regex);
}

static void prepare_keys(
	SieveChecker *checker, Rule *rule, const SieveArgument *keys)
{
	if (keys == NULL || rule->match.type != SIEVE_MATCH_REGEX)
		return;
	rule->keys = keys;
	rule->regexes = arena_new_array(
		sieve_check_arena(checker), SieveRegex *, keys->n_strings);
	for (guint i = 0; i < keys->n_strings; i++)
		rule->regexes[i] =
			prepare_key(checker, &rule->match, &keys->strings[i]);
}

void sieve_testing_check(SieveChecker *checker, SieveNode *node, guint keys)
{
	Rule *rule = arena_new_object(sieve_check_arena(checker), Rule);
	SieveMatch *match = &rule->match;
	const SieveTagUse *type = sieve_node_tag(node, SIEVE_SLOT_MATCH);
	const SieveTagUse *comparator =
		sieve_node_tag(node, SIEVE_SLOT_COMPARATOR);

	node->match = match;
	match->comparator = sieve_comparator_default();
	gboolean good = take_comparator(checker, node, match);
	if (!take_type(checker, node, match) || !good)
		return;
	const char *wrong = sieve_match_check(match);
	if (wrong != NULL) {
		sieve_check_error(checker, comparator->place, "%s", wrong);
		return;
	}
	/* RFC 5231 section 4.2: "9" is after "10" else. */
	if (match->type == SIEVE_MATCH_COUNT &&
		match->relation != SIEVE_RELATION_EQ &&
		match->relation != SIEVE_RELATION_NE &&
		!match->comparator->is_numeric)
		sieve_check_warn(checker, type->place,
			"':count' compares as texts without :comparator "
			"\"i;ascii-numeric\"");
	if (match->type == SIEVE_MATCH_LIST && comparator != NULL) {
		sieve_check_error(checker, comparator->place,
			"':%s' takes no comparator", type->tag->name);
		return;
	}
	prepare_keys(checker, rule, node->positional[keys]);
}

/* ---- When it runs ---- */

static gboolean list_has(gpointer data, const char *list, const char *value,
	gboolean *has, GError **error)
{
	SieveTesting *testing = data;
	gboolean known;

	if (!sieve_list_has(testing->run, list, value, &known, has, error))
		return FALSE;
	if (known)
		return TRUE;
	g_autofree char *name = text_make_valid(bytes_of_string(list));
	g_autofree char *text =
		g_strdup_printf("there is no list '%.100s'", name);
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, text, "%s", name);
	return FALSE;
}

static gboolean fail(SieveTesting *testing, GError **error)
{
	/* All that was left is spent: the one error that says so. */
	if (testing->work == 0)
		return sieve_run_step(testing->run, testing->node, G_MAXUINT64);
	return sieve_run_fail_error(testing->run, testing->node, error);
}

static guint64 work_left(const SieveRun *run)
{
	return sieve_run_left(run) * SIEVE_STEP_BYTES;
}

gboolean sieve_testing_begin(SieveTesting *testing, SieveRun *run,
	const SieveNode *node, const SieveArgument *keys)
{
	g_autoptr(GError) error = NULL;
	const Rule *rule = (const Rule *)(gconstpointer)node->match;
	Bytes *values = arena_new_array(run->scratch, Bytes, keys->n_strings);

	*testing = (SieveTesting){ .run = run, .node = node };
	for (guint i = 0; i < keys->n_strings; i++) {
		if (!sieve_run_string(run, node, &keys->strings[i], &values[i]))
			return FALSE;
	}
	testing->arena = arena_new();
	testing->allowed = testing->work = work_left(run);
	SieveMatchHow how = { .rule = &rule->match,
		.keys = values,
		.n_keys = keys->n_strings,
		.regexes = keys == rule->keys ? rule->regexes : NULL,
		.work = &testing->work,
		.wants_values = sieve_run_wants_matched(run),
		.max_value_size = run->limits->max_variable_size,
		.list = list_has,
		.list_data = testing };
	if (!sieve_matcher_new(testing->arena, &how, &testing->matcher, &error))
		return fail(testing, &error);
	const GError *wrong = sieve_matcher_wrong(testing->matcher);
	if (wrong != NULL)
		sieve_run_warn(run, node,
			"a regular expression made of variables matches "
			"nothing: %s",
			wrong->message);
	return TRUE;
}

gboolean sieve_testing_add(SieveTesting *testing, Bytes value)
{
	g_autoptr(GError) error = NULL;
	if (testing->is_matched ||
		sieve_matcher_add(
			testing->matcher, value, &testing->is_matched, &error))
		return TRUE;
	return fail(testing, &error);
}

gboolean sieve_testing_add_again(
	SieveTesting *testing, Bytes value, SieveMatchFold *fold)
{
	g_autoptr(GError) error = NULL;
	if (testing->is_matched ||
		sieve_matcher_add_again(testing->matcher, value, fold,
			&testing->is_matched, &error))
		return TRUE;
	return fail(testing, &error);
}

gboolean sieve_testing_only_counts(const SieveTesting *testing)
{
	return sieve_matcher_only_counts(testing->matcher);
}

static gboolean finish(SieveTesting *testing)
{
	g_autoptr(GError) error = NULL;
	const Bytes *values;

	if (!testing->is_matched &&
		!sieve_matcher_end(
			testing->matcher, &testing->is_matched, &error))
		return fail(testing, &error);
	if (!sieve_run_step(testing->run, testing->node,
		    (testing->allowed - testing->work) / SIEVE_STEP_BYTES))
		return FALSE;
	guint n = sieve_matcher_values(testing->matcher, &values);
	if (testing->is_matched && n > 0 && !testing->sets_no_values &&
		sieve_run_wants_matched(testing->run))
		sieve_run_set_matched(testing->run, values, n);
	return TRUE;
}

gboolean sieve_testing_end(
	SieveTesting *testing, gboolean go_on, gboolean *result)
{
	gboolean good = go_on && finish(testing);
	sieve_matcher_free(&testing->matcher);
	arena_free(&testing->arena);
	*result = good && testing->is_matched;
	return good;
}

gboolean sieve_testing_run(SieveRun *run, const SieveNode *node,
	const SieveArgument *keys, const Bytes *values, guint n_values,
	gboolean *result)
{
	SieveTesting testing;
	gboolean good = sieve_testing_begin(&testing, run, node, keys);
	for (guint i = 0; good && !testing.is_matched && i < n_values; i++)
		good = sieve_testing_add(&testing, values[i]);
	return sieve_testing_end(&testing, good, result);
}
