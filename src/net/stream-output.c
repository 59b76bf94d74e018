/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a stream sends: buffered, written through when large. */
#include "net/stream.h"

#include <stdarg.h>

#include "net/stream-private.h"

void stream_set_write_failed(Stream *stream, ChannelResult result)
{
	stream->write_failed = TRUE;
	stream->out_used = 0;
	if (result == CHANNEL_EOF)
		stream->peer_closed = TRUE;
}

static void advance(struct iovec **pieces, int *count, gsize sent)
{
	while (*count > 0 && sent >= (*pieces)->iov_len) {
		sent -= (*pieces)->iov_len;
		(*pieces)++;
		(*count)--;
	}
	if (*count > 0) {
		(*pieces)->iov_base = (char *)(*pieces)->iov_base + sent;
		(*pieces)->iov_len -= sent;
	}
}

/* Sends all of the pieces, which it uses up. */
static void send_all(Stream *stream, struct iovec *pieces, int count)
{
	gint64 deadline = STREAM_FOREVER;
	gsize sent = 0;

	advance(&pieces, &count, 0);
	while (count > 0 && !stream->write_failed) {
		ChannelResult result =
			channel_write(stream->channel, pieces, count, &sent);
		if (result == CHANNEL_DONE) {
			advance(&pieces, &count, sent);
			deadline = STREAM_FOREVER;
			continue;
		}
		if (result == CHANNEL_EOF || result == CHANNEL_FAILED) {
			stream_set_write_failed(stream, result);
			return;
		}
		if (deadline == STREAM_FOREVER)
			deadline = stream_call_deadline(stream);
		if (stream_wait_ready(stream, stream_poll_events(result), -1,
			    -1, MIN(deadline, stream->deadline)) == 0) {
			stream->timed_out = TRUE;
			stream_set_write_failed(stream, result);
		}
	}
}

/* Sends what the channel has kept. */
static void flush_channel(Stream *stream)
{
	gint64 deadline = MIN(stream_call_deadline(stream), stream->deadline);

	while (!stream->write_failed) {
		ChannelResult result = channel_flush(stream->channel);
		if (result == CHANNEL_DONE)
			return;
		if (result == CHANNEL_EOF || result == CHANNEL_FAILED) {
			stream_set_write_failed(stream, result);
		} else if (stream_wait_ready(stream, stream_poll_events(result),
				   -1, -1, deadline) == 0) {
			stream->timed_out = TRUE;
			stream_set_write_failed(stream, result);
		}
	}
}

static void send_buffer(Stream *stream)
{
	struct iovec piece = { stream->out, stream->out_used };

	send_all(stream, &piece, 1);
	stream->out_used = 0;
}

static void buffer_output(Stream *stream, const char *data, gsize size)
{
	if (size == 0)
		return;
	if (stream->out == NULL)
		stream->out = g_malloc(STREAM_BUFFER_SIZE);
	memcpy(stream->out + stream->out_used, data, size);
	stream->out_used += size;
}

/* TLS puts each call into records of its own: full ones from the buffer, then
 * from the caller's memory, and the rest waits for more. */
static void write_records(Stream *stream, const char *data, gsize size)
{
	if (stream->out_used > 0) {
		gsize first = STREAM_BUFFER_SIZE - stream->out_used;
		buffer_output(stream, data, first);
		send_buffer(stream);
		data += first;
		size -= first;
	}
	gsize direct = size - size % STREAM_BUFFER_SIZE;
	struct iovec piece = { (gpointer)data, direct };
	send_all(stream, &piece, 1);
	if (!stream->write_failed)
		buffer_output(stream, data + direct, size - direct);
}

void stream_write(Stream *stream, const char *data, gsize size)
{
	if (stream->write_failed)
		return;
	if (size <= STREAM_BUFFER_SIZE - stream->out_used) {
		buffer_output(stream, data, size);
		return;
	}
	if (channel_is_tls(stream->channel)) {
		write_records(stream, data, size);
		return;
	}
	struct iovec pieces[] = {
		{ stream->out, stream->out_used },
		{ (gpointer)data, size },
	};
	send_all(stream, pieces, G_N_ELEMENTS(pieces));
	stream->out_used = 0;
}

void stream_puts(Stream *stream, const char *text)
{
	stream_write(stream, text, strlen(text));
}

void stream_printf(Stream *stream, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	int size = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	g_assert(size >= 0);
	if ((gsize)size < sizeof(text)) {
		stream_write(stream, text, (gsize)size);
		return;
	}
	va_start(args, format);
	g_autofree char *longer = g_strdup_vprintf(format, args);
	va_end(args);
	stream_write(stream, longer, strlen(longer));
}

gboolean stream_flush(Stream *stream, GError **error)
{
	if (stream->out_used > 0 && !stream->write_failed)
		send_buffer(stream);
	if (!stream->write_failed && !channel_is_flushed(stream->channel))
		flush_channel(stream);
	if (stream->write_failed)
		stream_closed_error(stream, "write", error);
	return !stream->write_failed;
}
