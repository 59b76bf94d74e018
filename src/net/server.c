/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accept loop, and one thread with a small stack per connection. */
#include "net/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.h"
#include "net/address.h"
#include "net/listen.h"
#include "net/proxy.h"

/* Connections taken from one listener before the others have their turn. */
#define ACCEPT_BATCH 64
/* Out of descriptors or memory: look again after this time, should none of our
 * own connections end before. */
#define STARVED_MS 1000
/* After their sockets are shut, sessions have this long to notice. */
#define LAST_WAIT (5 * G_USEC_PER_SEC)
/* Below the frame that trims the stack: what the call itself uses. */
#define STACK_MARGIN 4096

typedef struct Connection Connection;

struct Connection {
	ServerConnection public;
	Server *server;
	int fd;
	gboolean is_tls; /* from an implicit TLS listener */
	gboolean is_proxied;
	Address client;
	Address counted; /* key in per_address; NONE while not counted */
	gint64 since;
	guintptr stack; /* where the thread's stack ends, far below */
	char session[13];
	char remote[ADDRESS_TEXT_SIZE];
	Connection *previous;
	Connection *next;
};

struct Server {
	const char *refusal;
	ServerFunc serve;
	gpointer state;
	GArray *listeners; /* of Listener */
	StreamDrain drain;
	int control_fd; /* wakes the acceptor */
	pthread_t acceptor;
	gboolean is_started;

	GMutex lock; /* of all that follows */
	GCond ended;
	gboolean is_stopping;
	gboolean is_starved;
	guint max_connections;
	guint max_per_address;
	guint timeout;
	gboolean proxy_protocol;
	TlsContext *tls;
	Connection *connections; /* whose descriptors are open */
	guint count;             /* of threads that may still use the server */
	pthread_t last;          /* to end, of those nobody has joined */
	gboolean has_last;
	GHashTable *per_address; /* Address -> number of connections */
};

gboolean server_connection_is_secure(const ServerConnection *connection)
{
	return connection->is_loopback || connection->is_proxied_tls ||
		stream_is_tls(connection->stream);
}

Server *server_new(const DaemonSettings *settings, const char *refusal,
	ServerFunc serve, gpointer state)
{
	Server *server = g_new0(Server, 1);

	server->refusal = refusal;
	server->serve = serve;
	server->state = state;
	server->listeners = listener_array_new();
	server->drain.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g_assert(server->drain.fd >= 0 && server->control_fd >= 0);
	g_mutex_init(&server->lock);
	g_cond_init(&server->ended);
	server->per_address = g_hash_table_new_full(
		address_hash, address_equal, g_free, NULL);
	server_set_limits(server, settings);
	return server;
}

void server_free(Server **server)
{
	Server *old = *server;

	if (old == NULL)
		return;
	g_assert(!old->is_started && old->count == 0);
	g_array_unref(old->listeners);
	close(old->drain.fd);
	close(old->control_fd);
	tls_context_unref(&old->tls);
	g_hash_table_unref(old->per_address);
	g_cond_clear(&old->ended);
	g_mutex_clear(&old->lock);
	g_free(old);
	*server = NULL;
}

void server_set_state(Server *server, gpointer state)
{
	server->state = state;
}

void server_set_tls(Server *server, TlsContext *tls)
{
	TlsContext *fresh = tls_context_ref(tls);

	g_mutex_lock(&server->lock);
	TlsContext *old = server->tls;
	server->tls = fresh;
	g_mutex_unlock(&server->lock);
	tls_context_unref(&old);
}

void server_set_limits(Server *server, const DaemonSettings *settings)
{
	g_mutex_lock(&server->lock);
	server->max_connections = (guint)settings->max_connections;
	server->max_per_address = (guint)settings->max_connections_per_address;
	server->timeout = (guint)settings->login_timeout;
	server->proxy_protocol = settings->proxy_protocol;
	g_mutex_unlock(&server->lock);
}

guint server_connection_count(Server *server)
{
	g_mutex_lock(&server->lock);
	guint count = server->count;
	g_mutex_unlock(&server->lock);
	return count;
}

