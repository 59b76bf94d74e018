/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of SMTP (RFC 5321): one connection, one mail after the other. */
#include "queue/smtp.h"

#include "base/errors.h"
#include "base/text.h"
#include "net/address.h"
#include "net/connect.h"
#include "queue/content.h"

#define CHUNK_SIZE ((gsize)1024 * 1024)
#define QUIT_SECONDS 2
/* However slowly a server takes a message, it must have it, or each chunk of
 * it, in so many times the time for a reply. */
#define CONTENT_TIMES 10

struct Smtp {
	const SmtpServer *server;
	Stream *stream;
	char *remote;
	ReplyAbilities can;
	guint patience;     /* seconds for a whole reply */
	Reply reply;        /* the last; code 0: there came none, for text */
	gboolean is_broken; /* nothing can be asked any more */
	gboolean is_begun;  /* MAIL was sent, and nothing has ended it */
	gboolean is_used;   /* MAIL was answered once */
};

/* --- asking ------------------------------------------------------------------ */

static guint no_reply(Smtp *smtp, const char *why)
{
	smtp->is_broken = TRUE;
	smtp->reply.code = 0;
	g_string_assign(smtp->reply.text, why);
	return 0;
}

static guint connection_failed(Smtp *smtp)
{
	if (stream_timed_out(smtp->stream))
		return no_reply(smtp, "the server was silent for too long");
	if (stream_draining(smtp->stream))
		return no_reply(smtp, "dbmail-queued had to stop");
	if (stream_peer_closed(smtp->stream))
		return no_reply(smtp, "the server closed the connection");
	return no_reply(smtp, "the connection failed, or a reply was too long");
}

static void set_patience(Smtp *smtp, guint seconds)
{
	smtp->patience = seconds;
	stream_set_timeout(smtp->stream, seconds);
}

static guint read_lines(Smtp *smtp, ReplyAbilities *abilities)
{
	Bytes line, rest;
	ReplyState state = REPLY_MORE;

	reply_clear(&smtp->reply);
	reply_init(&smtp->reply);
	while (state == REPLY_MORE) {
		/* As "command" it is broken off when there is a hurry. */
		if (!stream_read_command(
			    smtp->stream, REPLY_LINE_MAX, &line, NULL))
			return connection_failed(smtp);
		state = reply_take(&smtp->reply, line, &rest);
		if (state == REPLY_WRONG)
			return no_reply(smtp, "the server does not speak SMTP");
		/* The first line is the server's name. */
		if (abilities != NULL && smtp->reply.lines > 1)
			reply_ability(abilities, rest);
	}
	smtp->is_broken |= smtp->reply.code == 421;
	return smtp->reply.code;
}

/* Reads a reply of any number of lines, which has to be there in time as a
 * whole; returns its code, 0 where none came. */
static guint read_reply(Smtp *smtp, ReplyAbilities *abilities)
{
	stream_set_deadline(smtp->stream, smtp->patience);
	guint code = read_lines(smtp, abilities);
	stream_set_deadline(smtp->stream, 0);
	return code;
}

static gboolean is_good(guint code)
{
	return code / 100 == 2;
}

/* One command is said at a time: what is there already when the next one is to
 * be said would be taken for the answer to that. */
static gboolean may_speak(Smtp *smtp)
{
	if (!stream_has_input(smtp->stream))
		return TRUE;
	no_reply(smtp, "the server answered what it was not asked");
	return FALSE;
}

static guint ask(Smtp *smtp, const char *command)
{
	if (!may_speak(smtp))
		return 0;
	stream_puts(smtp->stream, command);
	stream_puts(smtp->stream, "\r\n");
	return read_reply(smtp, NULL);
}

/* --- opening ----------------------------------------------------------------- */

static gboolean open_failed(Smtp *smtp, const char *step, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"%s: %s: %s", smtp->remote, step, smtp->reply.text->str);

	dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY, text, "%s", text);
	return FALSE;
}

static gboolean say_hello(Smtp *smtp, GError **error)
{
	guint code = 0;

	smtp->can = (ReplyAbilities){ 0 };
	if (may_speak(smtp)) {
		stream_printf(smtp->stream, "EHLO %s\r\n", smtp->server->hello);
		code = read_reply(smtp, &smtp->can);
	}
	if (code >= 500 && !smtp->is_broken && may_speak(smtp)) {
		/* A server of before 1995. */
		smtp->can = (ReplyAbilities){ 0 };
		stream_printf(smtp->stream, "HELO %s\r\n", smtp->server->hello);
		code = read_reply(smtp, NULL);
	}
	return code == 250 || open_failed(smtp, "EHLO", error);
}

