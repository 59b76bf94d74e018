/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives away one mail of the queue after the other. */
#include "queue/courier.h"

#include <poll.h>

#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "queue/bounce.h"
#include "queue/sendmail.h"

/* Mails over one connection; servers do not like endless ones. */
#define MAILS_PER_CONNECTION 100
/* What the store takes beyond the time for the last reply. */
#define SPARE_SECONDS 60
/* Doubled from try to try, up to the most. */
#define SETTLE_PAUSE_MS 50
#define SETTLE_PAUSE_MOST_MS 1000
#define SECONDS_PER_DAY ((gint64)24 * 3600)

struct Courier {
	Store *store;
	const QueueConfig *config; /* that of the connection */
	Smtp *smtp;
	guint carried; /* over this connection */
};

/* One mail on its way. */
typedef struct {
	Courier *courier;
	const QueueConfig *config;
	const OutboundEntry *entry;
	const char *remote;
	gint64 begun; /* monotonic */
} Trip;

Courier *courier_new(Store *store)
{
	Courier *courier = g_new0(Courier, 1);

	courier->store = store;
	return courier;
}

void courier_free(Courier **courier)
{
	Courier *old = g_steal_pointer(courier);

	if (old == NULL)
		return;
	courier_rest(old);
	g_free(old);
}

gboolean courier_is_connected(const Courier *courier)
{
	return courier->smtp != NULL;
}

void courier_rest(Courier *courier)
{
	smtp_close(&courier->smtp);
	courier->config = NULL;
	courier->carried = 0;
}

/* --- trying -------------------------------------------------------------------- */

static gboolean hand_over(gpointer data)
{
	const Trip *trip = data;
	const Settings *settings = trip->config->settings;
	guint lease = 2 * (guint)settings->QUEUE_smtp_timeout + SPARE_SECONDS;
	g_autoptr(GError) error = NULL;
	gboolean is_ours = FALSE;

	if (outbound_hand_over(
		    trip->courier->store, trip->entry, lease, &is_ours, &error))
		return is_ours;
	log_event(LOG_LEVEL_WARNING, NULL, "hand-over-failed",
		LOG_NUMBER("id", trip->entry->id), LOG_GERROR(error));
	return FALSE;
}

static gboolean connect_server(Trip *trip, Verdict *verdict)
{
	Courier *courier = trip->courier;
	g_autoptr(GError) error = NULL;

	if (courier->smtp != NULL &&
		(courier->config != trip->config ||
			courier->carried >= MAILS_PER_CONNECTION))
		courier_rest(courier);
	if (courier->smtp == NULL)
		courier->smtp = smtp_open(&trip->config->server, &error);
	courier->config = trip->config;
	if (courier->smtp != NULL)
		return TRUE;
	verdict_set(verdict, VERDICT_UNREACHABLE, "4.4.1", error->message);
	return FALSE;
}

static void try_smtp(Trip *trip, const OutgoingMail *mail, Verdict *verdict)
{
	Courier *courier = trip->courier;

	for (guint round = 0; round < 2; round++) {
		if (!connect_server(trip, verdict))
			return;
		smtp_send(courier->smtp, mail, verdict);
		courier->carried++;
		if (!verdict->is_stale || round > 0)
			return;
		courier_rest(courier);
		verdict_clear(verdict);
	}
}

static void try_to_send(Trip *trip, Verdict *verdict)
{
	const OutboundEntry *entry = trip->entry;
	const Settings *settings = trip->config->settings;
	g_autoptr(GError) invalid = NULL;

	/* Whoever wrote the row, it must not say more than an address. */
	if ((entry->sender[0] != '\0' &&
		    !outbound_check_address(entry->sender, &invalid)) ||
		!outbound_check_address(entry->recipient, &invalid)) {
		verdict_set(verdict, VERDICT_NEVER, "5.1.3",
			"an address is malformed");
		return;
	}
	const OutgoingMail mail = { .sender = entry->sender,
		.recipient = entry->recipient,
		.has_utf8_address =
			!text_is_ascii(bytes_of_string(entry->sender)) ||
			!text_is_ascii(bytes_of_string(entry->recipient)),
		.is_unreported = g_str_equal(entry->kind, "vacation"),
		.message = bytes_of(entry->message, entry->size),
		.hand_over = hand_over,
		.data = trip };
	if (g_str_equal(settings->QUEUE_transport, "sendmail"))
		sendmail_send(settings->QUEUE_sendmail,
			(guint)settings->QUEUE_smtp_timeout, &mail, verdict);
	else
		try_smtp(trip, &mail, verdict);
}

/* --- noting what became of it ---------------------------------------------------- */

static OutboundOutcome outcome_of(const Trip *trip, const Verdict *verdict)
{
	const Settings *settings = trip->config->settings;

	if (verdict->kind == VERDICT_SENT)
		return OUTBOUND_DONE;
	if (verdict->kind == VERDICT_NEVER ||
		trip->entry->attempts >= settings->QUEUE_max_attempts ||
		trip->entry->age >= settings->QUEUE_max_age * SECONDS_PER_DAY)
		return OUTBOUND_GIVE_UP;
	return OUTBOUND_RETRY;
}

