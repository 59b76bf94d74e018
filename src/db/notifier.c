/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The notifier: gathers ids, sends them in few payloads, few times a second. */
#include "db/notifier.h"

#include "base/bytes.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/text.h"
#include "db/backoff.h"
#include "db/connection.h"

/* The shortest time between two sendings. */
#define NOTIFIER_PAUSE_US (20 * 1000)
/* Different ids kept; repeated ones are weeded out when twice as many came. */
#define NOTIFIER_KEEP_MAX 100000
/* PostgreSQL takes less than 8000 bytes. */
#define NOTIFIER_PAYLOAD_MAX 7900
#define NOTIFIER_CONNECT_SECONDS 5
#define NOTIFIER_STATEMENT_SECONDS 10
/* Says that anything may have changed. */
#define NOTIFIER_ANYTHING "*"

static const DbStatement NOTIFY = { "db_notify",
	"SELECT pg_notify($1::text, $2::text)" };

struct DbNotifier {
	char *conninfo;
	char *application_name;
	char *channel;
	GThread *thread;

	GMutex lock; /* of what follows */
	GCond wake;
	GArray *ids;       /* of gint64, to be sent; may repeat */
	gboolean anything; /* there were too many to keep */
	gboolean stopping;
};

static int compare_ids(gconstpointer a, gconstpointer b)
{
	gint64 x = *(const gint64 *)a;
	gint64 y = *(const gint64 *)b;
	return (x > y) - (x < y);
}

static void ids_sort_unique(GArray *ids)
{
	g_array_sort(ids, compare_ids);
	guint kept = 0;
	for (guint i = 0; i < ids->len; i++) {
		gint64 id = g_array_index(ids, gint64, i);
		if (kept > 0 && g_array_index(ids, gint64, kept - 1) == id)
			continue;
		g_array_index(ids, gint64, kept++) = id;
	}
	g_array_set_size(ids, kept);
}

/* With the lock held. */
static void notifier_bound(DbNotifier *notifier)
{
	if (notifier->ids->len < 2 * NOTIFIER_KEEP_MAX)
		return;
	ids_sort_unique(notifier->ids);
	if (notifier->ids->len <= NOTIFIER_KEEP_MAX)
		return;
	notifier->anything = TRUE;
	g_array_set_size(notifier->ids, 0);
}

void db_notifier_add(DbNotifier *notifier, gint64 id)
{
	g_mutex_lock(&notifier->lock);
	if (!notifier->anything) {
		g_array_append_val(notifier->ids, id);
		notifier_bound(notifier);
		if (notifier->ids->len == 1)
			g_cond_signal(&notifier->wake);
	}
	g_mutex_unlock(&notifier->lock);
}

/* --- sending ---------------------------------------------------------------------- */

static void batch_add_payload(
	DbBatch *batch, const DbNotifier *notifier, const char *payload)
{
	DbParams *params = db_batch_add(batch, &NOTIFY);
	db_params_text(params, notifier->channel);
	db_params_text(params, payload);
}

/* Ids in decimal with commas between them. */
static void batch_add_ids(
	DbBatch *batch, const DbNotifier *notifier, const GArray *ids)
{
	g_autoptr(GString) payload = g_string_new(NULL);
	for (guint i = 0; i < ids->len; i++) {
		g_string_append_printf(payload, "%s%" G_GINT64_FORMAT,
			payload->len > 0 ? "," : "",
			g_array_index(ids, gint64, i));
		if (payload->len < NOTIFIER_PAYLOAD_MAX - 24 &&
			i + 1 < ids->len)
			continue;
		batch_add_payload(batch, notifier, payload->str);
		g_string_truncate(payload, 0);
	}
}

static gboolean notifier_send(DbNotifier *notifier, DbConnection **connection,
	GArray *ids, gboolean anything, GError **error)
{
	const DbConnectionOptions options = {
		.conninfo = notifier->conninfo,
		.application_name = notifier->application_name,
		.connect_seconds = NOTIFIER_CONNECT_SECONDS,
		.statement_seconds = NOTIFIER_STATEMENT_SECONDS,
	};
	if (*connection != NULL && !db_connection_is_usable(*connection))
		db_connection_close(connection);
	if (*connection == NULL)
		*connection = db_connection_open(&options, error);
	if (*connection == NULL)
		return FALSE;
	g_autoptr(DbBatch) batch = db_batch_new();
	if (anything) {
		batch_add_payload(batch, notifier, NOTIFIER_ANYTHING);
	} else {
		ids_sort_unique(ids);
		batch_add_ids(batch, notifier, ids);
	}
	return db_connection_run_mode(
		*connection, batch, DB_WRITE_ASYNC, error);
}

/* Puts back what could not be sent.  An id that was sent after all (its COMMIT
 * got no answer) does no harm twice. */
