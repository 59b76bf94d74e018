/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SELECT and EXAMINE (RFC 3501 sections 6.3.1 and 6.3.2). */
#include "imap/commands.h"

#include "base/errors.h"
#include "store/mailbox.h"
#include "imap/args.h"
#include "imap/session.h"
#include "imap/sync.h"

/* The first message without \Seen, as a number; 0 for none. */
static guint first_unseen(const MailboxView *view)
{
	for (guint i = 0; i < view->count; i++) {
		if ((view->messages[i].flags & FLAG_SEEN) == 0)
			return i + 1;
	}
	return 0;
}

static void write_state(ImapSession *session)
{
	ImapSelected *selected = session->selected;
	const MailboxView *view = &selected->known;
	Stream *stream = session->stream;
	guint unseen = first_unseen(view);

	sync_write_flags(session);
	selected->recent_told = sync_count_recent(selected);
	stream_printf(stream, "* %u EXISTS\r\n* %u RECENT\r\n", view->count,
		selected->recent_told);
	if (unseen > 0)
		stream_printf(
			stream, "* OK [UNSEEN %u] First unseen\r\n", unseen);
	stream_printf(stream,
		"* OK [UIDVALIDITY %u] UIDs are valid\r\n"
		"* OK [UIDNEXT %u] Next UID\r\n"
		"* OK [MAILBOXID (F%" G_GINT64_FORMAT ")] Mailbox\r\n",
		view->uidvalidity, view->uidnext, selected->id);
}

/* The watch comes before the view, so that nothing falls between. */
static gboolean open_mailbox(ImapSession *session, const Mailbox *mailbox,
	gboolean read_only, GError **error)
{
	ImapSelected *selected = g_new0(ImapSelected, 1);
	guint32 first_recent = mailbox->first_recent;

	session->selected = selected;
	selected->id = mailbox->id;
	selected->name = g_strdup(mailbox->name);
	selected->read_only = read_only || mailbox->read_only;
	selected->recent = numset_new();
	selected->watch = watch_new(session->store, mailbox->id);
	watch_clear(selected->watch);
	/* RFC 3501 section 6.3.2: EXAMINE takes no message's \Recent away. */
	if (!selected->read_only &&
		!mailbox_take_recent(
			session->store, mailbox->id, &first_recent, error))
		return FALSE;
	if (!sync_begin(session, selected, error))
		return FALSE;
	if (selected->known.uidnext > first_recent)
		numset_add_range(selected->recent, first_recent,
			selected->known.uidnext - 1);
	session->state = IMAP_SELECTED;
	return TRUE;
}

static gboolean select_mailbox(ImapSession *session, ImapCommand *command,
	gboolean read_only, GError **error)
{
	const MailboxArgs *args = command->args;
	g_autoptr(Mailbox) mailbox = NULL;

	/* Even a SELECT that fails leaves the mailbox before it. */
	session_unselect(session);
	if (!session_mailbox(session, command, args->mailbox, RIGHT_READ,
		    &mailbox, error))
		return FALSE;
	if (mailbox == NULL)
		return TRUE;
	if (mailbox->no_select)
		return command_no(
			command, "[NONEXISTENT] Mailbox cannot be selected");
	if (!open_mailbox(session, mailbox, read_only, error)) {
		session_unselect(session);
		return FALSE;
	}
	write_state(session);
	return command_ok(command,
		arena_printf(session->arena, "[%s] %s completed",
			session->selected->read_only ? "READ-ONLY" :
						       "READ-WRITE",
			command->row->name));
}

gboolean cmd_select(ImapSession *session, ImapCommand *command, GError **error)
{
	return select_mailbox(session, command, FALSE, error);
}

gboolean cmd_examine(ImapSession *session, ImapCommand *command, GError **error)
{
	return select_mailbox(session, command, TRUE, error);
}
