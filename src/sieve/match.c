/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Match types: values against a list of keys. */
#include "sieve/match.h"

#include "base/errors.h"
#include "sieve/find.h"

/* Bytes of ASCII that are folded for one unit of work. */
#define FOLD_BYTES 32

/* A key, made ready. */
typedef struct {
	Bytes text;        /* as it is */
	Bytes folded;      /* as the comparator has it, where it has a form */
	SieveFindKey find; /* of :contains */
	SieveWildcard *wildcard;
	const SieveRegex *regex;
	SieveRegex *own; /* the same where it was made here */
} Key;

struct SieveMatcher {
	SieveMatchHow how;
	SieveMatch rule;
	const SieveComparator *comparator;
	Arena *arena;
	Key *keys;
	GError *wrong; /* the first bad regular expression */
	guint64 count;
	guint n_values;
	Bytes values[SIEVE_MATCH_VALUES_MAX];
};

/* A value, made ready for one type of match. */
typedef struct {
	Bytes text;
	const SieveMatchFold *fold; /* NULL: not needed */
} Value;

/* Whether the key matches.  FALSE with error set. */
typedef gboolean (*MatchFunction)(SieveMatcher *matcher, const Key *key,
	const Value *value, gboolean *matched, GError **error);

gboolean sieve_relation_find(Bytes name, SieveRelation *relation)
{
	static const char names[][3] = { "gt", "ge", "lt", "le", "eq", "ne" };
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		if (bytes_equal(name, bytes_of_string(names[i]))) {
			*relation = (SieveRelation)i;
			return TRUE;
		}
	}
	return FALSE;
}

static const SieveComparator *comparator_of(const SieveMatch *rule)
{
	return rule->comparator != NULL ? rule->comparator :
					  sieve_comparator_default();
}

const char *sieve_match_check(const SieveMatch *rule)
{
	const SieveComparator *comparator = comparator_of(rule);
	switch (rule->type) {
	case SIEVE_MATCH_CONTAINS:
	case SIEVE_MATCH_MATCHES:
		return comparator->has_substring ?
			NULL :
			"this comparator cannot look for a part of a text: it "
			"goes with :is and :value, not with :contains and "
			":matches";
	case SIEVE_MATCH_REGEX:
		return comparator->has_substring ?
			NULL :
			"this comparator cannot be used with :regex";
	case SIEVE_MATCH_IS:
	case SIEVE_MATCH_VALUE:
	case SIEVE_MATCH_COUNT:
	case SIEVE_MATCH_LIST:
		break;
	}
	return NULL;
}

static SieveRegex *regex_of(
	const SieveComparator *comparator, Bytes key, GError **error)
{
	SieveRegexCase how = SIEVE_REGEX_ASCII_NOCASE;
	if (comparator->fold == NULL)
		how = SIEVE_REGEX_EXACT;
	else if (comparator->has_characters)
		how = SIEVE_REGEX_UNICODE_NOCASE;
	return sieve_regex_new(key, how, error);
}

gboolean sieve_match_prepare_key(
	const SieveMatch *rule, Bytes key, SieveRegex **regex, GError **error)
{
	*regex = NULL;
	if (rule->type != SIEVE_MATCH_REGEX)
		return TRUE;
	*regex = regex_of(comparator_of(rule), key, error);
	return *regex != NULL;
}

static gboolean spend(SieveMatcher *matcher, guint64 cost, GError **error)
{
	if (*matcher->how.work > cost) {
		*matcher->how.work -= cost;
		return TRUE;
	}
	*matcher->how.work = 0;
	dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
		"the script takes too long: its comparisons look at too much",
		"the work allowed for comparisons is used up");
	return FALSE;
}

/* :contains, and :is and :value of characters, compare folded texts. */
static gboolean wants_folded(const SieveMatcher *matcher)
{
	if (matcher->comparator->fold == NULL)
		return FALSE;
	switch (matcher->rule.type) {
	case SIEVE_MATCH_CONTAINS:
		return TRUE;
	case SIEVE_MATCH_IS:
	case SIEVE_MATCH_VALUE:
		return matcher->comparator->has_characters;
	default:
		return FALSE;
	}
}

static gboolean key_init(
	SieveMatcher *matcher, Key *key, Bytes text, GError **error)
{
	key->text = text;
	key->folded = text;
	if (!spend(matcher, SIEVE_MATCH_COST + text.size, error))
		return FALSE;
	if (matcher->rule.type == SIEVE_MATCH_MATCHES) {
		key->wildcard = sieve_wildcard_new(
			matcher->arena, matcher->comparator, text);
	} else if (matcher->rule.type == SIEVE_MATCH_REGEX) {
		/* Made by variables, perhaps of what a sender wrote: no
		 * reason to end the script. */
		if (key->regex == NULL)
			key->regex = key->own = regex_of(matcher->comparator,
				text,
				matcher->wrong == NULL ? &matcher->wrong :
							 NULL);
	} else if (wants_folded(matcher)) {
		g_autoptr(GString) folded = g_string_sized_new(text.size);
		matcher->comparator->fold(text, folded);
		key->folded = bytes_of(
			arena_copy(matcher->arena, folded->str, folded->len),
			folded->len);
	}
	if (matcher->rule.type == SIEVE_MATCH_CONTAINS)
		key->find = sieve_find_key(key->folded);
	return TRUE;
}

