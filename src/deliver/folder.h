/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mailboxes a user's mail may be put into. */
#ifndef DELIVER_FOLDER_H
#define DELIVER_FOLDER_H

#include <glib.h>

#include "base/settings.h"
#include "store/store.h"

/* One that mail may be put into.  id 0: there is none. */
typedef struct {
	gint64 id;
	guint rights; /* Right bits of the user */
} Folder;

/* Remembers for some seconds which name is which mailbox; safe between
 * threads. */
typedef struct Folders Folders;

Folders *folders_new(guint max, gint64 lifetime) G_GNUC_WARN_UNUSED_RESULT;
void folders_free(Folders **folders);

/* How one that is missing is made. */
typedef struct {
	const char *use; /* RFC 6154's attribute it gets, or NULL */
} FolderMaking;

/* The mailbox of that name, one of mailbox_name_normalise(): it exists, takes
 * messages, and is the user's own or one the user may send mail to (RFC 4314:
 * p).  With making, one that is missing is made, and subscribed; one that
 * cannot be made is one that is not there. */
gboolean folder_find(Store *store, gint64 user, const char *name,
	const FolderMaking *making, Folder *folder, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* The same for any name in UTF-8, remembered; one that no mailbox can have is
 * not there.  RFC 4314: p or i is enough. */
gboolean folders_find(Folders *folders, Store *store, const Settings *settings,
	gint64 user, const char *name, const FolderMaking *making,
	Folder *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Forgets all that leads to that mailbox: it is gone. */
void folders_forget(Folders *folders, gint64 mailbox);

/* The user's mailbox of that MAILBOXID (RFC 8474: "F" and its number). */
gboolean folder_find_id(Store *store, gint64 user, const char *id,
	Folder *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The user's own mailbox with that use ("\\Junk"). */
gboolean folder_find_use(Store *store, gint64 user, const char *use,
	Folder *folder, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same among the user's mailbox_list_uses(). */
Folder folder_with_use(const GPtrArray *uses, gint64 user, const char *use);

/* TRUE when the uses of a mailbox ("\\Junk \\Sent", or NULL) have that one, in
 * any case. */
gboolean folder_has_use(const char *uses, const char *use);

#endif
