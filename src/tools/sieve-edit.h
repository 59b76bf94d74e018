/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user's Sieve script in the editor of the one at the terminal. */
#ifndef TOOLS_SIEVE_EDIT_H
#define TOOLS_SIEVE_EDIT_H

#include <glib.h>

#include "tools/tool.h"

typedef struct {
	Tool *tool;
	gint64 user;
	const char *name;  /* normalised; one that is not there is made */
	gboolean replaces; /* even what another has changed meanwhile */
} SieveEdit;

/* Has $VISUAL, $EDITOR or vi edit a copy in a directory nobody else can look
 * into, and stores what is good.  Where it has errors they are told, and who is
 * at a terminal is asked whether to go on editing.  What is not stored after all
 * stays in its file, and the error says where.  Nothing is stored where nothing
 * was changed, or the editor failed. */
gboolean sieve_edit(const SieveEdit *what, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
