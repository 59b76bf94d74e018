/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling the client what has changed in the mailbox it has selected. */
#include "imap/sync.h"

#include <poll.h>

#include "base/errors.h"
#include "base/log.h"
#include "store/mailbox.h"
#include "imap/notify.h"
#include "imap/reply.h"
#include "imap/search-context.h"
#include "imap/vanished.h"

gboolean sync_is_due(const ImapSelected *selected)
{
	struct pollfd fd = { .fd = watch_fd(selected->watch),
		.events = POLLIN };
	return poll(&fd, 1, 0) > 0;
}

guint sync_count_recent(const ImapSelected *selected)
{
	const MailboxView *known = &selected->known;
	guint count = 0;

	for (guint r = 0; r < numset_range_count(selected->recent); r++) {
		NumRange range = numset_range(selected->recent, r);
		guint i = view_lower_bound(known, range.first);
		while (i < known->count && known->messages[i].uid <= range.last)
			count++, i++;
	}
	return count;
}

static guint count_keywords(const MailboxView *view)
{
	guint count = 0;
	while (view->keywords != NULL && view->keywords[count] != NULL)
		count++;
	return count;
}

gboolean sync_is_recent(const ImapSession *session, guint32 uid)
{
	return (session->enabled & ENABLED_IMAP4REV2) == 0 &&
		numset_contains(session->selected->recent, uid);
}

gboolean sync_tells_uid(const ImapSession *session)
{
	return (session->enabled & (ENABLED_CONDSTORE | ENABLED_IMAP4REV2)) !=
		0;
}

static void write_highest(ImapSession *session)
{
	stream_printf(session->stream,
		"* OK [HIGHESTMODSEQ %" G_GUINT64_FORMAT "] Highest\r\n",
		session->selected->told_seq);
}

void sync_enable_condstore(ImapSession *session)
{
	if (session->enabled & ENABLED_CONDSTORE)
		return;
	session->enabled |= ENABLED_CONDSTORE;
	if (session->selected != NULL)
		write_highest(session);
}

void sync_tell_highest(ImapSession *session, ImapCommand *command)
{
	ImapSelected *selected = session->selected;

	if (selected == NULL)
		return;
	gboolean must_tell = selected->has_vanished || selected->held != NULL;
	selected->has_vanished = FALSE;
	if (!must_tell || (session->enabled & ENABLED_CONDSTORE) == 0)
		return;
	if (command->status != STATUS_OK ||
		(command->text != NULL && command->text[0] == '[')) {
		write_highest(session);
		return;
	}
	command->text = arena_printf(session->arena,
		"[HIGHESTMODSEQ %" G_GUINT64_FORMAT "] %s%s",
		selected->told_seq,
		command->text == NULL && command->is_uid ? "UID " : "",
		command->text != NULL ?
			command->text :
			arena_printf(session->arena, "%s completed",
				command->row->name));
}

void sync_write_flags(ImapSession *session)
{
	ImapSelected *selected = session->selected;
	const MailboxView *view = selected->view;
	guint count = count_keywords(view);
	g_autoptr(GString) flags = g_string_new(NULL);
	Flags all = 0;

	for (const Flags *flag = flag_all; *flag != 0; flag++)
		all |= *flag;
	reply_append_flags(flags, all, G_MAXUINT64, view->keywords, FALSE);
	stream_printf(session->stream, "* FLAGS %s\r\n", flags->str);
	gboolean keeps_keywords =
		!selected->read_only && (selected->rights & RIGHT_WRITE) != 0;
	g_string_truncate(flags, 0);
	reply_append_flags(flags,
		selected->read_only ? 0 : rights_flags(selected->rights),
		keeps_keywords ? G_MAXUINT64 : 0, view->keywords, FALSE);
	if (keeps_keywords && count < FLAG_KEYWORDS_MAX) {
		g_string_truncate(flags, flags->len - 1);
		g_string_append(flags, " \\*)");
	}
	stream_printf(session->stream,
		"* OK [PERMANENTFLAGS %s] Flags that are kept\r\n", flags->str);
	selected->keywords_told = count;
}

/* --- comparing ------------------------------------------------------------- */

