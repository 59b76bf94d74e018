/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a batch as one libpq pipeline, reading answers while it still sends. */
#include <poll.h>

#include "base/timestamp.h"
#include "db/connection-private.h"
#include "db/wait.h"

/* A wait with something to do meanwhile: milliseconds. */
#define WAIT_SLICE 1000
/* What may wait in libpq's buffer before the next statement is put there: a
 * batch of large values needs memory for one of them, not for all. */
#define PIPELINE_UNSENT_MAX (1 << 20)
/* libpq keeps its buffers at the largest size they ever had. */
#define PIPELINE_SWOLLEN (8 << 20)

typedef enum {
	STEP_PREPARE,
	STEP_WRAP,
	STEP_QUERY,
	STEP_SYNC,
} StepKind;

/* One message that will be answered. */
typedef struct {
	StepKind kind;
	const DbStatement *statement;
	guint index; /* in the batch, of a query */
} Step;

typedef struct {
	DbConnection *connection;
	DbBatch *batch;
	GArray *steps;    /* sent, in order, of Step */
	guint answered;   /* how many of them */
	gboolean got_one; /* the next one's answer came, its end did not */
	gsize unsent;     /* bytes queued since the buffer was last empty */
	gboolean lost;
	GError *error; /* the first, with what the server said */
	guint failed;  /* the step it belongs to */
	guint commit;  /* the step that commits; G_MAXUINT before it is sent */
} Pipeline;

static void pipeline_lose(Pipeline *pipeline)
{
	pipeline->lost = TRUE;
	pipeline->connection->broken = TRUE;
}

/* --- reading ------------------------------------------------------------------ */

static void pipeline_note_error(Pipeline *pipeline, const PGresult *result)
{
	const Step *step =
		&g_array_index(pipeline->steps, Step, pipeline->answered);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (state == NULL) {
		/* Made up by libpq for a connection that is gone. */
		pipeline_lose(pipeline);
		return;
	}
	if (pipeline->error != NULL)
		return;
	pipeline->failed = pipeline->answered;
	db_error_set_from_result(&pipeline->error, result,
		step->statement != NULL ? step->statement->name : "commit");
}

/* A COMMIT of a failed transaction succeeds, saying ROLLBACK. */
static void pipeline_check_commit(Pipeline *pipeline, PGresult *result)
{
	if (pipeline->answered != pipeline->commit || pipeline->error != NULL ||
		strcmp(PQcmdStatus(result), "ROLLBACK") != 0)
		return;
	pipeline->failed = pipeline->answered;
	dbmail_error_set(&pipeline->error, DBMAIL_ERROR_INTERNAL,
		"internal error",
		"COMMIT of a transaction that had already failed");
}

static gboolean result_has_huge_value(const PGresult *result)
{
	if (PQresultMemorySize(result) < PIPELINE_SWOLLEN)
		return FALSE;
	int columns = PQnfields(result);
	for (int row = 0; row < PQntuples(result); row++) {
		for (int column = 0; column < columns; column++) {
			if (PQgetlength(result, row, column) >=
				PIPELINE_SWOLLEN)
				return TRUE;
		}
	}
	return FALSE;
}

static void pipeline_keep(Pipeline *pipeline, PGresult *result)
{
	const Step *step =
		&g_array_index(pipeline->steps, Step, pipeline->answered);
	if (step->kind == STEP_WRAP)
		pipeline_check_commit(pipeline, result);
	if (step->kind != STEP_QUERY) {
		PQclear(result);
		return;
	}
	pipeline->connection->swollen |= result_has_huge_value(result);
	db_batch_take_rows(pipeline->batch, step->index, db_rows_take(result));
}

/* Takes one result of the step that is to be answered next. */
static void pipeline_take_result(Pipeline *pipeline, PGresult *result)
{
	const Step *step =
		&g_array_index(pipeline->steps, Step, pipeline->answered);
	ExecStatusType status = PQresultStatus(result);
	pipeline->got_one = TRUE;
	if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK ||
		status == PGRES_EMPTY_QUERY) {
		pipeline_keep(pipeline, result);
		return;
	}
	if (step->kind == STEP_PREPARE)
		g_hash_table_remove(
			pipeline->connection->prepared, step->statement->name);
	if (status == PGRES_PIPELINE_SYNC) {
		pipeline->answered++;
		pipeline->got_one = FALSE;
	} else if (status != PGRES_PIPELINE_ABORTED) {
		/* COPY, which we never ask for, ends here too. */
		pipeline_note_error(pipeline, result);
	}
	PQclear(result);
}

