/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of LMTP and when they are allowed. */
#include "lmtp/command.h"

#include "base/text.h"

/* What must have come before, and whether there may be arguments. */
typedef enum {
	NEEDS_NOTHING = 0,
	NEEDS_LHLO = 1 << 0,
	NEEDS_MAIL = 1 << 1, /* a transaction is open */
	NO_ARGUMENTS = 1 << 2,
	/* The first chunk of BDAT fixes the transaction (RFC 3030 section 2):
	 * then only BDAT, RSET and what does not touch it. */
	NO_CHUNKS = 1 << 3,
} CommandRules;

typedef struct {
	const char *name;
	CommandRules rules;
	void (*run)(LmtpSession *session, Bytes arguments);
} Command;

static void run_rset(LmtpSession *session, Bytes arguments)
{
	(void)arguments;
	lmtp_session_reset(session);
	lmtp_session_reply(session, "250 2.0.0 ok");
}

static void run_noop(LmtpSession *session, Bytes arguments)
{
	(void)arguments;
	lmtp_session_reply(session, "250 2.0.0 ok");
}

static char *command_names(void);

static void run_help(LmtpSession *session, Bytes arguments)
{
	g_autofree char *names = command_names();

	(void)arguments;
	stream_printf(session->stream, "214 2.0.0 commands: %s\r\n", names);
}

static void run_quit(LmtpSession *session, Bytes arguments)
{
	(void)arguments;
	lmtp_session_forget(session);
	lmtp_session_reply(session, "221 2.0.0 bye");
	session->is_over = TRUE;
}

/* RFC 2033 section 4.1: an LMTP server must not answer these. */
static void run_smtp(LmtpSession *session, Bytes arguments)
{
	(void)arguments;
	lmtp_session_wrong(session, "500 5.5.1 this is LMTP: say LHLO");
}

static const Command commands[] = {
	{ "LHLO", NEEDS_NOTHING, lmtp_command_lhlo },
	{ "MAIL", NEEDS_LHLO, lmtp_command_mail },
	{ "RCPT", NEEDS_LHLO | NEEDS_MAIL | NO_CHUNKS, lmtp_command_rcpt },
	{ "DATA", NEEDS_LHLO | NEEDS_MAIL | NO_CHUNKS | NO_ARGUMENTS,
		lmtp_command_data },
	/* Its bytes follow whatever it is told, so it checks for itself. */
	{ "BDAT", NEEDS_NOTHING, lmtp_command_bdat },
	{ "RSET", NO_ARGUMENTS, run_rset },
	{ "NOOP", NEEDS_NOTHING, run_noop },
	{ "VRFY", NEEDS_LHLO, lmtp_command_vrfy },
	{ "HELP", NEEDS_NOTHING, run_help },
	{ "QUIT", NO_ARGUMENTS, run_quit },
	{ "STARTTLS", NEEDS_LHLO | NO_ARGUMENTS, lmtp_command_starttls },
	{ "HELO", NEEDS_NOTHING, run_smtp },
	{ "EHLO", NEEDS_NOTHING, run_smtp },
};

/* Apart by blanks, for HELP, which is in the table itself. */
static char *command_names(void)
{
	g_autoptr(GString) names = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (commands[i].run != run_smtp)
			g_string_append_printf(names, "%s%s",
				names->len > 0 ? " " : "", commands[i].name);
	}
	return g_string_free(g_steal_pointer(&names), FALSE);
}

static const Command *find_command(Bytes name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (text_equal_nocase(name, commands[i].name))
			return &commands[i];
	}
	return NULL;
}

/* NULL where the rules allow it. */
static Reply check_rules(
	const LmtpSession *session, CommandRules rules, Bytes arguments)
{
	if (rules & NEEDS_LHLO && session->hello == NULL)
		return "503 5.5.1 say LHLO first";
	if (rules & NEEDS_MAIL && !session->transaction.is_open)
		return "503 5.5.1 say MAIL first";
	if (rules & NO_CHUNKS && session->transaction.has_chunks)
		return "503 5.5.1 only BDAT or RSET may follow BDAT";
	if (rules & NO_ARGUMENTS && arguments.size > 0)
		return "501 5.5.4 no parameters allowed";
	return NULL;
}

void lmtp_command_run(LmtpSession *session, Bytes line)
{
	if (line.size > 0 && memchr(line.data, '\0', line.size) != NULL) {
		lmtp_session_wrong(session, "500 5.5.2 NUL in a command");
		return;
	}
	/* Blanks at the end are common and mean nothing. */
	while (line.size > 0 && line.data[line.size - 1] == ' ')
		line.size--;
	const char *blank =
		line.size > 0 ? memchr(line.data, ' ', line.size) : NULL;
	gsize size = blank != NULL ? (gsize)(blank - line.data) : line.size;
	const Command *command = find_command(bytes_slice(line, 0, size));
	Bytes arguments = bytes_slice(line, size + 1, line.size);

	if (command == NULL) {
		lmtp_session_wrong(session, "500 5.5.2 command not recognized");
		return;
	}
	Reply refusal = check_rules(session, command->rules, arguments);
	if (refusal != NULL)
		lmtp_session_wrong(session, refusal);
	else
		command->run(session, arguments);
}
