/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled search, and what its files tell each other. */
#ifndef STORE_SEARCH_PRIVATE_H
#define STORE_SEARCH_PRIVATE_H

#include "base/arena.h"
#include "store/column.h"
#include "store/fetch.h"
#include "store/search.h"

typedef enum { TRI_FALSE, TRI_TRUE, TRI_UNKNOWN } Tri;

/* What must have been read of a message, cheapest first. */
typedef enum {
	SEARCH_LEVEL_VIEW,
	SEARCH_LEVEL_COLUMN,
	SEARCH_LEVEL_HEADER,
	SEARCH_LEVEL_BODY,
	SEARCH_LEVELS,
} SearchLevel;

typedef struct FuzzyNeedle FuzzyNeedle;

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
	const FuzzyNeedle *fuzzy; /* NULL for exact ones */
	ColumnId column;          /* COLUMNS where none decides it */
	SearchLevel level;        /* the least at which it can be decided */
	guint8 found; /* Tri, of the message at hand, where it needs reading */
	guint8 score; /* of the message at hand: 1 to 100 where found */
	guint8 *founds; /* the same of each message of the block */
	guint8 *scores; /* NULL for exact keys */
};

/* Messages that are searched together: indexes begin to begin + count - 1. */
typedef struct {
	Store *store;
	const MailboxView *view;
	Arena *arena;
	GPtrArray *nodes; /* of SearchNode: those that need reading */
	SearchNode *root;
	Timestamp now;
	guint begin;
	guint count;
	guint8 *results; /* Tri, of each message of the block */
	guint8 *levels;  /* SearchLevel to read for the undecided */
	guint open;      /* messages of the block that may still be undecided */
	SearchCancelled cancelled;
	gpointer cancelled_data;
} Search;

/* --- search.c ------------------------------------------------------------- */

/* Decides again a message of the block, with what its nodes found. */
void search_decide(Search *search, guint at, SearchLevel read);

/* The indexes in the view of those that this level may decide (of guint,
 * ascending); free with g_array_unref. */
GArray *search_open(const Search *search, SearchLevel level)
	G_GNUC_WARN_UNUSED_RESULT;

/* CLOSED where nobody waits any more. */
gboolean search_may_go_on(const Search *search, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

static inline const ViewMessage *search_message(
	const Search *search, guint index)
{
	return &search->view->messages[index];
}

/* --- search-text.c -------------------------------------------------------- */

/* Appends valid UTF-8 as text_fold() gives it; fast where it is ASCII. */
void search_fold(const char *text, gsize size, GString *out);

/* How well a folded text fits the node's text: 1 to 100, or 0. */
guint8 search_fits(const SearchNode *node, const char *folded, gsize size);

/* --- search-fuzzy.c ------------------------------------------------------- */

/* A needle out of folded text, in the arena.  NULL where it has no words: it
 * is searched for as it stands. */
const FuzzyNeedle *fuzzy_needle_new(Arena *arena, Bytes folded);

/* 1 to 100: 100 for the phrase as it stands, less for its words in another
 * order, for words without their diacritics and for words spelled a little
 * differently; 0 where a word is in no form there. */
guint8 fuzzy_fits(const FuzzyNeedle *needle, Bytes folded);

/* --- search-column.c ------------------------------------------------------ */

/* Which column decides the key, COLUMNS for none. */
ColumnId search_column(const SearchKey *key);

/* Decides what columns can. */
gboolean search_columns(Search *search, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* --- search-body.c -------------------------------------------------------- */

/* Decides what the kept texts can. */
gboolean search_bodies(Search *search, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* --- search-content.c ----------------------------------------------------- */

/* Messages that are read at most at once, and their bytes. */
#define SEARCH_BATCH_BYTES ((guint64)1048576)
/* A larger message is not read whole, but only its texts. */
#define SEARCH_WHOLE_MAX ((guint64)65536)

/* Sets the nodes' found and score as far as the level goes, for one message;
 * the fetched values are search_what()'s. */
gboolean search_content_match(const Search *search, SearchLevel level,
	const FetchedMessage *message, guint64 size, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* What to fetch for it. */
FetchWhat search_what(const Search *search, SearchLevel level, gboolean whole);

#endif
