/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The skeleton as a process: options, exit statuses, signals, notices. */
#include "net/daemon.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/errors.h"
#include "net/address.h"

#define WAIT_SECONDS 120

/* --- the daemon: this program again, by another word -------------------------- */

typedef struct {
	const Settings *settings;
} State;

static gpointer state_start(const Settings *settings, GError **error)
{
	if (g_str_equal(settings->DBMAIL_dburi, "refuse")) {
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"the database is away", "as the test wants it");
		return NULL;
	}
	State *state = g_new0(State, 1);
	g_atomic_pointer_set(&state->settings, settings);
	return state;
}

static gboolean state_reload(
	gpointer data, const Settings *settings, GError **error)
{
	State *state = data;

	if (g_str_equal(settings->DBMAIL_dburi, "refuse")) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"these settings are wrong", "as the test wants it");
		return FALSE;
	}
	g_atomic_pointer_set(&state->settings, settings);
	return TRUE;
}

static void state_stop(gpointer state)
{
	g_free(state);
}

/* Answers any line with the host name of the settings. */
static void serve(ServerConnection *connection, gpointer data)
{
	State *state = data;
	Stream *stream = connection->stream;
	Bytes line;

	stream_puts(stream, "hello\r\n");
	while (stream_read_command(stream, 100, &line, NULL)) {
		const Settings *settings =
			g_atomic_pointer_get(&state->settings);
		stream_printf(stream, "%s\r\n", settings->DBMAIL_hostname);
	}
	if (stream_draining(stream))
		stream_puts(stream, "bye\r\n");
}

static int daemon_run(int argc, char **argv)
{
	static const DaemonSpec spec = {
		.name = "test-daemon",
		.section = "IMAP",
		.summary = "says its name",
		.refusal = "too many\r\n",
		.start = state_start,
		.serve = serve,
		.reload = state_reload,
		.stop = state_stop,
	};

	return daemon_main(&spec, argc, argv);
}

/* --- the same without sockets: it waits, and is never done with one thing ------ */

static guint worker_busy(gpointer state)
{
	(void)state;
	return 1;
}

static gboolean worker_drain(gpointer state, guint seconds)
{
	g_atomic_pointer_set(&((State *)state)->settings, NULL);
	return seconds == 10;
}

/* After the drain only. */
static void worker_stop(gpointer data)
{
	State *state = data;

	if (g_atomic_pointer_get(&state->settings) == NULL)
		fputs("freed\n", stderr);
	g_free(state);
}

static int worker_run(int argc, char **argv)
{
	static const DaemonSpec spec = {
		.name = "test-worker",
		.section = "QUEUE",
		.summary = "works by itself",
		.work = "things",
		.start = state_start,
		.reload = state_reload,
		.drain = worker_drain,
		.busy = worker_busy,
		.stop = worker_stop,
	};

	return daemon_main(&spec, argc, argv);
}

/* --- the test's side ------------------------------------------------------------ */

typedef struct {
	char *folder;
	char *config;
	char *pid_file;
	char *errors; /* what it wrote to standard error */
	char *notices;
	const char *kind; /* "daemon" or "worker" */
	int notify;       /* the service manager's socket */
	guint16 port;
	pid_t pid;
} Daemon;

static guint16 free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(bind(fd, (struct sockaddr *)&in, sizeof(in)), ==, 0);
	guint16 port = address_of_socket(fd).port;
	close(fd);
	return port;
}

static void config_write(Daemon *daemon, const char *name, const char *more)
{
	g_autofree char *text = g_strdup_printf(
		"[DBMAIL]\nhostname = %s\ndrain_timeout = 10\n%s\n"
		"[IMAP]\nbindip = 127.0.0.1\nport = %u\ntls_port = 0\n",
		name, more, daemon->port);

	g_assert_true(g_file_set_contents(daemon->config, text, -1, NULL));
}

