/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SMTP client against servers that do what they should not. */
#include "queue/smtp.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.h"

/* Seconds; what hangs would hang for ever. */
#define TIMEOUT 1

/* One turn of the server: reads until what it got ends in `await`, then says
 * something. */
typedef struct {
	const char *await; /* "" to speak first, NULL: that was all */
	const char *say;
} Turn;

typedef enum {
	THEN_WAIT,    /* for the client to close, or QUIT */
	THEN_CUT,     /* closes */
	THEN_REPEAT,  /* says its last line for ever */
	THEN_DRIP,    /* says its last line for ever, a byte at a time */
	THEN_IGNORE,  /* reads nothing more */
	THEN_DRIBBLE, /* reads on, a little at a time */
} Then;

typedef struct {
	int listener;
	guint16 port;
	const Turn *turns;
	Then then;
	gssize budget;        /* bytes it says before it cuts; -1: all */
	StreamDrain hurry;    /* the client's */
	const char *hurry_at; /* a turn's `await`, before its answer, or NULL */
	GThread *thread;
	gboolean has_all; /* it got the end of a message */
	gint is_over;     /* the client has closed */
} Server;

static void nap(guint milliseconds)
{
	poll(NULL, 0, (int)milliseconds);
}

/* FALSE where the client is gone. */
static gboolean listen_for(int fd, const char *await, Server *server)
{
	g_autoptr(GString) got = g_string_new(NULL);

	while (!g_str_has_suffix(got->str, await)) {
		char c;
		if (recv(fd, &c, 1, 0) <= 0)
			return FALSE;
		g_string_append_c(got, c);
	}
	server->has_all |= g_str_has_suffix(got->str, "\r\n.\r\n") ||
		g_str_has_suffix(got->str, "BDAT 0 LAST\r\n");
	return TRUE;
}

static gboolean say(int fd, const char *text, gsize size)
{
	return size == 0 || send(fd, text, size, MSG_NOSIGNAL) == (gssize)size;
}

static void after(Server *server, int fd, const char *last)
{
	gsize size = strlen(last);
	char bytes[8192];

	switch (server->then) {
	case THEN_CUT:
		return;
	case THEN_REPEAT:
		while (say(fd, last, size))
			continue;
		return;
	case THEN_DRIP:
		for (gsize i = 0; say(fd, last + i % size, 1); i++)
			nap(100);
		return;
	case THEN_IGNORE:
		/* With its window shut no end gets through to it. */
		while (g_atomic_int_get(&server->is_over) == 0)
			nap(20);
		return;
	case THEN_DRIBBLE:
		while (g_atomic_int_get(&server->is_over) == 0 &&
			recv(fd, bytes, sizeof(bytes), 0) > 0)
			nap(3);
		return;
	case THEN_WAIT:
		(void)!listen_for(fd, "QUIT\r\n", server);
		return;
	}
}

static gpointer serve(gpointer data)
{
	Server *server = data;
	int fd = accept(server->listener, NULL, NULL);
	gssize left = server->budget;
	const char *last = "";

	g_assert_cmpint(fd, >=, 0);
	for (const Turn *turn = server->turns; turn->await != NULL; turn++) {
		gsize size = strlen(turn->say);
		if (!listen_for(fd, turn->await, server))
			break;
		last = turn->say;
		if (g_strcmp0(server->hurry_at, turn->await) == 0)
			g_atomic_int_set(&server->hurry.active, 1);
		if (left >= 0 && (gssize)size > left) {
			(void)!say(fd, turn->say, (gsize)left);
			close(fd);
			return NULL;
		}
		if (!say(fd, turn->say, size))
			break;
		left -= left >= 0 ? (gssize)size : 0;
		if (turn[1].await == NULL)
			after(server, fd, last);
	}
	close(fd);
	return NULL;
}

static void server_start(Server *server, const Turn *turns, Then then,
	gssize budget, const char *hurry_at)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	*server = (Server){ .turns = turns,
		.then = then,
		.budget = budget,
		.hurry = { .fd = -1 },
		.hurry_at = hurry_at };
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(server->listener, (struct sockaddr *)&address,
				sizeof(address)),
		==, 0);
	g_assert_cmpint(listen(server->listener, 1), ==, 0);
	getsockname(server->listener, (struct sockaddr *)&address, &size);
	server->port = ntohs(address.sin_port);
	server->thread = g_thread_new("server", serve, server);
}

static void server_end(Server *server)
{
	g_thread_join(server->thread);
	close(server->listener);
}

/* --- one attempt -------------------------------------------------------------- */

typedef struct {
	gboolean has_opened;
	guint handed_over;
	gboolean has_all;
	gboolean is_usable;
	Verdict verdict;
	double seconds;
} Outcome;

