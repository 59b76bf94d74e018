/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's script over mail that is stored already. */
#include "deliver/refilter.h"

#include <string.h>

#include "base/errors.h"
#include "deliver/act.h"
#include "deliver/filter.h"
#include "deliver/questions.h"
#include "deliver/spam-settings.h"
#include "store/delivery.h"
#include "store/fetch.h"
#include "store/view.h"

/* Messages read in one round trip, and their bytes; a larger one comes
 * alone. */
#define BATCH_COUNT 64
#define BATCH_SIZE ((guint64)1024 * 1024)

typedef struct {
	const Refilter *what;
	RefilterCounts *counts;
	Store *store;
	UserScript *script;
	MailboxView *view;
	FilterFor whom;
	DeliverTarget target;
	const char *host;
} Run;

/* One message of it. */
typedef struct {
	Run *run;
	const ViewMessage *message;
	Timestamp date;
	PlanJob job;
	Delivery delivery;
	char *sender; /* of its Return-Path; NULL: it has none */
	const char *const *flags;
} One;

/* --- what there is of a message ----------------------------------------------- */

static const struct {
	Flags flag;
	const char *name;
} flag_names[] = {
	{ FLAG_SEEN, "\\Seen" },
	{ FLAG_ANSWERED, "\\Answered" },
	{ FLAG_FLAGGED, "\\Flagged" },
	{ FLAG_DELETED, "\\Deleted" },
	{ FLAG_DRAFT, "\\Draft" },
};

/* Its keywords, and, with is_all, its system flags before them. */
static const char *const *names_of(Arena *arena, const Run *run,
	const ViewMessage *message, gboolean is_all)
{
	const char **names = arena_new_array(arena, const char *,
		G_N_ELEMENTS(flag_names) + FLAG_KEYWORDS_MAX + 1);
	guint count = 0;

	for (gsize i = 0; is_all && i < G_N_ELEMENTS(flag_names); i++) {
		if ((message->flags & flag_names[i].flag) != 0)
			names[count++] = flag_names[i].name;
	}
	for (guint i = 0; run->view->keywords[i] != NULL; i++) {
		if ((message->keywords >> i & 1) != 0)
			names[count++] = run->view->keywords[i];
	}
	return names;
}

/* Bytes of the line that the delivery has put in front. */
static gsize return_path_size(Bytes raw, char **sender)
{
	static const char start[] = "Return-Path: <";
	const char *end =
		raw.size > 0 ? memchr(raw.data, '\n', raw.size) : NULL;

	if (end == NULL || raw.size < sizeof(start) ||
		memcmp(raw.data, start, sizeof(start) - 1) != 0)
		return 0;
	const char *close = memchr(raw.data, '>', (gsize)(end - raw.data));
	const char *from = raw.data + sizeof(start) - 1;
	if (close == NULL || close < from)
		return 0;
	*sender = g_strndup(from, (gsize)(close - from));
	if (!g_utf8_validate(*sender, -1, NULL)) {
		g_clear_pointer(sender, g_free);
		return 0;
	}
	return (gsize)(end - raw.data) + 1;
}

static void one_init(One *one, Run *run, const ViewMessage *message,
	Timestamp date, Bytes raw)
{
	*one = (One){ .run = run, .message = message, .date = date };
	gsize trace = return_path_size(raw, &one->sender);

	one->delivery = (Delivery){
		.sender = one->sender != NULL ? one->sender : "",
		/* Nobody writes where there is no room before it. */
		.message = (char *)raw.data + trace,
		.size = raw.size - trace,
	};
	plan_job_init(&one->job, run->what->deliverer, run->what->settings,
		&one->delivery, bytes_slice(raw, 0, trace), raw);
	one->flags = names_of(one->job.arena, run, message, TRUE);
}

static void one_clear(One *one)
{
	plan_job_clear(&one->job);
	g_free(one->sender);
}

/* --- the run ------------------------------------------------------------------ */

static gboolean run_script(One *one, SieveResult **result, GError **error)
{
	Run *run = one->run;
	Asker asker = {
		.store = run->store,
		.settings = run->what->settings,
		.folders = run->what->deliverer->folders,
		.user = run->what->user,
	};
	SieveQuestions questions = questions_of(&asker);
	g_auto(SpamSettings) spam = { 0 };
	spam_settings_init(&spam, run->what->settings);
	SieveInput input = filter_input(&one->job, &run->whom, run->host);

	input.sender = one->sender;
	input.flags = one->flags;
	input.spam = &spam.sieve;
	input.questions = &questions;
	/* Its own delivery may have noted the id. */
	questions.was_seen = NULL;
	if (!sieve_run(run->script->script, &input, result, error))
		return FALSE;
	g_ptr_array_add(one->job.results, *result);
	return TRUE;
}

