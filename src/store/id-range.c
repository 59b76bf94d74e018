/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids side by side as ranges: one walk along an index instead of look-ups. */
#include "store/id-range.h"

#include <stdlib.h>

/* To pass over so many rows less one takes no longer than a look-up. */
#define ID_RANGE_GAP 3

static int compare_ids(const void *a, const void *b)
{
	const IdPlace *left = a, *right = b;
	return left->id < right->id ? -1 : left->id > right->id;
}

void id_places_sort(IdPlace *ids, guint count)
{
	for (guint i = 1; i < count; i++) {
		if (ids[i - 1].id > ids[i].id) {
			qsort(ids, count, sizeof(IdPlace), compare_ids);
			return;
		}
	}
}

guint id_places_ranges(
	const IdPlace *ids, guint count, gint64 *lows, gint64 *highs)
{
	gint64 room = count;
	guint n = 0;
	for (guint i = 0; i < count; i++) {
		gint64 others = i > 0 ? ids[i].id - ids[i - 1].id - 1 : 0;
		if (i == 0 || others >= ID_RANGE_GAP || others > room) {
			lows[n++] = ids[i].id;
			others = 0;
		}
		room -= MAX(others, 0);
		highs[n - 1] = ids[i].id;
	}
	return n;
}

guint id_places_find(const IdPlace *ids, guint count, gint64 id, guint guess)
{
	guint low = 0, high = count;
	if (guess < count && ids[guess].id == id &&
		(guess == 0 || ids[guess - 1].id != id))
		return guess;
	while (low < high) {
		guint middle = low + (high - low) / 2;
		if (ids[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && ids[low].id == id ? low : count;
}
