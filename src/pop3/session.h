/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A POP3 session: its state, its commands' table, its replies. */
#ifndef POP3_SESSION_H
#define POP3_SESSION_H

#include <glib.h>

#include "auth/server.h"
#include "base/settings.h"
#include "net/server.h"
#include "pop3/parse.h"
#include "store/maildrop.h"
#include "store/user.h"
#include "store/view.h"

/* States of RFC 1939 section 3, as bits for the table of commands. */
typedef enum {
	POP3_AUTHORIZATION = 1 << 0,
	POP3_TRANSACTION = 1 << 1,
	POP3_ANY = POP3_AUTHORIZATION | POP3_TRANSACTION,
} Pop3State;

typedef struct {
	AuthServer *server;
	const Settings *settings;
	ServerConnection *connection;
	Stream *stream;
	Pop3State state;
	gboolean is_over;
	guint errors; /* in a row */

	char *name; /* of USER, until PASS */
	User *user;
	gint64 mailbox;
	MaildropLock *lock;
	MailboxView *view; /* as of log-in, for the whole session */
	guint8 *marks;     /* Pop3Mark of each message in view */
	guint left;        /* messages without POP3_DELETED */
	guint64 left_size; /* bytes of these */
} Pop3Session;

typedef enum {
	POP3_DELETED = 1 << 0,
	POP3_RETRIEVED = 1 << 1,
} Pop3Mark;

/* Serves a connection; the ServerFunc of the daemon. */
void pop3_session_serve(ServerConnection *connection, gpointer server);

/* A command; one row of the table in command.c. */
typedef struct {
	const char *keyword;
	Pop3State states;
	guint min_arguments;
	guint max_arguments; /* G_MAXUINT: takes line->rest as it stands */
	void (*run)(Pop3Session *session, const Pop3Line *line);
} Pop3Command;

/* The row for a keyword in any case, NULL for none. */
const Pop3Command *pop3_command_find(Bytes keyword);

/* --- replies --------------------------------------------------------------- */

/* "+OK text" */
void pop3_ok(Pop3Session *session, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* "-ERR text": the client's mistake, which counts against max_errors. */
void pop3_bad(Pop3Session *session, const char *text);

/* "-ERR [CODE] text" for an error, from the one table of codes (RFC 2449
 * section 8, RFC 3206); logs it. */
void pop3_fail(Pop3Session *session, const GError *error, const char *event);

/* The message an argument names, if it is there and not deleted; answers the
 * client otherwise. */
gboolean pop3_message(Pop3Session *session, Bytes argument, guint *index);

/* --- commands, by file ----------------------------------------------------- */

void pop3_cmd_capa(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_stls(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_user(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_pass(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_auth(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_stat(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_list(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_uidl(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_retr(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_top(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_dele(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_rset(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_noop(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_utf8(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_lang(Pop3Session *session, const Pop3Line *line);
void pop3_cmd_quit(Pop3Session *session, const Pop3Line *line);

#endif