/* For hurry_at. */
#define HAND_OVER "the hand-over"

typedef struct {
	Server *server;
	guint *count;
} HandOver;

static gboolean count_hand_over(gpointer data)
{
	const HandOver *hand_over = data;

	(*hand_over->count)++;
	if (g_strcmp0(hand_over->server->hurry_at, HAND_OVER) == 0)
		g_atomic_int_set(&hand_over->server->hurry.active, 1);
	return TRUE;
}

static Outcome attempt_in_hurry(const Turn *turns, Then then, gssize budget,
	Bytes message, const char *hurry_at)
{
	Outcome outcome = { 0 };
	Server server;
	HandOver hand_over = { &server, &outcome.handed_over };
	g_autoptr(GError) error = NULL;
	gint64 begun = g_get_monotonic_time();

	server_start(&server, turns, then, budget, hurry_at);
	const SmtpServer where = { .host = "127.0.0.1",
		.port = server.port,
		.user = "",
		.password = "",
		.hello = "client",
		.timeout = TIMEOUT,
		.hurry = &server.hurry };
	const OutgoingMail mail = { .sender = "a@b",
		.recipient = "c@d",
		.is_unreported = TRUE,
		.message = message,
		.hand_over = count_hand_over,
		.data = &hand_over };
	Smtp *smtp = smtp_open(&where, &error);
	outcome.has_opened = smtp != NULL;
	g_assert_cmpint(outcome.has_opened, ==, error == NULL);
	if (smtp != NULL) {
		smtp_send(smtp, &mail, &outcome.verdict);
		outcome.is_usable = smtp_is_usable(smtp);
	} else {
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
	}
	smtp_close(&smtp);
	outcome.seconds =
		(double)(g_get_monotonic_time() - begun) / G_USEC_PER_SEC;
	g_atomic_int_set(&server.is_over, 1);
	server_end(&server);
	outcome.has_all = server.has_all;
	return outcome;
}

static Outcome attempt(
	const Turn *turns, Then then, gssize budget, Bytes message)
{
	return attempt_in_hurry(turns, then, budget, message, NULL);
}

/* --- what servers do ----------------------------------------------------------- */

