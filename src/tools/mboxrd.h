/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mboxrd format, written so that every byte can be had back. */
#ifndef TOOLS_MBOXRD_H
#define TOOLS_MBOXRD_H

#include <glib.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/timestamp.h"

/* A message is a line "From SENDER DATE" LF, its bytes with one ">" before
 * each line that is ">"s and then "From ", and one LF.  Line ends inside the
 * message stay what they are.  A reader that takes "From " at the beginning
 * of any line as the next message, removes the LF before it and one ">" of
 * each quoted line, has the message byte for byte, also one that does not end
 * with a line end. */

/* Quotes a message that comes in pieces. */
typedef struct {
	FILE *out;
	/* What was seen of the current line: nothing yet, only ">"s so far,
	 * so many bytes of "From ", or more than matters. */
	enum { MBOXRD_START, MBOXRD_QUOTES, MBOXRD_FROM, MBOXRD_REST } state;
	guint quotes;  /* ">"s held back */
	guint matched; /* bytes of "From " held back */
} MboxrdWriter;

/* Writes the From line.  sender may be "" (a bounce). */
void mboxrd_write_begin(
	MboxrdWriter *writer, FILE *out, const char *sender, Timestamp date);
void mboxrd_write(MboxrdWriter *writer, Bytes bytes);
void mboxrd_write_end(MboxrdWriter *writer);

/* Reads messages one by one from a whole file in memory. */
typedef struct {
	Bytes rest;
} MboxrdReader;

/* TRUE when the bytes begin as an mbox does. */
gboolean mboxrd_is_mbox(Bytes file);

/* The next message, unquoted, into out (cleared first); date from its From
 * line where it has one (has_date).  FALSE at the end. */
gboolean mboxrd_read(MboxrdReader *reader, GByteArray *out, gboolean *has_date,
	Timestamp *date);

#endif
