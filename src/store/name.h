/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mailbox names as users see them: three namespaces (RFC 2342). */
#ifndef STORE_NAME_H
#define STORE_NAME_H

#include <glib.h>

/* Mailboxes of one's own have no prefix; others' are "#Users/NAME/Folder",
 * shared ones "#Public/Folder".  The latter belong to a user whom nobody
 * can be. */
#define NAME_USERS "#Users"
#define NAME_PUBLIC "#Public"
#define NAME_PUBLIC_OWNER "__public__"
#define NAME_PUBLIC_OWNER_ID G_GINT64_CONSTANT(-2)
/* Whom an ACL means by everybody (RFC 4314 section 2). */
#define NAME_ANYONE "anyone"
#define NAME_ANYONE_ID G_GINT64_CONSTANT(-1)

/* Whose mailbox a visible name means, and what its owner calls it. */
typedef struct {
	char *owner; /* a user's name, ASCII in lower case; NULL: who asks */
	const char *own; /* inside the name that was split; "" for a prefix */
} NamePath;

/* Splits a name mailbox_name_normalise() gave. */
void name_split(const char *name, NamePath *path);
void name_path_clear(NamePath *path);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(NamePath, name_path_clear)

/* The user's own name of it, within the name, where that is one of the user's
 * own mailboxes under "#Users"; else the name itself. */
const char *name_own(const char *name, const char *user);

/* How many bytes of a name, from the wire or split, are namespace and user:
 * what follows is the owner's own name.  *canonical (may be NULL) receives the
 * prefix as it is written, "" for one's own; free with g_free. */
gsize name_prefix(const char *name, char **canonical);

#endif
