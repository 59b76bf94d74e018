/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads out of messages (RFC 5256 sections 3 and 4). */
#ifndef STORE_THREAD_H
#define STORE_THREAD_H

#include <glib.h>

#include "base/arena.h"
#include "store/view.h"

typedef enum {
	THREAD_ORDEREDSUBJECT,
	THREAD_REFERENCES,
	/* draft-ietf-morg-inthread: as REFERENCES, but no gathering by subject,
	 * and threads by the INTERNALDATE of their latest message. */
	THREAD_REFS
} ThreadAlgorithm;

/* A message or, with index G_MAXUINT, a dummy in place of one that is not
 * there.  A dummy has children: among the threads two or more, deeper none
 * occurs. */
typedef struct ThreadNode ThreadNode;
struct ThreadNode {
	guint index; /* in the view */
	ThreadNode *first_child;
	ThreadNode *next; /* sibling */
};

/* The threads of the matching messages (GArray of guint, indexes in the view,
 * ascending), in the order the algorithm gives them; *first is NULL for none.
 * Nodes are the arena's.  The tree may be as deep as there are messages: walk
 * it with a loop, not by recursion.  Reads no message: what it needs is in
 * dbmail_envelope. */
gboolean thread_run(Store *store, const MailboxView *view,
	ThreadAlgorithm algorithm, const GArray *matches, Arena *arena,
	const ThreadNode **first, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
