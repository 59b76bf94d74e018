/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of the QUOTA commands (RFC 9208 section 7). */
#include "imap/quota-args.h"

/* So that STORAGE fits into 63 bits of bytes. */
#define LIMIT_MAX ((guint64)G_MAXINT64 / 1024)

static const char *const names[QUOTA_RESOURCES] = {
	[QUOTA_STORAGE] = "STORAGE",
	[QUOTA_MESSAGES] = "MESSAGE",
	[QUOTA_MAILBOXES] = "MAILBOX",
};

const char *quota_resource_name(QuotaResource resource)
{
	return names[resource];
}

gboolean args_getquota(ImapParser *parser, ImapCommand *command)
{
	QuotaArgs *args = arena_new_object(parser->arena, QuotaArgs);
	Bytes root;

	command->args = args;
	if (!parse_space(parser) || !parse_astring(parser, &root))
		return FALSE;
	/* A root that holds NUL is nobody's, like one that is empty. */
	args->root = memchr(root.data, '\0', root.size) == NULL ?
		arena_copy(parser->arena, root.data, root.size) :
		"";
	return TRUE;
}

static gboolean parse_limit(ImapParser *parser, QuotaArgs *args)
{
	for (guint i = 0; i < QUOTA_RESOURCES; i++) {
		guint64 limit;

		if (!parse_accept_word(parser, names[i]))
			continue;
		if (args->limits[i] != QUOTA_UNLIMITED)
			return parse_fail(parser, "Resource named twice");
		if (!parse_space(parser) ||
			!parse_number(parser, LIMIT_MAX, &limit))
			return FALSE;
		args->limits[i] = (gint64)limit;
		return TRUE;
	}
	return parse_fail(parser, "Unknown resource");
}

gboolean args_setquota(ImapParser *parser, ImapCommand *command)
{
	if (!args_getquota(parser, command) || !parse_space(parser) ||
		!parse_open(parser))
		return FALSE;
	QuotaArgs *args = command->args;
	for (guint i = 0; i < QUOTA_RESOURCES; i++)
		args->limits[i] = QUOTA_UNLIMITED;
	if (parse_peek(parser) == ')')
		return parse_close(parser);
	do {
		if (!parse_limit(parser, args))
			return FALSE;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}
