/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answers to a search: SEARCH, SORT and ESEARCH responses. */
#include "imap/search-reply.h"

/* A response is one line, however long; this much of it is held at a time. */
#define HELD_MAX 8192

/* A line on its way out; stream NULL: it stays in text. */
typedef struct {
	Stream *stream;
	GString *text;
} Line;

static void pass_on(Line *line, gsize at_least)
{
	if (line->stream == NULL || line->text->len < at_least)
		return;
	stream_write(line->stream, line->text->str, line->text->len);
	g_string_truncate(line->text, 0);
}

static guint index_of(const SearchResult *result, guint place)
{
	return g_array_index(result->found, guint, place);
}

static guint32 number_of(const SearchResult *result, guint place)
{
	guint index = index_of(result, place);

	return result->is_uid ? result->view->messages[index].uid : index + 1;
}

static void write_set(
	Line *line, const SearchResult *result, guint begin, guint end)
{
	for (guint i = begin; i < end;) {
		guint32 first = number_of(result, i);
		guint32 last = first;
		const char *comma = i > begin ? "," : "";
		i++;
		while (i < end && number_of(result, i) == last + 1)
			last++, i++;
		g_string_append_printf(line->text, "%s%u", comma, first);
		if (last != first)
			g_string_append_printf(line->text, ":%u", last);
		pass_on(line, HELD_MAX);
	}
}

void search_reply_append_set(
	const SearchResult *result, guint begin, guint end, GString *out)
{
	Line line = { NULL, out };

	write_set(&line, result, begin, end);
}

/* --- some of the result ---------------------------------------------------- */

/* The results that are told of one by one, as places; they may overlap. */
typedef struct {
	guint begin[3];
	guint end[3];
	guint count;
} Chosen;

static void choose(Chosen *chosen, guint begin, guint end)
{
	chosen->begin[chosen->count] = begin;
	chosen->end[chosen->count] = end;
	chosen->count++;
}

/* MIN, MAX and PARTIAL mean their messages alone, unless something else stands
 * for all (RFC 4731 section 3.2, RFC 5182 section 2.4, RFC 9394 section 3.2). */
static Chosen chosen_of(const SearchResult *result, const SearchArgs *args)
{
	const guint some = RETURN_MIN | RETURN_MAX | RETURN_PARTIAL;
	guint count = result->found->len;
	Chosen chosen = { .count = 0 };
	guint begin, end;

	if ((args->returns & some) == 0 ||
		(args->returns & (RETURN_ALL | RETURN_COUNT)) != 0) {
		choose(&chosen, 0, count);
		return chosen;
	}
	if ((args->returns & RETURN_MIN) && count > 0)
		choose(&chosen, 0, 1);
	if ((args->returns & RETURN_MAX) && count > 0)
		choose(&chosen, count - 1, count);
	if (args->returns & RETURN_PARTIAL) {
		partial_bounds(&args->partial, count, &begin, &end);
		choose(&chosen, begin, end);
	}
	return chosen;
}

static guint64 highest_modseq(const SearchResult *result, const Chosen *chosen)
{
	guint64 highest = 0;

	for (guint c = 0; c < chosen->count; c++) {
		for (guint i = chosen->begin[c]; i < chosen->end[c]; i++) {
			guint index = index_of(result, i);
			guint64 modseq = result->view->messages[index].modseq;
			highest = MAX(highest, modseq);
		}
	}
	return highest;
}

static gint compare_uids(gconstpointer a, gconstpointer b)
{
	guint32 left = *(const guint32 *)a;
	guint32 right = *(const guint32 *)b;
	return (left > right) - (left < right);
}

