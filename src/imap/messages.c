/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the sets of a command to messages the client knows. */
#include "imap/messages.h"

GArray *messages_of_set(
	const ImapSelected *selected, const NumSet *set, gboolean is_uid)
{
	const MailboxView *known = &selected->known;
	GArray *indexes = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint r = 0; r < numset_range_count(set); r++) {
		NumRange range = numset_range(set, r);
		guint i = is_uid ? view_lower_bound(known, range.first) :
				   range.first - 1;
		for (; i < known->count; i++) {
			guint number = is_uid ? known->messages[i].uid : i + 1;
			if (number > range.last)
				break;
			g_array_append_val(indexes, i);
		}
	}
	return indexes;
}

NumSet *messages_uids(
	const ImapSelected *selected, const NumSet *set, gboolean is_uid)
{
	g_autoptr(GArray) indexes = messages_of_set(selected, set, is_uid);
	NumSet *uids = numset_new();

	for (guint i = 0; i < indexes->len; i++)
		numset_add(uids,
			selected->known
				.messages[g_array_index(indexes, guint, i)]
				.uid);
	return uids;
}