/* What the client knew and what is there now, side by side. */
typedef struct {
	ImapSession *session;
	ImapSelected *selected;
	const SyncOwn *own;
	guint64 own_keywords;
	gboolean with_uid;
	const ViewMessage *old;
	guint old_count;
	const MailboxView *latest;
	gboolean same_uids; /* and only these indexes may differ: */
	guint first;
	guint end;
	GArray *gone;  /* guint, indexes in old */
	guint arrived; /* messages in latest behind the last of old */
} Sync;

static guint64 keyword_bits(
	const MailboxView *view, const char *const *keywords)
{
	guint64 bits = 0;

	for (guint i = 0;
		view->keywords != NULL && view->keywords[i] != NULL && i < 64;
		i++) {
		for (guint k = 0; keywords != NULL && keywords[k] != NULL;
			k++) {
			if (g_ascii_strcasecmp(
				    view->keywords[i], keywords[k]) == 0)
				bits |= G_GUINT64_CONSTANT(1) << i;
		}
	}
	return bits;
}

static void apply_own(const Sync *sync, guint32 *flags, guint64 *keywords)
{
	const FlagChange *change = sync->own->change;

	switch (change->action) {
	case FLAG_REPLACE:
		*flags = (*flags & change->kept) |
			((guint32)change->flags & ~(guint32)change->kept);
		if (!change->keeps_keywords)
			*keywords = sync->own_keywords;
		break;
	case FLAG_ADD:
		*flags |= change->flags;
		*keywords |= sync->own_keywords;
		break;
	case FLAG_REMOVE:
		*flags &= ~(guint32)change->flags;
		*keywords &= ~sync->own_keywords;
		break;
	}
}

typedef enum { TELL_NOTHING, TELL_MODSEQ, TELL_FLAGS } Tell;

static Tell what_to_tell(
	const Sync *sync, const ViewMessage *before, const ViewMessage *now)
{
	const SyncOwn *own = sync->own;
	guint32 flags = before->flags;
	guint64 keywords = before->keywords;
	gboolean is_own = own != NULL && numset_contains(own->uids, now->uid);

	if (is_own && own->spared != NULL &&
		numset_contains(own->spared, now->uid))
		return TELL_FLAGS;
	if (is_own && !own->silent)
		return TELL_FLAGS;
	if (is_own)
		apply_own(sync, &flags, &keywords);
	if (!is_own && !notify_wants_flags(sync->session))
		return TELL_NOTHING;
	if (now->flags != flags || now->keywords != keywords)
		return TELL_FLAGS;
	if ((sync->session->enabled & ENABLED_CONDSTORE) == 0 ||
		(is_own && own->told_otherwise))
		return TELL_NOTHING;
	if (is_own && (own->conditional || now->modseq != before->modseq))
		return TELL_MODSEQ;
	return now->modseq != before->modseq ? TELL_FLAGS : TELL_NOTHING;
}

/* Spares the comparison of what is known to be the same.  before: the view
 * that the client knows as it is. */
static void narrow(Sync *sync, const MailboxView *before)
{
	const MailboxView *latest = sync->latest;
	const SyncOwn *own = sync->own;
	guint ranges = own != NULL ? numset_range_count(own->uids) : 0;

	sync->same_uids =
		latest == before || latest->changed_since == before->seq;
	if (!sync->same_uids)
		return;
	sync->first = latest == before ? latest->count : latest->changed_first;
	sync->end = latest == before ? 0 : latest->changed_end;
	if (ranges == 0)
		return;
	guint first =
		view_lower_bound(latest, numset_range(own->uids, 0).first);
	guint32 last = numset_range(own->uids, ranges - 1).last;
	guint end = last == G_MAXUINT32 ? latest->count :
					  view_lower_bound(latest, last + 1);
	sync->first = MIN(sync->first, first);
	sync->end = MAX(sync->end, end);
}

static void compare(Sync *sync)
{
	const MailboxView *latest = sync->latest;
	guint j = 0;

	if (sync->same_uids)
		return;
	for (guint i = 0; i < sync->old_count; i++) {
		while (j < latest->count &&
			latest->messages[j].uid < sync->old[i].uid)
			j++;
		if (j < latest->count &&
			latest->messages[j].uid == sync->old[i].uid)
			j++;
		else
			g_array_append_val(sync->gone, i);
	}
	sync->arrived = latest->count - j;
}

