/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an import reads from: mbox files, Maildirs, directories of messages. */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

#include <glib.h>

#include "base/bytes.h"
#include "base/timestamp.h"
#include "store/flag.h"

/* One message found.  The bytes are valid during the call. */
typedef struct {
	Bytes message;
	const char *path;   /* of the file it is in */
	const char *folder; /* mailbox name relative to the source, "" for it */
	gboolean has_date;
	Timestamp date;
	Flags flags;
} SourceMessage;

/* Takes a message; FALSE with an error ends the reading. */
typedef gboolean (*SourceSink)(
	const SourceMessage *message, gpointer data, GError **error);

/* Reads what is at path, which is told by looking at it: a file that begins
 * with "From " is an mbox, any other file, and any .eml file, one message; a
 * directory with cur and new is a Maildir (flags from the file names, dates
 * from the files), with its Maildir++ folders (".A.B") and the Maildirs below
 * it; any other directory holds one message a file, and directories that are
 * folders.  Files whose names begin with a dot are passed over.  Order: by
 * name, so that two runs are alike.  Errors: NOT_FOUND, CLOSED where a file
 * cannot be read. */
gboolean source_read(const char *path, SourceSink sink, gpointer data,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
