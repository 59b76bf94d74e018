/* SPDX-License-Identifier: GPL-2.0-or-later */
/* THREAD and UID THREAD (RFC 5256). */
#include "imap/commands.h"

#include "imap/search-run.h"
#include "imap/thread-reply.h"

gboolean cmd_thread(ImapSession *session, ImapCommand *command, GError **error)
{
	SearchArgs *args = command->args;
	const MailboxView *known = &session->selected->known;
	g_auto(SearchResult) result = { .is_uid = command->is_uid };
	const ThreadNode *first = NULL;
	gboolean ready;

	if (!search_prepare(session, command, args, &ready, error))
		return FALSE;
	if (!ready)
		return TRUE;
	if (!search_find(session, known, args, &result, error) ||
		!thread_run(session->store, known, args->algorithm,
			result.found, session->arena, &first, error))
		return FALSE;
	thread_reply(session->stream, known, command->is_uid, first);
	return TRUE;
}
