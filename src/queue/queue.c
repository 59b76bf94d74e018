/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drains the outbound queue: one thread that claims, some that give away. */
#include "queue/queue.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/log.h"
#include "queue/config.h"
#include "queue/courier.h"
#include "store/outbound.h"
#include "store/watch.h"

/* A mail whose daemon died before it was handed over is another's after so
 * long; those that live renew their leases more often. */
#define LEASE_SECONDS 20
#define RENEW_SECONDS 5
/* Claimed for each worker, so that none waits for the database. */
#define CLAIMED_PER_WORKER 2
#define CLAIMED_BYTES ((gsize)64 * 1024 * 1024)
/* A connection is kept so long for the next mail. */
#define IDLE_TIME (2 * G_TIME_SPAN_SECOND)
/* Where the way out does not work it is left alone for 1, 2, 4... seconds. */
#define PAUSE_MAX_SECONDS 60
#define TRIM_EVERY (G_TIME_SPAN_HOUR)
#define DATABASE_PAUSE (5 * G_TIME_SPAN_SECOND)
/* For what is left when there is a hurry. */
#define HURRY_SECONDS 5
#define FOREVER G_MAXINT64

struct Queue {
	Store *store;
	Watch *watch;
	StreamDrain hurry;
	int poke; /* eventfd: the dispatcher is to look again */
	GThread *dispatcher;
	GThread **workers;
	guint n_workers;

	GMutex lock;
	GCond changed;      /* for workers, and for queue_drain() */
	GPtrArray *configs; /* couriers may still use the older ones */
	QueueConfig *config;
	GQueue ready;    /* OutboundEntry *: claimed, not begun */
	GPtrArray *held; /* all that are claimed */
	guint busy;
	guint threads;  /* that have not ended */
	guint failures; /* in a row, of the way out */
	gint64 paused_until;
	gboolean is_ending;
};

