/* SPDX-License-Identifier: GPL-2.0-or-later */
/* include, return and global (RFC 6609). */
#include "sieve/run-private.h"
#include "sieve/words.h"

static const SieveTag include_tags[] = {
	{ .name = "personal",
		.slot = SIEVE_SLOT_LOCATION,
		.number = SIEVE_PERSONAL },
	{ .name = "global",
		.slot = SIEVE_SLOT_LOCATION,
		.number = SIEVE_GLOBAL },
	{ .name = "once", .slot = SIEVE_SLOT_ONCE },
	{ .name = "optional", .slot = SIEVE_SLOT_OPTIONAL },
	{ .name = NULL },
};

/* ---- include ---- */

#define SCRIPT_NAME_MAX 512

/* RFC 5804 section 1.6: no controls, no line or paragraph separators; and no
 * slash, which some stores of scripts take for a path. */
static gboolean is_script_name(Bytes name)
{
	if (name.size == 0 || name.size > SCRIPT_NAME_MAX ||
		!g_utf8_validate_len(name.data, name.size, NULL))
		return FALSE;
	for (const char *at = name.data; at < name.data + name.size;
		at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);
		if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 ||
			c == 0x2029 || c == '/')
			return FALSE;
	}
	return TRUE;
}

static void check_include(SieveChecker *checker, SieveNode *node)
{
	const SieveString *name = &node->positional[0]->strings[0];
	const SieveTagUse *location = sieve_node_tag(node, SIEVE_SLOT_LOCATION);
	if (!sieve_check_constant(checker, name, "the name of a script"))
		return;
	if (!is_script_name(name->text)) {
		sieve_check_error(checker, name->place,
			"%s cannot be the name of a script: one has no "
			"slashes and controls, and %d bytes at most",
			sieve_quote(checker, name->text), SCRIPT_NAME_MAX);
		return;
	}
	const char *text = arena_copy(
		sieve_check_arena(checker), name->text.data, name->text.size);
	node->data = (gpointer)sieve_check_unit(checker, name->place,
		location != NULL ? (SieveLocation)location->tag->number :
				   SIEVE_PERSONAL,
		text);
}

static gboolean run_include(SieveRun *run, const SieveNode *node)
{
	const SieveUnit *unit = node->data;
	if (sieve_node_tag(node, SIEVE_SLOT_ONCE) != NULL &&
		run->included[unit->number])
		return TRUE;
	if (!unit->is_missing)
		return sieve_run_unit(run, node, unit);
	return sieve_node_tag(node, SIEVE_SLOT_OPTIONAL) != NULL ||
		sieve_run_fail(run, node,
			"there is no %s script \"%s\" to include",
			unit->location == SIEVE_GLOBAL ? "global" : "personal",
			unit->name);
}

/* ---- return ---- */

static gboolean run_return(SieveRun *run, const SieveNode *node G_GNUC_UNUSED)
{
	return sieve_run_leave(run, SIEVE_RETURNS);
}

/* ---- global ---- */

static void check_global(SieveChecker *checker, SieveNode *node)
{
	const SieveArgument *names = node->positional[0];
	for (guint i = 0; i < names->n_strings; i++)
		sieve_check_global(checker, &names->strings[i]);
}

const SieveWord sieve_words_include[] = {
	{ .name = "include",
		.needs = SIEVE_BIT(SIEVE_EXT_INCLUDE),
		.arguments = { SIEVE_TYPE_STRING },
		.called = "script",
		.tags = include_tags,
		.check = check_include,
		.run = run_include },
	{ .name = "return",
		.needs = SIEVE_BIT(SIEVE_EXT_INCLUDE),
		.role = SIEVE_ROLE_ENDS,
		.run = run_return },
	{ .name = "global",
		.needs = SIEVE_BIT(SIEVE_EXT_INCLUDE) |
			SIEVE_BIT(SIEVE_EXT_VARIABLES),
		.arguments = { SIEVE_TYPE_STRINGS },
		.called = "variables",
		.check = check_global },
	{ .name = NULL },
};
