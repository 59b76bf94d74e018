/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One message to all its recipients, in one transaction where they share it. */
#include "deliver/deliver.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/errors.h"
#include "deliver/deliver-private.h"
#include "deliver/filter.h"
#include "deliver/forward.h"
#include "deliver/libsieve.h"
#include "deliver/plan.h"
#include "deliver/script-check.h"
#include "deliver/spam-settings.h"
#include "deliver/trace.h"

/* Addresses that are remembered, and for how long: a change of an alias counts
 * after this time at the latest. */
#define RESOLVED_MAX 20000
#define RESOLVED_LIFETIME (5 * G_USEC_PER_SEC)
/* Names of folders that are remembered as long; and how long a compiled script
 * is used while its version stays: aliases count in it. */
#define FOLDERS_MAX 50000
#define SCRIPTS_LIFETIME ((gint64)5 * 60 * G_USEC_PER_SEC)
/* Confirmed deliveries that are remembered, and for how long: longer than a
 * session can stand still. */
#define REPEATS_MAX 50000
#define REPEATS_LIFETIME ((gint64)60 * 60 * G_USEC_PER_SEC)

static gboolean check_engine(const Settings *settings, GError **error)
{
	if (libsieve_is_built() || !script_is_for_libsieve(settings))
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_INVALID,
		"[SIEVE] engine is own: this dbmail was built without libsieve "
		"(./configure --with-libsieve)",
		"engine = libsieve");
	return FALSE;
}

gboolean deliver_settings_check(const Settings *settings, GError **error)
{
	return check_engine(settings, error) &&
		spam_settings_check(settings, error) &&
		forward_settings_check(settings, error);
}

static void forget(gpointer data, const DeliveryKey *key)
{
	Deliverer *deliverer = data;

	message_delivery_confirmed(deliverer->store, key);
}

Deliverer *deliverer_new(Store *store)
{
	Deliverer *deliverer = g_new0(Deliverer, 1);

	deliverer->store = store;
	deliverer->resolved = resolved_new(RESOLVED_MAX, RESOLVED_LIFETIME);
	deliverer->repeats =
		repeats_new(REPEATS_MAX, REPEATS_LIFETIME, forget, deliverer);
	deliverer->scripts = scripts_new(SCRIPTS_LIFETIME);
	deliverer->folders = folders_new(FOLDERS_MAX, RESOLVED_LIFETIME);
	deliverer->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	/* Parts are stored under it: without it there is no store. */
	g_assert(deliverer->sha256 != NULL);
	return deliverer;
}

void deliverer_free(Deliverer **deliverer)
{
	Deliverer *old = *deliverer;

	if (old == NULL)
		return;
	resolved_free(&old->resolved);
	repeats_free(&old->repeats);
	scripts_free(&old->scripts);
	folders_free(&old->folders);
	EVP_MD_free(old->sha256);
	g_free(old);
	*deliverer = NULL;
}

/* --- the key ------------------------------------------------------------------- */

/* Sender and NUL, message: no two pairs give the same bytes. */
static gboolean key_make(
	Deliverer *deliverer, const Delivery *delivery, DeliveryKey *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned int size = 0;

	gboolean ok = context != NULL &&
		EVP_DigestInit_ex2(context, deliverer->sha256, NULL) == 1 &&
		EVP_DigestUpdate(context, delivery->sender,
			strlen(delivery->sender) + 1) == 1 &&
		EVP_DigestUpdate(context, delivery->message, delivery->size) ==
			1 &&
		EVP_DigestFinal_ex(context, key->bytes, &size) == 1 &&
		size == sizeof(key->bytes);
	EVP_MD_CTX_free(context);
	return ok;
}

/* --- what is stored ------------------------------------------------------------ */

gsize deliver_return_path_size(const char *sender)
{
	return strlen("Return-Path: <>\r\n") + strlen(sender);
}

/* Trace fields and message in one piece: in place where there is room before
 * the message, else in *copy. */
static Bytes with_trace(Delivery *delivery, const GString *trace, char **copy)
{
	gsize size = trace->len + delivery->size;
	char *start;

	if (trace->len <= delivery->room) {
		start = delivery->message - trace->len;
	} else {
		start = *copy = g_malloc(size);
		if (delivery->size > 0)
			memcpy(start + trace->len, delivery->message,
				delivery->size);
	}
	memcpy(start, trace->str, trace->len);
	return bytes_of(start, size);
}

