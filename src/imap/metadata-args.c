/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of GETMETADATA and SETMETADATA (RFC 5464 section 5). */
#include "imap/metadata-args.h"

#include "base/text.h"
#include "imap/metadata-reply.h"

/* --- GETMETADATA ------------------------------------------------------------ */

static gboolean parse_depth(ImapParser *parser, GetMetadataArgs *args)
{
	static const struct {
		const char *word;
		MetadataDepth depth;
	} depths[] = {
		{ "0", METADATA_DEPTH_0 },
		{ "1", METADATA_DEPTH_1 },
		{ "infinity", METADATA_DEPTH_INFINITY },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(depths); i++) {
		if (parse_accept_word(parser, depths[i].word)) {
			args->depth = depths[i].depth;
			return TRUE;
		}
	}
	return parse_fail(parser, "Depth is 0, 1 or infinity");
}

static gboolean parse_option(ImapParser *parser, GetMetadataArgs *args)
{
	if (parse_accept_word(parser, "MAXSIZE")) {
		args->has_max_size = TRUE;
		return parse_space(parser) &&
			parse_number(parser, G_MAXUINT32, &args->max_size);
	}
	if (parse_accept_word(parser, "DEPTH"))
		return parse_space(parser) && parse_depth(parser, args);
	return parse_fail(parser, "Unknown GETMETADATA option");
}

static gboolean parse_options(ImapParser *parser, GetMetadataArgs *args)
{
	if (!parse_open(parser))
		return FALSE;
	do {
		if (!parse_option(parser, args))
			return FALSE;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}

/* One entry, a list of them or, as some examples of the RFC have it, several
 * without parentheses. */
static gboolean parse_entries(ImapParser *parser, GetMetadataArgs *args)
{
	const char **names;
	guint count = 0;

	if (parse_peek(parser) == '(')
		return parse_metadata_names(parser, FALSE, &args->entries);
	names = arena_new_array(
		parser->arena, const char *, METADATA_NAMES_MAX + 1);
	do {
		if (count == METADATA_NAMES_MAX)
			return parse_fail(parser, "Too many entries");
		if (!parse_metadata_name(parser, FALSE, &names[count]))
			return FALSE;
		count++;
	} while (parse_accept(parser, ' '));
	names[count] = NULL;
	args->entries = names;
	return TRUE;
}

/* The grammar has the options before the mailbox, the examples behind it. */
static gboolean parse_late_options(ImapParser *parser, GetMetadataArgs *args)
{
	ImapParser ahead = *parser;

	if (!parse_accept(&ahead, '(') ||
		(!parse_accept_word(&ahead, "MAXSIZE") &&
			!parse_accept_word(&ahead, "DEPTH")))
		return TRUE;
	return parse_options(parser, args) && parse_space(parser);
}

gboolean args_getmetadata(ImapParser *parser, ImapCommand *command)
{
	GetMetadataArgs *args =
		arena_new_object(parser->arena, GetMetadataArgs);

	command->args = args;
	if (!parse_space(parser))
		return FALSE;
	if (parse_peek(parser) == '(' &&
		(!parse_options(parser, args) || !parse_space(parser)))
		return FALSE;
	return parse_astring(parser, &args->mailbox) && parse_space(parser) &&
		parse_late_options(parser, args) && parse_entries(parser, args);
}

/* --- SETMETADATA ------------------------------------------------------------ */

/* A string, any literal, or NIL. */
static gboolean parse_value(ImapParser *parser, MetadataChange *change)
{
	const char next = parse_peek(parser);

	change->is_nil = parse_accept_word(parser, "NIL");
	if (change->is_nil)
		return TRUE;
	if (next == '"')
		return parse_string(parser, &change->value);
	return parse_message(parser, LITERAL_METADATA, &change->value);
}

gboolean args_setmetadata(ImapParser *parser, ImapCommand *command)
{
	SetMetadataArgs *args =
		arena_new_object(parser->arena, SetMetadataArgs);
	MetadataChange *changes = arena_new_array(
		parser->arena, MetadataChange, METADATA_NAMES_MAX);

	command->args = args;
	args->changes = changes;
	if (!parse_space(parser) || !parse_astring(parser, &args->mailbox) ||
		!parse_space(parser) || !parse_open(parser))
		return FALSE;
	do {
		MetadataChange *change = &changes[args->count];

		if (args->count == METADATA_NAMES_MAX)
			return parse_fail(parser, "Too many entries");
		if (!parse_metadata_name(parser, TRUE, &change->entry) ||
			!parse_space(parser) || !parse_value(parser, change))
			return FALSE;
		args->count++;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}