static void poke(int fd)
{
	const guint64 one = 1;

	/* A full counter has poked already. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void thread_ended(Queue *queue)
{
	g_mutex_lock(&queue->lock);
	queue->threads--;
	g_cond_broadcast(&queue->changed);
	g_mutex_unlock(&queue->lock);
}

/* --- workers: with the lock unless said otherwise -------------------------------- */

static gboolean may_begin(const Queue *queue)
{
	return !queue->is_ending &&
		!g_queue_is_empty((GQueue *)(gpointer)&queue->ready) &&
		g_get_monotonic_time() >= queue->paused_until;
}

static void wait_for_mail(Queue *queue, Courier *courier)
{
	gint64 now = g_get_monotonic_time();
	gint64 until =
		queue->paused_until > now ? queue->paused_until : FOREVER;

	if (courier_is_connected(courier))
		until = MIN(until, now + IDLE_TIME);
	if (until == FOREVER) {
		g_cond_wait(&queue->changed, &queue->lock);
		return;
	}
	if (g_cond_wait_until(&queue->changed, &queue->lock, until) ||
		!courier_is_connected(courier) || may_begin(queue))
		return;
	g_mutex_unlock(&queue->lock);
	courier_rest(courier);
	g_mutex_lock(&queue->lock);
}

static void note_way_out(Queue *queue, gboolean works)
{
	if (works) {
		/* The others need not wait any longer. */
		if (queue->paused_until > 0)
			g_cond_broadcast(&queue->changed);
		queue->failures = 0;
		queue->paused_until = 0;
		return;
	}
	/* Workers that fail at once have all seen the same failure. */
	if (g_get_monotonic_time() < queue->paused_until)
		return;
	guint seconds =
		queue->failures < 6 ? 1u << queue->failures : PAUSE_MAX_SECONDS;
	queue->failures++;
	queue->paused_until = g_get_monotonic_time() +
		(gint64)MIN(seconds, PAUSE_MAX_SECONDS) * G_TIME_SPAN_SECOND;
}

static void carry(Queue *queue, Courier *courier)
{
	OutboundEntry *entry = g_queue_pop_head(&queue->ready);
	const QueueConfig *config = queue->config;

	queue->busy++;
	g_mutex_unlock(&queue->lock);
	gboolean works = courier_carry(courier, config, entry);
	g_mutex_lock(&queue->lock);
	queue->busy--;
	note_way_out(queue, works);
	g_ptr_array_remove_fast(queue->held, entry);
	poke(queue->poke);
}

static gpointer worker_main(gpointer data)
{
	Queue *queue = data;
	Courier *courier = courier_new(queue->store);

	g_mutex_lock(&queue->lock);
	while (!queue->is_ending) {
		if (may_begin(queue))
			carry(queue, courier);
		else
			wait_for_mail(queue, courier);
	}
	g_mutex_unlock(&queue->lock);
	courier_free(&courier);
	thread_ended(queue);
	return NULL;
}

/* --- the dispatcher -------------------------------------------------------------- */

/* When it has what to do, by the monotonic clock. */
typedef struct {
	gint64 renew;
	gint64 trim;
	gint64 claim;
	gboolean was_down; /* the database, so that it is said once */
} Plan;

/* FALSE where the database cannot be had: said once, then tried again soon. */
static gboolean note_database(
	Plan *plan, const char *what, gboolean ok, const GError *error)
{
	if (!ok && !plan->was_down)
		log_event(LOG_LEVEL_ERROR, NULL, "database-failed",
			LOG_STRING("what", what), LOG_GERROR(error));
	if (ok && plan->was_down)
		log_event(LOG_LEVEL_NOTICE, NULL, "database-works");
	plan->was_down = !ok;
	return ok;
}

static void renew(Queue *queue, Plan *plan)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_autoptr(GArray) attempts = g_array_new(FALSE, FALSE, sizeof(gint32));
	g_autoptr(GError) error = NULL;

	g_mutex_lock(&queue->lock);
	for (guint i = 0; i < queue->held->len; i++) {
		const OutboundEntry *entry = g_ptr_array_index(queue->held, i);
		gint32 count = entry->attempts;
		g_array_append_val(ids, entry->id);
		g_array_append_val(attempts, count);
	}
	g_mutex_unlock(&queue->lock);
	plan->renew = ids->len == 0 ?
		FOREVER :
		g_get_monotonic_time() + RENEW_SECONDS * G_TIME_SPAN_SECOND;
	if (ids->len == 0)
		return;
	gboolean ok = outbound_renew(queue->store,
		(const gint64 *)(gpointer)ids->data,
		(const gint32 *)(gpointer)attempts->data, ids->len,
		LEASE_SECONDS, &error);
	note_database(plan, "renew", ok, error);
}

static void trim(Queue *queue, Plan *plan)
{
	g_autoptr(GError) error = NULL;
	guint64 count = 0;

	g_mutex_lock(&queue->lock);
	const Settings *settings = queue->config->settings;
	g_mutex_unlock(&queue->lock);
	gboolean ok = outbound_trim(queue->store,
		(guint)settings->QUEUE_keep_sent_days,
		(guint)settings->QUEUE_keep_failed_days, &count, &error);
	/* Leases are to be renewed in between. */
	plan->trim = g_get_monotonic_time() +
		(count < OUTBOUND_TRIMMED ? TRIM_EVERY : 0);
	if (note_database(plan, "trim", ok, error) && count > 0)
		log_event(LOG_LEVEL_NOTICE, NULL, "trimmed",
			LOG_NUMBER("mails", count));
}

/* How many more may be claimed, and how large together; plans to look again
 * after the pause, or the poll.  A worker that is done pokes. */
static guint room(Queue *queue, Plan *plan, gsize *bytes)
{
	guint most = CLAIMED_PER_WORKER * queue->n_workers;
	gsize used = 0;
	guint count = 0;

	g_mutex_lock(&queue->lock);
	for (guint i = 0; i < queue->held->len; i++) {
		const OutboundEntry *entry = g_ptr_array_index(queue->held, i);
		used += entry->size;
	}
	gint64 now = g_get_monotonic_time();
	plan->claim =
		now + queue->config->settings->QUEUE_poll * G_TIME_SPAN_SECOND;
	if (now >= queue->paused_until)
		count = most - MIN(queue->held->len, most);
	else
		plan->claim = queue->paused_until;
	g_mutex_unlock(&queue->lock);
	*bytes = CLAIMED_BYTES - MIN(used, CLAIMED_BYTES);
	return *bytes > 0 ? count : 0;
}