static void daemon_prepare(Daemon *daemon)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const struct timeval limit = { .tv_sec = WAIT_SECONDS };

	*daemon = (Daemon){ .kind = "daemon", .port = free_port() };
	daemon->folder = g_dir_make_tmp("net-daemon-XXXXXX", NULL);
	daemon->config = g_build_filename(daemon->folder, "conf", NULL);
	daemon->pid_file = g_build_filename(daemon->folder, "pid", NULL);
	daemon->errors = g_build_filename(daemon->folder, "errors", NULL);
	daemon->notices = g_build_filename(daemon->folder, "notify", NULL);
	daemon->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	g_strlcpy(un.sun_path, daemon->notices, sizeof(un.sun_path));
	g_assert_cmpint(
		bind(daemon->notify, (struct sockaddr *)&un, sizeof(un)), ==,
		0);
	setsockopt(
		daemon->notify, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	config_write(daemon, "first", "");
}

static void daemon_clear(Daemon *daemon)
{
	char *files[] = { daemon->config, daemon->pid_file, daemon->errors,
		daemon->notices };

	close(daemon->notify);
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_unlink(files[i]);
		g_free(files[i]);
	}
	g_rmdir(daemon->folder);
	g_free(daemon->folder);
}

static void daemon_begin(Daemon *daemon, const char *const *options)
{
	const char *argv[16] = { "test-daemon", daemon->kind };
	guint argc = 2;

	while (*options != NULL)
		argv[argc++] = *options++;
	daemon->pid = fork();
	if (daemon->pid != 0)
		return;
	int errors = open(daemon->errors, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (errors < 0 || dup2(errors, STDERR_FILENO) < 0 ||
		dup2(errors, STDOUT_FILENO) < 0)
		_exit(1);
	setenv("NOTIFY_SOCKET", daemon->notices, 1);
	execv("/proc/self/exe", (char **)(gpointer)argv);
	_exit(1);
}

static int daemon_end(Daemon *daemon)
{
	int status = 0;

	g_assert_cmpint(waitpid(daemon->pid, &status, 0), ==, daemon->pid);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The next notice begins like that; but for those that come when a daemon has
 * been up for some time and only count its work. */
static void expect_notice(Daemon *daemon, const char *begin)
{
	char text[512] = "STATUS=";

	while (g_str_has_prefix(text, "STATUS=")) {
		gssize n = recv(daemon->notify, text, sizeof(text) - 1, 0);

		g_assert_cmpint(n, >, 0);
		text[n] = '\0';
		g_test_message("notice: %s", text);
	}
	g_assert_true(g_str_has_prefix(text, begin));
}

static gboolean has_said(Daemon *daemon, const char *what)
{
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(daemon->errors, &text, NULL, NULL));
	g_test_message("%s", text);
	return strstr(text, what) != NULL;
}

static int client_connect(guint16 port)
{
	const struct timeval limit = { .tv_sec = WAIT_SECONDS };
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(connect(fd, (struct sockaddr *)&in, sizeof(in)), ==, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void client_sees(int fd, const char *text)
{
	char got[64] = "";
	gsize size = strlen(text);

	g_assert_cmpint(recv(fd, got, size, MSG_WAITALL), ==, (gssize)size);
	g_assert_cmpstr(got, ==, text);
}

static void client_asks(int fd, const char *answer)
{
	g_assert_cmpint(send(fd, "?\r\n", 3, MSG_NOSIGNAL), ==, 3);
	client_sees(fd, answer);
}

/* One life: start, serve, two bad reloads, a good one, drain. */
static void test_life(void)
{
	g_autofree char *pid = NULL;
	Daemon daemon;
	char byte;

	daemon_prepare(&daemon);
	const char *options[] = { "-n", "-v", "-f", daemon.config, "-p",
		daemon.pid_file, NULL };
	daemon_begin(&daemon, options);
	expect_notice(&daemon, "READY=1\n");
	g_assert_true(g_file_get_contents(daemon.pid_file, &pid, NULL, NULL));
	g_assert_cmpint(g_ascii_strtoll(pid, NULL, 10), ==, daemon.pid);
	int client = client_connect(daemon.port);
	client_sees(client, "hello\r\n");
	client_asks(client, "first\r\n");

	g_assert_true(g_file_set_contents(
		daemon.config, "[IMAP]\nport = many\n", -1, NULL));
	kill(daemon.pid, SIGHUP);
	expect_notice(&daemon, "RELOADING=1\n");
	expect_notice(&daemon, "READY=1");
	g_assert_true(has_said(&daemon, "event=reload-failed"));
	client_asks(client, "first\r\n");

	/* What the daemon itself refuses changes nothing either. */
	config_write(&daemon, "refused",
		"dburi = refuse\nlog_level = error\nmax_connections = 1");
	kill(daemon.pid, SIGHUP);
	expect_notice(&daemon, "RELOADING=1\n");
	expect_notice(&daemon, "READY=1");
	g_assert_true(has_said(&daemon, "these settings are wrong"));
	client_asks(client, "first\r\n");
	int other = client_connect(daemon.port);
	client_sees(other, "hello\r\n");
	close(other);

	config_write(&daemon, "second", "");
	kill(daemon.pid, SIGHUP);
	do {
		client_asks(client, "");
		g_assert_cmpint(recv(client, &byte, 1, MSG_PEEK), ==, 1);
		if (byte == 's')
			break;
		client_sees(client, "first\r\n");
	} while (TRUE);
	client_sees(client, "second\r\n");

	kill(daemon.pid, SIGTERM);
	client_sees(client, "bye\r\n");
	g_assert_cmpint(recv(client, &byte, 1, 0), ==, 0);
	close(client);
	g_assert_cmpint(daemon_end(&daemon), ==, EX_OK);
	g_assert_true(has_said(&daemon, "event=stopped"));
	g_assert_false(g_file_test(daemon.pid_file, G_FILE_TEST_EXISTS));
	daemon_clear(&daemon);
}

/* How it ends when it cannot begin, and what it says. */
static const struct {
	const char *more;      /* lines for the configuration */
	const char *option[3]; /* besides -f */
	int status;
	const char *said;
} endings[] = {
	{ "", { "-V" }, EX_OK, "test-daemon " },
	{ "", { "--version" }, EX_OK, "test-daemon " },
	{ "", { "-h" }, EX_OK, "--dump-config" },
	{ "", { "-x" }, EX_USAGE, "usage:" },
	{ "", { "word" }, EX_USAGE, "usage:" },
	{ "", { "--dump-config" }, EX_OK, "hostname = first\n" },
	{ "", { "-f", "/no/such/file" }, EX_CONFIG, "/no/such/file" },
	{ "no_such = 1", { NULL }, EX_CONFIG, ":4: no_such:" },
	{ "tls_cert = /no/such.pem", { NULL }, EX_CONFIG,
		"[IMAP] tls_cert = /no/such.pem" },
	{ "socket = here", { NULL }, EX_CONFIG, "socket = here" },
	{ "dburi = refuse", { NULL }, EX_TEMPFAIL, "the database is away" },
};

static void test_endings(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
		Daemon daemon;
		daemon_prepare(&daemon);
		config_write(&daemon, "first", endings[i].more);
		const char *options[] = { "-f", daemon.config,
			endings[i].option[0], endings[i].option[1], NULL };
		g_test_message("ending %zu", i);
		daemon_begin(&daemon, options);
		g_assert_cmpint(daemon_end(&daemon), ==, endings[i].status);
		g_assert_true(has_said(&daemon, endings[i].said));
		daemon_clear(&daemon);
	}
}

static void test_port_taken(void)
{
	Daemon first, second;

	daemon_prepare(&first);
	daemon_prepare(&second);
	second.port = first.port;
	config_write(&second, "second", "");
	const char *options[] = { "-q", "-f", first.config, NULL };
	daemon_begin(&first, options);
	expect_notice(&first, "READY=1\n");
	options[2] = second.config;
	daemon_begin(&second, options);
	g_assert_cmpint(daemon_end(&second), ==, EX_TEMPFAIL);
	g_assert_true(has_said(&second, "Address already in use"));
	kill(first.pid, SIGINT);
	g_assert_cmpint(daemon_end(&first), ==, EX_OK);
	daemon_clear(&first);
	daemon_clear(&second);
}

/* Started by root it becomes the user it is told to, for good. */
/* No sockets: it needs none of the settings of those that have them. */
static void test_worker(void)
{
	Daemon daemon;

	daemon_prepare(&daemon);
	daemon.kind = "worker";
	const char *options[] = { "-f", daemon.config, "-p", daemon.pid_file,
		NULL };
	daemon_begin(&daemon, options);
	expect_notice(&daemon, "READY=1\nSTATUS=0 things");
	kill(daemon.pid, SIGHUP);
	expect_notice(&daemon, "RELOADING=1\n");
	expect_notice(&daemon, "READY=1");
	kill(daemon.pid, SIGTERM);
	g_assert_cmpint(daemon_end(&daemon), ==, EX_OK);
	g_assert_true(has_said(&daemon, "event=reloaded"));
	g_assert_true(has_said(&daemon, "event=stopping things=1"));
	g_assert_true(has_said(&daemon, "freed"));
	g_assert_true(has_said(&daemon, "event=stopped"));
	g_assert_false(g_file_test(daemon.pid_file, G_FILE_TEST_EXISTS));
	daemon_clear(&daemon);
}

static void test_privileges(void)
{
	g_autofree char *path = NULL, *status = NULL;
	Daemon daemon;

	if (getuid() != 0) {
		g_test_skip("needs root");
		return;
	}
	daemon_prepare(&daemon);
	config_write(&daemon, "first", "effective_user = nobody");
	const char *options[] = { "-f", daemon.config, NULL };
	/* So that nobody may tell us that it is ready. */
	g_chmod(daemon.folder, 0755);
	g_chmod(daemon.notices, 0777);
	daemon_begin(&daemon, options);
	expect_notice(&daemon, "READY=1\n");
	path = g_strdup_printf("/proc/%d/status", (int)daemon.pid);
	g_assert_true(g_file_get_contents(path, &status, NULL, NULL));
	g_assert_nonnull(strstr(status, "Uid:\t65534\t65534\t65534\t65534"));
	g_assert_nonnull(strstr(status, "Gid:\t65534\t65534\t65534\t65534"));
	g_assert_null(strstr(status, "Groups:\t0"));
	kill(daemon.pid, SIGTERM);
	g_assert_cmpint(daemon_end(&daemon), ==, EX_OK);
	config_write(&daemon, "first", "effective_user = no-such-user");
	daemon_begin(&daemon, options);
	g_assert_cmpint(daemon_end(&daemon), ==, EX_CONFIG);
	daemon_clear(&daemon);
}

int main(int argc, char **argv)
{
	if (argc > 1 && g_str_equal(argv[1], "daemon"))
		return daemon_run(argc - 1, argv + 1);
	if (argc > 1 && g_str_equal(argv[1], "worker"))
		return worker_run(argc - 1, argv + 1);
	g_test_init(&argc, &argv, NULL);
	/* A test that hangs has failed. */
	alarm(120);
	g_test_add_func("/net/daemon/life", test_life);
	g_test_add_func("/net/daemon/endings", test_endings);
	g_test_add_func("/net/daemon/port-taken", test_port_taken);
	g_test_add_func("/net/daemon/worker", test_worker);
	g_test_add_func("/net/daemon/privileges", test_privileges);
	return g_test_run();
}
