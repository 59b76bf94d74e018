/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH: what the view knows first, then columns, headers, bodies. */
#include "store/search.h"

#include "base/errors.h"
#include "base/text.h"
#include "store/search-private.h"

/* A tree that is deeper has no meaning for people. */
#define SEARCH_DEPTH_MAX 1000

/* Messages of a block, and bytes of what its nodes found. */
#define SEARCH_BLOCK 131072
#define SEARCH_BLOCK_BYTES (32 * 1024 * 1024)

/* Messages read at once. */
#define SEARCH_BATCH 250

static void search_clear(Search *search)
{
	for (guint i = 0; i < search->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(search->nodes, i);
		g_free(node->founds);
		g_free(node->scores);
	}
	arena_free(&search->arena);
	g_ptr_array_unref(search->nodes);
	g_free(search->results);
	g_free(search->levels);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

gboolean search_may_go_on(const Search *search, GError **error)
{
	if (search->cancelled == NULL ||
		!search->cancelled(search->begin + search->count - search->open,
			search->view->count, search->cancelled_data))
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_CLOSED, "the search was given up",
		"cancelled");
	return FALSE;
}

/* --- making ready --------------------------------------------------------------- */

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
	if (node->key->fuzzy)
		node->fuzzy = fuzzy_needle_new(
			search->arena, bytes_of(folded->str, folded->len));
}

static SearchLevel level_of(const SearchNode *node)
{
	if (node->column != COLUMNS)
		return SEARCH_LEVEL_COLUMN;
	switch (node->key->kind) {
	case SEARCH_HEADER:
		return SEARCH_LEVEL_HEADER;
	case SEARCH_BODY:
	case SEARCH_TEXT:
		/* The empty string is in every message. */
		return node->needle_size == 0 ? SEARCH_LEVEL_VIEW :
						SEARCH_LEVEL_BODY;
	default:
		return SEARCH_LEVEL_VIEW;
	}
}

static void ready_leaf(Search *search, SearchNode *node)
{
	const SearchKey *key = node->key;
	node->column = search_column(key);
	switch (key->kind) {
	case SEARCH_KEYWORD:
		node->keyword = keyword_bit(search->view, key->text);
		break;
	case SEARCH_HEADER:
	case SEARCH_BODY:
	case SEARCH_TEXT:
		ready_text(search, node);
		break;
	case SEARCH_INTERNAL_DATE:
	case SEARCH_SENT_DATE:
	case SEARCH_SAVE_DATE:
		node->day = calendar_day_number(key->day);
		break;
	default:
		break;
	}
	node->level = level_of(node);
	if (node->level != SEARCH_LEVEL_VIEW)
		g_ptr_array_add(search->nodes, node);
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
	case SEARCH_SAVE_DATE_SUPPORTED:
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
	case SEARCH_EMAIL_ID:
		return (guint64)message->physmessage == key->number;
	default:
		g_assert_not_reached();
	}
}

typedef struct {
	const ViewMessage *message;
	guint32 sequence;
	guint at;         /* in the block */
	SearchLevel read; /* what was looked at already */
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
	if (node->founds[question->at] != TRI_UNKNOWN)
		return (Tri)node->founds[question->at];
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

void search_decide(Search *search, guint at, SearchLevel read)
{
	guint index = search->begin + at;
	Question question = {
		.message = search_message(search, index),
		.sequence = index + 1,
		.at = at,
		.read = read,
		.need = SEARCH_LEVELS,
	};
	search->results[at] = (guint8)decide(search->root, &question);
	search->levels[at] = (guint8)question.need;
}

GArray *search_open(const Search *search, SearchLevel level)
{
	GArray *open = g_array_new(FALSE, FALSE, sizeof(guint));
	for (guint at = 0; at < search->count; at++) {
		guint index = search->begin + at;
		if (search->results[at] == TRI_UNKNOWN &&
			search->levels[at] == level)
			g_array_append_val(open, index);
	}
	return open;
}

/* --- reading messages --------------------------------------------------------------- */

static int compare_messages(gconstpointer a, gconstpointer b, gpointer data)
{
	const ViewMessage *messages = data;
	gint64 left = messages[*(const guint *)a].physmessage;
	gint64 right = messages[*(const guint *)b].physmessage;
	if (left != right)
		return left < right ? -1 : 1;
	return 0;
}

static const ViewMessage *open_message(
	const Search *search, const GArray *open, guint place)
{
	return search_message(search, g_array_index(open, guint, place));
}

/* How many of the open messages from begin on to read at once: as many as
 * are bounded in number and bytes, a large one alone. */
static guint batch_size(const Search *search, const GArray *open, guint begin)
{
	guint most = MIN(SEARCH_BATCH, open->len - begin);
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
	guint begin, guint count, SearchLevel level, GError **error)
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
		    search_what(search, level, size <= SEARCH_WHOLE_MAX),
		    &batch, error))
		return NULL;
	return batch;
}

/* The nodes' results of the message at hand, from the block and back. */
static void nodes_load(Search *search, guint at)
{
	for (guint i = 0; i < search->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(search->nodes, i);
		node->found = node->founds[at];
		node->score = node->scores != NULL ? node->scores[at] : 0;
	}
}

