/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searches whose results are kept up to date: RETURN (UPDATE) (RFC 5267). */
#include "imap/search-context.h"

#include "base/log.h"
#include "base/text.h"
#include "store/search.h"
#include "store/sort.h"
#include "imap/fetch-write.h"

typedef struct {
	Arena *arena; /* what follows is in it */
	const char *tag;
	const char *correlator;
	gboolean is_uid;
	SearchKey *key;
	const SortKey *sort;
	guint sort_count;       /* 0: in mailbox order */
	GPtrArray *sets;        /* of key */
	const FetchArgs *fetch; /* of new messages that come in, or NULL */
	guint32 next_uid;       /* from which on a message is new */
	guint64 seq;            /* messages with a later modseq are looked at */
	GArray *members;        /* guint32 UIDs of the result, ascending */
	GArray *order; /* the same in the result's order; NULL: members */
} SearchContext;

/* A message that comes into a result or leaves it. */
typedef struct {
	guint place; /* in the result */
	guint index; /* in the view */
} Move;

static void context_free(gpointer data)
{
	SearchContext *context = data;

	g_ptr_array_unref(context->sets);
	g_array_unref(context->members);
	if (context->order != NULL)
		g_array_unref(context->order);
	arena_free(&context->arena);
	g_free(context);
}

static gint compare_uids(gconstpointer a, gconstpointer b)
{
	guint32 left = *(const guint32 *)a;
	guint32 right = *(const guint32 *)b;
	return (left > right) - (left < right);
}

static gboolean is_member(const SearchContext *context, guint32 uid)
{
	return g_array_binary_search(
		context->members, &uid, compare_uids, NULL);
}

/* --- opening --------------------------------------------------------------- */

/* The UIDs of message numbers: they are meant as they were when the command
 * came (section 4.3). */
static NumSet *uids_of_numbers(const MailboxView *view, const NumSet *numbers)
{
	NumSet *uids = numset_new();

	for (guint r = 0; r < numset_range_count(numbers); r++) {
		NumRange range = numset_range(numbers, r);
		for (guint64 n = range.first; n <= MIN(range.last, view->count);
			n++)
			numset_add(uids, view->messages[n - 1].uid);
	}
	return uids;
}

/* The set of \Recent messages stays the mailbox's own, which grows. */
static const NumSet *copy_set(SearchContext *context,
	const ImapSelected *selected, const SearchKey *key)
{
	NumSet *copy;

	if (key->set == NULL || key->set == selected->recent)
		return key->set;
	if (key->kind == SEARCH_SEQUENCE) {
		copy = uids_of_numbers(&selected->known, key->set);
	} else {
		copy = numset_new();
		numset_add_set(copy, key->set);
	}
	g_ptr_array_add(context->sets, copy);
	return copy;
}

static const char *copy_text(SearchContext *context, const char *text)
{
	return text != NULL ? arena_strdup(context->arena, text) : NULL;
}

static SearchKey *copy_key(SearchContext *context, const ImapSelected *selected,
	const SearchKey *key)
{
	SearchKey *copy = arena_new_object(context->arena, SearchKey);
	SearchKey **next = &copy->first_child;

	*copy = *key;
	copy->first_child = NULL;
	copy->next = NULL;
	copy->set = copy_set(context, selected, key);
	if (key->kind == SEARCH_SEQUENCE)
		copy->kind = SEARCH_UID;
	copy->text = copy_text(context, key->text);
	copy->field = copy_text(context, key->field);
	for (const SearchKey *child = key->first_child; child != NULL;
		child = child->next) {
		*next = copy_key(context, selected, child);
		next = &(*next)->next;
	}
	return copy;
}

/* The items as the command has them, read once more, since what was read then
 * goes with the command. */
static const FetchArgs *copy_fetch(const ImapSession *session,
	SearchContext *context, const SearchArgs *args)
{
	const GArray *chunks = session->chunks;
	guint count = chunks->len - args->update_chunk;
	const FetchArgs *fetch = NULL;
	ImapParser parser;

	if (args->update_fetch == NULL)
		return NULL;
	ImapChunk *copy = arena_new_array(context->arena, ImapChunk, count);
	for (guint i = 0; i < count; i++) {
		copy[i] = g_array_index(
			chunks, ImapChunk, args->update_chunk + i);
		copy[i].line.data = arena_copy(
			context->arena, copy[i].line.data, copy[i].line.size);
		if (copy[i].has_literal)
			copy[i].literal.data = arena_copy(context->arena,
				copy[i].literal.data, copy[i].literal.size);
	}
	parser_init(&parser, context->arena, copy, count, context->sets);
	parser.pos = args->update_pos;
	return args_fetch_items(&parser, &fetch) ? fetch : NULL;
}

