/* SPDX-License-Identifier: GPL-2.0-or-later */
/* THREAD against vectors, against a plain reading of RFC 5256, and with what a
 * stranger could send. */
#include "store/thread.h"

#include "rows.h"

static Store *store;

#define NO_DATE G_MININT64

/* --- writing threads ------------------------------------------------------------------ */

static void write_node(const ThreadNode *node, GString *out);

/* As the response has it (RFC 5256 section 4), sequence numbers. */
static void write_children(const ThreadNode *node, GString *out)
{
	if (node->first_child == NULL)
		return;
	if (node->first_child->next == NULL) {
		if (node->index != G_MAXUINT)
			g_string_append_c(out, ' ');
		write_node(node->first_child, out);
		return;
	}
	if (node->index != G_MAXUINT)
		g_string_append_c(out, ' ');
	for (const ThreadNode *child = node->first_child; child != NULL;
		child = child->next) {
		g_string_append_c(out, '(');
		write_node(child, out);
		g_string_append_c(out, ')');
	}
}

static void write_node(const ThreadNode *node, GString *out)
{
	if (node->index != G_MAXUINT)
		g_string_append_printf(out, "%u", node->index + 1);
	write_children(node, out);
}

static char *run(gint64 mailbox, ThreadAlgorithm algorithm)
{
	g_autoptr(MailboxView) view = rows_view(store, mailbox);
	g_autoptr(GArray) all = rows_all(view);
	g_autoptr(Arena) arena = arena_new();
	const ThreadNode *first = NULL;
	GError *error = NULL;
	if (!thread_run(store, view, algorithm, all, arena, &first, &error))
		database_check(error);
	GString *out = g_string_new(NULL);
	for (; first != NULL; first = first->next) {
		g_string_append_c(out, '(');
		write_node(first, out);
		g_string_append_c(out, ')');
	}
	return g_string_free(out, FALSE);
}

/* --- vectors ---------------------------------------------------------------------------- */

#define MOST 8

static const struct {
	const char *name;
	RowMessage messages[MOST];
	guint count;
	const char *references;
	const char *ordered;
	const char *refs;
} vectors[] = {
	{ "empty", { { 0 } }, 0, "", "", "" },
	{ "chain",
		{ { "<a>", NULL, NULL, "s", 10, 10 },
			{ "<b>", "<a>", NULL, "Re: s", 20, 20 },
			{ "<c>", NULL, "<a> <b>", "Re: s", 30, 30 } },
		3, "(1 2 3)", "(1 (2)(3))", "(1 2 3)" },
	{ "parent comes later",
		{ { "<b>", "<a>", NULL, "x", 20, 1 },
			{ "<a>", NULL, NULL, "y", 10, 2 } },
		2, "(2 1)", "(2)(1)", "(2 1)" },
	{ "dummy with one child goes", { { "<b>", "<a>", NULL, "x", 20, 1 } },
		1, "(1)", "(1)", "(1)" },
	{ "dummy with two stays",
		{ { "<b>", "<a>", NULL, "x", 20, 1 },
			{ "<c>", "<a>", NULL, "y", 10, 2 } },
		2, "((2)(1))", "(2)(1)", "((2)(1))" },
	{ "dummy below goes",
		{ { "<a>", NULL, NULL, "x", 1, 1 },
			{ "<c>", NULL, "<a> <gone>", "x", 3, 3 },
			{ "<d>", NULL, "<a> <gone>", "x", 2, 2 } },
		3, "(1 (3)(2))", "(1 (3)(2))", "(1 (3)(2))" },
	{ "same id twice",
		{ { "<a>", NULL, NULL, "x", 1, 1 },
			{ "<a>", NULL, NULL, "y", 2, 2 },
			{ "<b>", "<a>", NULL, "z", 3, 3 } },
		3, "(1 3)(2)", "(1)(2)(3)", "(2)(1 3)" },
	{ "loop of two",
		{ { "<a>", "<b>", NULL, "x", 1, 1 },
			{ "<b>", "<a>", NULL, "y", 2, 2 } },
		2, "(2 1)", "(1)(2)", "(2 1)" },
	{ "its own parent", { { "<a>", "<a>", NULL, "x", 1, 1 } }, 1, "(1)",
		"(1)", "(1)" },
	{ "the last reference wins over an older link",
		{ { "<c>", NULL, "<a> <b>", "x", 3, 3 },
			{ "<b>", NULL, "<z>", "y", 2, 2 },
			{ "<a>", NULL, NULL, "w", 1, 1 },
			{ "<z>", NULL, NULL, "v", 0, 0 } },
		4, "(4 2 1)(3)", "(4)(3)(2)(1)", "(3)(4 2 1)" },
	{ "subject gathers a reply under its message",
		{ { "<a>", NULL, NULL, "Hello", 1, 1 },
			{ "<b>", NULL, NULL, "Re: HELLO", 2, 2 },
			{ "<c>", NULL, NULL, "fwd: hello", 3, 3 } },
		3, "(1 (2)(3))", "(1 (2)(3))", "(1)(2)(3)" },
	{ "two of one subject under a dummy",
		{ { "<a>", NULL, NULL, "Hello", 2, 1 },
			{ "<b>", NULL, NULL, "hello", 1, 2 } },
		2, "((2)(1))", "(2 1)", "(1)(2)" },
	{ "empty subjects are not gathered",
		{ { "<a>", NULL, NULL, "Re:", 1, 1 },
			{ "<b>", NULL, NULL, NULL, 2, 2 } },
		2, "(1)(2)", "(1 2)", "(1)(2)" },
	{ "into a dummy of the subject",
		{ { "<b>", "<gone>", NULL, "s", 1, 1 },
			{ "<c>", "<gone>", NULL, "s", 3, 3 },
			{ "<d>", NULL, NULL, "s", 2, 2 } },
		3, "((1)(3)(2))", "(1 (3)(2))", "(3)((1)(2))" },
	{ "no date is the arrival, ties by sequence",
		{ { NULL, NULL, NULL, "a", NO_DATE, 30 },
			{ NULL, NULL, NULL, "b", 30, 1 },
			{ NULL, NULL, NULL, "c", 20, 2 } },
		3, "(3)(1)(2)", "(3)(1)(2)", "(2)(3)(1)" },
};

