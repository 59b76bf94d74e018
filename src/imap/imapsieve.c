/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scripts over messages that a command has put, copied or flagged (RFC 6785). */
#include "imap/imapsieve.h"

#include "store/name.h"
#include "deliver/event.h"

/* What the owner, whose script it is, calls it. */
static const char *name_of(gint64 owner, const char *name)
{
	return owner == NAME_PUBLIC_OWNER_ID ? name :
					       name + name_prefix(name, NULL);
}

static gboolean run(ImapSession *session, const MailEvent *what)
{
	MailEvent event = *what;

	event.name = name_of(what->owner, what->name);
	event.user = session->user->id;
	event.login = session->user->name;
	event.log = &session->connection->log;
	return event_run(session->server->deliverer,
		session->server->event_scripts, session->settings, &event);
}

static void put(ImapSession *session, EventCause cause, const Mailbox *mailbox,
	const NumSet *uids)
{
	const MailEvent event = {
		.cause = cause,
		.mailbox = mailbox->id,
		.owner = mailbox->owner,
		.name = mailbox->name,
		.uids = uids,
	};

	(void)run(session, &event);
}

void imapsieve_appended(
	ImapSession *session, const Mailbox *mailbox, const AppendPuts *puts)
{
	g_autoptr(NumSet) uids = NULL;

	if (!event_is_on(session->settings))
		return;
	uids = numset_new();
	for (guint i = 0; i < puts->count; i++)
		numset_add(uids, puts->puts[i].uid);
	put(session, EVENT_APPEND, mailbox, uids);
}

void imapsieve_copied(ImapSession *session, const Mailbox *mailbox,
	const MessageCopied *copied)
{
	g_autoptr(NumSet) uids = NULL;

	if (!event_is_on(session->settings))
		return;
	uids = numset_new();
	for (guint i = 0; i < copied->to->len; i++)
		numset_add(uids, g_array_index(copied->to, guint32, i));
	put(session, EVENT_COPY, mailbox, uids);
}

gboolean imapsieve_flagged(ImapSession *session, const NumSet *uids,
	const FlagChange *change, guint64 seq)
{
	const ImapSelected *selected = session->selected;
	const MailEvent event = {
		.cause = EVENT_FLAG,
		.mailbox = selected->id,
		.owner = selected->owner,
		.name = selected->name,
		.uids = uids,
		.change = change,
		.before = selected->view,
		.seq = seq,
	};

	return run(session, &event);
}