static void entry_destroy(gpointer data)
{
	outbound_entry_free(data);
}

static void take(Queue *queue, GPtrArray *entries)
{
	g_mutex_lock(&queue->lock);
	while (entries->len > 0) {
		OutboundEntry *entry = g_ptr_array_steal_index(entries, 0);
		g_ptr_array_add(queue->held, entry);
		g_queue_push_tail(&queue->ready, entry);
	}
	g_cond_broadcast(&queue->changed);
	g_mutex_unlock(&queue->lock);
}

/* Claims what there is room for and plans when to look again. */
static void claim(Queue *queue, Plan *plan)
{
	g_autoptr(GPtrArray) entries = NULL;
	g_autoptr(GError) error = NULL;
	gint64 seconds = -1;
	gsize bytes;
	guint count = room(queue, plan, &bytes);

	if (count == 0)
		return;
	gboolean ok = outbound_claim(
		queue->store, count, bytes, LEASE_SECONDS, &entries, &error);
	if (ok && entries->len > 0) {
		gboolean is_full = entries->len >= count;
		take(queue, entries);
		plan->renew = MIN(plan->renew,
			g_get_monotonic_time() +
				RENEW_SECONDS * G_TIME_SPAN_SECOND);
		if (!is_full)
			plan->claim = 0;
	} else if (ok) {
		ok = outbound_next(queue->store, &seconds, &error);
		if (ok && seconds >= 0)
			plan->claim = MIN(plan->claim,
				g_get_monotonic_time() +
					MAX(seconds, 1) * G_TIME_SPAN_SECOND);
	}
	if (!note_database(plan, "claim", ok, error))
		plan->claim = g_get_monotonic_time() + DATABASE_PAUSE;
}

static void wait_for_news(Queue *queue, const Plan *plan)
{
	struct pollfd fds[] = {
		{ .fd = queue->poke, .events = POLLIN },
		{ .fd = watch_fd(queue->watch), .events = POLLIN },
	};
	guint64 drop;

	gint64 until = MIN(plan->claim, MIN(plan->renew, plan->trim));
	gint64 left = (until - g_get_monotonic_time() + 999) / 1000;
	if (left > 0)
		poll(fds, G_N_ELEMENTS(fds), (int)MIN(left, G_MAXINT));
	if (fds[1].revents != 0)
		watch_clear(queue->watch);
	if (fds[0].revents != 0 && read(queue->poke, &drop, sizeof(drop)) < 0)
		return;
}

/* What was claimed and not begun is due for others at once. */
static void give_back(Queue *queue)
{
	OutboundEntry *entry;

	g_mutex_lock(&queue->lock);
	while ((entry = g_queue_pop_head(&queue->ready)) != NULL) {
		g_autoptr(GError) error = NULL;
		g_mutex_unlock(&queue->lock);
		if (!outbound_release(queue->store, entry, &error))
			log_event(LOG_LEVEL_WARNING, NULL, "release-failed",
				LOG_NUMBER("id", entry->id), LOG_GERROR(error));
		g_mutex_lock(&queue->lock);
		g_ptr_array_remove_fast(queue->held, entry);
	}
	g_mutex_unlock(&queue->lock);
}

/* Leases are renewed until the last worker has ended. */
static gboolean goes_on(Queue *queue, gboolean *is_ending)
{
	g_mutex_lock(&queue->lock);
	gboolean result = !queue->is_ending || queue->threads > 1;
	*is_ending = queue->is_ending;
	g_mutex_unlock(&queue->lock);
	return result;
}

static gpointer dispatcher_main(gpointer data)
{
	Queue *queue = data;
	gboolean is_ending = FALSE;
	Plan plan = { 0 };

	while (goes_on(queue, &is_ending)) {
		if (g_get_monotonic_time() >= plan.renew)
			renew(queue, &plan);
		if (is_ending) {
			give_back(queue);
			plan.claim = plan.trim = FOREVER;
		} else {
			if (g_get_monotonic_time() >= plan.trim)
				trim(queue, &plan);
			claim(queue, &plan);
		}
		wait_for_news(queue, &plan);
	}
	give_back(queue);
	thread_ended(queue);
	return NULL;
}

/* --- the whole ------------------------------------------------------------------- */

