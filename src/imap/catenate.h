/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message put together from pieces and from other messages (RFC 4469). */
#ifndef IMAP_CATENATE_H
#define IMAP_CATENATE_H

#include <glib.h>

#include "imap/append-args.h"
#include "imap/session.h"

/* The bytes of a message, which live as long as the command.  TRUE with the
 * command refused where a URL leads to nothing (BADURL) or the whole is too
 * large (TOOBIG). */
gboolean catenate(ImapSession *session, ImapCommand *command,
	const AppendMessage *message, Bytes *raw, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
