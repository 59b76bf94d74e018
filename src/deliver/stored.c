/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A script over messages that are in a mailbox already. */
#include "deliver/stored.h"

#include <string.h>

#include "base/errors.h"
#include "deliver/recipient.h"
#include "store/delivery.h"
#include "store/fetch.h"

/* Messages read in one round trip, and their bytes; a larger one comes
 * alone. */
#define BATCH_COUNT 64
#define BATCH_SIZE ((guint64)1024 * 1024)

const char *stored_user_address(Arena *arena, const char *name,
	const char *const *addresses, const Settings *settings)
{
	gsize size = strlen(name);
	const char *any = NULL;

	if (strchr(name, '@') != NULL)
		return name;
	for (gsize i = 0; addresses[i] != NULL; i++) {
		const char *address = addresses[i];
		const char *at = strrchr(address, '@');
		if (at == NULL)
			continue;
		if ((gsize)(at - address) == size &&
			g_ascii_strncasecmp(address, name, size) == 0)
			return address;
		if (any == NULL)
			any = address;
	}
	return any != NULL ? any : recipient_at_host(arena, name, settings);
}

const char *stored_owner_address(
	Arena *arena, const UserScript *script, const Settings *settings)
{
	return stored_user_address(arena, script->user_name,
		(const char *const *)script->addresses, settings);
}

void stored_run_init(StoredRun *run, Deliverer *deliverer,
	const Settings *settings, UserScript *script, const MailboxView *view,
	gint64 place, const char *address)
{
	*run = (StoredRun){
		.deliverer = deliverer,
		.settings = settings,
		.script = script,
		.view = view,
		.target = { .mailbox = place, .user = script->user },
	};
	run->whom = (FilterFor){ &run->target, address, FALSE };
}

/* --- what there is of a message ----------------------------------------------- */

const char *const *stored_flag_names(Arena *arena, const MailboxView *view,
	const ViewMessage *message, gboolean is_all)
{
	const char **names = arena_new_array(
		arena, const char *, FLAG_COUNT + FLAG_KEYWORDS_MAX + 1);
	guint count = 0;

	for (const Flags *flag = flag_all; is_all && *flag != 0; flag++) {
		if ((message->flags & *flag) != 0)
			names[count++] = flag_name(*flag);
	}
	for (guint i = 0; view->keywords[i] != NULL; i++) {
		if ((message->keywords >> i & 1) != 0)
			names[count++] = view->keywords[i];
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

static void stored_init(Stored *stored, StoredRun *run,
	const ViewMessage *message, Timestamp date, Bytes raw)
{
	*stored = (Stored){ .run = run, .message = message };
	gsize trace = return_path_size(raw, &stored->sender);
	const char *sender = run->sender != NULL ? run->sender : stored->sender;

	stored->delivery = (Delivery){
		.sender = sender != NULL ? sender : "",
		/* Nobody writes where there is no room before it. */
		.message = (char *)raw.data + trace,
		.size = raw.size - trace,
	};
	plan_job_init(&stored->job, run->deliverer, run->settings,
		&stored->delivery, bytes_slice(raw, 0, trace), raw);
	stored->job.flags =
		stored_flag_names(stored->job.arena, run->view, message, TRUE);
	stored->job.date = date;
}

static void stored_clear(Stored *stored)
{
	plan_job_clear(&stored->job);
	g_free(stored->sender);
}

/* --- the run ------------------------------------------------------------------ */

gboolean stored_run(Stored *stored, const char *const *environment,
	gboolean is_event, SieveResult **result, GError **error)
{
	StoredRun *run = stored->run;
	SieveInput input = filter_input(&stored->job, &run->whom, environment);

	input.sender = stored->sender;
	input.is_event = is_event;
	input.flags = stored->job.flags;
	return filter_run(&stored->job, run->target.user, run->script, &input,
		result, error);
}

/* --- what becomes of it ------------------------------------------------------- */

StoredRest stored_take_rest(Stored *stored, Plan *plan, gboolean any_draft)
{
	StoredRest rest = { .stays = FALSE };

	for (guint i = plan->puts->len; i > 0; i--) {
		const MessagePut *put =
			&g_array_index(plan->puts, DeliveryPut, i - 1).put;
		if (put->mailbox != stored->run->target.mailbox ||
			(put->draft != stored->job.draft && !any_draft))
			continue;
		rest = (StoredRest){ TRUE, put->keywords != NULL, put->flags,
			put->keywords };
		g_array_remove_index(plan->puts, i - 1);
	}
	return rest;
}

gboolean stored_set_flags(Stored *stored, FlagAction action, Flags flags,
	const char *const *keywords, GError **error)
{
	g_autoptr(NumSet) uid = numset_new();
	const FlagChange change = {
		.action = action,
		.flags = flags,
		.keywords = keywords,
	};
	guint64 seq;

	numset_add(uid, stored->message->uid);
	return flag_change(stored->run->deliverer->store,
		stored->run->view->mailbox, uid, &change, &seq, NULL, error);
}

gboolean stored_store(
	Stored *stored, Plan *plan, const DeliveryKey *key, GError **error)
{
	if (!plan_finish(plan))
		return TRUE;
	if (!delivery_store(
		    stored->run->deliverer->store, &plan->share, 1, key, error))
		return FALSE;
	switch (plan->share.outcome) {
	case DELIVERY_STORED:
	case DELIVERY_DUPLICATE:
		return TRUE;
	case DELIVERY_OVER_QUOTA:
		dbmail_error_set(error, DBMAIL_ERROR_OVER_QUOTA,
			"the quota is used up", "UID %u", stored->message->uid);
		return FALSE;
	case DELIVERY_NO_MAILBOX:
		break;
	}
	dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
		"a mailbox went away meanwhile; start again",
		"mailbox %" G_GINT64_FORMAT, plan->share.missing);
	return FALSE;
}

/* --- reading them ------------------------------------------------------------- */

typedef struct {
	StoredRun *run;
	gboolean (*take)(Stored *stored, gpointer data, GError **error);
	gpointer data;
} Reader;

static gboolean take_message(const Reader *reader, const ViewMessage *message,
	Timestamp date, Bytes raw, GError **error)
{
	Stored stored;

	stored_init(&stored, reader->run, message, date, raw);
	gboolean ok = reader->take(&stored, reader->data, error);
	stored_clear(&stored);
	return ok;
}

static gboolean append(Bytes bytes, gpointer data)
{
	g_string_append_len(data, bytes.data, (gssize)bytes.size);
	return TRUE;
}

static gboolean take_large(const Reader *reader, const ViewMessage *message,
	Timestamp date, GError **error)
{
	g_autoptr(GString) raw = g_string_new(NULL);
	g_autoptr(GError) failed = NULL;

	if (fetch_stream(reader->run->deliverer->store, message->physmessage, 0,
		    message->size, append, raw, &failed))
		return take_message(reader, message, date,
			bytes_of(raw->str, raw->len), error);
	if (dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND))
		return TRUE;
	g_propagate_error(error, g_steal_pointer(&failed));
	return FALSE;
}

