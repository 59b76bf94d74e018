/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LIST responses (RFC 9051 section 7.3.1), of LIST and of other commands. */
#ifndef IMAP_LIST_LINE_H
#define IMAP_LIST_LINE_H

#include <glib.h>

#include "imap/session.h"

/* A blank where one is needed, and the attribute: for the inside of "(". */
void list_append_attribute(GString *line, const char *attribute);

/* What an existing mailbox is by itself: \Noselect where it is only a name or
 * the user may not read it, \Noinferiors. */
void list_append_kind(GString *line, const Mailbox *mailbox);
/* What it is for: "\Drafts \Sent", if anything. */
void list_append_uses(GString *line, const Mailbox *mailbox);

/* For IMAP4rev2: writes "* LIST (...) "/" name" of a mailbox that a command has
 * found, made or renamed, with OLDNAME where the client named it otherwise
 * than it is kept (RFC 9051 section 6.3.9.7).  wire: the name as the client
 * sent it. */
void list_write_found(ImapSession *session, const Mailbox *mailbox, Bytes wire);

/* Whether the client's name is another than the one that is kept; a separator
 * at its end is no part of it. */
gboolean list_is_other_name(
	const ImapSession *session, Bytes wire, const char *name);

/* Writes the same where the client has IMAP4rev2 and used another name, and
 * nothing else; attributes such as "\\NonExistent". */
void list_write_renamed(ImapSession *session, const char *attributes,
	const char *name, Bytes wire);

#endif
