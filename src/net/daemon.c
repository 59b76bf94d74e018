/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the main of every daemon has in common. */
#include "net/daemon.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/log.h"
#include "net/notify.h"
#include "net/tls.h"

/* glibc gives every few threads a heap of their own, and what lies free in one
 * is of no use to the others; so many are enough. */
#define HEAPS 4
/* How often STATUS is brought up to date, in seconds. */
#define STATUS_EVERY 10
/* Descriptors that are not a client's: database, log, listeners. */
#define SPARE_DESCRIPTORS 64

typedef enum {
	ACTION_RUN,
	ACTION_DUMP,
	ACTION_VERSION,
	ACTION_HELP,
	ACTION_WRONG,
} Action;

typedef struct {
	Action action;
	const char *config;
	const char *pid_file;
	int louder; /* -v counts up, -q takes all but errors away */
	gboolean is_quiet;
} Options;

typedef struct {
	const DaemonSpec *spec;
	Options options;
	GPtrArray *all_settings; /* sessions may still use the older ones */
	const Settings *settings;
	Server *server;
	gpointer state;
} Daemon;

/* --- the command line ------------------------------------------------------ */

static const char usage_text[] =
	"  -f FILE        configuration (default: $DBMAIL_CONF, then %s)\n"
	"  -v             log more; repeat for still more\n"
	"  -q             log errors only\n"
	"  -n             stay in the foreground (it always does)\n"
	"  -p FILE        write the process id to FILE\n"
	"  --dump-config  print every setting with its value and end\n"
	"  -V, --version  print the version and end\n"
	"  -h, --help     print this and end\n";

static Options options_read(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "dump-config", no_argument, NULL, 'D' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct {
		int letter;
		Action action;
	} actions[] = {
		{ 'D', ACTION_DUMP },
		{ 'V', ACTION_VERSION },
		{ 'h', ACTION_HELP },
		{ '?', ACTION_WRONG },
	};
	Options options = { .action = ACTION_RUN };
	int letter;

	while ((letter = getopt_long(
			argc, argv, "f:vqnp:Vh", long_options, NULL)) != -1) {
		if (letter == 'f')
			options.config = optarg;
		else if (letter == 'p')
			options.pid_file = optarg;
		else if (letter == 'v')
			options.louder++;
		else if (letter == 'q')
			options.is_quiet = TRUE;
		for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
			if (actions[i].letter == letter)
				options.action = actions[i].action;
		}
		if (options.action == ACTION_WRONG)
			return options;
	}
	if (optind < argc)
		options.action = ACTION_WRONG;
	return options;
}

static void print_usage(const DaemonSpec *spec, FILE *out)
{
	fprintf(out, "%s - %s\nusage: %s [options]\n", spec->name,
		spec->summary, spec->name);
	fprintf(out, usage_text, SYSCONFDIR "/dbmail.conf");
}

/* --- starting ---------------------------------------------------------------- */

/* Writes the reason for people, on standard error, wherever the log goes. */
static int die(const DaemonSpec *spec, int status, const GError *error)
{
	const char *detail = dbmail_error_detail(error);

	fprintf(stderr, "%s: %s\n", spec->name, error->message);
	if (strstr(error->message, detail) == NULL)
		fprintf(stderr, "%s: (%s)\n", spec->name, detail);
	return status;
}