static void test_vectors(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *user = g_strdup_printf("vector%u", i);
		gint64 mailbox = rows_mailbox(
			store, user, vectors[i].messages, vectors[i].count);
		g_autofree char *references = run(mailbox, THREAD_REFERENCES);
		g_autofree char *ordered = run(mailbox, THREAD_ORDEREDSUBJECT);
		g_autofree char *refs = run(mailbox, THREAD_REFS);
		g_test_message("%s", vectors[i].name);
		g_assert_cmpstr(references, ==, vectors[i].references);
		g_assert_cmpstr(ordered, ==, vectors[i].ordered);
		g_assert_cmpstr(refs, ==, vectors[i].refs);
	}
}

/* --- RFC 5256 read as it stands ------------------------------------------------------------ */

typedef struct Ref Ref;
struct Ref {
	const char *id;
	gint message; /* -1: dummy */
	Ref *parent;
	GPtrArray *children;
};

typedef struct {
	const RowMessage *messages;
	guint count;
	GPtrArray *all; /* every Ref ever */
	GPtrArray *ids; /* those that have an id */
	Ref *root;
} Plain;

static Ref *plain_new(Plain *plain, const char *id, gint message)
{
	Ref *ref = g_new0(Ref, 1);
	ref->id = g_intern_string(id);
	ref->message = message;
	ref->children = g_ptr_array_new();
	g_ptr_array_add(plain->all, ref);
	if (id != NULL)
		g_ptr_array_add(plain->ids, ref);
	return ref;
}

static Ref *plain_find(Plain *plain, const char *id)
{
	for (guint i = 0; i < plain->ids->len; i++) {
		Ref *ref = plain->ids->pdata[i];
		if (g_strcmp0(ref->id, id) == 0)
			return ref;
	}
	return plain_new(plain, id, -1);
}

static void plain_unlink(Ref *ref)
{
	if (ref->parent != NULL)
		g_ptr_array_remove(ref->parent->children, ref);
	ref->parent = NULL;
}

static void plain_put(Ref *parent, Ref *child)
{
	plain_unlink(child);
	child->parent = parent;
	g_ptr_array_add(parent->children, child);
}

static gboolean plain_link(Ref *parent, Ref *child)
{
	for (const Ref *at = parent; at != NULL; at = at->parent) {
		if (at == child)
			return FALSE;
	}
	plain_put(parent, child);
	return TRUE;
}

