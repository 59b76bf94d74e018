/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH's keys: the table, and the tree they are read into. */
#ifndef IMAP_SEARCH_KEY_H
#define IMAP_SEARCH_KEY_H

#include <glib.h>

#include "store/search.h"
#include "imap/command.h"

/* Keys of one command; deeper nesting is limited by PARSE_DEPTH_MAX. */
#define SEARCH_KEYS_MAX 10000

typedef struct {
	const SearchKey *key;
} SearchArgs;

/* The arguments of SEARCH and UID SEARCH (RFC 3501 section 6.4.4). */
gboolean args_search(ImapParser *parser, ImapCommand *command);

#endif