gboolean sieve_matcher_new(Arena *arena, const SieveMatchHow *how,
	SieveMatcher **matcher, GError **error)
{
	SieveMatcher *made = arena_new_object(arena, SieveMatcher);
	made->how = *how;
	made->rule = *how->rule;
	made->comparator = comparator_of(how->rule);
	made->arena = arena;
	made->keys = arena_new_array(arena, Key, how->n_keys);
	for (guint i = 0; i < how->n_keys; i++) {
		if (how->regexes != NULL)
			made->keys[i].regex = how->regexes[i];
		if (key_init(made, &made->keys[i], how->keys[i], error))
			continue;
		sieve_matcher_free(&made);
		return FALSE;
	}
	*matcher = made;
	return TRUE;
}

void sieve_matcher_free(SieveMatcher **matcher)
{
	if (*matcher == NULL)
		return;
	for (guint i = 0; i < (*matcher)->how.n_keys; i++)
		sieve_regex_free(&(*matcher)->keys[i].own);
	g_clear_error(&(*matcher)->wrong);
	*matcher = NULL;
}

const GError *sieve_matcher_wrong(const SieveMatcher *matcher)
{
	return matcher->wrong;
}

/* Copies what matched; cut between characters where it is too long. */
static void note_values(SieveMatcher *matcher, const Bytes *values, guint n)
{
	for (guint i = 0; i < n; i++) {
		Bytes value =
			bytes_slice(values[i], 0, matcher->how.max_value_size);
		if (value.size < values[i].size)
			while (value.size > 0 &&
				((guchar)values[i].data[value.size] & 0xc0) ==
					0x80)
				value.size--;
		matcher->values[i] = bytes_of(
			arena_copy(matcher->arena,
				value.size > 0 ? value.data : "", value.size),
			value.size);
	}
	matcher->n_values = n;
}

static gboolean match_is(SieveMatcher *matcher, const Key *key,
	const Value *value, gboolean *matched, GError **error)
{
	(void)error;
	if (value->fold != NULL)
		*matched = bytes_equal(key->folded, value->fold->text.folded);
	else
		*matched = sieve_comparator_equal(
			matcher->comparator, value->text, key->text);
	return spend(matcher, MIN(key->text.size, value->text.size) / 8, error);
}

static gboolean match_contains(SieveMatcher *matcher, const Key *key,
	const Value *value, gboolean *matched, GError **error)
{
	Bytes text =
		value->fold != NULL ? value->fold->text.folded : value->text;
	gsize at = 0;
	*matched = key->folded.size == 0 ||
		sieve_find(&key->find, text, matcher->how.work, &at);
	return spend(matcher, 0, error);
}

static gboolean match_matches(SieveMatcher *matcher, const Key *key,
	const Value *value, gboolean *matched, GError **error)
{
	Bytes values[SIEVE_MATCH_VALUES_MAX];
	guint n;

	*matched = sieve_wildcard_match(key->wildcard, &value->fold->text,
		matcher->how.work, values + 1, SIEVE_MATCH_VALUES_MAX - 1, &n);
	if (*matched && matcher->how.wants_values) {
		values[0] = value->text;
		note_values(matcher, values, n + 1);
	}
	return spend(matcher, 0, error);
}

static gboolean match_regex(SieveMatcher *matcher, const Key *key,
	const Value *value, gboolean *matched, GError **error)
{
	Bytes groups[SIEVE_REGEX_GROUPS_MAX];

	*matched = FALSE;
	if (key->regex == NULL)
		return TRUE;
	guint64 before = *matcher->how.work / SIEVE_MATCH_STEP_COST;
	guint64 left = before;

	SieveRegexAnswer answer = sieve_regex_match(key->regex, value->text,
		&left, matcher->how.wants_values ? groups : NULL);
	if (answer == SIEVE_REGEX_STOPPED)
		left = 0;
	*matched = answer == SIEVE_REGEX_YES;
	if (*matched && matcher->how.wants_values)
		note_values(matcher, groups, sieve_regex_groups(key->regex));
	if (answer == SIEVE_REGEX_STOPPED)
		*matcher->how.work = 0;
	return spend(matcher, (before - left) * SIEVE_MATCH_STEP_COST, error);
}

static gboolean relation_holds(SieveRelation relation, gint order)
{
	switch (relation) {
	case SIEVE_RELATION_GT:
		return order > 0;
	case SIEVE_RELATION_GE:
		return order >= 0;
	case SIEVE_RELATION_LT:
		return order < 0;
	case SIEVE_RELATION_LE:
		return order <= 0;
	case SIEVE_RELATION_EQ:
		return order == 0;
	case SIEVE_RELATION_NE:
		return order != 0;
	}
	return FALSE;
}

