/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many ids as few ranges, and what is asked for by such ranges. */
#ifndef STORE_ID_RANGE_H
#define STORE_ID_RANGE_H

#include <glib.h>

/* An id, and its place among those that were asked for; several may have the
 * same. */
typedef struct {
	gint64 id;
	guint place;
} IdPlace;

/* Ascending by id; fast where they are that already. */
void id_places_sort(IdPlace *ids, guint count);

/* Ranges that hold the sorted ids, each known by its first and last: at most
 * count of them, and in all at most as many other ids.  lows and highs have
 * room for count; gives how many there are. */
guint id_places_ranges(
	const IdPlace *ids, guint count, gint64 *lows, gint64 *highs);

/* The first of the sorted ids that is this one, or count where none is.  guess
 * is where it may be. */
guint id_places_find(const IdPlace *ids, guint count, gint64 id, guint guess);

#endif
