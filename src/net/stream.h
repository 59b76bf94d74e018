/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection as buffered bytes and lines, with deadlines, TLS and DEFLATE
 * inside. */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <glib.h>

#include "base/bytes.h"
#include "net/binding.h"
#include "net/tls.h"

/* One stream belongs to one thread.  Calls block, up to the deadline, and
 * look like plain reads and writes; under them is a non-blocking descriptor
 * and poll().
 *
 * Errors of the reading functions are DBMAIL_ERROR_CLOSED (the peer went away,
 * was too slow, or the server drains: stream_peer_closed(), stream_timed_out()
 * and stream_draining() tell which) unless said otherwise.  After it
 * every further read fails the same way, except after a drain or a deadline;
 * writing may still work (a "bye" for a client that was too slow).
 *
 * Before a read has to wait, all output is flushed, so that the replies to a
 * pipelined batch leave together. */
typedef struct Stream Stream;

/* Takes the descriptor of a connected socket, makes it non-blocking and, if
 * TCP, sends small writes at once.  No deadlines are set yet. */
Stream *stream_new(int fd) G_GNUC_WARN_UNUSED_RESULT;

/* Closes the connection without flushing; leaves NULL. */
void stream_free(Stream **stream);

/* The descriptor, for poll() and getsockopt(); it stays the stream's. */
int stream_fd(const Stream *stream);

/* Longest wait for one line or one run of bytes, and for the peer to take
 * some output; 0 is for ever. */
void stream_set_timeout(Stream *stream, guint seconds);

/* All reads, and writes that have to wait, fail from `seconds` from now on,
 * however busy the peer is: for the time before login, or for what must come
 * or go in time as a whole.  0 takes the limit away. */
void stream_set_deadline(Stream *stream, guint seconds);

/* --- input ----------------------------------------------------------------- */

/* The next line without its CRLF or LF; a CR anywhere else, and NUL, are
 * data.  Valid until the next call that reads.  Over max bytes: LIMIT, once
 * the rest of that line has been read and dropped in bounded memory, so that
 * the session can answer and go on.  The deadline holds for the whole
 * line.  A last line without line end is lost (CLOSED). */