static gboolean match_value(SieveMatcher *matcher, const Key *key,
	const Value *value, gboolean *matched, GError **error)
{
	gint order;
	if (value->fold != NULL)
		order = sieve_comparator_find(bytes_of_string("i;octet"))
				->compare(
					value->fold->text.folded, key->folded);
	else
		order = matcher->comparator->compare(value->text, key->text);
	*matched = relation_holds(matcher->rule.relation, order);
	return spend(matcher, MIN(key->text.size, value->text.size) / 8, error);
}

static gboolean match_list(SieveMatcher *matcher, const Key *key,
	const Value *value, gboolean *matched, GError **error)
{
	*matched = FALSE;
	if (matcher->how.list == NULL)
		return TRUE;
	g_autofree char *list = g_strndup(key->text.data, key->text.size);
	g_autofree char *text = g_strndup(value->text.data, value->text.size);
	if (!matcher->how.list(
		    matcher->how.list_data, list, text, matched, error))
		return FALSE;
	if (*matched && matcher->how.wants_values)
		note_values(matcher, &value->text, 1);
	return TRUE;
}

static const MatchFunction functions[] = {
	[SIEVE_MATCH_IS] = match_is,
	[SIEVE_MATCH_CONTAINS] = match_contains,
	[SIEVE_MATCH_MATCHES] = match_matches,
	[SIEVE_MATCH_REGEX] = match_regex,
	[SIEVE_MATCH_VALUE] = match_value,
	[SIEVE_MATCH_LIST] = match_list,
};

static gboolean match_keys(SieveMatcher *matcher, MatchFunction function,
	const Value *value, gboolean *matched, GError **error)
{
	for (guint i = 0; i < matcher->how.n_keys && !*matched; i++) {
		if (!spend(matcher, SIEVE_MATCH_COST, error) ||
			!function(matcher, &matcher->keys[i], value, matched,
				error))
			return FALSE;
	}
	return TRUE;
}

void sieve_match_fold_clear(SieveMatchFold *fold)
{
	if (fold->comparator != NULL)
		sieve_wildcard_text_clear(&fold->text);
	fold->comparator = NULL;
}

/* Folds the text, where that was not done before. */
static gboolean fold_value(
	SieveMatcher *matcher, Bytes text, SieveMatchFold *fold, GError **error)
{
	const SieveComparator *comparator = matcher->comparator;
	gboolean by_character = matcher->rule.type == SIEVE_MATCH_MATCHES &&
		comparator->has_characters;

	if (fold->comparator == comparator &&
		fold->is_by_character == by_character)
		return TRUE;
	sieve_match_fold_clear(fold);
	if (!spend(matcher,
		    text.size / (comparator->has_characters ? 1 : FOLD_BYTES),
		    error))
		return FALSE;
	fold->comparator = comparator;
	fold->is_by_character = by_character;
	if (by_character || comparator->fold == NULL)
		sieve_wildcard_text_init(&fold->text, comparator, text);
	else
		sieve_wildcard_text_fold(&fold->text, comparator, text);
	return TRUE;
}

gboolean sieve_matcher_add_again(SieveMatcher *matcher, Bytes text,
	SieveMatchFold *fold, gboolean *matched, GError **error)
{
	Value value = { .text = text };

	*matched = FALSE;
	matcher->count++;
	if (matcher->rule.type == SIEVE_MATCH_COUNT)
		return spend(matcher, 1, error);
	if (value.text.data == NULL)
		value.text.data = "";
	if (matcher->rule.type == SIEVE_MATCH_MATCHES ||
		wants_folded(matcher)) {
		if (!fold_value(matcher, value.text, fold, error))
			return FALSE;
		value.fold = fold;
	}
	return match_keys(
		matcher, functions[matcher->rule.type], &value, matched, error);
}

gboolean sieve_matcher_add(
	SieveMatcher *matcher, Bytes text, gboolean *matched, GError **error)
{
	SieveMatchFold fold = { 0 };
	gboolean done =
		sieve_matcher_add_again(matcher, text, &fold, matched, error);

	sieve_match_fold_clear(&fold);
	return done;
}

gboolean sieve_matcher_end(
	SieveMatcher *matcher, gboolean *matched, GError **error)
{
	char digits[24];

	*matched = FALSE;
	if (matcher->rule.type != SIEVE_MATCH_COUNT)
		return TRUE;
	g_snprintf(
		digits, sizeof(digits), "%" G_GUINT64_FORMAT, matcher->count);
	Value value = { .text = bytes_of_string(digits) };
	return match_keys(matcher, match_value, &value, matched, error);
}

gboolean sieve_matcher_only_counts(const SieveMatcher *matcher)
{
	return matcher->rule.type == SIEVE_MATCH_COUNT;
}

guint sieve_matcher_values(const SieveMatcher *matcher, const Bytes **values)
{
	*values = matcher->values;
	return matcher->n_values;
}
