/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VANISHED responses: which UIDs are no more (RFC 7162 section 3.2.10). */
#include "imap/vanished.h"

#include "store/expunged.h"

/* Bytes of ranges in one line: clients have limits too. */
#define LINE_MAX_SIZE 7900

void vanished_write(ImapSession *session, const NumSet *uids, gboolean earlier)
{
	const char *begin = earlier ? "* VANISHED (EARLIER) " : "* VANISHED ";
	g_autoptr(GString) line = g_string_new(NULL);

	for (guint i = 0; i < numset_range_count(uids); i++) {
		NumRange range = numset_range(uids, i);
		if (line->len > LINE_MAX_SIZE) {
			stream_printf(session->stream, "%s\r\n", line->str);
			g_string_truncate(line, 0);
		}
		g_string_append_printf(line, "%s%u",
			line->len == 0 ? begin : ",", range.first);
		if (range.last > range.first)
			g_string_append_printf(line, ":%u", range.last);
	}
	if (line->len > 0)
		stream_printf(session->stream, "%s\r\n", line->str);
}

/* Adds what is left of a range when the messages in it are taken out. */
static void add_gaps(NumSet *gaps, NumRange range, const MailboxView *known)
{
	guint64 next = range.first;

	for (guint i = view_lower_bound(known, range.first);
		i < known->count && known->messages[i].uid <= range.last; i++) {
		guint32 uid = known->messages[i].uid;
		if (uid > next)
			numset_add_range(gaps, (guint32)next, uid - 1);
		next = (guint64)uid + 1;
	}
	if (next <= range.last)
		numset_add_range(gaps, (guint32)next, range.last);
}

gboolean vanished_tell_earlier(ImapSession *session, guint64 modseq,
	const NumSet *uids, guint32 above, GError **error)
{
	const ImapSelected *selected = session->selected;
	const MailboxView *known = &selected->known;
	g_autoptr(NumSet) expunged = numset_new();
	g_autoptr(NumSet) ever = numset_new();
	g_autoptr(NumSet) wanted = numset_new();
	g_autoptr(NumSet) gone = numset_new();
	g_autoptr(NumSet) missing = numset_new();
	gboolean complete = FALSE;

	if (known->uidnext < 2 || above >= known->uidnext - 1)
		return TRUE;
	numset_add_range(ever, above + 1, known->uidnext - 1);
	numset_add_common(wanted, ever, uids != NULL ? uids : ever);
	if (numset_is_empty(wanted))
		return TRUE;
	if (!expunged_since(session->store, selected->id, modseq, expunged,
		    &complete, error))
		return FALSE;
	numset_add_common(gone, wanted, complete ? expunged : wanted);
	for (guint i = 0; i < numset_range_count(gone); i++)
		add_gaps(missing, numset_range(gone, i), known);
	vanished_write(session, missing, TRUE);
	return TRUE;
}
