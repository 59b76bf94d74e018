/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection as buffered bytes and lines, with deadlines, TLS and DEFLATE
 * inside. */
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/errors.h"
#include "net/stream-private.h"

/* A session that has waited this long gives its buffers back. */
#define IDLE_AFTER (1 * G_USEC_PER_SEC)
#define FINISH_TIME (2 * G_USEC_PER_SEC)

Stream *stream_new(int fd)
{
	Stream *stream = g_new0(Stream, 1);

	stream->channel = channel_new(fd);
	stream->deadline = STREAM_FOREVER;
	stream->in_goal = STREAM_BUFFER_SIZE;
	return stream;
}

void stream_free(Stream **stream)
{
	Stream *old = *stream;

	if (old == NULL)
		return;
	channel_free(&old->channel);
	g_free(old->in);
	g_free(old->out);
	g_free(old);
	*stream = NULL;
}

int stream_fd(const Stream *stream)
{
	return channel_fd(stream->channel);
}

void stream_set_timeout(Stream *stream, guint seconds)
{
	stream->timeout = seconds;
}

void stream_set_deadline(Stream *stream, guint seconds)
{
	stream->deadline = seconds > 0 ?
		g_get_monotonic_time() + (gint64)seconds * G_USEC_PER_SEC :
		STREAM_FOREVER;
}

void stream_set_drain(Stream *stream, StreamDrain *drain)
{
	stream->drain = drain;
}

void stream_set_idle_hook(
	Stream *stream, void (*hook)(gpointer data), gpointer data)
{
	stream->idle_hook = hook;
	stream->idle_data = data;
}

gboolean stream_draining(const Stream *stream)
{
	return stream->drain != NULL &&
		g_atomic_int_get(&stream->drain->active) != 0;
}

gboolean stream_timed_out(const Stream *stream)
{
	return stream->timed_out;
}

gboolean stream_peer_closed(const Stream *stream)
{
	return stream->peer_closed;
}

gboolean stream_peer_read_all(const Stream *stream)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	return getsockopt(stream_fd(stream), IPPROTO_TCP, TCP_INFO, &info,
		       &size) == 0 &&
		info.tcpi_state == TCP_CLOSE_WAIT && info.tcpi_unacked == 0;
}

gboolean stream_failed(const Stream *stream)
{
	return stream->write_failed;
}

static gsize buffered(const Stream *stream)
{
	return stream->in_end - stream->in_start;
}

gboolean stream_has_input(const Stream *stream)
{
	return buffered(stream) > 0 || channel_has_pending(stream->channel);
}

/* --- waiting ------------------------------------------------------------- */

gint64 stream_call_deadline(const Stream *stream)
{
	if (stream->timeout == 0)
		return STREAM_FOREVER;
	return g_get_monotonic_time() +
		(gint64)stream->timeout * G_USEC_PER_SEC;
}

static void rest(Stream *stream)
{
	if (buffered(stream) == 0) {
		g_clear_pointer(&stream->in, g_free);
		stream->in_size = stream->in_start = stream->in_end = 0;
		stream->in_goal = STREAM_BUFFER_SIZE;
	}
	if (stream->out_used == 0)
		g_clear_pointer(&stream->out, g_free);
	channel_rest(stream->channel);
	if (stream->idle_hook != NULL)
		stream->idle_hook(stream->idle_data);
}

static int poll_time(gint64 deadline, gint64 now)
{
	if (deadline == STREAM_FOREVER)
		return -1;
	if (deadline <= now)
		return 0;
	return (int)MIN((deadline - now + 999) / 1000, G_MAXINT);
}

