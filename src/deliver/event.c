/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts over messages that were put, copied or flagged over IMAP (RFC
 * 6785). */
#include "deliver/event.h"

#include <string.h>

#include "base/errors.h"
#include "deliver/act.h"
#include "deliver/recipient.h"
#include "deliver/script-check.h"
#include "deliver/stored.h"
#include "sieve/extension.h"
#include "store/script.h"

static const char *const causes[] = {
	[EVENT_APPEND] = "APPEND",
	[EVENT_COPY] = "COPY",
	[EVENT_FLAG] = "FLAG",
};

/* One event, on its way. */
typedef struct {
	const MailEvent *event;
	UserScript *script;
	const char *login_address;
	gboolean is_global;
	gboolean is_over; /* no message more needs to be looked at */
	NumSet *deleted;  /* UIDs that the script keeps nowhere */
	LogLevel level;   /* of what is said of this message */
} Events;

gboolean event_is_on(const Settings *settings)
{
	return settings->IMAP_sieve_url[0] != '\0' &&
		(script_extensions_events(settings) >> SIEVE_EXT_IMAPSIEVE &
			1) != 0;
}

gboolean event_check_url(const Settings *settings)
{
	static const char scheme[] = "sieve://";
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._~%:[]";
	const char *url = settings->IMAP_sieve_url;
	const char *server = url + strlen(scheme);

	if (url[0] == '\0')
		return TRUE;
	return g_ascii_strncasecmp(url, scheme, strlen(scheme)) == 0 &&
		server[0] != '\0' && server[strspn(server, allowed)] == '\0';
}

/* --- what has happened --------------------------------------------------------- */

static gboolean has_name(const char *const *names, const char *name)
{
	for (gsize i = 0; names[i] != NULL; i++) {
		if (g_ascii_strcasecmp(names[i], name) == 0)
			return TRUE;
	}
	return FALSE;
}

/* Whether the change is about that flag at all: somebody else may have changed
 * another one meanwhile. */
static gboolean is_named(const FlagChange *change, const char *name)
{
	if (change->action == FLAG_REPLACE)
		return TRUE;
	if (name[0] == '\\')
		return (change->flags & flag_of_name(bytes_of_string(name))) !=
			0;
	return change->keywords != NULL && has_name(change->keywords, name);
}

/* Those of `names` that are not among `others`. */
static void add_missing(GString *out, const FlagChange *change,
	const char *const *names, const char *const *others)
{
	for (gsize i = 0; names[i] != NULL; i++) {
		if (has_name(others, names[i]) || !is_named(change, names[i]))
			continue;
		if (out->len > 0)
			g_string_append_c(out, ' ');
		g_string_append(out, names[i]);
	}
}

/* The flags that the event changed, with a blank between; "" for none. */
static char *changed_flags(const MailEvent *event, const MailboxView *view,
	const ViewMessage *message)
{
	guint index = view_find(event->before, message->uid);
	GString *out = g_string_new(NULL);

	if (index == G_MAXUINT || message->modseq < event->seq)
		return g_string_free(out, FALSE);
	g_autoptr(Arena) arena = arena_new();
	const char *const *before = stored_flag_names(
		arena, event->before, &event->before->messages[index], TRUE);
	const char *const *now = stored_flag_names(arena, view, message, TRUE);
	add_missing(out, event->change, now, before);
	add_missing(out, event->change, before, now);
	return g_string_free(out, FALSE);
}

static gboolean is_affected(const MailEvent *event, const MailboxView *view,
	const ViewMessage *message)
{
	if (event->cause != EVENT_FLAG)
		return TRUE;
	g_autofree char *changed = changed_flags(event, view, message);
	return changed[0] != '\0';
}

static GPtrArray *affected(const MailEvent *event, const MailboxView *view)
{
	GPtrArray *messages = g_ptr_array_new();

	for (guint r = 0; r < numset_range_count(event->uids); r++) {
		NumRange range = numset_range(event->uids, r);
		for (guint i = view_lower_bound(view, range.first);
			i < view->count && view->messages[i].uid <= range.last;
			i++) {
			const ViewMessage *message = &view->messages[i];
			if (is_affected(event, view, message))
				g_ptr_array_add(
					messages, (gpointer)(gsize)message);
		}
	}
	return messages;
}

/* --- one message --------------------------------------------------------------- */

static void log_failure(const Events *events, guint32 uid, const char *what,
	const GError *error)
{
	log_event(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY) ?
			LOG_LEVEL_WARNING :
			LOG_LEVEL_NOTICE,
		events->event->log, "imapsieve-failed",
		LOG_NUMBER("mailbox", events->event->mailbox),
		LOG_NUMBER("uid", uid),
		LOG_STRING("script", events->script->name),
		LOG_STRING("reason", what), LOG_GERROR(error));
}

