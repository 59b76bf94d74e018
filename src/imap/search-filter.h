/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FILTER: searches that a user keeps under a name (RFC 5466). */
#ifndef IMAP_SEARCH_FILTER_H
#define IMAP_SEARCH_FILTER_H

#include <glib.h>

#include "imap/search-args.h"
#include "imap/session.h"

/* Filters may name filters, so deep, so many in one search, and so many bytes
 * of them all together. */
#define FILTER_PASSES_MAX 5
#define FILTERS_MAX 50
#define FILTER_BYTES_MAX 262144

/* Puts the keys that args' filters stand for in their places.  numbers are the
 * mailbox's that will be searched; what is made is the arena's and the sets'.
 * Values that were read before are in args->filter_values and not asked for
 * again.  TRUE with *undefined set: there is no such filter, or it is no
 * search. */
gboolean search_filters_put(ImapSession *session, SearchArgs *args,
	ImapNumbers numbers, Arena *arena, GPtrArray *sets,
	const char **undefined, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
