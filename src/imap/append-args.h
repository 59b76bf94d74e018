/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What APPEND and REPLACE are given: messages, whole or in pieces. */
#ifndef IMAP_APPEND_ARGS_H
#define IMAP_APPEND_ARGS_H

#include <glib.h>

#include "imap/command.h"

/* Messages of one command (RFC 3502), pieces of one message (RFC 4469). */
#define APPEND_MESSAGES_MAX 500
#define APPEND_PARTS_MAX 1000

/* A piece of a message; bytes live as long as the command. */
typedef struct {
	gboolean is_url;
	Bytes bytes; /* the piece, or the URL where it is to be found */
} AppendPart;

typedef struct {
	ImapFlags flags;
	gboolean has_date;
	Timestamp date;
	gboolean is_utf8;        /* announced as UTF8 (RFC 6855 section 4) */
	const AppendPart *parts; /* one, no URL, unless CATENATE was said */
	guint n_parts;
} AppendMessage;

typedef struct {
	Bytes mailbox;
	const AppendMessage *messages;
	guint count;
	/* The message to be replaced, a UID for UID REPLACE; 0 where the mailbox
	 * has none ("*"), and of APPEND. */
	guint32 replaced;
} AppendArgs;

gboolean args_append(ImapParser *parser, ImapCommand *command);
/* REPLACE (RFC 8508): one message. */
gboolean args_replace(ImapParser *parser, ImapCommand *command);

#endif
