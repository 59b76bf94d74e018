/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-export: writes a user's mail to files. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/errors.h"
#include "store/fetch.h"
#include "store/flag.h"
#include "store/mailbox.h"
#include "store/search.h"
#include "store/user.h"
#include "store/view.h"
#include "syntax/search-key.h"
#include "tools/folder.h"
#include "tools/mboxrd.h"
#include "tools/tool.h"

/* Messages whose dates are asked for at once. */
#define EXPORT_BATCH 200

typedef enum { FORMAT_MBOX, FORMAT_MAILDIR, FORMAT_EML } Format;

static const char *const format_names[] = {
	[FORMAT_MBOX] = "mbox",
	[FORMAT_MAILDIR] = "maildir",
	[FORMAT_EML] = "eml",
};

typedef struct {
	Tool tool;
	const char *user;
	const char *mailbox; /* as given */
	char *wanted;        /* as the store spells it, or NULL for all */
	const char *directory;
	const char *search; /* IMAP search keys, or NULL for all messages */
	const char *file;   /* one mbox for all, "-" for standard output */
	Format format;
	gboolean recursive;
	gboolean mark_deleted;

	User *owner;
	FILE *out; /* of -o */
	guint64 messages;
	guint64 bytes;
	char host[65];
} Export;

static const char usage[] =
	"Usage: dbmail-export [OPTION]... -u USER\n"
	"Writes a user's mail to files; the store is not changed but for -d.\n"
	"\n"
	"  -u USER     whose mail\n"
	"  -m MAILBOX  this mailbox only (default: all of them)\n"
	"  -r          with -m: and the mailboxes under it\n"
	"  -s SEARCH   only what this IMAP search finds: 'SINCE 1-Jan-2026'\n"
	"  -F FORMAT   mbox (mboxrd; default), maildir or eml (a file each)\n"
	"  -b DIR      write under this directory (default: .), as "
	"USER/MAILBOX\n"
	"  -o FILE     write all into one mbox; - for standard output\n"
	"  -d          set \\Deleted on what was written\n" TOOL_OPTIONS_HELP;

/* Opens a file for writing with the directories above it; it must not be
 * there already unless truncate. */
static FILE *open_file(const char *path, gboolean truncate, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	if (g_mkdir_with_parents(directory, 0700) != 0) {
		tool_io_failed(directory, error);
		return NULL;
	}
	int flags =
		O_WRONLY | O_CREAT | O_CLOEXEC | (truncate ? O_TRUNC : O_EXCL);
	int fd = open(path, flags, 0600);
	if (fd < 0) {
		tool_io_failed(path, error);
		return NULL;
	}
	FILE *file = fdopen(fd, "w");
	if (file == NULL) {
		tool_io_failed(path, error);
		close(fd);
	}
	return file;
}

/* Closes and makes sure that it is on disk. */
static gboolean close_file(FILE **file, const char *path, GError **error)
{
	gboolean ok = fflush(*file) == 0 && !ferror(*file) &&
		(fsync(fileno(*file)) == 0 || errno == EINVAL ||
			errno == EROFS);
	ok = fclose(*file) == 0 && ok;
	*file = NULL;
	return ok || tool_io_failed(path, error);
}

static gboolean sink_file(Bytes bytes, gpointer data)
{
	return fwrite(bytes.data, 1, bytes.size, data) == bytes.size;
}

static gboolean sink_mbox(Bytes bytes, gpointer data)
{
	MboxrdWriter *writer = data;
	mboxrd_write(writer, bytes);
	return !ferror(writer->out);
}

/* The letters of Maildir for flags, in ASCII order. */
static void append_maildir_flags(GString *name, guint32 flags)
{
	static const struct {
		guint32 flag;
		char letter;
	} letters[] = {
		{ FLAG_DRAFT, 'D' },
		{ FLAG_FLAGGED, 'F' },
		{ FLAG_ANSWERED, 'R' },
		{ FLAG_SEEN, 'S' },
		{ FLAG_DELETED, 'T' },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(letters); i++) {
		if (flags & letters[i].flag)
			g_string_append_c(name, letters[i].letter);
	}
}

