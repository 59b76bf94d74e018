/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of a run: what actions do to each other (RFC 5228 section 2.10). */
#include "sieve/result.h"

#include "sieve/flags.h"
#include "sieve/message.h"
#include "sieve/run-private.h"

/* The result with the memory of its actions. */
typedef struct {
	SieveResult result;
	Arena *arena;
} OwnedResult;

#define KIND(kind) (1u << (kind))

#define REJECTS (KIND(SIEVE_REJECT) | KIND(SIEVE_EREJECT))
#define DELIVERS \
	(KIND(SIEVE_KEEP) | KIND(SIEVE_FILEINTO) | KIND(SIEVE_REDIRECT))

/* Edits that one run may make. */
#define EDITS_MAX 256

typedef gboolean (*Same)(const SieveAction *a, const SieveAction *b);

static gboolean same_kind(const SieveAction *a, const SieveAction *b);
static gboolean same_mailbox(const SieveAction *a, const SieveAction *b);
static gboolean same_address(const SieveAction *a, const SieveAction *b);
static gboolean same_notification(const SieveAction *a, const SieveAction *b);

/* What each kind does to the implicit keep, which kinds it cannot stand beside
 * in one result, and when two are one. */
typedef struct {
	const char *name;
	gboolean cancels_keep; /* unless :copy is said */
	gboolean is_edit;      /* done already; of no message of its own */
	guint conflicts;       /* KIND()s */
	Same same;             /* NULL: never */
} Rule;

static const Rule rules[] = {
	[SIEVE_KEEP] = { "keep", TRUE, FALSE, REJECTS, same_kind },
	[SIEVE_FILEINTO] = { "fileinto", TRUE, FALSE, REJECTS, same_mailbox },
	[SIEVE_REDIRECT] = { "redirect", TRUE, FALSE, REJECTS, same_address },
	[SIEVE_DISCARD] = { "discard", TRUE, FALSE, 0, same_kind },
	/* RFC 5429 section 2.4, RFC 5230 section 4.7 */
	[SIEVE_REJECT] = { "reject", TRUE, FALSE,
		REJECTS | DELIVERS | KIND(SIEVE_VACATION), NULL },
	[SIEVE_EREJECT] = { "ereject", TRUE, FALSE,
		REJECTS | DELIVERS | KIND(SIEVE_VACATION), NULL },
	[SIEVE_VACATION] = { "vacation", FALSE, FALSE,
		REJECTS | KIND(SIEVE_VACATION), NULL },
	[SIEVE_NOTIFY] = { "notify", FALSE, FALSE, 0, same_notification },
	[SIEVE_ADDHEADER] = { "addheader", FALSE, TRUE, 0, NULL },
	[SIEVE_DELETEHEADER] = { "deleteheader", FALSE, TRUE, 0, NULL },
	[SIEVE_REPLACE] = { "replace", FALSE, TRUE, 0, NULL },
	[SIEVE_ENCLOSE] = { "enclose", FALSE, TRUE, 0, NULL },
};

SieveResult *sieve_result_new(Arena **arena)
{
	OwnedResult *owned = g_new0(OwnedResult, 1);
	owned->arena = arena_new();
	owned->result.actions = g_ptr_array_new();
	owned->result.messages = g_array_new(FALSE, FALSE, sizeof(Bytes));
	owned->result.warnings = g_ptr_array_new_with_free_func(
		(GDestroyNotify)sieve_error_free);
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
	g_ptr_array_unref(owned->result.warnings);
	sieve_error_free(owned->result.failure);
	arena_free(&owned->arena);
	g_free(owned);
}

/* ---- Actions ---- */

SieveAction *sieve_run_action(
	SieveRun *run, const SieveNode *node, SieveActionKind kind)
{
	guint message = 0;
	if (!rules[kind].is_edit && !sieve_message_number(run, node, &message))
		return NULL;
	SieveAction *action = arena_new_object(run->kept, SieveAction);
	action->kind = kind;
	action->line = node->place.line;
	action->message = message;
	return action;
}

void sieve_run_unenclose(const SieveRun *run, SieveAction *action)
{
	if (run->n_enclosed > 0)
		action->message = run->unenclosed;
}

static gboolean same_kind(const SieveAction *a, const SieveAction *b)
{
	return a->kind == b->kind;
}

static gboolean same_mailbox(const SieveAction *a, const SieveAction *b)
{
	return g_strcmp0(a->file.mailbox, b->file.mailbox) == 0 &&
		g_strcmp0(a->file.mailbox_id, b->file.mailbox_id) == 0 &&
		g_strcmp0(a->file.special_use, b->file.special_use) == 0;
}

/* A local part may tell cases apart, a domain does not. */
static gboolean same_address(const SieveAction *a, const SieveAction *b)
{
	if (a->address == NULL || b->address == NULL)
		return g_strcmp0(a->list, b->list) == 0 &&
			a->address == b->address;
	const char *at = strrchr(a->address, '@');
	gsize local = (gsize)(at - a->address);
	return strncmp(a->address, b->address, local) == 0 &&
		g_ascii_strcasecmp(at, b->address + local) == 0;
}

