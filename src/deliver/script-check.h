/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a Sieve script may be stored, for those who store some. */
#ifndef DELIVER_SCRIPT_CHECK_H
#define DELIVER_SCRIPT_CHECK_H

#include <glib.h>

#include "base/bytes.h"
#include "base/settings.h"
#include "sieve/script.h"
#include "store/script.h"

/* Compiling takes some 25 times a script's bytes, for as long as it lasts.  Of
 * those over this size, with what they include, only a few are to be compiled at
 * a time; then malloc_trim(), since the pages of many small blocks do not go
 * back by themselves. */
#define SCRIPT_LARGE_SIZE ((gsize)128 * 1024)

/* The bounds that [SIEVE] sets, on scripts and on the space they take. */
SieveLimits script_limits(const Settings *settings);
ScriptLimits script_space(const Settings *settings);

/* Those of the extensions `there` that [SIEVE] lets scripts use: those that
 * extensions names, or, where the first has a - before it, all but those.  Names
 * that mean nothing are passed over. */
SieveExtensions script_extensions(
	const Settings *settings, SieveExtensions there);

/* TRUE where libsieve runs deliveries' scripts: [SIEVE] says so. */
gboolean script_is_for_libsieve(const Settings *settings);

/* Those that a delivery's scripts may use, by the engine that [SIEVE] names. */
SieveExtensions script_extensions_delivery(const Settings *settings);

/* Those that a script of IMAP events may use (RFC 6785): where "imapsieve" is
 * not among them, there are no such scripts. */
SieveExtensions script_extensions_events(const Settings *settings);

/* Whether a script of that name compiles.  *errors: what is wrong and what looks
 * wrong, SieveError *, to be freed with g_ptr_array_unref.  Scripts that it
 * includes are not looked at: they may come later, and in a circle (RFC 6609
 * section 3.1). */
gboolean script_check(const Settings *settings, const char *name, Bytes source,
	GPtrArray **errors) G_GNUC_WARN_UNUSED_RESULT;

#endif
