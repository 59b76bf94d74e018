/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH's keys: the table, and the tree they are read into. */
#ifndef SYNTAX_SEARCH_KEY_H
#define SYNTAX_SEARCH_KEY_H

#include <glib.h>

#include "store/search.h"
#include "syntax/parse.h"

/* Keys of one search; deeper nesting is limited by PARSE_DEPTH_MAX. */
#define SEARCH_KEYS_MAX 10000

/* Reads "CHARSET name" where it stands, and keys up to the end of the command
 * (RFC 3501 section 6.4.4): what follows SEARCH and its blank.  The tree is
 * the parser's arena's; its sets are in parser->sets. */
gboolean search_key_parse(ImapParser *parser, const SearchKey **key);

#endif
