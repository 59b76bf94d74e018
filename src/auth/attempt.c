/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One try to log in by SASL, the same for every protocol. */
#include "auth/attempt.h"

#include <string.h>

#include "base/log.h"

struct Attempt {
	Auth *auth;
	const ServerConnection *connection;
	const SaslMechanism *mechanism;
	SaslHost host;
	Sasl *sasl;
	gboolean is_gone; /* nobody reads what we send */

	User *user;      /* whose secrets SCRAM has; then who is in */
	GError *failure; /* why not */
	char *final;
};

/* --- what is offered ----------------------------------------------------------- */

static gboolean can_bind(const ServerConnection *connection)
{
	static const char *const types[] = { "tls-exporter", "tls-unique",
		"tls-server-end-point" };
	guint8 bytes[BINDING_MAX];
	gsize size;

	for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
		if (stream_binding(connection->stream, types[i], bytes, &size))
			return TRUE;
	}
	return FALSE;
}

static AttemptRefusal judge(const Auth *auth,
	const ServerConnection *connection, const SaslMechanism *mechanism)
{
	if (mechanism->is_scram) {
		if (!auth_scram_offered(auth, mechanism->hash))
			return ATTEMPT_UNKNOWN;
		return mechanism->is_plus && !can_bind(connection) ?
			ATTEMPT_NEEDS_TLS :
			ATTEMPT_ALLOWED;
	}
	if (auth_wants_scram(auth))
		return ATTEMPT_TOO_WEAK;
	return auth_plaintext_allowed(
		       auth, server_connection_is_secure(connection)) ?
		ATTEMPT_ALLOWED :
		ATTEMPT_NEEDS_TLS;
}

const char **attempt_mechanisms(
	const Auth *auth, const ServerConnection *connection)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const SaslMechanism *mechanism;

	for (guint i = 0; (mechanism = sasl_mechanism_at(i)) != NULL; i++) {
		if (judge(auth, connection, mechanism) == ATTEMPT_ALLOWED)
			g_ptr_array_add(names, (gpointer)mechanism->name);
	}
	g_ptr_array_add(names, NULL);
	return (const char **)g_ptr_array_steal(names, NULL);
}

const char *attempt_refusal_text(AttemptRefusal why)
{
	static const char *const texts[] = {
		[ATTEMPT_ALLOWED] = "Go on",
		[ATTEMPT_UNKNOWN] = "Unknown mechanism",
		[ATTEMPT_NEEDS_TLS] = "Start TLS before logging in",
		[ATTEMPT_TOO_WEAK] =
			"No passwords are taken here, log in with SCRAM",
	};

	return texts[why];
}

/* --- what SCRAM asks ------------------------------------------------------------ */

static void host_secrets(
	gpointer data, const char *user, ScramHash hash, ScramSecrets *secrets)
{
	Attempt *attempt = data;

	/* A store that does not answer is told at the end. */
	(void)!auth_scram_secrets(attempt->auth, user, hash, secrets,
		&attempt->user, &attempt->failure);
}

static gboolean host_binding(gpointer data, const char *type,
	guint8 out[SASL_BINDING_MAX], gsize *size)
{
	const Attempt *attempt = data;

	return stream_binding(attempt->connection->stream, type, out, size);
}
G_STATIC_ASSERT(SASL_BINDING_MAX == BINDING_MAX);

/* --- one try ---------------------------------------------------------------------- */

Attempt *attempt_new(Auth *auth, const ServerConnection *connection,
	const char *mechanism, AttemptRefusal *why)
{
	const SaslMechanism *found = sasl_mechanism_find(mechanism);

	*why = found != NULL ? judge(auth, connection, found) : ATTEMPT_UNKNOWN;
	if (*why != ATTEMPT_ALLOWED)
		return NULL;
	Attempt *attempt = g_new0(Attempt, 1);
	attempt->auth = auth;
	attempt->connection = connection;
	attempt->mechanism = found;
	attempt->host = (SaslHost){
		.secrets = host_secrets,
		.binding = host_binding,
		.offers_plus = can_bind(connection),
		.data = attempt,
	};
	attempt->sasl = sasl_new(found, &attempt->host);
	return attempt;
}

void attempt_free(Attempt **attempt)
{
	Attempt *old = *attempt;

	if (old == NULL)
		return;
	sasl_free(&old->sasl);
	user_free(&old->user);
	g_clear_error(&old->failure);
	g_free(old->final);
	g_free(old);
	*attempt = NULL;
}

static gboolean accept_scram(Attempt *attempt, const Sasl *sasl)
{
	if (attempt->failure != NULL)
		return FALSE;
	return auth_scram_login(attempt->auth, sasl_user(sasl), attempt->user,
		sasl_is_proven(sasl), attempt->connection->remote,
		&attempt->failure);
}

static gboolean accept_login(gpointer data, const Sasl *sasl)
{
	Attempt *attempt = data;

	/* Others' answers are not to wait for a wrong password's delay. */
	if (!stream_flush(attempt->connection->stream, NULL))
		attempt->is_gone = TRUE;
	if (attempt->mechanism->is_scram)
		return accept_scram(attempt, sasl);
	return auth_login(attempt->auth, sasl_user(sasl), sasl_password(sasl),
		attempt->connection->remote, &attempt->user, &attempt->failure);
}

static void keep_final(Attempt *attempt)
{
	const char *final = sasl_final(attempt->sasl);

	if (final != NULL)
		attempt->final =
			g_base64_encode((const guchar *) final, strlen(final));
}

/* Ends that somebody in between, or a client that wants to be another, comes to;
 * the protocols have no error of these to log. */
static void note_end(const Attempt *attempt, ExchangeEnd end)
{
	if (end == EXCHANGE_UNBOUND || end == EXCHANGE_FOR_OTHERS)
		log_event(LOG_LEVEL_NOTICE, &attempt->connection->log,
			"login-failed",
			LOG_STRING("name", sasl_user(attempt->sasl)),
			LOG_STRING("method", attempt->mechanism->name),
			LOG_STRING("error", exchange_text(end)));
}

ExchangeEnd attempt_run(Attempt *attempt, const ExchangeFrame *frame,
	Bytes initial, User **user, GError **error)
{
	ExchangeEnd end = frame != NULL ?
		exchange_run_framed(
			attempt->sasl, frame, accept_login, attempt, initial) :
		exchange_run(attempt->sasl, attempt->connection->stream,
			accept_login, attempt, initial);

	if (attempt->is_gone)
		return EXCHANGE_ENDED;
	note_end(attempt, end);
	if (end == EXCHANGE_DONE) {
		keep_final(attempt);
		*user = g_steal_pointer(&attempt->user);
	} else if (end == EXCHANGE_REFUSED) {
		g_propagate_error(error, g_steal_pointer(&attempt->failure));
	}
	return end;
}

gboolean attempt_asks_first(const Attempt *attempt)
{
	return attempt->mechanism->asks_first;
}

const char *attempt_mechanism(const Attempt *attempt)
{
	return attempt->mechanism->name;
}

const char *attempt_name(const Attempt *attempt)
{
	return sasl_user(attempt->sasl);
}

const char *attempt_final(const Attempt *attempt)
{
	return attempt->final;
}
