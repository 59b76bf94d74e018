/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A set of 32-bit numbers as sorted ranges: UIDs, sequence numbers. */
#ifndef BASE_NUMSET_H
#define BASE_NUMSET_H

#include <glib.h>

/* first <= last, both inside. */
typedef struct {
	guint32 first;
	guint32 last;
} NumRange;

/* Ranges in ascending order that neither overlap nor touch. */
typedef struct NumSet NumSet;

NumSet *numset_new(void);
void numset_free(NumSet **set);
void numset_clear(NumSet *set);

void numset_add(NumSet *set, guint32 number);
/* Adds first..last in either order of the two.  Amortised constant time
 * when ranges come in ascending order, linear in the ranges otherwise. */
void numset_add_range(NumSet *set, guint32 first, guint32 last);
void numset_add_set(NumSet *set, const NumSet *other);

/* Adds what is in both of the others. */
void numset_add_common(NumSet *set, const NumSet *a, const NumSet *b);

gboolean numset_contains(const NumSet *set, guint32 number);
gboolean numset_is_empty(const NumSet *set);
/* How many numbers, not ranges. */
guint64 numset_count(const NumSet *set);

guint numset_range_count(const NumSet *set);
NumRange numset_range(const NumSet *set, guint index);

/* RFC 3501 form, "1:4,9,12:13"; "" for the empty set. */
void numset_append_text(const NumSet *set, GString *out);

static inline void numset_auto_free(NumSet *set)
{
	numset_free(&set);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NumSet, numset_auto_free)

#endif
