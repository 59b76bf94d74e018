/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts events per key over a window of time, in bounded memory. */
#ifndef AUTH_TALLY_H
#define AUTH_TALLY_H

#include <glib.h>

/* Not safe between threads by itself.  Times are g_get_monotonic_time()'s
 * microseconds and never run backwards. */
typedef struct Tally Tally;

/* At most `max` keys are remembered: the one whose last event is longest ago is
 * forgotten for a new one.  A key's count begins anew `window` microseconds
 * after the first event that is counted. */
Tally *tally_new(guint max, gint64 window) G_GNUC_WARN_UNUSED_RESULT;
void tally_free(Tally **tally);

/* Events of the key in its window. */
guint tally_count(const Tally *tally, const char *key, gint64 now);

/* One more. */
void tally_add(Tally *tally, const char *key, gint64 now);

#endif