guint stream_wait_ready(Stream *stream, short events, int drain_fd,
	int other_fd, gint64 deadline)
{
	struct pollfd fds[] = {
		{ .fd = channel_fd(stream->channel), .events = events },
		{ .fd = drain_fd, .events = POLLIN },
		{ .fd = other_fd, .events = POLLIN },
	};
	guint ready = 0;

	for (;;) {
		int n = poll(fds, G_N_ELEMENTS(fds),
			poll_time(deadline, g_get_monotonic_time()));
		for (guint i = 0; n > 0 && i < G_N_ELEMENTS(fds); i++)
			ready |= fds[i].revents != 0 ? 1u << i : 0;
		if (ready != 0)
			return ready;
		if (g_get_monotonic_time() >= deadline)
			return 0;
	}
}

/* The same for a reading call, which ends the life of the line or bytes
 * shown before: a session that waits long gives its buffers back. */
static guint wait_idle(Stream *stream, short events, int drain_fd, int other_fd,
	gint64 deadline)
{
	gint64 idle = g_get_monotonic_time() + IDLE_AFTER;
	guint ready = stream_wait_ready(
		stream, events, drain_fd, other_fd, MIN(deadline, idle));

	if (ready != 0 || g_get_monotonic_time() >= deadline)
		return ready;
	rest(stream);
	return stream_wait_ready(stream, events, drain_fd, other_fd, deadline);
}

void stream_closed_error(Stream *stream, const char *what, GError **error)
{
	const char *text = stream->timed_out ?
		"the client was silent or slow for too long" :
		stream->peer_closed ? "the client closed the connection" :
				      "the connection failed";

	dbmail_error_set(error, DBMAIL_ERROR_CLOSED, text, "%s: %s: %s", what,
		text, channel_failure(stream->channel));
}

/* --- input --------------------------------------------------------------- */

/* One reading call. */
typedef struct {
	gsize room;        /* size the input buffer may grow to */
	gint64 deadline;   /* of the call; STREAM_FOREVER while not yet known */
	gboolean per_call; /* the deadline holds for all of the call, not for
			    * each piece of input */
	gboolean is_command; /* a drain ends it while nothing has come */
} Reading;

/* Makes sure that something fits behind what is buffered. */
static void make_room(Stream *stream, const Reading *reading)
{
	gsize have = buffered(stream);
	gsize goal = MIN(stream->in_goal, reading->room);

	if (have == 0) {
		stream->in_start = stream->in_end = 0;
		if (stream->in_size >= goal)
			return;
		g_free(stream->in);
		stream->in = g_malloc(goal);
		stream->in_size = goal;
		return;
	}
	if (stream->in_end < stream->in_size)
		return;
	if (stream->in_start > 0) {
		memmove(stream->in, stream->in + stream->in_start, have);
		stream->in_start = 0;
		stream->in_end = have;
		return;
	}
	stream->in_size = MAX(
		MIN(stream->in_size * 2, reading->room), stream->in_size + 1);
	stream->in = g_realloc(stream->in, stream->in_size);
}

static gboolean read_fail(Stream *stream, GError **error)
{
	stream_closed_error(stream, "read", error);
	return FALSE;
}

static gboolean drain_fail(GError **error)
{
	dbmail_error_set(error, DBMAIL_ERROR_CLOSED,
		"the service is shutting down", "drained between commands");
	return FALSE;
}

/* Waits until the channel may have more; all output has left by then. */
static gboolean wait_input(
	Stream *stream, Reading *reading, ChannelResult want, GError **error)
{
	gboolean stops = reading->is_command && buffered(stream) == 0;
	int drain_fd = stops && stream->drain != NULL ? stream->drain->fd : -1;

	if (!stream_flush(stream, error))
		return FALSE;
	guint ready = wait_idle(stream, stream_poll_events(want), drain_fd, -1,
		MIN(reading->deadline, stream->deadline));
	if (ready & STREAM_READY_DRAIN)
		return drain_fail(error);
	if (ready == 0) {
		stream->timed_out = TRUE;
		return read_fail(stream, error);
	}
	return TRUE;
}

