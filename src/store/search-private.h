/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled search, and what its files tell each other. */
#ifndef STORE_SEARCH_PRIVATE_H
#define STORE_SEARCH_PRIVATE_H

#include "base/arena.h"
#include "store/fetch.h"
#include "store/search.h"

typedef enum { TRI_FALSE, TRI_TRUE, TRI_UNKNOWN } Tri;

/* What must have been read of a message, cheapest first. */
typedef enum {
	SEARCH_LEVEL_VIEW,
	SEARCH_LEVEL_META,
	SEARCH_LEVEL_SUMMARY,
	SEARCH_LEVEL_HEADER,
	SEARCH_LEVEL_BODY,
	SEARCH_LEVELS,
} SearchLevel;

/* The summary's text of a field. */
typedef const char *(*SearchSummaryField)(const FetchedMessage *message);

/* A key made ready; in the search's arena. */
typedef struct SearchNode SearchNode;
struct SearchNode {
	const SearchKey *key;
	SearchNode *first_child;
	SearchNode *next;
	guint64 keyword;    /* SEARCH_KEYWORD: its bit; 0: not in the mailbox */
	gint64 day;         /* dates: days since 1970 */
	const char *needle; /* texts: folded */
	gsize needle_size;
	SearchSummaryField summary; /* SEARCH_HEADER: NULL where not there */
	SearchLevel level;          /* the least at which it can be decided */
	Tri found; /* of the message at hand, where it needs reading */
};

/* --- search-text.c -------------------------------------------------------- */

/* Appends valid UTF-8 as text_fold() gives it; fast where it is ASCII. */
void search_fold(const char *text, gsize size, GString *out);

gboolean search_contains(
	const char *text, gsize size, const char *needle, gsize needle_size);

/* --- search-content.c ----------------------------------------------------- */

/* Messages that are read at most at once, and their bytes. */
#define SEARCH_BATCH_BYTES ((guint64)1048576)
/* A larger message is not read whole, but only its texts. */
#define SEARCH_WHOLE_MAX ((guint64)65536)

/* How much of a batch of messages to read. */
typedef struct {
	SearchLevel level;
	gboolean wants_meta;
	gboolean wants_summary;
	gboolean wants_header;
	GPtrArray *nodes; /* of SearchNode: those that are not of the view */
} SearchPlan;

/* Decides the plan's nodes, as far as its level goes, for one message; the
 * fetched values are search_what()'s. */
gboolean search_content_match(Store *store, const SearchPlan *plan,
	const FetchedMessage *message, guint64 size, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* What to fetch for it. */
FetchWhat search_what(const SearchPlan *plan, gboolean whole);

#endif