static int exit_status(const GError *error)
{
	static const struct {
		DbmailErrorCode code;
		int status;
	} statuses[] = {
		{ DBMAIL_ERROR_INVALID, EX_CONFIG },
		{ DBMAIL_ERROR_LIMIT, EX_CONFIG },
		{ DBMAIL_ERROR_NOT_FOUND, EX_CONFIG },
		{ DBMAIL_ERROR_TEMPORARY, EX_TEMPFAIL },
		{ DBMAIL_ERROR_NO_PERMISSION, EX_NOPERM },
		{ DBMAIL_ERROR_INTERNAL, EX_SOFTWARE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
		if (dbmail_error_is(error, statuses[i].code))
			return statuses[i].status;
	}
	return EX_UNAVAILABLE;
}

static void open_log(const Daemon *daemon, const Settings *settings)
{
	static const char *const levels[] = { "error", "warning", "notice",
		"info", "debug" };
	int level = LOG_LEVEL_NOTICE;

	for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
		if (g_str_equal(settings->DBMAIL_log_level, levels[i]))
			level = (int)i;
	}
	level = daemon->options.is_quiet ? (int)LOG_LEVEL_ERROR :
					   level + daemon->options.louder;
	log_open(daemon->spec->name,
		g_str_equal(settings->DBMAIL_log_target, "syslog") ?
			LOG_TO_SYSLOG :
			LOG_TO_STDERR,
		g_str_equal(settings->DBMAIL_log_format, "json") ?
			LOG_FORMAT_JSON :
			LOG_FORMAT_KEY_VALUE,
		(LogLevel)MIN(level, (int)LOG_LEVEL_DEBUG));
}

/* What is at work: connections, or what a daemon without sockets counts. */
static guint count_work(const Daemon *daemon)
{
	return daemon->server != NULL ?
		server_connection_count(daemon->server) :
		daemon->spec->busy(daemon->state);
}

static const char *name_work(const Daemon *daemon)
{
	return daemon->spec->work != NULL ? daemon->spec->work : "connections";
}

/* One descriptor per connection, as many as the system lets us have. */
static void raise_limits(const DaemonSettings *settings)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 &&
		limit.rlim_cur != RLIM_INFINITY &&
		(gint64)limit.rlim_cur <
			settings->max_connections + SPARE_DESCRIPTORS)
		log_event(LOG_LEVEL_WARNING, NULL, "few-descriptors",
			LOG_NUMBER("limit", limit.rlim_cur),
			LOG_NUMBER(
				"max_connections", settings->max_connections));
}

static gboolean privileges_wrong(
	const char *setting, const char *value, const char *why, GError **error)
{
	g_autofree char *text =
		g_strdup_printf("[DBMAIL] %s = %s: %s", setting, value, why);

	dbmail_error_set(error, DBMAIL_ERROR_INVALID, text, "%s", text);
	return FALSE;
}

/* Real, effective and saved ids, so that there is no way back. */
static gboolean become(uid_t uid, gid_t gid, const char *name, GError **error)
{
	if (initgroups(name, gid) != 0 || setresgid(gid, gid, gid) != 0 ||
		setresuid(uid, uid, uid) != 0)
		return privileges_wrong(
			"effective_user", name, g_strerror(errno), error);
	if (uid != 0 && setuid(0) == 0)
		return privileges_wrong("effective_user", name,
			"root could be regained", error);
	return TRUE;
}

static gboolean drop_privileges(const Settings *settings, GError **error)
{
	const char *user = settings->DBMAIL_effective_user;
	const char *group = settings->DBMAIL_effective_group;

	if (getuid() != 0 || user[0] == '\0')
		return TRUE;
	const struct passwd *account = getpwnam(user);
	if (account == NULL)
		return privileges_wrong(
			"effective_user", user, "no such user", error);
	gid_t gid = account->pw_gid;
	if (group[0] != '\0') {
		const struct group *entry = getgrnam(group);
		if (entry == NULL)
			return privileges_wrong("effective_group", group,
				"no such group", error);
		gid = entry->gr_gid;
	}
	return become(account->pw_uid, gid, user, error);
}

static gboolean write_pid_file(const char *path, GError **error)
{
	g_autofree char *pid = g_strdup_printf("%d\n", (int)getpid());
	g_autoptr(GError) failed = NULL;

	if (path == NULL || g_file_set_contents(path, pid, -1, &failed))
		return TRUE;
	g_autofree char *text = g_strdup_printf(
		"cannot write the pid file: %s", failed->message);
	dbmail_error_set(error, DBMAIL_ERROR_NO_PERMISSION, text, "%s", text);
	return FALSE;
}

