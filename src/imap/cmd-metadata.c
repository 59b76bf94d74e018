/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GETMETADATA and SETMETADATA (RFC 5464 section 4). */
#include "imap/commands.h"

#include "base/errors.h"
#include "store/mailbox.h"
#include "store/metadata.h"
#include "deliver/event-scripts.h"
#include "imap/metadata-args.h"
#include "imap/metadata-reply.h"
#include "imap/session.h"

/* Whom to ask for help (RFC 5464 section 3.2.1.1): a setting, which no client
 * can change. */
#define ADMIN_ENTRY "/shared/admin"

/* The mailbox, which stays NULL for the server and where the command is
 * refused. */
static gboolean find_mailbox(ImapSession *session, ImapCommand *command,
	Bytes wire, Mailbox **mailbox, GError **error)
{
	g_autoptr(Mailbox) found = NULL;

	if (wire.size == 0)
		return TRUE;
	if (!session_mailbox(
		    session, command, wire, RIGHT_LOOKUP, &found, error))
		return FALSE;
	if (found == NULL)
		return TRUE;
	if (!metadata_is_readable(found->rights))
		return command_no(
			command, "[NOPERM] Not allowed in this mailbox");
	*mailbox = g_steal_pointer(&found);
	return TRUE;
}

/* --- reading --------------------------------------------------------------- */

typedef struct {
	ImapSession *session;
	const GetMetadataArgs *args;
	GString *line;
	gboolean has_entries;
	guint64 longest; /* of the values over MAXSIZE */
} Answer;

static void add_entry(
	Answer *answer, const char *name, const MetadataEntry *entry)
{
	if (entry != NULL && entry->value == NULL) {
		answer->longest = MAX(answer->longest, entry->size);
		return;
	}
	g_string_append(answer->line, answer->has_entries ? " " : " (");
	answer->has_entries = TRUE;
	metadata_append(answer->line, name, entry);
}

static const MetadataEntry *find_entry(const GPtrArray *found, const char *name)
{
	for (guint i = 0; i < found->len; i++) {
		const MetadataEntry *entry = found->pdata[i];
		if (strcmp(entry->entry, name) == 0)
			return entry;
	}
	return NULL;
}

/* The server's setting as an entry, where it is asked for and set. */
static void add_admin(
	ImapSession *session, const GetMetadataArgs *args, GPtrArray *found)
{
	const char *url = session->settings->IMAP_admin_url;
	gboolean is_wanted = FALSE;

	for (guint i = 0; args->entries[i] != NULL; i++)
		is_wanted |= strcmp(args->entries[i], ADMIN_ENTRY) == 0 ||
			(strcmp(args->entries[i], "/shared") == 0 &&
				args->depth != METADATA_DEPTH_0);
	if (!is_wanted || *url == '\0' || args->mailbox.size > 0)
		return;
	MetadataEntry *entry = g_new0(MetadataEntry, 1);
	entry->entry = g_strdup(ADMIN_ENTRY);
	entry->size = strlen(url);
	if (!args->has_max_size || entry->size <= args->max_size)
		entry->value = g_strdup(url);
	g_ptr_array_add(found, entry);
}

/* With DEPTH 0 each entry asked for is answered; otherwise all there are. */
static void add_entries(Answer *answer, const GPtrArray *found)
{
	const char *const *entries = answer->args->entries;

	if (answer->args->depth == METADATA_DEPTH_0) {
		for (guint i = 0; entries[i] != NULL; i++)
			add_entry(answer, entries[i],
				find_entry(found, entries[i]));
		return;
	}
	for (guint i = 0; i < found->len; i++) {
		const MetadataEntry *entry = found->pdata[i];
		add_entry(answer, entry->entry, entry);
	}
}

gboolean cmd_getmetadata(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const GetMetadataArgs *args = command->args;
	g_autoptr(GString) line = g_string_new("* METADATA ");
	g_autoptr(GPtrArray) found = NULL;
	g_autoptr(Mailbox) mailbox = NULL;

	if (!find_mailbox(session, command, args->mailbox, &mailbox, error))
		return FALSE;
	if (command->status != STATUS_OK)
		return TRUE;
	const gint64 id = mailbox != NULL ? mailbox->id : METADATA_SERVER;
	MetadataQuery query = {
		.user = session->user->id,
		.mailboxes = &id,
		.mailbox_count = 1,
		.entries = args->entries,
		.depth = args->depth,
		.max_size = args->has_max_size ? args->max_size : G_MAXUINT64,
	};
	if (!metadata_get(session->store, &query, &found, error))
		return FALSE;
	add_admin(session, args, found);
	if (mailbox != NULL)
		session_append_mailbox(session, line, mailbox->name);
	else
		g_string_append(line, "\"\"");
	Answer answer = { session, args, line, FALSE, 0 };
	add_entries(&answer, found);
	if (answer.has_entries) {
		g_string_append(line, ")\r\n");
		stream_write(session->stream, line->str, line->len);
	}
	if (answer.longest == 0)
		return TRUE;
	return command_ok(command,
		arena_printf(session->arena,
			"[METADATA LONGENTRIES %" G_GUINT64_FORMAT
			"] Some values are longer",
			answer.longest));
}

/* --- changing -------------------------------------------------------------- */

/* Private entries are everybody's own; shared ones of a mailbox need w, those
 * of the server an administrator. */
static gboolean may_set(const ImapSession *session, const Mailbox *mailbox,
	const MetadataChange *change)
{
	if (!g_str_has_prefix(change->entry, "/shared/"))
		return TRUE;
	if (mailbox != NULL)
		return (mailbox->rights & RIGHT_WRITE) != 0;
	return session->user->is_administrator &&
		strcmp(change->entry, ADMIN_ENTRY) != 0;
}

static gboolean answer_limit(
	ImapSession *session, ImapCommand *command, const GError *error)
{
	const char *cause = dbmail_error_cause(error);

	if (g_strcmp0(cause, METADATA_TOO_MANY) == 0)
		return command_no(
			command, "[METADATA TOOMANY] Too many entries");
	if (g_strcmp0(cause, METADATA_TOO_LARGE) == 0)
		return command_no(command,
			arena_printf(session->arena,
				"[METADATA MAXSIZE %zu] The value is too large",
				metadata_max_size(session->store)));
	return FALSE;
}

gboolean cmd_setmetadata(
	ImapSession *session, ImapCommand *command, GError **error)
{
	const SetMetadataArgs *args = command->args;
	g_autoptr(Mailbox) mailbox = NULL;
	GError *failure = NULL;

	if (!find_mailbox(session, command, args->mailbox, &mailbox, error))
		return FALSE;
	if (command->status != STATUS_OK)
		return TRUE;
	for (guint i = 0; i < args->count; i++) {
		if (!may_set(session, mailbox, &args->changes[i]))
			return command_no(command,
				"[NOPERM] Not allowed to set that entry");
	}
	if (metadata_set(session->store, session->user->id,
		    mailbox != NULL ? mailbox->id : METADATA_SERVER,
		    args->changes, args->count, &failure)) {
		event_scripts_forget(session->server->event_scripts);
		return TRUE;
	}
	if (answer_limit(session, command, failure)) {
		g_error_free(failure);
		return TRUE;
	}
	g_propagate_error(error, failure);
	return FALSE;
}
