/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that make up a stream share. */
#ifndef NET_STREAM_PRIVATE_H
#define NET_STREAM_PRIVATE_H

#include <poll.h>

#include "net/channel.h"
#include "net/stream.h"

#define STREAM_BUFFER_SIZE 16384 /* also the largest TLS record */
#define STREAM_FOREVER G_MAXINT64

struct Stream {
	Channel *channel;
	StreamDrain *drain;
	void (*idle_hook)(gpointer data);
	gpointer idle_data;
	guint timeout;   /* seconds; 0 for none */
	gint64 deadline; /* of all that waits, monotonic; STREAM_FOREVER: none */

	char *in;
	gsize in_size;
	gsize in_start; /* buffered input is from here */
	gsize in_end;   /* to here */
	gsize in_goal;  /* size the next buffer is to have */

	char *out; /* STREAM_BUFFER_SIZE bytes, or NULL */
	gsize out_used;

	gboolean read_failed;
	gboolean write_failed;
	gboolean timed_out;
	gboolean peer_closed;
};

/* A bit for each descriptor that is waited for, in that order. */
enum {
	STREAM_READY_SOCKET = 1 << 0,
	STREAM_READY_DRAIN = 1 << 1,
	STREAM_READY_OTHER = 1 << 2,
};

/* The time, monotonic, by which a call that starts now must be through. */
gint64 stream_call_deadline(const Stream *stream);

/* Waits for events of the socket and for input of the two descriptors that are
 * not -1; says what is ready, 0 once the deadline has passed. */
guint stream_wait_ready(Stream *stream, short events, int drain_fd,
	int other_fd, gint64 deadline);

/* From here on nothing is written; result says whether the peer has gone. */
void stream_set_write_failed(Stream *stream, ChannelResult result);

/* Sets CLOSED with a text that tells why; what says in what. */
void stream_closed_error(Stream *stream, const char *what, GError **error);

static inline short stream_poll_events(ChannelResult want)
{
	return want == CHANNEL_WANT_WRITE ? POLLOUT : POLLIN;
}

#endif
