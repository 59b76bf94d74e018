/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A delivery: what is stored and what is sent, in one transaction. */
#include "store/delivery.h"

#include <string.h>

#include "base/arena.h"
#include "base/errors.h"
#include "store/delivery-sql.h"
#include "store/message-job.h"
#include "store/store-private.h"
#include "store/watch.h"

/* Longer than this nobody waits, and PostgreSQL's intervals go no further than
 * its times do. */
#define SECONDS_MAX (G_GINT64_CONSTANT(20) * 365 * 86400)

/* The place of a put that is not in the job. */
#define NO_ROW G_MAXUINT

/* The responses of all shares, side by side. */
typedef struct {
	guint count;
	gint64 *users;
	Bytes *handles;
	const char **addresses;
	gint64 *seconds;
	gint64 *tokens;
	const DeliveryResponse **responses;
} Responses;

typedef struct {
	Store *store;
	DeliveryShare *shares;
	guint count;
	Arena *arena;
	Responses responses;
	guint n_mails;
	guint n_seen;
	GArray *rows;  /* guint per put: its row, or NO_ROW */
	guint *first;  /* per share: its first row */
	guint answers; /* the statement delivery_answer, if any */
} Plan;

static void plan_init(
	Plan *plan, Store *store, DeliveryShare *shares, guint count)
{
	plan->store = store;
	plan->shares = shares;
	plan->count = count;
	plan->arena = arena_new();
	plan->rows = g_array_new(FALSE, FALSE, sizeof(guint));
	plan->first = arena_new_array(plan->arena, guint, count);
	for (guint i = 0; i < count; i++) {
		plan->n_mails += shares[i].n_mails;
		plan->n_seen += shares[i].n_seen;
		plan->responses.count += shares[i].n_responses;
		shares[i].outcome = DELIVERY_STORED;
		shares[i].missing = 0;
		shares[i].n_answered = 0;
	}
}

static void plan_clear(Plan *plan)
{
	arena_free(&plan->arena);
	g_array_unref(plan->rows);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Plan, plan_clear)

/* --- what is sent --------------------------------------------------------- */

static gboolean check_mails(const Plan *plan, GError **error)
{
	for (guint i = 0; i < plan->count; i++) {
		const DeliveryShare *share = &plan->shares[i];

		for (guint j = 0; j < share->n_mails; j++) {
			if (!outbound_check(&share->mails[j], error))
				return FALSE;
		}
		for (guint j = 0; j < share->n_responses; j++) {
			const DeliveryResponse *response = &share->responses[j];
			OutboundMail answered = response->mail;

			answered.recipient = response->address;
			if (!outbound_check(&response->mail, error) ||
				!outbound_check(&answered, error))
				return FALSE;
		}
	}
	return TRUE;
}

static void plan_response(Plan *plan, guint at, const DeliveryShare *share,
	const DeliveryResponse *response)
{
	Responses *all = &plan->responses;
	guint8 *hash = arena_new_array(plan->arena, guint8, MESSAGE_HASH_SIZE);
	g_autofree char *folded = g_ascii_strdown(response->address, -1);

	message_hash(plan->store, bytes_of_string(response->handle), hash);
	all->users[at] = share->user;
	all->handles[at] = bytes_of((const char *)hash, MESSAGE_HASH_SIZE);
	all->addresses[at] = arena_strdup(plan->arena, folded);
	all->seconds[at] = CLAMP(response->seconds, 0, SECONDS_MAX);
	all->tokens[at] = share->mailbox;
	all->responses[at] = response;
}

static void plan_responses(Plan *plan)
{
	Responses *all = &plan->responses;
	Arena *arena = plan->arena;
	guint at = 0;

	all->users = arena_new_array(arena, gint64, all->count);
	all->handles = arena_new_array(arena, Bytes, all->count);
	all->addresses = arena_new_array(arena, const char *, all->count);
	all->seconds = arena_new_array(arena, gint64, all->count);
	all->tokens = arena_new_array(arena, gint64, all->count);
	all->responses =
		arena_new_array(arena, const DeliveryResponse *, all->count);
	for (guint i = 0; i < plan->count; i++) {
		const DeliveryShare *share = &plan->shares[i];

		for (guint j = 0; j < share->n_responses; j++)
			plan_response(plan, at++, share, &share->responses[j]);
	}
}

