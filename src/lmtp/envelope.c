/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAIL, RCPT and VRFY: from whom, and to whom. */
#include "base/errors.h"
#include "base/text.h"
#include "lmtp/command.h"
#include "lmtp/path.h"

/* What the parameters of one MAIL say. */
typedef struct {
	LmtpSession *session;
	guint seen; /* bit i: row i of the table below was there */
	gboolean is_utf8;
	gboolean is_binary;
} MailParameters;

/* --- parameters of MAIL -------------------------------------------------------- */

/* RFC 1870: how large the client thinks the message is. */
static Reply take_size(MailParameters *parameters, Bytes value)
{
	gsize max = store_max_message_size(parameters->session->state->store);
	guint64 size;

	/* Twenty digits at most; a number no counter holds is too large. */
	for (gsize i = 0; i < value.size; i++) {
		if (!g_ascii_isdigit(value.data[i]))
			return REPLY_BAD_SYNTAX;
	}
	if (value.size == 0 || value.size > 20)
		return REPLY_BAD_SYNTAX;
	if (!text_to_number(value, G_MAXUINT64, &size) || size > max)
		return REPLY_TOO_LARGE;
	return NULL;
}

/* RFC 6152, RFC 3030.  7BIT and 8BITMIME are the same to us. */
static Reply take_body(MailParameters *parameters, Bytes value)
{
	static const char *const kinds[] = { "7BIT", "8BITMIME", "BINARYMIME" };

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (!text_equal_nocase(value, kinds[i]))
			continue;
		parameters->is_binary = i == 2;
		return NULL;
	}
	return REPLY_BAD_SYNTAX;
}

/* RFC 6531. */
static Reply take_utf8(MailParameters *parameters, Bytes value)
{
	parameters->is_utf8 = TRUE;
	return value.data == NULL ? NULL : REPLY_BAD_SYNTAX;
}

static const struct {
	const char *keyword;
	Reply (*take)(MailParameters *parameters, Bytes value);
} mail_parameters[] = {
	{ "SIZE", take_size },
	{ "BODY", take_body },
	{ "SMTPUTF8", take_utf8 },
};

static Reply take_parameter(
	MailParameters *parameters, const PathParameter *parameter)
{
	for (guint i = 0; i < G_N_ELEMENTS(mail_parameters); i++) {
		if (!text_equal_nocase(
			    parameter->keyword, mail_parameters[i].keyword))
			continue;
		if (parameters->seen & 1u << i)
			return REPLY_BAD_SYNTAX;
		parameters->seen |= 1u << i;
		return mail_parameters[i].take(parameters, parameter->value);
	}
	return "555 5.5.4 parameter not recognized";
}

static Reply take_parameters(MailParameters *parameters, Bytes rest)
{
	PathParameterResult result;
	PathParameter parameter;

	while ((result = path_parameter_next(&rest, &parameter)) ==
		PATH_PARAMETER) {
		Reply refusal = take_parameter(parameters, &parameter);
		if (refusal != NULL)
			return refusal;
	}
	return result == PATH_PARAMETERS_END ? NULL : REPLY_BAD_SYNTAX;
}

/* --- paths --------------------------------------------------------------------- */

/* Reads "FROM:<path>" or "TO:<path>" off the front of the arguments. */
static gboolean take_path(Bytes *arguments, const char *keyword, Path *path)
{
	if (!text_has_prefix_nocase(*arguments, keyword))
		return FALSE;
	Bytes text = bytes_slice(*arguments, strlen(keyword), arguments->size);
	gsize size = path_parse(text, path);
	*arguments = bytes_slice(text, size, text.size);
	return size > 0;
}

/* --- the commands -------------------------------------------------------------- */

void lmtp_command_mail(LmtpSession *session, Bytes arguments)
{
	LmtpTransaction *transaction = &session->transaction;
	MailParameters parameters = { .session = session };
	Path path;

	if (transaction->is_open) {
		lmtp_session_wrong(session, "503 5.5.1 MAIL was said already");
		return;
	}
	if (!take_path(&arguments, "FROM:", &path)) {
		lmtp_session_wrong(session, "501 5.1.7 MAIL FROM:<address>");
		return;
	}
	Reply refusal = take_parameters(&parameters, arguments);
	if (refusal == NULL && path.has_utf8 && !parameters.is_utf8)
		refusal = "553 5.6.7 address is not ASCII: SMTPUTF8 is needed";
	if (refusal != NULL) {
		lmtp_session_wrong(session, refusal);
		return;
	}
	lmtp_session_reset(session);
	transaction->is_open = TRUE;
	transaction->is_utf8 = parameters.is_utf8;
	transaction->is_binary = parameters.is_binary;
	transaction->sender = path.address.size > 0 ?
		g_strndup(path.address.data, path.address.size) :
		g_strdup("");
	session->count++;
	session->errors = 0;
	lmtp_session_reply(session, "250 2.1.0 ok");
}