static gboolean plan_actions(
	One *one, const SieveResult *result, Plan *plan, GError **error)
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

/* What a plan leaves of the message where it is. */
typedef struct {
	gboolean stays;
	gboolean has_flags; /* the script said some */
	Flags flags;
	const char *const *keywords;
} Rest;

/* Takes the put that only says that the message stays out of the plan. */
static Rest take_rest(One *one, Plan *plan)
{
	Rest rest = { .stays = FALSE };

	for (guint i = 0; i < plan->puts->len; i++) {
		const MessagePut *put =
			&g_array_index(plan->puts, DeliveryPut, i).put;
		if (put->mailbox != one->run->what->mailbox ||
			put->draft != one->job.draft)
			continue;
		rest = (Rest){ TRUE, put->keywords != NULL, put->flags,
			put->keywords };
		g_array_remove_index(plan->puts, i);
		break;
	}
	return rest;
}

/* The message keeps its dates, and its flags where the script says none. */
static void dress_puts(One *one, Plan *plan)
{
	const char *const *keywords =
		names_of(one->job.arena, one->run, one->message, FALSE);

	for (guint i = 0; i < plan->puts->len; i++) {
		MessagePut *put =
			&g_array_index(plan->puts, DeliveryPut, i).put;
		put->internal_date = one->date;
		if (put->keywords == NULL) {
			put->flags = one->message->flags;
			put->keywords = keywords;
		}
	}
}

static gboolean set_flags(One *one, FlagAction action, Flags flags,
	const char *const *keywords, GError **error)
{
	g_autoptr(NumSet) uid = numset_new();
	const FlagChange change = {
		.action = action,
		.flags = flags,
		.keywords = keywords,
	};
	guint64 seq;

	numset_add(uid, one->message->uid);
	return flag_change(one->run->store, one->run->what->mailbox, uid,
		&change, &seq, NULL, error);
}

/* Of the message, and of the script that ran over it. */
static DeliveryKey key_of(const One *one)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	const gint64 parts[] = { one->run->what->mailbox,
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

static gboolean store_plan(One *one, Plan *plan, GError **error)
{
	const DeliveryKey key = key_of(one);

	if (!plan_finish(plan))
		return TRUE;
	if (!delivery_store(one->run->store, &plan->share, 1, &key, error))
		return FALSE;
	switch (plan->share.outcome) {
	case DELIVERY_STORED:
	case DELIVERY_DUPLICATE:
		return TRUE;
	case DELIVERY_OVER_QUOTA:
		dbmail_error_set(error, DBMAIL_ERROR_OVER_QUOTA,
			"the quota is used up", "UID %u", one->message->uid);
		return FALSE;
	case DELIVERY_NO_MAILBOX:
		break;
	}
	dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
		"a mailbox went away meanwhile; start again",
		"mailbox %" G_GINT64_FORMAT, plan->share.missing);
	return FALSE;
}

static gboolean move_away(One *one, const Plan *plan, GError **error)
{
	const MessagePut *put = &g_array_index(plan->puts, DeliveryPut, 0).put;
	g_autoptr(NumSet) uid = numset_new();
	MessageCopied copied = { 0 };

	numset_add(uid, one->message->uid);
	one->run->counts->moved++;
	if (!set_flags(one, FLAG_REPLACE, put->flags, put->keywords, error))
		return FALSE;
	gboolean ok = message_copy(one->run->store, one->run->what->mailbox,
		uid, put->mailbox, TRUE, &copied, error);
	message_copied_clear(&copied);
	return ok;
}

static gboolean remove_it(One *one, GError **error)
{
	g_autoptr(NumSet) uid = numset_new();

	numset_add(uid, one->message->uid);
	one->run->counts->moved++;
	return message_remove(
		one->run->store, one->run->what->mailbox, uid, error);
}

/* In the order in which a crash in between loses nothing and leaves what the
 * next run finishes. */
static gboolean carry_out(One *one, Plan *plan, GError **error)
{
	Rest rest = take_rest(one, plan);

	dress_puts(one, plan);
	gboolean is_filed = plan->puts->len > 0;
	if (!rest.stays && plan->puts->len == 1 && plan->mails == NULL &&
		g_array_index(plan->puts, DeliveryPut, 0).put.draft ==
			one->job.draft)
		return move_away(one, plan, error);
	if (!store_plan(one, plan, error))
		return FALSE;
	if (rest.stays)
		return !rest.has_flags ||
			set_flags(one, FLAG_REPLACE, rest.flags, rest.keywords,
				error);
	if (is_filed)
		return remove_it(one, error);
	one->run->counts->deleted++;
	return set_flags(one, FLAG_ADD, FLAG_DELETED, NULL, error);
}

