/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NOTIFY: waiting for input and news at once, and telling the news. */
#include "imap/notify.h"

#include "base/errors.h"
#include "base/log.h"
#include "imap/fetch-write.h"
#include "imap/input.h"
#include "imap/notify-private.h"
#include "imap/sync.h"

void notify_free(ImapNotify **notify)
{
	ImapNotify *gone = g_steal_pointer(notify);

	if (gone == NULL)
		return;
	for (guint i = 0; gone->names != NULL && i < gone->args->count; i++)
		g_clear_pointer(&gone->names[i], g_hash_table_unref);
	g_free(gone->names);
	watch_free(&gone->watch);
	g_clear_pointer(&gone->list, g_ptr_array_unref);
	g_clear_pointer(&gone->prints, g_hash_table_unref);
	arena_free(&gone->arena);
	arena_free(&gone->parsed);
	g_free(gone);
}

/* --- the selected mailbox -------------------------------------------------- */

static guint selected_events(const ImapSession *session)
{
	const ImapNotify *notify = session->notify;

	if (notify == NULL)
		return NOTIFY_MESSAGE_EVENTS;
	return notify->selected != NULL ? notify->selected->events : 0;
}

gboolean notify_wants_messages(const ImapSession *session)
{
	return (selected_events(session) & NOTIFY_MESSAGE_NEW) != 0;
}

gboolean notify_wants_flags(const ImapSession *session)
{
	return (selected_events(session) & NOTIFY_FLAG_CHANGE) != 0;
}

gboolean notify_tells_uid(const ImapSession *session)
{
	return session->notify != NULL;
}

static gboolean is_delayed(const ImapNotify *notify)
{
	return notify->selected != NULL &&
		notify->selected->filter.kind == FILTER_SELECTED_DELAYED;
}

static void pass_new(ImapSession *session)
{
	if (session->selected != NULL)
		session->notify->next_uid = session->selected->known.uidnext;
}

/* FETCH responses of messages that came, as NOTIFY asked for them. */
static void fetch_new(ImapSession *session)
{
	ImapNotify *notify = session->notify;
	const ImapSelected *selected = session->selected;
	g_autoptr(GArray) indexes = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GError) error = NULL;

	if (selected == NULL || session->is_over)
		return;
	guint first = view_lower_bound(&selected->known, notify->next_uid);
	for (guint i = first; i < selected->known.count; i++)
		g_array_append_val(indexes, i);
	pass_new(session);
	if (indexes->len == 0 || notify->selected == NULL ||
		notify->selected->fetch == NULL)
		return;
	if (!fetch_tell(session, notify->selected->fetch, indexes, &error))
		log_event(LOG_LEVEL_ERROR, &session->connection->log,
			"notify-fetch-failed", LOG_GERROR(error));
}

static void tell_selected(ImapSession *session, gboolean may_expunge)
{
	if (session->selected == NULL || !notify_wants_messages(session))
		return;
	gboolean owes = may_expunge && session->selected->held != NULL;
	gboolean is_due = sync_is_due(session->selected);
	if (is_due && session->selected->is_shared)
		session_refresh_rights(session);
	if (session->is_over || session->selected == NULL || (!owes && !is_due))
		return;
	sync_mailbox(session, may_expunge, TRUE, NULL);
	fetch_new(session);
}

/* --- other mailboxes ------------------------------------------------------- */

/* RFC 5465 section 5.8: as after NOTIFY NONE. */
static void overflow(ImapSession *session, const GError *error)
{
	static const NotifyArgs none = { .is_none = TRUE };
	ImapNotify *notify = g_new0(ImapNotify, 1);

	if (error != NULL)
		log_event(LOG_LEVEL_WARNING, &session->connection->log,
			"notify-failed", LOG_GERROR(error));
	notify->args = &none;
	notify_free(&session->notify);
	session->notify = notify;
	stream_puts(session->stream,
		"* OK [NOTIFICATIONOVERFLOW] No more notifications\r\n");
}

/* Watches what the client wants to hear of, as it is now.  FALSE: too much. */
static gboolean follow(ImapSession *session)
{
	ImapNotify *notify = session->notify;
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_autoptr(GArray) users = g_array_new(FALSE, FALSE, sizeof(gint64));
	const gint64 everybody = WATCH_EVERYBODY;

	notify->selected_id =
		session->selected != NULL ? session->selected->id : 0;
	if (notify->watch == NULL)
		return TRUE;
	if (notify->selected_id != 0 && notify->selected != NULL)
		g_array_append_val(ids, notify->selected_id);
	if (notify->list != NULL) {
		g_array_append_val(users, session->user->id);
		g_array_append_val(users, everybody);
	}
	for (guint i = 0; notify->list != NULL && i < notify->list->len; i++) {
		const MailboxListed *listed =
			g_ptr_array_index(notify->list, i);
		guint events = notify_events(session, notify, listed);
		if (listed->mailbox == NULL || events == 0)
			continue;
		g_array_append_val(users, listed->mailbox->owner);
		if (events & NOTIFY_MESSAGE_EVENTS)
			g_array_append_val(ids, listed->mailbox->id);
	}
	if (ids->len > NOTIFY_MAILBOXES_MAX)
		return FALSE;
	watch_set(notify->watch, (const gint64 *)(void *)ids->data, ids->len,
		(const gint64 *)(void *)users->data, users->len);
	return TRUE;
}

