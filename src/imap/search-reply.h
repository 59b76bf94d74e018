/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answers to a search: SEARCH, SORT and ESEARCH responses. */
#ifndef IMAP_SEARCH_REPLY_H
#define IMAP_SEARCH_REPLY_H

#include <glib.h>

#include "base/numset.h"
#include "net/stream.h"
#include "store/view.h"
#include "imap/search-args.h"

/* What was found, and how the client wants it named. */
typedef struct {
	const MailboxView *view;
	gboolean is_uid;
	GArray *found;  /* guint: indexes in view, in the order of the answer */
	GArray *scores; /* guint8, by index in view; NULL: there are none */
} SearchResult;

/* "* SEARCH 2 5 6 (MODSEQ 917162500)": word is SEARCH or SORT; with_modseq as
 * RFC 7162 sections 3.1.6 and 3.1.9 want it. */
void search_reply_numbers(Stream *stream, const char *word,
	const SearchResult *result, gboolean with_modseq);

/* "* ESEARCH (TAG "A1") UID MIN 2 ..." (RFC 4731 section 3.1): returns are what
 * args asks for; correlator is all in parentheses after ESEARCH. */
void search_reply_esearch(Stream *stream, const char *correlator,
	const SearchResult *result, const SearchArgs *args);

/* The UIDs that "$" stands for after it (RFC 5182 section 2.4, RFC 9394 section
 * 3.2).  Free with numset_free. */
NumSet *search_reply_saved(const SearchResult *result, const SearchArgs *args)
	G_GNUC_WARN_UNUSED_RESULT;

/* Appends messages begin up to before end of the result as a sequence set in
 * the result's order: ranges only where they rise (RFC 5267 section 3.2). */
void search_reply_append_set(
	const SearchResult *result, guint begin, guint end, GString *out);

#endif
