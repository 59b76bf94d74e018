/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-sievecmd -m: a script over the mail of a mailbox. */
#ifndef TOOLS_SIEVE_STORED_H
#define TOOLS_SIEVE_STORED_H

#include "tools/tool.h"

typedef struct {
	gint64 user;
	const char *mailbox;   /* the name of one of the user's own */
	const char *script;    /* a name; NULL: the active one */
	const char *recipient; /* whom the mail was for; NULL: the user */
	gboolean applies;      /* FALSE: nothing changes */
} SieveStored;

/* Prints what the script does with each message, and in the end how many there
 * were, and does it where that is wanted (deliver/refilter.h).  Errors:
 * refilter_run()'s, mailbox_get()'s, and NO_PERMISSION for a mailbox of
 * somebody else. */
gboolean sieve_stored(const Tool *tool, const SieveStored *stored,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