static gboolean pipeline_is_done(const Pipeline *pipeline)
{
	return pipeline->answered == pipeline->steps->len;
}

/* Takes all answers that are here already, never waits. */
static void pipeline_take_ready(Pipeline *pipeline)
{
	PGconn *pg = pipeline->connection->pg;
	guint empty = 0;
	while (!pipeline_is_done(pipeline) && empty < 2 && !PQisBusy(pg)) {
		PGresult *result = PQgetResult(pg);
		if (result != NULL) {
			empty = 0;
			pipeline_take_result(pipeline, result);
			continue;
		}
		const Step *step = &g_array_index(
			pipeline->steps, Step, pipeline->answered);
		if (pipeline->got_one && step->kind != STEP_SYNC) {
			pipeline->answered++;
			pipeline->got_one = FALSE;
		} else {
			empty++;
		}
	}
}

/* --- sending -------------------------------------------------------------------- */

gboolean connection_wait(
	const DbConnection *connection, gboolean write, int patience)
{
	struct pollfd fd = {
		.fd = PQsocket(connection->pg),
		.events = (short)(POLLIN | (write ? POLLOUT : 0)),
	};
	gint64 deadline = g_get_monotonic_time() + (gint64)patience * 1000;
	gboolean has_hook = db_wait_has_hook();
	int left = patience;
	for (;;) {
		int slice = !has_hook ? left :
			left < 0      ? WAIT_SLICE :
					MIN(left, WAIT_SLICE);
		int ready = poll(&fd, 1, slice);
		if (ready > 0)
			return TRUE;
		/* Neither a signal nor a slice may start the wait anew. */
		if (patience >= 0)
			left = (int)MAX(
				0, (deadline - g_get_monotonic_time()) / 1000);
		if (ready == 0 && (left == 0 || !has_hook))
			return FALSE;
		if (ready == 0)
			db_wait_call_hook();
	}
}

/* Sends and reads until what was queued is with the kernel, or until all
 * answers are here. */
static void pipeline_pump(Pipeline *pipeline, gboolean all_answers)
{
	DbConnection *connection = pipeline->connection;
	while (!pipeline->lost) {
		int unsent = PQflush(connection->pg);
		pipeline_take_ready(pipeline);
		if (all_answers ? pipeline_is_done(pipeline) : unsent == 0)
			return;
		if (unsent < 0 || pipeline->lost ||
			!connection_wait(
				connection, unsent > 0, connection->patience)) {
			pipeline_lose(pipeline);
			return;
		}
		if (!PQconsumeInput(connection->pg)) {
			/* What the server said last may explain it. */
			pipeline_take_ready(pipeline);
			if (!pipeline_is_done(pipeline))
				pipeline_lose(pipeline);
			return;
		}
	}
}

static void pipeline_queued(Pipeline *pipeline, Step step, gsize size)
{
	g_array_append_val(pipeline->steps, step);
	pipeline->unsent += size;
	if (size >= PIPELINE_SWOLLEN)
		pipeline->connection->swollen = TRUE;
	if (pipeline->unsent < PIPELINE_UNSENT_MAX)
		return;
	pipeline_pump(pipeline, FALSE);
	pipeline->unsent = 0;
}

static void pipeline_prepare(Pipeline *pipeline, const DbStatement *statement)
{
	DbConnection *connection = pipeline->connection;
	if (g_hash_table_contains(connection->prepared, statement->name))
		return;
	if (!PQsendPrepare(connection->pg, statement->name, statement->text, 0,
		    NULL)) {
		pipeline_lose(pipeline);
		return;
	}
	/* Taken back where the answer is not that it worked. */
	g_hash_table_add(connection->prepared, g_strdup(statement->name));
	connection->prepares++;
	pipeline_queued(pipeline, (Step){ STEP_PREPARE, statement, 0 },
		strlen(statement->text));
}