static gboolean run_script(Stored *stored, const Events *events,
	SieveResult **result, GError **error)
{
	const MailEvent *event = events->event;
	g_autofree char *changed = event->cause == EVENT_FLAG ?
		changed_flags(event, stored->run->view, stored->message) :
		NULL;
	const char *const environment[] = {
		"location",
		"MS",
		"phase",
		"post",
		"imap.user",
		event->login,
		"imap.email",
		events->login_address,
		"imap.cause",
		causes[event->cause],
		"imap.mailbox",
		event->name,
		"imap.changedflags",
		changed != NULL ? changed : "",
		NULL,
	};

	return stored_run(stored, environment, TRUE, result, error);
}

/* What went wrong with the script: the message stays as it is. */
static gboolean fail(
	Stored *stored, Events *events, const SieveError *wrong, GError **error)
{
	StoredRun *run = stored->run;
	g_autofree char *text = g_strdup_printf(
		"%s:%u: %s", wrong->script, wrong->line, wrong->text);
	g_autoptr(Plan) plan =
		plan_new(events->event->mailbox, run->target.user);
	Act act;

	log_failure(events, stored->message->uid, text, NULL);
	act_init(&act, &stored->job, &run->whom, events->script, NULL, plan);
	/* A global script is not for the mailbox's owner to mend. */
	act.is_told = events->is_global;
	return act_tell(&act, wrong->script, wrong->line, wrong->text, error) &&
		stored_store(stored, plan, NULL, error);
}

/* Those of `names` that are not among `others`, NULL-terminated. */
static const char *const *keywords_without(
	Arena *arena, const char *const *names, const char *const *others)
{
	const char **without = arena_new_array(
		arena, const char *, g_strv_length((char **)names) + 1);
	guint count = 0;

	for (gsize i = 0; names[i] != NULL; i++) {
		if (!has_name(others, names[i]))
			without[count++] = names[i];
	}
	return without;
}

/* As a client would: what others change meanwhile stays. */
static gboolean change_flags(
	Stored *stored, const StoredRest *rest, GError **error)
{
	Arena *arena = stored->job.arena;
	const char *const *had = stored_flag_names(
		arena, stored->run->view, stored->message, FALSE);
	const char *const *add = keywords_without(arena, rest->keywords, had);
	const char *const *remove =
		keywords_without(arena, had, rest->keywords);
	Flags flags = stored->message->flags;

	if (((rest->flags & ~flags) != 0 || add[0] != NULL) &&
		!stored_set_flags(
			stored, FLAG_ADD, rest->flags & ~flags, add, error))
		return FALSE;
	return ((flags & ~rest->flags) == 0 && remove[0] == NULL) ||
		stored_set_flags(stored, FLAG_REMOVE, flags & ~rest->flags,
			remove, error);
}

static gboolean carry_out(
	Stored *stored, Events *events, Plan *plan, GError **error)
{
	const StoredRest rest = stored_take_rest(stored, plan, TRUE);

	if (!stored_store(stored, plan, NULL, error))
		return FALSE;
	if (!rest.stays)
		numset_add(events->deleted, stored->message->uid);
	else if (rest.has_flags && !change_flags(stored, &rest, error))
		return FALSE;
	log_event(events->level, events->event->log, "imapsieve",
		LOG_NUMBER("mailbox", events->event->mailbox),
		LOG_NUMBER("uid", stored->message->uid),
		LOG_STRING("script", events->script->name),
		LOG_STRING("did", plan->did != NULL ? plan->did->str : NULL));
	return TRUE;
}

static gboolean filter(Stored *stored, Events *events, GError **error)
{
	StoredRun *run = stored->run;
	SieveResult *result = NULL;
	Act act;

	if (events->script->wrong != NULL) {
		events->is_over = TRUE;
		return fail(stored, events, events->script->wrong, error);
	}
	if (!run_script(stored, events, &result, error))
		return FALSE;
	if (result->failure != NULL)
		return fail(stored, events, result->failure, error);
	g_autoptr(Plan) plan =
		plan_new(events->event->mailbox, run->target.user);
	act_init(&act, &stored->job, &run->whom, events->script, result, plan);
	act.is_told = events->is_global;
	gboolean ok = act_all(&act, error);
	filter_note_warnings(plan, result);
	events->level =
		result->warnings->len > 0 ? LOG_LEVEL_NOTICE : LOG_LEVEL_INFO;
	return ok && carry_out(stored, events, plan, error);
}

