/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of LIST and LSUB (RFC 3501 section 6.3.8, RFC 5258, RFC 5819,
 * RFC 6154, RFC 8440, RFC 9590). */
#include "imap/list-args.h"

#include "imap/metadata-reply.h"
#include "imap/status-item.h"

/* What follows an option's name; pure, like all parsing. */
typedef gboolean (*ParseValue)(ImapParser *parser, ListArgs *args);

static gboolean parse_status(ImapParser *parser, ListArgs *args)
{
	return parse_space(parser) && status_parse(parser, &args->status);
}

static gboolean parse_metadata(ImapParser *parser, ListArgs *args)
{
	return parse_space(parser) &&
		parse_metadata_names(parser, TRUE, &args->entries);
}

static const struct {
	const char *name;
	guint option;
	gboolean selects; /* may stand before the reference */
	gboolean returns; /* may stand after RETURN */
	ParseValue parse; /* NULL: no value */
} options[] = {
	{ "SUBSCRIBED", LIST_SUBSCRIBED, TRUE, TRUE, NULL },
	{ "REMOTE", LIST_REMOTE, TRUE, FALSE, NULL },
	{ "RECURSIVEMATCH", LIST_RECURSIVE, TRUE, FALSE, NULL },
	{ "SPECIAL-USE", LIST_SPECIAL_USE, TRUE, TRUE, NULL },
	{ "CHILDREN", LIST_CHILDREN, FALSE, TRUE, NULL },
	{ "STATUS", LIST_STATUS, FALSE, TRUE, parse_status },
	{ "MYRIGHTS", LIST_MYRIGHTS, FALSE, TRUE, NULL },
	{ "METADATA", LIST_METADATA, FALSE, TRUE, parse_metadata },
};

static gboolean parse_option(
	ImapParser *parser, gboolean is_return, ListArgs *args)
{
	for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
		gboolean fits =
			is_return ? options[i].returns : options[i].selects;
		if (!fits || !parse_accept_word(parser, options[i].name))
			continue;
		if (is_return)
			args->give |= options[i].option;
		else
			args->select |= options[i].option;
		return options[i].parse == NULL ||
			options[i].parse(parser, args);
	}
	return parse_fail(parser, "Unknown LIST option");
}

static gboolean parse_options(
	ImapParser *parser, gboolean is_return, ListArgs *args)
{
	if (!parse_open(parser))
		return FALSE;
	if (parse_peek(parser) == ')')
		return parse_close(parser);
	do {
		if (!parse_option(parser, is_return, args))
			return FALSE;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}

static gboolean parse_patterns(ImapParser *parser, ListArgs *args)
{
	Bytes *patterns =
		arena_new_array(parser->arena, Bytes, LIST_PATTERNS_MAX);

	args->patterns = patterns;
	if (parse_peek(parser) != '(') {
		args->count = 1;
		return parse_list_mailbox(parser, &patterns[0]);
	}
	args->is_extended = TRUE;
	if (!parse_open(parser))
		return FALSE;
	do {
		if (args->count == LIST_PATTERNS_MAX)
			return parse_fail(parser, "Too many patterns");
		if (!parse_list_mailbox(parser, &patterns[args->count]))
			return FALSE;
		args->count++;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}

static gboolean parse_return(ImapParser *parser, ListArgs *args)
{
	if (!parse_accept(parser, ' ') || parse_peek(parser) == '\0')
		return TRUE;
	args->is_extended = TRUE;
	if (!parse_accept_word(parser, "RETURN"))
		return parse_fail(parser, "Missing RETURN");
	return parse_space(parser) && parse_options(parser, TRUE, args);
}

static gboolean check_size(ImapParser *parser, const ListArgs *args)
{
	gsize size = 0;

	for (guint i = 0; i < args->count; i++)
		size += args->reference.size + args->patterns[i].size;
	return size <= LIST_PATTERN_BYTES_MAX ||
		parse_refuse(parser, "[LIMIT] The patterns are too long");
}

gboolean args_list(ImapParser *parser, ImapCommand *command)
{
	ListArgs *args = arena_new_object(parser->arena, ListArgs);

	command->args = args;
	if (!parse_space(parser))
		return FALSE;
	if (parse_peek(parser) == '(') {
		args->is_extended = TRUE;
		if (!parse_options(parser, FALSE, args) || !parse_space(parser))
			return FALSE;
	}
	/* RFC 5258 section 3: it only says how others are matched. */
	if ((args->select & LIST_RECURSIVE) != 0 &&
		(args->select & (LIST_SUBSCRIBED | LIST_SPECIAL_USE)) == 0)
		return parse_fail(
			parser, "RECURSIVEMATCH needs another option");
	return parse_astring(parser, &args->reference) && parse_space(parser) &&
		parse_patterns(parser, args) && parse_return(parser, args) &&
		check_size(parser, args);
}

gboolean args_lsub(ImapParser *parser, ImapCommand *command)
{
	ListArgs *args = arena_new_object(parser->arena, ListArgs);
	Bytes *pattern = arena_new_object(parser->arena, Bytes);

	command->args = args;
	args->patterns = pattern;
	args->count = 1;
	return parse_space(parser) && parse_astring(parser, &args->reference) &&
		parse_space(parser) && parse_list_mailbox(parser, pattern) &&
		check_size(parser, args);
}
