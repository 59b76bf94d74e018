/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The actions of a script that send mail. */
#include <string.h>

#include "deliver/act.h"
#include "deliver/forward.h"
#include "deliver/guard.h"
#include "deliver/recipient.h"
#include "sieve/address.h"
#include "sieve/mailto.h"
#include "store/list.h"

/* Each mail of the queue is a row with the message in it: bytes of all that one
 * message becomes for a list. */
#define LIST_BYTES_MAX (G_GUINT64_CONSTANT(1) << 30)
/* A reply's text is cut by MTAs somewhere; what is longer goes by mail. */
#define REFUSAL_MAX 1500

ComposeAbout act_about(Act *act)
{
	PlanJob *job = act->job;
	g_autofree char *id = g_uuid_string_random();

	return (ComposeAbout){
		.original = plan_job_header(job),
		.sender = job->delivery->sender,
		.recipient = act->owner,
		.mark = act->mark,
		.host = settings_hostname(act->job->settings),
		.id = arena_printf(job->arena, "dbmail-%s", id),
		.now = job->now,
	};
}

/* As the script had edited it when it came to the action (RFC 5293 section 7);
 * what a message must be guarded from is looked for in the one that came. */
static const MimeHeader *header_at(Act *act, const SieveAction *action)
{
	const Bytes *message =
		&g_array_index(act->result->messages, Bytes, action->message);

	return action->message == 0 ? plan_job_header(act->job) :
				      plan_job_header_of(act->job, *message);
}

static OutboundMail mail_of(Act *act, const char *kind, const char *sender,
	const char *recipient, const GString *message)
{
	return (OutboundMail){
		.kind = kind,
		.user = act->whom->target->user,
		.sender = sender,
		.recipient = recipient,
		.message = bytes_of(message->str, message->len),
	};
}

/* FALSE where the queue cannot take it: an address that is none. */
static gboolean add_mail(Act *act, const OutboundMail *mail)
{
	g_autoptr(GError) invalid = NULL;

	if (!outbound_check(mail, &invalid))
		return FALSE;
	plan_mail(act->plan, mail);
	return TRUE;
}

/* --- redirect ------------------------------------------------------------------ */

/* The message as it is sent on, one text however many get it: it may be large,
 * and the store sends what is the same once. */
static const GString *text_to_send_on(Act *act, guint message)
{
	if (act->sent_on[message] != NULL)
		return act->sent_on[message];
	GString *text = plan_job_text(act->job);
	forward_write(text, act->job, act->whom->address, act->mark,
		g_array_index(act->result->messages, Bytes, message));
	act->sent_on[message] = text;
	return text;
}

/* Once for the user, whatever addresses the mail came by.  FALSE where the
 * address is none. */
static gboolean send_on(Act *act, const char *address, const GString *text)
{
	const OutboundMail mail = mail_of(act, "redirect",
		forward_sender(act->job->settings, act->job->delivery->sender,
			act->owner),
		address, text);
	g_autofree char *what = g_strconcat("redirect ", address, NULL);

	return !plan_is_first(
		       act->plan, act->job, act->whom->target->user, what) ||
		add_mail(act, &mail);
}

static void keep_instead(Act *act, const char *to, const char *why)
{
	plan_note(act->plan, "redirect <%s> not done: %s", to, why);
	act_keep(act);
}

/* A list may hold what is no address, such as domains: nothing goes there. */
static guint send_to_all(Act *act, const GStrv members, const GString *text)
{
	guint count = 0;

	for (guint i = 0; members[i] != NULL; i++) {
		if (sieve_address_parse(bytes_of_string(members[i]), NULL) &&
			send_on(act, arena_strdup(act->job->arena, members[i]),
				text))
			count++;
	}
	return count;
}

/* RFC 6134 section 2.3; sent to nobody it would be lost. */
static gboolean redirect_to_list(
	Act *act, const char *list, guint message, GError **error)
{
	const gsize size =
		g_array_index(act->result->messages, Bytes, message).size;
	const guint max = (guint)act->job->settings->SIEVE_max_list_redirects;
	g_autoptr(GError) invalid = NULL;
	g_autofree char *name = list_name_normalise(list, &invalid);
	g_auto(GStrv) members = NULL;
	gboolean exists = FALSE;

	if (name != NULL &&
		!list_members(act->job->deliverer->store,
			act->whom->target->user, LIST_AND_EVERYONES, name,
			max + 1, &exists, &members, error))
		return FALSE;
	if (!exists || members[0] == NULL) {
		keep_instead(act, list, "nobody is in the list");
	} else if (g_strv_length(members) > max) {
		keep_instead(act, list, "the list has too many members");
	} else if ((guint64)size * g_strv_length(members) > LIST_BYTES_MAX) {
		keep_instead(act, list,
			"the message is too large for so many members");
	} else {
		guint count = send_to_all(
			act, members, text_to_send_on(act, message));
		if (count > 0)
			plan_note(act->plan, "redirect <%s>: %u", list, count);
		else
			keep_instead(act, list, "the list has no addresses");
	}
	return TRUE;
}

