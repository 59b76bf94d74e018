/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a compiled regular expression is made of. */
#ifndef SIEVE_REGEX_PRIVATE_H
#define SIEVE_REGEX_PRIVATE_H

#include <glib.h>

#include "base/arena.h"
#include "sieve/regex.h"

/* A byte that is not UTF-8 is the character REGEX_BYTE + its value. */
#define REGEX_BYTE ((gunichar)0x110000)

typedef struct {
	gunichar first;
	gunichar last;
} RegexRange;

/* A bracket expression: ASCII as bits, the rest as ranges and classes. */
typedef struct {
	guint8 ascii[16]; /* case folding and negation are in it already */
	gboolean is_negated;
	guint16 classes; /* bits by regex-bracket.c's table */
	guint n_ranges;
	RegexRange *ranges;
} RegexSet;

typedef enum {
	REGEX_CHAR,
	REGEX_ANY,
	REGEX_SET,
	REGEX_LINE_BEGIN,
	REGEX_LINE_END,
	REGEX_WORD_EDGE,
	REGEX_NO_WORD_EDGE,
	REGEX_WORD_BEGIN,
	REGEX_WORD_END,
	REGEX_SPLIT, /* to x first, then to y */
	REGEX_JUMP,  /* to x */
	REGEX_SAVE,  /* the place into slot x */
	REGEX_MATCH,
} RegexOp;

typedef struct {
	RegexOp op;
	guint32 x;
	guint32 y;
	gunichar c;
	const RegexSet *set;
} RegexStep;

struct SieveRegex {
	Arena *arena;
	SieveRegexCase how;
	GArray *steps; /* RegexStep */
	guint groups;
	/* Bytes that a match may begin with; is_anywhere: it may be empty. */
	guint8 first[256];
	gboolean is_anywhere;
};

/* The other case of a character, as far as the expression cares. */
gunichar regex_fold(SieveRegexCase how, gunichar c);

gboolean regex_set_has(const RegexSet *set, SieveRegexCase how, gunichar c);

/* The character at the place, and how many bytes it takes. */
gunichar regex_character(Bytes text, gsize at, gsize *size);

/* Finds regex->first and is_anywhere. */
void regex_find_first(SieveRegex *regex);

/* The bracket expression behind "[" at *at; moves *at behind its "]". */
gboolean regex_bracket_parse(Arena *arena, SieveRegexCase how, Bytes pattern,
	gsize *at, RegexSet **set, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets INVALID; place counts from 0 in the pattern. */
void regex_refuse(GError **error, gsize place, const char *reason);

#endif
