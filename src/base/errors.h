/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one error domain: few codes, a text for the user, detail for the log. */
#ifndef BASE_ERRORS_H
#define BASE_ERRORS_H

#include <glib.h>

#define DBMAIL_ERROR (dbmail_error_quark())

/* What the caller can do about it.  Each protocol maps these to its replies
 * in one table of its own. */
typedef enum {
	DBMAIL_ERROR_NOT_FOUND,     /* no such user, mailbox, message */
	DBMAIL_ERROR_EXISTS,        /* the name is taken */
	DBMAIL_ERROR_NO_PERMISSION, /* not yours, or not this way */
	DBMAIL_ERROR_AUTH_FAILED,   /* wrong user or password */
	DBMAIL_ERROR_OVER_QUOTA,    /* would exceed the user's quota */
	DBMAIL_ERROR_LIMIT,         /* larger, deeper or more than allowed */
	DBMAIL_ERROR_INVALID,       /* the input breaks its syntax */
	DBMAIL_ERROR_IN_USE,        /* locked by another session */
	DBMAIL_ERROR_TEMPORARY,     /* the same again later may work */
	DBMAIL_ERROR_CLOSED,        /* the peer went away or was too slow */
	DBMAIL_ERROR_UNSUPPORTED,   /* understood, not implemented */
	DBMAIL_ERROR_INTERNAL, /* a bug, or a store that contradicts itself */
} DbmailErrorCode;

GQuark dbmail_error_quark(void);

/* Sets *error (where error is not NULL) to code with `text`, which may be
 * shown to a peer, and the formatted detail, which is for the log alone. */
void dbmail_error_set(GError **error, DbmailErrorCode code, const char *text,
	const char *detail_format, ...) G_GNUC_PRINTF(4, 5);

/* The detail of an error of this domain; the message of any other; never
 * NULL.  Valid as long as the error. */
const char *dbmail_error_detail(const GError *error);

/* The code of an error of this domain; DBMAIL_ERROR_INTERNAL of any other. */
DbmailErrorCode dbmail_error_code(const GError *error);

/* Notes where the error comes from, in words for programs ("23505" and the
 * constraint, say), for callers that must tell causes of one code apart.  Only
 * for an error of this domain. */
void dbmail_error_set_cause(GError *error, const char *cause);

/* What was noted; NULL where nothing was.  Valid as long as the error. */
const char *dbmail_error_cause(const GError *error);

static inline gboolean dbmail_error_is(
	const GError *error, DbmailErrorCode code)
{
	return g_error_matches(error, DBMAIL_ERROR, (int)code);
}

#endif