gboolean stream_read_line(Stream *stream, gsize max, Bytes *line,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for the line that starts a command: where the server drains and
 * nothing of the line is buffered it fails at once with CLOSED and
 * stream_draining() is TRUE; the session writes its bye and returns.  Every
 * other read goes on until the drain's own time is over. */
gboolean stream_read_command(Stream *stream, gsize max, Bytes *line,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Shows what is buffered, at least 1 byte, waiting only if there is none.  The
 * bytes are valid until the next call that reads; stream_consume() takes those
 * the caller is done with off the front. */
gboolean stream_fill(Stream *stream, Bytes *available, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The same, waiting until more than `have` bytes are buffered: for a caller
 * that needs a few more to decide.  have is less than STREAM_FILL_MAX. */
gboolean stream_fill_more(Stream *stream, gsize have, Bytes *available,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
#define STREAM_FILL_MAX 65536

/* Takes size bytes, no more than are buffered, off the front. */
void stream_consume(Stream *stream, gsize size);

/* Exactly size bytes into out, straight from the socket where many are
 * wanted.  The deadline starts anew whenever some have come. */
gboolean stream_read_exact(Stream *stream, char *out, gsize size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, and not a byte more leaves the socket: for what comes before a TLS
 * handshake.  Nothing may be buffered. */
gboolean stream_read_unbuffered(Stream *stream, char *out, gsize size,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Drops exactly size bytes of input. */
gboolean stream_skip(Stream *stream, guint64 size, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* TRUE when some input, a whole line or not, can be had without asking the
 * kernel. */
gboolean stream_has_input(const Stream *stream);

typedef enum {
	STREAM_WAIT_INPUT,   /* input is buffered, or the peer is gone: read */
	STREAM_WAIT_OTHER,   /* other_fd is readable */
	STREAM_WAIT_TIMEOUT, /* neither within the time */
	STREAM_WAIT_DRAIN,   /* the server drains: say bye and return */
	STREAM_WAIT_FAILED,  /* output could not be flushed: return */
} StreamWait;

/* Flushes, then waits for input, for other_fd (an eventfd; -1 for none) or
 * for timeout_ms (-1 for no limit).  When several are true: the first of
 * DRAIN, INPUT, OTHER.  Neither stream_set_timeout() nor _deadline() count. */
StreamWait stream_wait(Stream *stream, int other_fd, gint timeout_ms)
	G_GNUC_WARN_UNUSED_RESULT;

/* --- output ---------------------------------------------------------------- */

/* Output is copied into a buffer of fixed size; what does not fit is
 * written through, a large one without a copy.  May block up to the timeout
 * (anew whenever the peer takes some).  An error is remembered, drops all
 * further output, and is reported by stream_flush(), stream_failed() and the
 * next read. */
void stream_write(Stream *stream, const char *data, gsize size);
void stream_puts(Stream *stream, const char *text);
void stream_printf(Stream *stream, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Sends all that is buffered.  CLOSED when that, or a write before, failed. */
gboolean stream_flush(Stream *stream, GError **error);

/* TRUE once writing has failed. */
gboolean stream_failed(const Stream *stream);

/* Flushes, tells the peer that no more will come (TLS close_notify, FIN), and
 * drops what it still sends, for at most 2 seconds, so that the last reply is
 * not lost to a reset.  Only stream_free() may follow. */
void stream_finish(Stream *stream);

/* --- TLS ------------------------------------------------------------------- */

/* Flushes (the protocol's go-ahead), drops every byte of plain text that is
 * buffered (one that came before the handshake could be an attacker's: it must
 * not be read as if it had come inside TLS), and shakes hands as the
 * server, within the timeout.  CLOSED when that fails, and the stream is then
 * only good for stream_free().  The context is referenced. */
gboolean stream_start_tls(Stream *stream, TlsContext *tls, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The same as a client.  Where the context has servers verified, the
 * certificate must be that of `host`, a name or an address, which is also told
 * to the server (SNI).  The error's detail says what was wrong with it. */
gboolean stream_start_tls_client(Stream *stream, TlsContext *tls,
	const char *host, GError **error) G_GNUC_WARN_UNUSED_RESULT;

gboolean stream_is_tls(const Stream *stream);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384" for the log, NULL without TLS.  The stream's. */
const char *stream_tls_description(const Stream *stream);

/* What ties a log-in to the TLS session (net/binding.h says which types there
 * are); FALSE where the stream is not TLS, or has no such binding. */
gboolean stream_binding(const Stream *stream, const char *type,
	guint8 out[BINDING_MAX], gsize *size) G_GNUC_WARN_UNUSED_RESULT;

/* --- DEFLATE --------------------------------------------------------------- */

/* Flushes (the protocol's go-ahead), and from then on compresses what is sent
 * and expands what comes (RFC 4978), inside TLS where there is TLS; input that
 * is buffered already is taken for compressed.  What cannot be expanded is
 * CLOSED.  CLOSED also where the flush fails. */
gboolean stream_start_deflate(Stream *stream, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Flushes, and is plain again in both directions (RFC 8437 section 4.1).  Input
 * is only kept where the peer has ended its compressed stream in front of it. */
gboolean stream_stop_deflate(Stream *stream, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

gboolean stream_is_deflated(const Stream *stream);

/* --- how it stands --------------------------------------------------------- */

/* TRUE when the last read or write failed by its deadline. */
gboolean stream_timed_out(const Stream *stream);

/* TRUE once the peer has closed or reset the connection. */
gboolean stream_peer_closed(const Stream *stream);

/* TRUE when the peer has ended a TCP connection in order and its kernel has
 * acknowledged all that was sent.  A program that closes with something unread
 * makes its kernel reset the connection instead, so that this program, unless
 * it ended its side before the last of it was sent, has read everything. */
gboolean stream_peer_read_all(const Stream *stream);

/* TRUE once the server drains. */
gboolean stream_draining(const Stream *stream);

/* What all streams of one server share: active becomes 1 (atomically) and then
 * the eventfd readable, for good, when the server drains. */
typedef struct {
	int fd;
	gint active;
} StreamDrain;

/* drain must outlive the stream; NULL for none. */
void stream_set_drain(Stream *stream, StreamDrain *drain);

/* Called, with data, by a reading call or stream_wait() that has waited for a
 * second, when the buffers have been given back: the server gives back what
 * else an idle thread does not need. */
void stream_set_idle_hook(
	Stream *stream, void (*hook)(gpointer data), gpointer data);

static inline void stream_auto_free(Stream *stream)
{
	stream_free(&stream);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stream, stream_auto_free)

#endif
