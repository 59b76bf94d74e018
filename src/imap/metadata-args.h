/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arguments of GETMETADATA and SETMETADATA (RFC 5464 section 5). */
#ifndef IMAP_METADATA_ARGS_H
#define IMAP_METADATA_ARGS_H

#include <glib.h>

#include "store/metadata.h"
#include "imap/command.h"

typedef struct {
	Bytes mailbox;              /* no bytes: the server */
	const char *const *entries; /* normalised, NULL-terminated */
	MetadataDepth depth;
	gboolean has_max_size;
	guint64 max_size;
} GetMetadataArgs;
gboolean args_getmetadata(ImapParser *parser, ImapCommand *command);

typedef struct {
	Bytes mailbox; /* no bytes: the server */
	const MetadataChange *changes;
	guint count;
} SetMetadataArgs;
gboolean args_setmetadata(ImapParser *parser, ImapCommand *command);

#endif