/* --- listeners ------------------------------------------------------------- */

static gboolean tls_is_there(Server *server, GError **error)
{
	for (guint i = 0; i < server->listeners->len; i++) {
		if (!g_array_index(server->listeners, Listener, i).is_tls ||
			server->tls != NULL)
			continue;
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"a socket is to speak TLS at once, but tls_cert is not "
			"set",
			"listener %u", i);
		return FALSE;
	}
	return TRUE;
}

gboolean server_listen(
	Server *server, const DaemonSettings *settings, GError **error)
{
	if (!listen_inherit(server->listeners, error))
		return FALSE;
	if (server->listeners->len == 0 &&
		!listen_open(settings, server->listeners, error))
		return FALSE;
	return tls_is_there(server, error);
}

void server_add_listener(Server *server, int fd, gboolean is_tls)
{
	Listener listener = { .fd = fd, .is_tls = is_tls };

	g_array_append_val(server->listeners, listener);
}

void server_each_listener(Server *server,
	void (*each)(const char *where, gboolean is_tls, gpointer data),
	gpointer data)
{
	for (guint i = 0; i < server->listeners->len; i++) {
		const Listener *listener =
			&g_array_index(server->listeners, Listener, i);
		g_autofree char *where = listener_describe(listener);
		each(where, listener->is_tls, data);
	}
}

/* --- counting (the lock is held) --------------------------------------------- */

/* Unix sockets and addresses nobody knows are not limited. */
static gboolean count_address(Server *server, Connection *connection)
{
	Address key = address_limit_key(&connection->client);

	if (key.family != ADDRESS_V4 && key.family != ADDRESS_V6)
		return TRUE;
	guint count = GPOINTER_TO_UINT(
		g_hash_table_lookup(server->per_address, &key));
	if (server->max_per_address > 0 && count >= server->max_per_address)
		return FALSE;
	g_hash_table_replace(server->per_address, g_memdup2(&key, sizeof(key)),
		GUINT_TO_POINTER(count + 1));
	connection->counted = key;
	return TRUE;
}

static void uncount_address(Server *server, Connection *connection)
{
	const Address *key = &connection->counted;

	if (key->family == ADDRESS_NONE)
		return;
	guint count =
		GPOINTER_TO_UINT(g_hash_table_lookup(server->per_address, key));
	if (count > 1)
		g_hash_table_replace(server->per_address,
			g_memdup2(key, sizeof(*key)),
			GUINT_TO_POINTER(count - 1));
	else
		g_hash_table_remove(server->per_address, key);
	connection->counted.family = ADDRESS_NONE;
}

static void link_connection(Server *server, Connection *connection)
{
	connection->next = server->connections;
	if (connection->next != NULL)
		connection->next->previous = connection;
	server->connections = connection;
}

static void unlink_connection(Server *server, Connection *connection)
{
	if (connection->previous != NULL)
		connection->previous->next = connection->next;
	else
		server->connections = connection->next;
	if (connection->next != NULL)
		connection->next->previous = connection->previous;
}

/* --- one connection ---------------------------------------------------------- */

static void log_refused(const Connection *connection, const char *why)
{
	log_event(LOG_LEVEL_INFO, &connection->public.log, "refused",
		LOG_STRING("reason", why));
}

/* Whom we really speak with.  A client is on this machine only if both it and
 * the proxy say so; one whose proxy does not say is not. */
static void take_proxy_header(Connection *connection, const ProxyHeader *header)
{
	if (header->is_local)
		return;
	connection->client = header->source;
	connection->public.is_loopback = connection->public.is_loopback &&
		header->source.family != ADDRESS_UNIX &&
		address_is_loopback(&header->source);
	connection->public.is_proxied_tls = header->has_tls;
	connection->public.remote_port = header->source.port;
	address_format(&connection->client, connection->remote);
}

static gboolean greet_proxy(Connection *connection, GError **error)
{
	ProxyHeader header;

	if (!proxy_read(connection->public.stream, &header, error))
		return FALSE;
	take_proxy_header(connection, &header);
	return TRUE;
}

