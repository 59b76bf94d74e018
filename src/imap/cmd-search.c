/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH and UID SEARCH (RFC 3501 and RFC 9051 section 6.4.4, RFC 4731). */
#include "imap/commands.h"

#include "imap/search-run.h"
#include "imap/sync.h"

static gboolean run(ImapSession *session, ImapCommand *command,
	const SearchArgs *args, GError **error)
{
	g_auto(SearchResult) result = { .is_uid = command->is_uid };

	if (!search_find(
		    session, &session->selected->known, args, &result, error))
		return FALSE;
	search_save(session, args, &result);
	if (args->has_return || (session->enabled & ENABLED_IMAP4REV2) != 0)
		search_answer_esearch(session, command, args, &result);
	else
		search_reply_numbers(session->stream, command->row->name,
			&result,
			(args->program.uses & SEARCH_USES_MODSEQ) != 0);
	return TRUE;
}

gboolean cmd_search(ImapSession *session, ImapCommand *command, GError **error)
{
	const SearchArgs *args = command->args;

	/* RFC 7162 section 3.1. */
	if (args->program.uses & SEARCH_USES_MODSEQ)
		sync_enable_condstore(session);
	gboolean ok = !search_is_allowed(session, command, args) ||
		run(session, command, args, error);

	/* RFC 5182 section 2.1: what was saved before is gone, too. */
	if (!ok || command->status == STATUS_NO)
		search_save(session, args, NULL);
	return ok;
}
