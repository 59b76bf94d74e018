/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-sievecmd -L, -A and -R: lists that scripts ask for (RFC 6134). */
#ifndef TOOLS_SIEVE_LISTS_H
#define TOOLS_SIEVE_LISTS_H

#include "tools/tool.h"

/* Prints the owner's lists, a line each, name, tab and number of members; or,
 * where name is not NULL, the members of that one. */
gboolean sieve_lists_print(const Tool *tool, gint64 owner, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds values to a list, which is made where there is none; NULL-terminated,
 * with none of them the lines of standard input, without blanks around them and
 * without empty ones and those that begin with #. */
gboolean sieve_lists_add(const Tool *tool, gint64 owner, const char *name,
	char *const *values, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes values; with none of them the list. */
gboolean sieve_lists_remove(const Tool *tool, gint64 owner, const char *name,
	char *const *values, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
