/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands as bytes on the wire, for tests and fuzzers: what a session reads
 * line by line, cut up at once. */
#ifndef TEST_IMAP_WIRE_H
#define TEST_IMAP_WIRE_H

#include <glib.h>

#include "imap/command.h"

/* A parsed command and all it lives in. */
typedef struct {
	Arena *arena;
	char *text;
	GArray *chunks;
	GPtrArray *sets;
	ImapParser parser;
	ImapCommand command;
	ParseStatus status;
} Wire;

/* Cuts the first command off *rest: lines end with LF or CRLF, a literal is as
 * long as it says or as there are bytes. */
void wire_cut(Wire *wire, Bytes *rest);

/* Cuts and parses in that state; messages 1..n have UIDs 10, 20 .. 10n.  The
 * text is copied. */
void wire_parse(Wire *wire, Bytes *rest, ImapState state, ImapNumbers numbers);
void wire_parse_text(
	Wire *wire, const char *text, ImapState state, guint32 messages);
/* The same in a mailbox of which the numbers tell all. */
void wire_parse_numbers(Wire *wire, const char *text, ImapNumbers numbers);

void wire_clear(Wire *wire);

#endif
