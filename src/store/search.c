/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH: what the view knows first, then summaries, headers, bodies. */
#include "store/search.h"

#include "base/errors.h"
#include "base/text.h"
#include "store/search-private.h"

/* A tree that is deeper has no meaning for people. */
#define SEARCH_DEPTH_MAX 1000

/* Messages read at once when little is read of each. */
#define SEARCH_BATCH_META 4000
#define SEARCH_BATCH_SUMMARY 500
#define SEARCH_BATCH_WHOLE 250

typedef struct {
	Store *store;
	const MailboxView *view;
	Arena *arena;
	GPtrArray *nodes; /* those that need reading */
	SearchNode *root;
	guint8 *results; /* Tri, by index in the view */
	guint8 *levels;  /* SearchLevel to read for the undecided */
	gboolean (*cancelled)(gpointer data);
	gpointer cancelled_data;
} Search;

static void search_clear(Search *search)
{
	arena_free(&search->arena);
	g_ptr_array_unref(search->nodes);
	g_free(search->results);
	g_free(search->levels);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

/* --- making ready --------------------------------------------------------------- */

static const char *summary_subject(const FetchedMessage *message)
{
	return message->subject;
}

static const char *summary_from(const FetchedMessage *message)
{
	return message->from;
}

static const char *summary_to(const FetchedMessage *message)
{
	return message->to;
}

static const char *summary_cc(const FetchedMessage *message)
{
	return message->cc;
}

static const char *summary_bcc(const FetchedMessage *message)
{
	return message->bcc;
}

static const char *summary_message_id(const FetchedMessage *message)
{
	return message->message_id;
}

static const struct {
	const char *name;
	SearchSummaryField text;
} summary_fields[] = {
	{ "subject", summary_subject },
	{ "from", summary_from },
	{ "to", summary_to },
	{ "cc", summary_cc },
	{ "bcc", summary_bcc },
	{ "message-id", summary_message_id },
};

static const SearchLevel level_of_kind[] = {
	[SEARCH_INTERNAL_DATE] = SEARCH_LEVEL_META,
	[SEARCH_SENT_DATE] = SEARCH_LEVEL_SUMMARY,
	[SEARCH_HEADER] = SEARCH_LEVEL_HEADER,
	[SEARCH_BODY] = SEARCH_LEVEL_BODY,
	[SEARCH_TEXT] = SEARCH_LEVEL_BODY,
};

static guint64 keyword_bit(const MailboxView *view, const char *name)
{
	for (guint i = 0; view->keywords[i] != NULL && i < 64; i++) {
		if (g_ascii_strcasecmp(view->keywords[i], name) == 0)
			return G_GUINT64_CONSTANT(1) << i;
	}
	return 0;
}

static void ready_text(Search *search, SearchNode *node)
{
	g_autoptr(GString) folded = g_string_new(NULL);
	search_fold(node->key->text, strlen(node->key->text), folded);
	node->needle = arena_copy(search->arena, folded->str, folded->len);
	node->needle_size = folded->len;
}

static void ready_leaf(Search *search, SearchNode *node)
{
	const SearchKey *key = node->key;
	if (key->kind < G_N_ELEMENTS(level_of_kind))
		node->level = level_of_kind[key->kind];
	if (key->kind == SEARCH_KEYWORD)
		node->keyword = keyword_bit(search->view, key->text);
	if (node->level == SEARCH_LEVEL_VIEW)
		return;
	if (key->text != NULL)
		ready_text(search, node);
	else
		node->day = calendar_day_number(key->day);
	/* The empty string is in every message. */
	if (node->level == SEARCH_LEVEL_BODY && node->needle_size == 0) {
		node->level = SEARCH_LEVEL_VIEW;
		return;
	}
	g_ptr_array_add(search->nodes, node);
	if (key->kind != SEARCH_HEADER)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(summary_fields); i++) {
		if (g_ascii_strcasecmp(summary_fields[i].name, key->field) == 0)
			node->summary = summary_fields[i].text;
	}
	if (node->summary != NULL)
		node->level = SEARCH_LEVEL_SUMMARY;
}

static SearchNode *ready(
	Search *search, const SearchKey *key, guint depth, GError **error)
{
	if (depth > SEARCH_DEPTH_MAX) {
		dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
			"the search is nested too deeply",
			"more than %d levels", SEARCH_DEPTH_MAX);
		return NULL;
	}
	SearchNode *node = arena_new_object(search->arena, SearchNode);
	node->key = key;
	SearchNode **place = &node->first_child;
	for (const SearchKey *child = key->first_child; child != NULL;
		child = child->next) {
		*place = ready(search, child, depth + 1, error);
		if (*place == NULL)
			return NULL;
		place = &(*place)->next;
	}
	ready_leaf(search, node);
	return node;
}

/* --- deciding ------------------------------------------------------------------- */

