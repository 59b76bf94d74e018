/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of SELECT and EXAMINE (RFC 4466 section 2.1, RFC 7162). */
#ifndef IMAP_SELECT_ARGS_H
#define IMAP_SELECT_ARGS_H

#include <glib.h>

#include "imap/command.h"

typedef struct {
	Bytes mailbox;
	gboolean condstore; /* RFC 7162 section 3.1.8 */
	/* The QRESYNC parameter (section 3.2.5). */
	gboolean qresync;
	guint32 uidvalidity;
	guint64 modseq;
	const NumSet *known_uids; /* NULL: all */
	/* Message sequence match data: number i of the one is, the client says,
	 * UID i of the other.  NULL or both as long. */
	const NumSet *match_numbers;
	const NumSet *match_uids;
} SelectArgs;

gboolean args_select(ImapParser *parser, ImapCommand *command);

#endif
