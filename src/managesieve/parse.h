/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ManageSieve command taken apart (RFC 5804 section 4). */
#ifndef MANAGESIEVE_PARSE_H
#define MANAGESIEVE_PARSE_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"

/* Longest line, without literals and its CRLF. */
#define MANAGE_LINE_MAX 8192

/* Octets between the quotes of a string, as they are sent: the RFC's limit. */
#define MANAGE_QUOTED_MAX 1024

/* Most arguments a command has. */
#define MANAGE_ARGUMENTS_MAX 2

typedef struct {
	gboolean is_number;
	guint64 number; /* below 2^32 */
	Bytes text;     /* of a string: valid UTF-8 where it was quoted */
} ManageArgument;

/* A command as it comes in: lines, and the literals between them. */
typedef struct {
	Arena *arena;
	Bytes keyword; /* a word of letters, in any case; empty: there is none */
	guint count;
	ManageArgument arguments[MANAGE_ARGUMENTS_MAX];
	guint64 literal;   /* octets of the one that comes next; G_MAXUINT64 for
			    * what is no number of 32 bits */
	const char *error; /* for the client: why it is MANAGE_BAD */
	gboolean has_begun;
} ManageInput;

typedef enum {
	MANAGE_DONE,    /* the command is whole */
	MANAGE_LITERAL, /* input->literal octets come, then a line */
	MANAGE_BAD,
} ManageParse;

/* The arguments are in the arena, or point into what was given. */
void manage_parse_begin(ManageInput *input, Arena *arena);

/* Takes the first line, or the one behind a literal, without its CRLF; both
 * must live as long as the input.  A literal may be announced as {5+} or, as
 * some clients do, as {5}: it is on its way either way. */
ManageParse manage_parse_line(ManageInput *input, Bytes line);

/* Takes the octets of the literal that the line before asked for. */
void manage_parse_literal(ManageInput *input, Bytes octets);

/* Takes a line that is a string and nothing else, as in the answers of a SASL
 * exchange. */
ManageParse manage_parse_string(ManageInput *input, Bytes line);

/* TRUE where a literal follows this line, however wrong the rest of it is; size
 * as ManageInput has it. */
gboolean manage_literal_at_end(Bytes line, guint64 *size);

#endif