/* --- what is known from now on --------------------------------------------- */

/* The old numbering with new flags and new messages, for as long as gone
 * messages may not be mentioned. */
static void hold_gone(Sync *sync)
{
	const MailboxView *latest = sync->latest;
	guint count = sync->old_count + sync->arrived;
	ViewMessage *held = g_new(ViewMessage, count);

	for (guint i = 0; i < sync->old_count; i++) {
		guint j = view_find(latest, sync->old[i].uid);
		held[i] = j == G_MAXUINT ? sync->old[i] : latest->messages[j];
	}
	for (guint i = 0; i < sync->arrived; i++)
		held[sync->old_count + i] =
			latest->messages[latest->count - sync->arrived + i];
	sync->selected->held = held;
	sync->selected->known.messages = held;
	sync->selected->known.count = count;
}

static void write_vanished(const Sync *sync)
{
	g_autoptr(NumSet) uids = numset_new();

	for (guint k = 0; k < sync->gone->len; k++)
		numset_add(uids,
			sync->old[g_array_index(sync->gone, guint, k)].uid);
	vanished_write(sync->session, uids, FALSE);
	sync->selected->has_vanished = TRUE;
}

static void write_expunges(const Sync *sync)
{
	if (sync->session->enabled & (ENABLED_QRESYNC | ENABLED_UIDONLY)) {
		write_vanished(sync);
		return;
	}
	for (guint k = 0; k < sync->gone->len; k++)
		stream_printf(sync->session->stream, "* %u EXPUNGE\r\n",
			g_array_index(sync->gone, guint, k) + 1 - k);
}

/* New messages are \Recent to the first session that hears of them. */
static void take_recent(const Sync *sync)
{
	ImapSelected *selected = sync->selected;
	const MailboxView *latest = sync->latest;
	guint32 first_new = latest->messages[latest->count - sync->arrived].uid;
	guint32 last_new = latest->messages[latest->count - 1].uid;
	g_autoptr(GError) error = NULL;
	guint32 first_recent;

	if (sync->session->enabled & ENABLED_IMAP4REV2)
		return;
	if (selected->read_only) {
		numset_add_range(selected->recent, first_new, last_new);
		return;
	}
	if (!mailbox_take_recent(sync->session->store, selected->id,
		    latest->uidnext, &first_recent, &error)) {
		log_event(LOG_LEVEL_WARNING, &sync->session->connection->log,
			"recent-failed", LOG_GERROR(error));
		return;
	}
	first_new = MAX(first_new, first_recent);
	if (first_new <= last_new)
		numset_add_range(selected->recent, first_new, last_new);
}

static void write_counts(const Sync *sync)
{
	ImapSelected *selected = sync->selected;
	guint recent;

	if (sync->arrived > 0) {
		take_recent(sync);
		stream_printf(sync->session->stream, "* %u EXISTS\r\n",
			selected->known.count);
	}
	if (sync->arrived == 0 && sync->gone->len == 0)
		return;
	recent = sync_count_recent(selected);
	if (sync->session->enabled & ENABLED_IMAP4REV2)
		return;
	if (sync->arrived > 0 || recent != selected->recent_told)
		stream_printf(sync->session->stream, "* %u RECENT\r\n", recent);
	selected->recent_told = recent;
}

/* One FETCH response. */
static void write_fetch(
	ImapSession *session, guint index, Tell what, gboolean with_uid)
{
	const ImapSelected *selected = session->selected;
	const ViewMessage *message = &selected->known.messages[index];
	gboolean uid_only = (session->enabled & ENABLED_UIDONLY) != 0;
	g_autoptr(GString) line = g_string_sized_new(128);

	g_string_printf(line, "* %u %sFETCH (",
		uid_only ? message->uid : index + 1, uid_only ? "UID" : "");
	if (!uid_only && (with_uid || sync_tells_uid(session)))
		g_string_append_printf(line, "UID %u ", message->uid);
	if (what == TELL_FLAGS) {
		g_string_append(line, "FLAGS ");
		reply_append_flags(line, message->flags, message->keywords,
			selected->view->keywords,
			sync_is_recent(session, message->uid));
	}
	if (session->enabled & ENABLED_CONDSTORE)
		g_string_append_printf(line, "%sMODSEQ (%" G_GUINT64_FORMAT ")",
			what == TELL_FLAGS ? " " : "", message->modseq);
	g_string_append(line, ")\r\n");
	stream_write(session->stream, line->str, line->len);
}

