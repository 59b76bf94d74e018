/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of SELECT and EXAMINE (RFC 4466 section 2.1, RFC 7162). */
#include "imap/select-args.h"

/* " (1,5 3,12)" */
static gboolean parse_match(ImapParser *parser, SelectArgs *args)
{
	if (parser->numbers.uid_only)
		return parse_fail_whole(
			parser, "[UIDREQUIRED] Only UIDs after UIDONLY");
	if (!parse_open(parser) ||
		!parse_plain_set(parser, &args->match_numbers) ||
		!parse_space(parser) ||
		!parse_plain_set(parser, &args->match_uids))
		return FALSE;
	if (numset_count(args->match_numbers) != numset_count(args->match_uids))
		return parse_fail(parser, "Not as many UIDs as numbers");
	return parse_close(parser);
}

static gboolean parse_condstore(ImapParser *parser, SelectArgs *args)
{
	(void)parser;
	args->condstore = TRUE;
	return TRUE;
}

static gboolean parse_qresync(ImapParser *parser, SelectArgs *args)
{
	guint64 uidvalidity;

	if (!parse_space(parser) || !parse_open(parser) ||
		!parse_number(parser, G_MAXUINT32, &uidvalidity) ||
		!parse_space(parser) || !parse_modseq(parser, &args->modseq))
		return FALSE;
	args->qresync = TRUE;
	args->uidvalidity = (guint32)uidvalidity;
	gboolean more = parse_accept(parser, ' ');
	if (more && parse_peek(parser) != '(') {
		if (!parse_plain_set(parser, &args->known_uids))
			return FALSE;
		more = parse_accept(parser, ' ');
	}
	if (more && !parse_match(parser, args))
		return FALSE;
	return parse_close(parser);
}

static const struct {
	const char *name;
	/* What follows the name. */
	gboolean (*parse)(ImapParser *parser, SelectArgs *args);
} parameters[] = {
	{ "CONDSTORE", parse_condstore },
	{ "QRESYNC", parse_qresync },
};

static gboolean parse_parameter(ImapParser *parser, SelectArgs *args)
{
	for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++) {
		if (parse_accept_word(parser, parameters[i].name))
			return parameters[i].parse(parser, args);
	}
	return parse_fail(parser, "Unknown parameter");
}

gboolean args_select(ImapParser *parser, ImapCommand *command)
{
	SelectArgs *args = arena_new_object(parser->arena, SelectArgs);

	command->args = args;
	if (!parse_space(parser) || !parse_astring(parser, &args->mailbox))
		return FALSE;
	if (!parse_accept(parser, ' '))
		return TRUE;
	/* A blank at the end of the line is let pass. */
	if (parse_peek(parser) != '(')
		return TRUE;
	if (!parse_open(parser))
		return FALSE;
	do {
		if (!parse_parameter(parser, args))
			return FALSE;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}