static GArray *uids_of_result(const SearchResult *result)
{
	GArray *uids = g_array_sized_new(
		FALSE, FALSE, sizeof(guint32), result->found->len);

	for (guint i = 0; i < result->found->len; i++) {
		guint index = g_array_index(result->found, guint, i);
		g_array_append_val(uids, result->view->messages[index].uid);
	}
	return uids;
}

static SearchContext *new_context(const ImapSelected *selected,
	const SearchArgs *args, const SearchResult *result)
{
	SearchContext *context = g_new0(SearchContext, 1);

	context->arena = arena_new();
	context->sets = g_ptr_array_new_with_free_func(parser_free_set);
	context->is_uid = result->is_uid;
	context->key = copy_key(context, selected, args->program.key);
	context->seq = result->view->seq;
	context->next_uid = result->view->uidnext;
	context->members = uids_of_result(result);
	if (args->sort_count == 0)
		return context;
	SortKey *sort =
		arena_new_array(context->arena, SortKey, args->sort_count);
	for (guint i = 0; i < args->sort_count; i++)
		sort[i] = args->sort[i];
	context->sort = sort;
	context->sort_count = args->sort_count;
	context->order = g_array_copy(context->members);
	g_array_sort(context->members, compare_uids);
	return context;
}

/* Why a result cannot be kept up to date; NULL where it can. */
static const char *why_not(const ImapSelected *selected, const SearchArgs *args)
{
	if (selected->contexts != NULL &&
		selected->contexts->len >= CONTEXTS_MAX)
		return "Too many contexts";
	if (args->program.uses & SEARCH_USES_AGE)
		return "The result changes as time goes by";
	for (guint i = 0; i < args->sort_count; i++) {
		if (args->sort[i].field == SORT_RELEVANCY)
			return "The order changes with the messages";
	}
	return NULL;
}

void context_open(ImapSession *session, const char *tag, const char *correlator,
	const SearchArgs *args, const SearchResult *result)
{
	ImapSelected *selected = session->selected;
	const char *reason = why_not(selected, args);

	if (reason != NULL) {
		stream_printf(session->stream, "* NO [NOUPDATE \"%s\"] %s\r\n",
			tag, reason);
		return;
	}
	SearchContext *context = new_context(selected, args, result);
	context->tag = arena_strdup(context->arena, tag);
	context->correlator = arena_strdup(context->arena, correlator);
	context->fetch = copy_fetch(session, context, args);
	if (selected->contexts == NULL)
		selected->contexts =
			g_ptr_array_new_with_free_func(context_free);
	g_ptr_array_add(selected->contexts, context);
}

static SearchContext *find_context(
	const ImapSelected *selected, Bytes tag, guint *place)
{
	for (guint i = 0;
		selected->contexts != NULL && i < selected->contexts->len;
		i++) {
		SearchContext *context = selected->contexts->pdata[i];
		*place = i;
		if (bytes_equal(tag, bytes_of_string(context->tag)))
			return context;
	}
	return NULL;
}

gboolean context_is_open(const ImapSelected *selected, const char *tag)
{
	guint place;

	return find_context(selected, bytes_of_string(tag), &place) != NULL;
}

gboolean context_cancel(ImapSelected *selected, Bytes tag)
{
	guint place;

	if (find_context(selected, tag, &place) == NULL)
		return FALSE;
	g_ptr_array_remove_index(selected->contexts, place);
	return TRUE;
}

/* --- writing --------------------------------------------------------------- */

/* "ADDTO (3 5:6 9 4)": position and set for each run of neighbours.  Without an
 * order of its own the position is 0, and one set takes all. */
static void append_moves(const SearchContext *context, const MailboxView *view,
	const char *word, gboolean is_removal, const GArray *moves,
	GString *line)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(guint));
	SearchResult result = {
		.view = view, .is_uid = context->is_uid, .found = found
	};
	guint end;

	if (moves->len == 0)
		return;
	for (guint i = 0; i < moves->len; i++)
		g_array_append_val(found, g_array_index(moves, Move, i).index);
	g_string_append_printf(line, " %s (", word);
	for (guint i = 0; i < moves->len; i = end) {
		guint place = g_array_index(moves, Move, i).place;
		guint position = is_removal ? place - i + 1 : place + 1;
		end = i + 1;
		while (end < moves->len &&
			(context->order == NULL ||
				g_array_index(moves, Move, end).place ==
					place + (end - i)))
			end++;
		g_string_append_printf(line, "%s%u ", i > 0 ? " " : "",
			context->order != NULL ? position : 0);
		search_reply_append_set(&result, i, end, line);
	}
	g_string_append_c(line, ')');
}

