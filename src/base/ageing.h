/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hash table of bounded size whose entries age. */
#ifndef BASE_AGEING_H
#define BASE_AGEING_H

#include <glib.h>

/* Keeps what was put last: at most so many values, each for so long.  Not safe
 * between threads by itself; times are g_get_monotonic_time()'s microseconds
 * and never run backwards.  One operation takes constant time on average. */
typedef struct Ageing Ageing;

/* At most `max` values (1 at least), each for `lifetime`; hash and equal are of
 * keys, drop is called of each value that goes. */
Ageing *ageing_new(guint max, gint64 lifetime, GHashFunc hash, GEqualFunc equal,
	GDestroyNotify drop) G_GNUC_WARN_UNUSED_RESULT;
void ageing_free(Ageing **ageing);

/* Takes the value, in the place of the one with an equal key if there is one;
 * where there are too many, the oldest goes.  The key must live as long as the
 * value, of which it is mostly a part. */
void ageing_put(Ageing *ageing, gconstpointer key, gpointer value, gint64 now);

/* The value, valid until the next call that changes the table; NULL where there
 * is none or it was put a lifetime ago or earlier. */
gpointer ageing_find(const Ageing *ageing, gconstpointer key, gint64 now);

/* Drops the value with that key, if there is one. */
void ageing_remove(Ageing *ageing, gconstpointer key);

/* How many are kept, some of them perhaps too old to be found. */
guint ageing_count(const Ageing *ageing);

#endif
