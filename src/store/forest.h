/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees that are linked and cut, and quickly say what root a node has. */
#ifndef STORE_FOREST_H
#define STORE_FOREST_H

#include <glib.h>

/* Nodes are numbers from 1; 0 is none. */
typedef struct Forest Forest;

Forest *forest_new(void) G_GNUC_WARN_UNUSED_RESULT;
void forest_free(Forest **forest);

/* A new node without a parent. */
guint forest_add(Forest *forest);
guint forest_count(const Forest *forest);

/* 0 where there is none. */
guint forest_parent(const Forest *forest, guint node);

/* Makes parent the parent of node, which must have none; FALSE, and nothing
 * done, where that would close a loop.  O(log n), on average over many. */
gboolean forest_link(Forest *forest, guint node, guint parent);

/* Takes node's parent away, if it has one. */
void forest_cut(Forest *forest, guint node);

static inline void forest_auto_free(Forest *forest)
{
	forest_free(&forest);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Forest, forest_auto_free)

#endif
