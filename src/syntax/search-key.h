/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH's keys: the table, and the tree they are read into. */
#ifndef SYNTAX_SEARCH_KEY_H
#define SYNTAX_SEARCH_KEY_H

#include <glib.h>

#include "store/search.h"
#include "syntax/parse.h"

/* Keys of one search; deeper nesting is limited by PARSE_DEPTH_MAX. */
#define SEARCH_KEYS_MAX 10000
/* Those of them that look for a text, which take time for each message. */
#define SEARCH_TEXTS_MAX 500

/* What a program asks for besides matching, as bits. */
typedef enum {
	SEARCH_USES_MODSEQ = 1 << 0, /* the answer tells modseqs (RFC 7162) */
	SEARCH_USES_FUZZY = 1 << 1,  /* scores have a meaning (RFC 6203) */
	SEARCH_USES_AGE = 1 << 2,    /* its result changes as time goes by */
} SearchUses;

/* A FILTER in a program (RFC 5466): key, which matches all messages, is to be
 * overwritten with the keys that the filter of that name stands for. */
typedef struct SearchFilter SearchFilter;
struct SearchFilter {
	const char *name;
	SearchKey *key;
	gboolean fuzzy; /* a FUZZY is around it */
	SearchFilter *next;
};

/* What SEARCH, SORT and THREAD search for. */
typedef struct {
	SearchKey *key;
	guint uses; /* SearchUses bits */
	SearchFilter *filters;
	gboolean has_charset;
	Bytes charset;
	/* NULL, or the NO that is due: the keys could not be read in their
	 * charset.  Not the parser's, since a SAVE has to know (RFC 5182). */
	const char *refusal;
} SearchProgram;

/* Reads "CHARSET name" where it stands, and keys up to the end of the command
 * (RFC 3501 section 6.4.4): what follows SEARCH and its blank.  The tree is
 * the parser's arena's; its sets are in parser->sets. */
gboolean search_key_parse(ImapParser *parser, SearchProgram *program);

/* The same of SORT and THREAD: a blank, the charset that must be there, and
 * the keys (RFC 5256 section 5). */
gboolean search_key_parse_charset(ImapParser *parser, SearchProgram *program);

#endif