static void write_line(ImapSession *session, const SearchContext *context,
	const GString *items)
{
	if (items->len == 0)
		return;
	stream_printf(session->stream, "* ESEARCH %s%s", context->correlator,
		context->is_uid ? " UID" : "");
	stream_write(session->stream, items->str, items->len);
	stream_puts(session->stream, "\r\n");
}

/* Once no numbers may be used any more, none are, whatever was asked for (RFC
 * 9586). */
static void mind_uid_only(const ImapSession *session, SearchContext *context)
{
	if (session->enabled & ENABLED_UIDONLY)
		context->is_uid = TRUE;
}

/* --- leaving --------------------------------------------------------------- */

static void drop_uids(GArray *uids, GHashTable *dropped)
{
	guint kept = 0;

	for (guint i = 0; i < uids->len; i++) {
		guint32 uid = g_array_index(uids, guint32, i);
		if (!g_hash_table_contains(dropped, GUINT_TO_POINTER(uid)))
			g_array_index(uids, guint32, kept++) = uid;
	}
	g_array_set_size(uids, kept);
}

/* Takes the messages (guint, indexes in view) out of the result. */
static void remove_messages(SearchContext *context, const MailboxView *view,
	const GArray *indexes, GString *line)
{
	g_autoptr(GHashTable) leaving = g_hash_table_new(NULL, NULL);
	g_autoptr(GArray) moves = g_array_new(FALSE, FALSE, sizeof(Move));
	GArray *result =
		context->order != NULL ? context->order : context->members;

	for (guint i = 0; i < indexes->len; i++) {
		guint index = g_array_index(indexes, guint, i);
		g_hash_table_insert(leaving,
			GUINT_TO_POINTER(view->messages[index].uid),
			GUINT_TO_POINTER(index));
	}
	for (guint i = 0; i < result->len; i++) {
		gpointer index;
		guint32 uid = g_array_index(result, guint32, i);
		if (!g_hash_table_lookup_extended(
			    leaving, GUINT_TO_POINTER(uid), NULL, &index))
			continue;
		Move move = { i, GPOINTER_TO_UINT(index) };
		g_array_append_val(moves, move);
	}
	append_moves(context, view, "REMOVEFROM", TRUE, moves, line);
	drop_uids(context->members, leaving);
	if (context->order != NULL)
		drop_uids(context->order, leaving);
}

void context_tell_gone(ImapSession *session, const ViewMessage *old,
	guint old_count, const GArray *gone)
{
	const GPtrArray *contexts = session->selected->contexts;
	MailboxView view = { .count = old_count, .messages = old };

	for (guint c = 0; contexts != NULL && c < contexts->len; c++) {
		g_autoptr(GString) line = g_string_new(NULL);
		SearchContext *context = contexts->pdata[c];
		mind_uid_only(session, context);
		remove_messages(context, &view, gone, line);
		write_line(session, context, line);
	}
}

/* --- coming ---------------------------------------------------------------- */

/* Where the messages come in among those that are there, which keep the order
 * the client knows whatever the sort makes of them now. */
static GArray *places_of(const SearchContext *context, const MailboxView *view,
	const GArray *sorted, const guint8 *is_new)
{
	g_autofree guint *old_places = g_new0(guint, view->count);
	GArray *moves = g_array_new(FALSE, FALSE, sizeof(Move));
	guint behind = 0;

	for (guint i = 0; i < context->order->len; i++) {
		guint32 uid = g_array_index(context->order, guint32, i);
		guint index = view_find(view, uid);
		if (index != G_MAXUINT)
			old_places[index] = i + 1;
	}
	for (guint i = 0; i < sorted->len; i++) {
		guint index = g_array_index(sorted, guint, i);
		Move move = { behind + moves->len, index };
		if (is_new[index])
			g_array_append_val(moves, move);
		else
			behind = MAX(behind, old_places[index]);
	}
	return moves;
}

/* The coming messages with their places, in the order of the places. */
static GArray *sort_coming(ImapSession *session, const SearchContext *context,
	const GArray *coming, GError **error)
{
	const MailboxView *view = &session->selected->known;
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autofree guint8 *is_new = g_new0(guint8, view->count);

	for (guint i = 0; i < coming->len; i++)
		is_new[g_array_index(coming, guint, i)] = 1;
	for (guint i = 0; i < view->count; i++) {
		if (is_new[i] || is_member(context, view->messages[i].uid))
			g_array_append_val(all, i);
	}
	if (!sort_run(session->store, view, context->sort, context->sort_count,
		    all, NULL, error))
		return NULL;
	return places_of(context, view, all, is_new);
}

static GArray *moves_of(const GArray *coming)
{
	GArray *moves = g_array_new(FALSE, FALSE, sizeof(Move));

	for (guint i = 0; i < coming->len; i++) {
		Move move = { 0, g_array_index(coming, guint, i) };
		g_array_append_val(moves, move);
	}
	return moves;
}

