/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an import reads from: mbox files, Maildirs, directories of messages. */
#include "tools/source.h"

#include <sys/stat.h>

#include "base/errors.h"
#include "base/text.h"
#include "tools/folder.h"
#include "tools/mboxrd.h"
#include "tools/tool.h"

/* Directories inside directories. */
#define SOURCE_DEPTH_MAX 50

typedef struct {
	SourceSink sink;
	gpointer data;
} Reading;

static gboolean read_directory(const Reading *reading, const char *path,
	const char *folder, guint depth, GError **error);

/* Of a Maildir file name ("...:2,FS"). */
static Flags maildir_flags(const char *name)
{
	static const struct {
		char letter;
		Flags flag;
	} letters[] = {
		{ 'D', FLAG_DRAFT },
		{ 'F', FLAG_FLAGGED },
		{ 'R', FLAG_ANSWERED },
		{ 'S', FLAG_SEEN },
		{ 'T', FLAG_DELETED },
	};
	const char *info = strrchr(name, ':');
	Flags flags = 0;

	if (info == NULL || !g_str_has_prefix(info, ":2,"))
		return 0;
	for (gsize i = 0; i < G_N_ELEMENTS(letters); i++) {
		if (strchr(info + 3, letters[i].letter) != NULL)
			flags |= letters[i].flag;
	}
	return flags;
}

static Flags status_letters(Bytes value)
{
	static const struct {
		char letter;
		Flags flag;
	} letters[] = {
		{ 'R', FLAG_SEEN },
		{ 'A', FLAG_ANSWERED },
		{ 'F', FLAG_FLAGGED },
		{ 'D', FLAG_DELETED },
		{ 'T', FLAG_DRAFT },
	};
	Flags flags = 0;
	for (gsize i = 0; i < G_N_ELEMENTS(letters); i++) {
		if (value.size > 0 &&
			memchr(value.data, letters[i].letter, value.size))
			flags |= letters[i].flag;
	}
	return flags;
}

/* Of the Status and X-Status fields that mbox programs write into a message's
 * header. */
static Flags status_flags(Bytes message)
{
	Flags flags = 0;

	while (message.size > 0) {
		const char *end = memchr(message.data, '\n', message.size);
		gsize size = end != NULL ? (gsize)(end - message.data) + 1 :
					   message.size;
		Bytes line = text_trim(bytes_slice(message, 0, size));
		if (line.size == 0)
			break; /* the header ends */
		if (text_has_prefix_nocase(line, "Status:"))
			flags |=
				status_letters(bytes_slice(line, 7, line.size));
		if (text_has_prefix_nocase(line, "X-Status:"))
			flags |=
				status_letters(bytes_slice(line, 9, line.size));
		message = bytes_slice(message, size, message.size);
	}
	return flags;
}

static gboolean read_mbox(const Reading *reading, Bytes file,
	SourceMessage *message, GError **error)
{
	MboxrdReader mbox = { .rest = file };
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	while (mboxrd_read(&mbox, bytes, &message->has_date, &message->date)) {
		message->message =
			bytes_of((const char *)bytes->data, bytes->len);
		message->flags = status_flags(message->message);
		if (!reading->sink(message, reading->data, error))
			return FALSE;
	}
	return TRUE;
}

/* Reads one file; in a Maildir, or with .eml in its name, what looks like an
 * mbox is a message like any other. */
static gboolean read_file(const Reading *reading, const char *path,
	const char *folder, gboolean is_maildir, GError **error)
{
	g_autoptr(GError) failed = NULL;
	struct stat status;

	if (stat(path, &status) != 0)
		return tool_io_failed(path, error);
	if (!S_ISREG(status.st_mode))
		return TRUE;
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, &failed);
	if (file == NULL) {
		dbmail_error_set(error, DBMAIL_ERROR_CLOSED, failed->message,
			"%s", path);
		return FALSE;
	}
	Bytes bytes = bytes_of(g_mapped_file_get_contents(file),
		g_mapped_file_get_length(file));
	SourceMessage message = {
		.message = bytes,
		.path = path,
		.folder = folder,
		.has_date = TRUE,
		.date = (Timestamp)status.st_mtime * TIMESTAMP_SECOND,
	};
	/* By its name an mbox may be empty: a mailbox without messages. */
	if (!is_maildir &&
		(g_str_has_suffix(path, ".mbox") ||
			(mboxrd_is_mbox(bytes) &&
				!g_str_has_suffix(path, ".eml"))))
		return read_mbox(reading, bytes, &message, error);
	if (is_maildir)
		message.flags = maildir_flags(path);
	return reading->sink(&message, reading->data, error);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names in a directory, sorted; NULL with an error. */
