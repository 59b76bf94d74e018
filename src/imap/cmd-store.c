/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STORE and UID STORE (RFC 3501 section 6.4.6, RFC 7162 section 3.1.3). */
#include "imap/commands.h"

#include "store/flag.h"
#include "imap/args.h"
#include "imap/imapsieve.h"
#include "imap/messages.h"
#include "imap/sync.h"

/* Leaves in the change what the user has the right to (RFC 4314 section 4).
 * FALSE: that is nothing. */
static gboolean restrict_change(
	const ImapSelected *selected, FlagChange *change)
{
	static const char *const none[] = { NULL };
	Flags allowed = rights_flags(selected->rights);
	gboolean keywords = (selected->rights & RIGHT_WRITE) != 0;
	gboolean names_any = change->flags != 0 ||
		(change->keywords != NULL && change->keywords[0] != NULL);

	change->flags &= allowed;
	change->kept = ~allowed;
	change->keeps_keywords = !keywords;
	if (!keywords)
		change->keywords = none;
	if (allowed == 0)
		return FALSE;
	return change->action == FLAG_REPLACE || !names_any ||
		change->flags != 0 || (keywords && change->keywords[0] != NULL);
}

/* The set of MODIFIED: UIDs, or the numbers they have. */
static const char *modified_text(
	ImapSession *session, gboolean is_uid, const NumSet *spared)
{
	g_autoptr(NumSet) numbers = numset_new();
	g_autoptr(GString) text = g_string_new("[MODIFIED ");
	g_autoptr(GArray) indexes =
		messages_of_set(session->selected, spared, TRUE);

	for (guint i = 0; i < indexes->len; i++)
		numset_add(numbers, g_array_index(indexes, guint, i) + 1);
	numset_append_text(is_uid ? spared : numbers, text);
	g_string_append(text, "] ");
	return arena_strdup(session->arena, text->str);
}

static gboolean some_are_gone(const ImapSelected *selected, const NumSet *uids)
{
	g_autoptr(GArray) indexes = messages_of_set(selected, uids, TRUE);

	if (selected->held == NULL)
		return FALSE;
	for (guint i = 0; i < indexes->len; i++) {
		guint index = g_array_index(indexes, guint, i);
		guint32 uid = selected->known.messages[index].uid;
		if (view_find(selected->view, uid) == G_MAXUINT)
			return TRUE;
	}
	return FALSE;
}

static gboolean answer(ImapSession *session, ImapCommand *command,
	const NumSet *uids, const NumSet *spared)
{
	const char *modified = "";

	if (session->is_over)
		return TRUE;
	if (!numset_is_empty(spared))
		modified = modified_text(session, command->is_uid, spared);
	/* RFC 2180 section 4.2: the others are changed, so that it is no failure
	 * to try again. */
	if (*modified == '\0' && !command->is_uid &&
		some_are_gone(session->selected, uids))
		return command_ok(command,
			"[EXPUNGEISSUED] Some messages are gone already");
	if (*modified == '\0')
		return TRUE;
	return command_ok(command,
		arena_printf(session->arena,
			"%sSome messages have changed since", modified));
}

/* --- spared for another flag ----------------------------------------------- */

/* The change's flags and keywords, as a view has them. */
typedef struct {
	guint32 flags;
	guint64 keywords;
} Named;

static Named named_by(const FlagChange *change, const MailboxView *view)
{
	Named named = { .flags = (guint32)change->flags };
	const char *const *keywords = change->keywords;

	for (guint i = 0; view->keywords[i] != NULL; i++) {
		for (guint k = 0; keywords != NULL && keywords[k] != NULL;
			k++) {
			if (g_ascii_strcasecmp(
				    view->keywords[i], keywords[k]) == 0)
				named.keywords |= G_GUINT64_CONSTANT(1) << i;
		}
	}
	return named;
}

/* Whether a message has the named flags that it had at the modseq the client
 * gave; the session's view must be that new.  A message that has not changed
 * since in it was then as it is there. */
static gboolean is_as_known(const ImapSelected *selected,
	const MailboxView *latest, const Named *named, guint64 since,
	guint32 uid)
{
	guint then = view_find(&selected->known, uid);
	guint now = view_find(latest, uid);

	if (then == G_MAXUINT || now == G_MAXUINT)
		return FALSE;
	const ViewMessage *old = &selected->known.messages[then];
	const ViewMessage *new = &latest->messages[now];
	return old->modseq <= since &&
		((old->flags ^ new->flags) & named->flags) == 0 &&
		((old->keywords ^ new->keywords) & named->keywords) == 0;
}

/* Changes those of the spared messages where only other flags have changed,
 * unless they change once more meanwhile (RFC 7162 section 3.1.12). */
static gboolean store_spared(ImapSession *session, const FlagChange *asked,
	NumSet *spared, guint64 *seq, GError **error)
{
	const ImapSelected *selected = session->selected;
	FlagChange change = *asked;
	g_autoptr(MailboxView) latest = NULL;
	g_autoptr(NumSet) again = numset_new();
	g_autoptr(NumSet) left = numset_new();

	if (asked->action == FLAG_REPLACE || numset_is_empty(spared) ||
		asked->unchanged_since > selected->view->seq)
		return TRUE;
	if (!view_get(session->store, selected->id, &latest, error))
		return FALSE;
	Named named = named_by(asked, latest);
	for (guint r = 0; r < numset_range_count(spared); r++) {
		NumRange range = numset_range(spared, r);
		for (guint64 uid = range.first; uid <= range.last; uid++)
			numset_add(
				is_as_known(selected, latest, &named,
					asked->unchanged_since, (guint32)uid) ?
					again :
					left,
				(guint32)uid);
	}
	if (numset_is_empty(again))
		return TRUE;
	change.unchanged_since = latest->seq;
	numset_clear(spared);
	numset_add_set(spared, left);
	return flag_change(session->store, selected->id, again, &change, seq,
		spared, error);
}

gboolean cmd_store(ImapSession *session, ImapCommand *command, GError **error)
{
	const StoreArgs *args = command->args;
	g_autoptr(NumSet) uids =
		messages_uids(session->selected, args->set, command->is_uid);
	g_autoptr(NumSet) spared = numset_new();
	FlagChange change = {
		.action = args->action,
		.flags = args->flags.flags,
		.keywords = args->flags.keywords,
		.has_unchanged_since = args->has_unchanged_since,
		.unchanged_since = args->unchanged_since,
	};
	guint64 first;

	if (args->has_unchanged_since)
		sync_enable_condstore(session);
	if (!restrict_change(session->selected, &change))
		return command_no(
			command, "[NOPERM] Not allowed in this mailbox");
	if (numset_is_empty(uids))
		return TRUE;
	if (!flag_change(session->store, session->selected->id, uids, &change,
		    &first, spared, error))
		return FALSE;
	guint64 seq = first;
	if (!store_spared(session, &change, spared, &seq, error))
		return FALSE;
	gboolean ran = imapsieve_flagged(session, uids, &change, first);
	SyncOwn own = {
		.uids = uids,
		.change = &change,
		.silent = args->silent,
		.seq = ran ? 0 : seq,
		.conditional = args->has_unchanged_since,
		.spared = spared,
	};
	sync_mailbox(session, command->is_uid, command->is_uid, &own);
	return answer(session, command, uids, spared);
}
