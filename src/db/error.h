/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a database error means: SQLSTATE to error code and to what to do. */
#ifndef DB_ERROR_H
#define DB_ERROR_H

#include <glib.h>

#include "base/errors.h"

/* Errors of this folder are of DBMAIL_ERROR.  The one table from SQLSTATE to
 * code is in error.c; in short: 23505 EXISTS; 40001, 40P01, 23503 (after all
 * retries), lost connections, full disks and timeouts TEMPORARY; 55P03 IN_USE;
 * class 22 (the value does not fit its type) INVALID; all else INTERNAL.
 *
 * Our own SQL raises class DM, whose message is the text for the user:
 * DM403 NO_PERMISSION, DM404 NOT_FOUND, DM409 EXISTS, DM413 LIMIT,
 * DM422 INVALID, DM423 IN_USE, DM452 OVER_QUOTA, DM503 TEMPORARY; DM600 asks
 * the pool's DbMend for help and is TEMPORARY without it. */

/* TRUE when the error came from the server with this SQLSTATE ("23505"). */
gboolean db_error_is_state(const GError *error, const char *sqlstate);

/* TRUE when the error came from this constraint or unique index. */
gboolean db_error_is_constraint(const GError *error, const char *constraint);

/* The constraint the server named, or "". */
const char *db_error_constraint(const GError *error);

/* TRUE when the connection was lost after COMMIT was sent and before its
 * answer came: the transaction may or may not be on disk.  The code is
 * TEMPORARY.  Only the caller knows whether it may do it again. */
gboolean db_error_is_commit_unknown(const GError *error);

/* What the pool does about it. */
typedef enum {
	DB_FAILURE_FINAL,    /* the same again would fail again */
	DB_FAILURE_RETRY,    /* rolled back; the same again may work */
	DB_FAILURE_LOST,     /* the connection is of no more use */
	DB_FAILURE_LOST_ALL, /* nor are the others to this server */
} DbFailure;

DbFailure db_error_failure(const GError *error);

/* Sets *error from a failed PGresult (as void) of the named statement. */
void db_error_set_from_result(
	GError **error, const void *result, const char *statement);

/* Sets *error for a connection that broke; reason is libpq's text. */
void db_error_set_lost(GError **error, const char *reason);

/* Sets *error for a COMMIT without an answer; reason is libpq's text. */
void db_error_set_commit_unknown(GError **error, const char *reason);

#endif
