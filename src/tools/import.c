/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-import: brings mail from files into a user's mailboxes. */
#include <getopt.h>
#include <sysexits.h>

#include "base/errors.h"
#include "store/known.h"
#include "store/mailbox.h"
#include "store/message.h"
#include "store/user.h"
#include "tools/source.h"
#include "tools/tool.h"

/* Messages and bytes that go into one transaction. */
#define IMPORT_MESSAGES 200
#define IMPORT_BYTES ((gsize)4 * 1024 * 1024)

/* A mailbox that messages go to. */
typedef struct {
	gint64 id;
	Known *known;
} Target;

/* Messages waiting for their transaction. */
typedef struct {
	guint count;
	gsize bytes;
	MessagePut puts[IMPORT_MESSAGES];
	char *raw[IMPORT_MESSAGES];
	MessageDraft *drafts[IMPORT_MESSAGES];
} Waiting;

typedef struct {
	Tool tool;
	const char *user;
	const char *mailbox;
	gboolean to_crlf;
	User *owner;
	GHashTable *targets; /* name -> Target */
	Waiting waiting;
	guint64 imported;
	guint64 bytes;
	guint64 known;
	guint64 unix_lines; /* messages with LF alone */
	guint64 too_large;
} Import;

static const char usage[] =
	"Usage: dbmail-import [OPTION]... -u USER PATH...\n"
	"Brings mail into a user's mailboxes: mbox files (mboxrd), Maildirs,\n"
	"directories with a message a file, single messages.  Folders become\n"
	"mailboxes below the one named; flags and dates are kept.  A message\n"
	"the mailbox has already is passed over, so that an import can be\n"
	"repeated.\n"
	"\n"
	"  -u USER     whose mailboxes\n"
	"  -m MAILBOX  where to (default: INBOX; folders then stand beside "
	"it)\n"
	"  -c          store messages that have LF line ends alone with CRLF,\n"
	"              as mail is sent; else every byte is kept as it "
	"is\n" TOOL_OPTIONS_HELP;

static void target_free(gpointer data)
{
	Target *target = data;
	known_free(&target->known);
	g_free(target);
}

static void waiting_clear(Waiting *waiting)
{
	for (guint i = 0; i < waiting->count; i++) {
		message_draft_free(&waiting->drafts[i]);
		g_clear_pointer(&waiting->raw[i], g_free);
	}
	waiting->count = 0;
	waiting->bytes = 0;
}

/* Stores what waits. */
static gboolean flush(Import *import, GError **error)
{
	Waiting *waiting = &import->waiting;
	gboolean ok = waiting->count == 0 ||
		message_append(import->tool.store, waiting->puts,
			waiting->count, error);
	if (ok) {
		import->imported += waiting->count;
		import->bytes += waiting->bytes;
	}
	waiting_clear(waiting);
	return ok;
}

/* The name of the mailbox a folder of the source goes to. */
static char *mailbox_of(
	const Import *import, const char *folder, GError **error)
{
	g_autofree char *name = NULL;

	if (folder[0] == '\0')
		name = g_strdup(
			import->mailbox != NULL ? import->mailbox : "INBOX");
	else if (import->mailbox == NULL)
		name = g_strdup(folder);
	else
		name = g_strconcat(import->mailbox, "/", folder, NULL);
	return mailbox_name_normalise(name, G_MAXUINT, error);
}

static gboolean open_mailbox(
	Import *import, const char *name, Mailbox **mailbox, GError **error)
{
	g_autoptr(GError) failed = NULL;

	if (mailbox_get(import->tool.store, import->owner->id, name, mailbox,
		    &failed) &&
		!(*mailbox)->no_select)
		return TRUE;
	if (failed != NULL &&
		!dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&failed));
		return FALSE;
	}
	mailbox_free(mailbox);
	return mailbox_create(import->tool.store, import->owner->id, name, NULL,
		mailbox, error);
}

static Target *target_get(Import *import, const char *folder, GError **error)
{
	g_autofree char *name = mailbox_of(import, folder, error);
	g_autoptr(Mailbox) mailbox = NULL;
	g_autoptr(Known) known = NULL;

	if (name == NULL)
		return NULL;
	Target *target = g_hash_table_lookup(import->targets, name);
	if (target != NULL)
		return target;
	if (!open_mailbox(import, name, &mailbox, error) ||
		!known_new(import->tool.store, mailbox->id, &known, error))
		return NULL;
	target = g_new0(Target, 1);
	target->id = mailbox->id;
	target->known = g_steal_pointer(&known);
	g_hash_table_insert(import->targets, g_steal_pointer(&name), target);
	return target;
}

