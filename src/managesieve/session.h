/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ManageSieve session (RFC 5804): its state and its commands' table. */
#ifndef MANAGESIEVE_SESSION_H
#define MANAGESIEVE_SESSION_H

#include <glib.h>

#include "base/arena.h"
#include "base/settings.h"
#include "net/server.h"
#include "store/user.h"
#include "auth/server.h"
#include "managesieve/parse.h"

/* States of RFC 5804 section 2, as bits for the table of commands. */
typedef enum {
	MANAGE_STRANGER = 1 << 0,
	MANAGE_LOGGED_IN = 1 << 1,
	MANAGE_ANY = MANAGE_STRANGER | MANAGE_LOGGED_IN,
} ManageState;

typedef struct {
	AuthServer *server;
	const Settings *settings;
	ServerConnection *connection;
	Stream *stream;
	Arena *arena; /* of the command at hand */
	ManageState state;
	gboolean is_over;
	guint errors; /* in a row */
	User *user;   /* where MANAGE_LOGGED_IN */
} ManageSession;

/* Serves a connection; the ServerFunc of the daemon. */
void manage_session_serve(ServerConnection *connection, gpointer server);

/* Takes the user, and lets the client be as slow as one that is known. */
void manage_session_log_in(ManageSession *session, User *user, const char *how);
void manage_session_log_out(ManageSession *session);

/* What an argument is; says how large its literal may be. */
typedef enum {
	MANAGE_NAME = 'N',   /* of a script */
	MANAGE_TEXT = 'T',   /* a short string */
	MANAGE_BASE64 = 'B', /* of a SASL exchange */
	MANAGE_SCRIPT = 'S',
	MANAGE_CHECKED = 'C', /* a script that is not to be stored */
	MANAGE_NUMBER = '#',
} ManageKind;

/* A command; one row of the table in command.c. */
typedef struct {
	const char *keyword;
	ManageState states;
	guint min_arguments;
	const char *kinds; /* a ManageKind for each argument */
	void (*run)(ManageSession *session, const ManageInput *input);
} ManageCommand;

/* The row for a keyword in any case, NULL for none. */
const ManageCommand *manage_command_find(Bytes keyword);

/* The capabilities, a line each (RFC 5804 section 1.7), without the OK behind
 * them. */
void manage_capabilities_write(ManageSession *session);

/* --- commands, by file ----------------------------------------------------- */

void manage_cmd_capability(ManageSession *session, const ManageInput *input);
void manage_cmd_noop(ManageSession *session, const ManageInput *input);
void manage_cmd_logout(ManageSession *session, const ManageInput *input);
void manage_cmd_starttls(ManageSession *session, const ManageInput *input);
void manage_cmd_authenticate(ManageSession *session, const ManageInput *input);
void manage_cmd_unauthenticate(
	ManageSession *session, const ManageInput *input);
void manage_cmd_havespace(ManageSession *session, const ManageInput *input);
void manage_cmd_putscript(ManageSession *session, const ManageInput *input);
void manage_cmd_checkscript(ManageSession *session, const ManageInput *input);
void manage_cmd_listscripts(ManageSession *session, const ManageInput *input);
void manage_cmd_setactive(ManageSession *session, const ManageInput *input);
void manage_cmd_getscript(ManageSession *session, const ManageInput *input);
void manage_cmd_deletescript(ManageSession *session, const ManageInput *input);
void manage_cmd_renamescript(ManageSession *session, const ManageInput *input);

#endif