/* A whole message into a file of its own, its date as modification time. */
static gboolean write_message_file(Export *export, const ViewMessage *message,
	Timestamp date, const char *path, GError **error)
{
	FILE *file = open_file(path, export->format == FORMAT_EML, error);
	if (file == NULL)
		return FALSE;
	gboolean ok = fetch_stream(export->tool.store, message->physmessage, 0,
		message->size, sink_file, file, error);
	struct timespec times[2];
	times[0].tv_sec = times[1].tv_sec = date / TIMESTAMP_SECOND;
	times[0].tv_nsec = times[1].tv_nsec = 0;
	ok = ok && (fflush(file) == 0 || tool_io_failed(path, error));
	if (ok && date > 0)
		ok = futimens(fileno(file), times) == 0 ||
			tool_io_failed(path, error);
	return close_file(&file, path, ok ? error : NULL) && ok;
}

static gboolean write_eml(Export *export, const char *base,
	const ViewMessage *message, Timestamp date, GError **error)
{
	g_autofree char *path =
		g_strdup_printf("%s/%u.eml", base, message->uid);
	return write_message_file(export, message, date, path, error);
}

static gboolean write_maildir(Export *export, const char *base,
	const MailboxView *view, const ViewMessage *message, Timestamp date,
	GError **error)
{
	g_autoptr(GString) name = g_string_new(NULL);
	g_string_printf(name,
		"%" G_GINT64_FORMAT ".U%u-%u.%s,S=%" G_GUINT64_FORMAT ":2,",
		date / TIMESTAMP_SECOND, view->uidvalidity, message->uid,
		export->host, message->size);
	append_maildir_flags(name, message->flags);
	g_autofree char *cur = g_strdup_printf("%s/cur/%s", base, name->str);
	g_autofree char *tmp = g_strdup_printf("%s/tmp/%s", base, name->str);

	/* A reader of the Maildir must never see half a message. */
	if (unlink(tmp) != 0 && errno != ENOENT)
		return tool_io_failed(tmp, error);
	if (!write_message_file(export, message, date, tmp, error))
		return FALSE;
	return rename(tmp, cur) == 0 || tool_io_failed(cur, error);
}

static gboolean write_mbox(Export *export, FILE *file,
	const ViewMessage *message, Timestamp date, GError **error)
{
	MboxrdWriter writer;

	mboxrd_write_begin(&writer, file, export->owner->name, date);
	if (!fetch_stream(export->tool.store, message->physmessage, 0,
		    message->size, sink_mbox, &writer, error))
		return FALSE;
	mboxrd_write_end(&writer);
	return !ferror(file) || tool_io_failed("writing the mbox", error);
}

/* One message, and the count of what was written. */
static gboolean export_message(Export *export, const char *base, FILE *mbox,
	const MailboxView *view, guint index, Timestamp date, GError **error)
{
	const ViewMessage *message = &view->messages[index];
	gboolean ok;

	if (mbox != NULL)
		ok = write_mbox(export, mbox, message, date, error);
	else if (export->format == FORMAT_MAILDIR)
		ok = write_maildir(export, base, view, message, date, error);
	else
		ok = write_eml(export, base, message, date, error);
	if (!ok)
		return FALSE;
	export->messages++;
	export->bytes += message->size;
	tool_progress(&export->tool,
		"%s: %u of %u, %" G_GUINT64_FORMAT " MB written in all", base,
		index + 1, view->count, export->bytes / 1000000);
	return TRUE;
}

/* The search as a tree of the arena; last_uid and messages are what "*"
 * stands for in it. */
static gboolean parse_search(const Export *export, Arena *arena,
	GPtrArray *sets, guint32 messages, guint32 last_uid,
	SearchProgram *program, GError **error)
{
	const char *text = export->search != NULL ? export->search : "ALL";
	ImapChunk chunk = { .line = bytes_of_string(text) };
	ImapParser parser;

	parser_init(&parser, arena, &chunk, 1, sets);
	parser.numbers.messages = messages;
	parser.numbers.last_uid = last_uid;
	gboolean ok = search_key_parse(&parser, program) && parse_end(&parser);
	/* Filters are in a user's metadata, for a client of that user. */
	if (ok && program->filters != NULL)
		parse_fail(&parser, "FILTER is for IMAP clients only");
	else if (ok && program->refusal != NULL)
		parse_fail(&parser, "unknown charset");
	else if (ok)
		return TRUE;
	g_autofree char *wrong = g_strdup_printf("-s: %s at column %u",
		parser.error != NULL ? parser.error : "not understood",
		parser_column(&parser));
	dbmail_error_set(error, DBMAIL_ERROR_INVALID, wrong, "%s", text);
	return FALSE;
}

