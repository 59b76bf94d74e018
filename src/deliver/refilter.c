/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's script over mail that is stored already. */
#include "deliver/refilter.h"

#include <string.h>

#include "base/errors.h"
#include "deliver/act.h"
#include "deliver/stored.h"

typedef struct {
	const Refilter *what;
	RefilterCounts *counts;
} Run;

static gboolean plan_actions(
	Stored *one, const SieveResult *result, Plan *plan, GError **error)
{
	Act act;

	act_init(&act, &one->job, &one->run->whom, one->run->script, result,
		plan);
	/* Who runs this sees what is wrong. */
	act.is_told = TRUE;
	for (guint i = 0; i < result->actions->len; i++) {
		const SieveAction *action = result->actions->pdata[i];
		if (action->kind != SIEVE_VACATION &&
			!act_do(&act, action, error))
			return FALSE;
	}
	return TRUE;
}

/* --- what becomes of it ------------------------------------------------------- */

/* Of the message, and of the script that ran over it. */
static DeliveryKey key_of(const Stored *one)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const gint64 parts[] = { one->run->view->mailbox,
		one->run->view->uidvalidity, one->message->uid,
		one->run->script->version, one->run->script->global_version };
	const char *name = one->run->script->name;
	gsize size = DELIVERY_KEY_SIZE;
	DeliveryKey key;

	g_checksum_update(sum, (const guchar *)"refilter", 8);
	g_checksum_update(sum, (const guchar *)parts, sizeof(parts));
	g_checksum_update(sum, (const guchar *)name, (gssize)strlen(name));
	g_checksum_get_digest(sum, key.bytes, &size);
	return key;
}

static gboolean move_away(
	Stored *one, Run *run, const Plan *plan, GError **error)
{
	const MessagePut *put = &g_array_index(plan->puts, DeliveryPut, 0).put;
	g_autoptr(NumSet) uid = numset_new();
	MessageCopied copied = { 0 };

	numset_add(uid, one->message->uid);
	run->counts->moved++;
	if (!stored_set_flags(
		    one, FLAG_REPLACE, put->flags, put->keywords, error))
		return FALSE;
	gboolean ok = message_copy(run->what->deliverer->store,
		run->what->mailbox, uid, put->mailbox, TRUE, &copied, error);
	message_copied_clear(&copied);
	return ok;
}

/* Whether another message takes its place. */
static gboolean comes_back(const Plan *plan, gint64 mailbox)
{
	for (guint i = 0; i < plan->puts->len; i++) {
		if (g_array_index(plan->puts, DeliveryPut, i).put.mailbox ==
			mailbox)
			return TRUE;
	}
	return FALSE;
}

static gboolean remove_it(
	const Stored *one, Run *run, gboolean is_edited, GError **error)
{
	g_autoptr(NumSet) uid = numset_new();

	numset_add(uid, one->message->uid);
	if (is_edited)
		run->counts->edited++;
	else
		run->counts->moved++;
	return message_remove(
		run->what->deliverer->store, run->what->mailbox, uid, error);
}

/* In the order in which a crash in between loses nothing and leaves what the
 * next run finishes. */
static gboolean carry_out(Stored *one, Run *run, Plan *plan, GError **error)
{
	StoredRest rest = stored_take_rest(one, plan, FALSE);
	gboolean is_filed = plan->puts->len > 0;
	const DeliveryKey key = key_of(one);

	if (!rest.stays && plan->puts->len == 1 && plan->mails == NULL &&
		g_array_index(plan->puts, DeliveryPut, 0).put.draft ==
			one->job.draft)
		return move_away(one, run, plan, error);
	if (!stored_store(one, plan, &key, error))
		return FALSE;
	if (rest.stays)
		return !rest.has_flags ||
			stored_set_flags(one, FLAG_REPLACE, rest.flags,
				rest.keywords, error);
	if (is_filed)
		return remove_it(
			one, run, comes_back(plan, run->what->mailbox), error);
	run->counts->deleted++;
	return stored_set_flags(one, FLAG_ADD, FLAG_DELETED, NULL, error);
}

static gboolean filter_one(Stored *one, gpointer data, GError **error)
{
	Run *run = data;
	SieveResult *result = NULL;

	if (!stored_run(one, NULL, FALSE, &result, error))
		return FALSE;
	run->counts->messages++;
	run->what->tell(run->what->data, one->message->uid, result);
	if (result->failure != NULL) {
		run->counts->failed++;
		return TRUE;
	}
	if (!run->what->applies)
		return TRUE;
	g_autoptr(Plan) plan = plan_new(run->what->mailbox, run->what->user);
	return plan_actions(one, result, plan, error) &&
		carry_out(one, run, plan, error);
}

/* --- the run ------------------------------------------------------------------ */

static gboolean check_script(const UserScript *script, GError **error)
{
	if (script->wrong != NULL) {
		g_autofree char *text = g_strdup_printf("%s:%u:%u: %s",
			script->wrong->script, script->wrong->line,
			script->wrong->column, script->wrong->text);
		dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
	} else if (script->script == NULL) {
		dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND,
			"no script is active", "user %" G_GINT64_FORMAT,
			script->user);
	}
	return script->script != NULL;
}

static GPtrArray *not_deleted(const MailboxView *view)
{
	GPtrArray *messages = g_ptr_array_new();

	for (guint i = 0; i < view->count; i++) {
		if ((view->messages[i].flags & FLAG_DELETED) == 0)
			g_ptr_array_add(
				messages, (gpointer)(gsize)&view->messages[i]);
	}
	return messages;
}

gboolean refilter_run(
	const Refilter *refilter, RefilterCounts *counts, GError **error)
{
	g_autoptr(UserScript) script = NULL;
	g_autoptr(MailboxView) view = NULL;
	g_autoptr(Arena) arena = arena_new();
	Store *store = refilter->deliverer->store;

	*counts = (RefilterCounts){ 0 };
	if (!user_script_load(store, refilter->settings, refilter->user,
		    refilter->script, &script, error) ||
		!check_script(script, error) ||
		!view_get(store, refilter->mailbox, &view, error))
		return FALSE;
	Run run = { refilter, counts };
	const char *address = refilter->address != NULL ?
		refilter->address :
		stored_owner_address(arena, script, refilter->settings);
	StoredRun stored;
	stored_run_init(&stored, refilter->deliverer, refilter->settings,
		script, view, refilter->mailbox, address);
	g_autoptr(GPtrArray) messages = not_deleted(view);
	return stored_each(&stored, messages, filter_one, &run, error);
}
