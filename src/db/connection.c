/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection: how it is opened, its transactions, scripts, notifications. */
#include "db/connection.h"

#include <poll.h>

#include "db/connection-private.h"

#define CONNECT_SECONDS 10
/* Above statement_timeout: time for the server to notice and say so. */
#define GRACE_SECONDS 15
#define SERVER_VERSION_MIN 130000

static const DbStatement BEGIN_SNAPSHOT = { "db_begin_snapshot",
	"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" };
static const DbStatement BEGIN_WRITE = { "db_begin_write",
	"BEGIN ISOLATION LEVEL READ COMMITTED" };
static const DbStatement SET_ASYNC = { "db_set_async",
	"SET LOCAL synchronous_commit = off" };
static const DbStatement COMMIT = { "db_commit", "COMMIT" };
static const DbStatement ROLLBACK = { "db_rollback", "ROLLBACK" };

static const DbStatement *const begin_snapshot[] = { &BEGIN_SNAPSHOT, NULL };
static const DbStatement *const begin_write[] = { &BEGIN_WRITE, NULL };
static const DbStatement *const begin_async[] = { &BEGIN_WRITE, &SET_ASYNC,
	NULL };
static const DbStatement *const commit[] = { &COMMIT, NULL };
static const DbStatement *const rollback[] = { &ROLLBACK, NULL };

static const PipelineWrap wraps[] = {
	[DB_READ] = { NULL, NULL, FALSE },
	[DB_SNAPSHOT] = { begin_snapshot, commit, FALSE },
	[DB_WRITE] = { begin_write, commit, TRUE },
	[DB_WRITE_ASYNC] = { begin_async, commit, TRUE },
	[DB_WRITE_ALONE] = { NULL, NULL, TRUE },
};

/* --- opening --------------------------------------------------------------------- */

static void connection_set_unreachable(GError **error, const char *reason)
{
	g_autofree char *line = g_strdup(reason);
	g_strdelimit(g_strchomp(line), "\n", ' ');
	g_autofree char *text = g_strdup_printf(
		"cannot use the database: %s; "
		"dburi in [DBMAIL] says where it is, as "
		"postgresql://user@host/dbmail, or "
		"postgresql:///dbmail?host=/run/postgresql for a unix socket",
		line);
	dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY, text,
		"cannot use the database: %s", line);
}

/* The options the conninfo (or, failing that, the environment) has, after
 * ours, so that an administrator's word is the last.  NULL with an error
 * where the conninfo cannot be read. */
static char *connection_server_options(
	const DbConnectionOptions *options, GError **error)
{
	char *message = NULL;
	PQconninfoOption *parsed = PQconninfoParse(options->conninfo, &message);
	if (parsed == NULL) {
		/* libpq's message may quote the string with its password. */
		gboolean secret = message == NULL ||
			strpbrk(options->conninfo, ":@") != NULL ||
			strstr(options->conninfo, "pass") != NULL;
		connection_set_unreachable(error,
			secret ? "its connection string is malformed" :
				 message);
		PQfreemem(message);
		return NULL;
	}
	const char *theirs = g_getenv("PGOPTIONS");
	for (const PQconninfoOption *row = parsed; row->keyword != NULL;
		row++) {
		if (strcmp(row->keyword, "options") == 0 && row->val != NULL)
			theirs = row->val;
	}
	/* A plan made while a table was small, which includes those of
	 * foreign keys, is used while it grows: reading a whole table must
	 * never look cheap.  And one plan has to do: left alone the server
	 * takes arrays for shorter than they are, thinks a plan made for them
	 * cheaper, and makes one at every execution, which costs more than
	 * executing (1.9 ms of processor for a delivery in place of 1.1). */
	char *all = g_strdup_printf(
		"-c timezone=UTC -c jit=off -c enable_seqscan=off "
		"-c plan_cache_mode=force_generic_plan "
		"-c client_min_messages=warning -c statement_timeout=%us "
		"-c idle_in_transaction_session_timeout=60s %s",
		options->statement_seconds, theirs != NULL ? theirs : "");
	PQconninfoFree(parsed);
	return all;
}

static PGconn *connection_connect(
	const DbConnectionOptions *options, GError **error)
{
	g_autofree char *server = connection_server_options(options, error);
	if (server == NULL)
		return NULL;
	char seconds[16];
	g_snprintf(seconds, sizeof seconds, "%u",
		options->connect_seconds > 0 ? options->connect_seconds :
					       CONNECT_SECONDS);
	/* A later word wins: before dbname are defaults, after it commands.
	 * The keep-alives find a host that vanished without a word. */
	const char *const keys[] = { "connect_timeout", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"fallback_application_name", "dbname", "client_encoding",
		"options", NULL };
	const char *const values[] = { seconds, "30", "10", "3", "30000",
		options->application_name, options->conninfo, "UTF8", server,
		NULL };
	return PQconnectdbParams(keys, values, 1);
}

