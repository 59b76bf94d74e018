/* SPDX-License-Identifier: GPL-2.0-or-later */
/* STAT, LIST, UIDL, DELE, RSET, NOOP, UTF8, LANG, QUIT. */
#include "pop3/session.h"

#include "base/errors.h"
#include "base/text.h"
#include "store/flag.h"
#include "store/message.h"

void pop3_cmd_stat(Pop3Session *session, const Pop3Line *line G_GNUC_UNUSED)
{
	pop3_ok(session, "%u %" G_GUINT64_FORMAT, session->left,
		session->left_size);
}

/* One line of LIST or UIDL. */
typedef void (*Describe)(Pop3Session *session, guint index, GString *out);

static void describe_size(Pop3Session *session, guint index, GString *out)
{
	g_string_append_printf(out, "%u %" G_GUINT64_FORMAT, index + 1,
		session->view->messages[index].size);
}

/* As dbmail_messages.unique_id: the mailbox and the UID in it, which are
 * never given out twice. */
static void describe_uid(Pop3Session *session, guint index, GString *out)
{
	g_string_append_printf(out, "%u %" G_GINT64_FORMAT ".%u", index + 1,
		session->mailbox, session->view->messages[index].uid);
}

static void list(Pop3Session *session, const Pop3Line *line, Describe describe)
{
	g_autoptr(GString) text = g_string_new(NULL);
	guint index;

	if (line->count > 0) {
		if (!pop3_message(session, line->arguments[0], &index))
			return;
		describe(session, index, text);
		pop3_ok(session, "%s", text->str);
		return;
	}
	pop3_ok(session, "%u messages", session->left);
	for (index = 0; index < session->view->count; index++) {
		if (session->marks[index] & POP3_DELETED)
			continue;
		g_string_truncate(text, 0);
		describe(session, index, text);
		stream_printf(session->stream, "%s\r\n", text->str);
	}
	stream_puts(session->stream, ".\r\n");
}

void pop3_cmd_list(Pop3Session *session, const Pop3Line *line)
{
	list(session, line, describe_size);
}

void pop3_cmd_uidl(Pop3Session *session, const Pop3Line *line)
{
	list(session, line, describe_uid);
}

void pop3_cmd_dele(Pop3Session *session, const Pop3Line *line)
{
	guint index;
	if (!pop3_message(session, line->arguments[0], &index))
		return;
	session->marks[index] |= POP3_DELETED;
	session->left--;
	session->left_size -= session->view->messages[index].size;
	pop3_ok(session, "Message %u deleted", index + 1);
}

void pop3_cmd_rset(Pop3Session *session, const Pop3Line *line G_GNUC_UNUSED)
{
	for (guint i = 0; i < session->view->count; i++) {
		if (!(session->marks[i] & POP3_DELETED))
			continue;
		session->marks[i] &= (guint8)~POP3_DELETED;
		session->left++;
		session->left_size += session->view->messages[i].size;
	}
	pop3_ok(session, "%u messages, %" G_GUINT64_FORMAT " octets",
		session->left, session->left_size);
}

void pop3_cmd_noop(Pop3Session *session, const Pop3Line *line G_GNUC_UNUSED)
{
	pop3_ok(session, "Nothing done");
}

/* Messages go out as they came in any case (RFC 6856 section 2): a header in
 * UTF-8 is not rewritten for clients that did not ask, as that would break
 * what is signed. */
void pop3_cmd_utf8(Pop3Session *session, const Pop3Line *line G_GNUC_UNUSED)
{
	pop3_ok(session, "UTF8 enabled");
}

void pop3_cmd_lang(Pop3Session *session, const Pop3Line *line)
{
	if (line->count == 0) {
		pop3_ok(session, "Languages");
		stream_puts(session->stream, "en English\r\n.\r\n");
	} else if (text_equal_nocase(line->arguments[0], "*") ||
		text_equal_nocase(line->arguments[0], "i-default") ||
		text_equal_nocase(line->arguments[0], "en")) {
		pop3_ok(session, "en Texts are English");
	} else {
		pop3_bad(session, "That language is not spoken here");
	}
}

/* UIDs of the messages with one mark and without the other. */
static NumSet *marked(const Pop3Session *session, guint8 with, guint8 without)
{
	NumSet *uids = numset_new();
	for (guint i = 0; i < session->view->count; i++) {
		if ((session->marks[i] & with) &&
			!(session->marks[i] & without))
			numset_add(uids, session->view->messages[i].uid);
	}
	return uids;
}

/* The UPDATE state (RFC 1939 section 6). */
static gboolean update(Pop3Session *session, guint64 *removed, GError **error)
{
	g_autoptr(NumSet) deleted = marked(session, POP3_DELETED, 0);
	g_autoptr(NumSet) seen = marked(session, POP3_RETRIEVED, POP3_DELETED);
	FlagChange change = { .action = FLAG_ADD, .flags = FLAG_SEEN };
	Store *store = session->server->store;
	guint64 seq;

	*removed = numset_count(deleted);
	if (!maildrop_lock_is_held(session->lock)) {
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"the lock was lost", "mailbox %" G_GINT64_FORMAT,
			session->mailbox);
		return FALSE;
	}
	if (!numset_is_empty(deleted) &&
		!message_remove(store, session->mailbox, deleted, error))
		return FALSE;
	return numset_is_empty(seen) ||
		flag_change(store, session->mailbox, seen, &change, &seq, NULL,
			error);
}

void pop3_cmd_quit(Pop3Session *session, const Pop3Line *line G_GNUC_UNUSED)
{
	g_autoptr(GError) error = NULL;
	guint64 removed = 0;

	session->is_over = TRUE;
	if (session->state == POP3_TRANSACTION &&
		!update(session, &removed, &error)) {
		pop3_fail(session, error, "update-failed");
		return;
	}
	/* The next session must find the maildrop free once it sees the
	 * reply. */
	maildrop_unlock(&session->lock);
	log_event(LOG_LEVEL_INFO, &session->connection->log, "quit",
		LOG_NUMBER("removed", removed));
	pop3_ok(session, "Bye");
}