static void notifier_put_back(
	DbNotifier *notifier, GArray *ids, gboolean anything)
{
	g_array_append_vals(notifier->ids, ids->data, ids->len);
	notifier->anything |= anything;
	notifier_bound(notifier);
}

/* Waits until there is something to send and it may be sent; FALSE when the
 * thread is to end.  With the lock held. */
static gboolean notifier_wait(DbNotifier *notifier, gint64 not_before)
{
	while (!notifier->stopping) {
		gboolean some = notifier->ids->len > 0 || notifier->anything;
		if (!some)
			g_cond_wait(&notifier->wake, &notifier->lock);
		else if (g_get_monotonic_time() < not_before)
			g_cond_wait_until(
				&notifier->wake, &notifier->lock, not_before);
		else
			return TRUE;
	}
	return FALSE;
}

/* One sending; TRUE when it worked.  With the lock held, which it gives up
 * meanwhile. */
static gboolean notifier_turn(
	DbNotifier *notifier, DbConnection **connection, gboolean *was_good)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) ids = g_steal_pointer(&notifier->ids);
	gboolean anything = notifier->anything;
	notifier->ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	notifier->anything = FALSE;
	g_mutex_unlock(&notifier->lock);
	gboolean good =
		notifier_send(notifier, connection, ids, anything, &error);
	/* Nobody else can be told, and once is enough. */
	if (!good && *was_good)
		log_event(LOG_LEVEL_WARNING, NULL, "notifier-lost",
			LOG_GERROR(error));
	if (good && !*was_good)
		log_event(LOG_LEVEL_NOTICE, NULL, "notifier-back");
	*was_good = good;
	g_mutex_lock(&notifier->lock);
	if (!good)
		notifier_put_back(notifier, ids, anything);
	return good;
}

static gpointer notifier_main(gpointer data)
{
	DbNotifier *notifier = data;
	g_autoptr(DbConnection) connection = NULL;
	gint64 not_before = 0;
	guint failures = 0;
	gboolean was_good = TRUE;
	g_mutex_lock(&notifier->lock);
	while (notifier_wait(notifier, not_before)) {
		gint64 begun = g_get_monotonic_time();
		if (notifier_turn(notifier, &connection, &was_good)) {
			failures = 0;
			not_before = begun + NOTIFIER_PAUSE_US;
		} else {
			failures++;
			not_before = g_get_monotonic_time() +
				(gint64)backoff_ms(failures) * 1000;
		}
	}
	gboolean left = notifier->ids->len > 0 || notifier->anything;
	if (left && failures == 0)
		notifier_turn(notifier, &connection, &was_good);
	g_mutex_unlock(&notifier->lock);
	return NULL;
}

/* --- life --------------------------------------------------------------------------- */

DbNotifier *db_notifier_new(const char *conninfo, const char *application_name,
	const char *channel, GError **error)
{
	DbNotifier *notifier = g_new0(DbNotifier, 1);
	notifier->conninfo = g_strdup(conninfo);
	notifier->application_name = g_strdup(application_name);
	notifier->channel = g_strdup(channel);
	notifier->ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_mutex_init(&notifier->lock);
	g_cond_init(&notifier->wake);
	notifier->thread =
		g_thread_try_new("db-notifier", notifier_main, notifier, NULL);
	if (notifier->thread == NULL) {
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"too many threads", "no thread for the notifier");
		db_notifier_free(&notifier);
	}
	return notifier;
}

void db_notifier_free(DbNotifier **address)
{
	DbNotifier *notifier = g_steal_pointer(address);
	if (notifier == NULL)
		return;
	g_mutex_lock(&notifier->lock);
	notifier->stopping = TRUE;
	g_cond_signal(&notifier->wake);
	g_mutex_unlock(&notifier->lock);
	if (notifier->thread != NULL)
		g_thread_join(notifier->thread);
	g_array_free(notifier->ids, TRUE);
	g_cond_clear(&notifier->wake);
	g_mutex_clear(&notifier->lock);
	g_free(notifier->channel);
	g_free(notifier->application_name);
	g_free(notifier->conninfo);
	g_free(notifier);
}

gboolean db_notifier_parse(const char *payload, GArray *ids)
{
	guint before = ids->len;
	while (*payload != '\0') {
		gsize size = strcspn(payload, ",");
		gboolean negative = payload[0] == '-';
		guint64 number;
		if (!text_to_number(
			    bytes_of(payload + negative, size - negative),
			    G_MAXINT64, &number)) {
			g_array_set_size(ids, before);
			return FALSE;
		}
		gint64 id = negative ? -(gint64)number : (gint64)number;
		g_array_append_val(ids, id);
		payload += size + (payload[size] == ',');
	}
	return TRUE;
}
