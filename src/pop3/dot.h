/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dot-stuffing of a message sent as a multi-line response (RFC 1939 section 3). */
#ifndef POP3_DOT_H
#define POP3_DOT_H

#include <glib.h>

#include "base/bytes.h"

/* A message that comes in pieces; zeroed at first.
 *
 * A dot that begins a line is doubled.  A line ends with CRLF; but most
 * clients read up to LF, and a "LF . CRLF" inside a message would be its end
 * for them and let the rest of it pass for replies.  So a dot after an LF
 * without CR is doubled too where it stands alone or is the first of two: they
 * are safe, and clients that go by CRLF get every other line as it is.
 *
 * A message that does not end with CRLF is followed by one, since the final
 * dot must stand on a line of its own; its size, as RETR, LIST and STAT say
 * it, is without. */
typedef struct {
	enum {
		DOT_LINE,  /* a line begins */
		DOT_LOOSE, /* the same, after an LF without CR */
		DOT_HELD,  /* a dot came there and waits for what follows it */
		DOT_INSIDE,
	} state;
	gboolean is_begun; /* the message has bytes */
	char before_last;  /* its last two so far */
	char last;
} DotWriter;

/* Gets the bytes to be sent. */
typedef void (*DotOut)(const char *data, gsize size, gpointer data_of_caller);

void dot_write(DotWriter *dot, Bytes bytes, DotOut out, gpointer data);
/* The CRLF that may be missing, and the final ".CRLF". */
void dot_end(DotWriter *dot, DotOut out, gpointer data);

#endif
