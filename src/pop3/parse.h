/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A POP3 command line taken apart (RFC 1939 section 3). */
#ifndef POP3_PARSE_H
#define POP3_PARSE_H

#include <glib.h>

#include "base/bytes.h"

/* Longest command line without its CRLF: RFC 2449 section 4 says 255 octets;
 * UTF-8 names and SASL initial responses want more. */
#define POP3_LINE_MAX 8192

/* Most arguments of a command; what follows belongs to the last. */
#define POP3_ARGUMENTS_MAX 2

typedef struct {
	Bytes keyword;
	Bytes rest; /* all after the keyword's blank: a password may hold any */
	guint count;
	Bytes arguments[POP3_ARGUMENTS_MAX]; /* of rest, parted by blanks */
	gboolean has_more;                   /* than POP3_ARGUMENTS_MAX */
} Pop3Line;

/* FALSE for a line without a keyword of letters and digits, or with NUL.
 * Points into line. */
gboolean pop3_parse_line(Bytes line, Pop3Line *out);

/* A message number, 1 to count, into *index (from 0). */
gboolean pop3_parse_message(Bytes argument, guint count, guint *index);

#endif
