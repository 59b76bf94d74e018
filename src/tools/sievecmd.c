/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-sievecmd: lists, stores, edits, activates, removes and tries Sieve
 * scripts. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/errors.h"
#include "store/script.h"
#include "store/user.h"
#include "deliver/deliver.h"
#include "deliver/script-check.h"
#include "tools/sieve-edit.h"
#include "tools/sieve-lists.h"
#include "tools/sieve-stored.h"
#include "tools/sieve-try.h"
#include "tools/tool.h"

static const char usage_text[] =
	"usage: dbmail-sievecmd -u USER ACTION [OPTION]...\n"
	"       dbmail-sievecmd -u USER -m MAILBOX [-s NAME] [-x]\n"
	"       dbmail-sievecmd -t SCRIPT MESSAGE [-f SENDER] [-r RECIPIENT]\n"
	"\n"
	"Actions:\n"
	"  -l              list the user's scripts; + is the active one\n"
	"  -i NAME [FILE]  store the script in FILE, or standard input, as "
	"NAME\n"
	"  -a [NAME]       activate a script, and no other; with -i, that one\n"
	"  -d [NAME]       deactivate it, or the one that is active\n"
	"  -c [NAME]       print a script, or the one that is active\n"
	"  -e [NAME]       edit a script, new or old, or the one that is "
	"active,\n"
	"                  with $VISUAL or $EDITOR\n"
	"  -r NAME         remove a script\n"
	"\n"
	"  -L [NAME]       list the user's lists, which scripts ask for by "
	":list,\n"
	"                  or the members of one\n"
	"  -A NAME [VALUE]...\n"
	"                  add members to a list: these, or the lines of "
	"standard input\n"
	"  -R NAME [VALUE]...\n"
	"                  remove these members, or the list\n"
	"\n"
	"  -t SCRIPT       run the script in a file over the message in "
	"another "
	"and\n"
	"                  print what it would do; needs no database\n"
	"\n"
	"  -m MAILBOX      run a script over the messages in this mailbox and "
	"print\n"
	"                  what it would do with which; changes nothing\n"
	"  -s NAME         -m: this script, not the one that is active\n"
	"  -x              -m: do it\n"
	"\n"
	"  -u USER   whose scripts and lists; __public__ has those of all\n"
	"  -y        -i: take the place of a script that is there; -e: also "
	"of one\n"
	"            that was changed meanwhile\n"
	"  -n        not so, as without -y\n"
	"\n" TOOL_OPTIONS_HELP "\n"
	"A script with errors is not stored; each is told as FILE:LINE:COLUMN: "
	"text,\n"
	"and the exit status is 65, or 1 with -t.\n";

/* Of -t: the script is wrong, or failed. */
#define STATUS_BAD_SCRIPT 1

typedef struct {
	Tool tool;
	const char *user_name;
	/* Its letter: l, i, c, e, m, r, t, L, A or R; 0 where only -a or -d. */
	int action;
	gboolean is_on, is_off;
	gboolean replaces;
	gboolean applies;
	const char *script; /* -s's argument */
	const char *name;   /* of the action, or NULL */
	const char *on;     /* -a's argument, or NULL */
	const char *off;    /* -d's */
	const char *f, *r;  /* arguments, whose meaning -t changes */
	const char *try_script;
	const char *file;
	char **values; /* of -A and -R, NULL-terminated */
	User *user;
} SieveCmd;

/* --- the command line -------------------------------------------------------- */

static void set_action(SieveCmd *cmd, int action)
{
	if (cmd->action != 0)
		tool_wrong_usage(&cmd->tool, "one action at a time");
	cmd->action = action;
}

static void take_option(SieveCmd *cmd, int option, int argc, char **argv)
{
	switch (option) {
	case 'u':
		cmd->user_name = optarg;
		return;
	case 'l':
		set_action(cmd, option);
		return;
	case 'i':
	case 'A':
	case 'R':
		set_action(cmd, option);
		cmd->name = optarg;
		return;
	case 'c':
	case 'e':
	case 'L':
		set_action(cmd, option);
		cmd->name = tool_optional_argument(argc, argv);
		return;
	case 'a':
		cmd->is_on = TRUE;
		cmd->on = tool_optional_argument(argc, argv);
		return;
	case 'd':
		cmd->is_off = TRUE;
		cmd->off = tool_optional_argument(argc, argv);
		return;
	case 't':
		set_action(cmd, option);
		cmd->try_script = optarg;
		return;
	case 'm':
		set_action(cmd, option);
		cmd->name = optarg;
		return;
	case 's':
		cmd->script = optarg;
		return;
	case 'x':
		cmd->applies = TRUE;
		return;
	case 'r':
		cmd->r = optarg;
		return;
	case 'f':
		cmd->f = optarg;
		return;
	case 'y':
	case 'n':
		cmd->replaces = option == 'y';
		return;
	default:
		tool_option(&cmd->tool, option, optarg);
	}
}