/* --- to recipients ------------------------------------------------------------- */

/* Recipients who share what is in front of the message. */
typedef struct {
	PlanJob job;
	DeliverTo *to;
	guint count;
	GPtrArray *plans; /* Plan, freed with it */
	GPtrArray
		*plan_of;  /* Plan or NULL, for each target of each recipient */
	GHashTable *plain; /* token -> Plan that no script made */
	GArray *shares;    /* DeliveryShare */
} Round;

static void drop_plan(gpointer data)
{
	Plan *plan = data;

	plan_free(&plan);
}

static void round_init(Round *round, DeliverTo *to, guint count)
{
	round->to = to;
	round->count = count;
	round->plans = g_ptr_array_new_with_free_func(drop_plan);
	round->plan_of = g_ptr_array_new();
	round->plain = g_hash_table_new(g_int64_hash, g_int64_equal);
	round->shares = g_array_new(FALSE, TRUE, sizeof(DeliveryShare));
}

static void round_clear(Round *round)
{
	if (round->plans == NULL)
		return;
	g_array_unref(round->shares);
	g_hash_table_unref(round->plain);
	g_ptr_array_unref(round->plan_of);
	g_ptr_array_unref(round->plans);
	plan_job_clear(&round->job);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Round, round_clear)

/* Without scripts a mailbox gets one copy, and an alias sends one on, however
 * many of the addresses lead to it. */
static Plan *plan_plain(
	Round *round, const DeliverTo *to, const DeliverTarget *target)
{
	Plan *plan = g_hash_table_lookup(round->plain, &target->mailbox);

	if (plan != NULL)
		return plan;
	plan = plan_new(target->mailbox, 0);
	if (target->outside != NULL)
		forward_plan(&round->job, target, to->recipient->address,
			to->recipient->count == 1, plan);
	else
		(void)plan_put(plan, &round->job, target->mailbox,
			plan_job_draft(&round->job), 0, NULL);
	g_ptr_array_add(round->plans, plan);
	g_hash_table_insert(round->plain, &plan->share.mailbox, plan);
	return plan;
}

static void note(DeliverTo *to, const Plan *plan)
{
	g_autofree char *before = g_steal_pointer(&to->did);

	if (plan->did == NULL)
		to->did = g_steal_pointer(&before);
	else if (before != NULL)
		to->did = g_strconcat(before, "; ", plan->did->str, NULL);
	else
		to->did = g_strdup(plan->did->str);
}

/* NULL where the recipient has failed. */
static Plan *plan_filtered(
	Round *round, DeliverTo *to, const DeliverTarget *target)
{
	const FilterFor whom = {
		.target = target,
		.address = to->recipient->address,
		.may_refuse = to->recipient->count == 1,
	};
	Plan *plan = plan_new(target->mailbox, target->user);
	g_autoptr(GError) failed = NULL;

	g_ptr_array_add(round->plans, plan);
	gboolean ok = filter_plan(&round->job, &whom, plan, &failed);
	if (ok && !plan->has_failed)
		return plan;
	if (ok)
		dbmail_error_set(&failed, DBMAIL_ERROR_TEMPORARY,
			"the same message failed for another address",
			"what another address of the user does has failed");
	plan->has_failed = TRUE;
	if (to->failure == NULL)
		to->failure = g_steal_pointer(&failed);
	return NULL;
}

static void plan_all(Round *round)
{
	for (guint i = 0; i < round->count; i++) {
		DeliverTo *to = &round->to[i];
		for (guint j = 0; j < to->recipient->count; j++) {
			const DeliverTarget *target =
				&to->recipient->targets[j];
			gpointer plan =
				scripts_has(round->job.settings, target) ?
				plan_filtered(round, to, target) :
				plan_plain(round, to, target);
			g_ptr_array_add(round->plan_of, plan);
		}
	}
}

/* --- storing ------------------------------------------------------------------- */

/* A plan without anything to store is done already. */
static void gather(Round *round)
{
	for (guint i = 0; i < round->plan_of->len; i++) {
		Plan *plan = round->plan_of->pdata[i];
		if (plan == NULL || plan->number > 0 || !plan_finish(plan))
			continue;
		g_array_append_val(round->shares, plan->share);
		plan->number = round->shares->len;
	}
}

/* A mailbox that has all the keywords it can have is no reason to refuse mail:
 * then it comes without. */