/* Indexes in the view of the messages that are wanted. */
static gboolean find_messages(Export *export, const MailboxView *view,
	GArray **indexes, GError **error)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GPtrArray) sets =
		g_ptr_array_new_with_free_func(parser_free_set);
	guint32 last_uid =
		view->count > 0 ? view->messages[view->count - 1].uid : 0;
	SearchProgram program;

	return parse_search(export, arena, sets, view->count, last_uid,
		       &program, error) &&
		search_run(export->tool.store, view, program.key, NULL, NULL,
			indexes, error);
}

/* A mistake in the search is said before a file is touched. */
static gboolean check_search(const Export *export, GError **error)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GPtrArray) sets =
		g_ptr_array_new_with_free_func(parser_free_set);
	SearchProgram program;

	return parse_search(
		export, arena, sets, G_MAXUINT32, G_MAXUINT32, &program, error);
}

/* So many messages, asked for at once. */
static gboolean export_some(Export *export, const char *base, FILE *mbox,
	const MailboxView *view, const guint *indexes, guint count,
	NumSet *written, GError **error)
{
	FetchAsk asks[EXPORT_BATCH];
	g_autoptr(FetchBatch) batch = NULL;

	for (guint i = 0; i < count; i++)
		asks[i] = (FetchAsk){
			.physmessage = view->messages[indexes[i]].physmessage
		};
	if (!fetch_batch_new(
		    export->tool.store, asks, count, FETCH_META, &batch, error))
		return FALSE;
	for (guint i = 0; i < count; i++) {
		const FetchedMessage *got = fetch_batch_message(batch, i);
		if (!got->found)
			continue; /* expunged meanwhile */
		if (!export_message(export, base, mbox, view, indexes[i],
			    got->internal_date, error))
			return FALSE;
		numset_add(written, view->messages[indexes[i]].uid);
	}
	return TRUE;
}

static gboolean export_messages(Export *export, const char *base, FILE *mbox,
	const MailboxView *view, NumSet *written, GError **error)
{
	g_autoptr(GArray) found = NULL;

	if (!find_messages(export, view, &found, error))
		return FALSE;
	const guint *indexes = (const guint *)(gpointer)found->data;
	for (guint begin = 0; begin < found->len; begin += EXPORT_BATCH) {
		if (!export_some(export, base, mbox, view, indexes + begin,
			    MIN(EXPORT_BATCH, found->len - begin), written,
			    error))
			return FALSE;
	}
	return TRUE;
}

static gboolean mark_deleted(
	Export *export, gint64 mailbox, const NumSet *uids, GError **error)
{
	FlagChange change = { .action = FLAG_ADD, .flags = FLAG_DELETED };
	guint64 seq;

	if (!export->mark_deleted || numset_is_empty(uids))
		return TRUE;
	return flag_change(
		export->tool.store, mailbox, uids, &change, &seq, NULL, error);
}

static gboolean make_maildir(const char *base, GError **error)
{
	static const char *const parts[] = { "cur", "new", "tmp" };
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(base, parts[i], NULL);
		if (g_mkdir_with_parents(path, 0700) != 0)
			return tool_io_failed(path, error);
	}
	return TRUE;
}

/* Opens what a mailbox is written into, writes it, and closes it. */
static gboolean export_to(Export *export, const char *base,
	const MailboxView *view, NumSet *written, GError **error)
{
	if (export->out != NULL)
		return export_messages(
			export, base, export->out, view, written, error);
	if (export->format == FORMAT_MAILDIR && !make_maildir(base, error))
		return FALSE;
	if (export->format != FORMAT_MBOX)
		return export_messages(
			export, base, NULL, view, written, error);

	g_autofree char *path = g_strconcat(base, ".mbox", NULL);
	FILE *file = open_file(path, TRUE, error);
	if (file == NULL)
		return FALSE;
	gboolean ok = export_messages(export, base, file, view, written, error);
	return close_file(&file, path, ok ? error : NULL) && ok;
}

static gboolean export_mailbox(
	Export *export, const Mailbox *mailbox, GError **error)
{
	g_autoptr(MailboxView) view = NULL;
	g_autoptr(NumSet) written = numset_new();

	if (mailbox->no_select)
		return TRUE;
	if (!view_get(export->tool.store, mailbox->id, &view, error))
		return FALSE;
	g_autofree char *user = folder_to_path(export->owner->name);
	g_autofree char *name = folder_to_path(mailbox->name);
	g_autofree char *base =
		g_build_filename(export->directory, user, name, NULL);
	return export_to(export, base, view, written, error) &&
		mark_deleted(export, mailbox->id, written, error);
}

