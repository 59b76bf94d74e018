/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLSTATEs: one table says what each means to callers and to the pool. */
#include "db/error.h"

#include <libpq-fe.h>
#include <string.h>

#define TEXT_BUSY "the database is not available, try again later"
#define TEXT_BUG "internal error"
#define TEXT_RIGHTS \
	"the database refuses what is needed: dburi in [DBMAIL] must name " \
	"the role that owns the tables, or one with rights on them"
#define TEXT_LOST "the connection to the database was lost, try again later"

/* The cause of an error of ours: "lost", "commit-unknown", or
 * "SQLSTATE:constraint". */
#define CAUSE_LOST "lost"
#define CAUSE_COMMIT_UNKNOWN "commit-unknown"

typedef struct {
	const char *state; /* a SQLSTATE or, two letters, a class */
	DbmailErrorCode code;
	DbFailure failure;
	const char *text; /* NULL: the server's message, which is ours */
} StateRow;

/* The first row that fits counts. */
static const StateRow states[] = {
	{ "DM403", DBMAIL_ERROR_NO_PERMISSION, DB_FAILURE_FINAL, NULL },
	{ "DM404", DBMAIL_ERROR_NOT_FOUND, DB_FAILURE_FINAL, NULL },
	{ "DM409", DBMAIL_ERROR_EXISTS, DB_FAILURE_FINAL, NULL },
	{ "DM413", DBMAIL_ERROR_LIMIT, DB_FAILURE_FINAL, NULL },
	{ "DM422", DBMAIL_ERROR_INVALID, DB_FAILURE_FINAL, NULL },
	{ "DM423", DBMAIL_ERROR_IN_USE, DB_FAILURE_FINAL, NULL },
	{ "DM452", DBMAIL_ERROR_OVER_QUOTA, DB_FAILURE_FINAL, NULL },
	{ "DM503", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_FINAL, NULL },

	/* what DbMend is for */
	{ "DM600", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_RETRY, TEXT_BUSY },

	/* rolled back because of somebody else */
	{ "40001", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_RETRY, TEXT_BUSY },
	{ "40P01", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_RETRY, TEXT_BUSY },
	{ "23503", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_RETRY, TEXT_BUSY },

	{ "23505", DBMAIL_ERROR_EXISTS, DB_FAILURE_FINAL, "already exists" },
	{ "55P03", DBMAIL_ERROR_IN_USE, DB_FAILURE_FINAL,
		"in use by another session" },

	/* an administrator's slip, and no reason to bounce mail */
	{ "42501", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_FINAL, TEXT_RIGHTS },

	/* a plan or a prepared statement the server no longer has: a fresh
	 * connection knows nothing of either */
	{ "0A000", DBMAIL_ERROR_INTERNAL, DB_FAILURE_LOST, TEXT_BUG },
	{ "26000", DBMAIL_ERROR_INTERNAL, DB_FAILURE_LOST, TEXT_BUG },
	{ "42P05", DBMAIL_ERROR_INTERNAL, DB_FAILURE_LOST, TEXT_BUG },

	/* a standby, or a server that goes down */
	{ "25006", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_LOST_ALL, TEXT_BUSY },
	{ "57P01", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_LOST, TEXT_LOST },
	{ "57P02", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_LOST_ALL, TEXT_LOST },
	{ "57P03", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_LOST_ALL, TEXT_LOST },
	{ "57P05", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_LOST, TEXT_LOST },
	{ "25P03", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_LOST, TEXT_LOST },
	{ "08", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_LOST, TEXT_LOST },

	{ "53", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_FINAL, TEXT_BUSY },
	{ "57", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_FINAL, TEXT_BUSY },
	{ "58", DBMAIL_ERROR_TEMPORARY, DB_FAILURE_FINAL, TEXT_BUSY },
	{ "22", DBMAIL_ERROR_INVALID, DB_FAILURE_FINAL,
		"a value is not valid here" },
};

