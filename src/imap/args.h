/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The argument shapes that are no language of their own. */
#ifndef IMAP_ARGS_H
#define IMAP_ARGS_H

#include <glib.h>

#include "imap/command.h"

/* Bytes in these are as the wire has them and live as long as the command. */

typedef struct {
	Bytes mailbox;
} MailboxArgs;
gboolean args_mailbox(ImapParser *parser, ImapCommand *command);

/* RFC 4466 section 2.2, RFC 6154 section 3. */
typedef struct {
	Bytes mailbox;
	const char *uses; /* "\\Drafts \\Sent" as it came; NULL: no USE */
} CreateArgs;
gboolean args_create(ImapParser *parser, ImapCommand *command);

typedef struct {
	Bytes from;
	Bytes to;
} RenameArgs;
gboolean args_rename(ImapParser *parser, ImapCommand *command);

typedef struct {
	Bytes user;
	Bytes password;
} LoginArgs;
gboolean args_login(ImapParser *parser, ImapCommand *command);

typedef struct {
	Bytes mechanism;
	Bytes initial; /* RFC 4959; in base64 or "=", NULL data for none */
} AuthenticateArgs;
gboolean args_authenticate(ImapParser *parser, ImapCommand *command);

typedef struct {
	Bytes mechanism;
} CompressArgs;
gboolean args_compress(ImapParser *parser, ImapCommand *command);

/* A message set; UIDs when the command is a UID variant. */
typedef struct {
	const NumSet *set;
} SetArgs;
gboolean args_set(ImapParser *parser, ImapCommand *command);

typedef struct {
	const NumSet *set;
	Bytes mailbox;
} CopyArgs;
gboolean args_copy(ImapParser *parser, ImapCommand *command);

typedef struct {
	const NumSet *set;
	FlagAction action;
	gboolean silent;
	gboolean has_unchanged_since; /* RFC 7162 section 3.1.3 */
	guint64 unchanged_since;
	ImapFlags flags;
} StoreArgs;
gboolean args_store(ImapParser *parser, ImapCommand *command);

typedef struct {
	Bytes mailbox;
	guint items; /* StatusItem bits */
} StatusArgs;
gboolean args_status(ImapParser *parser, ImapCommand *command);

/* RFC 2971: field names and values, at most 30 pairs. */
typedef struct {
	Bytes name;
	Bytes value;
	gboolean is_nil;
} IdField;
typedef struct {
	const IdField *fields;
	guint count;
} IdArgs;
gboolean args_id(ImapParser *parser, ImapCommand *command);

/* Capability names, as many as there are. */
typedef struct {
	const Bytes *names;
	guint count;
} EnableArgs;
gboolean args_enable(ImapParser *parser, ImapCommand *command);

#endif
