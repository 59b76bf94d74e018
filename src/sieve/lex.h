/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A source as tokens (RFC 5228 section 8.1). */
#ifndef SIEVE_LEX_H
#define SIEVE_LEX_H

#include <glib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "sieve/node.h"
#include "sieve/report.h"

typedef enum {
	SIEVE_TOKEN_END,
	SIEVE_TOKEN_IDENTIFIER,
	SIEVE_TOKEN_TAG,    /* text is without the colon */
	SIEVE_TOKEN_NUMBER, /* with its K, M or G counted */
	SIEVE_TOKEN_STRING, /* text is what it means */
	SIEVE_TOKEN_MARK,   /* mark is one of ; , ( ) [ ] { } */
	SIEVE_TOKEN_BAD,    /* told already */
} SieveTokenKind;

typedef struct {
	SieveTokenKind kind;
	SievePlace place;
	char mark;
	Bytes text; /* in the arena */
	guint64 number;
} SieveToken;

typedef struct {
	Arena *arena;
	SieveReport *report;
	const char *script;
	Bytes source; /* a copy in the arena, without NUL */
	gsize pos;
	SievePlace place;
	SievePlace end; /* just behind the token before */
	GString *text;
} SieveLexer;

/* Tells every NUL of the source; then the rest can be read all the same.  What
 * is no UTF-8 may stand in strings and comments (RFC 5228 section 2.1). */
void sieve_lexer_init(SieveLexer *lexer, Arena *arena, SieveReport *report,
	const char *script, Bytes source);
void sieve_lexer_clear(SieveLexer *lexer);

/* The next token, past white space and comments; what is wrong is told.
 * SIEVE_TOKEN_END again and again at the end. */
SieveToken sieve_lexer_next(SieveLexer *lexer);

#endif