#define MESSAGE "Subject: x\r\n\r\nbody\r\n"
#define HELLO \
	"", "220 s\r\n" \
	} \
	, \
	{ \
		"EHLO client\r\n", "250-s\r\n250 SIZE\r\n"
#define MAIL \
	HELLO \
	} \
	, \
	{ \
		"\r\n", "250 2.1.0 ok\r\n"
#define RCPT \
	MAIL \
	} \
	, \
	{ \
		"RCPT TO:<c@d>\r\n", "250 2.1.5 ok\r\n"
#define DATA \
	RCPT \
	} \
	, \
	{ \
		"DATA\r\n", "354 go\r\n"
#define DOT "\r\n.\r\n"
#define NOT_OPEN (-1)

static const struct {
	const char *what;
	Turn turns[8];
	Then then;
	int kind; /* VerdictKind, or NOT_OPEN */
	gboolean is_usable;
} servers[] = {
	{ "all is well", { { DATA }, { DOT, "250 2.0.0 ok\r\n" } }, THEN_WAIT,
		VERDICT_SENT, TRUE },
	{ "any 2yz",
		{ { HELLO }, { "\r\n", "200 ok\r\n" }, { "\r\n", "252 ok\r\n" },
			{ "DATA\r\n", "354\r\n" }, { DOT, "299\r\n" } },
		THEN_WAIT, VERDICT_SENT, TRUE },
	{ "nobody is told of it",
		{ { "", "220 s\r\n" }, { "\r\n", "250-s\r\n250 DSN\r\n" },
			{ "\r\n", "250 ok\r\n" },
			{ "RCPT TO:<c@d> NOTIFY=NEVER\r\n", "250 ok\r\n" },
			{ "DATA\r\n", "354\r\n" }, { DOT, "250 ok\r\n" } },
		THEN_WAIT, VERDICT_SENT, TRUE },
	/* Before the mail. */
	{ "silence", { { "", "" } }, THEN_WAIT, NOT_OPEN, FALSE },
	{ "no greeting's end", { { "", "220-s\r\n" } }, THEN_REPEAT, NOT_OPEN,
		FALSE },
	{ "a line without end", { { "", "220 aaaaaaaaaaaaaaa" } }, THEN_REPEAT,
		NOT_OPEN, FALSE },
	{ "a slow greeting", { { "", "220-s\r\n" } }, THEN_DRIP, NOT_OPEN,
		FALSE },
	{ "abilities without end",
		{ { "", "220 s\r\n" }, { "\r\n", "250-X\r\n" } }, THEN_REPEAT,
		NOT_OPEN, FALSE },
	{ "slow abilities", { { "", "220 s\r\n" }, { "\r\n", "250-X\r\n" } },
		THEN_DRIP, NOT_OPEN, FALSE },
	{ "no SMTP", { { "", "SSH-2.0-OpenSSH\r\n" } }, THEN_WAIT, NOT_OPEN,
		FALSE },
	{ "another code behind the first",
		{ { "", "220 s\r\n" }, { "\r\n", "250-a\r\n550 b\r\n" } },
		THEN_WAIT, NOT_OPEN, FALSE },
	{ "EHLO's answer too early", { { "", "220 s\r\n250 s\r\n" } },
		THEN_WAIT, NOT_OPEN, FALSE },
	/* Each answer missing, and each too much. */
	{ "silence at MAIL", { { HELLO } }, THEN_WAIT, VERDICT_UNREACHABLE,
		FALSE },
	{ "cut at MAIL", { { HELLO }, { "\r\n", "" } }, THEN_CUT,
		VERDICT_UNREACHABLE, FALSE },
	{ "421 at MAIL", { { HELLO }, { "\r\n", "421 bye\r\n" } }, THEN_CUT,
		VERDICT_UNREACHABLE, FALSE },
	{ "too large at MAIL", { { HELLO }, { "\r\n", "552 5.3.4 no\r\n" } },
		THEN_WAIT, VERDICT_NEVER, TRUE },
	{ "silence at RCPT", { { MAIL } }, THEN_WAIT, VERDICT_LATER, FALSE },
	{ "a slow answer to RCPT", { { MAIL }, { "\r\n", "250-X\r\n" } },
		THEN_DRIP, VERDICT_LATER, FALSE },
	{ "421 at RCPT", { { MAIL }, { "\r\n", "421 bye\r\n" } }, THEN_CUT,
		VERDICT_LATER, FALSE },
	{ "two answers to RCPT",
		{ { MAIL }, { "\r\n", "250 ok\r\n354 go\r\n" } }, THEN_WAIT,
		VERDICT_LATER, FALSE },
	{ "2yz at DATA", { { RCPT }, { "DATA\r\n", "250 ok\r\n" } }, THEN_WAIT,
		VERDICT_LATER, FALSE },
	{ "421 at DATA", { { RCPT }, { "DATA\r\n", "421 bye\r\n" } }, THEN_CUT,
		VERDICT_LATER, FALSE },
	{ "451 at DATA", { { RCPT }, { "DATA\r\n", "451 no\r\n" } }, THEN_WAIT,
		VERDICT_LATER, TRUE },
	/* What comes before the end is no answer to it. */
	{ "taken before it was sent",
		{ { RCPT }, { "DATA\r\n", "354 go\r\n250 taken\r\n" } },
		THEN_WAIT, VERDICT_LATER, FALSE },
	{ "refused before it was sent",
		{ { RCPT }, { "DATA\r\n", "354 go\r\n552 5.3.4 no\r\n" } },
		THEN_WAIT, VERDICT_NEVER, FALSE },
	{ "421 before it was sent",
		{ { RCPT }, { "DATA\r\n", "354 go\r\n421 bye\r\n" } },
		THEN_WAIT, VERDICT_LATER, FALSE },
	/* At the end. */
	{ "silence at the end", { { DATA }, { DOT, "" } }, THEN_WAIT,
		VERDICT_OPEN, FALSE },
	{ "junk at the end", { { DATA }, { DOT, "what?\r\n" } }, THEN_WAIT,
		VERDICT_OPEN, FALSE },
	{ "a slow answer at the end", { { DATA }, { DOT, "250-X\r\n" } },
		THEN_DRIP, VERDICT_OPEN, FALSE },
	{ "421 at the end", { { DATA }, { DOT, "421 bye\r\n" } }, THEN_CUT,
		VERDICT_LATER, FALSE },
	{ "354 at the end", { { DATA }, { DOT, "354 go on\r\n" } }, THEN_WAIT,
		VERDICT_LATER, FALSE },
	{ "bye behind the end", { { DATA }, { DOT, "250 ok\r\n421 bye\r\n" } },
		THEN_CUT, VERDICT_SENT, TRUE },
};

static void test_servers(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(servers); i++) {
		g_test_message("%s", servers[i].what);
		Outcome outcome = attempt(servers[i].turns, servers[i].then, -1,
			bytes_of_string(MESSAGE));
		g_test_message("%d: %s (%.1f s)", outcome.verdict.kind,
			outcome.verdict.text, outcome.seconds);
		g_assert_cmpfloat(outcome.seconds, <, 4 * TIMEOUT + 1);
		g_assert_cmpint(
			outcome.has_opened, ==, servers[i].kind != NOT_OPEN);
		if (!outcome.has_opened)
			continue;
		g_assert_cmpint(outcome.verdict.kind, ==, servers[i].kind);
		g_assert_cmpint(outcome.is_usable, ==, servers[i].is_usable);
		g_assert_cmpuint(outcome.handed_over, <=, 1);
		/* Nobody sends what nobody noted, and what a server has is
		 * never given away a second time as if it had not. */
		if (outcome.has_all)
			g_assert_cmpuint(outcome.handed_over, ==, 1);
		if (outcome.verdict.kind == VERDICT_SENT)
			g_assert_true(outcome.has_all);
		verdict_clear(&outcome.verdict);
	}
}

