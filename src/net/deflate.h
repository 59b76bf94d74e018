/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both directions of a connection compressed (RFC 4978), without any I/O. */
#ifndef NET_DEFLATE_H
#define NET_DEFLATE_H

#include <glib.h>

#include "base/bytes.h"

/* For net/channel.c.  Memory while in use: 96 kB to compress, up to 40 kB to
 * expand and two buffers of 16 kB; nothing is expanded before it is asked for,
 * so that what comes out never waits in memory. */
typedef struct Deflate Deflate;

Deflate *deflate_new(void) G_GNUC_WARN_UNUSED_RESULT;
void deflate_free(Deflate **codec);

typedef enum {
	INFLATE_DONE,   /* some bytes came out */
	INFLATE_HUNGRY, /* deflate_room() has to be filled first */
	INFLATE_END,    /* the peer has ended its stream in order */
	INFLATE_BROKEN, /* this is no compressed data, or far too much of nothing */
} InflateResult;

/* Expands 1 to size bytes into out, their number into *got, when DONE. */
InflateResult deflate_inflate(
	Deflate *codec, char *out, gsize size, gsize *got);

/* TRUE exactly when deflate_inflate() would be DONE. */
gboolean deflate_has_input(const Deflate *codec);

/* When HUNGRY: where to put compressed bytes, at most *size, and that `got` of
 * them are there.  The size is no less than a TLS record's. */
char *deflate_room(Deflate *codec, gsize *size);
void deflate_feed(Deflate *codec, gsize got);

/* What came behind the end of the peer's stream; valid until the next call. */
Bytes deflate_rest_of_input(const Deflate *codec);

/* Compresses as much of the bytes as there is room for, at least one, and says
 * how many; only while nothing is pending. */
gsize deflate_compress(Deflate *codec, Bytes bytes);

/* TRUE while bytes were compressed that the peer cannot expand yet. */
gboolean deflate_is_unflushed(const Deflate *codec);

/* Ends a block, so that the peer can expand all there is: to be called, while
 * nothing is pending, until deflate_is_unflushed() is FALSE. */
void deflate_flush(Deflate *codec);

/* The compressed bytes to be sent next, and that the first `size` of them were. */
Bytes deflate_pending(const Deflate *codec);
void deflate_sent(Deflate *codec, gsize size);

/* Gives back whatever an idle connection can do without: all but the last 32
 * kB, or less, that the peer has said. */
void deflate_rest(Deflate *codec);

#endif
