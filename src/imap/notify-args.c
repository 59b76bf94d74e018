/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsing NOTIFY (RFC 5465 section 8). */
#include "imap/notify-args.h"

static const struct {
	const char *name;
	guint event;
} events[] = {
	{ "MessageNew", NOTIFY_MESSAGE_NEW },
	{ "MessageExpunge", NOTIFY_MESSAGE_EXPUNGE },
	{ "FlagChange", NOTIFY_FLAG_CHANGE },
	{ "AnnotationChange", NOTIFY_ANNOTATION_CHANGE },
	{ "MailboxName", NOTIFY_MAILBOX_NAME },
	{ "SubscriptionChange", NOTIFY_SUBSCRIPTION_CHANGE },
	{ "MailboxMetadataChange", NOTIFY_MAILBOX_METADATA },
	{ "ServerMetadataChange", NOTIFY_SERVER_METADATA },
};

/* All but those that nothing here can cause. */
const char *notify_event_names(void)
{
	return "MessageNew MessageExpunge FlagChange MailboxName "
	       "SubscriptionChange MailboxMetadataChange ServerMetadataChange";
}

/* What to fetch of new messages, if that is said. */
static gboolean parse_fetch(ImapParser *parser, NotifyGroup *group)
{
	gsize start = parser->pos;

	if (!parse_accept(parser, ' '))
		return TRUE;
	if (parse_peek(parser) != '(') {
		parser->pos = start;
		return TRUE;
	}
	if (!mailbox_filter_is_selected(&group->filter))
		return parse_fail(
			parser, "Items to fetch are for the selected mailbox");
	return args_fetch_items(parser, &group->fetch);
}

static gboolean parse_event(ImapParser *parser, NotifyGroup *group)
{
	Bytes word;

	for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
		if (!parse_accept_word(parser, events[i].name))
			continue;
		group->events |= events[i].event;
		if (mailbox_filter_is_selected(&group->filter) &&
			(events[i].event & NOTIFY_MESSAGE_EVENTS) == 0)
			return parse_fail(parser,
				"The selected mailbox has message events only");
		return events[i].event != NOTIFY_MESSAGE_NEW ||
			parse_fetch(parser, group);
	}
	group->events |= NOTIFY_UNKNOWN;
	return parse_atom(parser, &word);
}

/* RFC 5465 section 5: none of these goes without the others. */
static gboolean check_events(ImapParser *parser, guint wanted)
{
	const guint both = NOTIFY_MESSAGE_NEW | NOTIFY_MESSAGE_EXPUNGE;

	if ((wanted & NOTIFY_MESSAGE_EVENTS) != 0 && (wanted & both) != both)
		return parse_fail_whole(parser,
			"MessageNew and MessageExpunge go together, and with "
			"FlagChange");
	return TRUE;
}

static gboolean parse_events(ImapParser *parser, NotifyGroup *group)
{
	if (parse_accept_word(parser, "NONE"))
		return TRUE;
	if (!parse_open(parser))
		return FALSE;
	do {
		if (!parse_event(parser, group))
			return FALSE;
	} while (parse_accept(parser, ' '));
	return parse_close(parser) && check_events(parser, group->events);
}

static gboolean parse_group(
	ImapParser *parser, NotifyGroup *group, gboolean *has_selected)
{
	if (!parse_open(parser))
		return FALSE;
	gsize start = parser->pos;
	if (!mailbox_filter_parse(parser, &group->filter))
		return FALSE;
	if (group->filter.kind == FILTER_SUBTREE_ONE ||
		(mailbox_filter_is_selected(&group->filter) && *has_selected)) {
		parser->pos = start;
		return parse_fail(parser,
			mailbox_filter_is_selected(&group->filter) ?
				"The selected mailbox is there "
				"already" :
				"Unknown kind of mailboxes");
	}
	*has_selected |= mailbox_filter_is_selected(&group->filter);
	return parse_space(parser) && parse_events(parser, group) &&
		parse_close(parser);
}

gboolean args_notify(ImapParser *parser, ImapCommand *command)
{
	NotifyArgs *args = arena_new_object(parser->arena, NotifyArgs);
	NotifyGroup *groups =
		arena_new_array(parser->arena, NotifyGroup, NOTIFY_GROUPS_MAX);
	gboolean has_selected = FALSE;

	command->args = args;
	args->groups = groups;
	if (!parse_space(parser))
		return FALSE;
	args->is_none = parse_accept_word(parser, "NONE");
	if (args->is_none)
		return TRUE;
	if (!parse_accept_word(parser, "SET"))
		return parse_fail(parser, "Missing SET or NONE");
	if (!parse_space(parser))
		return FALSE;
	args->status = parse_accept_word(parser, "STATUS");
	if (args->status && !parse_space(parser))
		return FALSE;
	do {
		if (args->count == NOTIFY_GROUPS_MAX)
			return parse_fail(parser, "Too many groups of events");
		groups[args->count] = (NotifyGroup){ 0 };
		if (!parse_group(parser, &groups[args->count], &has_selected))
			return FALSE;
		args->count++;
	} while (parse_accept(parser, ' '));
	return TRUE;
}
