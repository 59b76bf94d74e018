/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of a run: what actions do to each other (RFC 5228 section 2.10). */
#include "sieve/result.h"

#include "sieve/message.h"
#include "sieve/run-private.h"

/* The result with the memory of its actions. */
typedef struct {
	SieveResult result;
	Arena *arena;
} OwnedResult;

#define KIND(kind) (1u << (kind))

#define REJECTS (KIND(SIEVE_REJECT) | KIND(SIEVE_EREJECT))

/* What each kind does to the implicit keep, and which kinds it cannot stand
 * beside in one result. */
typedef struct {
	const char *name;
	gboolean cancels_keep; /* unless :copy is said */
	guint conflicts;       /* KIND()s */
} Rule;

static const Rule rules[] = {
	[SIEVE_KEEP] = { "keep", TRUE, REJECTS },
	[SIEVE_FILEINTO] = { "fileinto", TRUE, REJECTS },
	[SIEVE_REDIRECT] = { "redirect", TRUE, REJECTS },
	[SIEVE_DISCARD] = { "discard", TRUE, 0 },
	/* RFC 5429 section 2.2.1 */
	[SIEVE_REJECT] = { "reject", TRUE,
		REJECTS | KIND(SIEVE_KEEP) | KIND(SIEVE_FILEINTO) |
			KIND(SIEVE_REDIRECT) | KIND(SIEVE_VACATION) },
	[SIEVE_EREJECT] = { "ereject", TRUE,
		REJECTS | KIND(SIEVE_KEEP) | KIND(SIEVE_FILEINTO) |
			KIND(SIEVE_REDIRECT) | KIND(SIEVE_VACATION) },
	[SIEVE_VACATION] = { "vacation", FALSE,
		REJECTS | KIND(SIEVE_VACATION) },
	[SIEVE_NOTIFY] = { "notify", FALSE, 0 },
	[SIEVE_ADDHEADER] = { "addheader", FALSE, 0 },
	[SIEVE_DELETEHEADER] = { "deleteheader", FALSE, 0 },
	[SIEVE_REPLACE] = { "replace", FALSE, 0 },
	[SIEVE_ENCLOSE] = { "enclose", FALSE, 0 },
};

SieveResult *sieve_result_new(Arena **arena)
{
	OwnedResult *owned = g_new0(OwnedResult, 1);
	owned->arena = arena_new();
	owned->result.actions = g_ptr_array_new();
	owned->result.messages = g_array_new(FALSE, FALSE, sizeof(Bytes));
	owned->result.seen = g_array_new(FALSE, FALSE, sizeof(SieveSeen));
	*arena = owned->arena;
	return &owned->result;
}

void sieve_result_free(SieveResult **result)
{
	OwnedResult *owned = (OwnedResult *)g_steal_pointer(result);
	if (owned == NULL)
		return;
	g_ptr_array_unref(owned->result.actions);
	g_array_unref(owned->result.messages);
	g_array_unref(owned->result.seen);
	sieve_error_free(owned->result.failure);
	arena_free(&owned->arena);
	g_free(owned);
}

/* ---- Actions ---- */

SieveAction *sieve_run_action(
	SieveRun *run, const SieveNode *node, SieveActionKind kind)
{
	guint message;
	if (!sieve_message_number(run, node, &message))
		return NULL;
	SieveAction *action = arena_new_object(run->kept, SieveAction);
	action->kind = kind;
	action->line = node->place.line;
	action->message = message;
	return action;
}

/* By what they do: the line and the message they are for do not count. */
static gboolean do_the_same(const SieveAction *a, const SieveAction *b)
{
	if (a->kind != b->kind || a->message != b->message)
		return FALSE;
	g_autoptr(GString) one = g_string_new(NULL);
	g_autoptr(GString) other = g_string_new(NULL);
	sieve_action_write(a, one);
	sieve_action_write(b, other);
	return g_string_equal(one, other);
}

static guint count_kind(const SieveRun *run, SieveActionKind kind)
{
	guint n = 0;
	for (guint i = 0; i < run->result->actions->len; i++) {
		const SieveAction *action =
			g_ptr_array_index(run->result->actions, i);
		n += action->kind == kind ? 1 : 0;
	}
	return n;
}

static gboolean is_within_limits(
	SieveRun *run, const SieveNode *node, SieveActionKind kind)
{
	const SieveLimits *limits = run->limits;
	if (run->result->actions->len >= limits->max_actions)
		return sieve_run_fail(run, node,
			"the script takes more than %u actions",
			limits->max_actions);
	if (kind == SIEVE_REDIRECT &&
		count_kind(run, kind) >= limits->max_redirects)
		return sieve_run_fail(run, node,
			"the script redirects to more than %u addresses",
			limits->max_redirects);
	if (kind == SIEVE_NOTIFY &&
		count_kind(run, kind) >= limits->max_notifies)
		return sieve_run_fail(run, node,
			"the script sends more than %u notifications",
			limits->max_notifies);
	return TRUE;
}

gboolean sieve_result_add(
	SieveRun *run, const SieveNode *node, SieveAction *action)
{
	const Rule *rule = &rules[action->kind];
	if (rule->cancels_keep && !action->is_copy)
		run->is_kept = FALSE;
	for (guint i = 0; i < run->result->actions->len; i++) {
		const SieveAction *other =
			g_ptr_array_index(run->result->actions, i);
		if ((rule->conflicts & KIND(other->kind)) != 0)
			return sieve_run_fail(run, node,
				"%s cannot stand beside the %s of line %u",
				rule->name, rules[other->kind].name,
				other->line);
		if (do_the_same(action, other))
			return TRUE;
	}
	if (!is_within_limits(run, node, action->kind))
		return FALSE;
	g_ptr_array_add(run->result->actions, action);
	return TRUE;
}

/* ---- The end ---- */

static void add_keep(SieveRun *run, guint message)
{
	SieveAction *keep = arena_new_object(run->kept, SieveAction);
	keep->kind = SIEVE_KEEP;
	keep->is_implicit = TRUE;
	keep->message = message;
	g_ptr_array_add(run->result->actions, keep);
}

void sieve_result_finish(SieveRun *run)
{
	static const SieveNode end = { .place = { 0, 0 } };
	SieveResult *result = run->result;
	guint message = 0;
	if (result->failure == NULL && run->is_kept &&
		sieve_message_number(run, &end, &message))
		add_keep(run, message);
	if (result->failure == NULL)
		return;
	g_ptr_array_set_size(result->actions, 0);
	g_array_set_size(result->seen, 0);
	add_keep(run, 0);
}