static gboolean is_wanted(const Export *export, const char *name)
{
	if (export->wanted == NULL || g_str_equal(export->wanted, name))
		return TRUE;
	gsize size = strlen(export->wanted);
	return export->recursive && strncmp(name, export->wanted, size) == 0 &&
		name[size] == MAILBOX_SEPARATOR;
}

static gboolean export_mailboxes(Export *export, GError **error)
{
	g_autoptr(GPtrArray) list = NULL;
	guint wanted = 0;

	if (!mailbox_list_own(
		    export->tool.store, export->owner->id, &list, error))
		return FALSE;
	for (guint i = 0; i < list->len; i++) {
		const MailboxListed *listed = g_ptr_array_index(list, i);
		if (listed->mailbox == NULL || !is_wanted(export, listed->name))
			continue;
		wanted++;
		if (!export_mailbox(export, listed->mailbox, error))
			return FALSE;
	}
	if (wanted > 0)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such mailbox", "%s",
		export->mailbox != NULL ? export->mailbox : "");
	return FALSE;
}

static gboolean export_run(Export *export, GError **error)
{
	if (export->mailbox != NULL) {
		export->wanted = mailbox_name_normalise(
			export->mailbox, G_MAXUINT, error);
		if (export->wanted == NULL)
			return FALSE;
	}
	if (!tool_open(&export->tool, STORE_PLAIN, error) ||
		!check_search(export, error) ||
		!user_get(export->tool.store, export->user, &export->owner,
			error))
		return FALSE;
	if (export->file == NULL)
		return export_mailboxes(export, error);
	gboolean is_stdout = g_str_equal(export->file, "-");
	export->out = is_stdout ? stdout : open_file(export->file, TRUE, error);
	if (export->out == NULL)
		return FALSE;
	gboolean ok = export_mailboxes(export, error);
	return close_file(&export->out, export->file, ok ? error : NULL) && ok;
}

static Format parse_format(const Export *export, const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(format_names); i++) {
		if (g_str_equal(name, format_names[i]))
			return (Format)i;
	}
	tool_wrong_usage(&export->tool, "-F takes mbox, maildir or eml");
}

static void parse_options(Export *export, int argc, char **argv)
{
	int option;

	while ((option = tool_getopt(
			argc, argv, TOOL_OPTIONS "u:m:rs:F:b:o:d")) != -1) {
		switch (option) {
		case 'u':
			export->user = optarg;
			break;
		case 'm':
			export->mailbox = optarg;
			break;
		case 'r':
			export->recursive = TRUE;
			break;
		case 's':
			export->search = optarg;
			break;
		case 'F':
			export->format = parse_format(export, optarg);
			break;
		case 'b':
			export->directory = optarg;
			break;
		case 'o':
			export->file = optarg;
			break;
		case 'd':
			export->mark_deleted = TRUE;
			break;
		default:
			tool_option(&export->tool, option, optarg);
		}
	}
	if (export->user == NULL)
		tool_wrong_usage(&export->tool, "-u USER says whose mail");
	if (optind < argc)
		tool_wrong_usage(
			&export->tool, "there is an argument too many");
	if (export->file != NULL && export->format != FORMAT_MBOX)
		tool_wrong_usage(&export->tool, "-o goes with mbox only");
}

int main(int argc, char **argv)
{
	Export export = { .tool = { .name = "dbmail-export", .usage = usage },
		.directory = "." };
	g_autoptr(GError) error = NULL;
	int status = EX_OK;

	parse_options(&export, argc, argv);
	if (gethostname(export.host, sizeof(export.host) - 1) != 0)
		g_strlcpy(export.host, "localhost", sizeof(export.host));
	/* Maildir gives / and : a meaning. */
	g_strdelimit(export.host, "/:,", '_');
	if (!export_run(&export, &error))
		status = tool_fail(&export.tool, &error);
	else if (export.out == NULL &&
		(export.file == NULL || !g_str_equal(export.file, "-"))) {
		tool_progress_end(&export.tool);
		tool_say(&export.tool,
			"%" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT
			" bytes",
			export.messages, export.bytes);
	}
	g_free(export.wanted);
	user_free(&export.owner);
	tool_close(&export.tool);
	return status;
}
