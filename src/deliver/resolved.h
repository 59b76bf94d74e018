/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembers for some seconds where an address leads. */
#ifndef DELIVER_RESOLVED_H
#define DELIVER_RESOLVED_H

#include <glib.h>
#include <stdatomic.h>

#include "deliver/deliver.h"

/* A mailbox an address leads to, and whose script decides before that, or an
 * address outside.  user is 0 where only that is known; the versions are
 * UserTarget's. */
typedef struct {
	gint64 mailbox; /* below 0 for outside: the alias, negated */
	char *outside;  /* an address, or NULL */
	gint64 user;
	gint64 sieve_version;
	gint64 global_version;
} DeliverTarget;

/* Never changed once made; counted references, safe between threads. */
struct DeliverRecipient {
	/* C's own atomics, not GLib's: race detectors see what they order. */
	atomic_uint references;
	char *address;
	DeliverTarget *targets;
	guint count;
};

DeliverRecipient *deliver_recipient_new(const char *address, guint count)
	G_GNUC_WARN_UNUSED_RESULT;
DeliverRecipient *deliver_recipient_ref(DeliverRecipient *recipient);

/* Of recipients that were found; safe between threads.  Times are
 * g_get_monotonic_time()'s. */
typedef struct Resolved Resolved;

/* At most `max` addresses, each for `lifetime` microseconds. */
Resolved *resolved_new(guint max, gint64 lifetime) G_GNUC_WARN_UNUSED_RESULT;
void resolved_free(Resolved **resolved);

/* A reference, or NULL. */
DeliverRecipient *resolved_find(Resolved *resolved, const char *address,
	gint64 now) G_GNUC_WARN_UNUSED_RESULT;

/* Takes a reference of its own; replaces what was known of the address. */
void resolved_add(Resolved *resolved, DeliverRecipient *recipient, gint64 now);

void resolved_forget(Resolved *resolved, const char *address);

#endif
