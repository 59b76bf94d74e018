/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The THREAD response (RFC 5256 section 4). */
#ifndef IMAP_THREAD_REPLY_H
#define IMAP_THREAD_REPLY_H

#include <glib.h>

#include "net/stream.h"
#include "store/thread.h"

/* "* THREAD (2)(3 6 (4 23)(44 7 96))"; first is NULL where there are no
 * threads.  In little memory, however deep and wide they are. */
void thread_reply(Stream *stream, const MailboxView *view, gboolean is_uid,
	const ThreadNode *first);

#endif
