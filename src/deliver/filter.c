/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's script over a message: what it wants done becomes a plan. */
#include "deliver/filter.h"

#include <string.h>

#include "deliver/act.h"
#include "deliver/libsieve.h"
#include "deliver/questions.h"
#include "deliver/spam-settings.h"

#define ENVIRONMENT_MAX 48

/* --- what is known ------------------------------------------------------------- */

static guint add_pair(
	const char **pairs, guint count, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return count;
	g_assert(count + 2 < ENVIRONMENT_MAX);
	pairs[count] = name;
	pairs[count + 1] = value;
	return count + 2;
}

/* As RFC 5321 section 4.1.3 has it in brackets, which RFC 5183 wants. */
static const char *address_literal(Arena *arena, const char *address)
{
	return strchr(address, ':') != NULL ?
		arena_printf(arena, "IPv6:%s", address) :
		address;
}

const char *const *filter_environment(Arena *arena, const Settings *settings,
	const char *const *first, const char *remote)
{
	const char **pairs =
		arena_new_array(arena, const char *, ENVIRONMENT_MAX);
	const char *host = settings_hostname(settings);
	const char *dot = strchr(host, '.');
	guint count = 0;

	for (; first != NULL && first[0] != NULL; first += 2)
		count = add_pair(pairs, count, first[0], first[1]);
	count = add_pair(pairs, count, "domain", dot != NULL ? dot + 1 : NULL);
	count = add_pair(pairs, count, "host", host);
	count = add_pair(pairs, count, "location", "MDA");
	count = add_pair(pairs, count, "name", PACKAGE_NAME);
	count = add_pair(pairs, count, "phase", "during");
	count = add_pair(pairs, count, "version", PACKAGE_VERSION);
	/* A unix socket's peer has no address. */
	if (remote != NULL && strpbrk(remote, ".:") != NULL && remote[0] != '/')
		count = add_pair(pairs, count, "remote-ip",
			address_literal(arena, remote));
	return pairs;
}

/* --- the run ------------------------------------------------------------------- */

static gboolean run_libsieve(const PlanJob *job, const UserScript *script,
	const SieveInput *input, SieveResult **result, GError **error)
{
	const Settings *settings = job->settings;
	const LibsieveBounds bounds = {
		.helper = settings->SIEVE_libsieve_helper[0] != '\0' ?
			settings->SIEVE_libsieve_helper :
			libsieve_helper(),
		.seconds = (guint)settings->SIEVE_libsieve_time,
		.memory = (guint64)settings->SIEVE_libsieve_memory,
	};

	return libsieve_run(&bounds, script->name,
		bytes_of(script->source, script->source_size), input, result,
		error);
}

SieveInput filter_input(
	PlanJob *job, const FilterFor *whom, const char *const *environment)
{
	const Delivery *delivery = job->delivery;

	return (SieveInput){
		.message = bytes_of(delivery->message, delivery->size),
		.sender = delivery->sender,
		.recipient = whom->address,
		.delimiter = job->settings->LMTP_recipient_delimiter,
		.environment = filter_environment(job->arena, job->settings,
			environment, delivery->trace.remote),
		.now = job->now,
		.zone_minutes = timestamp_zone_minutes,
	};
}

gboolean filter_run(PlanJob *job, gint64 user, const UserScript *script,
	SieveInput *input, SieveResult **result, GError **error)
{
	g_autoptr(ListAsker) lists =
		list_asker_new(job->deliverer->store, user);
	g_auto(Asker) asker = {
		.store = job->deliverer->store,
		.settings = job->settings,
		.folders = job->deliverer->folders,
		.user = user,
		.lists = lists,
	};
	SieveQuestions questions = questions_of(&asker);
	g_auto(SpamSettings) spam = { 0 };
	spam_settings_init(&spam, job->settings);

	/* Its own delivery may have noted the id. */
	if (job->flags != NULL)
		questions.was_seen = NULL;
	input->spam = &spam.sieve;
	input->questions = &questions;
	gboolean ok = script->source != NULL ?
		run_libsieve(job, script, input, result, error) :
		sieve_run(script->script, input, result, error);
	input->spam = NULL;
	input->questions = NULL;
	if (ok)
		g_ptr_array_add(job->results, *result);
	return ok;
}

static void take_seen(Plan *plan, const SieveResult *result)
{
	for (guint i = 0; i < result->seen->len; i++) {
		const SieveSeen *from =
			&g_array_index(result->seen, SieveSeen, i);
		ScriptSeen seen = { .seconds = from->seconds };

		memcpy(seen.id, from->id, sizeof(seen.id));
		if (plan->seen == NULL)
			plan->seen =
				g_array_new(FALSE, FALSE, sizeof(ScriptSeen));
		g_array_append_val(plan->seen, seen);
	}
}

/* The script, or what is wrong with it. */
static gboolean fail(Act *act, const SieveError *wrong, GError **error)
{
	plan_note(act->plan, "keep: script failed: %s:%u: %s", wrong->script,
		wrong->line, wrong->text);
	act_keep(act);
	return act_tell(act, wrong->script, wrong->line, wrong->text, error);
}

void filter_note_warnings(Plan *plan, const SieveResult *result)
{
	for (guint i = 0; i < result->warnings->len; i++) {
		const SieveError *warning = result->warnings->pdata[i];
		plan_note(plan, "warning: %s:%u: %s", warning->script,
			warning->line, warning->text);
	}
}

static gboolean filter(PlanJob *job, const FilterFor *whom, UserScript *script,
	Plan *plan, GError **error)
{
	SieveResult *result = NULL;
	Act act;

	act_init(&act, job, whom, script, NULL, plan);
	if (script->wrong != NULL)
		return fail(&act, script->wrong, error);
	if (script->script == NULL) {
		act_keep(&act);
		return TRUE;
	}
	SieveInput input = filter_input(job, whom, NULL);
	if (!filter_run(
		    job, whom->target->user, script, &input, &result, error))
		return FALSE;
	act_init(&act, job, whom, script, result, plan);
	if (result->failure != NULL)
		return fail(&act, result->failure, error);
	take_seen(plan, result);
	if (!act_all(&act, error))
		return FALSE;
	filter_note_warnings(plan, result);
	return TRUE;
}

gboolean filter_plan(
	PlanJob *job, const FilterFor *whom, Plan *plan, GError **error)
{
	UserScript *script = NULL;

	if (!scripts_get(job->deliverer->scripts, job->deliverer->store,
		    job->settings, whom->target, &script, error))
		return FALSE;
	g_ptr_array_add(job->scripts, script);
	return filter(job, whom, script, plan, error);
}
