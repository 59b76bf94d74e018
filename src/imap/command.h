/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of commands: what each takes, when it may come, what runs it. */
#ifndef IMAP_COMMAND_H
#define IMAP_COMMAND_H

#include <glib.h>

#include "syntax/parse.h"

typedef struct ImapSession ImapSession;
typedef struct ImapCommand ImapCommand;

/* As bits, for a command's allowed states (RFC 3501 section 3). */
typedef enum {
	IMAP_NOT_AUTHENTICATED = 1 << 0,
	IMAP_AUTHENTICATED = 1 << 1,
	IMAP_SELECTED = 1 << 2,
	IMAP_LOGOUT = 1 << 3,
} ImapState;

typedef enum {
	/* Has a UID variant, "UID FETCH". */
	COMMAND_UID = 1 << 0,
	/* Is only there as a UID variant: "UID EXPUNGE". */
	COMMAND_UID_ONLY = 1 << 1,
	/* No EXPUNGE may be sent while it runs, except for the UID variant (RFC
	 * 3501 section 7.4.1). */
	COMMAND_NUMBERS = 1 << 2,
	/* The client asks for news: the database is asked even where nothing
	 * has announced a change. */
	COMMAND_NEWS = 1 << 3,
	/* A missing mailbox is answered with TRYCREATE. */
	COMMAND_TRYCREATE = 1 << 4,
	/* Changes messages: refused where the mailbox is open for reading. */
	COMMAND_WRITES = 1 << 5,
	/* Answers for itself: no response is added. */
	COMMAND_SILENT = 1 << 6,
	/* Tells all there is to tell of the mailbox itself; what happens
	 * meanwhile is told later, when the client has read that. */
	COMMAND_OPENS = 1 << 7,
	/* Changes what LIST shows, and so is what NOTIFY tells of. */
	COMMAND_NAMES = 1 << 8,
	/* Puts messages into mailboxes. */
	COMMAND_ADDS = 1 << 9,
	/* May take long, and writes whole lines: the client is told that it is
	 * still at work (RFC 9585). */
	COMMAND_LONG = 1 << 10,
} CommandFlags;

typedef struct {
	const char *name;
	guint states; /* ImapState bits */
	guint flags;  /* CommandFlags */
	/* Parses what follows the name into command->args, in the parser's arena;
	 * pure.  NULL: no arguments. */
	gboolean (*parse)(ImapParser *parser, ImapCommand *command);
	/* Does it.  FALSE with error: the answer is made from the error; TRUE:
	 * from status and text. */
	gboolean (*run)(
		ImapSession *session, ImapCommand *command, GError **error);
	/* Asked before a LITERAL_MESSAGE is read; FALSE refuses it like run. May
	 * be NULL. */
	gboolean (*before_message)(
		ImapSession *session, ImapCommand *command, GError **error);
} CommandRow;

typedef enum { STATUS_OK, STATUS_NO, STATUS_BAD } ImapStatus;

struct ImapCommand {
	const char *tag; /* NULL while it is not known */
	const CommandRow *row;
	gboolean is_uid;
	gpointer args;
	ImapStatus status;
	const char *text; /* of the tagged response, NULL: "X completed" */
};

/* Parses tag, name and arguments.  state is one ImapState.  tag and row are set
 * as far as they could be read. */
ParseStatus command_parse(
	ImapParser *parser, ImapState state, ImapCommand *command);

/* The answer will be NO with that text, which begins with a response code in
 * brackets or not.  Always TRUE, for "return command_no(...)". */
gboolean command_no(ImapCommand *command, const char *text);
gboolean command_bad(ImapCommand *command, const char *text);
/* The answer will be OK with that text. */
gboolean command_ok(ImapCommand *command, const char *text);

/* Runs a parsed command and answers it. */
void command_run(ImapSession *session, ImapCommand *command);

/* Answers a command that was not run because of an error; logs what somebody
 * should look at. */
void command_fail(
	ImapSession *session, ImapCommand *command, const GError *error);

/* Writes the tagged response; BAD counts as an error of the session. */
void command_answer(ImapSession *session, const ImapCommand *command);

#endif
