/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists that are kept outside of scripts (RFC 6134). */
#ifndef SIEVE_LISTS_H
#define SIEVE_LISTS_H

#include <glib.h>

#include "sieve/run-private.h"

/* Whether the list has the value.  *known FALSE: there is no such list, which is
 * a run-time error for whoever wants to use it.  The default address book is
 * always there, with nothing in it where nobody keeps one. */
gboolean sieve_list_has(const SieveRun *run, const char *list,
	const char *value, gboolean *known, gboolean *has, GError **error);

#endif
