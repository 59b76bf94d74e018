/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The argument shapes that are no language of their own. */
#include "imap/args.h"

#include "base/text.h"
#include "imap/status-item.h"

/* RFC 2971 section 3.3. */
#define ID_FIELDS_MAX 30
#define ENABLE_NAMES_MAX 100

gboolean args_mailbox(ImapParser *parser, ImapCommand *command)
{
	MailboxArgs *args = arena_new_object(parser->arena, MailboxArgs);

	command->args = args;
	return parse_space(parser) && parse_astring(parser, &args->mailbox);
}

static gboolean parse_use(ImapParser *parser, GString *uses)
{
	Bytes name;

	if (!parse_char(parser, '\\') || !parse_atom(parser, &name))
		return FALSE;
	if (uses->len > 0)
		g_string_append_c(uses, ' ');
	g_string_append_c(uses, '\\');
	g_string_append_len(uses, name.data, (gssize)name.size);
	return TRUE;
}

static gboolean parse_uses(ImapParser *parser, CreateArgs *args)
{
	g_autoptr(GString) uses = g_string_new(NULL);

	if (!parse_accept_word(parser, "USE"))
		return parse_fail(parser, "Unknown CREATE parameter");
	if (!parse_space(parser) || !parse_open(parser))
		return FALSE;
	if (parse_peek(parser) != ')') {
		do {
			if (!parse_use(parser, uses))
				return FALSE;
		} while (parse_accept(parser, ' '));
		args->uses = arena_strdup(parser->arena, uses->str);
	}
	return parse_close(parser);
}

gboolean args_create(ImapParser *parser, ImapCommand *command)
{
	CreateArgs *args = arena_new_object(parser->arena, CreateArgs);

	command->args = args;
	if (!parse_space(parser) || !parse_astring(parser, &args->mailbox))
		return FALSE;
	if (!parse_accept(parser, ' ') || parse_peek(parser) == '\0')
		return TRUE;
	if (!parse_open(parser))
		return FALSE;
	do {
		if (!parse_uses(parser, args))
			return FALSE;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}

gboolean args_rename(ImapParser *parser, ImapCommand *command)
{
	RenameArgs *args = arena_new_object(parser->arena, RenameArgs);

	command->args = args;
	return parse_space(parser) && parse_astring(parser, &args->from) &&
		parse_space(parser) && parse_astring(parser, &args->to);
}

gboolean args_login(ImapParser *parser, ImapCommand *command)
{
	LoginArgs *args = arena_new_object(parser->arena, LoginArgs);

	command->args = args;
	return parse_space(parser) && parse_astring(parser, &args->user) &&
		parse_space(parser) && parse_astring(parser, &args->password);
}

gboolean args_authenticate(ImapParser *parser, ImapCommand *command)
{
	AuthenticateArgs *args =
		arena_new_object(parser->arena, AuthenticateArgs);

	command->args = args;
	if (!parse_space(parser) || !parse_atom(parser, &args->mechanism))
		return FALSE;
	return !parse_accept(parser, ' ') || parse_atom(parser, &args->initial);
}

gboolean args_compress(ImapParser *parser, ImapCommand *command)
{
	CompressArgs *args = arena_new_object(parser->arena, CompressArgs);

	command->args = args;
	return parse_space(parser) && parse_atom(parser, &args->mechanism);
}

static gboolean parse_numbers(
	ImapParser *parser, const ImapCommand *command, const NumSet **set)
{
	if (!parse_space(parser))
		return FALSE;
	return command->is_uid ? parse_uid_set(parser, set) :
				 parse_sequence_set(parser, NULL, set);
}

gboolean args_set(ImapParser *parser, ImapCommand *command)
{
	SetArgs *args = arena_new_object(parser->arena, SetArgs);

	command->args = args;
	return parse_numbers(parser, command, &args->set);
}

gboolean args_copy(ImapParser *parser, ImapCommand *command)
{
	CopyArgs *args = arena_new_object(parser->arena, CopyArgs);

	command->args = args;
	return parse_numbers(parser, command, &args->set) &&
		parse_space(parser) && parse_astring(parser, &args->mailbox);
}

/* "(UNCHANGEDSINCE 123) ", the one modifier there is. */
static gboolean parse_store_modifier(ImapParser *parser, StoreArgs *args)
{
	if (parse_peek(parser) != '(')
		return TRUE;
	if (!parse_open(parser))
		return FALSE;
	if (!parse_accept_word(parser, "UNCHANGEDSINCE"))
		return parse_fail(parser, "Unknown STORE modifier");
	args->has_unchanged_since = TRUE;
	return parse_space(parser) &&
		parse_modseq(parser, &args->unchanged_since) &&
		parse_close(parser) && parse_space(parser);
}

gboolean args_store(ImapParser *parser, ImapCommand *command)
{
	StoreArgs *args = arena_new_object(parser->arena, StoreArgs);

	command->args = args;
	if (!parse_numbers(parser, command, &args->set) ||
		!parse_space(parser) || !parse_store_modifier(parser, args))
		return FALSE;
	args->action = FLAG_REPLACE;
	if (parse_accept(parser, '+'))
		args->action = FLAG_ADD;
	else if (parse_accept(parser, '-'))
		args->action = FLAG_REMOVE;
	args->silent = parse_accept_word(parser, "FLAGS.SILENT");
	if (!args->silent && !parse_accept_word(parser, "FLAGS"))
		return parse_fail(parser, "Missing FLAGS");
	return parse_space(parser) && parse_flags(parser, TRUE, &args->flags);
}

gboolean args_status(ImapParser *parser, ImapCommand *command)
{
	StatusArgs *args = arena_new_object(parser->arena, StatusArgs);

	command->args = args;
	return parse_space(parser) && parse_astring(parser, &args->mailbox) &&
		parse_space(parser) && status_parse(parser, &args->items);
}

static gboolean parse_id_field(ImapParser *parser, IdField *field)
{
	return parse_string(parser, &field->name) && parse_space(parser) &&
		parse_nstring(parser, &field->value, &field->is_nil);
}

gboolean args_id(ImapParser *parser, ImapCommand *command)
{
	IdArgs *args = arena_new_object(parser->arena, IdArgs);
	IdField *fields =
		arena_new_array(parser->arena, IdField, ID_FIELDS_MAX);

	command->args = args;
	args->fields = fields;
	if (!parse_space(parser))
		return FALSE;
	if (parse_accept_word(parser, "NIL"))
		return TRUE;
	if (!parse_open(parser))
		return FALSE;
	if (parse_peek(parser) == ')')
		return parse_close(parser);
	do {
		if (args->count == ID_FIELDS_MAX)
			return parse_fail(parser, "More than 30 fields");
		if (!parse_id_field(parser, &fields[args->count]))
			return FALSE;
		args->count++;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}

gboolean args_enable(ImapParser *parser, ImapCommand *command)
{
	EnableArgs *args = arena_new_object(parser->arena, EnableArgs);
	Bytes *names = arena_new_array(parser->arena, Bytes, ENABLE_NAMES_MAX);

	command->args = args;
	args->names = names;
	if (!parse_space(parser))
		return FALSE;
	do {
		if (args->count == ENABLE_NAMES_MAX)
			return parse_fail(parser, "Too many capabilities");
		if (!parse_atom(parser, &names[args->count]))
			return FALSE;
		args->count++;
	} while (parse_accept(parser, ' '));
	return TRUE;
}
