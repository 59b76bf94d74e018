/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server: limits, refusals, drains, shortages, proxies, activation. */
#include "net/server.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/errors.h"
#include "certificate.h"
#include "net/address.h"
#include "net/listen.h"

#define REFUSAL "* BYE too many connections\r\n"
#define WAIT_MS 120000

/* What the sessions of a test share. */
typedef struct {
	Server *server;
	guint16 port;
	gint begun;
	gint ended;
	gint freed;
	gboolean has_key; /* of a value that each session's thread has */
	pthread_key_t key;
} Fixture;

static DaemonSettings settings_default(void)
{
	return (DaemonSettings){ .section = "IMAP",
		.bindip = "127.0.0.1",
		.socket = "",
		.tls_cert = "",
		.tls_key = "",
		.tls_ciphers = "",
		.tls_min_version = "1.2",
		.max_connections = 100,
		.login_timeout = 120 };
}

/* Greets, then answers each line with itself and what the server knows:
 * WHO address and where it is, SLOW takes until something more comes. */
static void serve(ServerConnection *connection, gpointer state)
{
	Fixture *fixture = state;
	Stream *stream = connection->stream;
	Bytes line;

	g_atomic_int_inc(&fixture->begun);
	if (fixture->has_key)
		pthread_setspecific(fixture->key, fixture);
	stream_puts(stream, "* OK\r\n");
	while (stream_read_command(stream, 100, &line, NULL)) {
		if (bytes_equal(line, bytes_of_string("WHO")))
			stream_printf(stream, "%s %u%s%s%s\r\n",
				connection->remote, connection->remote_port,
				connection->is_loopback ? " loopback" : "",
				stream_is_tls(stream) ? " tls" : "",
				server_connection_is_secure(connection) ?
					" secure" :
					"");
		else if (bytes_equal(line, bytes_of_string("SLOW"))) {
			stream_puts(stream, "+ go on\r\n");
			if (stream_read_line(stream, 100, &line, NULL))
				stream_puts(stream, "done\r\n");
		} else if (bytes_equal(line, bytes_of_string("EXIT"))) {
			g_atomic_int_inc(&fixture->ended);
			pthread_exit(NULL);
		} else
			break;
	}
	if (stream_draining(stream))
		stream_puts(stream, "* BYE shutting down\r\n");
	g_atomic_int_inc(&fixture->ended);
}

static int listener_make(guint16 *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	g_assert_cmpint(bind(fd, (struct sockaddr *)&in, sizeof(in)), ==, 0);
	g_assert_cmpint(listen(fd, 128), ==, 0);
	*port = address_of_socket(fd).port;
	return fd;
}

static void fixture_start(Fixture *fixture, const DaemonSettings *settings)
{
	*fixture = (Fixture){ 0 };
	fixture->server = server_new(settings, REFUSAL, serve, fixture);
	server_add_listener(
		fixture->server, listener_make(&fixture->port), FALSE);
	g_assert_true(server_start(fixture->server, NULL));
}

static void fixture_stop(Fixture *fixture)
{
	g_assert_true(server_stop(fixture->server, 0));
	g_assert_cmpuint(server_connection_count(fixture->server), ==, 0);
	server_free(&fixture->server);
	g_assert_null(fixture->server);
}

