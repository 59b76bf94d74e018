/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A non-blocking socket, plain or TLS, compressed or not, beneath the buffers
 * of a stream. */
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include <glib.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "net/binding.h"
#include "net/tls.h"

/* No buffers and no deadlines of its own: each call does what is possible now
 * and says what it waits for.  net/stream.c alone uses it. */
typedef struct Channel Channel;

typedef enum {
	CHANNEL_DONE,       /* some bytes went through */
	CHANNEL_WANT_READ,  /* wait until the socket is readable */
	CHANNEL_WANT_WRITE, /* wait until it is writable */
	CHANNEL_EOF,        /* the peer sends no more */
	CHANNEL_FAILED,     /* channel_failure() says why */
} ChannelResult;

/* Takes the descriptor. */
Channel *channel_new(int fd) G_GNUC_WARN_UNUSED_RESULT;
void channel_free(Channel **channel);

int channel_fd(const Channel *channel);

/* 1 to size bytes into out, their number into *got, when DONE. */
ChannelResult channel_read(Channel *channel, char *out, gsize size, gsize *got);

/* TRUE when channel_read() has bytes without asking the kernel: they wait
 * inside TLS, or compressed. */
gboolean channel_has_pending(const Channel *channel);

/* Sends what it can of count pieces, at least 1 byte of a total that is not
 * 0, and their number into *sent when DONE.  After a WANT the same bytes
 * must be offered again first. */
ChannelResult channel_write(
	Channel *channel, const struct iovec *pieces, int count, gsize *sent);

/* Sends what channel_write() has kept to compress it better; DONE when there
 * is no more of it. */
ChannelResult channel_flush(Channel *channel);
gboolean channel_is_flushed(const Channel *channel);

/* Compresses (RFC 4978) what is written from now on, and expands what is read:
 * first these bytes, which have been read already. */
void channel_start_deflate(Channel *channel, Bytes read);

/* Ends that; all must have been flushed.  What the peer has sent behind the
 * end of its compressed stream goes to *left, which the caller frees. */
void channel_stop_deflate(Channel *channel, GByteArray **left);

gboolean channel_is_deflated(const Channel *channel);

/* Begins TLS as the server, or as a client of the server `host`, a name or an
 * address; then channel_handshake() until it is DONE. */
void channel_start_tls(Channel *channel, TlsContext *tls);
void channel_start_tls_client(
	Channel *channel, TlsContext *tls, const char *host);
ChannelResult channel_handshake(Channel *channel);

gboolean channel_is_tls(const Channel *channel);

/* Version and cipher; NULL before the handshake is done. */
const char *channel_tls_description(const Channel *channel);

/* The binding of that type to the TLS session (net/binding.h); FALSE where there
 * is none. */
gboolean channel_binding(const Channel *channel, const char *type,
	guint8 out[BINDING_MAX], gsize *size) G_GNUC_WARN_UNUSED_RESULT;

/* Says that no more will be sent, as far as that works without waiting. */
void channel_shutdown(Channel *channel);

/* Gives back what TLS keeps for this thread, and what compressing needs, and
 * makes them again when it needs them; for a long wait. */
void channel_rest(Channel *channel);

/* Why the last call FAILED, for the log. */
const char *channel_failure(const Channel *channel);

#endif
