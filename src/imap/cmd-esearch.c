/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ESEARCH: a search of many mailboxes (RFC 7377). */
#include "imap/commands.h"

#include "base/errors.h"
#include "imap/input.h"
#include "imap/search-context.h"
#include "imap/search-filter.h"
#include "imap/search-run.h"

/* Mailboxes one command may search. */
#define SOURCES_MAX 10000

static const char *correlator(ImapSession *session, const ImapCommand *command,
	const char *name, const MailboxView *view)
{
	g_autoptr(GString) out = g_string_new(NULL);

	g_string_printf(out, "(TAG \"%s\" MAILBOX ", command->tag);
	session_append_mailbox(session, out, name);
	g_string_append_printf(out, " UIDVALIDITY %u)", view->uidvalidity);
	return arena_strdup(session->arena, out->str);
}

static gboolean search_here(ImapSession *session, const ImapCommand *command,
	const SearchArgs *args, GError **error)
{
	const ImapSelected *selected = session->selected;
	const char *name =
		correlator(session, command, selected->name, &selected->known);
	g_auto(SearchResult) result = { .is_uid = TRUE };

	if (!search_find(session, &selected->known, args, &result, error))
		return FALSE;
	search_save(session, args, &result);
	/* Section 2.1: nothing is told of a mailbox where nothing was found. */
	if (result.found->len > 0)
		search_answer(session, name, args, &result);
	if (args->returns & RETURN_UPDATE)
		context_open(session, command->tag, name, args, &result);
	return TRUE;
}

/* Another mailbox: the command is read anew, because "*" and sequence numbers
 * mean its messages. */
static gboolean search_other(ImapSession *session, const SearchArgs *args,
	const FilteredMailbox *other, GError **error)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GPtrArray) sets =
		g_ptr_array_new_with_free_func(parser_free_set);
	g_autoptr(MailboxView) view = NULL;
	g_auto(SearchResult) result = { .is_uid = TRUE };
	g_autoptr(GError) gone = NULL;
	const char *undefined;
	ImapCommand again;

	if (!view_get(session->store, other->id, &view, &gone)) {
		if (dbmail_error_is(gone, DBMAIL_ERROR_NOT_FOUND))
			return TRUE;
		g_propagate_error(error, g_steal_pointer(&gone));
		return FALSE;
	}
	if (input_parse_again(session, view, arena, sets, &again) != PARSE_OK) {
		dbmail_error_set(error, DBMAIL_ERROR_INTERNAL,
			"the search cannot be done in all mailboxes",
			"parsed once, but not twice");
		return FALSE;
	}
	SearchArgs *args_here = again.args;
	args_here->filter_values = args->filter_values;
	if (!search_filters_put(session, args_here,
		    session_numbers(session, view), arena, sets, &undefined,
		    error) ||
		!search_find(session, view, args_here, &result, error))
		return FALSE;
	if (result.found->len > 0)
		search_answer(session,
			correlator(session, &again, other->name, view),
			args_here, &result);
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
	gboolean has_selected = FALSE;
	for (guint i = 0; i < mailboxes->len; i++) {
		const FilteredMailbox *mailbox =
			&g_array_index(mailboxes, FilteredMailbox, i);
		gboolean is_selected = session->selected != NULL &&
			session->selected->id == mailbox->id;
		has_selected |= is_selected;
		if (search_is_pointless(session))
			return TRUE;
		if (is_selected ? !search_here(session, command, args, error) :
				  !search_other(session, args, mailbox, error))
			return FALSE;
	}
	/* Section 2.2: updates are of the selected mailbox alone. */
	if ((args->returns & RETURN_UPDATE) && !has_selected)
		stream_printf(session->stream,
			"* NO [NOUPDATE \"%s\"] The selected mailbox is "
			"not searched\r\n",
			command->tag);
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

static gboolean run(ImapSession *session, ImapCommand *command,
	SearchArgs *args, GError **error)
{
	gboolean ready;

	if (!search_prepare(session, command, args, &ready, error))
		return FALSE;
	if (!ready)
		return TRUE;
	return args->sources == NULL ?
		search_here(session, command, args, error) :
		search_sources(session, command, args, error);
}

gboolean cmd_esearch(ImapSession *session, ImapCommand *command, GError **error)
{
	SearchArgs *args = command->args;
	const char *wrong = wrong_sources(session, args);

	if (wrong != NULL)
		return command_bad(command, wrong);
	gboolean ok = run(session, command, args, error);
	if (!ok || command->status == STATUS_NO)
		search_save(session, args, NULL);
	return ok;
}
