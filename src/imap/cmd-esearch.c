/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ESEARCH: a search of many mailboxes (RFC 7377). */
#include "imap/commands.h"

#include "base/errors.h"
#include "imap/search-run.h"

/* Mailboxes one command may search. */
#define SOURCES_MAX 10000

/* One "* ESEARCH" where something was found in that mailbox. */
static void answer(ImapSession *session, const ImapCommand *command,
	const SearchArgs *args, const char *name, const SearchResult *result)
{
	g_autoptr(GString) correlator = g_string_new(NULL);
	SearchArgs asked = *args;

	if (result->found->len == 0 || asked.returns == RETURN_SAVE)
		return;
	if (!asked.has_return)
		asked.returns = RETURN_ALL;
	g_string_printf(correlator, "(TAG \"%s\" MAILBOX ", command->tag);
	session_append_mailbox(session, correlator, name);
	g_string_append_printf(
		correlator, " UIDVALIDITY %u)", result->view->uidvalidity);
	search_reply_esearch(session->stream, correlator->str, result, &asked);
}

static gboolean search_selected(ImapSession *session,
	const ImapCommand *command, const SearchArgs *args, GError **error)
{
	const ImapSelected *selected = session->selected;
	g_auto(SearchResult) result = { .is_uid = TRUE };

	if (!search_find(session, &selected->known, args, &result, error))
		return FALSE;
	search_save(session, args, &result);
	answer(session, command, args, selected->name, &result);
	return TRUE;
}

/* Another mailbox: the command is read anew, because "*" and sequence numbers
 * mean its messages. */
static gboolean search_other(
	ImapSession *session, const FilteredMailbox *other, GError **error)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GPtrArray) sets =
		g_ptr_array_new_with_free_func(parser_free_set);
	g_autoptr(MailboxView) view = NULL;
	g_auto(SearchResult) result = { .is_uid = TRUE };
	g_autoptr(GError) gone = NULL;
	ImapCommand again;

	if (!view_get(session->store, other->id, &view, &gone)) {
		if (dbmail_error_is(gone, DBMAIL_ERROR_NOT_FOUND))
			return TRUE;
		g_propagate_error(error, g_steal_pointer(&gone));
		return FALSE;
	}
	if (session_parse_again(session, view, arena, sets, &again) !=
		PARSE_OK) {
		dbmail_error_set(error, DBMAIL_ERROR_INTERNAL,
			"the search cannot be done in all mailboxes",
			"parsed once, but not twice");
		return FALSE;
	}
	if (!search_find(session, view, again.args, &result, error))
		return FALSE;
	answer(session, &again, again.args, other->name, &result);
	return TRUE;
}

static gboolean search_sources(ImapSession *session, ImapCommand *command,
	const SearchArgs *args, GError **error)
{
	g_autoptr(GArray) mailboxes = NULL;

	if (!mailbox_filter_resolve(
		    session, command, args->sources, &mailboxes, error))
		return FALSE;
	if (mailboxes == NULL)
		return TRUE;
	if (mailboxes->len > SOURCES_MAX)
		return command_no(
			command, "[LIMIT] Too many mailboxes to search");
	for (guint i = 0; i < mailboxes->len; i++) {
		const FilteredMailbox *mailbox =
			&g_array_index(mailboxes, FilteredMailbox, i);
		gboolean is_selected = session->selected != NULL &&
			session->selected->id == mailbox->id;
		if (search_is_pointless(session))
			return TRUE;
		if (is_selected ? !search_selected(
					  session, command, args, error) :
				  !search_other(session, mailbox, error))
			return FALSE;
	}
	return TRUE;
}

/* RFC 7377 section 2.2: what needs the selected mailbox, and it alone. */
static const char *wrong_sources(
	const ImapSession *session, const SearchArgs *args)
{
	gboolean has_selected = args->sources == NULL;
	gboolean has_others = FALSE;

	for (const MailboxFilter *f = args->sources; f != NULL; f = f->next) {
		has_selected |= f->kind == FILTER_SELECTED;
		has_others |= f->kind != FILTER_SELECTED;
	}
	if (has_selected && session->selected == NULL)
		return "No mailbox is selected";
	if (has_others && (args->returns & RETURN_SAVE) != 0)
		return "SAVE is for the selected mailbox alone";
	return NULL;
}

gboolean cmd_esearch(ImapSession *session, ImapCommand *command, GError **error)
{
	const SearchArgs *args = command->args;
	const char *wrong = wrong_sources(session, args);
	gboolean ok = TRUE;

	if (wrong != NULL)
		return command_bad(command, wrong);
	if (search_is_allowed(session, command, args))
		ok = args->sources == NULL ?
			search_selected(session, command, args, error) :
			search_sources(session, command, args, error);
	if (!ok || command->status == STATUS_NO)
		search_save(session, args, NULL);
	return ok;
}