static void pipeline_execute(
	Pipeline *pipeline, Step step, const DbParams *params)
{
	if (pipeline->lost)
		return;
	pipeline_prepare(pipeline, step.statement);
	if (pipeline->lost)
		return;
	guint count = params != NULL ? db_params_count(params) : 0;
	if (!PQsendQueryPrepared(pipeline->connection->pg, step.statement->name,
		    (int)count, count > 0 ? db_params_values(params) : NULL,
		    count > 0 ? db_params_lengths(params) : NULL,
		    count > 0 ? db_params_formats(params) : NULL, 1)) {
		pipeline_lose(pipeline);
		return;
	}
	pipeline_queued(pipeline, step,
		64 + (params != NULL ? db_params_size(params) : 0));
}

static void pipeline_wrap(Pipeline *pipeline, const DbStatement *const *list)
{
	for (; list != NULL && *list != NULL; list++)
		pipeline_execute(pipeline, (Step){ STEP_WRAP, *list, 0 }, NULL);
}

static void pipeline_send(Pipeline *pipeline, const PipelineWrap *wrap)
{
	pipeline_wrap(pipeline, wrap->before);
	guint count =
		pipeline->batch != NULL ? db_batch_count(pipeline->batch) : 0;
	for (guint i = 0; i < count && !pipeline->lost; i++) {
		Step step = { STEP_QUERY,
			db_batch_statement(pipeline->batch, i), i };
		pipeline_execute(
			pipeline, step, db_batch_params(pipeline->batch, i));
	}
	if (pipeline->lost)
		return;
	/* From here on the server may commit: at the statement after the
	 * batch, or, where there is none, at the end of the pipeline. */
	pipeline->commit = pipeline->steps->len;
	if (wrap->after != NULL &&
		!g_hash_table_contains(
			pipeline->connection->prepared, wrap->after[0]->name))
		pipeline->commit++;
	pipeline_wrap(pipeline, wrap->after);
	if (pipeline->lost)
		return;
	if (PQpipelineSync(pipeline->connection->pg))
		pipeline_queued(pipeline, (Step){ STEP_SYNC, NULL, 0 }, 0);
	else
		pipeline_lose(pipeline);
}

/* --- what came of it --------------------------------------------------------------- */

/* The error of a pipeline whose connection broke before all was answered. */
static void pipeline_set_lost(
	Pipeline *pipeline, const PipelineWrap *wrap, GError **error)
{
	const char *reason = PQerrorMessage(pipeline->connection->pg);
	if (reason == NULL || reason[0] == '\0')
		reason = "no answer from the server in time";
	if (pipeline->error != NULL && pipeline->failed < pipeline->commit)
		g_propagate_error(error, g_steal_pointer(&pipeline->error));
	else if (wrap->commits && pipeline->commit != G_MAXUINT)
		db_error_set_commit_unknown(error, reason);
	else
		db_error_set_lost(error, reason);
	g_clear_error(&pipeline->error);
}

gboolean pipeline_run(DbConnection *connection, DbBatch *batch,
	const PipelineWrap *wrap, GError **error)
{
	g_autoptr(GArray) steps = g_array_sized_new(FALSE, FALSE, sizeof(Step),
		8 + 2 * (batch != NULL ? db_batch_count(batch) : 0));
	Pipeline pipeline = {
		.connection = connection,
		.batch = batch,
		.steps = steps,
		.commit = G_MAXUINT,
	};
	if (batch != NULL)
		db_batch_clear_rows(batch);
	if (connection->broken) {
		db_error_set_lost(error, "the connection was already broken");
		return FALSE;
	}
	connection->round_trips++;
	pipeline_send(&pipeline, wrap);
	pipeline_pump(&pipeline, TRUE);
	if (!pipeline.lost && pipeline.error == NULL)
		return TRUE;
	if (batch != NULL)
		db_batch_clear_rows(batch);
	if (pipeline.lost)
		pipeline_set_lost(&pipeline, wrap, error);
	else
		g_propagate_error(error, pipeline.error);
	return FALSE;
}