static void leave_out_keywords(Round *round)
{
	for (guint i = 0; i < round->shares->len; i++) {
		DeliveryShare *share =
			&g_array_index(round->shares, DeliveryShare, i);
		for (guint j = 0; j < share->n_puts; j++)
			share->puts[j].put.keywords = NULL;
	}
}

static gboolean store_all(Round *round, const DeliveryKey *key, GError **error)
{
	Store *store = round->job.deliverer->store;
	g_autoptr(GError) failed = NULL;

	gather(round);
	DeliveryShare *shares = (DeliveryShare *)(gpointer)round->shares->data;
	if (round->shares->len == 0 ||
		delivery_store(store, shares, round->shares->len, key, &failed))
		return TRUE;
	if (!dbmail_error_is(failed, DBMAIL_ERROR_LIMIT)) {
		g_propagate_error(error, g_steal_pointer(&failed));
		return FALSE;
	}
	leave_out_keywords(round);
	return delivery_store(store, shares, round->shares->len, key, error);
}

/* --- what became of it --------------------------------------------------------- */

static void set_failure(
	Deliverer *deliverer, DeliverTo *to, const DeliveryShare *share)
{
	if (to->failure != NULL)
		return;
	if (share->outcome == DELIVERY_OVER_QUOTA) {
		dbmail_error_set(&to->failure, DBMAIL_ERROR_OVER_QUOTA,
			"the mailbox is full", "over quota");
		return;
	}
	/* What was remembered is out of date, or the mailbox went at this
	 * moment: the next try asks anew. */
	resolved_forget(deliverer->resolved, to->recipient->address);
	folders_forget(deliverer->folders, share->missing);
	dbmail_error_set(&to->failure, DBMAIL_ERROR_TEMPORARY,
		"the mailbox is gone", "no such mailbox");
}

static void set_refusal(DeliverTo *to, const Plan *plan)
{
	if (plan->refusal == NULL || to->failure != NULL)
		return;
	to->refusal = g_strdup(plan->refusal);
	dbmail_error_set(&to->failure, DBMAIL_ERROR_NO_PERMISSION,
		"refused by the recipient's filter", "refused by the script");
}

static DeliveryOutcome take_outcome(
	Round *round, DeliverTo *to, const Plan *plan)
{
	DeliveryOutcome outcome = DELIVERY_STORED;

	note(to, plan);
	if (plan->number > 0) {
		const DeliveryShare *share = &g_array_index(
			round->shares, DeliveryShare, plan->number - 1);
		outcome = share->outcome;
		if (outcome != DELIVERY_STORED && outcome != DELIVERY_DUPLICATE)
			set_failure(round->job.deliverer, to, share);
		if (outcome == DELIVERY_STORED && plan->tells != NULL)
			user_script_told(plan->tells);
	}
	set_refusal(to, plan);
	return outcome;
}

/* Nobody has looked whether an earlier try has stored it: the next one must be
 * able to. */
static gboolean is_unknown(const DeliverTo *to)
{
	return to->failure != NULL && to->refusal == NULL &&
		!dbmail_error_is(to->failure, DBMAIL_ERROR_OVER_QUOTA);
}

/* Several mailboxes make one recipient: one that fails fails it.  TRUE when
 * others were served all the same. */
static gboolean take_outcomes(Round *round, DeliverTo *to, guint first)
{
	guint stored = 0;
	guint duplicates = 0;

	for (guint i = 0; i < to->recipient->count; i++) {
		const Plan *plan = round->plan_of->pdata[first + i];
		if (plan == NULL)
			continue;
		DeliveryOutcome outcome = take_outcome(round, to, plan);
		stored += outcome == DELIVERY_STORED;
		duplicates += outcome == DELIVERY_DUPLICATE;
	}
	to->is_duplicate = stored == 0 && duplicates > 0;
	return to->failure != NULL && to->refusal == NULL &&
		stored + duplicates > 0;
}

static void fail_all(DeliverTo *to, guint count, const GError *error)
{
	for (guint i = 0; i < count; i++) {
		if (to[i].failure == NULL)
			to[i].failure = g_error_copy(error);
	}
}

void deliver_to_clear(DeliverTo *to)
{
	deliver_recipient_free(&to->recipient);
	g_clear_error(&to->failure);
	g_clear_pointer(&to->refusal, g_free);
	g_clear_pointer(&to->did, g_free);
}

