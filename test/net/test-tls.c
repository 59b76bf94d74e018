/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS contexts from settings, and TLS inside streams. */
#include "net/tls.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.h"
#include "certificate.h"
#include "net/stream.h"

typedef struct {
	char *folder;
	char *cert;
	char *key;
	char *both;
	char *other_key;
	char *junk;
} Files;

static Files files;

static void files_make(void)
{
	files.folder = g_dir_make_tmp("net-tls-XXXXXX", NULL);
	g_assert_nonnull(files.folder);
	files.cert = g_build_filename(files.folder, "cert.pem", NULL);
	files.key = g_build_filename(files.folder, "key.pem", NULL);
	files.both = g_build_filename(files.folder, "both.pem", NULL);
	files.other_key = g_build_filename(files.folder, "other.pem", NULL);
	files.junk = g_build_filename(files.folder, "junk.pem", NULL);
	certificate_write("localhost", files.cert, files.key);
	certificate_write("localhost", files.both, files.both);
	certificate_write("other", NULL, files.other_key);
	g_assert_true(g_file_set_contents(files.junk, "junk\n", -1, NULL));
}

static void files_remove(void)
{
	char *all[] = { files.cert, files.key, files.both, files.other_key,
		files.junk };

	for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
		g_unlink(all[i]);
		g_free(all[i]);
	}
	g_rmdir(files.folder);
	g_free(files.folder);
}

static DaemonSettings settings_with(const char *cert, const char *key)
{
	return (DaemonSettings){ .section = "IMAP",
		.tls_cert = cert,
		.tls_key = key,
		.tls_ciphers = "",
		.tls_min_version = "1.2" };
}

static void test_off(void)
{
	DaemonSettings settings = settings_with("", "");
	TlsContext *tls = (TlsContext *)&settings;

	g_assert_true(tls_context_new(&settings, &tls, NULL));
	g_assert_null(tls);
	g_assert_null(tls_context_ref(NULL));
	tls_context_unref(&tls);
}

static void test_references(void)
{
	DaemonSettings settings = settings_with(files.both, "");
	TlsContext *tls = NULL, *second;

	g_assert_true(tls_context_new(&settings, &tls, NULL));
	second = tls_context_ref(tls);
	tls_context_unref(&tls);
	g_assert_null(tls);
	g_assert_nonnull(tls_context_ssl(second));
	tls_context_unref(&second);
}

/* What is wrong is named by section, setting and file. */
static void check_wrong(
	DaemonSettings settings, const char *setting, const char *value)
{
	g_autofree char *start =
		g_strdup_printf("[IMAP] %s = %s: ", setting, value);
	g_autoptr(GError) error = NULL;
	TlsContext *tls = NULL;

	g_assert_false(tls_context_new(&settings, &tls, &error));
	g_assert_null(tls);
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	g_test_message("%s", error->message);
	g_assert_true(g_str_has_prefix(error->message, start));
	g_assert_cmpuint(strlen(error->message), >, strlen(start));
}

static void test_wrong_settings(void)
{
	DaemonSettings settings = settings_with(files.both, "");

	check_wrong(
		settings_with("/no/such.pem", ""), "tls_cert", "/no/such.pem");
	check_wrong(settings_with(files.junk, ""), "tls_cert", files.junk);
	check_wrong(settings_with(files.cert, ""), "tls_cert", files.cert);
	check_wrong(settings_with(files.cert, "/no/key.pem"), "tls_key",
		"/no/key.pem");
	check_wrong(settings_with(files.cert, files.other_key), "tls_key",
		files.other_key);
	settings.tls_ciphers = "NO-SUCH-CIPHER";
	check_wrong(settings, "tls_ciphers", "NO-SUCH-CIPHER");
}

/* --- streams --------------------------------------------------------------- */

static TlsContext *context(void)
{
	DaemonSettings settings = settings_with(files.cert, files.key);
	TlsContext *tls = NULL;

	g_assert_true(tls_context_new(&settings, &tls, NULL));
	return tls;
}