static GPtrArray *list_directory(const char *path, GError **error)
{
	g_autoptr(GError) failed = NULL;
	GDir *directory = g_dir_open(path, 0, &failed);
	const char *name;

	if (directory == NULL) {
		dbmail_error_set(error, DBMAIL_ERROR_CLOSED, failed->message,
			"%s", path);
		return NULL;
	}
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	while ((name = g_dir_read_name(directory)) != NULL)
		g_ptr_array_add(names, g_strdup(name));
	g_dir_close(directory);
	g_ptr_array_sort(names, compare_names);
	return names;
}

static gboolean is_maildir(const char *path)
{
	g_autofree char *cur = g_build_filename(path, "cur", NULL);
	g_autofree char *new = g_build_filename(path, "new", NULL);
	return g_file_test(cur, G_FILE_TEST_IS_DIR) &&
		g_file_test(new, G_FILE_TEST_IS_DIR);
}

static gboolean read_maildir_messages(const Reading *reading, const char *path,
	const char *folder, GError **error)
{
	static const char *const parts[] = { "cur", "new" };

	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *part = g_build_filename(path, parts[i], NULL);
		g_autoptr(GPtrArray) names = list_directory(part, error);
		if (names == NULL)
			return FALSE;
		for (guint j = 0; j < names->len; j++) {
			const char *name = g_ptr_array_index(names, j);
			g_autofree char *file =
				g_build_filename(part, name, NULL);
			if (name[0] != '.' &&
				!read_file(reading, file, folder, TRUE, error))
				return FALSE;
		}
	}
	return TRUE;
}

/* ".A.B" of Maildir++ or "C" below folder as a mailbox name; NULL for what
 * is no folder. */
static char *folder_below(
	const char *folder, const char *name, gboolean maildir)
{
	g_autofree char *level = NULL;

	if (maildir &&
		(g_str_equal(name, "cur") || g_str_equal(name, "new") ||
			g_str_equal(name, "tmp")))
		return NULL;
	if (maildir && name[0] == '.' && name[1] != '.' && name[1] != '\0') {
		level = g_strdup(name + 1);
		g_strdelimit(level, ".", '/');
	} else if (name[0] != '.') {
		level = folder_from_path(name);
	}
	if (level == NULL)
		return NULL;
	return folder[0] == '\0' ? g_steal_pointer(&level) :
				   g_strconcat(folder, "/", level, NULL);
}

static gboolean read_entry(const Reading *reading, const char *path,
	const char *name, const char *folder, gboolean maildir, guint depth,
	GError **error)
{
	if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
		g_autofree char *below = folder_below(folder, name, maildir);
		return below == NULL ||
			read_directory(reading, path, below, depth + 1, error);
	}
	if (maildir || name[0] == '.')
		return TRUE;
	/* INBOX.mbox beside INBOX/ is a mailbox, not a message in its parent. */
	if (g_str_has_suffix(name, ".mbox")) {
		g_autofree char *stem = g_strndup(name, strlen(name) - 5);
		g_autofree char *below = folder_below(folder, stem, FALSE);
		return below == NULL ||
			read_file(reading, path, below, FALSE, error);
	}
	return read_file(reading, path, folder, FALSE, error);
}

static gboolean read_directory(const Reading *reading, const char *path,
	const char *folder, guint depth, GError **error)
{
	gboolean maildir = is_maildir(path);

	if (depth > SOURCE_DEPTH_MAX) {
		dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
			"directories are nested too deep", "%s", path);
		return FALSE;
	}
	if (maildir && !read_maildir_messages(reading, path, folder, error))
		return FALSE;
	g_autoptr(GPtrArray) names = list_directory(path, error);
	if (names == NULL)
		return FALSE;
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *entry = g_build_filename(path, name, NULL);
		if (!read_entry(reading, entry, name, folder, maildir, depth,
			    error))
			return FALSE;
	}
	return TRUE;
}

gboolean source_read(
	const char *path, SourceSink sink, gpointer data, GError **error)
{
	Reading reading = { sink, data };
	struct stat status;

	if (stat(path, &status) != 0)
		return tool_io_failed(path, error);
	if (S_ISDIR(status.st_mode))
		return read_directory(&reading, path, "", 0, error);
	return read_file(&reading, path, "", FALSE, error);
}
