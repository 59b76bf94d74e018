/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be asked of a mailbox without selecting it, as one table. */
#include "imap/status-item.h"

#include "store/mailbox.h"
#include "store/store.h"
#include "imap/sync.h"

typedef void (*AppendValue)(
	const ImapSession *session, const Mailbox *mailbox, GString *out);

static void append_number(GString *out, guint64 number)
{
	g_string_append_printf(out, "%" G_GUINT64_FORMAT, number);
}

static void append_messages(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)session;
	append_number(out, mailbox->messages);
}

static void append_recent(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)session;
	append_number(out, mailbox->recent);
}

static void append_uidnext(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)session;
	append_number(out, mailbox->uidnext);
}

static void append_uidvalidity(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)session;
	append_number(out, mailbox->uidvalidity);
}

static void append_unseen(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)session;
	append_number(out, mailbox->unseen);
}

static void append_deleted(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)session;
	append_number(out, mailbox->deleted);
}

static void append_size(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)session;
	append_number(out, mailbox->size);
}

static void append_modseq(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)session;
	append_number(out, mailbox->seq);
}

static void append_id(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)session;
	g_string_append_printf(out, "(F%" G_GINT64_FORMAT ")", mailbox->id);
}

static void append_limit(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)mailbox;
	append_number(out, store_max_message_size(session->store));
}

static void append_deleted_size(
	const ImapSession *session, const Mailbox *mailbox, GString *out)
{
	(void)session;
	append_number(out, mailbox->deleted_size);
}

static const struct {
	const char *name;
	StatusItem item;
	AppendValue append;
} items_table[] = {
	{ "MESSAGES", STATUS_MESSAGES, append_messages },
	{ "RECENT", STATUS_RECENT, append_recent },
	{ "UIDNEXT", STATUS_UIDNEXT, append_uidnext },
	{ "UIDVALIDITY", STATUS_UIDVALIDITY, append_uidvalidity },
	{ "UNSEEN", STATUS_UNSEEN, append_unseen },
	{ "DELETED", STATUS_DELETED, append_deleted },
	{ "SIZE", STATUS_SIZE, append_size },
	{ "HIGHESTMODSEQ", STATUS_HIGHESTMODSEQ, append_modseq },
	{ "MAILBOXID", STATUS_MAILBOXID, append_id },
	{ "APPENDLIMIT", STATUS_APPENDLIMIT, append_limit },
	{ "DELETED-STORAGE", STATUS_DELETED_STORAGE, append_deleted_size },
};

static gboolean parse_item(ImapParser *parser, guint *items)
{
	for (gsize i = 0; i < G_N_ELEMENTS(items_table); i++) {
		if (parse_accept_word(parser, items_table[i].name)) {
			*items |= items_table[i].item;
			return TRUE;
		}
	}
	return parse_fail(parser, "Unknown STATUS item");
}

gboolean status_parse(ImapParser *parser, guint *items)
{
	if (!parse_open(parser))
		return FALSE;
	do {
		if (!parse_item(parser, items))
			return FALSE;
	} while (parse_accept(parser, ' '));
	return parse_close(parser);
}

void status_prepare(ImapSession *session, guint items)
{
	if (items & STATUS_HIGHESTMODSEQ)
		sync_enable_condstore(session);
}

gboolean status_complete(ImapSession *session, Mailbox *const *mailboxes,
	guint count, guint items, GError **error)
{
	guint counts = 0;

	if (items & STATUS_RECENT)
		counts |= MAILBOX_COUNT_RECENT;
	if (items & STATUS_DELETED_STORAGE)
		counts |= MAILBOX_COUNT_DELETED;
	return counts == 0 ||
		mailbox_count(session->store, mailboxes, count, counts, error);
}

void status_write(ImapSession *session, const Mailbox *mailbox, guint items)
{
	g_autoptr(GString) line = g_string_new("* STATUS ");
	char between = '(';

	session_append_mailbox(session, line, mailbox->name);
	g_string_append_c(line, ' ');
	for (gsize i = 0; i < G_N_ELEMENTS(items_table); i++) {
		if ((items & items_table[i].item) == 0)
			continue;
		g_string_append_c(line, between);
		g_string_append(line, items_table[i].name);
		g_string_append_c(line, ' ');
		items_table[i].append(session, mailbox, line);
		between = ' ';
	}
	g_string_append(line, ")\r\n");
	stream_write(session->stream, line->str, line->len);
}
