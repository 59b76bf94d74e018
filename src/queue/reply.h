/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an SMTP server says (RFC 5321 section 4.2). */
#ifndef QUEUE_REPLY_H
#define QUEUE_REPLY_H

#include <glib.h>

#include "base/bytes.h"

/* Pure: lines in, values out. */

#define REPLY_LINE_MAX 4096 /* bytes of a line; RFC 5321 allows 512 */
#define REPLY_LINES_MAX 200
#define REPLY_TEXT_MAX 1000 /* bytes of what is kept of it all */

typedef struct {
	guint code;    /* 200 to 599; 0 for no line yet */
	GString *text; /* "550 5.1.1 no such user", lines joined by blanks:
	                * valid UTF-8 without controls, at most
	                * REPLY_TEXT_MAX bytes */
	guint lines;
} Reply;

typedef enum {
	REPLY_MORE,  /* another line belongs to it */
	REPLY_WHOLE, /* that was the last */
	REPLY_WRONG, /* no SMTP, another code than before, or too many */
} ReplyState;

/* Begins an empty one; clear it with reply_clear(). */
void reply_init(Reply *reply);
void reply_clear(Reply *reply);

/* Takes a line without its line end.  *rest is what stands behind the code. */
ReplyState reply_take(Reply *reply, Bytes line, Bytes *rest);

static inline gboolean reply_is_good(const Reply *reply)
{
	return reply->code >= 200 && reply->code < 400;
}

/* The enhanced status code of a reply's text (RFC 3463), or where it has none
 * the "5.0.0" or "4.0.0" its class stands for. */
#define REPLY_STATUS_SIZE 12
void reply_status(const char *text, char out[static REPLY_STATUS_SIZE]);

/* What a server can, from its answer to EHLO. */
typedef struct {
	gboolean starttls;
	gboolean eightbit;   /* 8BITMIME, RFC 6152 */
	gboolean utf8;       /* SMTPUTF8, RFC 6531 */
	gboolean chunking;   /* RFC 3030 */
	gboolean binary;     /* BINARYMIME, RFC 3030 */
	gboolean dsn;        /* RFC 3461 */
	gboolean size;       /* SIZE, RFC 1870 */
	guint64 max_size;    /* bytes; 0: it does not say */
	gboolean auth_plain; /* RFC 4954 */
	gboolean auth_login;
} ReplyAbilities;

/* Notes what one line of that answer says; lines it does not know say
 * nothing. */
void reply_ability(ReplyAbilities *abilities, Bytes line);

#endif
