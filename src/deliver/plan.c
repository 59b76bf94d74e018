/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A delivery on its way from the message to the store: what is to be stored and
 * sent for whom. */
#include "deliver/plan.h"

/* --- the job ------------------------------------------------------------------- */

static void drop_draft(gpointer data)
{
	MessageDraft *draft = data;

	message_draft_free(&draft);
}

static void drop_text(gpointer data)
{
	g_string_free(data, TRUE);
}

static void drop_result(gpointer data)
{
	SieveResult *result = data;

	sieve_result_free(&result);
}

static void drop_script(gpointer data)
{
	UserScript *script = data;

	user_script_free(&script);
}

void plan_job_init(PlanJob *job, Deliverer *deliverer, const Settings *settings,
	const Delivery *delivery, Bytes trace, Bytes raw)
{
	*job = (PlanJob){
		.deliverer = deliverer,
		.settings = settings,
		.delivery = delivery,
		.trace = trace,
		.raw = raw,
		.now = timestamp_now(),
		.arena = arena_new(),
		.drafts = g_ptr_array_new_with_free_func(drop_draft),
		.texts = g_ptr_array_new_with_free_func(drop_text),
		.results = g_ptr_array_new_with_free_func(drop_result),
		.scripts = g_ptr_array_new_with_free_func(drop_script),
		.planned = g_hash_table_new_full(
			g_str_hash, g_str_equal, g_free, NULL),
	};
	job->date = job->now;
}

void plan_job_clear(PlanJob *job)
{
	if (job->arena == NULL)
		return;
	g_ptr_array_unref(job->drafts);
	g_ptr_array_unref(job->texts);
	g_ptr_array_unref(job->results);
	g_ptr_array_unref(job->scripts);
	g_hash_table_unref(job->planned);
	arena_free(&job->arena);
}

static MessageDraft *make_draft(PlanJob *job, Bytes raw)
{
	gboolean failed = FALSE;
	MessageDraft *draft =
		message_draft_new(job->deliverer->store, raw, &failed);

	job->has_split_failed |= failed;
	g_ptr_array_add(job->drafts, draft);
	return draft;
}

const MessageDraft *plan_job_draft(PlanJob *job)
{
	if (job->draft == NULL)
		job->draft = make_draft(job, job->raw);
	return job->draft;
}

const MessageDraft *plan_job_draft_of(PlanJob *job, Bytes message)
{
	GString *raw = plan_job_text(job);

	g_string_append_len(raw, job->trace.data, (gssize)job->trace.size);
	g_string_append_len(raw, message.data, (gssize)message.size);
	return make_draft(job, bytes_of(raw->str, raw->len));
}

const MimeHeader *plan_job_header_of(PlanJob *job, Bytes message)
{
	/* Fields end by themselves at the blank line. */
	return mime_header_new(job->arena,
		bytes_slice(message, 0,
			(gsize)job->settings->DBMAIL_max_header_size));
}

const MimeHeader *plan_job_header(PlanJob *job)
{
	const Delivery *delivery = job->delivery;

	if (job->header == NULL)
		job->header = plan_job_header_of(
			job, bytes_of(delivery->message, delivery->size));
	return job->header;
}

GString *plan_job_text(PlanJob *job)
{
	GString *text = g_string_new(NULL);

	g_ptr_array_add(job->texts, text);
	return text;
}

/* --- a plan -------------------------------------------------------------------- */

Plan *plan_new(gint64 mailbox, gint64 user)
{
	Plan *plan = g_new0(Plan, 1);

	plan->share.mailbox = mailbox;
	plan->share.user = user;
	plan->puts = g_array_new(FALSE, TRUE, sizeof(DeliveryPut));
	return plan;
}

static void drop_array(GArray *array)
{
	if (array != NULL)
		g_array_unref(array);
}

void plan_free(Plan **plan)
{
	Plan *old = g_steal_pointer(plan);

	if (old == NULL)
		return;
	drop_array(old->puts);
	drop_array(old->mails);
	drop_array(old->responses);
	drop_array(old->seen);
	if (old->did != NULL)
		g_string_free(old->did, TRUE);
	g_free(old->refusal);
	g_free(old);
}

gboolean plan_is_first(Plan *plan, PlanJob *job, gint64 user, const char *what)
{
	char *key = g_strdup_printf("%" G_GINT64_FORMAT " %s", user, what);
	const Plan *doer = g_hash_table_lookup(job->planned, key);

	if (doer == NULL) {
		g_hash_table_insert(job->planned, key, plan);
		return TRUE;
	}
	plan->is_elsewhere |= doer != plan;
	plan->has_failed |= doer->has_failed;
	g_free(key);
	return FALSE;
}

gboolean plan_put(Plan *plan, PlanJob *job, gint64 mailbox,
	const MessageDraft *draft, Flags flags, const char *const *keywords)
{
	const DeliveryPut put = { .put = {
					  .draft = draft,
					  .mailbox = mailbox,
					  .internal_date = job->now,
					  .flags = flags,
					  .keywords = keywords,
				  } };

	for (guint i = 0; i < plan->puts->len; i++) {
		const DeliveryPut *other =
			&g_array_index(plan->puts, DeliveryPut, i);
		if (other->put.mailbox == mailbox && other->put.draft == draft)
			return FALSE;
	}
	g_array_append_val(plan->puts, put);
	return TRUE;
}

void plan_mail(Plan *plan, const OutboundMail *mail)
{
	if (plan->mails == NULL)
		plan->mails = g_array_new(FALSE, FALSE, sizeof(OutboundMail));
	g_array_append_vals(plan->mails, mail, 1);
}

void plan_note(Plan *plan, const char *format, ...)
{
	va_list arguments;

	if (plan->did == NULL)
		plan->did = g_string_new(NULL);
	if (plan->did->len > 0)
		g_string_append(plan->did, "; ");
	va_start(arguments, format);
	g_string_append_vprintf(plan->did, format, arguments);
	va_end(arguments);
}

#define ARRAY_OF(array, Type) \
	((array) != NULL ? (Type *)(gpointer)(array)->data : NULL)
#define COUNT_OF(array) ((array) != NULL ? (array)->len : 0)

gboolean plan_finish(Plan *plan)
{
	DeliveryShare *share = &plan->share;

	share->puts = ARRAY_OF(plan->puts, DeliveryPut);
	share->n_puts = COUNT_OF(plan->puts);
	share->mails = ARRAY_OF(plan->mails, OutboundMail);
	share->n_mails = COUNT_OF(plan->mails);
	share->responses = ARRAY_OF(plan->responses, DeliveryResponse);
	share->n_responses = COUNT_OF(plan->responses);
	share->seen = ARRAY_OF(plan->seen, ScriptSeen);
	share->n_seen = COUNT_OF(plan->seen);
	return plan->is_elsewhere ||
		share->n_puts + share->n_mails + share->n_responses +
			share->n_seen >
		0;
}
