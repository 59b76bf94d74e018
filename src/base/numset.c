/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of 32-bit numbers as sorted ranges. */
#include "base/numset.h"

struct NumSet {
	GArray *ranges; /* NumRange */
};

NumSet *numset_new(void)
{
	NumSet *set = g_new0(NumSet, 1);
	set->ranges = g_array_new(FALSE, FALSE, sizeof(NumRange));
	return set;
}

void numset_free(NumSet **set)
{
	if (*set == NULL)
		return;
	g_array_free((*set)->ranges, TRUE);
	g_free(*set);
	*set = NULL;
}

void numset_clear(NumSet *set)
{
	g_array_set_size(set->ranges, 0);
}

static NumRange *range_at(const NumSet *set, guint index)
{
	return &g_array_index(set->ranges, NumRange, index);
}

/* The first range that ends at or after number; the count where none does. */
static guint range_find(const NumSet *set, guint32 number)
{
	guint low = 0;
	guint high = set->ranges->len;

	while (low < high) {
		guint middle = low + (high - low) / 2;
		if (range_at(set, middle)->last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void numset_add(NumSet *set, guint32 number)
{
	numset_add_range(set, number, number);
}

void numset_add_range(NumSet *set, guint32 first, guint32 last)
{
	NumRange range = { MIN(first, last), MAX(first, last) };
	/* Ranges that only touch the new one are merged with it too. */
	guint begin = range_find(set, range.first > 0 ? range.first - 1 : 0);
	guint end = begin;

	while (end < set->ranges->len &&
		(range.last == G_MAXUINT32 ||
			range_at(set, end)->first <= range.last + 1)) {
		range.first = MIN(range.first, range_at(set, end)->first);
		range.last = MAX(range.last, range_at(set, end)->last);
		end++;
	}
	if (end == begin) {
		g_array_insert_val(set->ranges, begin, range);
		return;
	}
	*range_at(set, begin) = range;
	if (end > begin + 1)
		g_array_remove_range(set->ranges, begin + 1, end - begin - 1);
}

void numset_add_set(NumSet *set, const NumSet *other)
{
	for (guint i = 0; i < other->ranges->len; i++)
		numset_add_range(set, range_at(other, i)->first,
			range_at(other, i)->last);
}

void numset_add_common(NumSet *set, const NumSet *a, const NumSet *b)
{
	guint i = 0, j = 0;

	while (i < a->ranges->len && j < b->ranges->len) {
		guint32 first =
			MAX(range_at(a, i)->first, range_at(b, j)->first);
		guint32 last = MIN(range_at(a, i)->last, range_at(b, j)->last);
		if (first <= last)
			numset_add_range(set, first, last);
		if (range_at(a, i)->last < range_at(b, j)->last)
			i++;
		else
			j++;
	}
}

gboolean numset_contains(const NumSet *set, guint32 number)
{
	guint index = range_find(set, number);
	return index < set->ranges->len &&
		range_at(set, index)->first <= number;
}

gboolean numset_is_empty(const NumSet *set)
{
	return set->ranges->len == 0;
}

guint64 numset_count(const NumSet *set)
{
	guint64 count = 0;
	for (guint i = 0; i < set->ranges->len; i++)
		count += (guint64)range_at(set, i)->last -
			range_at(set, i)->first + 1;
	return count;
}

guint numset_range_count(const NumSet *set)
{
	return set->ranges->len;
}

NumRange numset_range(const NumSet *set, guint index)
{
	g_assert(index < set->ranges->len);
	return *range_at(set, index);
}

void numset_append_text(const NumSet *set, GString *out)
{
	for (guint i = 0; i < set->ranges->len; i++) {
		NumRange range = *range_at(set, i);
		if (i > 0)
			g_string_append_c(out, ',');
		g_string_append_printf(out, "%u", range.first);
		if (range.last > range.first)
			g_string_append_printf(out, ":%u", range.last);
	}
}