static void log_listening(const char *where, gboolean is_tls, gpointer data)
{
	(void)data;
	log_event(LOG_LEVEL_NOTICE, NULL, "listening",
		LOG_STRING("address", where),
		LOG_STRING("tls", is_tls ? "at once" : NULL));
}

static gboolean load_tls(
	Daemon *daemon, const DaemonSettings *settings, GError **error)
{
	g_autoptr(TlsContext) tls = NULL;

	if (!tls_context_new(settings, &tls, error))
		return FALSE;
	server_set_tls(daemon->server, tls);
	return TRUE;
}

static gboolean bind_sockets(Daemon *daemon, GError **error)
{
	const DaemonSpec *spec = daemon->spec;
	DaemonSettings own = settings_daemon(daemon->settings, spec->section);

	raise_limits(&own);
	daemon->server = server_new(&own, spec->refusal, spec->serve, NULL);
	return load_tls(daemon, &own, error) &&
		server_listen(daemon->server, &own, error);
}

static gboolean start(Daemon *daemon, GError **error)
{
	const DaemonSpec *spec = daemon->spec;

	mallopt(M_ARENA_MAX, HEAPS);
	if ((spec->serve != NULL && !bind_sockets(daemon, error)) ||
		!write_pid_file(daemon->options.pid_file, error) ||
		!drop_privileges(daemon->settings, error))
		return FALSE;
	daemon->state = spec->start(daemon->settings, error);
	if (daemon->state == NULL)
		return FALSE;
	if (daemon->server == NULL) {
		log_event(LOG_LEVEL_NOTICE, NULL, "working");
		return TRUE;
	}
	server_set_state(daemon->server, daemon->state);
	server_each_listener(daemon->server, log_listening, NULL);
	return server_start(daemon->server, error);
}

/* --- running ----------------------------------------------------------------- */

/* The daemon's own part, and with it what its server goes by. */
static gboolean reload_state(
	Daemon *daemon, const Settings *fresh, GError **error)
{
	const DaemonSpec *spec = daemon->spec;
	g_autoptr(TlsContext) tls = NULL;

	if (daemon->server == NULL)
		return spec->reload == NULL ||
			spec->reload(daemon->state, fresh, error);
	DaemonSettings own = settings_daemon(fresh, spec->section);
	if (!tls_context_new(&own, &tls, error) ||
		(spec->reload != NULL &&
			!spec->reload(daemon->state, fresh, error)))
		return FALSE;
	server_set_tls(daemon->server, tls);
	server_set_limits(daemon->server, &own);
	return TRUE;
}

/* Nothing changes unless all of the new file is good. */
static gboolean reload(Daemon *daemon, GError **error)
{
	g_autoptr(Settings) fresh =
		settings_load(settings_path(daemon->options.config), error);

	if (fresh == NULL || !reload_state(daemon, fresh, error))
		return FALSE;
	open_log(daemon, fresh);
	daemon->settings = fresh;
	g_ptr_array_add(daemon->all_settings, g_steal_pointer(&fresh));
	return TRUE;
}

static void on_hangup(Daemon *daemon)
{
	g_autoptr(GError) error = NULL;

	notify_send("RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT,
		g_get_monotonic_time());
	if (reload(daemon, &error))
		log_event(LOG_LEVEL_NOTICE, NULL, "reloaded");
	else
		log_event(LOG_LEVEL_ERROR, NULL, "reload-failed",
			LOG_GERROR(error));
	notify_send("READY=1");
}

static sigset_t our_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

