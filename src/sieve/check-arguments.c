/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments as a word's row wants them. */
#include "sieve/check-private.h"

#include "base/text.h"

static const char *const type_names[] = {
	[SIEVE_TYPE_NONE] = "nothing",
	[SIEVE_TYPE_NUMBER] = "a number",
	[SIEVE_TYPE_STRING] = "a string",
	[SIEVE_TYPE_STRINGS] = "a string or a list of strings",
};

static const char *const argument_names[] = {
	[SIEVE_NUMBER] = "a number",
	[SIEVE_STRING] = "a string",
	[SIEVE_STRINGS] = "a list of strings",
	[SIEVE_TAG] = "a tag",
};

static const char *kind_of(const SieveNode *node)
{
	return node->word->kind == SIEVE_TEST ? "test" : "command";
}

static gboolean is_of_type(const SieveArgument *argument, SieveType type)
{
	switch (type) {
	case SIEVE_TYPE_NUMBER:
		return argument->kind == SIEVE_NUMBER;
	case SIEVE_TYPE_STRING:
		return argument->kind == SIEVE_STRING;
	case SIEVE_TYPE_STRINGS:
		return argument->kind == SIEVE_STRING ||
			argument->kind == SIEVE_STRINGS;
	case SIEVE_TYPE_NONE:
		break;
	}
	return FALSE;
}

/* ---- Tags ---- */

static gboolean tell_twice(
	SieveChecker *checker, const SieveNode *node, const SieveTagUse *use)
{
	for (guint i = 0; i < node->n_tags; i++) {
		const SieveTag *other = node->tags[i].tag;
		if (other->slot != use->tag->slot)
			continue;
		if (other == use->tag)
			sieve_check_error(checker, use->place,
				"':%s' stands twice here", other->name);
		else
			sieve_check_error(checker, use->place,
				"':%s' and ':%s' exclude each other",
				other->name, use->tag->name);
		return TRUE;
	}
	return FALSE;
}

/* The value behind the tag at *i, which then stands on it. */
static gboolean take_value(SieveChecker *checker, const SieveNode *node,
	guint *i, SieveTagUse *use)
{
	const SieveTag *tag = use->tag;
	if (tag->value == SIEVE_TYPE_NONE)
		return TRUE;
	const SieveArgument *value =
		*i + 1 < node->n_arguments ? &node->arguments[*i + 1] : NULL;
	if (value == NULL || value->kind == SIEVE_TAG) {
		sieve_check_error(checker, use->place,
			"':%s' needs %s behind it", tag->name,
			type_names[tag->value]);
		return FALSE;
	}
	*i += 1;
	use->value = value;
	if (!is_of_type(value, tag->value)) {
		sieve_check_error(checker, value->place,
			"':%s' needs %s behind it, not %s", tag->name,
			type_names[tag->value], argument_names[value->kind]);
		return FALSE;
	}
	return !tag->is_constant ||
		sieve_check_constant(
			checker, &value->strings[0], "the tag's string");
}

/* What may stand behind a tag that is unknown is not known either: the rest of
 * the arguments is not counted then. */
static gboolean take_tag(
	SieveChecker *checker, SieveNode *node, guint *i, SieveTagUse *uses)
{
	const SieveArgument *argument = &node->arguments[*i];
	const SieveTag *tag = sieve_word_tag(node->word, argument->tag);
	if (tag == NULL) {
		sieve_check_error(checker, argument->place,
			"unknown tag ':%.*s' for the %s '%s'",
			(int)MIN(argument->tag.size, 60), argument->tag.data,
			kind_of(node), node->word->name);
		return FALSE;
	}
	g_autofree char *what = g_strdup_printf("':%s'", tag->name);
	SieveTagUse use = { .tag = tag, .place = argument->place };
	gboolean good = sieve_check_extensions(
		checker, node, argument->place, tag->needs, what);
	good = take_value(checker, node, i, &use) && good;
	if (!good || tell_twice(checker, node, &use))
		return TRUE;
	uses[node->n_tags++] = use;
	return TRUE;
}

/* RFC 5228 section 2.6.2: tags come first. */
static void tell_late(SieveChecker *checker, const SieveNode *node,
	const SieveArgument *argument)
{
	sieve_check_error(checker, argument->place,
		"':%.*s' must stand before the positional arguments of the %s "
		"'%s'",
		(int)MIN(argument->tag.size, 60), argument->tag.data,
		kind_of(node), node->word->name);
}

/* ---- Positional arguments ---- */

static guint count_types(const SieveWord *word)
{
	guint n = 0;
	while (n < SIEVE_POSITIONAL_MAX &&
		word->arguments[n] != SIEVE_TYPE_NONE)
		n++;
	return n;
}

static gboolean tell_count(SieveChecker *checker, const SieveNode *node,
	guint found, guint least, guint most)
{
	g_autofree char *wanted = least == most ?
		g_strdup_printf("%u", most) :
		g_strdup_printf("%u or %u", least, most);
	g_autofree char *called = node->word->called != NULL ?
		g_strdup_printf(" (%s)", node->word->called) :
		g_strdup("");
	sieve_check_error(checker, node->place,
		"the %s '%s' needs %s positional argument%s%s, not %u",
		kind_of(node), node->word->name, wanted, most == 1 ? "" : "s",
		called, found);
	return FALSE;
}

