/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the client that a long command is still at work (RFC 9585). */
#ifndef IMAP_PROGRESS_H
#define IMAP_PROGRESS_H

#include <glib.h>

#include "imap/session.h"

/* The command of that tag begins.  Until progress_end() it writes whole lines
 * only, so that another one may come between any two. */
void progress_begin(ImapSession *session, const char *tag);
void progress_end(ImapSession *session);

/* How many of how many things of one kind the command has done; what is fewer
 * than it said before is passed over. */
void progress_note(ImapSession *session, guint64 done, guint64 goal);

/* Writes an INPROGRESS response if it is time for one, and the client takes it
 * at once: for a command's own loops.  While it waits for the database this
 * is done by itself. */
void progress_tick(ImapSession *session);

#endif