static gboolean take_batch(const Reader *reader,
	const ViewMessage *const *messages, guint count, GError **error)
{
	g_autoptr(FetchBatch) batch = NULL;
	FetchAsk asks[BATCH_COUNT] = { 0 };

	for (guint i = 0; i < count; i++)
		asks[i] = (FetchAsk){
			.physmessage = messages[i]->physmessage,
			.size = messages[i]->size > BATCH_SIZE ? 0 :
								 G_MAXUINT64,
		};
	if (!fetch_batch_new(reader->run->deliverer->store, asks, count,
		    FETCH_META | FETCH_RAW, &batch, error))
		return FALSE;
	for (guint i = 0; i < count; i++) {
		const FetchedMessage *got = fetch_batch_message(batch, i);
		gboolean ok = TRUE;
		if (got->found && messages[i]->size > BATCH_SIZE)
			ok = take_large(
				reader, messages[i], got->internal_date, error);
		else if (got->found)
			ok = take_message(reader, messages[i],
				got->internal_date, got->raw, error);
		if (!ok)
			return FALSE;
	}
	return TRUE;
}

gboolean stored_each(StoredRun *run, const GPtrArray *messages,
	gboolean (*take)(Stored *stored, gpointer data, GError **error),
	gpointer data, GError **error)
{
	const Reader reader = { run, take, data };
	const ViewMessage *batch[BATCH_COUNT];
	guint64 size = 0;
	guint count = 0;

	for (guint i = 0; i < messages->len; i++) {
		const ViewMessage *message = messages->pdata[i];
		if (count == BATCH_COUNT ||
			(count > 0 && size + message->size > BATCH_SIZE)) {
			if (!take_batch(&reader, batch, count, error))
				return FALSE;
			count = 0;
			size = 0;
		}
		batch[count++] = message;
		size += message->size;
	}
	return count == 0 || take_batch(&reader, batch, count, error);
}