/* A FATAL that arrives while nothing was asked comes as a notice. */
static void connection_notice(void *data, const PGresult *result)
{
	DbConnection *connection = data;
	const char *severity =
		PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (severity != NULL &&
		(strcmp(severity, "FATAL") == 0 ||
			strcmp(severity, "PANIC") == 0))
		connection->broken = TRUE;
}

static gboolean connection_check_server(PGconn *pg, GError **error)
{
	if (PQstatus(pg) != CONNECTION_OK) {
		connection_set_unreachable(error, PQerrorMessage(pg));
		return FALSE;
	}
	if (PQserverVersion(pg) < SERVER_VERSION_MIN) {
		connection_set_unreachable(
			error, "PostgreSQL 13 or later is needed");
		return FALSE;
	}
	const char *encoding = PQparameterStatus(pg, "server_encoding");
	if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
		connection_set_unreachable(
			error, "its encoding must be UTF8 (createdb -E UTF8)");
		return FALSE;
	}
	if (PQsetnonblocking(pg, 1) != 0 || !PQenterPipelineMode(pg)) {
		connection_set_unreachable(error, PQerrorMessage(pg));
		return FALSE;
	}
	return TRUE;
}

DbConnection *db_connection_open(
	const DbConnectionOptions *options, GError **error)
{
	PGconn *pg = connection_connect(options, error);
	if (pg == NULL) {
		if (error != NULL && *error == NULL)
			connection_set_unreachable(error, "out of memory");
		return NULL;
	}
	if (!connection_check_server(pg, error)) {
		PQfinish(pg);
		return NULL;
	}
	DbConnection *connection = g_new0(DbConnection, 1);
	connection->pg = pg;
	connection->prepared =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	connection->patience = options->statement_seconds > 0 ?
		(int)(options->statement_seconds + GRACE_SECONDS) * 1000 :
		-1;
	PQsetNoticeReceiver(pg, connection_notice, connection);
	return connection;
}

void db_connection_close(DbConnection **connection)
{
	if (*connection == NULL)
		return;
	PQfinish((*connection)->pg);
	g_hash_table_destroy((*connection)->prepared);
	g_free(*connection);
	*connection = NULL;
}

/* --- batches and transactions ------------------------------------------------------ */

/* After an error: the server must not be left in the failed transaction. */
static void connection_leave_transaction(DbConnection *connection)
{
	const PipelineWrap wrap = { rollback, NULL, FALSE };
	PGTransactionStatusType status = PQtransactionStatus(connection->pg);
	if (connection->broken || status == PQTRANS_IDLE)
		return;
	g_autoptr(GError) ignored = NULL;
	if (!pipeline_run(connection, NULL, &wrap, &ignored))
		connection->broken = TRUE;
}

gboolean db_connection_run(
	DbConnection *connection, DbBatch *batch, GError **error)
{
	const PipelineWrap wrap = { connection->opening, NULL, FALSE };
	const PipelineWrap alone = { NULL, NULL, !connection->only_reads };
	connection->opening = NULL;
	return pipeline_run(connection, batch,
		connection->in_transaction ? &wrap : &alone, error);
}

gboolean db_connection_run_mode(
	DbConnection *connection, DbBatch *batch, DbMode mode, GError **error)
{
	g_assert(!connection->in_transaction);
	if (pipeline_run(connection, batch, &wraps[mode], error))
		return TRUE;
	connection_leave_transaction(connection);
	return FALSE;
}

void db_connection_begin(DbConnection *connection, DbMode mode)
{
	g_assert(!connection->in_transaction);
	connection->opening = wraps[mode].before;
	connection->in_transaction = wraps[mode].before != NULL;
	connection->only_reads = mode == DB_READ;
}

gboolean db_connection_commit(DbConnection *connection, GError **error)
{
	gboolean unused = connection->opening != NULL;
	gboolean outside = !connection->in_transaction;
	connection->opening = NULL;
	connection->in_transaction = FALSE;
	connection->only_reads = FALSE;
	if (unused || outside)
		return TRUE;
	const PipelineWrap wrap = { NULL, commit, TRUE };
	if (pipeline_run(connection, NULL, &wrap, error))
		return TRUE;
	connection_leave_transaction(connection);
	return FALSE;
}