static gboolean refuse_proxied(Connection *connection)
{
	Server *server = connection->server;

	g_mutex_lock(&server->lock);
	gboolean is_welcome = count_address(server, connection);
	g_mutex_unlock(&server->lock);
	if (is_welcome)
		return FALSE;
	stream_puts(connection->public.stream, server->refusal);
	log_refused(connection, "max_connections_per_address");
	return TRUE;
}

/* What comes before the protocol: TRUE when it can begin. */
static gboolean prepare(Connection *connection)
{
	g_autoptr(GError) error = NULL;
	Stream *stream = connection->public.stream;
	const char *what = "proxy-header";
	gboolean ok =
		!connection->is_proxied || greet_proxy(connection, &error);

	if (ok && connection->is_tls) {
		what = "tls-handshake";
		ok = stream_start_tls(stream, connection->public.tls, &error);
	}
	if (!ok) {
		log_event(LOG_LEVEL_INFO, &connection->public.log, "rejected",
			LOG_STRING("during", what), LOG_GERROR(error));
		return FALSE;
	}
	return !connection->is_proxied || !refuse_proxied(connection);
}

static void run(Connection *connection)
{
	ServerConnection *public = &connection->public;
	Server *server = connection->server;

	g_mutex_lock(&server->lock);
	guint timeout = server->timeout;
	g_mutex_unlock(&server->lock);
	stream_set_timeout(public->stream, timeout);
	stream_set_deadline(public->stream, timeout);
	if (!prepare(connection))
		return;
	stream_set_deadline(public->stream, 0);
	log_event(LOG_LEVEL_INFO, &public->log, "connect",
		LOG_NUMBER("port", public->remote_port),
		LOG_STRING("tls", stream_tls_description(public->stream)));
	server->serve(public, server->state);
}

/* The lock held, the thread that ended last and is still to be joined. */
static gboolean take_last(Server *server, pthread_t *last)
{
	gboolean has_last = server->has_last;

	*last = server->last;
	server->has_last = FALSE;
	return has_last;
}

/* Who ends joins who ended before: so threads never add up, and when the last
 * one has been joined, all have done what libraries do at a thread's end
 * (OpenSSL frees what the thread had). */
static void count_out(Server *server)
{
	pthread_t before;

	g_mutex_lock(&server->lock);
	gboolean has_before = take_last(server, &before);
	server->last = pthread_self();
	server->has_last = TRUE;
	server->count--;
	if (server->is_starved && eventfd_write(server->control_fd, 1) == 0)
		server->is_starved = FALSE;
	g_cond_signal(&server->ended);
	g_mutex_unlock(&server->lock);
	if (has_before)
		pthread_join(before, NULL);
}

/* Runs however the session ended. */
static void connection_end(void *data)
{
	Connection *connection = data;
	Server *server = connection->server;
	Stream *stream = connection->public.stream;

	/* The user's name was the session's and is gone. */
	connection->public.log.user = NULL;
	stream_finish(stream);
	log_event(LOG_LEVEL_INFO, &connection->public.log, "disconnect",
		LOG_NUMBER("seconds",
			(g_get_monotonic_time() - connection->since) /
				G_USEC_PER_SEC));
	g_mutex_lock(&server->lock);
	unlink_connection(server, connection);
	uncount_address(server, connection);
	g_mutex_unlock(&server->lock);

	stream_free(&stream);
	tls_context_unref(&connection->public.tls);
	g_free(connection);
	count_out(server);
}

/* The pages that a handshake or a large command has touched below the frames
 * in use hold nothing any more. */
static void trim_stack(gpointer data)
{
	const Connection *connection = data;
	guintptr page = (guintptr)sysconf(_SC_PAGESIZE);
	guintptr here = (guintptr)__builtin_frame_address(0);
	guintptr end = (here & ~(page - 1)) - STACK_MARGIN;

	if (connection->stack != 0 && end > connection->stack)
		madvise((void *)connection->stack, end - connection->stack,
			MADV_DONTNEED);
}

