/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dbmail-users -x: aliases that send mail on. */
#ifndef TOOLS_FORWARDS_H
#define TOOLS_FORWARDS_H

#include "tools/tool.h"

/* What is to become of an alias. */
typedef struct {
	const char *alias;  /* where nothing changes: a pattern */
	GPtrArray *added;   /* const char *: addresses, or users' names */
	GPtrArray *removed; /* the same */
	gboolean is_dry;
} Forwards;

/* Adds and removes where the alias leads; with nothing of that, prints the
 * aliases that match and lead to addresses, a line each: the alias, a tab, the
 * address. */
gboolean forwards_run(const Tool *tool, const Forwards *forwards,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
