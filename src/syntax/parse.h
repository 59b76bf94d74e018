/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tokens of a command (RFC 3501 section 9), out of bytes, without I/O. */
#ifndef SYNTAX_PARSE_H
#define SYNTAX_PARSE_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/numset.h"
#include "base/timestamp.h"
#include "store/flag.h"
#include "store/view.h"

/* A command as it came: a line without its line end and, where the line ends
 * in "{N}" or "{N+}", the literal's bytes once they are there; the next line
 * is the next chunk. */
typedef struct {
	Bytes line;
	gboolean has_literal;
	Bytes literal;
} ImapChunk;

/* The literal a line ends in. */
typedef struct {
	guint64 size;
	gboolean is_sync; /* the client waits for "+" */
} ImapLiteral;

/* TRUE when the line ends in "{N}" or "{N+}" (RFC 3501 section 4.3, RFC 7888). */
gboolean literal_at_end(Bytes line, ImapLiteral *literal);

/* What a literal will be used for, and so how large it may be. */
typedef enum {
	LITERAL_STRING,       /* a name, a password, a search text */
	LITERAL_MESSAGE,      /* a message, which an empty one is not */
	LITERAL_MESSAGE_PART, /* a piece of one (RFC 4469) */
	LITERAL_METADATA,     /* the value of an annotation (RFC 5464) */
} ImapLiteralUse;

typedef enum {
	PARSE_OK,
	PARSE_LITERAL, /* right so far; parser->literal has to be read first */
	PARSE_ERROR,   /* parser->error says what, parser_column() where */
	PARSE_REFUSED, /* right, but refused: parser->refusal */
} ParseStatus;

/* What the selected mailbox makes of "*", "$" and RECENT. */
typedef struct {
	guint32 messages;     /* number of messages the client knows */
	guint32 last_uid;     /* of the last of them; 0 for none */
	const NumSet *recent; /* UIDs; may be NULL */
	/* "$" (RFC 5182): UIDs, NULL for none, and the messages they are in. */
	const NumSet *saved;
	const MailboxView *view;
	gboolean uid_only; /* no message number may be used (RFC 9586) */
} ImapNumbers;

/* Reads a command front to back.  Every function returns TRUE and moves on,
 * or returns FALSE with status set and is not called again: a command is
 * parsed from its start once more when a literal it asked for has come.
 * Results live as long as the arena and the chunks. */
typedef struct {
	Arena *arena;
	const ImapChunk *chunks;
	guint n_chunks;
	ImapNumbers numbers;
	GPtrArray *sets; /* NumSets that were made; freed by the owner */
	/* Quoted strings must be UTF-8, which the client said they would be
	 * (RFC 6855 section 3, RFC 9051 section 4.3). */
	gboolean is_utf8;

	guint chunk; /* where it stands */
	gsize pos;
	guint depth; /* open parentheses */

	ParseStatus status;
	ImapLiteral literal;
	ImapLiteralUse literal_use;
	const char *error;
	gboolean is_whole;   /* the error has no place */
	const char *refusal; /* response code and text after "NO " */
} ImapParser;

#define PARSE_DEPTH_MAX 100
/* Ranges of one set, flags of one list. */
#define PARSE_RANGES_MAX 100000
#define PARSE_FLAGS_MAX 256

/* sets takes what the parser makes: g_ptr_array_new_with_free_func() of
 * parser_free_set. */
void parser_init(ImapParser *parser, Arena *arena, const ImapChunk *chunks,
	guint n_chunks, GPtrArray *sets);
void parser_free_set(gpointer set);

/* Where the parser stands, for people: column (from 1) in its line, and the
 * line (from 1) of the command. */
guint parser_column(const ImapParser *parser);
guint parser_line(const ImapParser *parser);

/* Fails with a text such as "Missing )".  Always FALSE. */
gboolean parse_fail(ImapParser *parser, const char *error);
/* The same where no place in the line is to blame. */
gboolean parse_fail_whole(ImapParser *parser, const char *error);
/* Fails with a NO, because what is asked for cannot be had. */
gboolean parse_refuse(ImapParser *parser, const char *refusal);

/* The next byte, or 0 at the end of the line or before a literal's "{". */
char parse_peek(const ImapParser *parser);
/* TRUE and past it when c is next; otherwise FALSE, without an error. */
gboolean parse_accept(ImapParser *parser, char c);
/* The same for a word in any case that no atom character follows. */
gboolean parse_accept_word(ImapParser *parser, const char *word);

gboolean parse_char(ImapParser *parser, char c);
gboolean parse_space(ImapParser *parser);
/* Nothing but blanks follows: some clients end their lines in one. */
gboolean parse_end(ImapParser *parser);
/* "(", ")": counts depth. */
gboolean parse_open(ImapParser *parser);
gboolean parse_close(ImapParser *parser);

/* Letters, digits, "." and "-": a command, a search key, a fetch item. */
gboolean parse_word(ImapParser *parser, Bytes *word);
/* The tag (RFC 3501: ASTRING-CHARs without "+"). */
gboolean parse_tag(ImapParser *parser, Bytes *tag);
gboolean parse_atom(ImapParser *parser, Bytes *atom);
/* A quoted string or a literal. */
gboolean parse_string(ImapParser *parser, Bytes *string);
gboolean parse_astring(ImapParser *parser, Bytes *string);
/* A string or NIL, for which *is_nil is TRUE. */
gboolean parse_nstring(ImapParser *parser, Bytes *string, gboolean *is_nil);
/* An astring that may hold "%" and "*". */
gboolean parse_list_mailbox(ImapParser *parser, Bytes *pattern);
/* A literal that is a message, or a piece of one: "{N}" or, where it may hold
 * NUL (RFC 3516), "~{N}". */
gboolean parse_message(ImapParser *parser, ImapLiteralUse use, Bytes *message);

gboolean parse_number(ImapParser *parser, guint64 max, guint64 *number);

/* A sequence set of message numbers; "*" is the last message, "$" the saved
 * result of a search.  *beyond (may be NULL) tells that a number past the last was named; without it
 * that is an error. */
gboolean parse_sequence_set(
	ImapParser *parser, gboolean *beyond, const NumSet **set);
/* The same of UIDs: "*" is the last message's. */
gboolean parse_uid_set(ImapParser *parser, const NumSet **set);

/* A set without "*", of numbers that need not mean anything here. */
gboolean parse_plain_set(ImapParser *parser, const NumSet **set);

/* A mod-sequence (RFC 7162 section 7): 63 bits.  0 is let through everywhere,
 * since clients send it. */
gboolean parse_modseq(ImapParser *parser, guint64 *modseq);

typedef struct {
	Flags flags;
	const char *const *keywords; /* NULL-terminated */
} ImapFlags;

/* "(\Seen word ...)"; bare: the parentheses may be missing (STORE). */
gboolean parse_flags(ImapParser *parser, gboolean bare, ImapFlags *flags);

/* "1-Feb-1994", quoted or not. */
gboolean parse_date(ImapParser *parser, CalendarDay *day);
/* "\"17-Jul-1996 02:44:25 -0700\"". */
gboolean parse_date_time(ImapParser *parser, Timestamp *time);

gboolean is_atom_char(char c);

#endif
