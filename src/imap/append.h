/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the arguments of APPEND and REPLACE to messages the store can take. */
#ifndef IMAP_APPEND_H
#define IMAP_APPEND_H

#include <glib.h>

#include "store/message.h"
#include "imap/session.h"

/* The messages of a command, in their order. */
typedef struct {
	MessagePut *puts;
	MessageDraft **drafts; /* of puts, which they own */
	guint count;
} AppendPuts;

void append_puts_clear(AppendPuts *puts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AppendPuts, append_puts_clear)

/* Finds session->append_to, if that was not done yet; the command is refused
 * where there is no such mailbox or it takes no messages. */
gboolean append_find_target(ImapSession *session, ImapCommand *command,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Puts the messages of the command's AppendArgs together and splits them.
 * TRUE with the command refused where one of them cannot be had. */
gboolean append_prepare(ImapSession *session, ImapCommand *command,
	AppendPuts *puts, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "[APPENDUID 38505 3955:3957] text", in the arena, once they are stored. */
const char *append_uids(
	ImapSession *session, const AppendPuts *puts, const char *text);

#endif
