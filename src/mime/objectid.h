/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object identifiers of a message (RFC 8474). */
#ifndef MIME_OBJECTID_H
#define MIME_OBJECTID_H

#include <glib.h>

/* "M" and the message's key, or "T" and 32 hexadecimal digits, with the NUL. */
#define MIME_OBJECTID_SIZE 36

/* EMAILID: that of everything with these contents. */
void mime_email_id(gint64 physmessage, char out[MIME_OBJECTID_SIZE]);

/* THREADID: the same for all messages that have one root, which is the first
 * id of References, else the first of In-Reply-To, else Message-ID, each as
 * MimeSummary has it and NULL or empty where it is missing; else the message
 * is a thread of its own.  "T" and the first 32 digits of the root's SHA-256,
 * in SQL: 'T' || left(encode(sha256(convert_to(root, 'UTF8')), 'hex'), 32). */
void mime_thread_id(const char *references, const char *in_reply_to,
	const char *message_id, gint64 physmessage,
	char out[MIME_OBJECTID_SIZE]);

/* TRUE when id is an EMAILID; *physmessage is then its message. */
gboolean mime_email_id_parse(const char *id, gint64 *physmessage);

#endif
