/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script wants done, made into puts and mails. */
#include "deliver/act.h"

#include <string.h>

#include "deliver/guard.h"
#include "deliver/recipient.h"
#include "deliver/stored.h"
#include "store/mailbox.h"

/* --- who ----------------------------------------------------------------------- */

/* The address without its detail; the user's name, or the host, for one without
 * domain. */
static const char *owner_address(Arena *arena, const Act *act)
{
	const char *address = act->whom->address;
	const char *delimiters = act->job->settings->LMTP_recipient_delimiter;
	const char *at = strrchr(address, '@');

	if (address[0] == '"')
		return address;
	if (at == NULL && strchr(act->script->user_name, '@') != NULL)
		return act->script->user_name;
	if (at == NULL)
		return recipient_at_host(arena, address, act->job->settings);
	gsize local = strcspn(address, "@");
	gsize plain = address[0] == '\0' || delimiters[0] == '\0' ?
		local :
		1 + strcspn(address + 1, delimiters);
	if (plain >= local)
		return address;
	return arena_printf(arena, "%.*s%s", (int)plain, address, at);
}

void act_init(Act *act, PlanJob *job, const FilterFor *whom, UserScript *script,
	const SieveResult *result, Plan *plan)
{
	*act = (Act){
		.job = job,
		.whom = whom,
		.script = script,
		.result = result,
		.plan = plan,
	};
	guint messages = result != NULL ? result->messages->len : 1;
	act->drafts =
		arena_new_array(job->arena, const MessageDraft *, messages);
	act->sent_on = arena_new_array(job->arena, const GString *, messages);
	act->owner = owner_address(job->arena, act);
	g_autofree char *mark = guard_mark(whom->target->user, act->owner);
	act->mark = arena_strdup(job->arena, mark);
}

/* --- what ---------------------------------------------------------------------- */

static const MessageDraft *draft_of(Act *act, guint message)
{
	if (act->drafts[message] == NULL)
		act->drafts[message] = message == 0 ?
			plan_job_draft(act->job) :
			plan_job_draft_of(act->job,
				g_array_index(
					act->result->messages, Bytes, message));
	return act->drafts[message];
}

/* An atom of IMAP: the store takes nothing else, and a bad one is no reason to
 * refuse the mail. */
static gboolean is_keyword(const char *name)
{
	gsize size = strlen(name);

	for (gsize i = 0; i < size; i++) {
		if (name[i] <= ' ' || name[i] >= 0x7f ||
			strchr("(){%*\"\\]", name[i]) != NULL)
			return FALSE;
	}
	return size > 0 && size <= FLAG_KEYWORD_SIZE_MAX;
}

/* As far as the rights allow (RFC 4314 section 4). */
static Flags take_flags(Arena *arena, const char *const *names, guint rights,
	const char *const **keywords)
{
	guint count = 0;
	Flags flags = 0;

	*keywords = NULL;
	if (names == NULL)
		return 0;
	const char **kept = arena_new_array(
		arena, const char *, g_strv_length((char **)names) + 1);
	for (gsize i = 0; names[i] != NULL; i++) {
		flags |= flag_of_name(bytes_of_string(names[i]));
		if ((rights & RIGHT_WRITE) != 0 && is_keyword(names[i]) &&
			count < FLAG_KEYWORDS_MAX)
			kept[count++] = names[i];
	}
	/* Not NULL: flags were said, if none. */
	*keywords = kept;
	return flags & rights_flags(rights);
}

/* --- where --------------------------------------------------------------------- */

/* By MAILBOXID (RFC 9042), by use (RFC 8579), by name. */
static gboolean find_folder(
	Act *act, const SieveFile *file, Folder *folder, GError **error)
{
	PlanJob *job = act->job;
	Store *store = job->deliverer->store;
	gint64 user = act->whom->target->user;
	const FolderMaking making = { file->special_use };
	gboolean creates = file->creates ||
		g_str_equal(job->settings->SIEVE_missing_folder, "create");

	*folder = (Folder){ 0 };
	if (file->mailbox_id != NULL &&
		!folder_find_id(store, user, file->mailbox_id, folder, error))
		return FALSE;
	if (folder->id == 0 && file->special_use != NULL &&
		!folder_find_use(store, user, file->special_use, folder, error))
		return FALSE;
	if (folder->id != 0 || file->mailbox == NULL)
		return TRUE;
	return folders_find(job->deliverer->folders, store, job->settings, user,
		file->mailbox, creates ? &making : NULL, folder, error);
}

/* FALSE for one that we have written. */
static gboolean is_the_message(const Act *act, const MessageDraft *draft)
{
	gboolean is_it = draft == act->job->draft;

	for (guint i = 0; act->result != NULL && i < act->result->messages->len;
		i++)
		is_it = is_it || draft == act->drafts[i];
	return is_it;
}

/* Where the message goes into that folder already; NULL: nowhere. */
static MessagePut *find_put(const Act *act, gint64 folder)
{
	for (guint i = 0; i < act->plan->puts->len; i++) {
		MessagePut *put =
			&g_array_index(act->plan->puts, DeliveryPut, i).put;
		if (put->mailbox == folder && is_the_message(act, put->draft))
			return put;
	}
	return NULL;
}

/* What the script says; else a copy of a message that is there already has that
 * one's, which where it stays nothing touches. */
static const char *const *flags_of(const Act *act, const MessageDraft *draft,
	gint64 folder, const SieveAction *action)
{
	gboolean stays = folder == act->whom->target->mailbox &&
		(folder == STORED_PLACE || draft == act->job->draft);

	if (action->file.flags != NULL || stays || !is_the_message(act, draft))
		return action->file.flags;
	return act->job->flags;
}