static gboolean filter_one(One *one, GError **error)
{
	Run *run = one->run;
	SieveResult *result = NULL;

	if (!run_script(one, &result, error))
		return FALSE;
	run->counts->messages++;
	run->what->tell(run->what->data, one->message->uid, result);
	if (result->failure != NULL) {
		run->counts->failed++;
		return TRUE;
	}
	if (!run->what->applies)
		return TRUE;
	Plan *plan = plan_new(run->what->mailbox, run->what->user);
	gboolean ok = plan_actions(one, result, plan, error) &&
		carry_out(one, plan, error);
	plan_free(plan);
	return ok;
}

/* --- reading them ------------------------------------------------------------- */

static gboolean take_message(Run *run, const ViewMessage *message,
	Timestamp date, Bytes raw, GError **error)
{
	One one;

	one_init(&one, run, message, date, raw);
	gboolean ok = filter_one(&one, error);
	one_clear(&one);
	return ok;
}

static gboolean append(Bytes bytes, gpointer data)
{
	g_string_append_len(data, bytes.data, (gssize)bytes.size);
	return TRUE;
}

static gboolean take_large(
	Run *run, const ViewMessage *message, Timestamp date, GError **error)
{
	g_autoptr(GString) raw = g_string_new(NULL);
	g_autoptr(GError) failed = NULL;

	if (fetch_stream(run->store, message->physmessage, 0, message->size,
		    append, raw, &failed))
		return take_message(run, message, date,
			bytes_of(raw->str, raw->len), error);
	if (dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failed));
	return FALSE;
}

static gboolean take_batch(Run *run, const ViewMessage *const *messages,
	guint count, GError **error)
{
	g_autoptr(FetchBatch) batch = NULL;
	FetchAsk asks[BATCH_COUNT] = { 0 };

	for (guint i = 0; i < count; i++)
		asks[i] = (FetchAsk){
			.physmessage = messages[i]->physmessage,
			.size = messages[i]->size > BATCH_SIZE ? 0 :
								 G_MAXUINT64,
		};
	if (!fetch_batch_new(run->store, asks, count, FETCH_META | FETCH_RAW,
		    &batch, error))
		return FALSE;
	for (guint i = 0; i < count; i++) {
		const FetchedMessage *got = fetch_batch_message(batch, i);
		gboolean ok = TRUE;
		if (got->found && messages[i]->size > BATCH_SIZE)
			ok = take_large(
				run, messages[i], got->internal_date, error);
		else if (got->found)
			ok = take_message(run, messages[i], got->internal_date,
				got->raw, error);
		if (!ok)
			return FALSE;
	}
	return TRUE;
}

static gboolean take_all(Run *run, GError **error)
{
	const ViewMessage *batch[BATCH_COUNT];
	guint64 size = 0;
	guint count = 0;

	for (guint i = 0; i < run->view->count; i++) {
		const ViewMessage *message = &run->view->messages[i];
		if ((message->flags & FLAG_DELETED) != 0)
			continue;
		if (count == BATCH_COUNT ||
			(count > 0 && size + message->size > BATCH_SIZE)) {
			if (!take_batch(run, batch, count, error))
				return FALSE;
			count = 0;
			size = 0;
		}
		batch[count++] = message;
		size += message->size;
	}
	return count == 0 || take_batch(run, batch, count, error);
}

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

gboolean refilter_run(
	const Refilter *refilter, RefilterCounts *counts, GError **error)
{
	g_autoptr(UserScript) script = NULL;
	g_autoptr(MailboxView) view = NULL;
	Store *store = refilter->deliverer->store;

	*counts = (RefilterCounts){ 0 };
	if (!user_script_load(store, refilter->settings, refilter->user,
		    refilter->script, &script, error) ||
		!check_script(script, error) ||
		!view_get(store, refilter->mailbox, &view, error))
		return FALSE;
	Run run = {
		.what = refilter,
		.counts = counts,
		.store = store,
		.script = script,
		.view = view,
		.target = { .mailbox = refilter->mailbox,
			.user = refilter->user },
		.host = refilter->settings->DBMAIL_hostname[0] != '\0' ?
			refilter->settings->DBMAIL_hostname :
			g_get_host_name(),
	};
	run.whom = (FilterFor){ &run.target, refilter->address, FALSE };
	return take_all(&run, error);
}
