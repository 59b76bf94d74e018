/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access control lists of mailboxes (RFC 4314). */
#ifndef STORE_ACL_H
#define STORE_ACL_H

#include <glib.h>

#include "store/rights.h"
#include "store/store.h"

#define ACL_IDENTIFIER_MAX 255 /* bytes of UTF-8 */

/* What one identifier, a user's name or "anyone", may do. */
typedef struct {
	char *identifier;
	guint rights; /* Right bits */
} AclEntry;

/* The mailbox's list: array of AclEntry *, freed with its elements.  Its owner
 * comes first, always there, with the rights it really has; the others by
 * name.  NOT_FOUND. */
gboolean acl_get(Store *store, gint64 mailbox, GPtrArray **entries,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef enum { ACL_REPLACE, ACL_ADD, ACL_REMOVE } AclAction;

/* Changes what an identifier may do; with nothing left its entry goes.  An
 * owner keeps RIGHTS_OWNER.  NOT_FOUND for the mailbox; INVALID for an
 * identifier that is nobody's, or means negative rights ("-name"), which are
 * not kept. */
gboolean acl_set(Store *store, gint64 mailbox, const char *identifier,
	AclAction action, guint rights, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* What an identifier is always granted, RIGHTS_NONE or, being the owner,
 * RIGHTS_OWNER.  Errors as for acl_set. */
gboolean acl_required(Store *store, gint64 mailbox, const char *identifier,
	guint *rights, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a user may do with a mailbox now; nothing in one that is gone. */
gboolean acl_rights(Store *store, gint64 user, gint64 mailbox, guint *rights,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