static void check_usage(SieveCmd *cmd, int argc, char **argv)
{
	const Tool *tool = &cmd->tool;
	gboolean takes_file;

	if (cmd->action != 't' && cmd->action != 'm' && cmd->r != NULL) {
		set_action(cmd, 'r');
		cmd->name = cmd->r;
	}
	takes_file = cmd->action == 'i' || cmd->action == 't';
	if (takes_file && optind < argc)
		cmd->file = argv[optind++];
	if (cmd->action == 'A' || cmd->action == 'R') {
		cmd->values = argv + optind;
		optind = argc;
	}
	if (optind < argc)
		tool_wrong_usage(tool, "there is an argument too many");
	if (cmd->action != 'm' && (cmd->script != NULL || cmd->applies))
		tool_wrong_usage(tool, "-s and -x go with -m");
	if (cmd->action == 't') {
		if (cmd->file == NULL)
			tool_wrong_usage(tool,
				"-t SCRIPT MESSAGE: which "
				"message?");
		if (g_str_equal(cmd->try_script, "-") &&
			g_str_equal(cmd->file, "-"))
			tool_wrong_usage(tool,
				"standard input is the script or the message, "
				"not both");
		if (cmd->user_name != NULL || cmd->is_on || cmd->is_off)
			tool_wrong_usage(tool, "-t knows of no users");
		return;
	}
	cmd->tool.config = cmd->f;
	if (cmd->user_name == NULL)
		tool_wrong_usage(tool, "-u USER says whose scripts");
	if (cmd->action == 0 && cmd->is_on == cmd->is_off)
		tool_wrong_usage(tool,
			"one of -l, -i, -a, -d, -c, -e, -r, -m, -t, -L, -A and "
			"-R");
	if (cmd->action != 0 && cmd->action != 'i' &&
		(cmd->is_on || cmd->is_off))
		tool_wrong_usage(tool, "-a and -d go alone, or with -i");
	if (cmd->is_on && cmd->is_off)
		tool_wrong_usage(tool, "one of -a and -d");
	if (cmd->is_on && cmd->on == NULL && cmd->action != 'i')
		tool_wrong_usage(tool, "-a NAME: which script?");
}

/* --- the actions ------------------------------------------------------------- */

static gboolean list(SieveCmd *cmd, GError **error)
{
	g_autoptr(GPtrArray) scripts = NULL;

	if (!script_list(cmd->tool.store, cmd->user->id, &scripts, error))
		return FALSE;
	if (scripts->len == 0)
		tool_say(&cmd->tool, "No scripts found!");
	else
		tool_say(&cmd->tool, "Found %u script%s:", scripts->len,
			scripts->len == 1 ? "" : "s");
	for (guint i = 0; i < scripts->len; i++) {
		const ScriptInfo *script = g_ptr_array_index(scripts, i);
		printf("  %c %s\n", script->is_active ? '+' : '-',
			script->name);
	}
	return TRUE;
}

/* The user's active script's name; NULL where there is none. */
static gboolean find_active(SieveCmd *cmd, char **name, GError **error)
{
	g_autoptr(GPtrArray) scripts = NULL;

	*name = NULL;
	if (!script_list(cmd->tool.store, cmd->user->id, &scripts, error))
		return FALSE;
	for (guint i = 0; i < scripts->len; i++) {
		const ScriptInfo *script = g_ptr_array_index(scripts, i);
		if (script->is_active)
			*name = g_strdup(script->name);
	}
	return TRUE;
}

static char *normalise(const char *name, GError **error)
{
	return script_name_normalise(bytes_of_string(name), error);
}

static gboolean activate(SieveCmd *cmd, const char *given, GError **error)
{
	g_autofree char *name = normalise(given, error);

	if (name == NULL ||
		!script_activate(cmd->tool.store, cmd->user->id, name, error))
		return FALSE;
	tool_say(&cmd->tool,
		"Script [%s] is now active. All others are inactive.", name);
	return TRUE;
}