static gboolean same_notification(const SieveAction *a, const SieveAction *b)
{
	return g_strcmp0(a->method, b->method) == 0 &&
		g_strcmp0(a->text, b->text) == 0 &&
		g_strcmp0(a->from, b->from) == 0 &&
		g_strcmp0(a->importance, b->importance) == 0 &&
		a->has_fcc == b->has_fcc && same_mailbox(a, b);
}

/* The flags that were said last count (RFC 5232 section 3); of messages that
 * were edited in between, which are one (RFC 5293 section 7), the last too. */
static void merge(SieveAction *old, const SieveAction *action)
{
	old->is_copy = old->is_copy && action->is_copy;
	if (action->kind != SIEVE_KEEP && action->kind != SIEVE_FILEINTO)
		return;
	old->file.flags = action->file.flags;
	old->file.creates = old->file.creates || action->file.creates;
	old->message = action->message;
}

/* FALSE: the action is in the result, or conflicts with what is. */
static gboolean is_new(SieveRun *run, const SieveNode *node,
	const SieveAction *action, gboolean *is_good)
{
	const Rule *rule = &rules[action->kind];
	*is_good = TRUE;
	for (guint i = 0; i < run->result->actions->len; i++) {
		SieveAction *other = g_ptr_array_index(run->result->actions, i);
		if ((rule->conflicts & KIND(other->kind)) != 0) {
			*is_good = sieve_run_fail(run, node,
				"%s cannot stand beside the %s of line %u",
				rule->name, rules[other->kind].name,
				other->line);
			return FALSE;
		}
		if (other->kind == action->kind && rule->same != NULL &&
			rule->same(action, other)) {
			merge(other, action);
			return FALSE;
		}
	}
	return TRUE;
}

static guint count_kinds(const SieveRun *run, guint kinds)
{
	guint n = 0;
	for (guint i = 0; i < run->result->actions->len; i++) {
		const SieveAction *action =
			g_ptr_array_index(run->result->actions, i);
		n += (kinds & KIND(action->kind)) != 0 ? 1 : 0;
	}
	return n;
}

#define EDITS \
	(KIND(SIEVE_ADDHEADER) | KIND(SIEVE_DELETEHEADER) | \
		KIND(SIEVE_REPLACE) | KIND(SIEVE_ENCLOSE))

static gboolean is_within_limits(
	SieveRun *run, const SieveNode *node, SieveActionKind kind)
{
	const SieveLimits *limits = run->limits;
	const struct {
		guint kinds;
		guint max;
		const char *what;
	} bounds[] = {
		{ EDITS, EDITS_MAX, "changes of the message" },
		{ ~EDITS, limits->max_actions, "actions" },
		{ KIND(SIEVE_REDIRECT), limits->max_redirects, "redirects" },
		{ KIND(SIEVE_NOTIFY), limits->max_notifies, "notifications" },
	};
	for (guint i = 0; i < G_N_ELEMENTS(bounds); i++) {
		if ((bounds[i].kinds & KIND(kind)) == 0 ||
			count_kinds(run, bounds[i].kinds) < bounds[i].max)
			continue;
		return sieve_run_fail(run, node,
			"%s: a script may take %u %s at most", rules[kind].name,
			bounds[i].max, bounds[i].what);
	}
	return TRUE;
}

gboolean sieve_result_add(
	SieveRun *run, const SieveNode *node, SieveAction *action)
{
	gboolean is_good;
	if (rules[action->kind].cancels_keep && !action->is_copy)
		run->is_kept = FALSE;
	if (!is_new(run, node, action, &is_good))
		return is_good;
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

/* RFC 5232 section 3: the internal variable is for it, too. */
static void add_implicit_keep(SieveRun *run, guint message)
{
	add_keep(run, message);
	if (run->flags == NULL)
		return;
	g_autoptr(GString) set = g_string_new(run->flags);
	GPtrArray *actions = run->result->actions;
	SieveAction *keep = g_ptr_array_index(actions, actions->len - 1);
	keep->file.flags = sieve_flags_array(run->kept, set);
}

/* What is delivered or refused does not vanish. */
static void drop_discard(SieveResult *result, gboolean is_kept)
{
	gboolean stays = is_kept;
	for (guint i = 0; i < result->actions->len; i++) {
		const SieveAction *action =
			g_ptr_array_index(result->actions, i);
		stays = stays ||
			((DELIVERS | REJECTS) & KIND(action->kind)) != 0;
	}
	for (guint i = result->actions->len; stays && i > 0; i--) {
		const SieveAction *action =
			g_ptr_array_index(result->actions, i - 1);
		if (action->kind == SIEVE_DISCARD)
			g_ptr_array_remove_index(result->actions, i - 1);
	}
}

void sieve_result_finish(SieveRun *run)
{
	static const SieveNode end = { .place = { 0, 0 } };
	SieveResult *result = run->result;
	guint message = 0;
	if (result->failure == NULL && run->is_kept &&
		sieve_message_number(run, &end, &message))
		add_implicit_keep(run, message);
	if (result->failure == NULL) {
		drop_discard(result, run->is_kept);
		return;
	}
	g_ptr_array_set_size(result->actions, 0);
	g_array_set_size(result->seen, 0);
	add_keep(run, 0);
}
