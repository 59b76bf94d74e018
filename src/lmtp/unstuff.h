/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the end of DATA and takes out what dot-stuffing put in. */
#ifndef LMTP_UNSTUFF_H
#define LMTP_UNSTUFF_H

#include <glib.h>

#include "base/bytes.h"

/* RFC 5321 section 4.5.2, to the letter: a line is what ends with CRLF and with
 * nothing else.  The message ends with the first line that is a single dot;
 * a dot that begins any other line is dropped.  LF without CR, CR without LF
 * and NUL are bytes like others: "LF . LF", "LF . CRLF", "CR . CR" and their
 * like neither end the message nor lose a dot, so that nobody can hide a
 * second message in a first one (SMTP smuggling).  What remains is exactly
 * what was stuffed. */

typedef enum {
	UNSTUFF_LINE_START, /* at the beginning, and behind CRLF */
	UNSTUFF_DOT,        /* "." began a line and was dropped */
	UNSTUFF_DOT_CR,     /* the same and CR, which is held back */
	UNSTUFF_TEXT,       /* in a line */
	UNSTUFF_TEXT_CR,    /* in a line, behind CR */
	UNSTUFF_END,        /* the message is over */
} UnstuffState;

/* All zero is the beginning.  One line of state however large the message. */
typedef struct {
	UnstuffState state;
	gboolean has_bare_lf; /* LF without CR was seen */
} Unstuff;

/* Receives the message in runs as long as the input allows. */
typedef void (*UnstuffSink)(Bytes run, gpointer data);

/* Takes the next bytes of the connection, gives the sink what of them is
 * message, and returns how many bytes it took: all, or, when the state is
 * UNSTUFF_END then, those up to the dot's CRLF. */
gsize unstuff_feed(
	Unstuff *unstuff, Bytes input, UnstuffSink sink, gpointer data);

#endif