static gboolean not_active(const char *name, GError **error)
{
	g_autofree char *text = name != NULL ?
		g_strdup_printf("script [%s] is not active", name) :
		g_strdup("no script is active");

	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, text, "%s", text);
	return FALSE;
}

static gboolean deactivate(SieveCmd *cmd, const char *given, GError **error)
{
	g_autofree char *active = NULL;
	g_autofree char *name = NULL;
	g_autoptr(GError) failure = NULL;

	if (given != NULL) {
		name = normalise(given, error);
		if (name == NULL)
			return FALSE;
	}
	if (!script_deactivate(
		    cmd->tool.store, cmd->user->id, name, &active, &failure)) {
		if (dbmail_error_is(failure, DBMAIL_ERROR_NOT_FOUND))
			return not_active(name, error);
		g_propagate_error(error, g_steal_pointer(&failure));
		return FALSE;
	}
	tool_say(&cmd->tool,
		"Script [%s] is now deactivated. No scripts are currently "
		"active.",
		active);
	return TRUE;
}

static gboolean cat(SieveCmd *cmd, GError **error)
{
	g_autofree char *name = NULL;
	g_autofree char *source = NULL;
	gsize size;

	if (cmd->name != NULL) {
		name = normalise(cmd->name, error);
		if (name == NULL)
			return FALSE;
	}
	if (!script_get(cmd->tool.store, cmd->user->id, name, &source, &size,
		    error))
		return FALSE;
	if (fwrite(source, 1, size, stdout) != size || fflush(stdout) != 0)
		return tool_io_failed("standard output", error);
	return TRUE;
}

static gboolean edit(SieveCmd *cmd, GError **error)
{
	g_autofree char *name = NULL;

	if (cmd->name != NULL) {
		name = normalise(cmd->name, error);
		if (name == NULL)
			return FALSE;
	} else if (!find_active(cmd, &name, error)) {
		return FALSE;
	}
	if (name == NULL)
		return not_active(NULL, error);
	const SieveEdit what = {
		.tool = &cmd->tool,
		.user = cmd->user->id,
		.name = name,
		.replaces = cmd->replaces,
	};
	return sieve_edit(&what, error);
}

static gboolean remove_script(SieveCmd *cmd, GError **error)
{
	g_autofree char *name = normalise(cmd->name, error);

	/* The store keeps an active script; an administrator who asks for it to
	 * be removed wants none to be active. */
	if (name == NULL ||
		!script_delete(
			cmd->tool.store, cmd->user->id, name, TRUE, error))
		return FALSE;
	tool_say(&cmd->tool, "Script [%s] deleted.", name);
	return TRUE;
}

/* --- storing one ------------------------------------------------------------- */

/* TRUE where there is one of that name. */
static gboolean look_up(SieveCmd *cmd, const char *name, gboolean *exists,
	gboolean *is_active, GError **error)
{
	g_autoptr(GPtrArray) scripts = NULL;

	*exists = *is_active = FALSE;
	if (!script_list(cmd->tool.store, cmd->user->id, &scripts, error))
		return FALSE;
	for (guint i = 0; i < scripts->len; i++) {
		const ScriptInfo *script = g_ptr_array_index(scripts, i);
		if (g_str_equal(script->name, name)) {
			*exists = TRUE;
			*is_active = script->is_active;
		}
	}
	if (!*exists || cmd->replaces)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_EXISTS,
		"a script by that name exists; -y replaces it", "%s", name);
	return FALSE;
}

static gboolean check_source(
	const SieveCmd *cmd, const char *name, Bytes source, GError **error)
{
	g_autoptr(GPtrArray) errors = NULL;
	const char *file = cmd->file;

	if (file == NULL || g_str_equal(file, "-"))
		file = "standard input";
	if (source.size == 0) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"the script is empty and was not stored", "%s", file);
		return FALSE;
	}
	gboolean is_good =
		script_check(cmd->tool.settings, name, source, &errors);
	sieve_try_say(errors, name, file);
	if (!is_good)
		/* Each has named the file. */
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"the script has errors and was not stored",
			"the script has errors and was not stored");
	return is_good;
}

