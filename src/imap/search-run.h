/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every searching command does: check, and search one mailbox. */
#ifndef IMAP_SEARCH_RUN_H
#define IMAP_SEARCH_RUN_H

#include <glib.h>

#include "imap/search-args.h"
#include "imap/search-reply.h"
#include "imap/session.h"

/* Makes the selected mailbox's search ready.  TRUE with *ready FALSE: the
 * command is answered, because what it asks for is wrong (BAD) or cannot be
 * had (NO). */
gboolean search_prepare(ImapSession *session, ImapCommand *command,
	SearchArgs *args, gboolean *ready, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Finds the messages of the view, and sorts them; given up when the client goes away.  Free
 * with search_result_clear. */
gboolean search_find(ImapSession *session, const MailboxView *view,
	const SearchArgs *args, SearchResult *result, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void search_result_clear(SearchResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SearchResult, search_result_clear)

/* Nobody waits for an answer any more. */
gboolean search_is_pointless(const ImapSession *session);

/* Makes the result, in which nothing is for NULL, what "$" stands for, if args
 * say SAVE. */
void search_save(ImapSession *session, const SearchArgs *args,
	const SearchResult *result);

/* Answers with ESEARCH, unless all there was to do was SAVE (RFC 5182 section
 * 2.1). */
void search_answer(ImapSession *session, const char *correlator,
	const SearchArgs *args, const SearchResult *result);

/* All of SEARCH or SORT in the selected mailbox; extended: the answer is
 * ESEARCH. */
gboolean search_selected(ImapSession *session, ImapCommand *command,
	gboolean extended, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
