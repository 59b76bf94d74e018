/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every searching command does: check, and search one mailbox. */
#include "imap/search-run.h"

#include <poll.h>

#include "store/search.h"

static gboolean client_is_gone(gpointer data)
{
	Stream *stream = data;
	struct pollfd fd = { .fd = stream_fd(stream), .events = POLLRDHUP };

	return poll(&fd, 1, 0) > 0 &&
		(fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

gboolean search_is_pointless(const ImapSession *session)
{
	return client_is_gone(session->stream);
}

gboolean search_is_allowed(
	ImapSession *session, ImapCommand *command, const SearchArgs *args)
{
	const SearchProgram *program = &args->program;

	if (program->filters != NULL)
		return !command_no(command,
			arena_printf(session->arena,
				"[UNDEFINED-FILTER %s] No such filter",
				program->filters->name));
	if (program->refusal != NULL)
		return !command_no(command, program->refusal);
	return TRUE;
}

gboolean search_find(ImapSession *session, const MailboxView *view,
	const SearchArgs *args, SearchResult *result, GError **error)
{
	result->view = view;
	return search_run(session->store, view, args->program.key,
		client_is_gone, session->stream, &result->found, error);
}

void search_result_clear(SearchResult *result)
{
	if (result->found != NULL)
		g_array_unref(g_steal_pointer(&result->found));
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

void search_answer_esearch(ImapSession *session, const ImapCommand *command,
	const SearchArgs *args, const SearchResult *result)
{
	SearchArgs asked = *args;

	if (asked.returns == RETURN_SAVE)
		return;
	if (!asked.has_return)
		asked.returns = RETURN_ALL;
	search_reply_esearch(session->stream,
		arena_printf(session->arena, "(TAG \"%s\")", command->tag),
		result, &asked);
}