static gboolean begin_receive(Stream *stream, Reading *reading, GError **error)
{
	if (stream->read_failed || stream->write_failed)
		return read_fail(stream, error);
	if (!reading->per_call || reading->deadline == STREAM_FOREVER)
		reading->deadline = stream_call_deadline(stream);
	else if (g_get_monotonic_time() < reading->deadline)
		return TRUE;
	else
		stream->timed_out = TRUE;
	if (stream->deadline != STREAM_FOREVER &&
		g_get_monotonic_time() >= stream->deadline)
		stream->timed_out = TRUE;
	return stream->timed_out ? read_fail(stream, error) : TRUE;
}

/* At least 1 byte more, into `direct` or, where that is NULL, the buffer. */
static gboolean receive(Stream *stream, Reading *reading, char *direct,
	gsize size, gsize *got, GError **error)
{
	/* Where an answer is still to be sent, the peer waits for it: asking
	 * the kernel for input first would be in vain. */
	gboolean wait_first =
		stream->out_used > 0 && !channel_has_pending(stream->channel);
	ChannelResult result = CHANNEL_WANT_READ;

	stream->timed_out = FALSE;
	if (!begin_receive(stream, reading, error))
		return FALSE;
	for (;;) {
		if (!wait_first) {
			if (direct == NULL)
				make_room(stream, reading);
			result = direct != NULL ?
				channel_read(
					stream->channel, direct, size, got) :
				channel_read(stream->channel,
					stream->in + stream->in_end,
					stream->in_size - stream->in_end, got);
		}
		wait_first = FALSE;
		if (result == CHANNEL_DONE)
			return TRUE;
		if (result == CHANNEL_EOF || result == CHANNEL_FAILED) {
			stream->read_failed = TRUE;
			stream->peer_closed |= result == CHANNEL_EOF;
			return read_fail(stream, error);
		}
		if (!wait_input(stream, reading, result, error))
			return FALSE;
	}
}

/* Buffers at least 1 byte more. */
static gboolean fill(Stream *stream, Reading *reading, GError **error)
{
	gsize got = 0;

	if (!receive(stream, reading, NULL, 0, &got, error))
		return FALSE;
	stream->in_end += got;
	if (stream->in_end == stream->in_size)
		stream->in_goal = STREAM_FILL_MAX;
	return TRUE;
}

static gboolean line_too_long(gsize max, GError **error)
{
	dbmail_error_set(error, DBMAIL_ERROR_LIMIT, "line too long",
		"more than %" G_GSIZE_FORMAT " bytes", max);
	return FALSE;
}

static gboolean read_line(Stream *stream, gsize max, gboolean is_command,
	Bytes *line, GError **error)
{
	Reading reading = { .room = MAX(max + 2, STREAM_BUFFER_SIZE),
		.deadline = STREAM_FOREVER,
		.per_call = TRUE,
		.is_command = is_command };
	gboolean is_dropping = FALSE;
	const char *end = NULL;
	gsize scanned = 0;

	for (;;) {
		gsize have = buffered(stream);
		if (have > scanned)
			end = memchr(stream->in + stream->in_start + scanned,
				'\n', have - scanned);
		if (end != NULL)
			break;
		scanned = have;
		/* One byte over could be the CR of the line end. */
		if (is_dropping || have > max + 1) {
			is_dropping = TRUE;
			stream->in_start = stream->in_end = 0;
			scanned = 0;
			reading.is_command = FALSE;
		}
		if (!fill(stream, &reading, error))
			return FALSE;
	}
	const char *start = stream->in + stream->in_start;
	gsize size = (gsize)(end - start);
	stream_consume(stream, size + 1);
	if (size > 0 && start[size - 1] == '\r')
		size--;
	if (is_dropping || size > max)
		return line_too_long(max, error);
	*line = bytes_of(start, size);
	return TRUE;
}

gboolean stream_read_line(
	Stream *stream, gsize max, Bytes *line, GError **error)
{
	return read_line(stream, max, FALSE, line, error);
}

gboolean stream_read_command(
	Stream *stream, gsize max, Bytes *line, GError **error)
{
	if (stream_draining(stream) && !stream_has_input(stream))
		return drain_fail(error);
	return read_line(stream, max, TRUE, line, error);
}

