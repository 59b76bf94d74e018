/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of the ACL commands (RFC 4314 section 7). */
#include "imap/acl-args.h"

#include "base/text.h"

/* RFC 4314 section 3: what cannot be prepared as a name is BAD. */
static gboolean parse_identifier(ImapParser *parser, AclArgs *args)
{
	Bytes text;

	if (!parse_space(parser) || !parse_astring(parser, &text))
		return FALSE;
	if (text.size == 0 || text.size > ACL_IDENTIFIER_MAX)
		return parse_fail(parser, "Identifier empty or too long");
	if (!g_utf8_validate_len(text.data, text.size, NULL))
		return parse_fail(parser, "Identifier is not UTF-8");
	args->identifier = arena_copy(parser->arena, text.data, text.size);
	for (const char *at = args->identifier; *at != '\0';
		at = g_utf8_next_char(at)) {
		if (g_unichar_iscntrl(g_utf8_get_char(at)))
			return parse_fail(parser, "Identifier has controls");
	}
	return TRUE;
}

static gboolean parse_rights(ImapParser *parser, AclArgs *args)
{
	Bytes text;
	char unknown;

	if (!parse_space(parser) || !parse_astring(parser, &text))
		return FALSE;
	args->action = ACL_REPLACE;
	if (text.size > 0 && (*text.data == '+' || *text.data == '-')) {
		args->action = *text.data == '+' ? ACL_ADD : ACL_REMOVE;
		text = bytes_of(text.data + 1, text.size - 1);
	}
	if (rights_parse(text.data, text.size, &args->rights, &unknown))
		return TRUE;
	if (!g_ascii_isalnum(unknown))
		return parse_fail(parser, "Unknown right");
	return parse_fail(parser,
		arena_printf(parser->arena,
			g_ascii_isupper(unknown) ?
				"Rights are lower case, not \"%c\"" :
				"Unknown right \"%c\"",
			unknown));
}

gboolean args_acl_identifier(ImapParser *parser, ImapCommand *command)
{
	AclArgs *args = arena_new_object(parser->arena, AclArgs);

	command->args = args;
	return parse_space(parser) && parse_astring(parser, &args->mailbox) &&
		parse_identifier(parser, args);
}

gboolean args_setacl(ImapParser *parser, ImapCommand *command)
{
	return args_acl_identifier(parser, command) &&
		parse_rights(parser, command->args);
}
