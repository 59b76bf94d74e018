/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which mailboxes have a script for IMAP events (RFC 6785 section 2.3.1). */
#ifndef DELIVER_EVENT_SCRIPTS_H
#define DELIVER_EVENT_SCRIPTS_H

#include <glib.h>

#include "store/store.h"

/* Remembers them; safe between threads. */
typedef struct EventScripts EventScripts;

/* For `lifetime` microseconds at most: a change by another process counts after
 * that. */
EventScripts *event_scripts_new(gint64 lifetime) G_GNUC_WARN_UNUSED_RESULT;
void event_scripts_free(EventScripts **scripts);

/* An annotation was changed by this process; accepts NULL. */
void event_scripts_forget(EventScripts *scripts);

/* The script of the mailbox, *name to be freed with g_free; NULL: there is none.
 * Its own annotation counts before the server's, even where that one is empty.
 * *is_global: the server's names it.  Mostly asks nobody: one round trip each
 * lifetime, and one each time on a server that has very many such mailboxes. */
gboolean event_scripts_find(EventScripts *scripts, Store *store, gint64 mailbox,
	char **name, gboolean *is_global, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
