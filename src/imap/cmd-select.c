/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SELECT and EXAMINE (RFC 3501 section 6.3.1, RFC 9051 section 6.3.2). */
#include "imap/commands.h"

#include "base/errors.h"
#include "store/mailbox.h"
#include "imap/list-line.h"
#include "imap/select-args.h"
#include "imap/session.h"
#include "imap/sync.h"
#include "imap/vanished.h"

/* The first message without \Seen, as a number; 0 for none. */
static guint first_unseen(const MailboxView *view)
{
	for (guint i = 0; i < view->count; i++) {
		if ((view->messages[i].flags & FLAG_SEEN) == 0)
			return i + 1;
	}
	return 0;
}

/* What is said in IMAP4rev1 alone (RFC 9051 appendix E). */
static void write_recent(ImapSession *session)
{
	ImapSelected *selected = session->selected;
	guint unseen = first_unseen(&selected->known);

	selected->recent_told = sync_count_recent(selected);
	stream_printf(
		session->stream, "* %u RECENT\r\n", selected->recent_told);
	if (unseen > 0 && (session->enabled & ENABLED_UIDONLY) == 0)
		stream_printf(session->stream,
			"* OK [UNSEEN %u] First unseen\r\n", unseen);
}

static void write_state(ImapSession *session)
{
	ImapSelected *selected = session->selected;
	const MailboxView *view = &selected->known;
	Stream *stream = session->stream;

	sync_write_flags(session);
	stream_printf(stream, "* %u EXISTS\r\n", view->count);
	if ((session->enabled & ENABLED_IMAP4REV2) == 0)
		write_recent(session);
	stream_printf(stream,
		"* OK [UIDVALIDITY %u] UIDs are valid\r\n"
		"* OK [UIDNEXT %u] Next UID\r\n"
		"* OK [MAILBOXID (F%" G_GINT64_FORMAT ")] Mailbox\r\n"
		"* OK [HIGHESTMODSEQ %" G_GUINT64_FORMAT "] Highest\r\n",
		view->uidvalidity, view->uidnext, selected->id,
		selected->told_seq);
}

/* --- QRESYNC (RFC 7162 section 3.2.5) -------------------------------------- */

/* The UID up to which the client knows of all expunges: it has as many
 * messages up to there as the mailbox (section 3.2.5.2). */
static guint32 matched_uid(const SelectArgs *args, const MailboxView *view)
{
	const NumSet *numbers = args->match_numbers;
	guint32 matched = 0;
	guint r = 0;
	guint32 uid = 0;

	if (numbers == NULL)
		return 0;
	for (guint i = 0; i < numset_range_count(numbers); i++) {
		NumRange range = numset_range(numbers, i);
		for (guint64 n = range.first; n <= range.last; n++) {
			NumRange uids = numset_range(args->match_uids, r);
			uid = MAX(uid + 1, uids.first);
			if (n > view->count)
				return matched;
			if (view->messages[n - 1].uid == uid)
				matched = uid;
			if (uid == uids.last)
				r++;
		}
	}
	return matched;
}

static gboolean resynchronise(
	ImapSession *session, const SelectArgs *args, GError **error)
{
	const MailboxView *view = &session->selected->known;
	guint64 modseq = args->modseq;

	if (args->uidvalidity != view->uidvalidity || modseq == view->seq)
		return TRUE;
	/* A modseq of the future: the store went back in time, to a backup.
	 * What the client has then may be anything. */
	if (modseq > view->seq)
		modseq = 0;
	guint64 since = modseq < view->flags_floor ? 0 : modseq;
	if (!vanished_tell_earlier(session, modseq, args->known_uids,
		    matched_uid(args, view), error))
		return FALSE;
	for (guint i = 0; i < view->count; i++) {
		const ViewMessage *message = &view->messages[i];
		if (message->modseq > since &&
			(args->known_uids == NULL ||
				numset_contains(
					args->known_uids, message->uid)))
			sync_write_message(session, i);
	}
	return TRUE;
}