static void wait_for_end(Daemon *daemon)
{
	const struct timespec every = { .tv_sec = STATUS_EVERY };
	gboolean is_watched = g_getenv("NOTIFY_SOCKET") != NULL;
	sigset_t signals = our_signals();
	guint shown = 0;

	for (;;) {
		int got = is_watched ? sigtimedwait(&signals, NULL, &every) :
				       sigwaitinfo(&signals, NULL);
		if (got == SIGTERM || got == SIGINT)
			return;
		if (got == SIGHUP)
			on_hangup(daemon);
		guint count = count_work(daemon);
		if (is_watched && count != shown)
			notify_send("STATUS=%u %s", count, name_work(daemon));
		shown = count;
	}
}

static gboolean stop(Daemon *daemon)
{
	guint drain = (guint)daemon->settings->DBMAIL_drain_timeout;

	log_event(LOG_LEVEL_NOTICE, NULL, "stopping",
		LOG_NUMBER(name_work(daemon), count_work(daemon)));
	notify_send("STOPPING=1\nSTATUS=finishing %s", name_work(daemon));
	gboolean ended = daemon->server != NULL ?
		server_stop(daemon->server, drain) :
		daemon->spec->drain(daemon->state, drain);
	if (!ended)
		log_event(LOG_LEVEL_WARNING, NULL, "work-left",
			LOG_NUMBER(name_work(daemon), count_work(daemon)));
	if (daemon->options.pid_file != NULL)
		unlink(daemon->options.pid_file);
	log_event(LOG_LEVEL_NOTICE, NULL, "stopped");
	return ended;
}

static void settings_destroy(gpointer data)
{
	Settings *settings = data;

	settings_free(&settings);
}

static int run(Daemon *daemon)
{
	g_autoptr(GError) error = NULL;
	sigset_t signals = our_signals();

	/* Blocked before any thread is made, so that every thread inherits it
	 * and the main thread alone takes them. */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (!start(daemon, &error)) {
		notify_send("STATUS=%s", error->message);
		if (daemon->state != NULL)
			daemon->spec->stop(daemon->state);
		server_free(&daemon->server);
		return die(daemon->spec, exit_status(error), error);
	}
	notify_send("READY=1\nSTATUS=0 %s", name_work(daemon));
	wait_for_end(daemon);
	/* Sessions that do not end may still use everything. */
	if (!stop(daemon))
		_exit(EX_OK);
	daemon->spec->stop(daemon->state);
	server_free(&daemon->server);
	return EX_OK;
}

/* To write a first configuration nobody needs to have one. */
static Settings *load_settings(const Options *options, GError **error)
{
	const char *path = settings_path(options->config);

	if (options->action == ACTION_DUMP && options->config == NULL &&
		!g_file_test(path, G_FILE_TEST_EXISTS))
		return settings_parse(path, "", 0, error);
	return settings_load(path, error);
}

static int configure_and_run(Daemon *daemon)
{
	g_autoptr(GError) error = NULL;
	Settings *settings = load_settings(&daemon->options, &error);

	if (settings == NULL)
		return die(daemon->spec, EX_CONFIG, error);
	g_ptr_array_add(daemon->all_settings, settings);
	daemon->settings = settings;
	if (daemon->options.action == ACTION_DUMP) {
		settings_dump(settings, stdout);
		return EX_OK;
	}
	open_log(daemon, settings);
	return run(daemon);
}

int daemon_main(const DaemonSpec *spec, int argc, char **argv)
{
	Daemon daemon = { .spec = spec, .options = options_read(argc, argv) };

	switch (daemon.options.action) {
	case ACTION_VERSION:
		printf("%s %s\n", spec->name, PACKAGE_VERSION);
		return EX_OK;
	case ACTION_HELP:
		print_usage(spec, stdout);
		return EX_OK;
	case ACTION_WRONG:
		print_usage(spec, stderr);
		return EX_USAGE;
	case ACTION_DUMP:
	case ACTION_RUN:
		break;
	}
	daemon.all_settings = g_ptr_array_new_with_free_func(settings_destroy);
	int status = configure_and_run(&daemon);
	g_ptr_array_unref(daemon.all_settings);
	return status;
}
