/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees that are linked and cut, and quickly say what root a node has.
 *
 * A link-cut tree (Sleator and Tarjan 1983, in the splay tree form of 1985):
 * walking up to the root instead would take a time that grows with the square
 * of the messages where somebody sends a long chain on purpose. */
#include "store/forest.h"

typedef struct {
	guint parent;          /* in the forest */
	gboolean has_children; /* or once had */
	/* Of the splay tree of a path, ordered by depth; up leads from its root
	 * to the node above the path. */
	guint left;
	guint right;
	guint up;
} ForestNode;

struct Forest {
	GArray *nodes;
};

Forest *forest_new(void)
{
	Forest *forest = g_new0(Forest, 1);
	forest->nodes = g_array_new(FALSE, TRUE, sizeof(ForestNode));
	g_array_set_size(forest->nodes, 1);
	return forest;
}

void forest_free(Forest **forest)
{
	if (*forest == NULL)
		return;
	g_array_unref((*forest)->nodes);
	g_free(*forest);
	*forest = NULL;
}

static ForestNode *node_of(const Forest *forest, guint node)
{
	return &g_array_index(forest->nodes, ForestNode, node);
}

guint forest_add(Forest *forest)
{
	g_array_set_size(forest->nodes, forest->nodes->len + 1);
	return forest->nodes->len - 1;
}

guint forest_count(const Forest *forest)
{
	return forest->nodes->len - 1;
}

guint forest_parent(const Forest *forest, guint node)
{
	return node_of(forest, node)->parent;
}

static gboolean is_splay_root(const Forest *forest, guint node)
{
	guint up = node_of(forest, node)->up;
	return up == 0 ||
		(node_of(forest, up)->left != node &&
			node_of(forest, up)->right != node);
}

static void rotate(Forest *forest, guint node)
{
	ForestNode *x = node_of(forest, node);
	guint parent = x->up;
	ForestNode *p = node_of(forest, parent);
	guint grand = p->up;
	ForestNode *g = node_of(forest, grand);
	if (!is_splay_root(forest, parent)) {
		if (g->left == parent)
			g->left = node;
		else
			g->right = node;
	}
	guint moved;
	if (p->left == node) {
		moved = p->left = x->right;
		x->right = parent;
	} else {
		moved = p->right = x->left;
		x->left = parent;
	}
	if (moved != 0)
		node_of(forest, moved)->up = parent;
	p->up = node;
	x->up = grand;
}

static void splay(Forest *forest, guint node)
{
	while (!is_splay_root(forest, node)) {
		guint parent = node_of(forest, node)->up;
		if (!is_splay_root(forest, parent)) {
			guint grand = node_of(forest, parent)->up;
			gboolean same =
				(node_of(forest, grand)->left == parent) ==
				(node_of(forest, parent)->left == node);
			rotate(forest, same ? parent : node);
		}
		rotate(forest, node);
	}
}

/* Makes the path from the root to node one splay tree with node as its root. */
static void expose(Forest *forest, guint node)
{
	guint last = 0;
	for (guint at = node; at != 0; at = node_of(forest, at)->up) {
		splay(forest, at);
		node_of(forest, at)->right = last;
		last = at;
	}
	splay(forest, node);
}

static guint find_root(Forest *forest, guint node)
{
	expose(forest, node);
	while (node_of(forest, node)->left != 0)
		node = node_of(forest, node)->left;
	splay(forest, node);
	return node;
}

gboolean forest_link(Forest *forest, guint node, guint parent)
{
	ForestNode *child = node_of(forest, node);
	g_assert(child->parent == 0);
	/* Without children it is an ancestor of itself alone. */
	if (node == parent ||
		(child->has_children && find_root(forest, parent) == node))
		return FALSE;
	expose(forest, node);
	child->up = parent;
	child->parent = parent;
	node_of(forest, parent)->has_children = TRUE;
	return TRUE;
}

void forest_cut(Forest *forest, guint node)
{
	ForestNode *child = node_of(forest, node);
	if (child->parent == 0)
		return;
	expose(forest, node);
	node_of(forest, child->left)->up = 0;
	child->left = 0;
	child->parent = 0;
}
