/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AUTHENTICATE, UNAUTHENTICATE and STARTTLS (RFC 5804 sections 2.1, 2.2 and
 * 2.14.1). */
#include "managesieve/session.h"

#include "auth/attempt.h"
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

/* What the server says last goes into the reply (RFC 5804 section 2.1). */
static void log_in(ManageSession *session, const Attempt *attempt, User *user)
{
	g_autofree char *code = attempt_final(attempt) != NULL ?
		g_strdup_printf("SASL \"%s\"", attempt_final(attempt)) :
		NULL;

	manage_session_log_in(session, user, attempt_mechanism(attempt));
	reply_ok(session, code, "Logged in");
}

static void authenticate(
	ManageSession *session, Attempt *attempt, Bytes initial)
{
	const ExchangeFrame frame = { send_challenge, receive_response, session,
		TRUE };
	ServerConnection *connection = session->connection;
	g_autoptr(GError) error = NULL;
	User *user = NULL;

	ExchangeEnd end = attempt_run(attempt, &frame, initial, &user, &error);
	if (end == EXCHANGE_DONE) {
		log_in(session, attempt, user);
	} else if (end == EXCHANGE_REFUSED) {
		connection->log.user = attempt_name(attempt);
		reply_fail(session, error, "login-failed");
		connection->log.user = NULL;
	} else if (end == EXCHANGE_ENDED) {
		session->is_over = TRUE;
	} else {
		reply_no(session, NULL, exchange_text(end));
	}
}

void manage_cmd_authenticate(ManageSession *session, const ManageInput *input)
{
	static const char *const codes[] = {
		[ATTEMPT_UNKNOWN] = NULL,
		[ATTEMPT_NEEDS_TLS] = "ENCRYPT-NEEDED",
		[ATTEMPT_TOO_WEAK] = "AUTH-TOO-WEAK",
	};
	Bytes name = input->arguments[0].text;
	Bytes initial = { NULL, 0 };
	AttemptRefusal why;

	g_autoptr(Attempt) attempt =
		attempt_new(session->server->auth, session->connection,
			arena_copy(session->arena, name.data, name.size), &why);
	if (attempt == NULL) {
		reply_no(session, codes[why], attempt_refusal_text(why));
		return;
	}
	if (input->count > 1 && attempt_asks_first(attempt)) {
		reply_no(
			session, NULL, "The mechanism has no initial response");
		return;
	}
	if (input->count > 1)
		initial = input->arguments[1].text;
	authenticate(session, attempt, initial);
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