/* A message that cannot be sent on is kept: a redirect has cancelled the
 * implicit keep. */
gboolean act_redirect(Act *act, const SieveAction *action, GError **error)
{
	const char *loop = guard_loop(plan_job_header(act->job), act->mark);
	const char *to =
		action->address != NULL ? action->address : action->list;

	if (loop != NULL)
		keep_instead(act, to, loop);
	else if (action->address == NULL)
		return redirect_to_list(act, to, action->message, error);
	else if (send_on(act, to, text_to_send_on(act, action->message)))
		plan_note(act->plan, "redirect <%s>", to);
	else
		keep_instead(act, to, "no address");
	return TRUE;
}

/* --- reject -------------------------------------------------------------------- */

/* RFC 5429: reject keeps its exact text, ereject its place in the protocol.  A
 * text that no reply can have becomes a mail, or a reply without it. */
static gboolean can_be_reply(const Act *act, const SieveAction *action)
{
	if (!act->whom->may_refuse)
		return FALSE;
	if (action->kind == SIEVE_EREJECT)
		return TRUE;
	return g_str_equal(act->job->settings->SIEVE_reject, "reply") &&
		g_str_is_ascii(action->text) &&
		strlen(action->text) <= REFUSAL_MAX;
}

static char *reply_text(const char *reason)
{
	if (!g_str_is_ascii(reason) || strlen(reason) > REFUSAL_MAX)
		return g_strdup("refused by the recipient's mail filter");
	return g_strdup(reason);
}

gboolean act_reject(Act *act, const SieveAction *action, GError **error)
{
	const char *word = action->kind == SIEVE_EREJECT ? "ereject" : "reject";
	const char *sender = act->job->delivery->sender;
	const char *loop = guard_loop(plan_job_header(act->job), act->mark);

	(void)error;
	if (can_be_reply(act, action)) {
		plan_note(act->plan, "%s", word);
		g_free(act->plan->refusal);
		act->plan->refusal = reply_text(action->text);
		return TRUE;
	}
	/* RFC 5429 section 2.2.1: nobody is told of what nobody sent. */
	if (sender[0] == '\0' || loop != NULL) {
		plan_note(act->plan, "%s, nobody told: %s", word,
			loop != NULL ? loop : "no sender");
		return TRUE;
	}
	if (!plan_is_first(act->plan, act->job, act->whom->target->user, word))
		return TRUE;
	GString *text = plan_job_text(act->job);
	const ComposeAbout about = act_about(act);
	compose_reject(text, &about, action->text);
	const OutboundMail mail = mail_of(act, "reject", "", sender, text);
	plan_note(act->plan,
		add_mail(act, &mail) ? "%s by mail" : "%s, nobody told: sender",
		word);
	return TRUE;
}

/* --- vacation ------------------------------------------------------------------ */

/* Addresses that mean the user: those known, the one the mail came to, those of
 * :addresses (RFC 5230 section 4.5). */
static const char *const *own_addresses(Act *act, const SieveAction *action)
{
	Arena *arena = act->job->arena;
	const char *const *lists[] = {
		(const char *const *)act->script->addresses,
		action->addresses,
	};
	guint count = 3;

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		if (lists[i] != NULL)
			count += g_strv_length((char **)lists[i]);
	}
	const char **own = arena_new_array(arena, const char *, count);
	count = 0;
	own[count++] = act->whom->address;
	own[count++] = act->owner;
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		for (gsize j = 0; lists[i] != NULL && lists[i][j] != NULL; j++)
			own[count++] = lists[i][j];
	}
	return own;
}

static const char *why_not_answer(
	Act *act, const SieveAction *action, const MimeHeader *header)
{
	const char *sender = act->job->delivery->sender;
	const char *delimiters = act->job->settings->LMTP_recipient_delimiter;
	const char *const *own = own_addresses(act, action);
	const char *why = guard_sender(sender);

	if (why == NULL)
		why = guard_bulk(header);
	if (why == NULL)
		why = guard_loop(plan_job_header(act->job), act->mark);
	if (why == NULL && guard_is_own(sender, own, delimiters))
		why = "sender is the user";
	if (why == NULL && !guard_is_addressed(header, own, delimiters))
		why = "not addressed to the user";
	return why;
}

static void add_response(
	Act *act, const SieveAction *action, const OutboundMail *mail)
{
	const Settings *settings = act->job->settings;
	Plan *plan = act->plan;
	const DeliveryResponse response = {
		.handle = action->handle,
		.address = mail->recipient,
		.seconds = CLAMP(action->seconds,
			settings->SIEVE_vacation_min_period,
			settings->SIEVE_vacation_max_period),
		.mail = *mail,
	};

	if (plan->responses == NULL)
		plan->responses =
			g_array_new(FALSE, FALSE, sizeof(DeliveryResponse));
	g_array_append_val(plan->responses, response);
}

