/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IMAP URLs of messages and their parts, as a session means them (RFC 5092). */
#ifndef SYNTAX_MESSAGE_URL_H
#define SYNTAX_MESSAGE_URL_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"

typedef struct {
	const char *mailbox; /* UTF-8; NULL for the selected one */
	guint32 uidvalidity; /* 0 where the URL names none */
	guint32 uid;
	const char *section; /* as BODY[...] has it; NULL for the message */
	guint64 offset;
	guint64 size; /* G_MAXUINT64 where the URL says no end */
} MessageUrl;

/* Parses "/mailbox;UIDVALIDITY=1/;UID=2/;SECTION=3/;PARTIAL=4.5", of which
 * only the UID must be there, into the arena.  Without mailbox, and with or
 * without the slash, the message is in the selected one.  FALSE for all else:
 * URLs with a server or a scheme, searches, URLAUTH, percent signs that
 * encode nothing, NUL, text that is not UTF-8. */
gboolean message_url_parse(Arena *arena, Bytes text, MessageUrl *url)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
