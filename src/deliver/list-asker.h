/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script's lists say, asked once in a run. */
#ifndef DELIVER_LIST_ASKER_H
#define DELIVER_LIST_ASKER_H

#include <glib.h>

#include "store/store.h"

/* Remembers for a run: a list of up to a thousand members is loaded by the first
 * question, of a larger one each value is looked up once. */
typedef struct ListAsker ListAsker;

ListAsker *list_asker_new(Store *store, gint64 user) G_GNUC_WARN_UNUSED_RESULT;
void list_asker_free(ListAsker **asker);

static inline void list_asker_auto_free(ListAsker *asker)
{
	list_asker_free(&asker);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ListAsker, list_asker_auto_free)

/* *has: the user's list of that name, or everybody's, has the value.  *known:
 * there is such a list at all; a name that is none is of no list.  LIMIT where
 * the run looked up too many values. */
gboolean list_asker_has(ListAsker *asker, const char *list, const char *value,
	gboolean *known, gboolean *has, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