gboolean stream_fill_more(
	Stream *stream, gsize have, Bytes *available, GError **error)
{
	Reading reading = { .room = STREAM_FILL_MAX,
		.deadline = STREAM_FOREVER };

	g_assert(have < STREAM_FILL_MAX);
	while (buffered(stream) <= have) {
		if (!fill(stream, &reading, error))
			return FALSE;
	}
	*available = bytes_of(stream->in + stream->in_start, buffered(stream));
	return TRUE;
}

gboolean stream_fill(Stream *stream, Bytes *available, GError **error)
{
	return stream_fill_more(stream, 0, available, error);
}

void stream_consume(Stream *stream, gsize size)
{
	g_assert(size <= buffered(stream));
	stream->in_start += size;
}

gboolean stream_read_exact(
	Stream *stream, char *out, gsize size, GError **error)
{
	Reading reading = { .room = STREAM_BUFFER_SIZE,
		.deadline = STREAM_FOREVER };
	gsize got = 0;

	while (size > 0) {
		got = MIN(size, buffered(stream));
		if (got > 0) {
			memcpy(out, stream->in + stream->in_start, got);
			stream->in_start += got;
		} else if (size < STREAM_BUFFER_SIZE) {
			if (!fill(stream, &reading, error))
				return FALSE;
		} else if (!receive(stream, &reading, out, size, &got, error)) {
			return FALSE;
		}
		out += got;
		size -= got;
	}
	return TRUE;
}

gboolean stream_read_unbuffered(
	Stream *stream, char *out, gsize size, GError **error)
{
	Reading reading = { .deadline = STREAM_FOREVER, .per_call = TRUE };
	gsize got = 0;

	g_assert(buffered(stream) == 0);
	while (size > 0) {
		if (!receive(stream, &reading, out, size, &got, error))
			return FALSE;
		out += got;
		size -= got;
	}
	return TRUE;
}

gboolean stream_skip(Stream *stream, guint64 size, GError **error)
{
	Bytes available;

	while (size > 0) {
		if (!stream_fill(stream, &available, error))
			return FALSE;
		gsize now = (gsize)MIN(size, available.size);
		stream_consume(stream, now);
		size -= now;
	}
	return TRUE;
}

/* The socket became readable: TRUE when that brought input or an end, FALSE
 * when TLS alone had something to say. */
static gboolean take_input(Stream *stream)
{
	Reading reading = { .room = STREAM_BUFFER_SIZE };
	gsize got = 0;

	make_room(stream, &reading);
	ChannelResult result =
		channel_read(stream->channel, stream->in + stream->in_end,
			stream->in_size - stream->in_end, &got);
	if (result == CHANNEL_DONE) {
		stream->in_end += got;
		return TRUE;
	}
	if (result == CHANNEL_WANT_READ || result == CHANNEL_WANT_WRITE)
		return FALSE;
	stream->read_failed = TRUE;
	stream->peer_closed |= result == CHANNEL_EOF;
	return TRUE;
}

StreamWait stream_wait(Stream *stream, int other_fd, gint timeout_ms)
{
	gint64 deadline = timeout_ms < 0 ?
		STREAM_FOREVER :
		g_get_monotonic_time() + (gint64)timeout_ms * 1000;
	int drain_fd = stream->drain != NULL ? stream->drain->fd : -1;

	if (!stream_flush(stream, NULL))
		return STREAM_WAIT_FAILED;
	if (stream_draining(stream))
		return STREAM_WAIT_DRAIN;
	if (stream_has_input(stream) || stream->read_failed)
		return STREAM_WAIT_INPUT;
	for (;;) {
		guint ready =
			wait_idle(stream, POLLIN, drain_fd, other_fd, deadline);
		if (ready & STREAM_READY_DRAIN)
			return STREAM_WAIT_DRAIN;
		if (ready & STREAM_READY_SOCKET && take_input(stream))
			return STREAM_WAIT_INPUT;
		if (ready & STREAM_READY_OTHER)
			return STREAM_WAIT_OTHER;
		if (ready == 0)
			return STREAM_WAIT_TIMEOUT;
	}
}

