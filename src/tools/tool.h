/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line tools have in common. */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include <glib.h>

#include "base/settings.h"
#include "store/store.h"

/* Options every tool has, for its getopt() string: -f FILE configuration, -v
 * log more (repeat), -q say nothing but errors, -V version, -h help. */
#define TOOL_OPTIONS "f:vqVh"
#define TOOL_OPTIONS_HELP \
	"  -f FILE   configuration (default: $DBMAIL_CONF, then " SYSCONFDIR \
	"/dbmail.conf)\n" \
	"  -v        log more; repeat for still more\n" \
	"  -q        say nothing but errors\n" \
	"  -V        version\n" \
	"  -h        this help\n"

/* A running tool. */
typedef struct {
	const char *name;
	const char *usage; /* whole help text */
	/* What the settings must hold for it beside what their table says, or
	 * NULL. */
	gboolean (*check)(const Settings *settings, GError **error);
	const char *config;
	int louder;
	gboolean is_quiet;
	Settings *settings; /* after tool_open() or tool_read_settings() */
	Store *store;       /* after tool_open() */
} Tool;

/* getopt() with --help for -h and --version for -V. */
int tool_getopt(int argc, char **argv, const char *letters);

/* The argument of an option that may go without ("W::"): "-W FILE" as well as
 * "-WFILE", "-" too; NULL for "-W" alone.  Right behind tool_getopt(). */
const char *tool_optional_argument(int argc, char **argv);

/* Takes one of TOOL_OPTIONS; ends the process for -V and -h, and with
 * EX_USAGE for an option getopt() did not know. */
void tool_option(Tool *tool, int option, const char *argument);

/* Ends the process with EX_USAGE and a hint. */
G_NORETURN void tool_wrong_usage(const Tool *tool, const char *why);

/* Reads the configuration and opens the log on standard error. */
gboolean tool_read_settings(Tool *tool, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The same, and opens the store. */
gboolean tool_open(Tool *tool, StoreFlags flags, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

void tool_close(Tool *tool);

/* Says the error on standard error, frees it, and gives the exit status of
 * <sysexits.h> that stands for it. */
int tool_fail(const Tool *tool, GError **error);

/* FALSE, with the error that errno tells of the file: CLOSED, whatever it is,
 * since NOT_FOUND is for users and mailboxes. */
gboolean tool_io_failed(const char *path, GError **error);

/* A line for the person at the terminal on standard output; not with -q. */
void tool_say(const Tool *tool, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A line that overwrites the one before, on standard error, where that is a
 * terminal and -q was not given; at most ten times a second. */
void tool_progress(const Tool *tool, const char *format, ...)
	G_GNUC_PRINTF(2, 3);
/* Ends the line of tool_progress(). */
void tool_progress_end(const Tool *tool);

#endif
