/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What APPEND and REPLACE are given: messages, whole or in pieces. */
#include "imap/append-args.h"

static void keep_parts(
	ImapParser *parser, const GArray *found, AppendMessage *message)
{
	AppendPart *parts =
		arena_new_array(parser->arena, AppendPart, found->len);

	memcpy(parts, found->data, found->len * sizeof(AppendPart));
	message->parts = parts;
	message->n_parts = found->len;
}

/* "UTF8 (~{N}" ... ")" (RFC 6855 section 4), of which the word was read. */
static gboolean parse_utf8(ImapParser *parser, ImapLiteralUse use,
	AppendMessage *message, AppendPart *part)
{
	message->is_utf8 = TRUE;
	return parse_space(parser) && parse_open(parser) &&
		parse_message(parser, use, &part->bytes) && parse_close(parser);
}

static gboolean parse_part(
	ImapParser *parser, AppendMessage *message, AppendPart *part)
{
	if (parse_accept_word(parser, "TEXT"))
		return parse_space(parser) &&
			parse_message(
				parser, LITERAL_MESSAGE_PART, &part->bytes);
	if (parse_accept_word(parser, "UTF8"))
		return parse_utf8(parser, LITERAL_MESSAGE_PART, message, part);
	if (!parse_accept_word(parser, "URL"))
		return parse_fail(parser, "Missing TEXT, UTF8 or URL");
	part->is_url = TRUE;
	return parse_space(parser) && parse_astring(parser, &part->bytes);
}

/* RFC 4469 section 5, behind the word CATENATE. */
static gboolean parse_catenate(ImapParser *parser, AppendMessage *message)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(AppendPart));

	if (!parse_space(parser) || !parse_open(parser))
		return FALSE;
	do {
		AppendPart part = { .is_url = FALSE };
		if (found->len == APPEND_PARTS_MAX)
			return parse_refuse(parser, "[LIMIT] Too many parts");
		if (!parse_part(parser, message, &part))
			return FALSE;
		g_array_append_val(found, part);
	} while (parse_accept(parser, ' '));
	if (!parse_close(parser))
		return FALSE;
	keep_parts(parser, found, message);
	return TRUE;
}

static gboolean parse_data(ImapParser *parser, AppendMessage *message)
{
	AppendPart *part = arena_new_object(parser->arena, AppendPart);

	message->parts = part;
	message->n_parts = 1;
	if (parse_accept_word(parser, "CATENATE"))
		return parse_catenate(parser, message);
	if (parse_accept_word(parser, "UTF8"))
		return parse_utf8(parser, LITERAL_MESSAGE, message, part);
	return parse_message(parser, LITERAL_MESSAGE, &part->bytes);
}

/* One message with its flags and date, behind the space. */
static gboolean parse_one(ImapParser *parser, AppendMessage *message)
{
	static const char *const no_keywords[] = { NULL };

	message->flags.keywords = no_keywords;
	if (parse_peek(parser) == '(' &&
		(!parse_flags(parser, FALSE, &message->flags) ||
			!parse_space(parser)))
		return FALSE;
	message->has_date = parse_peek(parser) == '"';
	if (message->has_date &&
		(!parse_date_time(parser, &message->date) ||
			!parse_space(parser)))
		return FALSE;
	return parse_data(parser, message);
}

/* TRUE, and past the space, when another message follows: some clients end
 * their lines in a blank. */
static gboolean accept_next(ImapParser *parser)
{
	gsize start = parser->pos;

	if (!parse_accept(parser, ' '))
		return FALSE;
	if (parse_peek(parser) != '\0' && parse_peek(parser) != ' ')
		return TRUE;
	parser->pos = start;
	return FALSE;
}

gboolean args_append(ImapParser *parser, ImapCommand *command)
{
	AppendArgs *args = arena_new_object(parser->arena, AppendArgs);
	g_autoptr(GArray) found =
		g_array_new(FALSE, FALSE, sizeof(AppendMessage));

	command->args = args;
	if (!parse_space(parser) || !parse_astring(parser, &args->mailbox) ||
		!parse_space(parser))
		return FALSE;
	do {
		AppendMessage message = { .has_date = FALSE };
		if (found->len == APPEND_MESSAGES_MAX)
			return parse_refuse(
				parser, "[LIMIT] Too many messages");
		if (!parse_one(parser, &message))
			return FALSE;
		g_array_append_val(found, message);
	} while (accept_next(parser));
	AppendMessage *messages =
		arena_new_array(parser->arena, AppendMessage, found->len);
	memcpy(messages, found->data, found->len * sizeof(AppendMessage));
	args->messages = messages;
	args->count = found->len;
	return TRUE;
}

/* "12" or "*": RFC 8508 takes no set. */
static gboolean parse_replaced(
	ImapParser *parser, gboolean is_uid, guint32 *replaced)
{
	guint32 last =
		is_uid ? parser->numbers.last_uid : parser->numbers.messages;
	guint64 number;

	if (parse_accept(parser, '*')) {
		*replaced = last;
		return TRUE;
	}
	if (!parse_number(parser, G_MAXUINT32, &number))
		return FALSE;
	if (number == 0) {
		parser->pos--;
		return parse_fail(parser, "Number 0");
	}
	if (!is_uid && number > last)
		return parse_fail_whole(parser,
			arena_printf(parser->arena,
				"No such message, the last is %u", last));
	*replaced = (guint32)number;
	return TRUE;
}

gboolean args_replace(ImapParser *parser, ImapCommand *command)
{
	AppendArgs *args = arena_new_object(parser->arena, AppendArgs);
	AppendMessage *message = arena_new_object(parser->arena, AppendMessage);

	command->args = args;
	args->messages = message;
	args->count = 1;
	return parse_space(parser) &&
		parse_replaced(parser, command->is_uid, &args->replaced) &&
		parse_space(parser) && parse_astring(parser, &args->mailbox) &&
		parse_space(parser) && parse_one(parser, message);
}
