/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembers for some seconds where an address leads. */
#include "deliver/resolved.h"

#include "base/ageing.h"

struct Resolved {
	GMutex lock;
	Ageing *recipients; /* of DeliverRecipient, by address */
};

/* --- recipients ---------------------------------------------------------------- */

DeliverRecipient *deliver_recipient_new(const char *address, guint count)
{
	DeliverRecipient *recipient = g_new0(DeliverRecipient, 1);

	atomic_init(&recipient->references, 1);
	recipient->address = g_strdup(address);
	recipient->targets = g_new0(DeliverTarget, count);
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
	for (guint i = 0; i < old->count; i++)
		g_free(old->targets[i].outside);
	g_free(old->address);
	g_free(old->targets);
	g_free(old);
}

const char *deliver_recipient_address(const DeliverRecipient *recipient)
{
	return recipient->address;
}

DeliverRecipient *deliver_recipient_of(const char *address, gint64 mailbox)
{
	DeliverRecipient *recipient = deliver_recipient_new(address, 1);

	recipient->targets[0].mailbox = mailbox;
	return recipient;
}

/* --- the table ----------------------------------------------------------------- */

static void recipient_drop(gpointer data)
{
	DeliverRecipient *recipient = data;

	deliver_recipient_free(&recipient);
}

Resolved *resolved_new(guint max, gint64 lifetime)
{
	Resolved *resolved = g_new0(Resolved, 1);

	g_mutex_init(&resolved->lock);
	resolved->recipients = ageing_new(
		max, lifetime, g_str_hash, g_str_equal, recipient_drop);
	return resolved;
}

void resolved_free(Resolved **resolved)
{
	Resolved *old = *resolved;

	if (old == NULL)
		return;
	ageing_free(&old->recipients);
	g_mutex_clear(&old->lock);
	g_free(old);
	*resolved = NULL;
}

DeliverRecipient *resolved_find(
	Resolved *resolved, const char *address, gint64 now)
{
	g_mutex_lock(&resolved->lock);
	DeliverRecipient *found =
		ageing_find(resolved->recipients, address, now);
	if (found != NULL)
		deliver_recipient_ref(found);
	g_mutex_unlock(&resolved->lock);
	return found;
}

void resolved_add(Resolved *resolved, DeliverRecipient *recipient, gint64 now)
{
	g_mutex_lock(&resolved->lock);
	ageing_put(resolved->recipients, recipient->address,
		deliver_recipient_ref(recipient), now);
	g_mutex_unlock(&resolved->lock);
}

void resolved_forget(Resolved *resolved, const char *address)
{
	g_mutex_lock(&resolved->lock);
	ageing_remove(resolved->recipients, address);
	g_mutex_unlock(&resolved->lock);
}