static gboolean compare_sizes(const SearchKey *key, guint64 size)
{
	switch (key->compare) {
	case SEARCH_LESS:
		return size < key->number;
	case SEARCH_EQUAL:
		return size == key->number;
	case SEARCH_GREATER_EQUAL:
		return size >= key->number;
	case SEARCH_GREATER:
		return size > key->number;
	case SEARCH_LESS_EQUAL:
		return size <= key->number;
	}
	return FALSE;
}

/* A key that the view alone decides. */
static gboolean decide_in_view(
	const SearchNode *node, const ViewMessage *message, guint32 sequence)
{
	const SearchKey *key = node->key;
	switch (key->kind) {
	case SEARCH_ALL:
	case SEARCH_BODY: /* of the empty string */
	case SEARCH_TEXT:
		return TRUE;
	case SEARCH_FLAGS:
		return (message->flags & key->flags_mask) == key->flags_value;
	case SEARCH_KEYWORD:
		return (message->keywords & node->keyword) != 0;
	case SEARCH_RECENT:
		return message->uid >= key->number;
	case SEARCH_SEQUENCE:
		return numset_contains(key->set, sequence);
	case SEARCH_UID:
		return numset_contains(key->set, message->uid);
	case SEARCH_SIZE:
		return compare_sizes(key, message->size);
	case SEARCH_MODSEQ:
		return message->modseq >= key->number;
	default:
		g_assert_not_reached();
	}
}

typedef struct {
	const ViewMessage *message;
	guint32 sequence;
	SearchLevel read; /* what the nodes' results come from */
	SearchLevel need; /* least level that could decide an open node */
} Question;

static Tri decide(const SearchNode *node, Question *question);

/* AND stops at the first FALSE, OR at the first TRUE; an open child leaves
 * the answer open unless another settles it. */
static Tri decide_children(
	const SearchNode *node, Question *question, Tri settles)
{
	Tri result = settles == TRI_FALSE ? TRI_TRUE : TRI_FALSE;
	for (const SearchNode *child = node->first_child; child != NULL;
		child = child->next) {
		Tri one = decide(child, question);
		if (one == settles)
			return settles;
		if (one == TRI_UNKNOWN)
			result = TRI_UNKNOWN;
	}
	return result;
}

static Tri decide_read(const SearchNode *node, Question *question)
{
	if (question->read > SEARCH_LEVEL_VIEW && node->found != TRI_UNKNOWN)
		return node->found;
	SearchLevel need = MAX(node->level, question->read + 1);
	question->need = MIN(question->need, need);
	return TRI_UNKNOWN;
}

static Tri decide(const SearchNode *node, Question *question)
{
	Tri child;
	switch (node->key->kind) {
	case SEARCH_AND:
		return decide_children(node, question, TRI_FALSE);
	case SEARCH_OR:
		return decide_children(node, question, TRI_TRUE);
	case SEARCH_NOT:
		child = decide(node->first_child, question);
		if (child == TRI_UNKNOWN)
			return TRI_UNKNOWN;
		return child == TRI_TRUE ? TRI_FALSE : TRI_TRUE;
	default:
		break;
	}
	if (node->level != SEARCH_LEVEL_VIEW)
		return decide_read(node, question);
	return decide_in_view(node, question->message, question->sequence) ?
		TRI_TRUE :
		TRI_FALSE;
}

static void search_decide(Search *search, guint index, SearchLevel read)
{
	Question question = {
		.message = &search->view->messages[index],
		.sequence = index + 1,
		.read = read,
		.need = SEARCH_LEVELS,
	};
	search->results[index] = (guint8)decide(search->root, &question);
	search->levels[index] = (guint8)question.need;
}

/* --- reading -------------------------------------------------------------------- */

static int compare_messages(gconstpointer a, gconstpointer b, gpointer data)
{
	const ViewMessage *messages = data;
	gint64 left = messages[*(const guint *)a].physmessage;
	gint64 right = messages[*(const guint *)b].physmessage;
	if (left != right)
		return left < right ? -1 : 1;
	return 0;
}

/* Those that this level may decide, copies of one message side by side. */
static GArray *search_open(const Search *search, SearchLevel level)
{
	GArray *open = g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint i = 0; i < search->view->count; i++) {
		if (search->results[i] == TRI_UNKNOWN &&
			search->levels[i] == level)
			g_array_append_val(open, i);
	}
	g_array_sort_with_data(
		open, compare_messages, (gpointer)search->view->messages);
	return open;
}

static SearchPlan plan_for(const Search *search, SearchLevel level)
{
	SearchPlan plan = { .level = level, .nodes = search->nodes };
	for (guint i = 0; i < search->nodes->len; i++) {
		const SearchNode *node = g_ptr_array_index(search->nodes, i);
		SearchKind kind = node->key->kind;
		plan.wants_meta |= kind == SEARCH_INTERNAL_DATE;
		plan.wants_summary |= node->level == SEARCH_LEVEL_SUMMARY &&
			level >= SEARCH_LEVEL_SUMMARY;
		plan.wants_header |= kind == SEARCH_HEADER;
	}
	return plan;
}