static gboolean add_messages(ImapSession *session, SearchContext *context,
	const GArray *coming, GString *line, GError **error)
{
	const MailboxView *view = &session->selected->known;
	g_autoptr(GArray) moves = NULL;

	if (coming->len == 0)
		return TRUE;
	moves = context->order == NULL ?
		moves_of(coming) :
		sort_coming(session, context, coming, error);
	if (moves == NULL)
		return FALSE;
	append_moves(context, view, "ADDTO", FALSE, moves, line);
	for (guint i = 0; i < moves->len; i++) {
		const Move *move = &g_array_index(moves, Move, i);
		guint32 uid = view->messages[move->index].uid;
		g_array_append_val(context->members, uid);
		if (context->order != NULL)
			g_array_insert_val(context->order, move->place, uid);
	}
	g_array_sort(context->members, compare_uids);
	return TRUE;
}

/* --- changes --------------------------------------------------------------- */

/* The messages of the view that have changed since the context's last look. */
static NumSet *changed_uids(
	const SearchContext *context, const MailboxView *view)
{
	NumSet *uids = numset_new();

	for (guint i = 0; i < view->count; i++) {
		if (view->messages[i].modseq > context->seq)
			numset_add(uids, view->messages[i].uid);
	}
	return uids;
}

/* Which of the changed messages match now (guint, indexes). */
static gboolean find_changed(ImapSession *session, const SearchContext *context,
	const NumSet *changed, GArray **matches, GError **error)
{
	SearchKey both = { .kind = SEARCH_AND };
	SearchKey among = { .kind = SEARCH_UID, .set = changed };

	among.next = context->key;
	both.first_child = &among;
	return search_run(session->store, &session->selected->known, &both,
		NULL, NULL, matches, error);
}

/* Divides the changed messages that were or are in the result. */
static void divide(const SearchContext *context, const MailboxView *view,
	const NumSet *changed, const GArray *matches, GArray *coming,
	GArray *leaving)
{
	guint m = 0;

	for (guint i = 0; i < view->count; i++) {
		guint32 uid = view->messages[i].uid;
		gboolean matches_now = m < matches->len &&
			g_array_index(matches, guint, m) == i;
		m += matches_now;
		if (view->messages[i].modseq <= context->seq ||
			!numset_contains(changed, uid))
			continue;
		gboolean was = is_member(context, uid);
		if (matches_now && !was)
			g_array_append_val(coming, i);
		if (!matches_now && was)
			g_array_append_val(leaving, i);
	}
}

/* What is wanted of the new ones among those that come in, ahead of ADDTO (RFC
 * 5465 section 7). */
static gboolean fetch_new(ImapSession *session, const SearchContext *context,
	const GArray *coming, GError **error)
{
	const MailboxView *view = &session->selected->known;
	g_autoptr(GArray) wanted = g_array_new(FALSE, FALSE, sizeof(guint));

	for (guint i = 0; context->fetch != NULL && i < coming->len; i++) {
		guint index = g_array_index(coming, guint, i);
		if (view->messages[index].uid >= context->next_uid)
			g_array_append_val(wanted, index);
	}
	return wanted->len == 0 ||
		fetch_tell(session, context->fetch, wanted, error);
}

static gboolean look_again(
	ImapSession *session, SearchContext *context, GError **error)
{
	const MailboxView *view = &session->selected->known;
	g_autoptr(NumSet) changed = changed_uids(context, view);
	g_autoptr(GArray) coming = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) leaving = g_array_new(FALSE, FALSE, sizeof(guint));
	g_autoptr(GArray) matches = NULL;
	g_autoptr(GString) line = g_string_new(NULL);
	gboolean ok = TRUE;

	mind_uid_only(session, context);
	if (!numset_is_empty(changed)) {
		if (!find_changed(session, context, changed, &matches, error))
			return FALSE;
		divide(context, view, changed, matches, coming, leaving);
		if (!fetch_new(session, context, coming, error))
			return FALSE;
	}
	if (leaving->len > 0)
		remove_messages(context, view, leaving, line);
	ok = add_messages(session, context, coming, line, error);
	write_line(session, context, line);
	if (ok) {
		context->seq = view->seq;
		context->next_uid = view->uidnext;
	}
	return ok;
}

void context_tell_changes(ImapSession *session)
{
	const GPtrArray *contexts = session->selected->contexts;

	for (guint c = 0; contexts != NULL && c < contexts->len; c++) {
		g_autoptr(GError) error = NULL;
		if (!look_again(session, contexts->pdata[c], &error))
			log_event(LOG_LEVEL_ERROR, &session->connection->log,
				"context-failed", LOG_GERROR(error));
	}
}