static int client_connect(guint16 port)
{
	const struct timeval limit = { .tv_sec = WAIT_MS / 1000 };
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(connect(fd, (struct sockaddr *)&in, sizeof(in)), ==, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void client_write(int fd, const char *text)
{
	g_assert_cmpint(send(fd, text, strlen(text), MSG_NOSIGNAL), ==,
		(gssize)strlen(text));
}

/* Reads exactly that. */
static void client_sees(int fd, const char *text)
{
	gsize size = strlen(text), have = 0;
	g_autofree char *got = g_malloc0(size + 1);

	while (have < size) {
		gssize n = recv(fd, got + have, size - have, 0);
		g_assert_cmpint(n, >, 0);
		have += (gsize)n;
	}
	g_assert_cmpstr(got, ==, text);
}

static void client_sees_end(int fd)
{
	char byte;

	g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 0);
	close(fd);
}

/* An event of another thread that has no descriptor to wait on. */
static void wait_count(Server *server, guint count)
{
	for (int i = 0; i < 6000; i++) {
		if (server_connection_count(server) == count)
			return;
		g_usleep(10000);
	}
	g_assert_cmpuint(server_connection_count(server), ==, count);
}

static void test_serves(void)
{
	DaemonSettings settings = settings_default();
	g_autofree char *who = NULL;
	Fixture fixture;

	fixture_start(&fixture, &settings);
	int client = client_connect(fixture.port);
	client_sees(client, "* OK\r\n");
	g_assert_cmpuint(server_connection_count(fixture.server), ==, 1);
	who = g_strdup_printf("127.0.0.1 %u loopback secure\r\n",
		address_of_socket(client).port);
	client_write(client, "WHO\r\n");
	client_sees(client, who);
	client_write(client, "QUIT\r\n");
	client_sees_end(client);
	wait_count(fixture.server, 0);
	fixture_stop(&fixture);
	g_assert_cmpint(fixture.ended, ==, 1);
}

static void test_limit_in_all(void)
{
	DaemonSettings settings = settings_default();
	Fixture fixture;

	settings.max_connections = 2;
	fixture_start(&fixture, &settings);
	int one = client_connect(fixture.port);
	int two = client_connect(fixture.port);
	client_sees(one, "* OK\r\n");
	client_sees(two, "* OK\r\n");
	int three = client_connect(fixture.port);
	client_sees(three, REFUSAL);
	client_sees_end(three);
	close(one);
	wait_count(fixture.server, 1);
	three = client_connect(fixture.port);
	client_sees(three, "* OK\r\n");
	settings.max_connections = 3;
	server_set_limits(fixture.server, &settings);
	one = client_connect(fixture.port);
	client_sees(one, "* OK\r\n");
	close(one);
	close(two);
	close(three);
	wait_count(fixture.server, 0);
	fixture_stop(&fixture);
}

static void test_limit_per_address(void)
{
	DaemonSettings settings = settings_default();
	Fixture fixture;

	settings.max_connections_per_address = 1;
	fixture_start(&fixture, &settings);
	int one = client_connect(fixture.port);
	client_sees(one, "* OK\r\n");
	int two = client_connect(fixture.port);
	client_sees(two, REFUSAL);
	client_sees_end(two);
	close(one);
	wait_count(fixture.server, 0);
	one = client_connect(fixture.port);
	client_sees(one, "* OK\r\n");
	close(one);
	wait_count(fixture.server, 0);
	fixture_stop(&fixture);
}

/* The limit counts clients, not the one proxy they all come through; and a
 * client elsewhere is not on loopback because the proxy is. */
static void test_proxied(void)
{
	static const char first[] = "PROXY TCP4 192.0.2.1 10.0.0.1 111 143\r\n";
	static const char second[] =
		"PROXY TCP4 192.0.2.2 10.0.0.1 222 143\r\nWHO\r\n";
	static const char local[] =
		"PROXY TCP4 127.0.0.1 10.0.0.1 333 143\r\nWHO\r\n";
	DaemonSettings settings = settings_default();
	Fixture fixture;

	settings.proxy_protocol = TRUE;
	settings.max_connections_per_address = 1;
	fixture_start(&fixture, &settings);
	int one = client_connect(fixture.port);
	client_write(one, first);
	client_sees(one, "* OK\r\n");
	int two = client_connect(fixture.port);
	client_write(two, second);
	client_sees(two, "* OK\r\n192.0.2.2 222\r\n");
	int three = client_connect(fixture.port);
	client_write(three, first);
	client_sees(three, REFUSAL);
	client_sees_end(three);
	three = client_connect(fixture.port);
	client_write(three, local);
	client_sees(three, "* OK\r\n127.0.0.1 333 loopback secure\r\n");
	close(three);
	three = client_connect(fixture.port);
	client_write(three, "QUIT without a header\r\n");
	client_sees_end(three);
	close(one);
	close(two);
	wait_count(fixture.server, 0);
	fixture_stop(&fixture);
}

static TlsContext *tls_make(void)
{
	DaemonSettings settings = settings_default();
	g_autofree char *file = NULL;
	TlsContext *tls = NULL;
	int fd = g_file_open_tmp("net-server-XXXXXX", &file, NULL);

	g_assert_cmpint(fd, >=, 0);
	close(fd);
	certificate_write("localhost", file, file);
	settings.tls_cert = file;
	g_assert_true(tls_context_new(&settings, &tls, NULL));
	g_unlink(file);
	return tls;
}

/* TLS begins behind the PROXY header, even when both come in one packet. */
static void test_implicit_tls(void)
{
	DaemonSettings settings = settings_default();
	g_autoptr(TlsContext) tls = tls_make();
	char answer[64] = "";
	guint16 port;
	Fixture fixture;

	settings.proxy_protocol = TRUE;
	fixture_start(&fixture, &settings);
	fixture_stop(&fixture);
	fixture.server = server_new(&settings, REFUSAL, serve, &fixture);
	server_set_tls(fixture.server, tls);
	server_add_listener(fixture.server, listener_make(&port), TRUE);
	g_assert_true(server_start(fixture.server, NULL));
	int fd = client_connect(port);
	client_write(fd, "PROXY TCP4 192.0.2.1 10.0.0.1 111 993\r\n");
	SSL *client = client_new(fd);
	g_assert_nonnull(client);
	g_assert_cmpint(SSL_read(client, answer, 63), ==, 6);
	g_assert_cmpint(SSL_write(client, "WHO\r\n", 5), ==, 5);
	g_assert_cmpint(SSL_read(client, answer, 63), ==, 26);
	g_assert_cmpstr(answer, ==, "192.0.2.1 111 tls secure\r\n");
	client_free(client);
	wait_count(fixture.server, 0);
	fixture_stop(&fixture);
}

typedef struct {
	Fixture *fixture;
	guint seconds;
	gboolean ended;
} Stopping;

static gpointer stop_main(gpointer data)
{
	Stopping *stopping = data;

	stopping->ended =
		server_stop(stopping->fixture->server, stopping->seconds);
	return NULL;
}

/* The idle one is told at once; the busy one may finish. */
static void test_drain(void)
{
	DaemonSettings settings = settings_default();
	Fixture fixture;

	fixture_start(&fixture, &settings);
	Stopping stopping = { &fixture, 30, FALSE };
	int idle = client_connect(fixture.port);
	int busy = client_connect(fixture.port);
	client_sees(idle, "* OK\r\n");
	client_sees(busy, "* OK\r\n");
	client_write(busy, "SLOW\r\n");
	client_sees(busy, "+ go on\r\n");
	gint64 begin = g_get_monotonic_time();
	GThread *thread = g_thread_new("stop", stop_main, &stopping);
	client_sees(idle, "* BYE shutting down\r\n");
	client_sees_end(idle);
	client_write(busy, "the rest\r\n");
	client_sees(busy, "done\r\n* BYE shutting down\r\n");
	client_sees_end(busy);
	g_thread_join(thread);
	g_assert_true(stopping.ended);
	g_assert_cmpint(g_get_monotonic_time() - begin, <, 25 * G_USEC_PER_SEC);
	server_free(&fixture.server);
}

/* One that does not finish in time is cut off. */
static void test_drain_cuts(void)
{
	DaemonSettings settings = settings_default();
	Fixture fixture;

	fixture_start(&fixture, &settings);
	int busy = client_connect(fixture.port);
	client_sees(busy, "* OK\r\n");
	client_write(busy, "SLOW\r\n");
	client_sees(busy, "+ go on\r\n");
	gint64 begin = g_get_monotonic_time();
	g_assert_true(server_stop(fixture.server, 1));
	g_assert_cmpint(
		g_get_monotonic_time() - begin, >=, G_USEC_PER_SEC * 9 / 10);
	g_assert_cmpint(g_get_monotonic_time() - begin, <, 25 * G_USEC_PER_SEC);
	client_sees_end(busy);
	g_assert_cmpint(fixture.ended, ==, 1);
	server_free(&fixture.server);
}

/* A session that ends its own thread is counted out all the same. */
static void test_thread_exit(void)
{
	DaemonSettings settings = settings_default();
	Fixture fixture;

	fixture_start(&fixture, &settings);
	int client = client_connect(fixture.port);
	client_sees(client, "* OK\r\n");
	client_write(client, "EXIT\r\n");
	client_sees_end(client);
	wait_count(fixture.server, 0);
	fixture_stop(&fixture);
}

/* Slow, as what a library frees at a thread's end can be. */
static void thread_value_free(void *value)
{
	Fixture *fixture = value;

	g_usleep(20000);
	g_atomic_int_inc(&fixture->freed);
}

/* A process that has stopped its server may end: no thread is in the midst of
 * freeing what is its own. */
static void test_threads_gone(void)
{
	DaemonSettings settings = settings_default();
	Fixture fixture;
	int clients[5];

	fixture_start(&fixture, &settings);
	g_assert_cmpint(
		pthread_key_create(&fixture.key, thread_value_free), ==, 0);
	fixture.has_key = TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(clients); i++) {
		clients[i] = client_connect(fixture.port);
		client_sees(clients[i], "* OK\r\n");
	}
	fixture_stop(&fixture);
	for (guint i = 0; i < G_N_ELEMENTS(clients); i++)
		close(clients[i]);
	g_assert_cmpint(
		g_atomic_int_get(&fixture.freed), ==, G_N_ELEMENTS(clients));
	pthread_key_delete(fixture.key);
}