static void config_destroy(gpointer data)
{
	QueueConfig *config = data;

	queue_config_free(&config);
}

static gboolean open_store(
	Queue *queue, const Settings *settings, GError **error)
{
	queue->config = queue_config_new(settings, &queue->hurry, error);
	if (queue->config == NULL)
		return FALSE;
	g_ptr_array_add(queue->configs, queue->config);
	queue->store =
		store_open(settings, "dbmail-queued", STORE_NOTIFY, error);
	if (queue->store == NULL)
		return FALSE;
	queue->watch = watch_new(queue->store, OUTBOUND_WATCH);
	return TRUE;
}

static void start_threads(Queue *queue, guint count)
{
	queue->n_workers = count;
	queue->threads = count + 1;
	queue->workers = g_new0(GThread *, count);
	for (guint i = 0; i < count; i++)
		queue->workers[i] = g_thread_new("worker", worker_main, queue);
	queue->dispatcher = g_thread_new("dispatcher", dispatcher_main, queue);
}

Queue *queue_new(const Settings *settings, GError **error)
{
	Queue *queue = g_new0(Queue, 1);

	g_mutex_init(&queue->lock);
	g_cond_init(&queue->changed);
	g_queue_init(&queue->ready);
	queue->held = g_ptr_array_new_with_free_func(entry_destroy);
	queue->configs = g_ptr_array_new_with_free_func(config_destroy);
	queue->poke = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	queue->hurry.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->poke < 0 || queue->hurry.fd < 0) {
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"no more file descriptors", "eventfd");
		queue_free(&queue);
		return NULL;
	}
	if (!open_store(queue, settings, error)) {
		queue_free(&queue);
		return NULL;
	}
	start_threads(queue, (guint)settings->QUEUE_concurrency);
	return queue;
}

gboolean queue_reload(Queue *queue, const Settings *settings, GError **error)
{
	QueueConfig *fresh = queue_config_new(settings, &queue->hurry, error);

	if (fresh == NULL)
		return FALSE;
	g_mutex_lock(&queue->lock);
	g_ptr_array_add(queue->configs, fresh);
	queue->config = fresh;
	queue->failures = 0;
	queue->paused_until = 0;
	g_cond_broadcast(&queue->changed);
	g_mutex_unlock(&queue->lock);
	poke(queue->poke);
	return TRUE;
}

guint queue_busy(Queue *queue)
{
	g_mutex_lock(&queue->lock);
	guint busy = queue->busy;
	g_mutex_unlock(&queue->lock);
	return busy;
}

/* With the lock; FALSE when the time was over first. */
static gboolean wait_threads(Queue *queue, guint seconds)
{
	gint64 until =
		g_get_monotonic_time() + (gint64)seconds * G_TIME_SPAN_SECOND;

	while (queue->threads > 0) {
		poke(queue->poke);
		if (!g_cond_wait_until(&queue->changed, &queue->lock, until))
			return queue->threads == 0;
	}
	return TRUE;
}

gboolean queue_drain(Queue *queue, guint seconds)
{
	g_mutex_lock(&queue->lock);
	queue->is_ending = TRUE;
	g_cond_broadcast(&queue->changed);
	gboolean ended = wait_threads(queue, seconds);
	if (!ended) {
		g_atomic_int_set(&queue->hurry.active, 1);
		poke(queue->hurry.fd);
		ended = wait_threads(queue, HURRY_SECONDS);
	}
	g_mutex_unlock(&queue->lock);
	return ended;
}

void queue_free(Queue **queue)
{
	Queue *old = g_steal_pointer(queue);

	if (old == NULL)
		return;
	for (guint i = 0; i < old->n_workers; i++)
		g_thread_join(old->workers[i]);
	if (old->dispatcher != NULL)
		g_thread_join(old->dispatcher);
	g_free(old->workers);
	watch_free(&old->watch);
	store_close(&old->store);
	g_ptr_array_unref(old->configs);
	g_ptr_array_unref(old->held);
	if (old->poke >= 0)
		close(old->poke);
	if (old->hurry.fd >= 0)
		close(old->hurry.fd);
	g_mutex_clear(&old->lock);
	g_cond_clear(&old->changed);
	g_free(old);
}