static gboolean shake_hands(Smtp *smtp, GError **error)
{
	g_autoptr(GError) failure = NULL;

	if (stream_start_tls_client(smtp->stream, smtp->server->context,
		    smtp->server->host, &failure))
		return TRUE;
	no_reply(smtp, dbmail_error_detail(failure));
	return open_failed(smtp, "TLS", error);
}

static gboolean start_tls(Smtp *smtp, GError **error)
{
	SmtpTls tls = smtp->server->tls;

	if (tls == SMTP_TLS_NONE || stream_is_tls(smtp->stream) ||
		(tls == SMTP_TLS_OFFERED && !smtp->can.starttls))
		return TRUE;
	if (!smtp->can.starttls) {
		no_reply(smtp, "the server does not offer STARTTLS");
		return open_failed(smtp, "smtp_tls = required", error);
	}
	if (ask(smtp, "STARTTLS") != 220)
		return open_failed(smtp, "STARTTLS", error);
	return shake_hands(smtp, error) && say_hello(smtp, error);
}

static gboolean password_is_safe(Smtp *smtp)
{
	Address peer = address_of_peer(stream_fd(smtp->stream));

	return stream_is_tls(smtp->stream) || address_is_loopback(&peer);
}

static char *base64(const char *data, gsize size)
{
	return g_base64_encode((const guchar *)data, size);
}

static guint log_in_plain(Smtp *smtp)
{
	const SmtpServer *server = smtp->server;
	g_autoptr(GString) secret = g_string_new(NULL);

	g_string_append_c(secret, '\0');
	g_string_append(secret, server->user);
	g_string_append_c(secret, '\0');
	g_string_append(secret, server->password);
	g_autofree char *coded = base64(secret->str, secret->len);
	g_autofree char *line = g_strdup_printf("AUTH PLAIN %s", coded);
	return ask(smtp, line);
}

static guint log_in_login(Smtp *smtp)
{
	const SmtpServer *server = smtp->server;
	g_autofree char *user = base64(server->user, strlen(server->user));
	g_autofree char *password =
		base64(server->password, strlen(server->password));
	guint code = ask(smtp, "AUTH LOGIN");

	if (code == 334)
		code = ask(smtp, user);
	return code == 334 ? ask(smtp, password) : code;
}

static gboolean log_in(Smtp *smtp, GError **error)
{
	guint code = 0;

	if (smtp->server->user[0] == '\0')
		return TRUE;
	if (!password_is_safe(smtp))
		no_reply(smtp,
			"the password is not sent without TLS; set smtp_tls");
	else if (smtp->can.auth_plain)
		code = log_in_plain(smtp);
	else if (smtp->can.auth_login)
		code = log_in_login(smtp);
	else
		no_reply(
			smtp, "the server offers neither AUTH PLAIN nor LOGIN");
	return code == 235 || open_failed(smtp, "AUTH", error);
}

static gboolean open_session(Smtp *smtp, GError **error)
{
	if (smtp->server->tls == SMTP_TLS_IMPLICIT && !shake_hands(smtp, error))
		return FALSE;
	if (read_reply(smtp, NULL) != 220)
		return open_failed(smtp, "greeting", error);
	return say_hello(smtp, error) && start_tls(smtp, error) &&
		log_in(smtp, error);
}

static void note_remote(Smtp *smtp)
{
	Address peer = address_of_peer(stream_fd(smtp->stream));
	char text[ADDRESS_TEXT_SIZE];

	address_format(&peer, text);
	smtp->remote = g_strdup_printf(
		"%s [%s]:%u", smtp->server->host, text, smtp->server->port);
}

Smtp *smtp_open(const SmtpServer *server, GError **error)
{
	Stream *stream = stream_connect(
		server->host, server->port, server->timeout, error);

	if (stream == NULL)
		return NULL;
	Smtp *smtp = g_new0(Smtp, 1);
	smtp->server = server;
	smtp->stream = stream;
	reply_init(&smtp->reply);
	set_patience(smtp, server->timeout);
	stream_set_drain(stream, server->hurry);
	note_remote(smtp);
	if (!open_session(smtp, error))
		smtp_close(&smtp);
	return smtp;
}

void smtp_close(Smtp **smtp)
{
	Smtp *old = g_steal_pointer(smtp);

	if (old == NULL)
		return;
	if (!old->is_broken) {
		set_patience(old, QUIT_SECONDS);
		ask(old, "QUIT");
	}
	stream_free(&old->stream);
	reply_clear(&old->reply);
	g_free(old->remote);
	g_free(old);
}

