/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the tree of a unit and fills it in: which words these are, what their
 * arguments mean, and all that is wrong with them. */
#include "sieve/check.h"

#include <stdarg.h>

#include "base/text.h"
#include "sieve/check-private.h"

/* ---- For the words ---- */

void sieve_check_error(
	SieveChecker *checker, SievePlace place, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	sieve_report_list(&checker->compilation->report, checker->unit->name,
		place, FALSE, format, list);
	va_end(list);
	checker->n_errors++;
}

void sieve_check_warn(
	SieveChecker *checker, SievePlace place, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	sieve_report_list(&checker->compilation->report, checker->unit->name,
		place, TRUE, format, list);
	va_end(list);
}

Arena *sieve_check_arena(SieveChecker *checker)
{
	return checker->compilation->script->arena;
}

const SieveLimits *sieve_check_limits(const SieveChecker *checker)
{
	return checker->compilation->how->limits;
}

const char *sieve_quote(SieveChecker *checker, Bytes value)
{
	return sieve_report_quote(sieve_check_arena(checker), value);
}

typedef struct {
	gpointer object;
	GDestroyNotify free_it;
} Kept;

static void kept_free(gpointer data)
{
	Kept *kept = data;
	kept->free_it(kept->object);
	g_free(kept);
}

/* Bytes that one script may keep outside its arena. */
#define KEPT_MAX ((gsize)1048576)

gboolean sieve_check_keep(SieveChecker *checker, gpointer object, gsize size,
	GDestroyNotify free_it)
{
	SieveScript *script = checker->compilation->script;
	if (size > KEPT_MAX - script->kept_size)
		return FALSE;
	script->kept_size += size;
	if (script->kept == NULL)
		script->kept = g_ptr_array_new_with_free_func(kept_free);
	Kept *kept = g_new(Kept, 1);
	*kept = (Kept){ object, free_it };
	g_ptr_array_add(script->kept, kept);
	return TRUE;
}

gboolean sieve_check_is_certain(const SieveChecker *checker)
{
	return !checker->is_uncertain;
}

gboolean sieve_check_each(SieveChecker *checker, const SieveArgument *argument,
	gboolean (*check)(SieveChecker *checker, const SieveString *string))
{
	gboolean good = TRUE;
	for (guint i = 0; argument != NULL && i < argument->n_strings; i++) {
		const SieveString *string = &argument->strings[i];
		if (sieve_string_is_constant(string))
			good = check(checker, string) && good;
	}
	return good;
}

const SieveTagUse *sieve_node_tag(const SieveNode *node, guint slot)
{
	for (guint i = 0; i < node->n_tags; i++) {
		if (node->tags[i].tag->slot == slot)
			return &node->tags[i];
	}
	return NULL;
}

/* ---- One node ---- */

static void tell_unknown(
	SieveChecker *checker, const SieveNode *node, SieveWordKind kind)
{
	gboolean is_test = kind == SIEVE_TEST;
	const SieveWord *other = sieve_word_find(checker->compilation->extra,
		is_test ? SIEVE_COMMAND : SIEVE_TEST, node->name);
	if (other != NULL)
		sieve_check_error(checker, node->place,
			is_test ? "'%s' is a command; a test must stand here" :
				  "'%s' is a test; a command must stand here",
			other->name);
	else
		sieve_check_error(checker, node->place, "unknown %s '%.*s'",
			is_test ? "test" : "command",
			(int)MIN(node->name.size, 60), node->name.data);
}

/* The word's own checks, which may rely on what its row says. */
static void check_meaning(SieveChecker *checker, SieveNode *node)
{
	for (guint i = 0; i < node->n_tags; i++) {
		const SieveTag *tag = node->tags[i].tag;
		if (tag->check != NULL &&
			!tag->check(checker, node, &node->tags[i]))
			return;
	}
	if (node->word->role == SIEVE_ROLE_REQUIRE)
		sieve_check_require(checker, node);
	if (node->word->check != NULL)
		node->word->check(checker, node);
}

/* FALSE where there is nothing to go on with below it. */
static gboolean check_node(
	SieveChecker *checker, SieveNode *node, SieveWordKind kind)
{
	const SieveWord *word =
		sieve_word_find(checker->compilation->extra, kind, node->name);
	if (word == NULL) {
		tell_unknown(checker, node, kind);
		return FALSE;
	}
	node->word = word;
	g_autofree char *what = g_strdup_printf("'%s'", word->name);
	if (node->is_broken ||
		!sieve_check_extensions(
			checker, node, node->place, word->needs, what))
		return !node->is_broken;
	if (!sieve_check_arguments(checker, node))
		return TRUE;
	check_meaning(checker, node);
	return TRUE;
}

/* ---- Tests ---- */

static void check_test(SieveChecker *checker, SieveNode *test);

static SieveConstant opposite(SieveConstant constant)
{
	if (constant == SIEVE_DEPENDS)
		return SIEVE_DEPENDS;
	return constant == SIEVE_ALWAYS ? SIEVE_NEVER : SIEVE_ALWAYS;
}

/* A list's tests: the first that is `decides` for sure decides, and what is
 * behind it is never evaluated. */
static SieveConstant check_test_list(
	SieveChecker *checker, SieveNode *first, SieveConstant decides)
{
	gboolean was_dead = checker->is_dead;
	SieveConstant all = opposite(decides);
	for (SieveNode *test = first; test != NULL; test = test->next) {
		check_test(checker, test);
		if (test->constant == decides) {
			checker->is_dead = TRUE;
			all = decides;
		} else if (test->constant == SIEVE_DEPENDS && all != decides) {
			all = SIEVE_DEPENDS;
		}
	}
	checker->is_dead = was_dead;
	return all;
}

