/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NOTIFY (RFC 5465 section 3.1). */
#include "imap/commands.h"

#include "base/errors.h"
#include "imap/notify-private.h"
#include "imap/status-item.h"
#include "imap/sync.h"

static gboolean is_supported(const NotifyArgs *args)
{
	const guint unsupported = NOTIFY_UNKNOWN | NOTIFY_ANNOTATION_CHANGE;

	for (guint i = 0; i < args->count; i++) {
		if (args->groups[i].events & unsupported)
			return FALSE;
	}
	return TRUE;
}

/* The names of the groups as they are kept.  FALSE: one is none, and the
 * command refused. */
static gboolean read_names(
	ImapSession *session, ImapCommand *command, ImapNotify *notify)
{
	notify->names = g_new0(GHashTable *, MAX(notify->args->count, 1));
	for (guint i = 0; i < notify->args->count; i++) {
		const MailboxFilter *filter = &notify->args->groups[i].filter;
		notify->names[i] = g_hash_table_new(g_str_hash, g_str_equal);
		for (guint n = 0; n < filter->count; n++) {
			const char *name = session_mailbox_name(
				session, command, filter->names[n]);
			if (name == NULL)
				return FALSE;
			g_hash_table_add(notify->names[i], (gpointer)name);
		}
	}
	return TRUE;
}

/* RFC 5465 section 3.1: what the client must know to understand what comes. */
static guint status_items(const ImapSession *session, guint events)
{
	guint items = 0;

	if (events & NOTIFY_MESSAGE_NEW)
		items |= STATUS_MESSAGES | STATUS_UIDNEXT | STATUS_UIDVALIDITY;
	if (events & NOTIFY_FLAG_CHANGE)
		items |= STATUS_UIDVALIDITY | STATUS_UNSEEN |
			STATUS_HIGHESTMODSEQ;
	if (session->enabled & ENABLED_CONDSTORE)
		items |= STATUS_HIGHESTMODSEQ;
	return items;
}

static void tell_state(
	ImapSession *session, ImapNotify *notify, const MailboxListed *listed)
{
	const Mailbox *mailbox = listed->mailbox;
	guint events = notify_events(session, notify, listed);

	if (mailbox == NULL || mailbox->no_select)
		return;
	if (notify->args->status && (events & NOTIFY_MESSAGE_EVENTS))
		status_write(session, mailbox, status_items(session, events));
}

/* Whether any group would want messages of it if it could be read. */
static void tell_no_access(
	ImapSession *session, ImapNotify *notify, const MailboxListed *listed)
{
	const Mailbox *mailbox = listed->mailbox;

	if (mailbox == NULL || mailbox->no_select ||
		(mailbox->rights & RIGHT_LOOKUP) == 0 ||
		(mailbox->rights & RIGHT_READ) != 0)
		return;
	Mailbox readable = *mailbox;
	readable.rights |= RIGHT_READ;
	MailboxListed as_if = *listed;
	as_if.mailbox = &readable;
	if (notify_events(session, notify, &as_if) & NOTIFY_MESSAGE_EVENTS)
		notify_tell_no_access(session, listed);
}

static gboolean has_others(const NotifyArgs *args)
{
	for (guint i = 0; i < args->count; i++) {
		if (!mailbox_filter_is_selected(&args->groups[i].filter))
			return TRUE;
	}
	return FALSE;
}

static gboolean look_at_others(ImapSession *session, ImapCommand *command,
	ImapNotify *notify, GError **error)
{
	guint count = 0;

	if (!mailbox_list(
		    session->store, session->user->id, &notify->list, error))
		return FALSE;
	if (!notify_read_metadata(session, notify, &notify->prints, error))
		return FALSE;
	for (guint i = 0; i < notify->list->len; i++)
		count += (notify_events(session, notify,
				  g_ptr_array_index(notify->list, i)) &
				 NOTIFY_MESSAGE_EVENTS) != 0;
	if (count > NOTIFY_MAILBOXES_MAX)
		return command_no(command,
			"[NOTIFICATIONOVERFLOW] Too many mailboxes at once");
	for (guint i = 0; i < notify->list->len; i++) {
		const MailboxListed *listed =
			g_ptr_array_index(notify->list, i);
		tell_state(session, notify, listed);
		tell_no_access(session, notify, listed);
	}
	return TRUE;
}

/* From now on it counts; it keeps the memory of the command. */
static void install(ImapSession *session, ImapNotify *notify)
{
	notify->arena = session->arena;
	notify->parsed = g_steal_pointer(&session->parsed);
	session->arena = arena_new();
	notify_free(&session->notify);
	session->notify = notify;
	for (guint i = 0; i < notify->args->count; i++) {
		if (mailbox_filter_is_selected(&notify->args->groups[i].filter))
			notify->selected = &notify->args->groups[i];
	}
	if (notify->args->count > 0)
		notify->watch = watch_new_many(session->store);
	if (session->selected != NULL)
		notify->next_uid = session->selected->known.uidnext;
	/* Watched as soon as the command is over, which begins by looking. */
	notify->selected_id = -1;
	if (notify->selected != NULL && notify->selected->fetch != NULL &&
		(notify->selected->fetch->needs & NEED_CONDSTORE))
		sync_enable_condstore(session);
}

gboolean cmd_notify(ImapSession *session, ImapCommand *command, GError **error)
{
	const NotifyArgs *args = command->args;
	ImapNotify *notify;

	if (!is_supported(args))
		return command_no(command,
			arena_printf(session->arena,
				"[BADEVENT (%s)] Unknown event",
				notify_event_names()));
	notify = g_new0(ImapNotify, 1);
	notify->args = args;
	/* A NOOP is implied, by what was asked for so far. */
	if (session->selected != NULL)
		sync_mailbox(session, TRUE, notify_tells_uid(session), NULL);
	gboolean ok = TRUE;
	if (!session->is_over && read_names(session, command, notify) &&
		has_others(args))
		ok = look_at_others(session, command, notify, error);
	if (!ok || session->is_over || command->status != STATUS_OK)
		notify_free(&notify);
	else
		install(session, notify);
	return ok;
}