static void read_list(ImapSession *session, gboolean quiet)
{
	g_autoptr(GError) error = NULL;
	GPtrArray *list;
	GHashTable *prints;

	if (!mailbox_list(session->store, session->user->id, &list, &error)) {
		overflow(session, error);
		return;
	}
	notify_take_list(session, list, quiet);
	if (!notify_read_metadata(session, session->notify, &prints, &error)) {
		overflow(session, error);
		return;
	}
	notify_take_metadata(session, prints, quiet);
	if (!follow(session))
		overflow(session, NULL);
}

/* The lines of the list whose mailboxes these are and that are of interest. */
static GPtrArray *find_listed(const ImapSession *session, const GArray *ids)
{
	const GPtrArray *list = session->notify->list;
	GPtrArray *found = g_ptr_array_new();
	g_autoptr(GHashTable) wanted =
		g_hash_table_new(g_int64_hash, g_int64_equal);

	for (guint i = 0; i < ids->len; i++)
		g_hash_table_add(wanted, &g_array_index(ids, gint64, i));
	for (guint i = 0; i < list->len; i++) {
		MailboxListed *listed = g_ptr_array_index(list, i);
		if (listed->mailbox != NULL &&
			g_hash_table_contains(wanted, &listed->mailbox->id))
			g_ptr_array_add(found, listed);
	}
	return found;
}

static void read_numbers(ImapSession *session, const GArray *ids)
{
	g_autoptr(GPtrArray) found = find_listed(session, ids);
	g_autofree Mailbox **mailboxes = g_new(Mailbox *, found->len + 1);
	g_autofree Mailbox *before = g_new(Mailbox, found->len + 1);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; i < found->len; i++) {
		mailboxes[i] =
			((MailboxListed *)g_ptr_array_index(found, i))->mailbox;
		before[i] = *mailboxes[i];
	}
	if (found->len == 0)
		return;
	if (!mailbox_reread(session->store, mailboxes, found->len, &error)) {
		overflow(session, error);
		return;
	}
	for (guint i = 0; i < found->len; i++)
		notify_tell_numbers(session, &before[i], mailboxes[i],
			notify_events(session, session->notify,
				g_ptr_array_index(found, i)));
}

static void tell_others(ImapSession *session, const GArray *ids, gboolean names)
{
	if (session->is_over || session->notify->list == NULL)
		return;
	if (names)
		read_list(session, FALSE);
	else
		read_numbers(session, ids);
}

/* The watch is cleared before anything is looked at: what happens later wakes
 * once more. */
void notify_tell(ImapSession *session, gboolean may_expunge)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	gboolean names = FALSE;

	if (session->notify == NULL || session->is_over)
		return;
	if (session->notify->watch != NULL)
		watch_take(session->notify->watch, ids, &names);
	tell_selected(session, may_expunge);
	tell_others(session, ids, names);
}

/* --- around commands ------------------------------------------------------- */

int notify_fd(const ImapSession *session)
{
	const ImapNotify *notify = session->notify;

	return notify != NULL && notify->watch != NULL ?
		watch_fd(notify->watch) :
		-1;
}

gboolean notify_wait_input(ImapSession *session)
{
	gboolean is_there = FALSE;

	while (!is_there && notify_fd(session) != -1) {
		/* What was sent at once is answered first. */
		if (!stream_has_input(session->stream))
			notify_tell(session, !is_delayed(session->notify));
		if (session->is_over ||
			!input_wait(session, notify_fd(session), &is_there))
			return FALSE;
	}
	return TRUE;
}

void notify_before(ImapSession *session, const ImapCommand *command)
{
	if (session->notify != NULL &&
		(command->row->flags & COMMAND_NAMES) != 0)
		notify_tell(session, !is_delayed(session->notify));
}

void notify_after(ImapSession *session, const ImapCommand *command)
{
	const ImapNotify *notify = session->notify;
	gint64 selected = session->selected != NULL ? session->selected->id : 0;

	if (notify == NULL || session->is_over)
		return;
	if (selected != notify->selected_id) {
		pass_new(session);
		if (!follow(session))
			overflow(session, NULL);
	} else if (command->row->flags & COMMAND_ADDS) {
		pass_new(session);
	} else {
		fetch_new(session);
	}
	if ((command->row->flags & COMMAND_NAMES) &&
		session->notify->list != NULL)
		read_list(session, TRUE);
}
