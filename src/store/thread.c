/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads: links between ids, then pruning, gathering and sorting in loops
 * over arrays; nothing here is recursive, nothing takes more than n log n.
 *
 * Siblings are kept in no order until the end: then all messages are sorted by
 * date once, and each is put to its parent in that order. */
#include "store/thread.h"

#include "store/forest.h"
#include "store/order.h"

/* A node of the forest that is a message has its place among the matches. */
#define NO_PLACE G_MAXUINT

typedef struct {
	Store *store;
	const MailboxView *view;
	const GArray *matches;
	Arena *arena;
	guint *by_date; /* places, by date and sequence number */
	ColumnValues *dates;
	Forest *forest;
	GArray *places;  /* of guint: of the forest's nodes, [0] is none */
	GArray *parents; /* of guint: once pruned; 0 for those under the root */
	GArray *roots;   /* of guint: threads, by date until the end */
	GArray *dummies; /* of DummyThread, by node */
	guint *subjects; /* ranks of base subjects, by place */
	ColumnValues *subject_values;
} Thread;

/* Children of a dummy under the root, by date. */
typedef struct {
	guint first; /* message nodes */
	guint last;
} DummyThread;

static void thread_clear(Thread *thread)
{
	g_free(thread->by_date);
	g_free(thread->subjects);
	column_values_free(&thread->dates);
	column_values_free(&thread->subject_values);
	forest_free(&thread->forest);
	g_clear_pointer(&thread->places, g_array_unref);
	g_clear_pointer(&thread->parents, g_array_unref);
	g_clear_pointer(&thread->roots, g_array_unref);
	g_clear_pointer(&thread->dummies, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Thread, thread_clear)

static const guint *match_indexes(const Thread *thread)
{
	return (const guint *)(void *)thread->matches->data;
}

static gboolean read_column(const Thread *thread, ColumnId column,
	ColumnValues **values, GError **error)
{
	return column_read(thread->store, thread->view, column,
		match_indexes(thread), thread->matches->len, values, error);
}

static guint place_of(const Thread *thread, guint node)
{
	return g_array_index(thread->places, guint, node);
}

static guint *parent_of(const Thread *thread, guint node)
{
	return &g_array_index(thread->parents, guint, node);
}

static gboolean is_dummy(const Thread *thread, guint node)
{
	return place_of(thread, node) == NO_PLACE;
}

/* --- step 1: links ------------------------------------------------------------------ */

/* Nodes by the hash of their id: open addressing, never full. */
typedef struct {
	guint64 *hashes;
	guint *nodes;
	guint mask;
	guint used;
} IdTable;

static void id_table_init(IdTable *table, guint size)
{
	table->mask = size - 1;
	table->used = 0;
	table->hashes = g_new(guint64, size);
	table->nodes = g_new0(guint, size);
}

static void id_table_clear(IdTable *table)
{
	g_free(table->hashes);
	g_free(table->nodes);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IdTable, id_table_clear)

static guint *id_table_place(IdTable *table, guint64 hash)
{
	guint at = (guint)hash & table->mask;
	while (table->nodes[at] != 0 && table->hashes[at] != hash)
		at = (at + 1) & table->mask;
	table->hashes[at] = hash;
	return &table->nodes[at];
}

static void id_table_grow(IdTable *table)
{
	IdTable old = *table;
	id_table_init(table, (old.mask + 1) * 2);
	for (guint i = 0; i <= old.mask; i++) {
		if (old.nodes[i] != 0)
			*id_table_place(table, old.hashes[i]) = old.nodes[i];
	}
	table->used = old.used;
	id_table_clear(&old);
}

static guint new_node(Thread *thread, guint place)
{
	g_array_append_val(thread->places, place);
	return forest_add(thread->forest);
}

/* The node with this id, a dummy where there is none yet. */
static guint node_of_id(Thread *thread, IdTable *table, guint64 hash)
{
	if (table->used * 2 > table->mask)
		id_table_grow(table);
	guint *node = id_table_place(table, hash);
	if (*node == 0) {
		*node = new_node(thread, NO_PLACE);
		table->used++;
	}
	return *node;
}

static guint64 hash_at(Bytes links, gsize number)
{
	guint64 hash;
	memcpy(&hash, links.data + number * sizeof(hash), sizeof(hash));
	return hash;
}

/* The message's node: that of its id, unless an earlier one has it. */
static guint node_of_message(
	Thread *thread, IdTable *table, guint place, guint64 hash)
{
	if (hash == 0)
		return new_node(thread, place);
	guint node = node_of_id(thread, table, hash);
	if (!is_dummy(thread, node))
		return new_node(thread, place);
	g_array_index(thread->places, guint, node) = place;
	return node;
}

static void link_message(
	Thread *thread, IdTable *table, guint place, Bytes links)
{
	gsize count = links.size / sizeof(guint64);
	guint node = node_of_message(
		thread, table, place, count > 0 ? hash_at(links, 0) : 0);
	guint last = 0;
	for (gsize i = 1; i < count; i++) {
		guint next = node_of_id(thread, table, hash_at(links, i));
		if (last != 0 && forest_parent(thread->forest, next) == 0)
			(void)!forest_link(thread->forest, next, last);
		last = next;
	}
	if (forest_parent(thread->forest, node) == last)
		return;
	forest_cut(thread->forest, node);
	if (last != 0)
		(void)!forest_link(thread->forest, node, last);
}

static gboolean link_all(Thread *thread, GError **error)
{
	g_autoptr(ColumnValues) links = NULL;
	g_auto(IdTable) table;
	guint none = NO_PLACE;
	id_table_init(&table, 1024);
	thread->forest = forest_new();
	thread->places = g_array_new(FALSE, FALSE, sizeof(guint));
	g_array_append_val(thread->places, none);
	if (!read_column(thread, COLUMN_LINKS, &links, error))
		return FALSE;
	for (guint i = 0; i < thread->matches->len; i++)
		link_message(thread, &table, i, column_text(links, i));
	return TRUE;
}

/* --- steps 2 to 4: pruning -------------------------------------------------------- */

/* The nodes, each after its parent. */
static guint *nodes_downwards(const Thread *thread)
{
	guint count = forest_count(thread->forest);
	guint *order = g_new(guint, count);
	g_autofree guint8 *seen = g_new0(guint8, count + 1);
	g_autoptr(GArray) path = g_array_new(FALSE, FALSE, sizeof(guint));
	guint n = 0;
	seen[0] = 1;
	for (guint node = 1; node <= count; node++) {
		for (guint at = node; !seen[at];
			at = forest_parent(thread->forest, at)) {
			seen[at] = 1;
			g_array_append_val(path, at);
		}
		while (path->len > 0) {
			order[n++] = g_array_index(path, guint, path->len - 1);
			g_array_set_size(path, path->len - 1);
		}
	}
	return order;
}

/* Dummies below others go and their children stand for them; so in the end
 * all children of a dummy, which is under the root, are messages.  It goes as
 * well where it has fewer than two. */
static void prune(Thread *thread)
{
	guint count = forest_count(thread->forest);
	g_autofree guint *order = nodes_downwards(thread);
	g_autofree guint *children = g_new0(guint, count + 1);
	thread->parents = g_array_new(FALSE, TRUE, sizeof(guint));
	g_array_set_size(thread->parents, count + 1);
	for (guint i = 0; i < count; i++) {
		guint node = order[i];
		guint parent = forest_parent(thread->forest, node);
		if (parent != 0 && is_dummy(thread, parent) &&
			*parent_of(thread, parent) != 0)
			parent = *parent_of(thread, parent);
		*parent_of(thread, node) = parent;
		if (!is_dummy(thread, node))
			children[parent]++;
	}
	for (guint node = 1; node <= count; node++) {
		guint parent = *parent_of(thread, node);
		if (parent != 0 && is_dummy(thread, parent) &&
			children[parent] < 2)
			*parent_of(thread, node) = 0;
	}
}

static gboolean sort_by_date(Thread *thread, GError **error)
{
	guint count = thread->matches->len;
	g_autofree OrderItem *items = g_new(OrderItem, count);
	if (!read_column(thread, COLUMN_DATE, &thread->dates, error))
		return FALSE;
	for (guint i = 0; i < count; i++)
		items[i] =
			(OrderItem){ order_key(column_number(thread->dates, i)),
				i };
	order_items(items, count);
	thread->by_date = g_new(guint, count);
	for (guint i = 0; i < count; i++)
		thread->by_date[i] = items[i].place;
	return TRUE;
}

/* The message nodes in the order of their dates. */
static guint *nodes_by_date(const Thread *thread)
{
	guint count = thread->matches->len;
	guint *of_place = g_new(guint, count);
	guint *nodes = g_new(guint, count);
	for (guint node = 1; node < thread->places->len; node++) {
		if (!is_dummy(thread, node))
			of_place[place_of(thread, node)] = node;
	}
	for (guint i = 0; i < count; i++)
		nodes[i] = of_place[thread->by_date[i]];
	g_free(of_place);
	return nodes;
}

/* The roots by date: a dummy comes with its first child.  next: the following
 * message under the same dummy, by node. */
static void find_roots(Thread *thread, const guint *nodes, guint *next)
{
	thread->roots = g_array_new(FALSE, FALSE, sizeof(guint));
	thread->dummies = g_array_new(FALSE, TRUE, sizeof(DummyThread));
	g_array_set_size(thread->dummies, thread->places->len);
	for (guint i = 0; i < thread->matches->len; i++) {
		guint node = nodes[i];
		guint parent = *parent_of(thread, node);
		if (parent == 0)
			g_array_append_val(thread->roots, node);
		if (parent == 0 || !is_dummy(thread, parent))
			continue;
		DummyThread *dummy =
			&g_array_index(thread->dummies, DummyThread, parent);
		if (dummy->first == 0) {
			dummy->first = node;
			g_array_append_val(thread->roots, parent);
		} else {
			next[dummy->last] = node;
		}
		dummy->last = node;
	}
}

/* --- step 5: subjects -------------------------------------------------------------- */

static guint first_message(const Thread *thread, guint root)
{
	return is_dummy(thread, root) ?
		g_array_index(thread->dummies, DummyThread, root).first :
		root;
}

static gboolean is_reply(const Thread *thread, guint node)
{
	return !is_dummy(thread, node) &&
		(column_marks(thread->subject_values, place_of(thread, node)) &
			COLUMN_IS_REPLY) != 0;
}

/* The entry of the table for the thread's subject; NULL where that is empty. */
static guint *subject_entry(const Thread *thread, guint *table, guint root)
{
	guint place = place_of(thread, first_message(thread, root));
	if (column_text(thread->subject_values, place).size == 0)
		return NULL;
	return &table[thread->subjects[place]];
}

static void fill_subjects(const Thread *thread, guint *table)
{
	for (guint i = 0; i < thread->roots->len; i++) {
		guint root = g_array_index(thread->roots, guint, i);
		guint *entry = subject_entry(thread, table, root);
		if (entry == NULL)
			continue;
		if (*entry == 0 ||
			(!is_dummy(thread, *entry) &&
				(is_dummy(thread, root) ||
					(is_reply(thread, *entry) &&
						!is_reply(thread, root)))))
			*entry = root;
	}
}

static void merge_dummies(
	Thread *thread, guint into, guint from, const guint *next)
{
	guint node = g_array_index(thread->dummies, DummyThread, from).first;
	for (; node != 0; node = next[node])
		*parent_of(thread, node) = into;
}

/* Puts the root into the thread of its subject. */
static void merge_root(
	Thread *thread, guint *entry, guint root, const guint *next)
{
	if (is_dummy(thread, root) && is_dummy(thread, *entry)) {
		merge_dummies(thread, *entry, root, next);
		return;
	}
	if (!is_dummy(thread, *entry) &&
		(!is_reply(thread, root) || is_reply(thread, *entry))) {
		guint none = 0;
		guint dummy = new_node(thread, NO_PLACE);
		g_array_append_val(thread->parents, none);
		*parent_of(thread, *entry) = dummy;
		*entry = dummy;
	}
	*parent_of(thread, root) = *entry;
}

static gboolean gather_subjects(
	Thread *thread, const guint *next, GError **error)
{
	guint count = thread->matches->len;
	if (!read_column(thread, COLUMN_BASE_SUBJECT, &thread->subject_values,
		    error))
		return FALSE;
	thread->subjects = order_text_ranks(thread->subject_values, count);
	g_autofree guint *table = g_new0(guint, count);
	fill_subjects(thread, table);
	for (guint i = 0; i < thread->roots->len; i++) {
		guint root = g_array_index(thread->roots, guint, i);
		guint *entry = subject_entry(thread, table, root);
		if (entry != NULL && *entry != root)
			merge_root(thread, entry, root, next);
	}
	return TRUE;
}

/* --- step 6: the tree ----------------------------------------------------------------- */

typedef struct {
	ThreadNode *nodes; /* by node */
	ThreadNode *first;
	ThreadNode **last; /* where the next root goes */
} ThreadTree;

/* Backwards through the dates and each to the front of its siblings: so they
 * are sorted.  Dummies come with their first child. */
static void tree_link(Thread *thread, ThreadTree *tree, const guint *nodes)
{
	tree->nodes =
		arena_new_array(thread->arena, ThreadNode, thread->places->len);
	for (guint i = 1; i < thread->places->len; i++)
		tree->nodes[i].index = is_dummy(thread, i) ?
			G_MAXUINT :
			match_indexes(thread)[place_of(thread, i)];
	for (guint i = thread->matches->len; i > 0; i--) {
		ThreadNode *node = &tree->nodes[nodes[i - 1]];
		guint parent = *parent_of(thread, nodes[i - 1]);
		if (parent == 0)
			continue;
		node->next = tree->nodes[parent].first_child;
		tree->nodes[parent].first_child = node;
	}
}

static void tree_append(ThreadTree *tree, ThreadNode *node)
{
	*tree->last = node;
	tree->last = &node->next;
}

/* The roots by date. */
static void tree_roots(Thread *thread, ThreadTree *tree, const guint *nodes)
{
	for (guint i = 0; i < thread->matches->len; i++) {
		guint parent = *parent_of(thread, nodes[i]);
		ThreadNode *node = &tree->nodes[nodes[i]];
		if (parent == 0)
			tree_append(tree, node);
		else if (is_dummy(thread, parent) &&
			tree->nodes[parent].first_child == node)
			tree_append(tree, &tree->nodes[parent]);
	}
}

/* The root of each node. */
static guint *roots_of_nodes(const Thread *thread)
{
	g_autofree guint *order = nodes_downwards(thread);
	guint *roots = g_new0(guint, thread->places->len);
	/* A node's parent after pruning stands above it before as well. */
	for (guint i = 0; i < forest_count(thread->forest); i++) {
		guint parent = *parent_of(thread, order[i]);
		roots[order[i]] = parent != 0 ? roots[parent] : order[i];
	}
	return roots;
}

/* REFS: threads by the arrival of their latest message. */
static gboolean tree_roots_by_arrival(
	Thread *thread, ThreadTree *tree, GError **error)
{
	g_autoptr(ColumnValues) arrivals = NULL;
	if (!read_column(thread, COLUMN_ARRIVAL, &arrivals, error))
		return FALSE;
	g_autofree guint *roots = roots_of_nodes(thread);
	g_autofree guint64 *latest = g_new0(guint64, thread->places->len);
	for (guint i = 1; i < thread->places->len; i++) {
		if (!is_dummy(thread, i))
			latest[roots[i]] = MAX(latest[roots[i]],
				order_key(column_number(
					arrivals, place_of(thread, i))));
	}
	guint count = thread->roots->len;
	g_autofree OrderItem *items = g_new(OrderItem, count);
	for (guint i = 0; i < count; i++) {
		guint root = g_array_index(thread->roots, guint, i);
		items[i] = (OrderItem){ latest[root], root };
	}
	order_items(items, count);
	for (guint i = 0; i < count; i++)
		tree_append(tree, &tree->nodes[items[i].place]);
	return TRUE;
}

static gboolean thread_by_links(Thread *thread, ThreadAlgorithm algorithm,
	ThreadTree *tree, GError **error)
{
	if (!link_all(thread, error) || !sort_by_date(thread, error))
		return FALSE;
	prune(thread);
	g_autofree guint *nodes = nodes_by_date(thread);
	g_autofree guint *next = g_new0(guint, thread->places->len);
	find_roots(thread, nodes, next);
	if (algorithm == THREAD_REFERENCES &&
		!gather_subjects(thread, next, error))
		return FALSE;
	tree_link(thread, tree, nodes);
	if (algorithm == THREAD_REFS)
		return tree_roots_by_arrival(thread, tree, error);
	tree_roots(thread, tree, nodes);
	return TRUE;
}

/* --- ORDEREDSUBJECT ---------------------------------------------------------------------- */

/* The first message by date of each subject is a root, those after it are its
 * children; by date as they come, all is in order. */
static gboolean thread_by_subject(
	Thread *thread, ThreadTree *tree, GError **error)
{
	guint count = thread->matches->len;
	if (!sort_by_date(thread, error) ||
		!read_column(thread, COLUMN_BASE_SUBJECT,
			&thread->subject_values, error))
		return FALSE;
	thread->subjects = order_text_ranks(thread->subject_values, count);
	tree->nodes = arena_new_array(thread->arena, ThreadNode, count);
	g_autofree ThreadNode ***ends = g_new0(ThreadNode **, count);
	for (guint i = 0; i < count; i++) {
		guint place = thread->by_date[i];
		guint subject = thread->subjects[place];
		ThreadNode *node = &tree->nodes[place];
		node->index = match_indexes(thread)[place];
		if (ends[subject] == NULL) {
			tree_append(tree, node);
			ends[subject] = &node->first_child;
		} else {
			*ends[subject] = node;
			ends[subject] = &node->next;
		}
	}
	return TRUE;
}

gboolean thread_run(Store *store, const MailboxView *view,
	ThreadAlgorithm algorithm, const GArray *matches, Arena *arena,
	const ThreadNode **first, GError **error)
{
	g_auto(Thread) thread = {
		.store = store,
		.view = view,
		.matches = matches,
		.arena = arena,
	};
	ThreadTree tree = { 0 };
	tree.last = &tree.first;
	gboolean ok = algorithm == THREAD_ORDEREDSUBJECT ?
		thread_by_subject(&thread, &tree, error) :
		thread_by_links(&thread, algorithm, &tree, error);
	if (ok)
		*first = tree.first;
	return ok;
}
