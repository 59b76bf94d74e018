/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and values of annotations on the wire (RFC 5464 section 5). */
#ifndef IMAP_METADATA_REPLY_H
#define IMAP_METADATA_REPLY_H

#include <glib.h>

#include "store/metadata.h"
#include "syntax/parse.h"
#include "imap/session.h"

/* Entries of one command. */
#define METADATA_NAMES_MAX 100

/* The name of an entry, normalised, in the arena; is_whole as for
 * metadata_entry_normalise(). */
gboolean parse_metadata_name(
	ImapParser *parser, gboolean is_whole, const char **name);

/* "(name name)": NULL-terminated, each once, in the arena. */
gboolean parse_metadata_names(
	ImapParser *parser, gboolean is_whole, const char *const **names);

/* Appends "name value", NIL where entry is NULL; the entry's value is there. */
void metadata_append(
	GString *line, const char *name, const MetadataEntry *entry);

/* Writes "* METADATA" responses of these mailboxes, which the user may look
 * into, with the values of these entries, NIL where there is none.  Some
 * mailboxes at a time, so that values that are large are not all in memory at
 * once. */
gboolean metadata_write_all(ImapSession *session, const GPtrArray *mailboxes,
	const char *const *names, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether these rights let a user read a mailbox's annotations (RFC 5464
 * section 3.3). */
gboolean metadata_is_readable(guint rights);

#endif
