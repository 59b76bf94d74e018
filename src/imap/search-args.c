/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of SEARCH, SORT, THREAD and ESEARCH. */
#include "imap/search-args.h"

static const struct {
	const char *name;
	SearchReturn bit;
} returns[] = {
	{ "MIN", RETURN_MIN },
	{ "MAX", RETURN_MAX },
	{ "ALL", RETURN_ALL },
	{ "COUNT", RETURN_COUNT },
	{ "SAVE", RETURN_SAVE },
	{ "PARTIAL", RETURN_PARTIAL },
	{ "CONTEXT", RETURN_CONTEXT },
	{ "UPDATE", RETURN_UPDATE },
	{ "RELEVANCY", RETURN_RELEVANCY },
};

/* "(UID FLAGS)" behind UPDATE, where it stands. */
static gboolean parse_update(ImapParser *parser, SearchArgs *args)
{
	if (!parse_accept(parser, ' '))
		return TRUE;
	if (parse_peek(parser) != '(') {
		parser->pos--;
		return TRUE;
	}
	args->update_chunk = parser->chunk;
	args->update_pos = parser->pos;
	return args_fetch_items(parser, &args->update_fetch);
}

static gboolean parse_return_option(ImapParser *parser, SearchArgs *args)
{
	const guint one_of = RETURN_ALL | RETURN_PARTIAL;
	gsize start = parser->pos;
	SearchReturn bit = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(returns) && bit == 0; i++) {
		if (parse_accept_word(parser, returns[i].name))
			bit = returns[i].bit;
	}
	if (bit == 0)
		return parse_fail(parser, "Unknown RETURN option");
	/* RFC 9394 section 3.1: one PARTIAL, one ALL, or neither. */
	if ((bit == RETURN_PARTIAL && (args->returns & one_of) != 0) ||
		(bit == RETURN_ALL && (args->returns & RETURN_PARTIAL) != 0)) {
		parser->pos = start;
		return parse_fail(parser, "More than one of PARTIAL and ALL");
	}
	args->returns |= bit;
	if (bit == RETURN_UPDATE)
		return parse_update(parser, args);
	return bit != RETURN_PARTIAL ||
		(parse_space(parser) && partial_parse(parser, &args->partial));
}

/* "RETURN (...) " where it stands. */
static gboolean parse_return(ImapParser *parser, SearchArgs *args)
{
	if (!parse_accept_word(parser, "RETURN"))
		return TRUE;
	args->has_return = TRUE;
	if (!parse_space(parser) || !parse_open(parser))
		return FALSE;
	if (parse_peek(parser) != ')') {
		do {
			if (!parse_return_option(parser, args))
				return FALSE;
		} while (parse_accept(parser, ' '));
	}
	if (args->returns == 0)
		args->returns = RETURN_ALL;
	return parse_close(parser) && parse_space(parser);
}

gboolean args_search(ImapParser *parser, ImapCommand *command)
{
	SearchArgs *args = arena_new_object(parser->arena, SearchArgs);

	command->args = args;
	return parse_space(parser) && parse_return(parser, args) &&
		search_key_parse(parser, &args->program);
}

/* "IN (...) " where it stands (RFC 7377 section 4). */
static gboolean parse_sources(ImapParser *parser, SearchArgs *args)
{
	MailboxFilter *first = NULL;
	MailboxFilter **next = &first;

	if (!parse_accept_word(parser, "IN"))
		return TRUE;
	if (!parse_space(parser) || !parse_open(parser))
		return FALSE;
	do {
		if (first != NULL && parse_peek(parser) == '(')
			return parse_fail(parser, "Unknown scope option");
		*next = arena_new_object(parser->arena, MailboxFilter);
		if (!mailbox_filter_parse(parser, *next))
			return FALSE;
		if ((*next)->kind == FILTER_SELECTED_DELAYED)
			return parse_fail(parser, "Not in a search");
		next = &(*next)->next;
	} while (parse_accept(parser, ' '));
	args->sources = first;
	return parse_close(parser) && parse_space(parser);
}

