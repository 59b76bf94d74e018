/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STORE and UID STORE (RFC 3501 section 6.4.6, RFC 7162 section 3.1.3). */
#include "imap/commands.h"

#include "store/flag.h"
#include "imap/args.h"
#include "imap/messages.h"
#include "imap/sync.h"

/* Leaves in the change what the user has the right to (RFC 4314 section 4).
 * FALSE: that is nothing. */
static gboolean restrict_change(
	const ImapSelected *selected, FlagChange *change)
{
	static const char *const none[] = { NULL };
	Flags allowed = 0;

	if (selected->rights & RIGHT_SEEN)
		allowed |= FLAG_SEEN;
	if (selected->rights & RIGHT_DELETED)
		allowed |= FLAG_DELETED;
	if (selected->rights & RIGHT_WRITE)
		allowed |= FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DRAFT;
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
	guint64 seq;

	if (args->has_unchanged_since)
		sync_enable_condstore(session);
	if (!restrict_change(session->selected, &change))
		return command_no(
			command, "[NOPERM] Not allowed in this mailbox");
	if (numset_is_empty(uids))
		return TRUE;
	if (!flag_change(session->store, session->selected->id, uids, &change,
		    &seq, spared, error))
		return FALSE;
	SyncOwn own = {
		.uids = uids,
		.change = &change,
		.silent = args->silent,
		.seq = seq,
		.conditional = args->has_unchanged_since,
		.spared = spared,
	};
	sync_mailbox(session, command->is_uid, command->is_uid, &own);
	return answer(session, command, uids, spared);
}
