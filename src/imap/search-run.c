/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every searching command does: check, and search one mailbox. */
#include "imap/search-run.h"

#include <poll.h>

#include "base/text.h"
#include "store/search.h"
#include "imap/progress.h"
#include "imap/search-context.h"
#include "imap/search-filter.h"
#include "imap/sync.h"

gboolean search_is_pointless(const ImapSession *session)
{
	struct pollfd fd = { .fd = stream_fd(session->stream),
		.events = POLLRDHUP };

	return poll(&fd, 1, 0) > 0 &&
		(fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* Asked between the batches of a search. */
static gboolean is_given_up(guint done, guint total, gpointer data)
{
	progress_note(data, done, total);
	progress_tick(data);
	return search_is_pointless(data);
}

/* What has no meaning with these keys. */
static const char *wrong_mix(const ImapSession *session,
	const ImapCommand *command, const SearchArgs *args)
{
	gboolean by_score = (args->returns & RETURN_RELEVANCY) != 0;

	for (guint i = 0; i < args->sort_count; i++)
		by_score |= args->sort[i].field == SORT_RELEVANCY;
	/* RFC 6203 sections 4 and 6. */
	if (by_score && (args->program.uses & SEARCH_USES_FUZZY) == 0 &&
		args->program.filters == NULL)
		return "RELEVANCY without FUZZY";
	/* RFC 6855 section 3; SORT and THREAD cannot do without a charset. */
	if ((session->enabled & ENABLED_UTF8) && args->program.has_charset &&
		command->row->parse != args_sort &&
		command->row->parse != args_thread)
		return "CHARSET after UTF8=ACCEPT";
	/* RFC 5466 section 3.1. */
	if (args->program.filters != NULL && args->program.has_charset &&
		!text_equal_nocase(args->program.charset, "UTF-8") &&
		!text_equal_nocase(args->program.charset, "US-ASCII"))
		return "[BADCHARSET (US-ASCII UTF-8)] FILTER is UTF-8";
	if ((args->returns & RETURN_UPDATE) == 0)
		return NULL;
	/* RFC 7377 section 2.2, RFC 5267 section 4.3. */
	if (session->selected == NULL)
		return "UPDATE without a selected mailbox";
	if (context_is_open(session->selected, command->tag))
		return "A search with that tag is being kept up to date";
	return NULL;
}

gboolean search_prepare(ImapSession *session, ImapCommand *command,
	SearchArgs *args, gboolean *ready, GError **error)
{
	const char *wrong = wrong_mix(session, command, args);
	const char *undefined;

	*ready = FALSE;
	if (wrong != NULL)
		return command_bad(command, wrong);
	if (args->program.refusal != NULL)
		return command_no(command, args->program.refusal);
	if (!search_filters_put(session, args, session_numbers(session, NULL),
		    session->arena, session->sets, &undefined, error))
		return FALSE;
	if (undefined != NULL)
		return command_no(command,
			arena_printf(session->arena,
				"[UNDEFINED-FILTER %s] No such filter",
				undefined));
	*ready = TRUE;
	return TRUE;
}

gboolean search_find(ImapSession *session, const MailboxView *view,
	const SearchArgs *args, SearchResult *result, GError **error)
{
	gboolean is_fuzzy = (args->program.uses & SEARCH_USES_FUZZY) != 0;
	const SearchKey *key = args->program.key;
	gboolean ok;

	result->view = view;
	if (args->program.uses & SEARCH_USES_MODSEQ)
		sync_enable_condstore(session);
	if (is_fuzzy)
		ok = search_run_scored(session->store, view, key, is_given_up,
			session, &result->found, &result->scores, error);
	else
		ok = search_run(session->store, view, key, is_given_up, session,
			&result->found, error);
	return ok &&
		(args->sort_count == 0 ||
			sort_run(session->store, view, args->sort,
				args->sort_count, result->found, result->scores,
				error));
}

void search_result_clear(SearchResult *result)
{
	if (result->found != NULL)
		g_array_unref(g_steal_pointer(&result->found));
	if (result->scores != NULL)
		g_array_unref(g_steal_pointer(&result->scores));
}

void search_save(ImapSession *session, const SearchArgs *args,
	const SearchResult *result)
{
	ImapSelected *selected = session->selected;

	if ((args->returns & RETURN_SAVE) == 0 || selected == NULL)
		return;
	numset_free(&selected->saved);
	if (result != NULL)
		selected->saved = search_reply_saved(result, args);
}

void search_answer(ImapSession *session, const char *correlator,
	const SearchArgs *args, const SearchResult *result)
{
	SearchArgs asked = *args;

	if (asked.returns == RETURN_SAVE)
		return;
	if (!asked.has_return)
		asked.returns = RETURN_ALL;
	search_reply_esearch(session->stream, correlator, result, &asked);
}

static gboolean run(ImapSession *session, ImapCommand *command,
	SearchArgs *args, gboolean extended, GError **error)
{
	const char *correlator =
		arena_printf(session->arena, "(TAG \"%s\")", command->tag);
	g_auto(SearchResult) result = { .is_uid = command->is_uid };
	gboolean ready;

	if (!search_prepare(session, command, args, &ready, error))
		return FALSE;
	if (!ready)
		return TRUE;
	if (!search_find(
		    session, &session->selected->known, args, &result, error))
		return FALSE;
	search_save(session, args, &result);
	if (extended)
		search_answer(session, correlator, args, &result);
	else
		search_reply_numbers(session->stream, command->row->name,
			&result,
			(args->program.uses & SEARCH_USES_MODSEQ) != 0);
	if (args->returns & RETURN_UPDATE)
		context_open(session, command->tag, correlator, args, &result);
	return TRUE;
}

gboolean search_selected(ImapSession *session, ImapCommand *command,
	gboolean extended, GError **error)
{
	SearchArgs *args = command->args;
	gboolean ok = run(session, command, args, extended, error);

	/* RFC 5182 section 2.1: what was saved before is gone, too. */
	if (!ok || command->status == STATUS_NO)
		search_save(session, args, NULL);
	return ok;
}