/* --- the connection ends anywhere ------------------------------------------------ */

static const Turn well[] = { { DATA }, { DOT, "250 2.0.0 ok\r\n" },
	{ NULL, NULL } };

static void test_cut_anywhere(void)
{
	gssize all = 0;
	gssize before_end = 0;

	for (const Turn *turn = well; turn->await != NULL; turn++) {
		before_end = all;
		all += (gssize)strlen(turn->say);
	}
	for (gssize budget = 0; budget < all; budget++) {
		Outcome outcome = attempt(
			well, THEN_CUT, budget, bytes_of_string(MESSAGE));
		g_test_message("%zd: %d, %d", budget, outcome.has_opened,
			outcome.verdict.kind);
		if (!outcome.has_opened)
			continue;
		g_assert_false(outcome.is_usable);
		g_assert_cmpint(outcome.has_all, ==, budget >= before_end);
		if (outcome.has_all)
			g_assert_cmpint(outcome.verdict.kind, ==, VERDICT_OPEN);
		else
			g_assert_true(outcome.verdict.kind == VERDICT_LATER ||
				outcome.verdict.kind == VERDICT_UNREACHABLE);
		verdict_clear(&outcome.verdict);
	}
}

/* --- in a hurry ------------------------------------------------------------------ */

/* The end is not said to a server whose answer nobody will wait for: it would
 * have the mail, and get it once more. */
static void test_hurry(void)
{
	static const struct {
		const char *at;
		VerdictKind kind;
		guint handed_over;
	} moments[] = {
		{ "RCPT TO:<c@d>\r\n", VERDICT_DROPPED, 0 },
		{ "DATA\r\n", VERDICT_DROPPED, 0 },
		{ HAND_OVER, VERDICT_DROPPED, 1 },
		/* The answer is there already. */
		{ DOT, VERDICT_SENT, 1 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(moments); i++) {
		Outcome outcome = attempt_in_hurry(well, THEN_WAIT, -1,
			bytes_of_string(MESSAGE), moments[i].at);
		g_test_message("%s: %d: %s", moments[i].at,
			outcome.verdict.kind, outcome.verdict.text);
		g_assert_cmpint(outcome.verdict.kind, ==, moments[i].kind);
		g_assert_cmpuint(
			outcome.handed_over, ==, moments[i].handed_over);
		g_assert_cmpint(
			outcome.has_all, ==, moments[i].kind == VERDICT_SENT);
		verdict_clear(&outcome.verdict);
	}
}

/* --- a large message -------------------------------------------------------------- */

static void test_large(gconstpointer data)
{
	static const Turn turns[] = { { DATA }, { NULL, NULL } };
	const Then then = (Then)GPOINTER_TO_INT(data);
	g_autoptr(GString) text = g_string_new("Subject: x\r\n\r\n");

	while (text->len < 40 * 1024 * 1024)
		g_string_append(text, "0123456789012345678901234567890\r\n");
	Outcome outcome =
		attempt(turns, then, -1, bytes_of(text->str, text->len));
	g_test_message("%s (%.1f s)", outcome.verdict.text, outcome.seconds);
	g_assert_cmpint(outcome.verdict.kind, ==, VERDICT_LATER);
	g_assert_false(outcome.is_usable);
	g_assert_cmpuint(outcome.handed_over, ==, 0);
	g_assert_cmpfloat(outcome.seconds, <, 12 * TIMEOUT + 2);
	verdict_clear(&outcome.verdict);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/queue/smtp/servers", test_servers);
	g_test_add_func("/queue/smtp/cut-anywhere", test_cut_anywhere);
	g_test_add_func("/queue/smtp/hurry", test_hurry);
	g_test_add_data_func("/queue/smtp/cut-in-content",
		GINT_TO_POINTER(THEN_CUT), test_large);
	g_test_add_data_func("/queue/smtp/content-not-read",
		GINT_TO_POINTER(THEN_IGNORE), test_large);
	g_test_add_data_func("/queue/smtp/content-read-slowly",
		GINT_TO_POINTER(THEN_DRIBBLE), test_large);
	return g_test_run();
}