/* One message's trouble is not the others', unless the database is gone. */
static gboolean filter_one(Stored *stored, gpointer data, GError **error)
{
	Events *events = data;
	g_autoptr(GError) failed = NULL;

	(void)error;
	if (!events->is_over && !filter(stored, events, &failed)) {
		log_failure(events, stored->message->uid, NULL, failed);
		events->is_over =
			dbmail_error_is(failed, DBMAIL_ERROR_TEMPORARY);
	}
	return TRUE;
}

/* --- all of them --------------------------------------------------------------- */

static gboolean delete_those(const Events *events, Store *store, GError **error)
{
	const FlagChange change = { .action = FLAG_ADD, .flags = FLAG_DELETED };
	guint64 seq;

	return numset_is_empty(events->deleted) ||
		flag_change(store, events->event->mailbox, events->deleted,
			&change, &seq, NULL, error);
}

/* Of whoever did it (section 4.2). */
static const char *login_address(Arena *arena, Store *store,
	const Settings *settings, const MailEvent *event)
{
	g_auto(GStrv) addresses = NULL;
	g_autoptr(GError) failed = NULL;

	/* What comes next will tell of the database. */
	if (!script_addresses(store, event->user, &addresses, &failed))
		return recipient_at_host(arena, event->login, settings);
	return arena_strdup(arena,
		stored_user_address(arena, event->login,
			(const char *const *)addresses, settings));
}

static gboolean run_all(Deliverer *deliverer, const Settings *settings,
	Events *events, const MailboxView *view, GError **error)
{
	const MailEvent *event = events->event;
	g_autoptr(GPtrArray) messages = affected(event, view);
	g_autoptr(NumSet) deleted = numset_new();
	g_autoptr(Arena) arena = arena_new();
	StoredRun run;

	events->deleted = deleted;
	stored_run_init(&run, deliverer, settings, events->script, view,
		STORED_PLACE,
		stored_owner_address(arena, events->script, settings));
	/* Section 3.4: what is sent on comes from the owner. */
	run.sender = run.whom.address;
	events->login_address = event->user == event->owner ?
		run.sender :
		login_address(arena, deliverer->store, settings, event);
	gboolean ok = stored_each(&run, messages, filter_one, events, error);
	/* Of those that were finished, in any case. */
	return delete_those(events, deliverer->store, ok ? error : NULL) && ok;
}

static gboolean get_view(Store *store, const MailEvent *event,
	MailboxView **view, GError **error)
{
	return event->cause == EVENT_FLAG ?
		view_get_since(store, event->mailbox, event->seq, view, error) :
		view_get(store, event->mailbox, view, error);
}

static void log_no_script(
	const MailEvent *event, const char *name, const GError *error)
{
	log_event(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY) ?
			LOG_LEVEL_WARNING :
			LOG_LEVEL_INFO,
		event->log, "imapsieve-no-script",
		LOG_NUMBER("mailbox", event->mailbox),
		LOG_STRING("script", name), LOG_GERROR(error));
}

static gboolean load_script(Deliverer *deliverer, EventScripts *scripts,
	const Settings *settings, Events *events, UserScript **script)
{
	const MailEvent *event = events->event;
	g_autofree char *name = NULL;
	g_autofree char *normal = NULL;
	g_autoptr(GError) error = NULL;

	if (!event_scripts_find(scripts, deliverer->store, event->mailbox,
		    &name, &events->is_global, &error)) {
		log_no_script(event, NULL, error);
		return FALSE;
	}
	if (name == NULL)
		return FALSE;
	normal = script_name_normalise(bytes_of_string(name), &error);
	if (normal != NULL &&
		scripts_get_event(deliverer->scripts, deliverer->store,
			settings, event->owner, normal, events->is_global,
			script, &error))
		return TRUE;
	log_no_script(event, name, error);
	return FALSE;
}

gboolean event_run(Deliverer *deliverer, EventScripts *scripts,
	const Settings *settings, const MailEvent *event)
{
	Events events = { .event = event };
	g_autoptr(UserScript) script = NULL;
	g_autoptr(MailboxView) view = NULL;
	g_autoptr(GError) error = NULL;

	if (!event_is_on(settings) || numset_is_empty(event->uids) ||
		!load_script(deliverer, scripts, settings, &events, &script))
		return FALSE;
	events.script = script;
	if (!get_view(deliverer->store, event, &view, &error) ||
		!run_all(deliverer, settings, &events, view, &error))
		log_failure(&events, 0, NULL, error);
	return TRUE;
}