/* To some recipients, who share what is in front of the message.  *in_part is
 * set when a recipient was served in part. */
static void deliver_to(Deliverer *deliverer, const Settings *settings,
	Delivery *delivery, const GString *trace, const DeliveryKey *key,
	DeliverTo *to, guint count, gboolean *in_part)
{
	g_autofree char *copy = NULL;
	g_autoptr(GError) failed = NULL;
	g_auto(Round) round = { 0 };
	Bytes raw = with_trace(delivery, trace, &copy);
	guint first = 0;

	plan_job_init(&round.job, deliverer, settings, delivery,
		bytes_of(trace->str, trace->len), raw);
	round_init(&round, to, count);
	plan_all(&round);
	gboolean ok = store_all(&round, key, &failed);
	delivery->has_split_failed |= round.job.has_split_failed;
	if (!ok) {
		fail_all(to, count, failed);
		return;
	}
	for (guint i = 0; i < count; i++) {
		*in_part |= take_outcomes(&round, &to[i], first);
		first += to[i].recipient->count;
	}
}

/* --- the whole ----------------------------------------------------------------- */

static void deliver_each(Deliverer *deliverer, const Settings *settings,
	Delivery *delivery, const DeliveryKey *key, gboolean *in_part)
{
	const char *host = settings_hostname(settings);
	g_autoptr(GString) trace = g_string_new(NULL);

	for (guint i = 0; i < delivery->count; i++) {
		DeliverTo *to = &delivery->to[i];
		g_string_truncate(trace, 0);
		trace_return_path(trace, delivery->sender);
		if (settings->LMTP_add_delivered_to)
			trace_delivered_to(trace, to->recipient->address);
		if (settings->LMTP_add_received)
			trace_received(trace, &delivery->trace, host,
				to->recipient->address, timestamp_now());
		deliver_to(deliverer, settings, delivery, trace, key, to, 1,
			in_part);
	}
}

static void deliver_shared(Deliverer *deliverer, const Settings *settings,
	Delivery *delivery, const DeliveryKey *key, gboolean *in_part)
{
	g_autoptr(GString) trace = g_string_new(NULL);

	trace_return_path(trace, delivery->sender);
	deliver_to(deliverer, settings, delivery, trace, key, delivery->to,
		delivery->count, in_part);
}

static void deliver_all(Deliverer *deliverer, const Settings *settings,
	Delivery *delivery, const DeliveryKey *key, gboolean *in_part)
{
	if (settings->LMTP_add_delivered_to || settings->LMTP_add_received)
		deliver_each(deliverer, settings, delivery, key, in_part);
	else
		deliver_shared(deliverer, settings, delivery, key, in_part);
}

/* The same once it is this try's turn. */
static void deliver_in_turn(Deliverer *deliverer, const Settings *settings,
	Delivery *delivery, const DeliveryKey *key, gboolean *in_part)
{
	g_autoptr(GError) overtaken = NULL;

	if (repeats_enter(deliverer->repeats, key, delivery->since)) {
		deliver_all(deliverer, settings, delivery, key, in_part);
		repeats_leave(deliverer->repeats, key);
		return;
	}
	dbmail_error_set(&overtaken, DBMAIL_ERROR_TEMPORARY,
		"the same message came in meanwhile",
		"overtaken by its own retry");
	fail_all(delivery->to, delivery->count, overtaken);
}

void deliver_confirm(Deliverer *deliverer, const DeliveryKey *key)
{
	repeats_confirm(deliverer->repeats, key, g_get_monotonic_time());
}

gboolean deliver_run(
	Deliverer *deliverer, const Settings *settings, Delivery *delivery)
{
	gboolean has_key = settings->LMTP_duplicate_window > 0 &&
		key_make(deliverer, delivery, &delivery->key);
	const DeliveryKey *key = has_key ? &delivery->key : NULL;
	gboolean in_part = FALSE;
	guint served = 0;

	delivery->has_split_failed = FALSE;
	if (key != NULL)
		deliver_in_turn(deliverer, settings, delivery, key, &in_part);
	else
		deliver_all(deliverer, settings, delivery, key, &in_part);
	for (guint i = 0; i < delivery->count; i++) {
		served += delivery->to[i].failure == NULL;
		in_part |= is_unknown(&delivery->to[i]);
	}
	delivery->has_key = has_key && !in_part && served > 0;
	return served > 0;
}
