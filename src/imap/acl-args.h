/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of the ACL commands (RFC 4314 section 7). */
#ifndef IMAP_ACL_ARGS_H
#define IMAP_ACL_ARGS_H

#include <glib.h>

#include "store/acl.h"
#include "imap/command.h"

/* What a command does not have stays zero. */
typedef struct {
	Bytes mailbox;
	const char *identifier; /* in UTF-8 */
	AclAction action;
	guint rights; /* Right bits */
} AclArgs;

/* SETACL: mailbox, identifier, rights with "+" or "-" before them. */
gboolean args_setacl(ImapParser *parser, ImapCommand *command);
/* DELETEACL and LISTRIGHTS: mailbox and identifier. */
gboolean args_acl_identifier(ImapParser *parser, ImapCommand *command);

#endif