void db_connection_rollback(DbConnection *connection)
{
	connection->opening = NULL;
	connection->in_transaction = FALSE;
	connection->only_reads = FALSE;
	connection_leave_transaction(connection);
}

/* --- scripts ------------------------------------------------------------------------ */

/* Reads what the simple protocol answers; keeps the first error. */
static gboolean connection_read_script(DbConnection *connection, GError **error)
{
	PGconn *pg = connection->pg;
	GError *first = NULL;
	for (;;) {
		int unsent = PQflush(pg);
		if (unsent > 0 || (unsent == 0 && PQisBusy(pg))) {
			connection_wait(connection, unsent > 0, -1);
			if (PQconsumeInput(pg))
				continue;
		}
		PGresult *result = PQgetResult(pg);
		if (result == NULL)
			break;
		ExecStatusType status = PQresultStatus(result);
		if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
			status != PGRES_EMPTY_QUERY && first == NULL)
			db_error_set_from_result(&first, result, "script");
		PQclear(result);
		if (PQstatus(pg) == CONNECTION_BAD)
			break;
	}
	if (PQstatus(pg) == CONNECTION_BAD)
		connection->broken = TRUE;
	if (first == NULL && connection->broken)
		db_error_set_lost(&first, PQerrorMessage(pg));
	if (first == NULL)
		return TRUE;
	g_propagate_error(error, first);
	return FALSE;
}

gboolean db_connection_exec_script(
	DbConnection *connection, const char *sql, GError **error)
{
	if (connection->opening != NULL) {
		const PipelineWrap wrap = { connection->opening, NULL, FALSE };
		connection->opening = NULL;
		if (!pipeline_run(connection, NULL, &wrap, error))
			return FALSE;
	}
	PGconn *pg = connection->pg;
	if (connection->broken || !PQexitPipelineMode(pg) ||
		!PQsendQuery(pg, sql)) {
		connection->broken = TRUE;
		db_error_set_lost(error, PQerrorMessage(pg));
		return FALSE;
	}
	gboolean good = connection_read_script(connection, error);
	if (!connection->broken && !PQenterPipelineMode(pg))
		connection->broken = TRUE;
	return good;
}

/* --- state ---------------------------------------------------------------------------- */

gboolean db_connection_is_clean(const DbConnection *connection)
{
	return !connection->broken && !connection->in_transaction &&
		PQstatus(connection->pg) == CONNECTION_OK &&
		PQtransactionStatus(connection->pg) == PQTRANS_IDLE;
}

gboolean db_connection_is_usable(DbConnection *connection)
{
	PGconn *pg = connection->pg;
	if (!db_connection_is_clean(connection))
		return FALSE;
	/* An idle server says nothing; where it did, hear it to the end. */
	while (connection_wait(connection, FALSE, 0)) {
		if (!PQconsumeInput(pg))
			return FALSE;
		PQisBusy(pg); /* has the notice receiver called */
		if (connection->broken)
			return FALSE;
	}
	return TRUE;
}

gboolean db_connection_is_swollen(const DbConnection *connection)
{
	return connection->swollen;
}

int db_connection_backend_pid(const DbConnection *connection)
{
	return PQbackendPID(connection->pg);
}

guint64 db_connection_round_trips(const DbConnection *connection)
{
	return connection->round_trips;
}

guint64 db_connection_prepares(const DbConnection *connection)
{
	return connection->prepares;
}

/* --- notifications ------------------------------------------------------------------ */

gboolean db_connection_listen(
	DbConnection *connection, const char *channel, GError **error)
{
	char *name =
		PQescapeIdentifier(connection->pg, channel, strlen(channel));
	g_assert(name != NULL);
	g_autofree char *sql = g_strconcat("LISTEN ", name, NULL);
	PQfreemem(name);
	return db_connection_exec_script(connection, sql, error);
}

int db_connection_fd(const DbConnection *connection)
{
	return PQsocket(connection->pg);
}

gboolean db_connection_read_notifications(DbConnection *connection,
	DbNotifyFunc func, gpointer data, GError **error)
{
	PGconn *pg = connection->pg;
	gboolean good = PQconsumeInput(pg) != 0;
	PGnotify *notify;
	while ((notify = PQnotifies(pg)) != NULL) {
		func(notify->relname, notify->extra, data);
		PQfreemem(notify);
	}
	if (good && !connection->broken)
		return TRUE;
	connection->broken = TRUE;
	db_error_set_lost(error, PQerrorMessage(pg));
	return FALSE;
}
