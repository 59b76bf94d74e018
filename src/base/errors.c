/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one error domain, an extended GError that carries the log's detail. */
#include "base/errors.h"

#include <stdarg.h>

typedef struct {
	char *detail;
	char *cause;
} DbmailErrorPrivate;

static void dbmail_error_private_init(DbmailErrorPrivate *priv)
{
	priv->detail = NULL;
	priv->cause = NULL;
}

static void dbmail_error_private_copy(
	const DbmailErrorPrivate *from, DbmailErrorPrivate *to)
{
	to->detail = g_strdup(from->detail);
	to->cause = g_strdup(from->cause);
}

static void dbmail_error_private_clear(DbmailErrorPrivate *priv)
{
	g_free(priv->detail);
	g_free(priv->cause);
}

G_DEFINE_EXTENDED_ERROR(DbmailError, dbmail_error)

void dbmail_error_set(GError **error, DbmailErrorCode code, const char *text,
	const char *detail_format, ...)
{
	if (error == NULL)
		return;
	g_assert(*error == NULL);
	*error = g_error_new_literal(DBMAIL_ERROR, (int)code, text);
	va_list args;
	va_start(args, detail_format);
	dbmail_error_get_private(*error)->detail =
		g_strdup_vprintf(detail_format, args);
	va_end(args);
}

const char *dbmail_error_detail(const GError *error)
{
	if (error->domain != DBMAIL_ERROR)
		return error->message;
	const char *detail = dbmail_error_get_private(error)->detail;
	return detail != NULL ? detail : error->message;
}

void dbmail_error_set_cause(GError *error, const char *cause)
{
	g_assert(error->domain == DBMAIL_ERROR);
	DbmailErrorPrivate *priv = dbmail_error_get_private(error);
	g_free(priv->cause);
	priv->cause = g_strdup(cause);
}

const char *dbmail_error_cause(const GError *error)
{
	if (error->domain != DBMAIL_ERROR)
		return NULL;
	return dbmail_error_get_private(error)->cause;
}

DbmailErrorCode dbmail_error_code(const GError *error)
{
	if (error->domain != DBMAIL_ERROR)
		return DBMAIL_ERROR_INTERNAL;
	return (DbmailErrorCode)error->code;
}
