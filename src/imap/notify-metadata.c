/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NOTIFY: which annotations have changed (RFC 5465 sections 5.6 and 5.7). */
#include <string.h>

#include "store/metadata.h"
#include "imap/metadata-reply.h"
#include "imap/notify-private.h"
#include "imap/reply.h"

static guint all_events(const ImapNotify *notify)
{
	guint events = 0;

	for (guint i = 0; i < notify->args->count; i++)
		events |= notify->args->groups[i].events;
	return events;
}

/* The mailboxes whose annotations are of interest and may be read, and 0 for
 * the server. */
static GArray *find_mailboxes(
	const ImapSession *session, const ImapNotify *notify, guint events)
{
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(gint64));
	const gint64 server = METADATA_SERVER;

	if (events & NOTIFY_SERVER_METADATA)
		g_array_append_val(ids, server);
	if ((events & NOTIFY_MAILBOX_METADATA) == 0)
		return ids;
	for (guint i = 0; i < notify->list->len; i++) {
		const MailboxListed *listed =
			g_ptr_array_index(notify->list, i);
		if (listed->mailbox != NULL &&
			metadata_is_readable(listed->mailbox->rights) &&
			(notify_events(session, notify, listed) &
				NOTIFY_MAILBOX_METADATA))
			g_array_append_val(ids, listed->mailbox->id);
	}
	return ids;
}

gboolean notify_read_metadata(const ImapSession *session,
	const ImapNotify *notify, GHashTable **prints, GError **error)
{
	const guint wanted = NOTIFY_MAILBOX_METADATA | NOTIFY_SERVER_METADATA;
	guint events = all_events(notify);

	*prints = NULL;
	if ((events & wanted) == 0 || notify->list == NULL)
		return TRUE;
	g_autoptr(GArray) ids = find_mailboxes(session, notify, events);
	return metadata_prints(session->store, session->user->id,
		(const gint64 *)(void *)ids->data, ids->len, prints, error);
}

/* The entries of one that another lacks or has otherwise: "mailbox entry". */
static void collect(
	GHashTable *from, GHashTable *other, gboolean new, GPtrArray *changed)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, from);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *there = g_hash_table_lookup(other, key);
		if (there == NULL || (new &&strcmp(there, value) != 0))
			g_ptr_array_add(changed, key);
	}
}

static gint compare_texts(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* NULL: there is no such mailbox for the user any more. */
static const char *name_of(const ImapNotify *notify, gint64 id)
{
	if (id == METADATA_SERVER)
		return "";
	for (guint i = 0; i < notify->list->len; i++) {
		const MailboxListed *listed =
			g_ptr_array_index(notify->list, i);
		if (listed->mailbox != NULL && listed->mailbox->id == id)
			return listed->name;
	}
	return NULL;
}

static void write_changes(ImapSession *session, const GPtrArray *changed)
{
	for (guint i = 0, end; i < changed->len; i = end) {
		const char *first = g_ptr_array_index(changed, i);
		gsize size = (gsize)(strchr(first, ' ') - first) + 1;
		const char *name = name_of(
			session->notify, g_ascii_strtoll(first, NULL, 10));
		g_autoptr(GString) line = g_string_new("* METADATA ");
		session_append_mailbox(session, line, name != NULL ? name : "");
		for (end = i; end < changed->len; end++) {
			const char *key = g_ptr_array_index(changed, end);
			if (strncmp(key, first, size) != 0)
				break;
			g_string_append_c(line, ' ');
			reply_append_utf8_astring(
				line, bytes_of_string(key + size));
		}
		g_string_append(line, "\r\n");
		if (name != NULL)
			stream_write(session->stream, line->str, line->len);
	}
}

void notify_take_metadata(
	ImapSession *session, GHashTable *prints, gboolean quiet)
{
	ImapNotify *notify = session->notify;
	g_autoptr(GHashTable) before = g_steal_pointer(&notify->prints);
	g_autoptr(GPtrArray) changed = g_ptr_array_new();

	notify->prints = prints;
	if (quiet || before == NULL || prints == NULL)
		return;
	collect(prints, before, TRUE, changed);
	collect(before, prints, FALSE, changed);
	g_ptr_array_sort(changed, compare_texts);
	write_changes(session, changed);
}