static Stream *stream_and_peer(int *peer)
{
	int fds[2];

	g_assert_cmpint(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
	*peer = fds[1];
	Stream *stream = stream_new(fds[0]);
	stream_set_timeout(stream, 120);
	return stream;
}

static void client_put(SSL *ssl, const char *text)
{
	g_assert_cmpint(
		SSL_write(ssl, text, (int)strlen(text)), ==, (int)strlen(text));
}

static void client_expect(SSL *ssl, const char *text)
{
	gsize size = strlen(text), have = 0;
	g_autofree char *got = g_malloc0(size + 1);

	while (have < size) {
		int n = SSL_read(ssl, got + have, (int)(size - have));
		g_assert_cmpint(n, >, 0);
		have += (gsize)n;
	}
	g_assert_cmpstr(got, ==, text);
}

static gpointer echo_client_main(gpointer data)
{
	SSL *ssl = client_new(GPOINTER_TO_INT(data));

	g_assert_nonnull(ssl);
	client_put(ssl, "one\r\ntwo\r\n");
	client_expect(ssl, "one\r\ntwo\r\n");
	client_put(ssl, "three\r\n");
	client_expect(ssl, "three\r\n");
	SSL_shutdown(ssl);
	client_free(ssl);
	return NULL;
}

static void test_echo(void)
{
	g_autoptr(TlsContext) tls = context();
	g_autoptr(GError) error = NULL;
	int peer, lines = 0;
	Stream *stream = stream_and_peer(&peer);
	GThread *client =
		g_thread_new("client", echo_client_main, GINT_TO_POINTER(peer));
	Bytes line;

	g_assert_false(stream_is_tls(stream));
	g_assert_null(stream_tls_description(stream));
	g_assert_true(stream_start_tls(stream, tls, &error));
	g_assert_true(stream_is_tls(stream));
	g_assert_true(g_str_has_prefix(
		stream_tls_description(stream), "TLSv1.3 TLS_"));
	while (stream_read_line(stream, 100, &line, &error)) {
		lines++;
		g_assert_cmpint(stream_has_input(stream), ==, lines == 1);
		stream_printf(stream, "%.*s\r\n", (int)line.size, line.data);
	}
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_CLOSED));
	g_assert_true(stream_peer_closed(stream));
	g_assert_cmpint(lines, ==, 3);
	stream_free(&stream);
	g_thread_join(client);
}

/* Much in both directions, in pieces smaller and larger than records. */
#define BULK (3 * 1024 * 1024 + 17)

static char bulk_byte(gsize i)
{
	return (char)(i * 31 % 255);
}

static gpointer bulk_client_main(gpointer data)
{
	SSL *ssl = client_new(GPOINTER_TO_INT(data));
	g_autofree char *block = g_malloc(BULK);
	gsize have = 0;

	g_assert_nonnull(ssl);
	for (gsize i = 0; i < BULK; i++)
		block[i] = bulk_byte(i);
	g_assert_cmpint(SSL_write(ssl, block, BULK), ==, BULK);
	while (have < BULK) {
		int n = SSL_read(ssl, block, 50000);
		g_assert_cmpint(n, >, 0);
		for (int i = 0; i < n; i++)
			g_assert_cmpint(
				block[i], ==, bulk_byte(have + (gsize)i));
		have += (gsize)n;
	}
	client_free(ssl);
	return NULL;
}

static void test_bulk(void)
{
	static const gsize sizes[] = { 1, 100, 16384, 20000, 16383, 1 << 20 };
	g_autoptr(TlsContext) tls = context();
	int peer;
	Stream *stream = stream_and_peer(&peer);
	g_autofree char *block = g_malloc(BULK);
	GThread *client =
		g_thread_new("client", bulk_client_main, GINT_TO_POINTER(peer));

	g_assert_true(stream_start_tls(stream, tls, NULL));
	g_assert_true(stream_read_exact(stream, block, BULK, NULL));
	for (gsize i = 0; i < BULK; i++)
		g_assert_cmpint(block[i], ==, bulk_byte(i));
	for (gsize at = 0, i = 0; at < BULK; i++) {
		gsize size = MIN(sizes[i % G_N_ELEMENTS(sizes)], BULK - at);
		stream_write(stream, block + at, size);
		at += size;
	}
	g_assert_true(stream_flush(stream, NULL));
	g_thread_join(client);
	stream_free(&stream);
}

