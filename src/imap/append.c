/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the arguments of APPEND and REPLACE to messages the store can take. */
#include "imap/append.h"

#include "base/log.h"
#include "base/text.h"
#include "mime/header.h"
#include "imap/append-args.h"
#include "imap/catenate.h"

void append_puts_clear(AppendPuts *puts)
{
	for (guint i = 0; i < puts->count; i++)
		message_draft_free(&puts->drafts[i]);
	g_clear_pointer(&puts->drafts, g_free);
	g_clear_pointer(&puts->puts, g_free);
	puts->count = 0;
}

gboolean append_find_target(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const AppendArgs *args = command->args;

	return session->append_to != NULL ||
		session_target(session, command, args->mailbox,
			&session->append_to, error);
}

/* RFC 4314 section 4: flags one may not set are left out. */
static ImapFlags allowed_flags(const Mailbox *mailbox, ImapFlags flags)
{
	static const char *const no_keywords[] = { NULL };

	if ((mailbox->rights & RIGHT_WRITE) == 0)
		flags.keywords = no_keywords;
	flags.flags &= rights_flags(mailbox->rights);
	return flags;
}

static void add_put(ImapSession *session, const AppendMessage *message,
	Bytes raw, AppendPuts *puts)
{
	const Mailbox *mailbox = session->append_to;
	ImapFlags flags = allowed_flags(mailbox, message->flags);
	gboolean split_failed = FALSE;

	MessageDraft *draft =
		message_draft_new(session->store, raw, &split_failed);
	if (split_failed)
		log_event(LOG_LEVEL_ERROR, &session->connection->log,
			"split-failed", LOG_NUMBER("size", raw.size));
	puts->drafts[puts->count] = draft;
	puts->puts[puts->count] = (MessagePut){
		.draft = draft,
		.mailbox = mailbox->id,
		.internal_date =
			message->has_date ? message->date : timestamp_now(),
		.flags = flags.flags,
		.keywords = flags.keywords,
	};
	puts->count++;
}

/* TRUE where a header field has a byte that is not US-ASCII. */
static gboolean has_8bit_header(Bytes message)
{
	gsize pos = 0;
	MimeField field;

	while (mime_field_next(message, &pos, &field)) {
		if (!text_is_ascii(field.line))
			return TRUE;
	}
	return FALSE;
}

gboolean append_prepare(ImapSession *session, ImapCommand *command,
	AppendPuts *puts, GError **error)
{
	const AppendArgs *args = command->args;

	puts->puts = g_new0(MessagePut, args->count);
	puts->drafts = g_new0(MessageDraft *, args->count);
	for (guint i = 0; i < args->count; i++) {
		const AppendMessage *message = &args->messages[i];
		Bytes raw;

		if (message->is_utf8 && (session->enabled & ENABLED_UTF8) == 0)
			return command_no(command,
				"[CANNOT] UTF8 needs ENABLE UTF8=ACCEPT");
		if (!catenate(session, command, message, &raw, error))
			return FALSE;
		if (command->status != STATUS_OK)
			return TRUE;
		/* RFC 6855 section 4; but much mail in the wild is so, and
		 * what copies it is to go on working unless told not to. */
		if (session->settings->IMAP_strict_headers &&
			(session->enabled & ENABLED_UTF8) == 0 &&
			has_8bit_header(raw))
			return command_no(command,
				"[CANNOT] 8-bit header fields need ENABLE "
				"UTF8=ACCEPT");
		add_put(session, message, raw, puts);
	}
	return TRUE;
}

const char *append_uids(
	ImapSession *session, const AppendPuts *puts, const char *text)
{
	g_autoptr(NumSet) uids = numset_new();
	g_autoptr(GString) out = g_string_new(NULL);

	for (guint i = 0; i < puts->count; i++)
		numset_add(uids, puts->puts[i].uid);
	g_string_printf(out, "[APPENDUID %u ", puts->puts[0].uidvalidity);
	numset_append_text(uids, out);
	g_string_append_printf(out, "] %s", text);
	return arena_strdup(session->arena, out->str);
}
