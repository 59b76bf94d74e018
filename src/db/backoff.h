/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long to wait before trying to reach the server again. */
#ifndef DB_BACKOFF_H
#define DB_BACKOFF_H

#include <glib.h>

#define BACKOFF_FIRST_MS 50
#define BACKOFF_LAST_MS 5000

/* Milliseconds after that many failures in a row (1 or more): doubling, with
 * a random part, so that many daemons do not all come back at once. */
static inline gint backoff_ms(guint failures)
{
	gint longest = MIN(
		BACKOFF_LAST_MS, BACKOFF_FIRST_MS << MIN(failures - 1, 10u));
	return g_random_int_range(longest / 2, longest + 1);
}

#endif
