/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A script as a tree: what the parser makes, what the checker fills in, what
 * runs.  All of it lies in the arena of its script. */
#ifndef SIEVE_NODE_H
#define SIEVE_NODE_H

#include <glib.h>

#include "base/bytes.h"
#include "sieve/script.h"

struct SieveWord;
struct SieveTag;
struct SieveMatch;

/* Both count from 1, columns in characters. */
typedef struct {
	guint line;
	guint column;
} SievePlace;

typedef enum {
	SIEVE_LITERAL,
	SIEVE_LOCAL,        /* index: of the unit's variables */
	SIEVE_GLOBAL_SCOPE, /* index: of the script's global variables */
	SIEVE_MATCHED,      /* index: 0 is all that matched (RFC 5229) */
} SievePieceKind;

/* A stretch of a string, or a reference to a variable in it. */
typedef struct {
	SievePieceKind kind;
	guint index;
	Bytes literal;
} SievePiece;

/* A string as it is meant: quoting undone, line ends CRLF, without NUL, and
 * mostly, but not surely, UTF-8.  The checker undoes encoded characters (RFC 5228
 * section 2.4.2.4), which may bring NUL and other bytes, and finds references to variables: a string
 * that has any is no constant, and is expanded as the script runs
 * (sieve_run_string()). */
typedef struct {
	SievePlace place;
	Bytes text;
	const SievePiece *pieces; /* NULL: a constant */
	guint n_pieces;
} SieveString;

typedef enum {
	SIEVE_NUMBER,
	SIEVE_STRING,
	SIEVE_STRINGS, /* a list in brackets */
	SIEVE_TAG,
} SieveArgumentKind;

/* An argument as it was written.  One string is a list of one, too. */
typedef struct {
	SieveArgumentKind kind;
	SievePlace place;
	guint64 number;
	Bytes tag; /* without its colon */
	SieveString *strings;
	guint n_strings;
} SieveArgument;

/* A tag that was given, after the check. */
typedef struct {
	const struct SieveTag *tag;
	SievePlace place;
	const SieveArgument *value; /* NULL: it takes none */
} SieveTagUse;

#define SIEVE_POSITIONAL_MAX 4

/* What is known of a test as the script is compiled.  Only asked in scripts that
 * require ihave: there, what is never reached is not checked (RFC 5463). */
typedef enum {
	SIEVE_DEPENDS,
	SIEVE_ALWAYS,
	SIEVE_NEVER,
} SieveConstant;

/* A command or a test.  A script may have one in every two bytes: small things
 * lie side by side. */
typedef struct SieveNode SieveNode;
struct SieveNode {
	SievePlace place;
	Bytes name;
	SieveArgument *arguments; /* all as written, in order */
	SieveNode *tests;         /* the first; then ->next */
	SieveNode *block;         /* the first command, NULL in an empty one */
	SieveNode *next; /* the next command of the block, test of the list */
	guint n_arguments;
	guint n_tests;
	guint n_tags;               /* the checker's, as what follows */
	SieveConstant constant : 4; /* of a test */
	guint is_test_list : 1;     /* in parentheses */
	guint has_block : 1;
	guint is_broken : 1; /* its syntax is; told already */

	/* The checker fills these in.  word stays NULL where the node was not
	 * checked because an ihave says that it is never reached. */
	const struct SieveWord *word;
	/* Positional arguments by their number, as many as the word has; one
	 * that is optional and was not given is NULL.  A string-list may be a
	 * single string. */
	const SieveArgument **positional;
	const SieveTagUse *tags;
	/* Extensions that nobody required, and that must be found by an ihave
	 * before the node runs (RFC 5463). */
	SieveExtensions deferred;
	SieveNode *otherwise; /* if, elsif: the elsif or else behind it */
	/* What the word's check() has made of the arguments. */
	struct SieveMatch *match; /* match type, comparator, address part */
	gpointer data;
};

/* One source and what is in it: the script itself, or an included one. */
typedef struct {
	const char *name;
	SieveLocation location;
	guint number;        /* the script itself is 0 */
	gboolean is_missing; /* there is none of that name */
	SieveNode *commands;
	SieveExtensions extensions; /* those that it requires */
	guint n_variables;          /* local ones */
} SieveUnit;

static inline gboolean sieve_string_is_constant(const SieveString *string)
{
	return string->pieces == NULL;
}

/* What was given for the slot (sieve/word.h); NULL: no tag of it was. */
const SieveTagUse *sieve_node_tag(const SieveNode *node, guint slot);

#endif