static void plain_add(Plain *plain, guint i)
{
	const RowMessage *message = &plain->messages[i];
	Ref *ref = message->message_id != NULL ?
		plain_find(plain, message->message_id) :
		NULL;
	if (ref == NULL || ref->message >= 0)
		ref = plain_new(plain, NULL, (gint)i);
	ref->message = (gint)i;
	const char *ids = message->references != NULL ? message->references :
		message->in_reply_to != NULL          ? message->in_reply_to :
							"";
	g_auto(GStrv) words = g_strsplit(ids, " ", -1);
	Ref *last = NULL;
	for (guint j = 0; words[j] != NULL; j++) {
		Ref *next = plain_find(plain, words[j]);
		if (last != NULL && next->parent == NULL)
			(void)plain_link(last, next);
		last = next;
	}
	plain_unlink(ref);
	if (last != NULL)
		(void)plain_link(last, ref);
}

static gint64 plain_date(const Plain *plain, const Ref *ref)
{
	const RowMessage *message = &plain->messages[ref->message];
	return message->sent != NO_DATE ? message->sent : message->arrival;
}

static const Ref *plain_first(const Ref *ref)
{
	return ref->message >= 0 ? ref : ref->children->pdata[0];
}

static int plain_compare(gconstpointer a, gconstpointer b, gpointer data)
{
	const Ref *left = plain_first(*(Ref *const *)a);
	const Ref *right = plain_first(*(Ref *const *)b);
	gint64 x = plain_date(data, left), y = plain_date(data, right);
	if (x != y)
		return x < y ? -1 : 1;
	return left->message - right->message;
}

static void plain_sort(Plain *plain, Ref *ref, gboolean deep)
{
	for (guint i = 0; i < ref->children->len; i++) {
		Ref *child = ref->children->pdata[i];
		if (deep || child->message < 0)
			plain_sort(plain, child, deep);
	}
	g_ptr_array_sort_with_data(ref->children, plain_compare, plain);
}

static void plain_prune(Plain *plain, Ref *ref)
{
	for (guint i = 0; i < ref->children->len; i++) {
		Ref *child = ref->children->pdata[i];
		plain_prune(plain, child);
		guint below = child->children->len;
		if (child->message >= 0 || (ref == plain->root && below > 1))
			continue;
		while (child->children->len > 0)
			plain_put(ref, child->children->pdata[0]);
		plain_unlink(child);
		i--;
	}
}

static char *plain_subject(const Plain *plain, const Ref *ref, gboolean *reply)
{
	const Ref *first = plain_first(ref);
	const char *subject = plain->messages[first->message].subject;
	g_autoptr(GString) base = g_string_new(NULL);
	gboolean is_reply = subject != NULL && mime_subject_base(subject, base);
	if (reply != NULL)
		*reply = is_reply && ref->message >= 0;
	return g_ascii_strdown(base->str, -1);
}

static void plain_gather(Plain *plain)
{
	g_autoptr(GHashTable) table =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GPtrArray) roots = g_ptr_array_new();
	for (guint i = 0; i < plain->root->children->len; i++) {
		Ref *ref = plain->root->children->pdata[i];
		gboolean reply, old_reply;
		char *subject = plain_subject(plain, ref, &reply);
		Ref *old = g_hash_table_lookup(table, subject);
		g_ptr_array_add(roots, ref);
		if (old != NULL)
			g_free(plain_subject(plain, old, &old_reply));
		if (*subject != '\0' &&
			(old == NULL ||
				(old->message >= 0 &&
					(ref->message < 0 ||
						(old_reply && !reply)))))
			g_hash_table_replace(table, subject, ref);
		else
			g_free(subject);
	}
	for (guint i = 0; i < roots->len; i++) {
		Ref *ref = roots->pdata[i];
		gboolean reply, old_reply = FALSE;
		g_autofree char *subject = plain_subject(plain, ref, &reply);
		Ref *old = g_hash_table_lookup(table, subject);
		if (*subject == '\0' || old == ref)
			continue;
		if (old->message >= 0)
			g_free(plain_subject(plain, old, &old_reply));
		if (old->message < 0 && ref->message < 0) {
			while (ref->children->len > 0)
				plain_put(old, ref->children->pdata[0]);
			plain_unlink(ref);
		} else if (old->message < 0 || (reply && !old_reply)) {
			plain_put(old, ref);
		} else {
			Ref *dummy = plain_new(plain, NULL, -1);
			plain_put(plain->root, dummy);
			plain_put(dummy, ref);
			plain_put(dummy, old);
			g_hash_table_replace(table, g_strdup(subject), dummy);
		}
	}
}

