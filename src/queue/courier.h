/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives away one mail of the queue after the other. */
#ifndef QUEUE_COURIER_H
#define QUEUE_COURIER_H

#include <glib.h>

#include "queue/config.h"
#include "store/outbound.h"

/* Belongs to one thread; has a connection that stays open between mails. */
typedef struct Courier Courier;

/* store must outlive it. */
Courier *courier_new(Store *store) G_GNUC_WARN_UNUSED_RESULT;
/* Closes the connection; leaves NULL. */
void courier_free(Courier **courier);

gboolean courier_is_connected(const Courier *courier);
/* Closes the connection if there is one. */
void courier_rest(Courier *courier);

/* Tries to give the mail away and has the store note what became of it, with a
 * notice for its sender where it has failed; logs a line.  config must live
 * until courier_rest(), courier_free() or a call with another.  FALSE where the
 * way out does not work, so that other mails need not be tried for a while. */
gboolean courier_carry(Courier *courier, const QueueConfig *config,
	const OutboundEntry *entry);

#endif
