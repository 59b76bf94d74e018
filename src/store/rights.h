/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a user may do with a mailbox (RFC 4314 section 2.1). */
#ifndef STORE_RIGHTS_H
#define STORE_RIGHTS_H

#include <glib.h>

#include "store/flag.h"

/* As bits, in the order dbmail_acl's columns have them. */
typedef enum {
	RIGHT_LOOKUP = 1 << 0,      /* l: it is seen in LIST */
	RIGHT_READ = 1 << 1,        /* r: SELECT, FETCH, SEARCH, COPY from it */
	RIGHT_SEEN = 1 << 2,        /* s: STORE of \Seen */
	RIGHT_WRITE = 1 << 3,       /* w: STORE of other flags */
	RIGHT_INSERT = 1 << 4,      /* i: APPEND, COPY into it */
	RIGHT_POST = 1 << 5,        /* p: mail to its address */
	RIGHT_CREATE = 1 << 6,      /* k: mailboxes under it */
	RIGHT_DELETE = 1 << 7,      /* x: DELETE and RENAME of it */
	RIGHT_DELETED = 1 << 8,     /* t: STORE of \Deleted */
	RIGHT_EXPUNGE = 1 << 9,     /* e: EXPUNGE */
	RIGHT_ADMINISTER = 1 << 10, /* a: its ACL */
} Right;

/* Appends the letters of MYRIGHTS and ACL responses, "\"\"" for none. */
void rights_append_text(GString *out, guint rights);

#define RIGHTS_NONE ((guint)0)
#define RIGHTS_ALL ((guint)(RIGHT_ADMINISTER << 1) - 1)
/* Without any of these a mailbox is open for reading (RFC 4314 section 5.2). */
#define RIGHTS_WRITING \
	((guint)(RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT | RIGHT_DELETED | \
		RIGHT_EXPUNGE))
/* What an owner keeps whatever the ACL says. */
#define RIGHTS_OWNER ((guint)(RIGHT_LOOKUP | RIGHT_READ | RIGHT_ADMINISTER))

/* Right bits of letters, c and d as all they stand for (RFC 4314 section
 * 2.1.1).  FALSE where one is no right: *unknown is that byte. */
gboolean rights_parse(const char *letters, gsize size, guint *rights,
	char *unknown) G_GNUC_WARN_UNUSED_RESULT;

/* The system flags that s, t and w let one change; keywords are w's (RFC 4314
 * section 4). */
Flags rights_flags(guint rights);

#endif