static void check_test(SieveChecker *checker, SieveNode *test)
{
	if (checker->is_dead || !check_node(checker, test, SIEVE_TEST))
		return;
	SieveRole role = test->word->role;
	if (test->word->tests == SIEVE_NO_TESTS)
		test->tests = NULL;
	SieveConstant all = check_test_list(checker, test->tests,
		role == SIEVE_ROLE_ANYOF ? SIEVE_ALWAYS : SIEVE_NEVER);
	if (role == SIEVE_ROLE_NOT)
		all = opposite(all);
	if (role == SIEVE_ROLE_NOT || role == SIEVE_ROLE_ANYOF ||
		role == SIEVE_ROLE_ALLOF)
		test->constant = all;
	if ((checker->required & SIEVE_BIT(SIEVE_EXT_IHAVE)) == 0)
		test->constant = SIEVE_DEPENDS;
}

/* ---- Commands ---- */

/* TRUE: what is behind these commands is never reached. */
static gboolean check_commands(SieveChecker *checker, SieveNode *first);

static gboolean is_condition(const SieveNode *node)
{
	return node != NULL && node->word != NULL &&
		(node->word->role == SIEVE_ROLE_IF ||
			node->word->role == SIEVE_ROLE_ELSIF);
}

/* An elsif or else belongs to what is before it. */
static void check_chain(
	SieveChecker *checker, SieveNode *node, SieveNode *previous)
{
	SieveRole role = node->word->role;
	if (role != SIEVE_ROLE_ELSIF && role != SIEVE_ROLE_ELSE)
		return;
	if (is_condition(previous))
		previous->otherwise = node;
	else if (previous == NULL || !previous->is_broken)
		sieve_check_error(checker, node->place,
			"'%s' must stand right behind the block of an if or "
			"elsif",
			node->word->name);
}

static void check_require_place(
	SieveChecker *checker, const SieveNode *node, gboolean is_nested)
{
	if (node->word->role != SIEVE_ROLE_REQUIRE) {
		checker->is_past_require = TRUE;
		return;
	}
	if (checker->is_past_require || is_nested)
		sieve_check_error(checker, node->place,
			"require must stand before all other commands");
}

/* The block of a command; ends: what is behind the whole if is not reached,
 * where this block is the one that is taken. */
static gboolean check_block(
	SieveChecker *checker, SieveNode *node, SieveConstant condition)
{
	gboolean was_dead = checker->is_dead;
	if (condition == SIEVE_NEVER)
		checker->is_dead = TRUE;
	gboolean ends = check_commands(checker, node->block);
	checker->is_dead = was_dead;
	return ends && condition == SIEVE_ALWAYS;
}

typedef struct {
	SieveNode *previous;
	gboolean is_nested;
	gboolean chain_taken; /* an if or elsif before is ALWAYS */
	gboolean ends;
} Walk;

static void check_command(SieveChecker *checker, SieveNode *node, Walk *walk)
{
	if (checker->is_dead)
		return;
	if (!check_node(checker, node, SIEVE_COMMAND)) {
		check_commands(checker, node->block);
		return;
	}
	SieveRole role = node->word->role;
	checker->is_uncertain |= node->has_block || role == SIEVE_ROLE_ENDS;
	gboolean is_chained =
		role == SIEVE_ROLE_ELSIF || role == SIEVE_ROLE_ELSE;
	check_chain(checker, node, walk->previous);
	check_require_place(checker, node, walk->is_nested);
	gboolean was_dead = checker->is_dead;
	checker->is_dead = is_chained && walk->chain_taken;
	if (node->word->tests != SIEVE_NO_TESTS)
		check_test_list(checker, node->tests, SIEVE_NEVER);
	SieveConstant condition = SIEVE_DEPENDS;
	if (node->tests != NULL)
		condition = node->tests->constant;
	gboolean ends = check_block(checker, node, condition);
	checker->is_dead = was_dead;
	walk->chain_taken =
		(is_chained && walk->chain_taken) || condition == SIEVE_ALWAYS;
	walk->ends = ends || role == SIEVE_ROLE_ENDS;
}

static gboolean check_commands(SieveChecker *checker, SieveNode *first)
{
	Walk walk = { .is_nested = checker->is_nested };
	gboolean was_dead = checker->is_dead;
	gboolean ends = FALSE;
	checker->is_nested = TRUE;
	for (SieveNode *node = first; node != NULL; node = node->next) {
		check_command(checker, node, &walk);
		walk.previous = node;
		if (!walk.ends || ends)
			continue;
		ends = TRUE;
		if ((checker->required & SIEVE_BIT(SIEVE_EXT_IHAVE)) != 0)
			checker->is_dead = TRUE;
		else if (node->next != NULL)
			sieve_check_warn(checker, node->next->place,
				"this is never reached");
	}
	checker->is_dead = was_dead;
	checker->is_nested = walk.is_nested;
	return ends;
}

void sieve_check_unit_commands(SieveCompilation *compilation, SieveUnit *unit)
{
	SieveChecker checker = {
		.compilation = compilation,
		.unit = unit,
		/* Whoever includes it may ask before. */
		.is_uncertain = unit->number > 0,
		.variables = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, g_free),
	};
	check_commands(&checker, unit->commands);
	unit->extensions = checker.required;
	g_hash_table_unref(checker.variables);
}
