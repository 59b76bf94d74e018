/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AUTHENTICATE (RFC 3501 section 6.2.2) with an initial response (RFC 4959). */
#include "imap/commands.h"

#include "auth/sasl.h"
#include "base/errors.h"
#include "imap/args.h"
#include "imap/login.h"

/* Longest line of an exchange. */
#define RESPONSE_MAX 16384

typedef struct {
	ImapSession *session;
	ImapCommand *command;
	Sasl *sasl;
	gboolean is_over; /* the command has its answer */
} Exchange;

static void fail(Exchange *exchange, const char *text)
{
	command_bad(exchange->command, text);
	exchange->is_over = TRUE;
}

/* Decodes into the arena, strictly: what is no base64 is an error (RFC 4648
 * section 3.3), not a shorter password. */
static gboolean decode(Exchange *exchange, Bytes line, Bytes *response)
{
	Arena *arena = exchange->session->arena;
	char *text = arena_copy(arena, line.data, line.size);
	gsize size = 0;

	for (gsize i = 0; i < line.size; i++) {
		gboolean is_padding = text[i] == '=' && i + 2 >= line.size;
		if (!g_ascii_isalnum(text[i]) && text[i] != '+' &&
			text[i] != '/' && !is_padding)
			return FALSE;
	}
	if (line.size % 4 != 0)
		return FALSE;
	if (line.size > 0)
		g_base64_decode_inplace(text, &size);
	*response = bytes_of(text, size);
	return TRUE;
}

static gboolean send_challenge(Exchange *exchange, Bytes challenge)
{
	g_autofree char *text =
		g_base64_encode((const guchar *)challenge.data, challenge.size);
	Stream *stream = exchange->session->stream;

	stream_printf(stream, "+ %s\r\n", text);
	return !stream_failed(stream);
}

static gboolean read_response(Exchange *exchange, Bytes *response)
{
	ImapSession *session = exchange->session;
	g_autoptr(GError) error = NULL;
	Bytes line;

	if (!stream_read_line(session->stream, RESPONSE_MAX, &line, &error)) {
		if (dbmail_error_is(error, DBMAIL_ERROR_LIMIT))
			fail(exchange, "Response too long");
		else
			session->is_over = TRUE;
		return FALSE;
	}
	if (line.size == 1 && line.data[0] == '*') {
		fail(exchange, "Cancelled");
		return FALSE;
	}
	if (decode(exchange, line, response))
		return TRUE;
	fail(exchange, "Response is not base64");
	return FALSE;
}

/* Leads the exchange to its end; TRUE when user and password are known. */
static gboolean run_exchange(Exchange *exchange, const AuthenticateArgs *args)
{
	Bytes response = { NULL, 0 };
	Bytes challenge = { NULL, 0 };

	if (args->has_initial) {
		if (!decode(exchange, args->initial, &response)) {
			fail(exchange, "Response is not base64");
			return FALSE;
		}
		if (response.data == NULL)
			response.data = "";
	}
	for (;;) {
		switch (sasl_step(exchange->sasl, response, &challenge)) {
		case SASL_DONE:
			return TRUE;
		case SASL_INVALID:
			fail(exchange, "Malformed response");
			return FALSE;
		case SASL_CONTINUE:
			break;
		}
		if (!send_challenge(exchange, challenge) ||
			!read_response(exchange, &response))
			return FALSE;
	}
}

static gboolean log_in(Exchange *exchange, GError **error)
{
	const char *user = sasl_user(exchange->sasl);
	const char *as = sasl_authorisation(exchange->sasl);
	const AuthenticateArgs *args = exchange->command->args;
	ImapSession *session = exchange->session;
	g_autofree char *how = g_ascii_strup(
		args->mechanism.data, (gssize)args->mechanism.size);

	if (as[0] != '\0' && g_ascii_strcasecmp(as, user) != 0) {
		session->is_error = TRUE;
		return command_no(exchange->command,
			"[AUTHORIZATIONFAILED] Nobody may log in for others");
	}
	return login_with(session, exchange->command, user,
		sasl_password(exchange->sasl), how, error);
}

gboolean cmd_authenticate(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const AuthenticateArgs *args = command->args;
	Exchange exchange = { .session = session, .command = command };
	const char *mechanism = arena_copy(
		session->arena, args->mechanism.data, args->mechanism.size);

	if (!session_allows_plaintext(session))
		return command_no(command,
			"[PRIVACYREQUIRED] Start TLS before logging in");
	exchange.sasl = sasl_new(mechanism);
	if (exchange.sasl == NULL)
		return command_no(command, "[CANNOT] Unknown mechanism");
	gboolean ok = TRUE;
	if (run_exchange(&exchange, args))
		ok = log_in(&exchange, error);
	sasl_free(&exchange.sasl);
	return ok;
}
