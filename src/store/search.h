/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SEARCH over a view: keys in, message indexes out (RFC 3501 section 6.4.4,
 * RFC 5032, 6203, 7162, 8474, 8514). */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include <glib.h>

#include "base/numset.h"
#include "base/timestamp.h"
#include "store/view.h"

typedef enum {
	SEARCH_ALL,
	SEARCH_AND,           /* children */
	SEARCH_OR,            /* children */
	SEARCH_NOT,           /* one child */
	SEARCH_FLAGS,         /* (flags & mask) == value */
	SEARCH_KEYWORD,       /* text */
	SEARCH_RECENT,        /* uid >= number */
	SEARCH_SEQUENCE,      /* set of sequence numbers */
	SEARCH_UID,           /* set of UIDs */
	SEARCH_SIZE,          /* compare, number */
	SEARCH_INTERNAL_DATE, /* compare, day (UTC, as INTERNALDATE is shown) */
	SEARCH_SENT_DATE,     /* compare, day in the Date field's own zone */
	SEARCH_MODSEQ,        /* modseq >= number */
	SEARCH_HEADER,        /* field, text; empty text: field is there */
	SEARCH_BODY,          /* text */
	SEARCH_TEXT,          /* text */
	/* Compare, number: seconds between INTERNALDATE and now (RFC 5032:
	 * YOUNGER is SEARCH_LESS_EQUAL, OLDER SEARCH_GREATER_EQUAL). */
	SEARCH_AGE,
	SEARCH_SAVE_DATE,           /* compare, day (UTC) of the save date */
	SEARCH_SAVE_DATE_SUPPORTED, /* matches everything */
	SEARCH_EMAIL_ID,            /* physmessage == number */
	SEARCH_THREAD_ID, /* text: the id as FETCH THREADID gives it */
} SearchKind;

typedef enum {
	SEARCH_LESS,
	SEARCH_EQUAL,
	SEARCH_GREATER_EQUAL,
	SEARCH_GREATER,
	SEARCH_LESS_EQUAL
} SearchCompare;

/* A node; built in an arena by whoever parsed the command. */
typedef struct SearchKey SearchKey;
struct SearchKey {
	SearchKind kind;
	SearchCompare compare;
	guint32 flags_mask;
	guint32 flags_value;
	guint64 number;
	CalendarDay day;
	const NumSet *set;
	const char *field; /* header field name */
	const char *text;  /* UTF-8; matched as substring, case-insensitively */
	/* Of SEARCH_HEADER, SEARCH_BODY and SEARCH_TEXT, else of no meaning
	 * (RFC 6203): the words of text in any order, diacritics ignored, small
	 * differences in spelling tolerated. */
	gboolean fuzzy;
	SearchKey *first_child;
	SearchKey *next; /* sibling */
};

/* Whether to give up; done of total messages are decided, as far as one can
 * tell. */
typedef gboolean (*SearchCancelled)(guint done, guint total, gpointer data);

/* The matching messages' indexes in the view, ascending (GArray of guint).
 * Cheap keys decide first; a message's header or body is read only where
 * they leave it open, in batches.  cancelled (may be NULL) is asked between
 * batches.  Free with g_array_unref. */
gboolean search_run(Store *store, const MailboxView *view, const SearchKey *key,
	SearchCancelled cancelled, gpointer data, GArray **matches,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same with a score for each message of the view, by its index, not by its
 * place among the matches (GArray of guint8): 1 to 100 for a match, how well
 * it fits the fuzzy keys (RFC 6203 section 4), 100 where there are none; 0
 * for others.  For sort_run() as it is.  Free with g_array_unref. */
gboolean search_run_scored(Store *store, const MailboxView *view,
	const SearchKey *key, SearchCancelled cancelled, gpointer data,
	GArray **matches, GArray **scores, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Makes what SEARCH BODY and TEXT look at, of all messages in the store of
 * which nothing is kept, so that the first search that needs it has not to.
 * As many at a time as a search does.  *count: how many there were. */
gboolean search_keep_all(Store *store, guint64 *count, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