/* The lowest address of this thread's stack, at the start of a page. */
static guintptr stack_start(void)
{
	pthread_attr_t attributes;
	void *start = NULL;
	size_t size;

	if (pthread_getattr_np(pthread_self(), &attributes) != 0)
		return 0;
	pthread_attr_getstack(&attributes, &start, &size);
	pthread_attr_destroy(&attributes);
	return (guintptr)start;
}

static void *connection_main(void *data)
{
	Connection *connection = data;

	connection->stack = stack_start();
	connection->public.stream = stream_new(connection->fd);
	stream_set_idle_hook(connection->public.stream, trim_stack, connection);
	stream_set_drain(connection->public.stream, &connection->server->drain);
	pthread_cleanup_push(connection_end, connection);
	run(connection);
	pthread_cleanup_pop(1);
	return NULL;
}

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STACK_FACTOR 8
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_FACTOR 8 /* instrumented frames are larger */
#endif
#ifndef STACK_FACTOR
#define STACK_FACTOR 1
#endif

static int thread_start(pthread_t *thread, void *(*run_it)(void *), void *data)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(
		&attributes, SERVER_STACK_SIZE * STACK_FACTOR);
	int failed = pthread_create(thread, &attributes, run_it, data);
	pthread_attr_destroy(&attributes);
	return failed;
}

/* --- accepting --------------------------------------------------------------- */

/* The client speaks second, so the line reaches it although nobody reads what
 * it sends; a TLS client could not read the line. */
static void refuse(Server *server, int fd, gboolean is_tls)
{
	gsize size = strlen(server->refusal);

	if (!is_tls &&
		send(fd, server->refusal, size, MSG_DONTWAIT | MSG_NOSIGNAL) >
			0)
		shutdown(fd, SHUT_WR);
	close(fd);
}

static Connection *connection_new(Server *server, int fd, gboolean is_tls,
	const struct sockaddr *peer, socklen_t peer_size)
{
	Connection *connection = g_new0(Connection, 1);
	ServerConnection *public = &connection->public;

	connection->server = server;
	connection->fd = fd;
	connection->is_tls = is_tls;
	connection->since = g_get_monotonic_time();
	connection->client = address_of_sockaddr(peer, peer_size);
	address_format(&connection->client, connection->remote);
	log_session_id(connection->session);
	public->remote = connection->remote;
	public->remote_port = connection->client.port;
	public->is_loopback = address_is_loopback(&connection->client);
	public->log.session = connection->session;
	public->log.remote = connection->remote;
	return connection;
}

/* Counts the connection in; NULL, or the limit it would exceed. */
static const char *admit(Server *server, Connection *connection)
{
	const char *refused = NULL;

	g_mutex_lock(&server->lock);
	connection->is_proxied = server->proxy_protocol;
	if (server->count >= server->max_connections)
		refused = "max_connections";
	else if (!connection->is_proxied && !count_address(server, connection))
		refused = "max_connections_per_address";
	if (refused == NULL) {
		server->count++;
		link_connection(server, connection);
		connection->public.tls = tls_context_ref(server->tls);
	}
	g_mutex_unlock(&server->lock);
	return refused;
}

static void take_back(Server *server, Connection *connection)
{
	g_mutex_lock(&server->lock);
	unlink_connection(server, connection);
	uncount_address(server, connection);
	server->count--;
	g_mutex_unlock(&server->lock);
	tls_context_unref(&connection->public.tls);
}

static void connection_begin(Server *server, int fd, gboolean is_tls,
	const struct sockaddr *peer, socklen_t peer_size)
{
	pthread_t thread;
	Connection *connection =
		connection_new(server, fd, is_tls, peer, peer_size);
	const char *refused = admit(server, connection);

	if (refused == NULL) {
		int failed = thread_start(&thread, connection_main, connection);
		if (failed == 0)
			return;
		take_back(server, connection);
		refused = g_strerror(failed);
	}
	log_refused(connection, refused);
	refuse(server, fd, is_tls);
	g_free(connection);
}

static void set_starved(Server *server, int why)
{
	g_mutex_lock(&server->lock);
	server->is_starved = TRUE;
	guint count = server->count;
	g_mutex_unlock(&server->lock);
	log_event(LOG_LEVEL_WARNING, NULL, "accept-failed",
		LOG_STRING("error", g_strerror(why)),
		LOG_NUMBER("connections", count));
}

