/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a message asks of SMTP, and the form it has between DATA and the dot. */
#ifndef QUEUE_CONTENT_H
#define QUEUE_CONTENT_H

#include <glib.h>

#include "base/bytes.h"

/* Pure: bytes in, values and bytes out. */

typedef struct {
	gboolean has_eightbit; /* needs 8BITMIME */
	gboolean has_utf8;     /* its header is UTF-8 beyond ASCII: SMTPUTF8 */
	gboolean has_bare;     /* CR or LF alone, which DATA cannot carry */
	/* CR, LF or NUL alone, or a line of more than 998 bytes: only
	 * BINARYMIME carries it as it is (RFC 3030). */
	gboolean is_binary;
} ContentNeeds;

ContentNeeds content_look(Bytes message);

/* Gets bytes to be sent. */
typedef void (*ContentOut)(
	const char *data, gsize size, gpointer data_of_caller);

/* The message as it stands between DATA and the final dot, without that: a dot
 * that begins a line is doubled (RFC 5321 section 4.5.2), a last line without
 * CRLF gets one.  Where it has them, an LF alone becomes CRLF and a CR alone a
 * space: SMTP has no other line end than CRLF, and what a server makes of
 * others can be told apart by nobody (RFC 5321 section 2.3.8). */
void content_write(Bytes message, ContentOut out, gpointer data);

/* The message with LF for each CRLF, as programs of Unix take it. */
void content_write_unix(Bytes message, ContentOut out, gpointer data);

#endif
