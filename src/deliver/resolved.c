/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembers for some seconds which mailboxes an address leads to. */
#include "deliver/resolved.h"

typedef struct {
	DeliverRecipient *recipient;
	gint64 since;
	GList link; /* in order of since, oldest first */
} Entry;

struct Resolved {
	GMutex lock;
	guint max;
	gint64 lifetime;
	GHashTable *entries; /* address, the recipient's -> Entry */
	GQueue order;
};

/* --- recipients ---------------------------------------------------------------- */

DeliverRecipient *deliver_recipient_new(const char *address, guint count)
{
	DeliverRecipient *recipient = g_new0(DeliverRecipient, 1);

	atomic_init(&recipient->references, 1);
	recipient->address = g_strdup(address);
	recipient->mailboxes = g_new0(gint64, count);
	recipient->count = count;
	return recipient;
}

DeliverRecipient *deliver_recipient_ref(DeliverRecipient *recipient)
{
	atomic_fetch_add(&recipient->references, 1);
	return recipient;
}

void deliver_recipient_free(DeliverRecipient **recipient)
{
	DeliverRecipient *old = g_steal_pointer(recipient);

	if (old == NULL || atomic_fetch_sub(&old->references, 1) != 1)
		return;
	g_free(old->address);
	g_free(old->mailboxes);
	g_free(old);
}

const char *deliver_recipient_address(const DeliverRecipient *recipient)
{
	return recipient->address;
}

DeliverRecipient *deliver_recipient_of(const char *address, gint64 mailbox)
{
	DeliverRecipient *recipient = deliver_recipient_new(address, 1);

	recipient->mailboxes[0] = mailbox;
	return recipient;
}

/* --- the table ----------------------------------------------------------------- */

static void entry_free(gpointer data)
{
	Entry *entry = data;

	deliver_recipient_free(&entry->recipient);
	g_free(entry);
}

Resolved *resolved_new(guint max, gint64 lifetime)
{
	Resolved *resolved = g_new0(Resolved, 1);

	g_mutex_init(&resolved->lock);
	resolved->max = max;
	resolved->lifetime = lifetime;
	resolved->entries = g_hash_table_new_full(
		g_str_hash, g_str_equal, NULL, entry_free);
	g_queue_init(&resolved->order);
	return resolved;
}

void resolved_free(Resolved **resolved)
{
	Resolved *old = *resolved;

	if (old == NULL)
		return;
	g_hash_table_unref(old->entries);
	g_mutex_clear(&old->lock);
	g_free(old);
	*resolved = NULL;
}

static void entry_remove(Resolved *resolved, Entry *entry)
{
	g_queue_unlink(&resolved->order, &entry->link);
	g_hash_table_remove(resolved->entries, entry->recipient->address);
}

DeliverRecipient *resolved_find(
	Resolved *resolved, const char *address, gint64 now)
{
	DeliverRecipient *found = NULL;

	g_mutex_lock(&resolved->lock);
	Entry *entry = g_hash_table_lookup(resolved->entries, address);
	if (entry != NULL && now - entry->since < resolved->lifetime)
		found = deliver_recipient_ref(entry->recipient);
	g_mutex_unlock(&resolved->lock);
	return found;
}

void resolved_add(Resolved *resolved, DeliverRecipient *recipient, gint64 now)
{
	Entry *entry = g_new0(Entry, 1);

	entry->recipient = deliver_recipient_ref(recipient);
	entry->since = now;
	entry->link.data = entry;
	g_mutex_lock(&resolved->lock);
	Entry *old = g_hash_table_lookup(resolved->entries, recipient->address);
	if (old != NULL)
		entry_remove(resolved, old);
	else if (g_hash_table_size(resolved->entries) >= resolved->max)
		entry_remove(resolved, resolved->order.head->data);
	g_hash_table_insert(
		resolved->entries, entry->recipient->address, entry);
	g_queue_push_tail_link(&resolved->order, &entry->link);
	g_mutex_unlock(&resolved->lock);
}

void resolved_forget(Resolved *resolved, const char *address)
{
	g_mutex_lock(&resolved->lock);
	Entry *entry = g_hash_table_lookup(resolved->entries, address);
	if (entry != NULL)
		entry_remove(resolved, entry);
	g_mutex_unlock(&resolved->lock);
}