gboolean smtp_is_usable(const Smtp *smtp)
{
	return !smtp->is_broken;
}

const char *smtp_remote(const Smtp *smtp)
{
	return smtp->remote;
}

/* --- sending ----------------------------------------------------------------- */

/* "Authentication required", "encryption required": our settings are wrong,
 * not the mail. */
static gboolean is_about_us(guint code)
{
	return code == 530 || code == 534 || code == 538;
}

/* What the last reply means for the mail; is_first: nothing of it was said
 * before. */
static void judge(Smtp *smtp, gboolean is_first, Verdict *verdict)
{
	guint code = smtp->reply.code;
	VerdictKind kind = VERDICT_LATER;
	char status[REPLY_STATUS_SIZE] = "4.4.2";

	if (code != 0)
		reply_status(smtp->reply.text->str, status);
	if (code == 0 && stream_draining(smtp->stream))
		kind = VERDICT_DROPPED;
	else if (is_first && smtp->is_broken)
		kind = VERDICT_UNREACHABLE;
	else if (is_about_us(code))
		kind = VERDICT_UNREACHABLE;
	else if (code >= 500)
		kind = VERDICT_NEVER;
	verdict_set(verdict, kind, status, smtp->reply.text->str);
	verdict->is_reply = code != 0;
	verdict->is_stale = is_first && smtp->is_broken && smtp->is_used;
}

typedef struct {
	gboolean is_binary;
	gboolean is_eightbit;
	gboolean is_utf8;
} Form;

/* FALSE where the server cannot take it in any form. */
static gboolean choose_form(
	Smtp *smtp, const OutgoingMail *mail, Form *form, Verdict *verdict)
{
	ContentNeeds needs = content_look(mail->message);

	form->is_binary =
		needs.is_binary && smtp->can.binary && smtp->can.chunking;
	form->is_eightbit = needs.has_eightbit;
	form->is_utf8 =
		mail->has_utf8_address || (needs.has_utf8 && smtp->can.utf8);
	verdict->is_altered = needs.has_bare && !form->is_binary;
	if (mail->has_utf8_address && !smtp->can.utf8) {
		verdict_set(verdict, VERDICT_NEVER, "5.6.7",
			"an address is not ASCII, and the mail server has no "
			"SMTPUTF8");
		return FALSE;
	}
	if (needs.has_eightbit && !form->is_binary && !smtp->can.eightbit) {
		verdict_set(verdict, VERDICT_NEVER, "5.6.3",
			"the message is not ASCII, and the mail server has no "
			"8BITMIME");
		return FALSE;
	}
	return TRUE;
}

static guint send_mail_command(
	Smtp *smtp, const OutgoingMail *mail, const Form *form)
{
	g_autoptr(GString) line = g_string_new(NULL);

	g_string_printf(line, "MAIL FROM:<%s>", mail->sender);
	if (smtp->can.size)
		g_string_append_printf(
			line, " SIZE=%" G_GSIZE_FORMAT, mail->message.size);
	if (form->is_binary)
		g_string_append(line, " BODY=BINARYMIME");
	else if (form->is_eightbit)
		g_string_append(line, " BODY=8BITMIME");
	if (form->is_utf8)
		g_string_append(line, " SMTPUTF8");
	smtp->is_begun = TRUE;
	return ask(smtp, line->str);
}

static gboolean send_envelope(Smtp *smtp, const OutgoingMail *mail,
	const Form *form, Verdict *verdict)
{
	g_autofree char *rcpt = g_strdup_printf("RCPT TO:<%s>%s",
		mail->recipient,
		mail->is_unreported && smtp->can.dsn ? " NOTIFY=NEVER" : "");

	if (smtp->is_begun && !is_good(ask(smtp, "RSET"))) {
		/* Without a clean start this one is of no more use. */
		smtp->is_broken = TRUE;
		judge(smtp, TRUE, verdict);
		return FALSE;
	}
	guint code = send_mail_command(smtp, mail, form);
	if (!is_good(code)) {
		judge(smtp, TRUE, verdict);
		smtp->is_used |= code != 0;
		return FALSE;
	}
	smtp->is_used = TRUE;
	if (is_good(ask(smtp, rcpt)))
		return TRUE;
	judge(smtp, FALSE, verdict);
	return FALSE;
}

