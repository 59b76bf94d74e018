/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One message to all its recipients, in one transaction where they share it. */
#include "deliver/deliver.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/errors.h"
#include "deliver/deliver-private.h"
#include "deliver/trace.h"

/* Addresses that are remembered, and for how long: a change of an alias counts
 * after this time at the latest. */
#define RESOLVED_MAX 20000
#define RESOLVED_LIFETIME (5 * G_USEC_PER_SEC)
/* Confirmed deliveries that are remembered, and for how long: longer than a
 * session can stand still. */
#define REPEATS_MAX 50000
#define REPEATS_LIFETIME ((gint64)60 * 60 * G_USEC_PER_SEC)

Deliverer *deliverer_new(Store *store)
{
	Deliverer *deliverer = g_new0(Deliverer, 1);

	deliverer->store = store;
	deliverer->resolved = resolved_new(RESOLVED_MAX, RESOLVED_LIFETIME);
	deliverer->repeats = repeats_new(REPEATS_MAX, REPEATS_LIFETIME);
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

/* --- to mailboxes -------------------------------------------------------------- */

/* The mailboxes of some recipients, each once. */
typedef struct {
	GArray *targets;   /* of DeliveryTarget */
	GHashTable *index; /* mailbox -> index + 1 in targets */
} Targets;

static void targets_init(Targets *targets, const DeliverTo *to, guint count)
{
	targets->targets = g_array_new(FALSE, TRUE, sizeof(DeliveryTarget));
	targets->index = g_hash_table_new(g_int64_hash, g_int64_equal);
	for (guint i = 0; i < count; i++) {
		const DeliverRecipient *recipient = to[i].recipient;
		for (guint j = 0; j < recipient->count; j++) {
			gint64 *mailbox = &recipient->targets[j].mailbox;
			DeliveryTarget target = { .mailbox = *mailbox };
			if (g_hash_table_contains(targets->index, mailbox))
				continue;
			g_array_append_val(targets->targets, target);
			g_hash_table_insert(targets->index, mailbox,
				GUINT_TO_POINTER(targets->targets->len));
		}
	}
}

static void targets_clear(Targets *targets)
{
	g_array_unref(targets->targets);
	g_hash_table_unref(targets->index);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Targets, targets_clear)

static DeliveryOutcome targets_outcome(const Targets *targets, gint64 mailbox)
{
	guint at =
		GPOINTER_TO_UINT(g_hash_table_lookup(targets->index, &mailbox));

	return g_array_index(targets->targets, DeliveryTarget, at - 1).outcome;
}

static void set_failure(
	Deliverer *deliverer, DeliverTo *to, DeliveryOutcome outcome)
{
	if (to->failure != NULL)
		return;
	if (outcome == DELIVERY_OVER_QUOTA) {
		dbmail_error_set(&to->failure, DBMAIL_ERROR_OVER_QUOTA,
			"the mailbox is full", "over quota");
		return;
	}
	/* What was remembered is out of date, or the mailbox went at this
	 * moment: the next try asks anew. */
	resolved_forget(deliverer->resolved, to->recipient->address);
	dbmail_error_set(&to->failure, DBMAIL_ERROR_TEMPORARY,
		"the mailbox is gone", "no such mailbox");
}

/* Several mailboxes make one recipient: one that fails fails it.  TRUE when
 * others were served all the same. */
static gboolean take_outcomes(
	Deliverer *deliverer, const Targets *targets, DeliverTo *to)
{
	guint stored = 0;
	guint duplicates = 0;

	for (guint i = 0; i < to->recipient->count; i++) {
		DeliveryOutcome outcome = targets_outcome(
			targets, to->recipient->targets[i].mailbox);
		if (outcome == DELIVERY_STORED)
			stored++;
		else if (outcome == DELIVERY_DUPLICATE)
			duplicates++;
		else
			set_failure(deliverer, to, outcome);
	}
	to->is_duplicate = stored == 0 && duplicates > 0;
	return to->failure != NULL && stored + duplicates > 0;
}

static void fail_all(DeliverTo *to, guint count, const GError *error)
{
	for (guint i = 0; i < count; i++)
		to[i].failure = g_error_copy(error);
}

/* To some recipients, who share what is in front of the message.  *in_part is
 * set when a recipient was served in part. */
static void deliver_to(Deliverer *deliverer, Delivery *delivery,
	const GString *trace, const DeliveryKey *key, DeliverTo *to,
	guint count, gboolean *in_part)
{
	g_autofree char *copy = NULL;
	g_autoptr(GError) failed = NULL;
	g_auto(Targets) targets = { NULL, NULL };
	gboolean has_split_failed = FALSE;
	Bytes raw = with_trace(delivery, trace, &copy);
	g_autoptr(MessageDraft) draft =
		message_draft_new(deliverer->store, raw, &has_split_failed);

	delivery->has_split_failed |= has_split_failed;
	targets_init(&targets, to, count);
	if (!message_deliver(deliverer->store, draft, timestamp_now(), key,
		    (DeliveryTarget *)(gpointer)targets.targets->data,
		    targets.targets->len, &failed)) {
		fail_all(to, count, failed);
		return;
	}
	for (guint i = 0; i < count; i++)
		*in_part |= take_outcomes(deliverer, &targets, &to[i]);
}

/* --- the whole ----------------------------------------------------------------- */

static void deliver_each(Deliverer *deliverer, const Settings *settings,
	Delivery *delivery, const DeliveryKey *key, gboolean *in_part)
{
	const char *host = settings->DBMAIL_hostname[0] != '\0' ?
		settings->DBMAIL_hostname :
		g_get_host_name();
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
		deliver_to(deliverer, delivery, trace, key, to, 1, in_part);
	}
}

static void deliver_shared(Deliverer *deliverer, Delivery *delivery,
	const DeliveryKey *key, gboolean *in_part)
{
	g_autoptr(GString) trace = g_string_new(NULL);

	trace_return_path(trace, delivery->sender);
	deliver_to(deliverer, delivery, trace, key, delivery->to,
		delivery->count, in_part);
}

static void deliver_all(Deliverer *deliverer, const Settings *settings,
	Delivery *delivery, const DeliveryKey *key, gboolean *in_part)
{
	if (settings->LMTP_add_delivered_to || settings->LMTP_add_received)
		deliver_each(deliverer, settings, delivery, key, in_part);
	else
		deliver_shared(deliverer, delivery, key, in_part);
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
	/* First: from then on a try that was overtaken is known. */
	repeats_confirm(deliverer->repeats, key, g_get_monotonic_time());
	message_delivery_confirmed(deliverer->store, key);
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
	for (guint i = 0; i < delivery->count; i++)
		served += delivery->to[i].failure == NULL;
	delivery->has_key = has_key && !in_part && served > 0;
	return served > 0;
}
