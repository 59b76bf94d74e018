/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which messages a mailbox has already, by their hashes. */
#ifndef STORE_KNOWN_H
#define STORE_KNOWN_H

#include <glib.h>

#include "base/bytes.h"
#include "store/store.h"

/* Counts of messages by SHA-256 of the whole message; 64 bytes or so a
 * message. */
typedef struct Known Known;

/* The mailbox's messages at this moment. */
gboolean known_new(Store *store, gint64 mailbox, Known **known, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void known_free(Known **known);

/* TRUE where the mailbox has one more message of these bytes than was asked
 * for so far: so an import that is repeated finds each of its messages, and
 * a message that is there twice in the source is wanted twice. */
gboolean known_take(Known *known, Bytes message);

static inline void known_auto_free(Known *known)
{
	known_free(&known);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Known, known_auto_free)

#endif
