/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's Sieve script in the editor of the one at the terminal. */
#include "tools/sieve-edit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.h"
#include "store/script.h"
#include "deliver/script-check.h"
#include "tools/sieve-try.h"

/* What was there before, and the file it is edited in. */
typedef struct {
	gboolean exists;
	char *source; /* "" where there is none */
	gsize size;
	char *folder;
	char *file;
	char *edited;
	gsize edited_size;
} Edit;

static gboolean read_source(const SieveEdit *what, char **source, gsize *size,
	gboolean *exists, GError **error)
{
	g_autoptr(GError) failure = NULL;

	*exists = script_get(what->tool->store, what->user, what->name, source,
		size, &failure);
	if (*exists)
		return TRUE;
	if (dbmail_error_is(failure, DBMAIL_ERROR_NOT_FOUND)) {
		*source = g_strdup("");
		*size = 0;
		return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(&failure));
	return FALSE;
}

/* --- the file ------------------------------------------------------------------ */

static gboolean write_file(Edit *edit, GError **error)
{
	edit->folder = g_dir_make_tmp("dbmail-sieve-XXXXXX", NULL);
	if (edit->folder == NULL)
		return tool_io_failed(g_get_tmp_dir(), error);
	edit->file = g_build_filename(edit->folder, "script.sieve", NULL);
	int fd =
		open(edit->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL)
		return tool_io_failed(edit->file, error);
	gboolean ok = fwrite(edit->source, 1, edit->size, file) == edit->size;
	ok &= fclose(file) == 0;
	return ok || tool_io_failed(edit->file, error);
}

static void edit_clear(Edit *edit)
{
	if (edit->file != NULL)
		unlink(edit->file);
	if (edit->folder != NULL)
		rmdir(edit->folder);
	g_free(edit->source);
	g_free(edit->folder);
	g_free(edit->file);
	g_free(edit->edited);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Edit, edit_clear)

/* The error, which says where the text is; it is not removed then. */
static gboolean keep_file(
	Edit *edit, DbmailErrorCode code, const char *why, GError **error)
{
	g_autofree char *text = g_strdup_printf(
		"%s; nothing was stored, what was edited is in %s", why,
		edit->file);

	dbmail_error_set(error, code, text, "%s", text);
	g_clear_pointer(&edit->file, g_free);
	g_clear_pointer(&edit->folder, g_free);
	return FALSE;
}

/* --- the editor ------------------------------------------------------------------ */

static const char *editor(void)
{
	static const char *const names[] = { "VISUAL", "EDITOR" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = g_getenv(names[i]);
		if (value != NULL && value[0] != '\0')
			return value;
	}
	return "vi";
}

/* Between fork and exec: the editor has its signals. */
static void own_signals(gpointer data G_GNUC_UNUSED)
{
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
}

/* The editor's words, which may be options and quoted, and the file. */
static char **command_of(const char *file, GError **error)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	g_auto(GStrv) own = NULL;

	if (!g_shell_parse_argv(editor(), NULL, &own, error))
		return NULL;
	g_strv_builder_addv(words, (const char **)own);
	g_strv_builder_add(words, file);
	return g_strv_builder_end(words);
}

/* By no shell in between, which Control-C would end. */
static gboolean spawn(const char *file, int *status, GError **error)
{
	g_auto(GStrv) command = command_of(file, error);

	return command != NULL &&
		g_spawn_sync(NULL, command, NULL,
			G_SPAWN_CHILD_INHERITS_STDIN | G_SPAWN_SEARCH_PATH,
			own_signals, NULL, NULL, NULL, status, error);
}