static void plain_write(const Ref *ref, GString *out)
{
	gboolean many = ref->children->len > 1;
	if (ref->message >= 0)
		g_string_append_printf(out, "%d", ref->message + 1);
	if (ref->message >= 0 && ref->children->len > 0)
		g_string_append_c(out, ' ');
	for (guint i = 0; i < ref->children->len; i++) {
		if (many)
			g_string_append_c(out, '(');
		plain_write(ref->children->pdata[i], out);
		if (many)
			g_string_append_c(out, ')');
	}
}

static void ref_free(gpointer data)
{
	g_ptr_array_unref(((Ref *)data)->children);
	g_free(data);
}

static char *plain_run(const RowMessage *messages, guint count)
{
	Plain plain = { .messages = messages, .count = count };
	plain.all = g_ptr_array_new_with_free_func(ref_free);
	plain.ids = g_ptr_array_new();
	for (guint i = 0; i < count; i++)
		plain_add(&plain, i);
	plain.root = plain_new(&plain, NULL, -1);
	for (guint i = 0; i + 1 < plain.all->len; i++) {
		Ref *ref = plain.all->pdata[i];
		if (ref->parent == NULL)
			plain_put(plain.root, ref);
	}
	plain_prune(&plain, plain.root);
	plain_sort(&plain, plain.root, FALSE);
	plain_gather(&plain);
	plain_sort(&plain, plain.root, TRUE);
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < plain.root->children->len; i++) {
		g_string_append_c(out, '(');
		plain_write(plain.root->children->pdata[i], out);
		g_string_append_c(out, ')');
	}
	g_ptr_array_unref(plain.all);
	g_ptr_array_unref(plain.ids);
	return g_string_free(out, FALSE);
}

static char *random_ids(GRand *rand, guint ids, guint most)
{
	GString *text = g_string_new(NULL);
	guint count = (guint)g_rand_int_range(rand, 0, (gint32)most + 1);
	for (guint i = 0; i < count; i++)
		g_string_append_printf(text, "%s<%d>", i > 0 ? " " : "",
			g_rand_int_range(rand, 0, (gint32)ids));
	return g_string_free(text, count == 0);
}

static void test_random(void)
{
	static const char *const subjects[] = { "one", "Re: one", "two",
		"fwd: two", "Re:", "three" };
	g_autoptr(GRand) rand = g_rand_new_with_seed(5256);
	for (guint round = 0; round < 150; round++) {
		RowMessage messages[24];
		guint count = (guint)g_rand_int_range(rand, 1, 25);
		g_autoptr(GPtrArray) texts =
			g_ptr_array_new_with_free_func(g_free);
		for (guint i = 0; i < count; i++) {
			char *id = random_ids(rand, 20, 1);
			char *reply = random_ids(rand, 20, 1);
			char *refs = random_ids(rand, 20, 4);
			g_ptr_array_add(texts, id);
			g_ptr_array_add(texts, reply);
			g_ptr_array_add(texts, refs);
			messages[i] = (RowMessage){ id, reply, refs,
				subjects[g_rand_int_range(rand, 0, 6)],
				g_rand_int_range(rand, 0, 12),
				g_rand_int_range(rand, 0, 12) };
			if (g_rand_int_range(rand, 0, 5) == 0)
				messages[i].sent = NO_DATE;
		}
		g_autofree char *user = g_strdup_printf("random%u", round);
		gint64 mailbox = rows_mailbox(store, user, messages, count);
		g_autofree char *got = run(mailbox, THREAD_REFERENCES);
		g_autofree char *want = plain_run(messages, count);
		g_assert_cmpstr(got, ==, want);
	}
}

/* --- hostile mail ---------------------------------------------------------------------------- */

#define MANY 100000

typedef struct {
	guint messages;
	guint depth; /* that of the first children */
} Shape;