static const StateRow state_of_a_bug = { "", DBMAIL_ERROR_INTERNAL,
	DB_FAILURE_FINAL, TEXT_BUG };

static const StateRow *state_find(const char *state)
{
	for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
		if (g_str_has_prefix(state, states[i].state))
			return &states[i];
	}
	return &state_of_a_bug;
}

/* --- asking an error --------------------------------------------------------- */

static const char *error_cause(const GError *error)
{
	const char *cause = error != NULL ? dbmail_error_cause(error) : NULL;
	return cause != NULL ? cause : "";
}

gboolean db_error_is_state(const GError *error, const char *sqlstate)
{
	g_assert(strlen(sqlstate) == 5);
	const char *cause = error_cause(error);
	return strlen(cause) > 5 && cause[5] == ':' &&
		strncmp(cause, sqlstate, 5) == 0;
}

gboolean db_error_is_constraint(const GError *error, const char *constraint)
{
	const char *cause = error_cause(error);
	return strlen(cause) > 5 && cause[5] == ':' &&
		strcmp(cause + 6, constraint) == 0;
}

const char *db_error_constraint(const GError *error)
{
	const char *cause = error_cause(error);
	return strlen(cause) > 5 && cause[5] == ':' ? cause + 6 : "";
}

gboolean db_error_is_commit_unknown(const GError *error)
{
	return strcmp(error_cause(error), CAUSE_COMMIT_UNKNOWN) == 0;
}

DbFailure db_error_failure(const GError *error)
{
	const char *cause = error_cause(error);
	if (strcmp(cause, CAUSE_LOST) == 0)
		return DB_FAILURE_LOST;
	if (strlen(cause) > 5 && cause[5] == ':')
		return state_find(cause)->failure;
	return DB_FAILURE_FINAL;
}

/* --- making one ---------------------------------------------------------------- */

static const char *result_field(const PGresult *result, int field)
{
	const char *value = PQresultErrorField(result, field);
	return value != NULL ? value : "";
}

void db_error_set_from_result(
	GError **error, const void *result, const char *statement)
{
	const char *state = result_field(result, PG_DIAG_SQLSTATE);
	if (strlen(state) != 5) {
		/* Made up by libpq: the server did not say anything. */
		db_error_set_lost(error, PQresultErrorMessage(result));
		return;
	}
	const StateRow *row = state_find(state);
	const char *message = result_field(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *constraint = result_field(result, PG_DIAG_CONSTRAINT_NAME);
	GError *made = NULL;
	/* The server's DETAIL may show a whole row: it stays out. */
	dbmail_error_set(&made, row->code,
		row->text != NULL ? row->text : message,
		"statement %s: SQLSTATE %s: %s%s%s", statement, state, message,
		constraint[0] != '\0' ? " constraint=" : "", constraint);
	g_autofree char *cause = g_strconcat(state, ":", constraint, NULL);
	dbmail_error_set_cause(made, cause);
	g_propagate_error(error, made);
}

static void error_set_with_cause(GError **error, const char *text,
	const char *detail, const char *reason, const char *cause)
{
	/* libpq's messages are lines that end in a newline. */
	g_autofree char *line = g_strdup(reason);
	g_strdelimit(g_strchomp(line), "\n", ' ');
	GError *made = NULL;
	dbmail_error_set(
		&made, DBMAIL_ERROR_TEMPORARY, text, "%s: %s", detail, line);
	dbmail_error_set_cause(made, cause);
	g_propagate_error(error, made);
}

void db_error_set_lost(GError **error, const char *reason)
{
	error_set_with_cause(
		error, TEXT_LOST, "connection lost", reason, CAUSE_LOST);
}

void db_error_set_commit_unknown(GError **error, const char *reason)
{
	error_set_with_cause(error, TEXT_LOST, "commit outcome unknown", reason,
		CAUSE_COMMIT_UNKNOWN);
}
