/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The capabilities a session has (RFC 5804 section 1.7). */
#include "managesieve/session.h"

#include "sieve/extension.h"
#include "auth/attempt.h"
#include "deliver/script-check.h"
#include "managesieve/reply.h"

/* Each appends its value, or returns FALSE: not now.  One that appends nothing
 * has none. */
typedef gboolean (*CapabilityFunc)(
	const ManageSession *session, GString *value);

static gboolean implementation(const ManageSession *session, GString *value)
{
	/* The version is nobody's business before log-in. */
	g_string_append(value,
		session->state == MANAGE_LOGGED_IN ? "DBMail " PACKAGE_VERSION :
						     "DBMail");
	return TRUE;
}

static gboolean version(
	const ManageSession *session G_GNUC_UNUSED, GString *value)
{
	g_string_append(value, "1.0");
	return TRUE;
}

static gboolean language(
	const ManageSession *session G_GNUC_UNUSED, GString *value)
{
	g_string_append(value, "en");
	return TRUE;
}

static gboolean can_start_tls(const ManageSession *session)
{
	return session->connection->tls != NULL &&
		!stream_is_tls(session->stream) &&
		session->state == MANAGE_STRANGER;
}

static gboolean sasl(const ManageSession *session, GString *value)
{
	g_autofree const char **names =
		attempt_mechanisms(session->server->auth, session->connection);
	g_autofree char *joined = g_strjoinv(" ", (char **)names);

	/* It may be empty only where STARTTLS is told, too. */
	g_string_append(value, joined);
	return joined[0] != '\0' || can_start_tls(session);
}

static SieveExtensions extensions_of(const ManageSession *session)
{
	return script_extensions_delivery(session->settings);
}

static gboolean sieve(const ManageSession *session, GString *value)
{
	sieve_extensions_write(extensions_of(session), value);
	return TRUE;
}

/* RFC 5435: where enotify is, its methods are told. */
static gboolean notify(const ManageSession *session, GString *value)
{
	g_string_append(value, "mailto");
	return (extensions_of(session) >> SIEVE_EXT_ENOTIFY) & 1;
}

/* RFC 6134 section 2.8: the schemes of the lists there are. */
static gboolean extlists(const ManageSession *session, GString *value)
{
	g_string_append(value, "urn tag");
	return (extensions_of(session) >> SIEVE_EXT_EXTLISTS) & 1;
}

static gboolean max_redirects(const ManageSession *session, GString *value)
{
	SieveLimits limits = script_limits(session->settings);

	g_string_append_printf(value, "%u", limits.max_redirects);
	return TRUE;
}

static gboolean starttls(
	const ManageSession *session, GString *value G_GNUC_UNUSED)
{
	return can_start_tls(session);
}

static gboolean owner(const ManageSession *session, GString *value)
{
	if (session->state != MANAGE_LOGGED_IN)
		return FALSE;
	g_string_append(value, session->user->name);
	return TRUE;
}

static gboolean always(const ManageSession *session G_GNUC_UNUSED,
	GString *value G_GNUC_UNUSED)
{
	return TRUE;
}

/* has_value: one that is empty is told as "". */
static const struct {
	const char *name;
	gboolean has_value;
	CapabilityFunc get;
} capabilities[] = {
	{ "IMPLEMENTATION", TRUE, implementation },
	{ "SIEVE", TRUE, sieve },
	{ "NOTIFY", TRUE, notify },
	{ "EXTLISTS", TRUE, extlists },
	{ "SASL", TRUE, sasl },
	{ "MAXREDIRECTS", TRUE, max_redirects },
	{ "OWNER", TRUE, owner },
	{ "STARTTLS", FALSE, starttls },
	{ "UNAUTHENTICATE", FALSE, always },
	{ "LANGUAGE", TRUE, language },
	{ "VERSION", TRUE, version },
};

void manage_capabilities_write(ManageSession *session)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(capabilities); i++) {
		g_autoptr(GString) value = g_string_new(NULL);
		if (!capabilities[i].get(session, value))
			continue;
		g_string_append_printf(out, "\"%s\"", capabilities[i].name);
		if (capabilities[i].has_value) {
			g_string_append_c(out, ' ');
			reply_string(out, bytes_of(value->str, value->len));
		}
		g_string_append(out, "\r\n");
	}
	stream_write(session->stream, out->str, out->len);
}