static Shape shape_of(gint64 mailbox, ThreadAlgorithm algorithm)
{
	g_autoptr(MailboxView) view = rows_view(store, mailbox);
	g_autoptr(GArray) all = rows_all(view);
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GPtrArray) stack = g_ptr_array_new();
	const ThreadNode *first = NULL;
	GError *error = NULL;
	Shape shape = { 0, 0 };
	gint64 begin = g_get_monotonic_time();
	if (!thread_run(store, view, algorithm, all, arena, &first, &error))
		database_check(error);
	g_test_message("%u messages, algorithm %d: %.1f ms", view->count,
		algorithm, (double)(g_get_monotonic_time() - begin) / 1000);
	for (const ThreadNode *at = first; at != NULL; at = at->first_child)
		shape.depth++;
	for (const ThreadNode *at = first; at != NULL; at = at->next)
		g_ptr_array_add(stack, (gpointer)at);
	while (stack->len > 0) {
		const ThreadNode *node =
			g_ptr_array_steal_index(stack, stack->len - 1);
		shape.messages += node->index != G_MAXUINT;
		for (const ThreadNode *at = node->first_child; at != NULL;
			at = at->next)
			g_ptr_array_add(stack, (gpointer)at);
	}
	return shape;
}

typedef enum {
	HOSTILE_CHAIN,
	HOSTILE_BACKWARDS,
	HOSTILE_SAME_ID,
	HOSTILE_STAR,
	HOSTILE_RELINK, /* a chain whose links are broken and made anew */
	HOSTILE_DUMMIES,
	HOSTILES
} Hostile;

static void hostile_message(
	Hostile kind, guint i, RowMessage *message, GStringChunk *texts)
{
	char id[80], reference[80];
	guint number = kind == HOSTILE_BACKWARDS ? MANY - i : i + 1;
	g_snprintf(id, sizeof(id), "<%u>", number);
	g_snprintf(reference, sizeof(reference), "<%u>", number - 1);
	if (kind == HOSTILE_SAME_ID || kind == HOSTILE_STAR)
		g_strlcpy(reference, "<x>", sizeof(reference));
	if (kind == HOSTILE_SAME_ID)
		g_strlcpy(id, "<x>", sizeof(id));
	if (kind == HOSTILE_RELINK)
		g_snprintf(reference, sizeof(reference), "<%u> <%u>", i + 2,
			i < MANY / 2 ? i : i - MANY / 2);
	if (kind == HOSTILE_DUMMIES)
		g_snprintf(reference, sizeof(reference), "<a%u> <b%u> <a%u>",
			i + 1, i, i);
	*message = (RowMessage){
		.message_id = g_string_chunk_insert(texts, id),
		.references = g_string_chunk_insert(texts, reference),
		.subject = "Re: all the same",
		.sent = (gint64)number,
	};
}

static void test_hostile(void)
{
	for (guint kind = 0; kind < HOSTILES; kind++) {
		g_autofree RowMessage *messages = g_new0(RowMessage, MANY);
		g_autoptr(GStringChunk) texts = g_string_chunk_new(1 << 16);
		g_autofree char *user = g_strdup_printf("hostile%u", kind);
		for (guint i = 0; i < MANY; i++)
			hostile_message((Hostile)kind, i, &messages[i], texts);
		gint64 mailbox = rows_mailbox(store, user, messages, MANY);
		for (guint i = 0; i <= THREAD_REFS; i++) {
			Shape shape = shape_of(mailbox, (ThreadAlgorithm)i);
			g_assert_cmpuint(shape.messages, ==, MANY);
			if (i == THREAD_REFERENCES && kind <= HOSTILE_BACKWARDS)
				g_assert_cmpuint(shape.depth, ==, MANY);
		}
	}
}

/* Ten thousand references in one message, most of them to nothing. */
static void test_many_references(void)
{
	g_autoptr(GString) references = g_string_new(NULL);
	for (guint i = 0; i < 10000; i++)
		g_string_append_printf(references, "<%u> ", i);
	const RowMessage messages[] = {
		{ "<9999>", NULL, NULL, "a", 1, 1 },
		{ "<b>", NULL, references->str, "b", 3, 3 },
		{ "<5000>", NULL, NULL, "c", 2, 2 },
	};
	gint64 mailbox = rows_mailbox(store, "references", messages, 3);
	/* Message 3 has none, which takes it out of the chain with all that is
	 * below it. */
	g_autofree char *threads = run(mailbox, THREAD_REFERENCES);
	g_assert_cmpstr(threads, ==, "(3 1 2)");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	store = fixture_store(NULL);
	g_test_add_func("/store/thread/vectors", test_vectors);
	g_test_add_func("/store/thread/random", test_random);
	g_test_add_func("/store/thread/hostile", test_hostile);
	g_test_add_func("/store/thread/many-references", test_many_references);
	int result = g_test_run();
	store_close(&store);
	return result;
}