static gboolean insert(SieveCmd *cmd, GError **error)
{
	const Settings *settings = cmd->tool.settings;
	g_autofree char *name = normalise(cmd->name, error);
	g_autofree char *data = NULL;
	gboolean exists, is_active;
	gsize size;

	if (name == NULL || !look_up(cmd, name, &exists, &is_active, error) ||
		!sieve_try_read(cmd->file != NULL ? cmd->file : "-",
			(gsize)settings->SIEVE_max_script_size, &data, &size,
			error))
		return FALSE;
	Bytes source = bytes_of(data, size);
	ScriptLimits limits = script_space(settings);
	if (!check_source(cmd, name, source, error) ||
		!script_put(cmd->tool.store, cmd->user->id, name, source,
			&limits, error))
		return FALSE;
	if (exists)
		tool_say(&cmd->tool,
			"Script [%s] successfully updated and remains %s!",
			name, is_active ? "active" : "inactive");
	else
		tool_say(&cmd->tool,
			"Script [%s] successfully inserted and marked "
			"inactive!",
			name);
	return TRUE;
}

static gboolean act(SieveCmd *cmd, GError **error)
{
	switch (cmd->action) {
	case 'l':
		return list(cmd, error);
	case 'c':
		return cat(cmd, error);
	case 'e':
		return edit(cmd, error);
	case 'r':
		return remove_script(cmd, error);
	case 'm':
		return sieve_stored(&cmd->tool,
			&(SieveStored){ .user = cmd->user->id,
				.mailbox = cmd->name,
				.script = cmd->script,
				.recipient = cmd->r,
				.applies = cmd->applies },
			error);
	case 'L':
		return sieve_lists_print(
			&cmd->tool, cmd->user->id, cmd->name, error);
	case 'A':
		return sieve_lists_add(&cmd->tool, cmd->user->id, cmd->name,
			cmd->values, error);
	case 'R':
		return sieve_lists_remove(&cmd->tool, cmd->user->id, cmd->name,
			cmd->values, error);
	case 'i':
		if (!insert(cmd, error))
			return FALSE;
		break;
	}
	if (cmd->is_on)
		return activate(
			cmd, cmd->on != NULL ? cmd->on : cmd->name, error);
	return !cmd->is_off ||
		deactivate(cmd, cmd->off != NULL ? cmd->off : cmd->name, error);
}

static int manage(SieveCmd *cmd)
{
	g_autoptr(GError) error = NULL;
	Tool *tool = &cmd->tool;

	if (!tool_open(tool, STORE_PLAIN, &error) ||
		!user_get(tool->store, cmd->user_name, &cmd->user, &error) ||
		!act(cmd, &error))
		return tool_fail(tool, &error);
	return EX_OK;
}

/* --- trying one -------------------------------------------------------------- */

/* The machine's settings where it has any: a script is tried with the bounds it
 * would have. */
static gboolean read_settings(Tool *tool, GError **error)
{
	if (g_file_test(settings_path(NULL), G_FILE_TEST_EXISTS))
		return tool_read_settings(tool, error);
	tool->settings = settings_parse("", "", 0, error);
	return tool->settings != NULL;
}

static int try_out(SieveCmd *cmd)
{
	g_autoptr(GError) error = NULL;
	SieveTry what = { .script = cmd->try_script,
		.message = cmd->file,
		.sender = cmd->f,
		.recipient = cmd->r };
	gboolean is_good;

	if (!read_settings(&cmd->tool, &error) ||
		!sieve_try(&what, cmd->tool.settings, &is_good, &error))
		return tool_fail(&cmd->tool, &error);
	return is_good ? EX_OK : STATUS_BAD_SCRIPT;
}

/* What was asked for and could not be written is no success. */
static int check_output(const Tool *tool, int status)
{
	GError *error = NULL;

	if (status != EX_OK || (fflush(stdout) == 0 && !ferror(stdout)))
		return status;
	(void)tool_io_failed("standard output", &error);
	return tool_fail(tool, &error);
}

int main(int argc, char **argv)
{
	SieveCmd cmd = { .tool = {
				 .name = "dbmail-sievecmd",
				 .usage = usage_text,
				 .check = deliver_settings_check,
			 } };
	int option;

	while ((option = tool_getopt(argc, argv,
			TOOL_OPTIONS "u:li:a::d::c::e::r:t:ynm:s:xL::A:R:")) !=
		-1)
		take_option(&cmd, option, argc, argv);
	check_usage(&cmd, argc, argv);
	int status = check_output(
		&cmd.tool, cmd.action == 't' ? try_out(&cmd) : manage(&cmd));
	user_free(&cmd.user);
	tool_close(&cmd.tool);
	return status;
}
