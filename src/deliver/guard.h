/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a message must not be answered, and when it has gone round in a loop. */
#ifndef DELIVER_GUARD_H
#define DELIVER_GUARD_H

#include <glib.h>

#include "mime/header.h"

/* What follows are pure questions.  An answer of NULL is "go on"; else it says
 * why not, in a few words for the log. */

/* May a program write to that envelope sender at all?  Not to nobody (RFC 3834
 * section 2), and not to addresses that only programs have: mailer daemons,
 * list managers, owner-list, list-request and the like (RFC 5230 section
 * 4.6). */
const char *guard_sender(const char *sender);

/* Is the message one that a program sent?  Auto-Submitted other than "no",
 * however it is spelt. */
const char *guard_automatic(const MimeHeader *header);

/* Is it one that vacation must not answer?  Automatic ones, Precedence of bulk
 * mail, the fields of mailing lists, X-Auto-Response-Suppress that asks for
 * it. */
const char *guard_bulk(const MimeHeader *header);

/* Is one of the user's addresses in To, Cc, Bcc or their Resent forms (RFC
 * 5230 section 4.5)?  own is NULL-terminated; an address matches in any case,
 * and with a detail behind one of the delimiters too. */
gboolean guard_is_addressed(const MimeHeader *header, const char *const *own,
	const char *delimiters);

/* Is that address one of them? */
gboolean guard_is_own(
	const char *address, const char *const *own, const char *delimiters);

/* The X-Loop value that tells mail which that user has sent on: the same for
 * all addresses the user has in one domain, different for all others, and
 * nobody can tell the user by it.  Free with g_free. */
char *guard_mark(gint64 user, const char *address) G_GNUC_WARN_UNUSED_RESULT;

/* Has it been sent on with this mark, or through more hosts than any mail
 * takes? */
const char *guard_loop(const MimeHeader *header, const char *mark);

#endif