static const ViewMessage *open_message(
	const Search *search, const GArray *open, guint place)
{
	return &search->view->messages[g_array_index(open, guint, place)];
}

/* How many of the open messages from begin on to read at once: as many as
 * are bounded in number and bytes, a large one alone. */
static guint batch_size(const Search *search, const GArray *open, guint begin,
	SearchLevel level)
{
	static const guint counts[] = {
		[SEARCH_LEVEL_META] = SEARCH_BATCH_META,
		[SEARCH_LEVEL_SUMMARY] = SEARCH_BATCH_SUMMARY,
		[SEARCH_LEVEL_HEADER] = SEARCH_BATCH_WHOLE,
		[SEARCH_LEVEL_BODY] = SEARCH_BATCH_WHOLE,
	};
	guint most = MIN(counts[level], open->len - begin);
	if (level <= SEARCH_LEVEL_SUMMARY)
		return most;
	guint64 sum = 0;
	guint count = 0;
	while (count < most) {
		guint64 size = open_message(search, open, begin + count)->size;
		sum += size;
		if (count > 0 &&
			(sum > SEARCH_BATCH_BYTES || size > SEARCH_WHOLE_MAX))
			break;
		count++;
		if (size > SEARCH_WHOLE_MAX)
			break;
	}
	return count;
}

static FetchBatch *read_batch(const Search *search, const GArray *open,
	guint begin, guint count, const SearchPlan *plan, GError **error)
{
	g_autofree FetchAsk *asks = g_new0(FetchAsk, count);
	guint64 size = open_message(search, open, begin)->size;
	for (guint i = 0; i < count; i++) {
		asks[i].physmessage =
			open_message(search, open, begin + i)->physmessage;
		asks[i].size = G_MAXUINT64;
	}
	FetchBatch *batch = NULL;
	if (!fetch_batch_new(search->store, asks, count,
		    search_what(plan, size <= SEARCH_WHOLE_MAX), &batch, error))
		return NULL;
	return batch;
}

/* Decides one message; one that is gone meanwhile matches nothing. */
static gboolean match_one(Search *search, guint index, const SearchPlan *plan,
	const FetchedMessage *message, gboolean same, GError **error)
{
	if (!message->found) {
		search->results[index] = TRI_FALSE;
		return TRUE;
	}
	if (!same &&
		!search_content_match(search->store, plan, message,
			search->view->messages[index].size, error))
		return FALSE;
	search_decide(search, index, plan->level);
	return TRUE;
}

static gboolean match_batch(Search *search, const GArray *open, guint begin,
	guint count, const SearchPlan *plan, GError **error)
{
	g_autoptr(FetchBatch) batch =
		read_batch(search, open, begin, count, plan, error);
	if (batch == NULL)
		return FALSE;
	gint64 last = 0;
	for (guint i = 0; i < count; i++) {
		const FetchedMessage *message = fetch_batch_message(batch, i);
		gboolean same = i > 0 && message->physmessage == last;
		if (!match_one(search, g_array_index(open, guint, begin + i),
			    plan, message, same, error))
			return FALSE;
		last = message->physmessage;
	}
	return TRUE;
}

static gboolean search_level(Search *search, SearchLevel level, GError **error)
{
	g_autoptr(GArray) open = search_open(search, level);
	SearchPlan plan = plan_for(search, level);
	guint count;
	for (guint i = 0; i < open->len; i += count) {
		if (search->cancelled != NULL &&
			search->cancelled(search->cancelled_data)) {
			dbmail_error_set(error, DBMAIL_ERROR_CLOSED,
				"the search was given up", "cancelled");
			return FALSE;
		}
		count = batch_size(search, open, i, level);
		if (!match_batch(search, open, i, count, &plan, error))
			return FALSE;
	}
	return TRUE;
}

gboolean search_run(Store *store, const MailboxView *view, const SearchKey *key,
	gboolean (*cancelled)(gpointer data), gpointer data, GArray **matches,
	GError **error)
{
	g_auto(Search) search = {
		.store = store,
		.view = view,
		.arena = arena_new(),
		.nodes = g_ptr_array_new(),
		.results = g_new(guint8, view->count),
		.levels = g_new(guint8, view->count),
		.cancelled = cancelled,
		.cancelled_data = data,
	};
	search.root = ready(&search, key, 0, error);
	if (search.root == NULL)
		return FALSE;
	for (guint i = 0; i < view->count; i++)
		search_decide(&search, i, SEARCH_LEVEL_VIEW);
	for (guint level = SEARCH_LEVEL_META;
		search.nodes->len > 0 && level < SEARCH_LEVELS; level++) {
		if (!search_level(&search, level, error))
			return FALSE;
	}
	*matches = g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint i = 0; i < view->count; i++) {
		if (search.results[i] == TRI_TRUE)
			g_array_append_val(*matches, i);
	}
	return TRUE;
}
