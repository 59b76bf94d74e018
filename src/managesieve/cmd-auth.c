/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AUTHENTICATE, UNAUTHENTICATE and STARTTLS (RFC 5804 sections 2.1, 2.2 and
 * 2.14.1). */
#include "managesieve/session.h"

#include "auth/exchange.h"
#include "managesieve/input.h"
#include "managesieve/reply.h"

static void send_challenge(gpointer data, const char *challenge)
{
	ManageSession *session = data;
	g_autoptr(GString) out = g_string_new(NULL);

	reply_string(out, bytes_of_string(challenge));
	stream_printf(session->stream, "%s\r\n", out->str);
}

static ExchangeEnd receive_response(gpointer data, Bytes *response)
{
	switch (input_read_string(data, response)) {
	case INPUT_STRING:
		return EXCHANGE_DONE;
	case INPUT_TOO_LONG:
		return EXCHANGE_TOO_LONG;
	case INPUT_WRONG:
		return EXCHANGE_MALFORMED;
	case INPUT_ENDED:
		break;
	}
	return EXCHANGE_ENDED;
}

static void log_in(ManageSession *session, Sasl *sasl, const char *mechanism)
{
	g_autoptr(GError) error = NULL;
	ServerConnection *connection = session->connection;
	g_autofree char *how = g_ascii_strup(mechanism, -1);
	User *user = NULL;

	/* Others' answers are not to wait for a wrong password's delay. */
	if (!stream_flush(session->stream, NULL))
		session->is_over = TRUE;
	if (!auth_login(session->server->auth, sasl_user(sasl),
		    sasl_password(sasl), connection->remote, &user, &error)) {
		connection->log.user = sasl_user(sasl);
		reply_fail(session, error, "login-failed");
		connection->log.user = NULL;
		return;
	}
	manage_session_log_in(session, user, how);
	reply_ok(session, NULL, "Logged in");
}

static void authenticate(ManageSession *session, Sasl *sasl,
	const char *mechanism, Bytes initial)
{
	const ExchangeFrame frame = { send_challenge, receive_response,
		session };
	ExchangeEnd end = exchange_run_framed(sasl, &frame, initial);

	if (end == EXCHANGE_DONE)
		log_in(session, sasl, mechanism);
	else if (end == EXCHANGE_ENDED)
		session->is_over = TRUE;
	else
		reply_no(session, NULL, exchange_text(end));
}

void manage_cmd_authenticate(ManageSession *session, const ManageInput *input)
{
	Bytes name = input->arguments[0].text;
	const char *mechanism =
		arena_copy(session->arena, name.data, name.size);
	Bytes initial = { NULL, 0 };

	if (!manage_session_allows_plaintext(session)) {
		reply_no(session, "ENCRYPT-NEEDED",
			"Start TLS before logging in");
		return;
	}
	Sasl *sasl = sasl_new(mechanism);
	if (sasl == NULL) {
		reply_no(session, NULL, "Unknown mechanism");
		return;
	}
	if (input->count > 1)
		initial = input->arguments[1].text;
	authenticate(session, sasl, mechanism, initial);
	sasl_free(&sasl);
}

void manage_cmd_unauthenticate(
	ManageSession *session, const ManageInput *input G_GNUC_UNUSED)
{
	manage_session_log_out(session);
	reply_ok(session, NULL, "Logged out");
}

void manage_cmd_starttls(
	ManageSession *session, const ManageInput *input G_GNUC_UNUSED)
{
	ServerConnection *connection = session->connection;
	g_autoptr(GError) error = NULL;

	if (connection->tls == NULL || stream_is_tls(session->stream)) {
		reply_no(session, NULL,
			connection->tls == NULL ? "TLS is not to be had here" :
						  "TLS is on already");
		return;
	}
	reply_ok(session, NULL, "Begin TLS negotiation now");
	/* What came in plain text behind the command is dropped by this. */
	if (!stream_start_tls(session->stream, connection->tls, &error)) {
		log_event(LOG_LEVEL_INFO, &connection->log, "tls-failed",
			LOG_GERROR(error));
		session->is_over = TRUE;
		return;
	}
	manage_capabilities_write(session);
	reply_ok(session, NULL, "TLS negotiation is complete");
}