/* One line for a recipient that is refused at once; the others have theirs
 * when the message has come. */
static void log_refused(
	LmtpSession *session, const char *address, Reply reply, GError *error)
{
	LogLevel level = dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND) ||
			dbmail_error_is(error, DBMAIL_ERROR_OVER_QUOTA) ?
		LOG_LEVEL_NOTICE :
		LOG_LEVEL_WARNING;

	log_event(level, &session->connection->log, "recipient-refused",
		LOG_NUMBER("transaction", session->count),
		LOG_STRING("from", session->transaction.sender),
		LOG_STRING("to", address), LOG_STRING("reply", reply),
		LOG_GERROR(error));
}

static gboolean resolve(LmtpSession *session, Bytes address,
	DeliverRecipient **recipient, Reply *refusal)
{
	g_autofree char *text = g_strndup(address.data, address.size);
	g_autoptr(GError) error = NULL;

	if (deliver_resolve(session->state->deliverer, session->settings, text,
		    recipient, &error))
		return TRUE;
	*refusal = reply_of_error(error, session->settings);
	log_refused(session, text, *refusal, error);
	return FALSE;
}

void lmtp_command_rcpt(LmtpSession *session, Bytes arguments)
{
	LmtpTransaction *transaction = &session->transaction;
	DeliverTo to = { .recipient = NULL };
	PathParameter parameter;
	Reply refusal = NULL;
	Path path;

	if (!take_path(&arguments, "TO:", &path) || path.address.size == 0) {
		lmtp_session_wrong(session, "501 5.1.3 RCPT TO:<address>");
		return;
	}
	PathParameterResult result =
		path_parameter_next(&arguments, &parameter);
	if (result != PATH_PARAMETERS_END) {
		lmtp_session_wrong(session,
			result == PATH_PARAMETER ?
				"555 5.5.4 parameter not recognized" :
				REPLY_BAD_SYNTAX);
		return;
	}
	if (path.has_utf8 && !transaction->is_utf8) {
		lmtp_session_wrong(session,
			"553 5.6.7 address is not ASCII: SMTPUTF8 is needed");
		return;
	}
	session->errors = 0;
	if (transaction->to->len >=
		(guint)session->settings->LMTP_max_recipients) {
		lmtp_session_reply(session, "452 4.5.3 too many recipients");
		return;
	}
	if (!resolve(session, path.address, &to.recipient, &refusal)) {
		lmtp_session_reply(session, refusal);
		return;
	}
	g_array_append_val(transaction->to, to);
	lmtp_session_reply(session, "250 2.1.5 ok");
}

/* VRFY name, VRFY address, VRFY <address>. */
void lmtp_command_vrfy(LmtpSession *session, Bytes arguments)
{
	DeliverRecipient *recipient = NULL;
	Reply refusal = NULL;
	Path path;

	g_autofree char *bracketed = g_strdup_printf("<%.*s>",
		(int)MIN(arguments.size, PATH_ADDRESS_MAX + 1),
		arguments.data != NULL ? arguments.data : "");
	Bytes text = arguments.size > 0 && arguments.data[0] == '<' ?
		arguments :
		bytes_of_string(bracketed);
	if (path_parse(text, &path) == 0 || path.address.size == 0) {
		lmtp_session_wrong(session, "501 5.1.3 VRFY address");
		return;
	}
	session->errors = 0;
	if (!resolve(session, path.address, &recipient, &refusal)) {
		lmtp_session_reply(session, refusal);
		return;
	}
	deliver_recipient_free(&recipient);
	/* Showing it would take the parameter SMTPUTF8 (RFC 6531 section
	 * 3.7.4.2), which nobody sends. */
	if (path.has_utf8) {
		lmtp_session_reply(session, "252 2.1.5 will be accepted");
		return;
	}
	stream_puts(session->stream, "250 2.1.5 <");
	stream_write(session->stream, path.address.data, path.address.size);
	stream_puts(session->stream, ">\r\n");
}
