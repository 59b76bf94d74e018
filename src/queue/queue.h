/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drains the outbound queue: one thread that claims, some that give away. */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <glib.h>

#include "base/settings.h"

typedef struct Queue Queue;

/* Opens the store and begins to work.  settings must outlive the queue.  Errors:
 * those of store_open() and of queue_config_new(). */
Queue *queue_new(const Settings *settings, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Mail from now on goes by these settings, which must outlive the queue; the
 * number of workers stays.  INVALID where they cannot be used: nothing changes
 * then. */
gboolean queue_reload(Queue *queue, const Settings *settings, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Mails being given away now.  Any thread. */
guint queue_busy(Queue *queue);

/* Begins no other mail, gives back those that were claimed and not begun, and
 * waits for those that are under way: for so many seconds; then no reply is
 * waited for any more, and some seconds later it returns FALSE where threads
 * are still at work, and the queue must not be freed. */
gboolean queue_drain(Queue *queue, guint seconds);

/* After queue_drain() has returned TRUE; leaves NULL. */
void queue_free(Queue **queue);

#endif