static void add_responses(DbParams *params, const Responses *all)
{
	db_params_int64_array(params, all->users, all->count);
	db_params_bytes_array(params, all->handles, all->count);
	db_params_text_array(params, all->addresses, all->count);
	db_params_int64_array(params, all->seconds, all->count);
}

static void add_before(DbBatch *batch, gpointer data)
{
	const Plan *plan = data;
	const Responses *all = &plan->responses;

	if (all->count == 0)
		return;
	db_params_int64_array(db_batch_add(batch, &SQL_DELIVERY_LOCK_USERS),
		all->users, all->count);
	add_responses(db_batch_add(batch, &SQL_DELIVERY_DUE), all);
}

static void add_answers(DbBatch *batch, Plan *plan)
{
	const Responses *all = &plan->responses;
	DbParams *params = db_batch_add(batch, &SQL_DELIVERY_ANSWER);
	Arena *arena = plan->arena;
	const char **kinds = arena_new_array(arena, const char *, all->count);
	const char **senders = arena_new_array(arena, const char *, all->count);
	const char **to = arena_new_array(arena, const char *, all->count);
	Bytes *messages = arena_new_array(arena, Bytes, all->count);

	for (guint i = 0; i < all->count; i++) {
		const OutboundMail *mail = &all->responses[i]->mail;

		kinds[i] = mail->kind;
		senders[i] = mail->sender;
		to[i] = mail->recipient;
		messages[i] = mail->message;
	}
	plan->answers = db_batch_count(batch) - 1;
	add_responses(params, all);
	db_params_int64_array(params, all->tokens, all->count);
	db_params_text_array(params, kinds, all->count);
	db_params_text_array(params, senders, all->count);
	db_params_text_array(params, to, all->count);
	db_params_bytes_array(params, messages, all->count);
}

/* A mail and the token of its share. */
typedef struct {
	const OutboundMail *mail;
	gint64 token;
	gint64 user;
} PlannedMail;

/* One statement for the mails from `from` on that have its message, which so
 * travels once; they are moved there.  Where the next message's begin. */
static guint add_mails_of(
	DbBatch *batch, Arena *arena, PlannedMail *mails, guint from, guint end)
{
	const Bytes message = mails[from].mail->message;
	DbParams *params = db_batch_add(batch, &SQL_DELIVERY_MAIL);
	gint64 *tokens = arena_new_array(arena, gint64, end - from);
	gint64 *users = arena_new_array(arena, gint64, end - from);
	const char **kinds = arena_new_array(arena, const char *, end - from);
	const char **senders = arena_new_array(arena, const char *, end - from);
	const char **to = arena_new_array(arena, const char *, end - from);
	guint count = 0;

	for (guint i = from; i < end; i++) {
		const PlannedMail planned = mails[i];

		if (planned.mail->message.data != message.data ||
			planned.mail->message.size != message.size)
			continue;
		mails[i] = mails[from + count];
		tokens[count] = planned.token;
		users[count] = planned.user;
		kinds[count] = planned.mail->kind;
		senders[count] = planned.mail->sender;
		to[count] = planned.mail->recipient;
		count++;
	}
	db_params_bytes(params, message);
	db_params_int64_array(params, tokens, count);
	db_params_int64_array(params, users, count);
	db_params_text_array(params, kinds, count);
	db_params_text_array(params, senders, count);
	db_params_text_array(params, to, count);
	return from + count;
}

static void add_mails(DbBatch *batch, const Plan *plan)
{
	PlannedMail *mails =
		arena_new_array(plan->arena, PlannedMail, plan->n_mails);
	guint count = 0;

	for (guint i = 0; i < plan->count; i++) {
		const DeliveryShare *share = &plan->shares[i];

		for (guint j = 0; j < share->n_mails; j++)
			mails[count++] = (PlannedMail){ &share->mails[j],
				share->mailbox, share->user };
	}
	for (guint from = 0; from < count;)
		from = add_mails_of(batch, plan->arena, mails, from, count);
}

