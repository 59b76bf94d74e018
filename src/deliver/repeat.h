/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps a delivery from coming in twice by overtaking itself. */
#ifndef DELIVER_REPEAT_H
#define DELIVER_REPEAT_H

#include <glib.h>

#include "store/message.h"

/* The key in the database tells a repeated delivery from a new one as long as
 * the client may not have read the reply.  That leaves one gap: a client
 * whose connection breaks may have its retry delivered, and confirmed, before
 * the first try, which waits for a processor or for the database to come back,
 * is done; the key is gone by then.  So, within this process:
 *
 * - tries with one key go one after the other, in the order they come;
 * - a try that began before its key was confirmed is not delivered: nobody waits
 *   for its answer, or, should somebody, a temporary failure costs them a try;
 * - one that is under way when its key is confirmed still finds it: the key is
 *   forgotten when that try is done.
 *
 * Safe between threads; times are g_get_monotonic_time()'s. */
typedef struct Repeats Repeats;

/* The key was confirmed and is needed no more: the store may forget it.  Called
 * before the next try with the key begins, and must not call what is here. */
typedef void (*RepeatsForget)(gpointer data, const DeliveryKey *key);

/* Confirmed keys are remembered for `lifetime` microseconds, at most `max` of
 * them: the oldest goes for a new one. */
Repeats *repeats_new(guint max, gint64 lifetime, RepeatsForget forget,
	gpointer data) G_GNUC_WARN_UNUSED_RESULT;
void repeats_free(Repeats **repeats);

/* A try whose message began to come at `since` is about to be delivered.
 * Waits for one with the same key that is under way.  FALSE where the key was
 * confirmed after since; else repeats_leave() must follow. */
gboolean repeats_enter(Repeats *repeats, const DeliveryKey *key, gint64 since)
	G_GNUC_WARN_UNUSED_RESULT;

/* It is done. */
void repeats_leave(Repeats *repeats, const DeliveryKey *key);

/* The client has read the reply, at `now`: has the key forgotten, at once or
 * when the try with it that is under way is done. */
void repeats_confirm(Repeats *repeats, const DeliveryKey *key, gint64 now);

#endif