/* --- the command ----------------------------------------------------------- */

/* What of the view is \Recent here.  Mostly the mailbox's row has said already
 * that nothing is.  In IMAP4rev2 nobody wants to know. */
static gboolean take_recent(
	ImapSession *session, const Mailbox *mailbox, GError **error)
{
	ImapSelected *selected = session->selected;
	guint32 uidnext = selected->known.uidnext;
	guint32 first = mailbox->first_recent;

	/* RFC 3501 section 6.3.2: EXAMINE takes no message's \Recent away. */
	if (first < uidnext && !selected->read_only &&
		(session->enabled & ENABLED_IMAP4REV2) == 0 &&
		!mailbox_take_recent(
			session->store, mailbox->id, uidnext, &first, error))
		return FALSE;
	if (first < uidnext)
		numset_add_range(selected->recent, first, uidnext - 1);
	return TRUE;
}

/* The watch comes before the view, so that nothing falls between; heard is
 * what had been heard when the mailbox was about to be read. */
static gboolean open_mailbox(ImapSession *session, const Mailbox *mailbox,
	gboolean read_only, guint64 heard, GError **error)
{
	ImapSelected *selected = g_new0(ImapSelected, 1);

	session->selected = selected;
	selected->id = mailbox->id;
	selected->owner = mailbox->owner;
	selected->name = g_strdup(mailbox->name);
	selected->rights = mailbox->rights;
	selected->is_shared = mailbox->owner != session->user->id;
	selected->is_examined = read_only || mailbox->read_only;
	selected->read_only = selected->is_examined ||
		(mailbox->rights & RIGHTS_WRITING) == 0;
	selected->recent = numset_new();
	selected->watch = watch_new(session->store, mailbox->id);
	watch_clear(selected->watch);
	guint64 seq = watch_heard(session->store) == heard ? mailbox->seq :
							     G_MAXUINT64;
	if (!sync_begin(session, selected, seq, error) ||
		!take_recent(session, mailbox, error))
		return FALSE;
	session->state = IMAP_SELECTED;
	return TRUE;
}

/* Opens it and tells all there is to tell. */
static gboolean open_and_tell(ImapSession *session, const Mailbox *mailbox,
	const SelectArgs *args, gboolean read_only, guint64 heard,
	GError **error)
{
	if (!open_mailbox(session, mailbox, read_only, heard, error))
		return FALSE;
	write_state(session);
	if (session->enabled & ENABLED_IMAP4REV2)
		list_write_found(session, mailbox, args->mailbox);
	return !args->qresync || resynchronise(session, args, error);
}

static void leave_mailbox(ImapSession *session)
{
	if (session->selected == NULL)
		return;
	session_unselect(session);
	stream_puts(session->stream, "* OK [CLOSED] Mailbox is closed\r\n");
}

static gboolean select_mailbox(ImapSession *session, ImapCommand *command,
	gboolean read_only, GError **error)
{
	const SelectArgs *args = command->args;
	g_autoptr(Mailbox) mailbox = NULL;

	if (args->qresync && (session->enabled & ENABLED_QRESYNC) == 0)
		return command_bad(command, "QRESYNC without ENABLE QRESYNC");
	/* Even a SELECT that fails leaves the mailbox before it. */
	leave_mailbox(session);
	guint64 heard = watch_heard(session->store);
	if (!session_mailbox(session, command, args->mailbox, RIGHT_READ,
		    &mailbox, error))
		return FALSE;
	if (mailbox == NULL)
		return TRUE;
	if (mailbox->no_select)
		return command_no(
			command, "[NONEXISTENT] Mailbox cannot be selected");
	if (args->condstore)
		sync_enable_condstore(session);
	if (!open_and_tell(session, mailbox, args, read_only, heard, error)) {
		session_unselect(session);
		return FALSE;
	}
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