static void add_seen(DbBatch *batch, const Plan *plan)
{
	DbParams *params = db_batch_add(batch, &SQL_DELIVERY_SEEN);
	gint64 *tokens = arena_new_array(plan->arena, gint64, plan->n_seen);
	gint64 *users = arena_new_array(plan->arena, gint64, plan->n_seen);
	Bytes *ids = arena_new_array(plan->arena, Bytes, plan->n_seen);
	gint64 *seconds = arena_new_array(plan->arena, gint64, plan->n_seen);
	guint count = 0;

	for (guint i = 0; i < plan->count; i++) {
		const DeliveryShare *share = &plan->shares[i];

		for (guint j = 0; j < share->n_seen; j++, count++) {
			tokens[count] = share->mailbox;
			users[count] = share->user;
			ids[count] = bytes_of((const char *)share->seen[j].id,
				SCRIPT_SEEN_SIZE);
			seconds[count] =
				CLAMP(share->seen[j].seconds, 0, SECONDS_MAX);
		}
	}
	db_params_int64_array(params, tokens, count);
	db_params_int64_array(params, users, count);
	db_params_bytes_array(params, ids, count);
	db_params_int64_array(params, seconds, count);
}

static void add_after(DbBatch *batch, gpointer data)
{
	Plan *plan = data;

	if (plan->responses.count > 0)
		add_answers(batch, plan);
	if (plan->n_mails > 0)
		add_mails(batch, plan);
	if (plan->n_seen > 0)
		add_seen(batch, plan);
}

/* --- what is stored ------------------------------------------------------- */

/* Whether a share before this one tells the same user of as much. */
static gboolean is_told(const Plan *plan, guint number)
{
	const DeliveryShare *share = &plan->shares[number];

	for (guint i = 0; i < number; i++) {
		if (plan->shares[i].user == share->user &&
			share->told_version > 0 &&
			plan->shares[i].told_version >= share->told_version)
			return TRUE;
	}
	return FALSE;
}

/* responses: of the shares before this one. */
static gboolean plan_puts(Plan *plan, guint number, MessageJob *job,
	guint responses, GError **error)
{
	const DeliveryShare *share = &plan->shares[number];
	gboolean has_token = FALSE;

	plan->first[number] = job->mailboxes->len;
	for (guint i = 0; i < share->n_puts; i++) {
		const DeliveryPut *put = &share->puts[i];
		const MessageCondition condition = {
			put->is_notice ? share->told_version : 0,
			put->response > 0 ?
				(gint32)(responses + put->response) :
				0,
		};
		guint row = job->mailboxes->len;

		if (put->is_notice && is_told(plan, number))
			row = NO_ROW;
		else if (!message_job_add(job, &put->put, share->mailbox,
				 &condition, error))
			return FALSE;
		g_array_append_val(plan->rows, row);
		has_token |=
			row != NO_ROW && put->put.mailbox == share->mailbox;
	}
	/* One put alone does without: the quick way knows the token. */
	if (!has_token &&
		(plan->count > 1 || job->mailboxes->len != 1 || !job->is_plain))
		message_job_add_token(job, share->mailbox);
	return TRUE;
}

static gboolean plan_job(Plan *plan, MessageJob *job, GError **error)
{
	guint responses = 0;

	if (plan->responses.count + plan->n_mails + plan->n_seen > 0) {
		job->add_before = add_before;
		job->add_after = add_after;
		job->data = plan;
	}
	for (guint i = 0; i < plan->count; i++) {
		g_assert(plan->shares[i].user != 0 ||
			plan->shares[i].n_responses + plan->shares[i].n_seen ==
				0);
		if (!plan_puts(plan, i, job, responses, error))
			return FALSE;
		responses += plan->shares[i].n_responses;
	}
	return TRUE;
}