void sync_write_message(ImapSession *session, guint index)
{
	write_fetch(session, index, TELL_FLAGS, TRUE);
}

static void write_flag_changes(const Sync *sync)
{
	const MailboxView *known = &sync->selected->known;
	guint end = MIN(known->count, sync->end);
	guint i = sync->same_uids ? sync->first : 0;

	for (guint k = sync->first; k < end && i < sync->old_count; k++) {
		while (i < sync->old_count &&
			sync->old[i].uid < known->messages[k].uid)
			i++;
		if (i >= sync->old_count ||
			sync->old[i].uid != known->messages[k].uid)
			continue;
		Tell what =
			what_to_tell(sync, &sync->old[i], &known->messages[k]);
		if (what != TELL_NOTHING)
			write_fetch(sync->session, k, what, sync->with_uid);
	}
}

static void tell(Sync *sync, gboolean may_expunge)
{
	ImapSelected *selected = sync->selected;

	compare(sync);
	selected->known = *sync->latest;
	selected->held = NULL;
	if (sync->gone->len > 0 && may_expunge) {
		context_tell_gone(
			sync->session, sync->old, sync->old_count, sync->gone);
		write_expunges(sync);
	} else if (sync->gone->len > 0)
		hold_gone(sync);
	if (may_expunge || sync->gone->len == 0 || sync->arrived > 0)
		write_counts(sync);
	if (count_keywords(sync->latest) != selected->keywords_told)
		sync_write_flags(sync->session);
	write_flag_changes(sync);
	context_tell_changes(sync->session);
	if (selected->held == NULL)
		selected->told_seq = sync->latest->seq;
}

static void view_failed(ImapSession *session, const GError *error)
{
	if (dbmail_error_is(error, DBMAIL_ERROR_NOT_FOUND)) {
		session_bye(session, "[NONEXISTENT] Mailbox was deleted");
		return;
	}
	log_event(LOG_LEVEL_ERROR, &session->connection->log, "sync-failed",
		LOG_GERROR(error));
}

static gboolean get_latest(ImapSession *session, const SyncOwn *own,
	MailboxView **latest, GError **error)
{
	const ImapSelected *selected = session->selected;

	if (own != NULL && own->seq != 0)
		return view_get_since(
			session->store, selected->id, own->seq, latest, error);
	watch_clear(selected->watch);
	return view_get(session->store, selected->id, latest, error);
}

void sync_mailbox(ImapSession *session, gboolean may_expunge, gboolean with_uid,
	const SyncOwn *own)
{
	ImapSelected *selected = session->selected;
	g_autoptr(MailboxView) latest = NULL;
	g_autoptr(GError) error = NULL;

	if (!get_latest(session, own, &latest, &error)) {
		view_failed(session, error);
		return;
	}
	if (latest == selected->view && selected->held == NULL && own == NULL)
		return;
	/* The old view and what was held stay until the comparison is over. */
	ViewMessage *held = g_steal_pointer(&selected->held);
	MailboxView *before = g_steal_pointer(&selected->view);
	g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(guint));
	Sync sync = {
		.session = session,
		.selected = selected,
		.own = own,
		.with_uid = with_uid,
		.old = selected->known.messages,
		.old_count = selected->known.count,
		.latest = latest,
		.gone = gone,
	};
	if (own != NULL)
		sync.own_keywords = keyword_bits(latest, own->change->keywords);
	selected->view = view_ref(latest);
	sync.end = MAX(sync.old_count, latest->count);
	if (held == NULL)
		narrow(&sync, before);
	tell(&sync, may_expunge);
	view_unref(&before);
	g_free(held);
}

gboolean sync_begin(ImapSession *session, ImapSelected *selected, guint64 seq,
	GError **error)
{
	selected->view = view_peek(session->store, selected->id, seq);
	if (selected->view == NULL &&
		!view_get(session->store, selected->id, &selected->view, error))
		return FALSE;
	selected->known = *selected->view;
	selected->told_seq = selected->view->seq;
	return TRUE;
}
