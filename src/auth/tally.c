/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts events per key over a window of time, in bounded memory. */
#include "auth/tally.h"

#include "base/ageing.h"

typedef struct {
	char *key;
	guint count;
	gint64 since; /* first event of the window */
} Count;

struct Tally {
	gint64 window;
	Ageing *counts; /* of Count, by the last event */
};

static void count_free(gpointer data)
{
	Count *count = data;

	g_free(count->key);
	g_free(count);
}

Tally *tally_new(guint max, gint64 window)
{
	Tally *tally = g_new0(Tally, 1);

	tally->window = window;
	tally->counts =
		ageing_new(max, window, g_str_hash, g_str_equal, count_free);
	return tally;
}

void tally_free(Tally **tally)
{
	Tally *old = g_steal_pointer(tally);

	if (old == NULL)
		return;
	ageing_free(&old->counts);
	g_free(old);
}

/* NULL for no event in a window that is still open. */
static const Count *find(const Tally *tally, const char *key, gint64 now)
{
	const Count *count = ageing_find(tally->counts, key, now);

	return count != NULL && now - count->since < tally->window ? count :
								     NULL;
}

guint tally_count(const Tally *tally, const char *key, gint64 now)
{
	const Count *count = find(tally, key, now);

	return count != NULL ? count->count : 0;
}

void tally_add(Tally *tally, const char *key, gint64 now)
{
	const Count *old = find(tally, key, now);
	Count *count = g_new0(Count, 1);

	count->key = g_strdup(key);
	count->count = old != NULL ? old->count + 1 : 1;
	count->since = old != NULL ? old->since : now;
	ageing_put(tally->counts, count->key, count, now);
}
