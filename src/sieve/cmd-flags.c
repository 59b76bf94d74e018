/* SPDX-License-Identifier: GPL-2.0-or-later */
/* setflag, addflag, removeflag and hasflag (RFC 5232). */
#include "sieve/file.h"
#include "sieve/flags.h"
#include "sieve/testing.h"
#include "sieve/words.h"

/* Variables that the node names, for node->data; NULL: the internal one. */
static SievePiece *find_variables(
	SieveChecker *checker, const SieveArgument *names)
{
	SievePiece *pieces = arena_new_array(
		sieve_check_arena(checker), SievePiece, names->n_strings);

	for (guint i = 0; i < names->n_strings; i++)
		if (!sieve_check_variable(
			    checker, &names->strings[i], &pieces[i]))
			return NULL;
	return pieces;
}

static void check_variables(SieveChecker *checker, SieveNode *node)
{
	const SieveArgument *names = node->positional[0];

	if (names != NULL &&
		sieve_check_needs(checker, node, names->place,
			SIEVE_EXT_VARIABLES, "the name of a variable"))
		node->data = find_variables(checker, names);
}

static void check_change(SieveChecker *checker, SieveNode *node)
{
	check_variables(checker, node);
	sieve_check_flags(checker, node->positional[1]);
}

/* Flags are looked for in a set of at most SIEVE_FLAGS_MAX, one after another:
 * this many bytes of them are an instruction. */
#define STEP_BYTES 8

static gboolean add_text(
	SieveRun *run, const SieveNode *node, GString *set, Bytes text)
{
	sieve_flags_add(set, text);
	return sieve_run_step(run, node, text.size / STEP_BYTES);
}

/* Adds what the variable has, all of it a set. */
static gboolean add_variable(SieveRun *run, const SieveNode *node,
	const SievePiece *variable, GString *set)
{
	const char *const *flags = run->input->flags;

	if (variable != NULL)
		return add_text(run, node, set, sieve_run_get(run, variable));
	if (run->flags != NULL)
		return add_text(run, node, set, bytes_of_string(run->flags));
	/* RFC 6785 section 4.3: those that the message has. */
	for (guint i = 0; flags != NULL && flags[i] != NULL; i++)
		sieve_flags_add(set, bytes_of_string(flags[i]));
	return TRUE;
}

static void store(SieveRun *run, const SievePiece *variable, const GString *set)
{
	if (variable != NULL) {
		sieve_run_set(run, variable, bytes_of(set->str, set->len));
		return;
	}
	g_free(run->flags);
	run->flags = g_strdup(set->str);
}

typedef void (*Change)(GString *set, Bytes text);

static gboolean change(
	SieveRun *run, const SieveNode *node, GString *set, Change how)
{
	const SieveArgument *list = node->positional[1];

	for (guint i = 0; i < list->n_strings; i++) {
		Bytes text;

		if (!sieve_run_string(run, node, &list->strings[i], &text) ||
			!sieve_run_step(run, node, text.size / STEP_BYTES))
			return FALSE;
		how(set, text);
	}
	store(run, node->data, set);
	return TRUE;
}

static gboolean run_setflag(SieveRun *run, const SieveNode *node)
{
	g_autoptr(GString) set = g_string_new(NULL);

	return change(run, node, set, sieve_flags_add);
}

static gboolean run_addflag(SieveRun *run, const SieveNode *node)
{
	g_autoptr(GString) set = g_string_new(NULL);

	return add_variable(run, node, node->data, set) &&
		change(run, node, set, sieve_flags_add);
}

static gboolean run_removeflag(SieveRun *run, const SieveNode *node)
{
	g_autoptr(GString) set = g_string_new(NULL);

	return add_variable(run, node, node->data, set) &&
		change(run, node, set, sieve_flags_remove);
}