static void place_arguments(SieveChecker *checker, SieveNode *node,
	const SieveArgument *const *found, guint n)
{
	const SieveWord *word = node->word;
	guint most = count_types(word);
	guint least = most - (word->first_is_optional ? 1 : 0) -
		(word->last_is_optional ? 1 : 0);
	if (n < least || n > most) {
		tell_count(checker, node, n, least, most);
		return;
	}
	if (most > 0)
		node->positional = arena_new_array(sieve_check_arena(checker),
			const SieveArgument *, most);
	guint skip = word->first_is_optional && n < most ? 1 : 0;
	for (guint i = 0; i < n; i++) {
		SieveType type = word->arguments[i + skip];
		node->positional[i + skip] = found[i];
		if (!is_of_type(found[i], type))
			sieve_check_error(checker, found[i]->place,
				"the %s '%s' needs %s as argument %u, not %s",
				kind_of(node), word->name, type_names[type],
				i + 1, argument_names[found[i]->kind]);
	}
}

/* ---- Tests and blocks ---- */

/* A word that neither a test nor a command has: a string without quotes, a tag
 * without its colon, or how other languages join tests. */
static void tell_bare_word(SieveChecker *checker, const SieveNode *node)
{
	const SieveNode *bare = node->tests;
	const SieveTag *tag = sieve_word_tag(node->word, bare->name);
	int size = (int)MIN(bare->name.size, 60);
	const char *word = bare->name.data;

	if (tag != NULL)
		sieve_check_error(checker, bare->place,
			"a tag begins with a colon: ':%s'", tag->name);
	else if (text_equal_nocase(bare->name, "and") ||
		text_equal_nocase(bare->name, "or"))
		sieve_check_error(checker, bare->place,
			"tests are joined by allof(...) or anyof(...), not by "
			"'%.*s'",
			size, word);
	else if (node->word->kind == SIEVE_TEST &&
		node->n_arguments >= count_types(node->word))
		sieve_check_error(checker, bare->place,
			"'%.*s' cannot stand behind a test", size, word);
	else
		sieve_check_error(checker, bare->place,
			"'%.*s' means nothing here: a string stands in quotes",
			size, word);
}

/* A word that is no test where one may stand is most often the next command,
 * and what is missing a semicolon or a brace. */
static void tell_no_tests(SieveChecker *checker, SieveNode *node)
{
	const struct SieveExtraWords *extra = checker->compilation->extra;
	const SieveNode *test = node->tests;
	const SieveWord *command =
		sieve_word_find(extra, SIEVE_COMMAND, test->name);

	if (node->is_test_list ||
		sieve_word_find(extra, SIEVE_TEST, test->name) != NULL)
		sieve_check_error(checker, test->place,
			"the %s '%s' takes no tests", kind_of(node),
			node->word->name);
	else if (command == NULL)
		tell_bare_word(checker, node);
	else if (node->word->kind == SIEVE_COMMAND)
		sieve_check_error(checker, test->place,
			"';' expected before '%s': the command '%s' ends here",
			command->name, node->word->name);
	else
		sieve_check_error(checker, test->place,
			"'{' expected before '%s': the test '%s' ends here",
			command->name, node->word->name);
}

static void check_shape(SieveChecker *checker, SieveNode *node)
{
	const SieveWord *word = node->word;
	if (word->tests == SIEVE_NO_TESTS && node->tests != NULL) {
		tell_no_tests(checker, node);
		return;
	}
	if (word->tests == SIEVE_ONE_TEST &&
		(node->n_tests != 1 || node->is_test_list))
		sieve_check_error(checker, node->place,
			"the %s '%s' needs one test, without parentheses",
			kind_of(node), word->name);
	else if (word->tests == SIEVE_TEST_LIST && !node->is_test_list)
		sieve_check_error(checker, node->place,
			"the %s '%s' needs a list of tests in parentheses",
			kind_of(node), word->name);
	if (word->kind == SIEVE_TEST)
		return;
	if (word->has_block && !node->has_block)
		sieve_check_error(checker, node->place,
			"the command '%s' needs a block { ... }", word->name);
	else if (!word->has_block && node->has_block)
		sieve_check_error(checker, node->place,
			"the command '%s' takes no block; ';' expected",
			word->name);
}

gboolean sieve_check_arguments(SieveChecker *checker, SieveNode *node)
{
	guint before = checker->n_errors;
	gboolean is_whole = TRUE;
	for (guint i = 0; i < node->n_arguments; i++) {
		SieveArgument *argument = &node->arguments[i];
		for (guint j = 0; j < argument->n_strings; j++)
			sieve_check_string(checker, &argument->strings[j]);
	}
	g_autofree const SieveArgument **found =
		g_new0(const SieveArgument *, node->n_arguments + 1);
	SieveTagUse *uses = node->n_arguments > 0 ?
		arena_new_array(sieve_check_arena(checker), SieveTagUse,
			node->n_arguments) :
		NULL;
	guint n_found = 0;
	node->tags = uses;
	for (guint i = 0; i < node->n_arguments; i++) {
		const SieveArgument *argument = &node->arguments[i];
		if (argument->kind != SIEVE_TAG) {
			found[n_found++] = argument;
			continue;
		}
		if (is_whole && n_found > 0)
			tell_late(checker, node, argument);
		is_whole &= n_found == 0;
		is_whole &= take_tag(checker, node, &i, uses);
	}
	/* A string without quotes is told, and not that one is missing. */
	gboolean is_told = node->word->tests == SIEVE_NO_TESTS &&
		node->tests != NULL &&
		sieve_word_tag(node->word, node->tests->name) == NULL;
	if (is_whole && !(is_told && n_found < count_types(node->word)))
		place_arguments(checker, node, found, n_found);
	check_shape(checker, node);
	return checker->n_errors == before;
}