/* --- TLS, DEFLATE and the end ----------------------------------------------------- */

/* Drops what came as plain text, and shakes hands as the channel was told. */
static gboolean shake_hands(Stream *stream, GError **error)
{
	gint64 deadline = stream_call_deadline(stream);
	ChannelResult result;

	stream->in_start = stream->in_end = 0;
	stream->timed_out = FALSE;
	while ((result = channel_handshake(stream->channel)) != CHANNEL_DONE) {
		gboolean is_over =
			result == CHANNEL_EOF || result == CHANNEL_FAILED;
		stream->timed_out = !is_over &&
			stream_wait_ready(stream, stream_poll_events(result),
				-1, -1, MIN(deadline, stream->deadline)) == 0;
		if (!is_over && !stream->timed_out)
			continue;
		stream->peer_closed |= result == CHANNEL_EOF;
		stream->read_failed = TRUE;
		stream_set_write_failed(stream, result);
		stream_closed_error(stream, "TLS handshake", error);
		return FALSE;
	}
	return TRUE;
}

gboolean stream_start_tls(Stream *stream, TlsContext *tls, GError **error)
{
	if (!stream_flush(stream, error))
		return FALSE;
	channel_start_tls(stream->channel, tls);
	return shake_hands(stream, error);
}

gboolean stream_start_tls_client(
	Stream *stream, TlsContext *tls, const char *host, GError **error)
{
	if (!stream_flush(stream, error))
		return FALSE;
	channel_start_tls_client(stream->channel, tls, host);
	return shake_hands(stream, error);
}

gboolean stream_is_tls(const Stream *stream)
{
	return channel_is_tls(stream->channel);
}

const char *stream_tls_description(const Stream *stream)
{
	return channel_tls_description(stream->channel);
}

gboolean stream_binding(const Stream *stream, const char *type,
	guint8 out[BINDING_MAX], gsize *size)
{
	return channel_binding(stream->channel, type, out, size);
}

gboolean stream_start_deflate(Stream *stream, GError **error)
{
	if (!stream_flush(stream, error))
		return FALSE;
	channel_start_deflate(stream->channel,
		bytes_of(stream->in + stream->in_start, buffered(stream)));
	stream->in_start = stream->in_end = 0;
	return TRUE;
}

gboolean stream_stop_deflate(Stream *stream, GError **error)
{
	g_autoptr(GByteArray) left = NULL;

	if (!stream_flush(stream, error))
		return FALSE;
	channel_stop_deflate(stream->channel, &left);
	stream->in_start = stream->in_end = 0;
	if (left->len == 0)
		return TRUE;
	g_free(stream->in);
	stream->in = g_memdup2(left->data, left->len);
	stream->in_size = stream->in_end = left->len;
	return TRUE;
}

gboolean stream_is_deflated(const Stream *stream)
{
	return channel_is_deflated(stream->channel);
}

/* Closing while input lies unread makes the kernel send a reset, which can
 * overtake the reply. */
void stream_finish(Stream *stream)
{
	gint64 deadline = g_get_monotonic_time() + FINISH_TIME;
	int fd = channel_fd(stream->channel);
	gboolean flushed = stream_flush(stream, NULL);
	char dropped[2048];
	int unread = 0;

	channel_shutdown(stream->channel);
	if (!flushed || stream->peer_closed ||
		ioctl(fd, FIONREAD, &unread) != 0 || unread == 0)
		return;
	while (g_get_monotonic_time() < deadline) {
		gssize n = recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return;
		if (n < 0 && errno == EAGAIN &&
			stream_wait_ready(stream, POLLIN, -1, -1, deadline) ==
				0)
			return;
	}
}