NumSet *search_reply_saved(const SearchResult *result, const SearchArgs *args)
{
	g_autoptr(GArray) uids = g_array_new(FALSE, FALSE, sizeof(guint32));
	Chosen chosen = chosen_of(result, args);
	NumSet *saved = numset_new();

	for (guint c = 0; c < chosen.count; c++) {
		for (guint i = chosen.begin[c]; i < chosen.end[c]; i++) {
			guint index = index_of(result, i);
			g_array_append_val(
				uids, result->view->messages[index].uid);
		}
	}
	/* A set is quick to make in rising order alone. */
	g_array_sort(uids, compare_uids);
	for (guint i = 0; i < uids->len; i++)
		numset_add(saved, g_array_index(uids, guint32, i));
	return saved;
}

/* --- responses ------------------------------------------------------------- */

void search_reply_numbers(Stream *stream, const char *word,
	const SearchResult *result, gboolean with_modseq)
{
	g_autoptr(GString) text = g_string_new(NULL);
	Line line = { stream, text };
	Chosen all = {
		.begin = { 0 }, .end = { result->found->len }, .count = 1
	};

	g_string_printf(text, "* %s", word);
	for (guint i = 0; i < result->found->len; i++) {
		g_string_append_printf(text, " %u", number_of(result, i));
		pass_on(&line, HELD_MAX);
	}
	if (with_modseq && result->found->len > 0)
		g_string_append_printf(text, " (MODSEQ %" G_GUINT64_FORMAT ")",
			highest_modseq(result, &all));
	g_string_append(text, "\r\n");
	pass_on(&line, 0);
}

static void write_partial(
	Line *line, const SearchResult *result, const PartialRange *range)
{
	guint begin, end;

	partial_bounds(range, result->found->len, &begin, &end);
	g_string_append(line->text, " PARTIAL (");
	partial_append(range, line->text);
	g_string_append_c(line->text, ' ');
	if (begin == end)
		g_string_append(line->text, "NIL");
	write_set(line, result, begin, end);
	g_string_append_c(line->text, ')');
}

/* A score for each message that ALL or PARTIAL tells (RFC 6203 section 4). */
static void write_scores(
	Line *line, const SearchResult *result, const SearchArgs *args)
{
	guint begin = 0;
	guint end = result->found->len;

	if (args->returns & RETURN_PARTIAL)
		partial_bounds(&args->partial, end, &begin, &end);
	g_string_append(line->text, " RELEVANCY (");
	for (guint i = begin; i < end; i++) {
		g_string_append_printf(line->text, "%s%u", i > begin ? " " : "",
			g_array_index(
				result->scores, guint8, index_of(result, i)));
		pass_on(line, HELD_MAX);
	}
	g_string_append_c(line->text, ')');
}

void search_reply_esearch(Stream *stream, const char *correlator,
	const SearchResult *result, const SearchArgs *args)
{
	g_autoptr(GString) text = g_string_new(NULL);
	Line line = { stream, text };
	Chosen chosen = chosen_of(result, args);
	guint count = result->found->len;
	guint64 modseq = 0;

	g_string_printf(text, "* ESEARCH %s%s", correlator,
		result->is_uid ? " UID" : "");
	if ((args->returns & RETURN_MIN) && count > 0)
		g_string_append_printf(text, " MIN %u", number_of(result, 0));
	if ((args->returns & RETURN_MAX) && count > 0)
		g_string_append_printf(
			text, " MAX %u", number_of(result, count - 1));
	if ((args->returns & RETURN_ALL) && count > 0) {
		g_string_append(text, " ALL ");
		write_set(&line, result, 0, count);
	}
	if (args->returns & RETURN_PARTIAL)
		write_partial(&line, result, &args->partial);
	if (args->returns & RETURN_COUNT)
		g_string_append_printf(text, " COUNT %u", count);
	if ((args->returns & RETURN_RELEVANCY) && result->scores != NULL)
		write_scores(&line, result, args);
	if (args->program.uses & SEARCH_USES_MODSEQ)
		modseq = highest_modseq(result, &chosen);
	if (modseq > 0)
		g_string_append_printf(
			text, " MODSEQ %" G_GUINT64_FORMAT, modseq);
	g_string_append(text, "\r\n");
	pass_on(&line, 0);
}
