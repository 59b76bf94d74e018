/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the sets of a command to messages the client knows. */
#ifndef IMAP_MESSAGES_H
#define IMAP_MESSAGES_H

#include <glib.h>

#include "base/numset.h"
#include "imap/session.h"

/* Indexes in selected->known of a set's messages, ascending: a GArray of guint,
 * to be freed with g_array_unref.  UIDs that are not there are passed over. */
GArray *messages_of_set(const ImapSelected *selected, const NumSet *set,
	gboolean is_uid) G_GNUC_WARN_UNUSED_RESULT;

/* The UIDs of the same messages.  Free with numset_free. */
NumSet *messages_uids(const ImapSelected *selected, const NumSet *set,
	gboolean is_uid) G_GNUC_WARN_UNUSED_RESULT;

#endif