/* Processor time of the whole process, in microseconds. */
static gint64 busy_time(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
		G_USEC_PER_SEC +
		usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Out of descriptors, a client waits, without the server spinning, until
 * another one is gone. */
static void test_no_descriptors(void)
{
	DaemonSettings settings = settings_default();
	struct rlimit before, few;
	Fixture fixture;

	fixture_start(&fixture, &settings);
	int one = client_connect(fixture.port);
	client_sees(one, "* OK\r\n");
	int two = client_connect(fixture.port);
	client_sees(two, "* OK\r\n");
	/* Made now, connected when there are none left. */
	int three = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
	few = before;
	few.rlim_cur = (rlim_t)three + 1;
	int probe;
	while ((probe = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0 &&
		probe <= three)
		;
	if (probe > three)
		close(probe);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
		.sin_port = htons(fixture.port) };
	g_assert_cmpint(
		connect(three, (struct sockaddr *)&in, sizeof(in)), ==, 0);
	struct pollfd waiting = { .fd = three, .events = POLLIN };
	gint64 used = busy_time();
	g_assert_cmpint(poll(&waiting, 1, 1500), ==, 0);
	g_assert_cmpint(busy_time() - used, <, G_USEC_PER_SEC / 2);
	client_write(one, "QUIT\r\n");
	g_assert_cmpint(poll(&waiting, 1, WAIT_MS), ==, 1);
	client_sees(three, "* OK\r\n");
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
	close(one);
	close(two);
	close(three);
	wait_count(fixture.server, 0);
	fixture_stop(&fixture);
}

static void test_many(void)
{
	DaemonSettings settings = settings_default();
	Fixture fixture;
	int clients[60];

	fixture_start(&fixture, &settings);
	for (int round = 0; round < 5; round++) {
		for (gsize i = 0; i < G_N_ELEMENTS(clients); i++)
			clients[i] = client_connect(fixture.port);
		for (gsize i = 0; i < G_N_ELEMENTS(clients); i++)
			client_write(
				clients[i], i % 3 ? "QUIT\r\n" : "WHO\r\n");
		for (gsize i = 0; i < G_N_ELEMENTS(clients); i++) {
			client_sees(clients[i], "* OK\r\n");
			close(clients[i]);
		}
		wait_count(fixture.server, 0);
	}
	g_assert_cmpint(g_atomic_int_get(&fixture.begun), ==, 300);
	fixture_stop(&fixture);
}

/* --- listening --------------------------------------------------------------- */

static void test_unix_socket(void)
{
	g_autofree char *folder = g_dir_make_tmp("net-server-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "sock", NULL);
	DaemonSettings settings = settings_default();
	g_autoptr(GError) error = NULL;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	Fixture fixture = { 0 };

	settings.socket = path;
	/* A socket file that a killed process has left is in nobody's way. */
	g_strlcpy(un.sun_path, path, sizeof(un.sun_path));
	int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(stale, (struct sockaddr *)&un, sizeof(un)), ==, 0);
	close(stale);

	fixture.server = server_new(&settings, REFUSAL, serve, &fixture);
	g_assert_true(server_listen(fixture.server, &settings, &error));
	g_assert_true(server_start(fixture.server, NULL));
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(
		connect(client, (struct sockaddr *)&un, sizeof(un)), ==, 0);
	client_sees(client, "* OK\r\n");
	client_write(client, "WHO\r\n");
	client_sees(client, "unix 0 loopback secure\r\n");

	/* But one that is answered on is. */
	g_autoptr(GArray) second = listener_array_new();
	g_assert_false(listen_open(&settings, second, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
	g_assert_nonnull(strstr(error->message, path));
	close(client);
	fixture_stop(&fixture);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	g_rmdir(folder);
}

static void test_not_a_socket(void)
{
	g_autofree char *path = NULL;
	DaemonSettings settings = settings_default();
	g_autoptr(GArray) listeners = listener_array_new();
	g_autoptr(GError) error = NULL;

	close(g_file_open_tmp("net-server-XXXXXX", &path, NULL));
	settings.socket = path;
	g_assert_false(listen_open(&settings, listeners, &error));
	g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
	g_clear_error(&error);
	settings.socket = "relative";
	g_assert_false(listen_open(&settings, listeners, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	g_unlink(path);
}

static void test_listen_errors(void)
{
	DaemonSettings settings = settings_default();
	g_autoptr(GArray) listeners = listener_array_new();
	g_autoptr(GError) error = NULL;
	guint16 port;
	int taken = listener_make(&port);

	g_assert_false(listen_open(&settings, listeners, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	g_clear_error(&error);
	settings.port = port;
	g_assert_false(listen_open(&settings, listeners, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_TEMPORARY));
	g_assert_nonnull(strstr(error->message, "127.0.0.1:"));
	g_clear_error(&error);
	settings.bindip = "here";
	g_assert_false(listen_open(&settings, listeners, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	close(taken);
}

/* In a child, whose descriptors from 3 on are as the service manager has them
 * and whose exit status says what went wrong. */
static int inherit_child(int plain, int tls)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) listeners = listener_array_new();
	g_autofree char *pid = g_strdup_printf("%d", (int)getpid());
	int moved[2] = { fcntl(plain, F_DUPFD, 100), fcntl(tls, F_DUPFD, 100) };

	if (dup2(moved[0], 3) != 3 || dup2(moved[1], 4) != 4)
		return 1;
	g_setenv("LISTEN_PID", "1", TRUE);
	g_setenv("LISTEN_FDS", "2", TRUE);
	if (!listen_inherit(listeners, &error) || listeners->len != 0)
		return 2;
	g_setenv("LISTEN_PID", pid, TRUE);
	g_setenv("LISTEN_FDS", "2", TRUE);
	g_setenv("LISTEN_FDNAMES", "imap:imap-TLS", TRUE);
	if (!listen_inherit(listeners, &error) || listeners->len != 2)
		return 3;
	if (g_array_index(listeners, Listener, 0).is_tls ||
		!g_array_index(listeners, Listener, 1).is_tls)
		return 4;
	if (g_getenv("LISTEN_FDS") != NULL ||
		(fcntl(3, F_GETFD) & FD_CLOEXEC) == 0)
		return 5;
	g_setenv("LISTEN_PID", pid, TRUE);
	g_setenv("LISTEN_FDS", "1", TRUE);
	if (dup2(STDERR_FILENO, 3) != 3)
		return 6;
	if (listen_inherit(listeners, &error))
		return 7;
	return dbmail_error_is(error, DBMAIL_ERROR_INVALID) ? 0 : 8;
}

static void test_inherit(void)
{
	guint16 port;
	int plain = listener_make(&port), tls = listener_make(&port);
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(inherit_child(plain, tls));
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
	close(plain);
	close(tls);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* A test that hangs has failed. */
	alarm(120);
	signal(SIGPIPE, SIG_IGN);
	g_test_add_func("/net/server/inherit", test_inherit);
	g_test_add_func("/net/server/serves", test_serves);
	g_test_add_func("/net/server/limit-in-all", test_limit_in_all);
	g_test_add_func(
		"/net/server/limit-per-address", test_limit_per_address);
	g_test_add_func("/net/server/proxied", test_proxied);
	g_test_add_func("/net/server/implicit-tls", test_implicit_tls);
	g_test_add_func("/net/server/drain", test_drain);
	g_test_add_func("/net/server/drain-cuts", test_drain_cuts);
	g_test_add_func("/net/server/thread-exit", test_thread_exit);
	g_test_add_func("/net/server/threads-gone", test_threads_gone);
	g_test_add_func("/net/server/no-descriptors", test_no_descriptors);
	g_test_add_func("/net/server/many", test_many);
	g_test_add_func("/net/server/unix-socket", test_unix_socket);
	g_test_add_func("/net/server/not-a-socket", test_not_a_socket);
	g_test_add_func("/net/server/listen-errors", test_listen_errors);
	return g_test_run();
}
