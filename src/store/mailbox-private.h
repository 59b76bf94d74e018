/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What mailbox.c shares with mailbox-change.c. */
#ifndef STORE_MAILBOX_PRIVATE_H
#define STORE_MAILBOX_PRIVATE_H

#include "db/batch.h"
#include "store/mailbox-sql.h"
#include "store/mailbox.h"

#define MAILBOX_INBOX "INBOX"

/* A row of mailbox_get or mailbox_list. */
Mailbox *mailbox_from_row(const DbRows *rows, guint row)
	G_GNUC_WARN_UNUSED_RESULT;

/* FALSE. */
gboolean mailbox_set_not_found(GError **error, gint64 user, const char *name);

/* mailbox_get for a user who asks and an owner who is known. */
void mailbox_add_get(
	DbBatch *batch, gint64 user, gint64 owner, const char *own);

/* A statement whose first parameters are the owner and a name. */
DbParams *mailbox_add_named(DbBatch *batch, const DbStatement *statement,
	gint64 owner, const char *name);

#endif