/* What is sent is filed too (RFC 8580), with the flags the script says. */
static gboolean file_copy(Act *act, const SieveAction *action,
	const GString *text, guint response, GError **error)
{
	guint put = 0;

	if (!action->has_fcc)
		return TRUE;
	MessageDraft *draft = message_draft_new(act->job->deliverer->store,
		bytes_of(text->str, text->len), NULL);
	g_ptr_array_add(act->job->drafts, draft);
	if (!act_file(act, action, draft, &put, error))
		return FALSE;
	if (put > 0)
		g_array_index(act->plan->puts, DeliveryPut, put - 1).response =
			response;
	return TRUE;
}

gboolean act_vacation(Act *act, const SieveAction *action, GError **error)
{
	const MimeHeader *header = header_at(act, action);
	const char *why = why_not_answer(act, action, header);
	const ComposeVacation vacation = {
		.from = action->from,
		.subject = action->subject,
		.text = action->text,
		.is_mime = action->is_mime,
	};

	if (why != NULL) {
		plan_note(act->plan, "vacation, no answer: %s", why);
		return TRUE;
	}
	GString *text = plan_job_text(act->job);
	ComposeAbout about = act_about(act);
	about.original = header;
	compose_vacation(text, &about, &vacation);
	const OutboundMail mail =
		mail_of(act, "vacation", "", act->job->delivery->sender, text);
	g_autoptr(GError) invalid = NULL;
	if (!outbound_check(&mail, &invalid)) {
		plan_note(act->plan, "vacation, no answer: sender");
		return TRUE;
	}
	plan_note(act->plan, "vacation");
	add_response(act, action, &mail);
	return file_copy(act, action, text, act->plan->responses->len, error);
}

/* --- notify -------------------------------------------------------------------- */

static const char *join(Arena *arena, const char *const *list)
{
	g_autofree char *joined = g_strjoinv(", ", (char **)list);

	return joined[0] != '\0' ? arena_strdup(arena, joined) : NULL;
}

static GString *compose(Act *act, const SieveAction *action,
	const MimeHeader *header, const SieveMailto *mailto)
{
	Arena *arena = act->job->arena;
	GString *text = plan_job_text(act->job);
	ComposeAbout about = act_about(act);
	ComposeField *fields =
		arena_new_array(arena, ComposeField, mailto->n_fields + 1);

	about.original = header;
	for (guint i = 0; i < mailto->n_fields; i++)
		fields[i] = (ComposeField){ mailto->fields[i].name,
			mailto->fields[i].value };
	const ComposeNotify notify = {
		.from = action->from,
		.to = join(arena, mailto->to_text),
		.cc = join(arena, mailto->cc_text),
		.subject =
			action->text != NULL ? action->text : mailto->subject,
		.body = mailto->body,
		.importance = action->importance,
		.fields = fields,
		.n_fields = mailto->n_fields,
	};
	compose_notify(text, &about, &notify);
	return text;
}

/* RFC 5436 section 2.7: <> where the message had it, else :from or the user. */
static const char *notify_sender(const Act *act, const SieveAction *action)
{
	g_autoptr(GString) address = g_string_new(NULL);

	if (act->job->delivery->sender[0] == '\0')
		return "";
	if (action->from != NULL &&
		sieve_address_parse(bytes_of_string(action->from), address))
		return arena_strdup(act->job->arena, address->str);
	return act->owner;
}

static void notify_all(Act *act, const char *sender,
	const char *const *recipients, const GString *text)
{
	for (gsize i = 0; recipients[i] != NULL; i++) {
		const OutboundMail mail =
			mail_of(act, "notify", sender, recipients[i], text);
		g_autofree char *what =
			g_strconcat("notify ", recipients[i], NULL);
		if (plan_is_first(act->plan, act->job, act->whom->target->user,
			    what) &&
			add_mail(act, &mail))
			plan_note(act->plan, "notify <%s>", recipients[i]);
	}
}

gboolean act_notify(Act *act, const SieveAction *action, GError **error)
{
	const MimeHeader *header = header_at(act, action);
	const char *why = guard_automatic(header);
	g_autoptr(GError) invalid = NULL;
	SieveMailto mailto = { 0 };

	if (why == NULL)
		why = guard_loop(plan_job_header(act->job), act->mark);
	if (why == NULL &&
		!sieve_mailto_parse(act->job->arena,
			bytes_of_string(action->method), &mailto, &invalid))
		why = "method";
	if (why != NULL) {
		plan_note(act->plan, "notify not done: %s", why);
		return TRUE;
	}
	const char *sender = notify_sender(act, action);
	GString *text = compose(act, action, header, &mailto);
	notify_all(act, sender, mailto.to, text);
	notify_all(act, sender, mailto.cc, text);
	return file_copy(act, action, text, 0, error);
}