gboolean args_esearch(ImapParser *parser, ImapCommand *command)
{
	SearchArgs *args = arena_new_object(parser->arena, SearchArgs);

	command->args = args;
	return parse_space(parser) && parse_sources(parser, args) &&
		parse_return(parser, args) &&
		search_key_parse(parser, &args->program);
}

/* --- SORT and THREAD ------------------------------------------------------- */

static const struct {
	const char *name;
	SortField field;
} sort_fields[] = {
	{ "ARRIVAL", SORT_ARRIVAL }, { "CC", SORT_CC }, { "DATE", SORT_DATE },
	{ "DISPLAYFROM", SORT_DISPLAYFROM }, /* RFC 5957 */
	{ "DISPLAYTO", SORT_DISPLAYTO }, { "FROM", SORT_FROM },
	{ "SIZE", SORT_SIZE }, { "SUBJECT", SORT_SUBJECT }, { "TO", SORT_TO },
	{ "RELEVANCY", SORT_RELEVANCY }, /* RFC 6203 */
};

static gboolean parse_sort_key(ImapParser *parser, SortKey *key)
{
	key->reverse = parse_accept_word(parser, "REVERSE");
	if (key->reverse && !parse_space(parser))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(sort_fields); i++) {
		if (parse_accept_word(parser, sort_fields[i].name)) {
			key->field = sort_fields[i].field;
			return TRUE;
		}
	}
	return parse_fail(parser, "Unknown SORT key");
}

static gboolean parse_sort(ImapParser *parser, SearchArgs *args)
{
	SortKey *sort = arena_new_array(parser->arena, SortKey, SORT_KEYS_MAX);

	args->sort = sort;
	if (!parse_open(parser))
		return FALSE;
	do {
		if (args->sort_count == SORT_KEYS_MAX)
			return parse_fail(parser, "Too many SORT keys");
		if (!parse_sort_key(parser, &sort[args->sort_count]))
			return FALSE;
		args->sort_count++;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}

gboolean args_sort(ImapParser *parser, ImapCommand *command)
{
	SearchArgs *args = arena_new_object(parser->arena, SearchArgs);

	command->args = args;
	return parse_space(parser) && parse_return(parser, args) &&
		parse_sort(parser, args) &&
		search_key_parse_charset(parser, &args->program);
}

static const struct {
	const char *name;
	ThreadAlgorithm algorithm;
} algorithms[] = {
	{ "ORDEREDSUBJECT", THREAD_ORDEREDSUBJECT },
	{ "REFERENCES", THREAD_REFERENCES },
	{ "REFS", THREAD_REFS },
};

static gboolean parse_algorithm(ImapParser *parser, SearchArgs *args)
{
	for (gsize i = 0; i < G_N_ELEMENTS(algorithms); i++) {
		if (parse_accept_word(parser, algorithms[i].name)) {
			args->algorithm = algorithms[i].algorithm;
			return TRUE;
		}
	}
	return parse_fail(parser, "Unknown THREAD algorithm");
}

gboolean args_thread(ImapParser *parser, ImapCommand *command)
{
	SearchArgs *args = arena_new_object(parser->arena, SearchArgs);

	command->args = args;
	return parse_space(parser) && parse_algorithm(parser, args) &&
		search_key_parse_charset(parser, &args->program);
}

/* --- CANCELUPDATE ---------------------------------------------------------- */

/* More than a session can have. */
#define CANCEL_MAX 100

gboolean args_cancelupdate(ImapParser *parser, ImapCommand *command)
{
	CancelArgs *args = arena_new_object(parser->arena, CancelArgs);
	Bytes *tags = arena_new_array(parser->arena, Bytes, CANCEL_MAX);

	command->args = args;
	args->tags = tags;
	if (!parse_space(parser))
		return FALSE;
	do {
		if (args->count == CANCEL_MAX)
			return parse_fail(parser, "Too many tags");
		if (!parse_string(parser, &tags[args->count]))
			return FALSE;
		args->count++;
	} while (parse_accept(parser, ' '));
	return TRUE;
}