/* FALSE when there is nothing left to accept with. */
static gboolean accept_batch(Server *server, const Listener *listener)
{
	for (guint i = 0; i < ACCEPT_BATCH; i++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t size = sizeof(peer);
		int fd = accept4(listener->fd, (struct sockaddr *)&peer, &size,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			connection_begin(server, fd, listener->is_tls,
				(struct sockaddr *)&peer, size);
			continue;
		}
		if (errno == EAGAIN)
			return TRUE;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
			errno == ENOMEM) {
			set_starved(server, errno);
			return FALSE;
		}
		/* Of one connection that failed before it was taken. */
	}
	return TRUE;
}

static gboolean is_stopping(Server *server)
{
	g_mutex_lock(&server->lock);
	gboolean stopping = server->is_stopping;
	g_mutex_unlock(&server->lock);
	return stopping;
}

/* The listeners' descriptors behind the control eventfd's. */
static struct pollfd *poll_list(Server *server)
{
	struct pollfd *fds = g_new0(struct pollfd, server->listeners->len + 1);

	fds[0] = (struct pollfd){ .fd = server->control_fd, .events = POLLIN };
	for (guint i = 0; i < server->listeners->len; i++)
		fds[i + 1] = (struct pollfd){
			.fd = g_array_index(server->listeners, Listener, i).fd,
			.events = POLLIN,
		};
	return fds;
}

static void *acceptor_main(void *data)
{
	Server *server = data;
	g_autofree struct pollfd *fds = poll_list(server);
	gboolean has_room = TRUE;

	while (!is_stopping(server)) {
		nfds_t count = has_room ? server->listeners->len + 1 : 1;
		int n = poll(fds, count, has_room ? -1 : STARVED_MS);
		eventfd_t ignored;
		if (n > 0 && fds[0].revents != 0)
			eventfd_read(server->control_fd, &ignored);
		gboolean looked = has_room && n > 0;
		has_room = TRUE;
		for (guint i = 0; looked && has_room && i + 1 < count; i++) {
			if (fds[i + 1].revents == 0)
				continue;
			has_room = accept_batch(server,
				&g_array_index(server->listeners, Listener, i));
		}
	}
	return NULL;
}

gboolean server_start(Server *server, GError **error)
{
	int failed = thread_start(&server->acceptor, acceptor_main, server);

	if (failed != 0) {
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"cannot start a thread", "pthread_create: %s",
			g_strerror(failed));
		return FALSE;
	}
	server->is_started = TRUE;
	return TRUE;
}

/* --- stopping ---------------------------------------------------------------- */

static void stop_accepting(Server *server)
{
	g_mutex_lock(&server->lock);
	server->is_stopping = TRUE;
	g_mutex_unlock(&server->lock);
	if (server->is_started) {
		eventfd_write(server->control_fd, 1);
		pthread_join(server->acceptor, NULL);
		server->is_started = FALSE;
	}
	g_array_set_size(server->listeners, 0);
}

/* Waits, the lock held, until no session is left. */
static gboolean wait_ended(Server *server, gint64 time)
{
	gint64 deadline = g_get_monotonic_time() + time;

	while (server->count > 0) {
		if (!g_cond_wait_until(&server->ended, &server->lock, deadline))
			break;
	}
	return server->count == 0;
}

gboolean server_stop(Server *server, guint drain_seconds)
{
	pthread_t last;

	stop_accepting(server);
	g_atomic_int_set(&server->drain.active, 1);
	eventfd_write(server->drain.fd, 1);

	g_mutex_lock(&server->lock);
	gboolean ended =
		wait_ended(server, (gint64)drain_seconds * G_USEC_PER_SEC);
	if (!ended) {
		for (Connection *c = server->connections; c != NULL;
			c = c->next)
			shutdown(c->fd, SHUT_RDWR);
		ended = wait_ended(server, LAST_WAIT);
	}
	gboolean has_last = take_last(server, &last);
	g_mutex_unlock(&server->lock);
	if (has_last)
		pthread_join(last, NULL);
	return ended;
}
