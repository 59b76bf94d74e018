/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POP3's exclusive lock on a maildrop, over all hosts (RFC 1939 section 4). */
#ifndef STORE_MAILDROP_H
#define STORE_MAILDROP_H

#include <glib.h>

#include "store/store.h"

typedef struct MaildropLock MaildropLock;

/* A lease of one minute that a thread of the store renews as long as the
 * process lives, so that a killed daemon leaves no maildrop locked for
 * longer.  IN_USE where another session has it. */
gboolean maildrop_lock(Store *store, gint64 mailbox, const char *session,
	MaildropLock **lock, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* FALSE where the lease was lost (database away for too long): the session
 * must not remove messages. */
gboolean maildrop_lock_is_held(const MaildropLock *lock);

/* Gives the lock back; leaves NULL. */
void maildrop_unlock(MaildropLock **lock);

#endif