static void check_hasflag(SieveChecker *checker, SieveNode *node)
{
	check_variables(checker, node);
	sieve_testing_check(checker, node, 1);
	if (sieve_node_tag(node, SIEVE_SLOT_MATCH) == NULL)
		sieve_check_flags(checker, node->positional[1]);
}

/* The flags of a set, which the values lie in. */
static void add_values(GArray *values, Bytes set)
{
	gsize pos = 0;
	Bytes flag;

	while (sieve_flags_next(set, &pos, &flag))
		g_array_append_val(values, flag);
}

/* A string that lists flags is the list of them (RFC 5232 section 2), and so
 * is one of keys. */
static void add_keys(GArray *keys, Bytes text, SievePlace place)
{
	gsize end = 0;

	while (end < text.size) {
		gsize begin = end;

		while (begin < text.size && text.data[begin] == ' ')
			begin++;
		end = begin;
		while (end < text.size && text.data[end] != ' ')
			end++;
		SieveString key = { .place = place,
			.text = bytes_slice(text, begin, end - begin) };
		if (end > begin)
			g_array_append_val(keys, key);
	}
}

static gboolean read_keys(SieveRun *run, const SieveNode *node, GArray *keys)
{
	const SieveArgument *list = node->positional[1];

	for (guint i = 0; i < list->n_strings; i++) {
		Bytes text;

		if (!sieve_run_string(run, node, &list->strings[i], &text) ||
			!sieve_run_step(
				run, node, text.size / SIEVE_STEP_BYTES))
			return FALSE;
		add_keys(keys, text, list->strings[i].place);
	}
	return TRUE;
}

static gboolean test_hasflag(
	SieveRun *run, const SieveNode *node, gboolean *result)
{
	const SieveArgument *names = node->positional[0];
	const SievePiece *variables = node->data;
	guint n = names != NULL ? names->n_strings : 1;
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(Bytes));
	g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(SieveString));

	if (!read_keys(run, node, keys))
		return FALSE;
	for (guint i = 0; i < n; i++) {
		g_autoptr(GString) set = g_string_new(NULL);

		if (!add_variable(run, node,
			    variables != NULL ? &variables[i] : NULL, set))
			return FALSE;
		add_values(values,
			bytes_of(arena_copy(run->scratch, set->str, set->len),
				set->len));
	}
	SieveArgument argument = { .kind = SIEVE_STRINGS,
		.strings = (SieveString *)(gpointer)keys->data,
		.n_strings = keys->len };
	return sieve_testing_run(run, node, &argument,
		(const Bytes *)(gpointer)values->data, values->len, result);
}

const SieveWord sieve_words_flags[] = {
	{ .name = "setflag",
		.needs = SIEVE_BIT(SIEVE_EXT_IMAP4FLAGS),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRINGS },
		.called = "variable, flags",
		.first_is_optional = TRUE,
		.check = check_change,
		.run = run_setflag },
	{ .name = "addflag",
		.needs = SIEVE_BIT(SIEVE_EXT_IMAP4FLAGS),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRINGS },
		.called = "variable, flags",
		.first_is_optional = TRUE,
		.check = check_change,
		.run = run_addflag },
	{ .name = "removeflag",
		.needs = SIEVE_BIT(SIEVE_EXT_IMAP4FLAGS),
		.arguments = { SIEVE_TYPE_STRING, SIEVE_TYPE_STRINGS },
		.called = "variable, flags",
		.first_is_optional = TRUE,
		.check = check_change,
		.run = run_removeflag },
	{ .name = "hasflag",
		.kind = SIEVE_TEST,
		.needs = SIEVE_BIT(SIEVE_EXT_IMAP4FLAGS),
		.arguments = { SIEVE_TYPE_STRINGS, SIEVE_TYPE_STRINGS },
		.called = "variables, flags",
		.first_is_optional = TRUE,
		.shared = SIEVE_TAGS_COMPARATOR | SIEVE_TAGS_MATCH,
		.check = check_hasflag,
		.test = test_hasflag },
	{ .name = NULL },
};
