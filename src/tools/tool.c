/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line tools have in common. */
#include "tools/tool.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/log.h"

#define PROGRESS_EVERY (G_USEC_PER_SEC / 10)

/* Exit statuses, for scripts and MTAs. */
static const struct {
	DbmailErrorCode code;
	int status;
} statuses[] = {
	{ DBMAIL_ERROR_NOT_FOUND, EX_NOUSER },
	{ DBMAIL_ERROR_EXISTS, EX_CANTCREAT },
	{ DBMAIL_ERROR_NO_PERMISSION, EX_NOPERM },
	{ DBMAIL_ERROR_AUTH_FAILED, EX_NOPERM },
	{ DBMAIL_ERROR_OVER_QUOTA, EX_CANTCREAT },
	{ DBMAIL_ERROR_LIMIT, EX_DATAERR },
	{ DBMAIL_ERROR_INVALID, EX_DATAERR },
	{ DBMAIL_ERROR_IN_USE, EX_TEMPFAIL },
	{ DBMAIL_ERROR_TEMPORARY, EX_TEMPFAIL },
	{ DBMAIL_ERROR_CLOSED, EX_IOERR },
	{ DBMAIL_ERROR_UNSUPPORTED, EX_UNAVAILABLE },
	{ DBMAIL_ERROR_INTERNAL, EX_SOFTWARE },
};

void tool_wrong_usage(const Tool *tool, const char *why)
{
	fprintf(stderr, "%s: %s\n%s -h tells how to use it\n", tool->name, why,
		tool->name);
	exit(EX_USAGE);
}

int tool_getopt(int argc, char **argv, const char *letters)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};

	return getopt_long(argc, argv, letters, long_options, NULL);
}

const char *tool_optional_argument(int argc, char **argv)
{
	if (optarg != NULL)
		return optarg;
	if (optind < argc &&
		(argv[optind][0] != '-' || argv[optind][1] == '\0'))
		return argv[optind++];
	return NULL;
}

void tool_option(Tool *tool, int option, const char *argument)
{
	switch (option) {
	case 'f':
		tool->config = argument;
		return;
	case 'v':
		tool->louder++;
		return;
	case 'q':
		tool->is_quiet = TRUE;
		return;
	case 'V':
		printf("%s %s\n", tool->name, PACKAGE_VERSION);
		exit(EX_OK);
	case 'h':
		fputs(tool->usage, stdout);
		exit(EX_OK);
	default:
		/* getopt() has said what it did not like. */
		fprintf(stderr, "%s -h tells how to use it\n", tool->name);
		exit(EX_USAGE);
	}
}

gboolean tool_read_settings(Tool *tool, GError **error)
{
	/* A tool's own lines are its results; the log is for what it meets. */
	LogLevel level = tool->is_quiet ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
	level = MIN((int)level + tool->louder, LOG_LEVEL_DEBUG);
	log_open(tool->name, LOG_TO_STDERR, LOG_FORMAT_KEY_VALUE, level);
	tool->settings = settings_load(settings_path(tool->config), error);
	if (tool->settings != NULL && tool->check != NULL &&
		!tool->check(tool->settings, error))
		settings_free(&tool->settings);
	return tool->settings != NULL;
}

gboolean tool_open(Tool *tool, StoreFlags flags, GError **error)
{
	if (!tool_read_settings(tool, error))
		return FALSE;
	tool->store = store_open(tool->settings, tool->name, flags, error);
	return tool->store != NULL;
}

void tool_close(Tool *tool)
{
	store_close(&tool->store);
	settings_free(&tool->settings);
}

int tool_fail(const Tool *tool, GError **error)
{
	int status = EX_SOFTWARE;
	DbmailErrorCode code = dbmail_error_code(*error);

	tool_progress_end(tool);
	for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
		if (statuses[i].code == code)
			status = statuses[i].status;
	}
	if (tool->settings == NULL)
		status = EX_CONFIG;
	fprintf(stderr, "%s: %s\n", tool->name, (*error)->message);
	const char *detail = dbmail_error_detail(*error);
	if (!g_str_equal(detail, (*error)->message))
		fprintf(stderr, "%s: (%s)\n", tool->name, detail);
	g_clear_error(error);
	return status;
}

gboolean tool_io_failed(const char *path, GError **error)
{
	g_autofree char *text =
		g_strdup_printf("%s: %s", path, g_strerror(errno));

	dbmail_error_set(error, DBMAIL_ERROR_CLOSED, text, "%s", text);
	return FALSE;
}

void tool_say(const Tool *tool, const char *format, ...)
{
	va_list args;

	if (tool->is_quiet)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

void tool_progress(const Tool *tool, const char *format, ...)
{
	static gint64 last;
	gint64 now = g_get_monotonic_time();
	va_list args;

	if (tool->is_quiet || now - last < PROGRESS_EVERY ||
		!isatty(STDERR_FILENO))
		return;
	last = now;
	va_start(args, format);
	fputc('\r', stderr);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\033[K", stderr);
	fflush(stderr);
}

void tool_progress_end(const Tool *tool)
{
	if (!tool->is_quiet && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}