/* --- what came of it ------------------------------------------------------ */

static void take_missing(
	DeliveryShare *share, const MessageJob *job, const DbRows *rows)
{
	if (share->outcome != DELIVERY_NO_MAILBOX)
		return;
	share->missing = share->mailbox;
	if (message_job_is_one(job)) {
		share->missing = g_array_index(job->mailboxes, gint64, 0);
		return;
	}
	for (guint i = 0; i < job->tokens->len; i++) {
		if (g_array_index(job->tokens, gint64, i) != share->mailbox ||
			db_rows_int32(rows, i, 3) != DELIVERY_NO_MAILBOX)
			continue;
		share->missing = g_array_index(job->mailboxes, gint64, i);
		return;
	}
}

static void take_put(
	const Plan *plan, DeliveryPut *put, guint row, const DbRows *rows)
{
	put->put.uid = 0;
	put->put.uidvalidity = 0;
	if (row == NO_ROW || db_rows_is_null(rows, row, 1))
		return;
	put->put.uid = (guint32)db_rows_int64(rows, row, 1);
	put->put.uidvalidity = (guint32)db_rows_int64(rows, row, 2);
	watch_notify(plan->store, put->put.mailbox);
}

static void take_share(const Plan *plan, DeliveryShare *share, guint row,
	guint first_put, const MessageJob *job, const DbRows *rows)
{
	share->outcome = message_job_outcome(rows, row);
	take_missing(share, job, rows);
	for (guint i = 0; i < share->n_puts; i++)
		take_put(plan, &share->puts[i],
			share->outcome == DELIVERY_STORED ?
				g_array_index(
					plan->rows, guint, first_put + i) :
				NO_ROW,
			rows);
}

static void take_shares(
	const Plan *plan, const MessageJob *job, const DbRows *rows)
{
	guint put = 0;

	for (guint i = 0; i < plan->count; i++) {
		take_share(
			plan, &plan->shares[i], plan->first[i], put, job, rows);
		put += plan->shares[i].n_puts;
	}
}

static void take_answers(const Plan *plan, const DbRows *rows)
{
	for (guint i = 0; i < db_rows_count(rows); i++) {
		gint64 number = db_rows_int64(rows, i, 0) - 1;
		guint share = 0;

		while (number >= (gint64)plan->shares[share].n_responses)
			number -= (gint64)plan->shares[share++].n_responses;
		plan->shares[share].n_answered++;
	}
}

static void wake_queue(const Plan *plan)
{
	gboolean has_mail = FALSE;

	for (guint i = 0; i < plan->count; i++) {
		const DeliveryShare *share = &plan->shares[i];

		has_mail |= share->outcome == DELIVERY_STORED &&
			share->n_mails + share->n_answered > 0;
	}
	if (has_mail)
		watch_notify(plan->store, OUTBOUND_WATCH);
}

static gboolean run(Plan *plan, MessageJob *job, GError **error)
{
	g_autoptr(DbBatch) batch = db_batch_new();
	guint put;

	if (!message_job_run(plan->store, batch, job, &put, error))
		return FALSE;
	take_shares(plan, job, db_batch_rows(batch, put));
	if (plan->responses.count > 0)
		take_answers(plan, db_batch_rows(batch, plan->answers));
	wake_queue(plan);
	return TRUE;
}

gboolean delivery_store(Store *store, DeliveryShare *shares, guint count,
	const DeliveryKey *key, GError **error)
{
	g_auto(Plan) plan = { 0 };
	g_auto(MessageJob) job = { .key = key };
	g_autoptr(GArray) forget = NULL;
	gboolean ok;

	if (count == 0)
		return TRUE;
	plan_init(&plan, store, shares, count);
	message_job_init(&job);
	if (!check_mails(&plan, error) || !plan_job(&plan, &job, error))
		return FALSE;
	plan_responses(&plan);
	forget = message_confirmed_take(store, key);
	job.forget = forget;
	ok = run(&plan, &job, error);
	message_confirmed_settle(store, forget, ok);
	return ok;
}
