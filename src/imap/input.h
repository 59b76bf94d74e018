/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client sends: lines and literals, put together to commands. */
#ifndef IMAP_INPUT_H
#define IMAP_INPUT_H

#include <glib.h>

#include "syntax/parse.h"
#include "imap/session.h"

/* Reads and parses a whole command, which is in the session's memory until
 * input_forget().  What is too large is refused before it is read, or, where it
 * comes unasked (RFC 7888), read past.  FALSE where there is none to run: it
 * was answered, or the session is over. */
gboolean input_read(ImapSession *session, ImapCommand *command);

/* Gives up all that belongs to the command at hand. */
void input_forget(ImapSession *session);

/* Waits, as long as a client may be silent, for input (*is_there TRUE) or for
 * other_fd (-1 for none).  FALSE: the session is over, and the client was told
 * why. */
gboolean input_wait(ImapSession *session, int other_fd, gboolean *is_there);

/* Parses the command at hand once more, as if that view's mailbox, which is not
 * the selected one, were selected: "*" is its last message.  For a command
 * that searches many mailboxes.  *command is in the arena; sets takes its sets,
 * as for parser_init(). */
ParseStatus input_parse_again(ImapSession *session, const MailboxView *view,
	Arena *arena, GPtrArray *sets, ImapCommand *command);

/* Memory for a message of the command at hand, which lives as long as the
 * command; where all of them together become large, once one of the store's
 * places is free.  NULL where memory has run out or the client is gone. */
char *input_memory(ImapSession *session, gsize size);

#endif
