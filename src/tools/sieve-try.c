/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Sieve script over a message in a file, without a store. */
#include "tools/sieve-try.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/errors.h"
#include "sieve/extension.h"
#include "sieve/run.h"
#include "deliver/filter.h"
#include "deliver/script-check.h"
#include "deliver/spam-settings.h"
#include "tools/tool.h"

#define READ_SIZE 65536

void sieve_try_say(const GPtrArray *errors, const char *name, const char *file)
{
	for (guint i = 0; i < errors->len; i++) {
		const SieveError *at = g_ptr_array_index(errors, i);
		gboolean is_own =
			at->script == NULL || g_str_equal(at->script, name);
		fprintf(stderr, "%s:%u:%u: %s%s\n", is_own ? file : at->script,
			at->line, at->column, at->is_warning ? "warning: " : "",
			at->text);
	}
}

static gboolean read_all(
	int fd, const char *path, gsize max, GByteArray *bytes, GError **error)
{
	for (;;) {
		guint have = bytes->len;
		g_byte_array_set_size(bytes, have + READ_SIZE);
		gssize got = read(fd, bytes->data + have, READ_SIZE);
		g_byte_array_set_size(bytes, have + (guint)MAX(got, 0));
		if (got == 0)
			return TRUE;
		if (got < 0 && errno != EINTR)
			return tool_io_failed(path, error);
		if (bytes->len > max) {
			dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
				"the file is too large",
				"%s has more than %zu bytes", path, max);
			return FALSE;
		}
	}
}

gboolean sieve_try_read(
	const char *path, gsize max, char **data, gsize *size, GError **error)
{
	gboolean is_stdin = g_str_equal(path, "-");
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return tool_io_failed(path, error);
	GByteArray *bytes = g_byte_array_new();
	gboolean ok = read_all(fd, path, max, bytes, error);
	if (!is_stdin)
		close(fd);
	if (!ok) {
		g_byte_array_unref(bytes);
		return FALSE;
	}
	*size = bytes->len;
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	*data = (char *)g_byte_array_free(bytes, FALSE);
	return TRUE;
}

/* --- included scripts ------------------------------------------------------- */

typedef struct {
	char *directory;
	gsize max;
} Place;

/* The path of an included script, or NULL. */
static char *find_script(
	const Place *place, SieveLocation location, const char *name)
{
	static const char *const suffixes[] = { ".sieve", "" };

	/* A name is no path. */
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *file = g_strconcat(name, suffixes[i], NULL);
		g_autofree char *path = location == SIEVE_GLOBAL ?
			g_build_filename(
				place->directory, "global", file, NULL) :
			g_build_filename(place->directory, file, NULL);
		if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
			return g_steal_pointer(&path);
	}
	return NULL;
}

static gboolean load(gpointer data, SieveLocation location, const char *name,
	char **source, gsize *size, GError **error)
{
	const Place *place = data;
	g_autofree char *path = find_script(place, location, name);

	return path != NULL &&
		sieve_try_read(path, place->max, source, size, error);
}

/* --- compiling and running -------------------------------------------------- */

static SieveScript *compile(const SieveTry *what, const Settings *settings,
	const SieveLimits *limits, Bytes source, GError **error)
{
	g_autoptr(GPtrArray) errors = NULL;
	Place place = { g_path_get_dirname(what->script),
		limits->max_script_size };
	SieveCompile how = {
		.extensions = script_extensions(settings,
			sieve_extensions_delivery() | sieve_extensions_imap()),
		.limits = limits,
		.loader = load,
		.loader_data = &place,
	};
	SieveScript *script =
		sieve_compile(&how, what->script, source, &errors, error);

	if (errors != NULL)
		sieve_try_say(errors, what->script, what->script);
	g_free(place.directory);
	return script;
}

static void say(const SieveError *error, const char *before, const char *file)
{
	fprintf(stderr, "%s%s:%u:%u: %s%s\n", before,
		error->script != NULL ? error->script : file, error->line,
		error->column, error->is_warning ? "warning: " : "",
		error->text);
}

void sieve_try_print(
	const SieveResult *result, const char *before, const char *file)
{
	for (guint i = 0; i < result->actions->len; i++) {
		g_autoptr(GString) line = g_string_new(before);
		sieve_action_write(g_ptr_array_index(result->actions, i), line);
		puts(line->str);
	}
	for (guint i = 0; i < result->warnings->len; i++)
		say(result->warnings->pdata[i], before, file);
	if (result->failure != NULL)
		say(result->failure, before, file);
}

static gboolean run(SieveScript *script, const SieveTry *what,
	const Settings *settings, Bytes message, gboolean *is_good,
	GError **error)
{
	g_autoptr(SieveResult) result = NULL;
	g_autoptr(Arena) arena = arena_new();
	Timestamp now = timestamp_now();
	g_auto(SpamSettings) spam = { 0 };
	spam_settings_init(&spam, settings);
	SieveInput input = {
		.message = message,
		.sender = what->sender,
		.recipient = what->recipient,
		.delimiter = settings->LMTP_recipient_delimiter,
		.environment = filter_environment(arena, settings, NULL, NULL),
		.spam = &spam.sieve,
		.now = now,
		.zone_minutes = timestamp_zone_minutes,
	};

	if (!sieve_run(script, &input, &result, error))
		return FALSE;
	sieve_try_print(result, "", what->script);
	*is_good = result->failure == NULL;
	return TRUE;
}

gboolean sieve_try(const SieveTry *what, const Settings *settings,
	gboolean *is_good, GError **error)
{
	SieveLimits limits = script_limits(settings);
	g_autofree char *source = NULL;
	g_autofree char *message = NULL;
	GError *failure = NULL;
	gsize source_size, size;

	*is_good = FALSE;
	if (!sieve_try_read(what->script, limits.max_script_size, &source,
		    &source_size, error) ||
		!sieve_try_read(what->message,
			(gsize)settings->DBMAIL_max_message_size, &message,
			&size, error))
		return FALSE;
	g_autoptr(SieveScript) script = compile(what, settings, &limits,
		bytes_of(source, source_size), &failure);
	if (failure != NULL) {
		g_propagate_error(error, failure);
		return FALSE;
	}
	return script == NULL ||
		run(script, what, settings, bytes_of(message, size), is_good,
			error);
}