/* What an attacker puts behind STARTTLS must not be read inside TLS. */
static gpointer injecting_client_main(gpointer data)
{
	int fd = GPOINTER_TO_INT(data);
	static const char attack[] = "STARTTLS\r\nA1 DELETE INBOX\r\n";
	char answer[4];

	g_assert_cmpint(write(fd, attack, sizeof(attack) - 1), ==,
		(gssize)sizeof(attack) - 1);
	g_assert_cmpint(read(fd, answer, 4), ==, 4);
	SSL *ssl = client_new(fd);
	g_assert_nonnull(ssl);
	client_put(ssl, "A2 NOOP\r\n");
	client_free(ssl);
	return NULL;
}

static void test_injection(void)
{
	g_autoptr(TlsContext) tls = context();
	int peer;
	Stream *stream = stream_and_peer(&peer);
	GThread *client = g_thread_new(
		"client", injecting_client_main, GINT_TO_POINTER(peer));
	Bytes line;

	g_assert_true(stream_read_line(stream, 100, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "STARTTLS", 8);
	g_assert_true(stream_has_input(stream));
	stream_puts(stream, "OK\r\n");
	g_assert_true(stream_start_tls(stream, tls, NULL));
	g_assert_false(stream_has_input(stream));
	g_assert_true(stream_read_line(stream, 100, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "A2 NOOP", 7);
	g_thread_join(client);
	stream_free(&stream);
}

static void test_not_tls(void)
{
	g_autoptr(TlsContext) tls = context();
	g_autoptr(GError) error = NULL;
	int peer;
	Stream *stream = stream_and_peer(&peer);
	Bytes line;

	g_assert_cmpint(write(peer, "A1 LOGIN joe secret\r\n", 21), ==, 21);
	g_assert_false(stream_start_tls(stream, tls, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_CLOSED));
	g_test_message("%s", dbmail_error_detail(error));
	g_assert_false(stream_is_tls(stream));
	g_clear_error(&error);
	g_assert_false(stream_read_line(stream, 100, &line, &error));
	stream_free(&stream);
	close(peer);
}

static void test_silent_handshake(void)
{
	g_autoptr(TlsContext) tls = context();
	g_autoptr(GError) error = NULL;
	int peer;
	Stream *stream = stream_and_peer(&peer);

	stream_set_timeout(stream, 1);
	g_assert_false(stream_start_tls(stream, tls, &error));
	g_assert_true(stream_timed_out(stream));
	stream_free(&stream);
	close(peer);
}

/* Waiting for input, TLS's own messages are not taken for it. */
static gpointer idle_client_main(gpointer data)
{
	SSL *ssl = client_new(GPOINTER_TO_INT(data));

	g_assert_nonnull(ssl);
	g_assert_cmpint(
		SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED), ==, 1);
	g_assert_cmpint(SSL_do_handshake(ssl), ==, 1);
	client_expect(ssl, "idle\r\n");
	client_put(ssl, "DONE\r\n");
	client_expect(ssl, "bye\r\n");
	client_free(ssl);
	return NULL;
}

static void test_wait(void)
{
	g_autoptr(TlsContext) tls = context();
	int peer;
	Stream *stream = stream_and_peer(&peer);
	GThread *client =
		g_thread_new("client", idle_client_main, GINT_TO_POINTER(peer));
	Bytes line;

	g_assert_true(stream_start_tls(stream, tls, NULL));
	g_assert_cmpint(stream_wait(stream, -1, 1200), ==, STREAM_WAIT_TIMEOUT);
	stream_puts(stream, "idle\r\n");
	g_assert_cmpint(stream_wait(stream, -1, -1), ==, STREAM_WAIT_INPUT);
	g_assert_true(stream_read_line(stream, 100, &line, NULL));
	g_assert_cmpmem(line.data, line.size, "DONE", 4);
	stream_puts(stream, "bye\r\n");
	stream_finish(stream);
	stream_free(&stream);
	g_thread_join(client);
}

/* --- as a client ------------------------------------------------------------ */

static gpointer server_main(gpointer data)
{
	g_autoptr(TlsContext) tls = context();
	Stream *stream = stream_new(GPOINTER_TO_INT(data));
	Bytes line;

	stream_set_timeout(stream, 120);
	while (stream_start_tls(stream, tls, NULL) &&
		stream_read_line(stream, 100, &line, NULL)) {
		stream_printf(stream, "%.*s\r\n", (int)line.size, line.data);
		stream_finish(stream);
		break;
	}
	stream_free(&stream);
	return NULL;
}

static const struct {
	const char *host;
	gboolean trusts; /* its authority is the certificate itself */
	gboolean verify;
	const char *failure; /* NULL: it works */
} servers[] = {
	{ "localhost", TRUE, TRUE, NULL },
	{ "other.example", TRUE, TRUE, "hostname mismatch" },
	{ "127.0.0.1", TRUE, TRUE, "IP address mismatch" },
	{ "localhost", FALSE, TRUE, "self-signed certificate" },
	{ "other.example", FALSE, FALSE, NULL },
};

static void check_server(guint i)
{
	g_autoptr(TlsContext) tls = NULL;
	g_autoptr(GError) error = NULL;
	int peer;
	Stream *stream = stream_and_peer(&peer);
	GThread *server =
		g_thread_new("server", server_main, GINT_TO_POINTER(peer));
	Bytes line;

	g_assert_true(tls_context_new_client("ca",
		servers[i].trusts ? files.cert : "", servers[i].verify, &tls,
		NULL));
	gboolean is_begun =
		stream_start_tls_client(stream, tls, servers[i].host, &error);
	g_assert_cmpint(is_begun, ==, servers[i].failure == NULL);
	if (is_begun) {
		stream_puts(stream, "one\r\n");
		g_assert_true(stream_read_line(stream, 100, &line, NULL));
		g_assert_cmpmem(line.data, line.size, "one", 3);
	} else {
		g_test_message("%s", dbmail_error_detail(error));
		g_assert_nonnull(
			strstr(dbmail_error_detail(error), servers[i].failure));
		g_assert_false(stream_is_tls(stream));
	}
	stream_free(&stream);
	g_thread_join(server);
}

static void test_client(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(servers); i++)
		check_server(i);
}

static void test_wrong_authority(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *start = g_strdup_printf("smtp_ca = %s: ", files.junk);
	TlsContext *tls = NULL;

	g_assert_false(tls_context_new_client(
		"smtp_ca", files.junk, TRUE, &tls, &error));
	g_assert_null(tls);
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	g_assert_true(g_str_has_prefix(error->message, start));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* A test that hangs has failed. */
	alarm(120);
	signal(SIGPIPE, SIG_IGN);
	files_make();
	g_test_add_func("/net/tls/off", test_off);
	g_test_add_func("/net/tls/references", test_references);
	g_test_add_func("/net/tls/wrong-settings", test_wrong_settings);
	g_test_add_func("/net/tls/echo", test_echo);
	g_test_add_func("/net/tls/bulk", test_bulk);
	g_test_add_func("/net/tls/injection", test_injection);
	g_test_add_func("/net/tls/not-tls", test_not_tls);
	g_test_add_func("/net/tls/silent-handshake", test_silent_handshake);
	g_test_add_func("/net/tls/wait", test_wait);
	g_test_add_func("/net/tls/client", test_client);
	g_test_add_func("/net/tls/wrong-authority", test_wrong_authority);
	int status = g_test_run();
	files_remove();
	return status;
}
