/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of the QUOTA commands (RFC 9208 section 7). */
#ifndef IMAP_QUOTA_ARGS_H
#define IMAP_QUOTA_ARGS_H

#include <glib.h>

#include "store/quota.h"
#include "imap/command.h"

typedef struct {
	const char *root;
	gint64 limits[QUOTA_RESOURCES]; /* SETQUOTA, as the wire counts */
} QuotaArgs;

/* GETQUOTA: a root. */
gboolean args_getquota(ImapParser *parser, ImapCommand *command);
/* SETQUOTA: a root and limits; what is not named is QUOTA_UNLIMITED. */
gboolean args_setquota(ImapParser *parser, ImapCommand *command);

/* The resource's name on the wire. */
const char *quota_resource_name(QuotaResource resource);

#endif