static void nodes_store(Search *search, guint at)
{
	for (guint i = 0; i < search->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(search->nodes, i);
		node->founds[at] = node->found;
		if (node->scores != NULL)
			node->scores[at] = node->score;
	}
}

/* Decides one message; one that is gone meanwhile matches nothing. */
static gboolean match_one(Search *search, guint index, SearchLevel level,
	const FetchedMessage *message, GError **error)
{
	guint at = index - search->begin;
	if (!message->found) {
		search->results[at] = TRI_FALSE;
		return TRUE;
	}
	nodes_load(search, at);
	if (!search_content_match(search, level, message,
		    search_message(search, index)->size, error))
		return FALSE;
	nodes_store(search, at);
	search_decide(search, at, level);
	return TRUE;
}

static gboolean search_messages(
	Search *search, SearchLevel level, GError **error)
{
	g_autoptr(GArray) open = search_open(search, level);
	guint count;
	g_array_sort_with_data(
		open, compare_messages, (gpointer)search->view->messages);
	for (guint i = 0; i < open->len; i += count) {
		search->open = open->len - i;
		if (!search_may_go_on(search, error))
			return FALSE;
		count = batch_size(search, open, i);
		g_autoptr(FetchBatch) batch =
			read_batch(search, open, i, count, level, error);
		if (batch == NULL)
			return FALSE;
		for (guint j = 0; j < count; j++) {
			if (!match_one(search,
				    g_array_index(open, guint, i + j), level,
				    fetch_batch_message(batch, j), error))
				return FALSE;
		}
	}
	return TRUE;
}

/* --- together --------------------------------------------------------------------- */

/* As many messages as the nodes' results have room for. */
static guint block_size(const Search *search)
{
	guint room = SEARCH_BLOCK_BYTES / (search->nodes->len * 2 + 2);
	return MIN(MIN(SEARCH_BLOCK, room), MAX(search->view->count, 1));
}

static void block_prepare(Search *search, guint size)
{
	search->results = g_new(guint8, size);
	search->levels = g_new(guint8, size);
	for (guint i = 0; i < search->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(search->nodes, i);
		node->founds = g_new(guint8, size);
		if (node->fuzzy != NULL)
			node->scores = g_new(guint8, size);
	}
}

static void block_begin(Search *search, guint begin, guint size)
{
	search->begin = begin;
	search->count = MIN(size, search->view->count - begin);
	search->open = search->count;
	for (guint i = 0; i < search->nodes->len; i++) {
		SearchNode *node = g_ptr_array_index(search->nodes, i);
		memset(node->founds, TRI_UNKNOWN, size);
		if (node->scores != NULL)
			memset(node->scores, 0, size);
	}
	for (guint at = 0; at < search->count; at++)
		search_decide(search, at, SEARCH_LEVEL_VIEW);
}

/* The mean of the fuzzy keys that fit. */
static guint8 score_of(const Search *search, guint at)
{
	guint sum = 0, count = 0;
	for (guint i = 0; i < search->nodes->len; i++) {
		const SearchNode *node = g_ptr_array_index(search->nodes, i);
		if (node->scores == NULL || node->scores[at] == 0)
			continue;
		sum += node->scores[at];
		count++;
	}
	return count > 0 ? (guint8)(sum / count) : 100;
}

static void block_end(const Search *search, GArray *matches, GArray *scores)
{
	for (guint at = 0; at < search->count; at++) {
		guint index = search->begin + at;
		if (search->results[at] != TRI_TRUE)
			continue;
		g_array_append_val(matches, index);
		if (scores != NULL)
			g_array_index(scores, guint8, index) =
				score_of(search, at);
	}
}

gboolean search_run_scored(Store *store, const MailboxView *view,
	const SearchKey *key, SearchCancelled cancelled, gpointer data,
	GArray **matches, GArray **scores, GError **error)
{
	g_auto(Search) search = {
		.store = store,
		.view = view,
		.arena = arena_new(),
		.nodes = g_ptr_array_new(),
		.now = timestamp_now(),
		.cancelled = cancelled,
		.cancelled_data = data,
	};
	search.root = ready(&search, key, 0, error);
	if (search.root == NULL)
		return FALSE;
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) fits = g_array_new(FALSE, TRUE, sizeof(guint8));
	g_array_set_size(fits, view->count);
	guint size = block_size(&search);
	block_prepare(&search, size);
	for (guint begin = 0; begin < view->count; begin += size) {
		block_begin(&search, begin, size);
		if (search.nodes->len > 0 &&
			(!search_columns(&search, error) ||
				!search_messages(
					&search, SEARCH_LEVEL_HEADER, error) ||
				!search_bodies(&search, error) ||
				!search_messages(
					&search, SEARCH_LEVEL_BODY, error)))
			return FALSE;
		block_end(&search, found, fits);
	}
	*matches = g_steal_pointer(&found);
	if (scores != NULL)
		*scores = g_steal_pointer(&fits);
	return TRUE;
}

gboolean search_run(Store *store, const MailboxView *view, const SearchKey *key,
	SearchCancelled cancelled, gpointer data, GArray **matches,
	GError **error)
{
	return search_run_scored(
		store, view, key, cancelled, data, matches, NULL, error);
}