static void compose_notice(
	const Trip *trip, const Verdict *verdict, GString *out)
{
	const OutboundEntry *entry = trip->entry;
	g_autofree char *id = g_uuid_string_random();
	const BounceAbout about = { .host = trip->config->host,
		.sender = entry->sender,
		.recipient = entry->recipient,
		.remote = verdict->is_reply ? trip->config->server.host : NULL,
		.text = verdict->text,
		.is_reply = verdict->is_reply,
		/* What was tried long enough has failed for good. */
		.status = verdict->kind == VERDICT_NEVER ? verdict->status :
							   "5.4.7",
		.attempts = (guint)entry->attempts,
		.queued = entry->created,
		.now = timestamp_now(),
		.id = id,
		.message = bytes_of(entry->message, entry->size) };

	bounce_compose(out, &about);
}

static void log_settled(const Trip *trip, guint failures)
{
	if (failures > 0)
		log_event(LOG_LEVEL_NOTICE, NULL, "settled",
			LOG_NUMBER("id", trip->entry->id),
			LOG_NUMBER("failures", failures));
}

/* The database may be away: what was sent is known here alone, so that it is
 * tried until there is a hurry.  Told is the first failure alone, and that it is
 * over. */
static void settle(Trip *trip, OutboundOutcome outcome, const Verdict *verdict,
	const OutboundMail *notice)
{
	StreamDrain *hurry = trip->config->server.hurry;
	gboolean keeps = trip->config->settings->QUEUE_keep_sent_days > 0;
	guint failures = 0;

	for (gint pause = SETTLE_PAUSE_MS;;
		pause = MIN(2 * pause, SETTLE_PAUSE_MOST_MS)) {
		g_autoptr(GError) error = NULL;
		if (outbound_settle(trip->courier->store, trip->entry, outcome,
			    verdict->text, keeps, notice, &error)) {
			log_settled(trip, failures);
			return;
		}
		gboolean is_last =
			!dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY) ||
			g_atomic_int_get(&hurry->active) != 0;
		if (failures++ == 0 || is_last)
			log_event(LOG_LEVEL_ERROR, NULL, "settle-failed",
				LOG_NUMBER("id", trip->entry->id),
				LOG_STRING("again", is_last ? "no" : "soon"),
				LOG_GERROR(error));
		if (is_last)
			return;
		struct pollfd wait = { .fd = hurry->fd, .events = POLLIN };
		poll(&wait, 1, pause);
	}
}

static void log_outcome(const Trip *trip, const char *event,
	const Verdict *verdict, gboolean is_told)
{
	const OutboundEntry *entry = trip->entry;
	gint64 took = (g_get_monotonic_time() - trip->begun) / 1000;

	log_event(g_str_equal(event, "failed") ? LOG_LEVEL_WARNING :
						 LOG_LEVEL_NOTICE,
		NULL, event, LOG_NUMBER("id", entry->id),
		LOG_STRING("kind", entry->kind),
		LOG_STRING("user",
			entry->user_name[0] != '\0' ? entry->user_name : NULL),
		LOG_STRING("sender", entry->sender),
		LOG_STRING("recipient", entry->recipient),
		LOG_STRING("remote", trip->remote),
		LOG_NUMBER("size", entry->size),
		LOG_NUMBER("attempts", entry->attempts), LOG_NUMBER("ms", took),
		LOG_STRING("again",
			entry->was_handed_over ? "may have been sent before" :
						 NULL),
		LOG_STRING(
			"line_ends", verdict->is_altered ? "put right" : NULL),
		LOG_STRING("sender_is_told", is_told ? "yes" : NULL),
		LOG_STRING("reply", verdict->text));
}

static void drop(const Trip *trip, const Verdict *verdict)
{
	g_autoptr(GError) error = NULL;

	log_outcome(trip, "broken-off", verdict, FALSE);
	if (!outbound_release(trip->courier->store, trip->entry, &error))
		log_event(LOG_LEVEL_WARNING, NULL, "release-failed",
			LOG_NUMBER("id", trip->entry->id), LOG_GERROR(error));
}

static void conclude(Trip *trip, const Verdict *verdict)
{
	static const char *const events[] = {
		[OUTBOUND_DONE] = "sent",
		[OUTBOUND_RETRY] = "deferred",
		[OUTBOUND_GIVE_UP] = "failed",
	};
	const OutboundEntry *entry = trip->entry;
	OutboundOutcome outcome = outcome_of(trip, verdict);
	g_autoptr(GString) text = g_string_new(NULL);
	gboolean is_told = outcome == OUTBOUND_GIVE_UP &&
		bounce_is_due(
			entry->sender, bytes_of(entry->message, entry->size));

	if (is_told)
		compose_notice(trip, verdict, text);
	const OutboundMail notice = { .kind = "bounce",
		.user = entry->user,
		.sender = "",
		.recipient = entry->sender,
		.message = bytes_of(text->str, text->len) };
	settle(trip, outcome, verdict, is_told ? &notice : NULL);
	log_outcome(trip, events[outcome], verdict, is_told);
}

gboolean courier_carry(
	Courier *courier, const QueueConfig *config, const OutboundEntry *entry)
{
	Trip trip = { .courier = courier,
		.config = config,
		.entry = entry,
		.begun = g_get_monotonic_time() };
	Verdict verdict = { 0 };

	try_to_send(&trip, &verdict);
	if (courier->smtp != NULL)
		trip.remote = smtp_remote(courier->smtp);
	if (verdict.kind == VERDICT_DROPPED)
		drop(&trip, &verdict);
	else
		conclude(&trip, &verdict);
	gboolean is_reachable = verdict.kind != VERDICT_UNREACHABLE;
	if (courier->smtp != NULL && !smtp_is_usable(courier->smtp))
		courier_rest(courier);
	verdict_clear(&verdict);
	return is_reachable;
}