/* The server would have the mail, and nobody would wait for it to say so. */
static gboolean may_end(Smtp *smtp, Verdict *verdict)
{
	if (!stream_draining(smtp->stream))
		return TRUE;
	connection_failed(smtp);
	judge(smtp, FALSE, verdict);
	return FALSE;
}

/* Before the end is sent, whoever keeps the books may still say no; the server
 * then sees a connection that broke in the middle. */
static gboolean hand_over(
	Smtp *smtp, const OutgoingMail *mail, Verdict *verdict)
{
	if (!stream_flush(smtp->stream, NULL)) {
		connection_failed(smtp);
		judge(smtp, FALSE, verdict);
		return FALSE;
	}
	if (!may_end(smtp, verdict))
		return FALSE;
	if (mail->hand_over(mail->data))
		return TRUE;
	smtp->is_broken = TRUE;
	verdict_set(verdict, VERDICT_DROPPED, "4.0.0",
		"the attempt was broken off before the end of the message");
	return FALSE;
}

/* Did the server say nothing while it got the message?  What it said is no
 * answer to the end, which it has not seen: a refusal is one all the same, and
 * of anything else nobody knows what it means.  Either way the end stays
 * unsaid, and nothing is taken. */
static gboolean was_silent(Smtp *smtp, Verdict *verdict)
{
	StreamWait found = stream_wait(smtp->stream, -1, 0);

	if (found != STREAM_WAIT_INPUT && found != STREAM_WAIT_FAILED)
		return TRUE;
	guint code = read_reply(smtp, NULL);
	if (code != 0 && code < 400)
		no_reply(smtp,
			"the server answered before the end of the message");
	smtp->is_broken = TRUE;
	judge(smtp, FALSE, verdict);
	return FALSE;
}

static void take_end(Smtp *smtp, const char *end, Verdict *verdict)
{
	if (!may_end(smtp, verdict) || !was_silent(smtp, verdict))
		return;
	set_patience(smtp, 2 * smtp->server->timeout);
	stream_puts(smtp->stream, end);
	guint code = read_reply(smtp, NULL);
	set_patience(smtp, smtp->server->timeout);
	smtp->is_begun = FALSE;
	if (!is_good(code)) {
		/* What it goes on with after 3yz is not known. */
		smtp->is_broken |= code < 400;
		judge(smtp, FALSE, verdict);
		if (code == 0)
			verdict->kind = VERDICT_OPEN;
		return;
	}
	verdict->is_reply = TRUE;
	verdict_set(verdict, VERDICT_SENT, "2.0.0", smtp->reply.text->str);
}

static void write_out(const char *data, gsize size, gpointer stream)
{
	stream_write(stream, data, size);
}

static void send_data(Smtp *smtp, const OutgoingMail *mail, Verdict *verdict)
{
	if (ask(smtp, "DATA") != 354) {
		/* Whatever it meant by 2yz, it does not wait for a message. */
		smtp->is_broken |= reply_is_good(&smtp->reply);
		judge(smtp, FALSE, verdict);
		return;
	}
	stream_set_deadline(
		smtp->stream, CONTENT_TIMES * smtp->server->timeout);
	content_write(mail->message, write_out, smtp->stream);
	if (hand_over(smtp, mail, verdict))
		take_end(smtp, ".\r\n", verdict);
}

static void send_chunks(Smtp *smtp, const OutgoingMail *mail, Verdict *verdict)
{
	for (gsize at = 0; at < mail->message.size; at += CHUNK_SIZE) {
		Bytes chunk = bytes_slice(mail->message, at, CHUNK_SIZE);
		guint code = 0;
		if (may_speak(smtp)) {
			stream_set_deadline(smtp->stream,
				CONTENT_TIMES * smtp->server->timeout);
			stream_printf(smtp->stream,
				"BDAT %" G_GSIZE_FORMAT "\r\n", chunk.size);
			stream_write(smtp->stream, chunk.data, chunk.size);
			code = read_reply(smtp, NULL);
		}
		if (!is_good(code)) {
			judge(smtp, FALSE, verdict);
			return;
		}
	}
	if (hand_over(smtp, mail, verdict))
		take_end(smtp, "BDAT 0 LAST\r\n", verdict);
}

void smtp_send(Smtp *smtp, const OutgoingMail *mail, Verdict *verdict)
{
	Form form;

	*verdict = (Verdict){ 0 };
	if (!choose_form(smtp, mail, &form, verdict) ||
		!send_envelope(smtp, mail, &form, verdict))
		return;
	if (form.is_binary)
		send_chunks(smtp, mail, verdict);
	else
		send_data(smtp, mail, verdict);
}
