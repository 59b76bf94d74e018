/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Searches whose results are kept up to date: RETURN (UPDATE) (RFC 5267). */
#ifndef IMAP_SEARCH_CONTEXT_H
#define IMAP_SEARCH_CONTEXT_H

#include <glib.h>

#include "imap/search-args.h"
#include "imap/search-reply.h"
#include "imap/session.h"

/* Of one session. */
#define CONTEXTS_MAX 16

/* TRUE where the command of that tag has a context in this mailbox. */
gboolean context_is_open(const ImapSelected *selected, const char *tag);

/* Keeps the result of the selected mailbox up to date from now on; args and
 * result are copied.  Where that cannot be done NOUPDATE is told (section
 * 4.3.1).  correlator is what ESEARCH responses begin with, in parentheses. */
void context_open(ImapSession *session, const char *tag, const char *correlator,
	const SearchArgs *args, const SearchResult *result);

/* FALSE where there is none of that tag. */
gboolean context_cancel(ImapSelected *selected, Bytes tag);

/* Takes messages that are gone out of all results, ahead of the EXPUNGE
 * responses: old is the client's numbering, gone are indexes in it (guint). */
void context_tell_gone(ImapSession *session, const ViewMessage *old,
	guint old_count, const GArray *gone);

/* Looks at the messages that have changed since the last time, behind EXISTS
 * and FETCH responses.  An error is logged, and the same messages are looked
 * at again the next time. */
void context_tell_changes(ImapSession *session);

#endif