/* Once into a folder, whatever names it was told by and however the message was
 * edited in between: as it was last, with the flags that were said last (RFC
 * 5228 section 2.10.3, RFC 5232 section 3, RFC 5293 section 7).  Across the
 * addresses of one user that the message came for at once, too. */
static guint put_once(Act *act, const MessageDraft *draft, const Folder *folder,
	const SieveAction *action)
{
	const char *const *keywords = NULL;
	Flags flags = take_flags(act->job->arena,
		flags_of(act, draft, folder->id, action), folder->rights,
		&keywords);
	gboolean is_it = is_the_message(act, draft);
	MessagePut *old = is_it ? find_put(act, folder->id) : NULL;
	g_autofree char *what = g_strdup_printf("put %p %" G_GINT64_FORMAT,
		is_it ? NULL : (const void *)draft, folder->id);

	if (old != NULL) {
		old->draft = draft;
		old->flags = flags;
		old->keywords = keywords;
	}
	if (!plan_is_first(
		    act->plan, act->job, act->whom->target->user, what) ||
		!plan_put(act->plan, act->job, folder->id, draft, flags,
			keywords))
		return 0;
	if (is_it)
		g_array_index(
			act->plan->puts, DeliveryPut, act->plan->puts->len - 1)
			.put.internal_date = act->job->date;
	return act->plan->puts->len;
}

static Folder own_folder(const Act *act)
{
	return (Folder){ act->whom->target->mailbox, RIGHTS_ALL };
}

gboolean act_file(Act *act, const SieveAction *action,
	const MessageDraft *draft, guint *put, GError **error)
{
	const SieveFile *file = &action->file;
	Folder folder = own_folder(act);
	gboolean names_one = file->mailbox != NULL ||
		file->mailbox_id != NULL || file->special_use != NULL;

	if (names_one && !find_folder(act, file, &folder, error))
		return FALSE;
	if (folder.id == 0) {
		g_autofree char *why = g_strdup_printf(
			"there is no mailbox \"%s\" to file into",
			file->mailbox != NULL ? file->mailbox :
						file->special_use);
		plan_note(act->plan, "no mailbox");
		if (!act_tell(act, act->script->name, action->line, why, error))
			return FALSE;
		folder = own_folder(act);
	}
	guint at = put_once(act, draft, &folder, action);
	if (put != NULL)
		*put = at;
	return TRUE;
}

/* --- the actions --------------------------------------------------------------- */

static gboolean do_file(Act *act, const SieveAction *action, GError **error)
{
	const SieveFile *file = &action->file;

	if (action->kind == SIEVE_KEEP)
		plan_note(act->plan, "keep");
	else
		plan_note(act->plan, "fileinto \"%s\"",
			file->mailbox != NULL ? file->mailbox : "");
	return act_file(
		act, action, draft_of(act, action->message), NULL, error);
}

static gboolean do_discard(Act *act, const SieveAction *action, GError **error)
{
	(void)action;
	(void)error;
	plan_note(act->plan, "discard");
	return TRUE;
}

/* By SieveActionKind; those that are done already have none. */
static gboolean (*const acts[])(Act *, const SieveAction *, GError **) = {
	[SIEVE_KEEP] = do_file,
	[SIEVE_FILEINTO] = do_file,
	[SIEVE_REDIRECT] = act_redirect,
	[SIEVE_DISCARD] = do_discard,
	[SIEVE_REJECT] = act_reject,
	[SIEVE_EREJECT] = act_reject,
	[SIEVE_VACATION] = act_vacation,
	[SIEVE_NOTIFY] = act_notify,
	[SIEVE_ENCLOSE] = NULL,
};

gboolean act_do(Act *act, const SieveAction *action, GError **error)
{
	if (acts[action->kind] == NULL)
		return TRUE;
	return acts[action->kind](act, action, error);
}

gboolean act_all(Act *act, GError **error)
{
	const GPtrArray *actions = act->result->actions;

	for (guint i = 0; i < actions->len; i++) {
		if (!act_do(act, actions->pdata[i], error))
			return FALSE;
	}
	return TRUE;
}

void act_keep(Act *act)
{
	const SieveAction keep = { .kind = SIEVE_KEEP };
	const Folder folder = own_folder(act);

	(void)put_once(act, plan_job_draft(act->job), &folder, &keep);
}

/* --- the owner ----------------------------------------------------------------- */

gboolean act_tell(Act *act, const char *script, guint line, const char *why,
	GError **error)
{
	PlanJob *job = act->job;
	UserScript *of = act->script;
	Folder inbox;

	if (act->is_told || of->is_default ||
		!job->settings->SIEVE_notify_owner ||
		atomic_load(&of->told_version) >= of->version)
		return TRUE;
	if (!folders_find(job->deliverer->folders, job->deliverer->store,
		    job->settings, of->user, "INBOX", NULL, &inbox, error))
		return FALSE;
	act->is_told = TRUE;
	if (inbox.id == 0 || !plan_is_first(act->plan, job, of->user, "notice"))
		return TRUE;
	GString *notice = plan_job_text(job);
	const ComposeAbout about = act_about(act);
	compose_script_failed(notice, &about, script, line, why);
	MessageDraft *draft = message_draft_new(job->deliverer->store,
		bytes_of(notice->str, notice->len), NULL);
	g_ptr_array_add(job->drafts, draft);
	(void)plan_put(act->plan, job, inbox.id, draft, 0, NULL);
	g_array_index(act->plan->puts, DeliveryPut, act->plan->puts->len - 1)
		.is_notice = TRUE;
	act->plan->share.told_version = of->version;
	act->plan->tells = act->script;
	return TRUE;
}