/* TRUE for a message that has line ends, all of them LF alone. */
static gboolean has_unix_lines(Bytes message)
{
	const char *lf = memchr(message.data, '\n', message.size);
	return lf != NULL &&
		memmem(message.data, message.size, "\r\n", 2) == NULL;
}

/* A copy of the message that outlives its file, with CRLF where asked. */
static char *copy_message(Import *import, Bytes *message)
{
	if (message->size > 0 && has_unix_lines(*message)) {
		import->unix_lines++;
		if (import->to_crlf) {
			g_autoptr(GString) text = g_string_new_len(
				message->data, (gssize)message->size);
			g_string_replace(text, "\n", "\r\n", 0);
			message->size = text->len;
			return g_string_free(g_steal_pointer(&text), FALSE);
		}
	}
	return g_memdup2(message->data, message->size);
}

static gboolean import_message(
	const SourceMessage *source, gpointer data, GError **error)
{
	Import *import = data;
	Waiting *waiting = &import->waiting;
	Target *target = target_get(import, source->folder, error);
	Bytes message = source->message;

	if (target == NULL)
		return FALSE;
	if (message.size > store_max_message_size(import->tool.store)) {
		import->too_large++;
		fprintf(stderr, "%s: %s: over max_message_size, left out\n",
			import->tool.name, source->path);
		return TRUE;
	}
	g_autofree char *raw = copy_message(import, &message);
	message.data = raw;
	if (known_take(target->known, message)) {
		import->known++;
		return TRUE;
	}
	if (waiting->count == IMPORT_MESSAGES ||
		(waiting->count > 0 &&
			waiting->bytes + message.size > IMPORT_BYTES)) {
		if (!flush(import, error))
			return FALSE;
	}
	guint i = waiting->count++;
	waiting->raw[i] = g_steal_pointer(&raw);
	waiting->drafts[i] =
		message_draft_new(import->tool.store, message, NULL);
	waiting->bytes += message.size;
	waiting->puts[i] = (MessagePut){
		.draft = waiting->drafts[i],
		.mailbox = target->id,
		.internal_date =
			source->has_date ? source->date : timestamp_now(),
		.flags = source->flags,
	};
	tool_progress(&import->tool,
		"%" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT " MB",
		import->imported, import->bytes / 1000000);
	return TRUE;
}

static gboolean import_run(Import *import, char **paths, GError **error)
{
	if (!tool_open(&import->tool, STORE_NOTIFY, error) ||
		!user_get(import->tool.store, import->user, &import->owner,
			error))
		return FALSE;
	for (; *paths != NULL; paths++) {
		if (!source_read(*paths, import_message, import, error))
			break;
	}
	/* What was read before an error is mail all the same. */
	g_autoptr(GError) failed = NULL;
	if (!flush(import, &failed)) {
		if (error != NULL && *error == NULL)
			g_propagate_error(error, g_steal_pointer(&failed));
		return FALSE;
	}
	return *paths == NULL;
}

static void say_result(const Import *import)
{
	tool_progress_end(&import->tool);
	tool_say(&import->tool,
		"%" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT
		" bytes; %" G_GUINT64_FORMAT " were there already",
		import->imported, import->bytes, import->known);
	if (import->unix_lines > 0 && !import->to_crlf)
		tool_say(&import->tool,
			"%" G_GUINT64_FORMAT " have LF line ends, kept as they "
			"are; -c stores such messages with CRLF",
			import->unix_lines);
}

static void parse_options(Import *import, int argc, char **argv)
{
	int option;

	while ((option = tool_getopt(argc, argv, TOOL_OPTIONS "u:m:c")) != -1) {
		if (option == 'u')
			import->user = optarg;
		else if (option == 'm')
			import->mailbox = optarg;
		else if (option == 'c')
			import->to_crlf = TRUE;
		else
			tool_option(&import->tool, option, optarg);
	}
	if (import->user == NULL)
		tool_wrong_usage(&import->tool, "-u USER says whose mailboxes");
	if (optind == argc)
		tool_wrong_usage(&import->tool, "say which files");
}

int main(int argc, char **argv)
{
	static Import import = { .tool = { .name = "dbmail-import",
					 .usage = usage } };
	g_autoptr(GError) error = NULL;
	int status = EX_OK;

	parse_options(&import, argc, argv);
	import.targets = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, target_free);
	gboolean ok = import_run(&import, argv + optind, &error);
	if (import.owner != NULL)
		say_result(&import);
	if (!ok)
		status = tool_fail(&import.tool, &error);
	else if (import.too_large > 0)
		status = EX_DATAERR;
	waiting_clear(&import.waiting);
	g_hash_table_unref(import.targets);
	user_free(&import.owner);
	tool_close(&import.tool);
	return status;
}