/* What is typed at the terminal meanwhile is the editor's, Control-C too. */
static gboolean run_editor(const char *file, GError **error)
{
	struct sigaction ignored = { .sa_handler = SIG_IGN };
	struct sigaction interrupt, quit;
	g_autoptr(GError) failure = NULL;
	int status = 0;

	sigaction(SIGINT, &ignored, &interrupt);
	sigaction(SIGQUIT, &ignored, &quit);
	gboolean ok = spawn(file, &status, &failure);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	if (ok && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return TRUE;
	g_autofree char *text = ok ?
		g_strdup_printf("the editor (%s) failed", editor()) :
		g_strdup_printf("the editor (%s) cannot be run: %s", editor(),
			failure->message);
	dbmail_error_set(error, DBMAIL_ERROR_CLOSED, text, "status %d", status);
	return FALSE;
}

/* --- what came of it ---------------------------------------------------------------- */

static gboolean wants_more(void)
{
	char answer[8];

	if (!isatty(STDIN_FILENO))
		return FALSE;
	fputs("Go on editing? [Y/n] ", stderr);
	fflush(stderr);
	return fgets(answer, sizeof(answer), stdin) != NULL &&
		answer[0] != 'n' && answer[0] != 'N';
}

static gboolean is_changed(const Edit *edit)
{
	return !bytes_equal(bytes_of(edit->source, edit->size),
		bytes_of(edit->edited, edit->edited_size));
}

/* Until it is good, as it was, or enough. */
static gboolean edit_until_good(
	const SieveEdit *what, Edit *edit, gboolean *is_good, GError **error)
{
	const Settings *settings = what->tool->settings;
	g_autoptr(GError) failure = NULL;

	do {
		g_autoptr(GPtrArray) errors = NULL;
		g_clear_pointer(&edit->edited, g_free);
		if (!run_editor(edit->file, &failure) ||
			!sieve_try_read(edit->file,
				(gsize)settings->SIEVE_max_script_size,
				&edit->edited, &edit->edited_size, &failure))
			return keep_file(edit, dbmail_error_code(failure),
				failure->message, error);
		if (!is_changed(edit)) {
			*is_good = TRUE;
			return TRUE;
		}
		*is_good = edit->edited_size > 0 &&
			script_check(settings, what->name,
				bytes_of(edit->edited, edit->edited_size),
				&errors);
		if (edit->edited_size > 0)
			sieve_try_say(errors, what->name, edit->file);
	} while (!*is_good && wants_more());
	return TRUE;
}

/* Somebody else may have changed it while it was edited. */
static gboolean is_as_it_was(
	const SieveEdit *what, const Edit *edit, gboolean *is, GError **error)
{
	g_autofree char *now = NULL;
	gboolean exists;
	gsize size;

	if (!read_source(what, &now, &size, &exists, error))
		return FALSE;
	*is = exists == edit->exists &&
		bytes_equal(bytes_of(now, size),
			bytes_of(edit->source, edit->size));
	return TRUE;
}

static gboolean store(const SieveEdit *what, Edit *edit, GError **error)
{
	ScriptLimits limits = script_space(what->tool->settings);
	g_autoptr(GError) failure = NULL;
	gboolean is = TRUE;

	if (!what->replaces && !is_as_it_was(what, edit, &is, &failure))
		return keep_file(edit, dbmail_error_code(failure),
			failure->message, error);
	if (!is)
		return keep_file(edit, DBMAIL_ERROR_EXISTS,
			"the script was changed by another meanwhile (-y "
			"replaces it)",
			error);
	if (!script_put(what->tool->store, what->user, what->name,
		    bytes_of(edit->edited, edit->edited_size), &limits,
		    &failure))
		return keep_file(edit, dbmail_error_code(failure),
			failure->message, error);
	tool_say(what->tool, "Script [%s] successfully %s!", what->name,
		edit->exists ? "updated" : "inserted and marked inactive");
	return TRUE;
}

gboolean sieve_edit(const SieveEdit *what, GError **error)
{
	g_auto(Edit) edit = { .file = NULL };
	gboolean is_good = FALSE;

	if (!read_source(what, &edit.source, &edit.size, &edit.exists, error) ||
		!write_file(&edit, error) ||
		!edit_until_good(what, &edit, &is_good, error))
		return FALSE;
	if (!is_good)
		return keep_file(&edit, DBMAIL_ERROR_INVALID,
			edit.edited_size > 0 ? "the script has errors" :
					       "the script is empty",
			error);
	if (!is_changed(&edit)) {
		tool_say(
			what->tool, "Script [%s] was not changed.", what->name);
		return TRUE;
	}
	return store(what, &edit, error);
}
