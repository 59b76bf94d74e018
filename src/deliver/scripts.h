/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users' scripts, compiled, and kept for the deliveries to come. */
#ifndef DELIVER_SCRIPTS_H
#define DELIVER_SCRIPTS_H

#include <glib.h>
#include <stdatomic.h>

#include "base/settings.h"
#include "deliver/resolved.h"
#include "sieve/script.h"
#include "store/store.h"

/* Safe between threads; times are g_get_monotonic_time()'s. */
typedef struct Scripts Scripts;

/* What a delivery to a user goes by.  Hardly changed once made; counted
 * references, safe between threads. */
typedef struct {
	atomic_uint references;
	gint64 user;
	char *user_name;
	char **addresses; /* the user's, as ScriptSet has them */
	gint64 version;
	gint64 global_version;
	/* Up to which the owner was told of failures: what alone changes, by
	 * user_script_told(). */
	_Atomic gint64 told_version;
	char *name;          /* of the active script; NULL: there is none */
	gboolean is_default; /* not the user's own: default_script, or none */
	SieveLimits limits;
	SieveScript *script; /* NULL: none, or it does not compile */
	SieveError *wrong;   /* then: its first error */
	char *source; /* for libsieve, where that is to run it; else NULL */
	gsize source_size;
	/* For scripts.c alone: what others find it in while it is in use, by
	 * which key, and since when; NULL for user_script_load()'s. */
	Scripts *home;
	char *key;
	gint64 loaded;
	gboolean is_large;
} UserScript;

void user_script_free(UserScript **script);

/* The owner was told that this version fails. */
void user_script_told(UserScript *script);

static inline void user_script_auto_free(UserScript *script)
{
	user_script_free(&script);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UserScript, user_script_auto_free)

/* Loads and compiles a script of the user's: the one of that name, or with NULL
 * the active one, or else the global one that default_script of [SIEVE] names,
 * if there is one.  NOT_FOUND for the name. */
gboolean user_script_load(Store *store, const Settings *settings, gint64 user,
	const char *name, UserScript **script, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Keeps the scripts used last, up to max_script_cache of [SIEVE], for `lifetime`
 * microseconds each: a change of an alias or of [SIEVE] counts after that.  Who
 * wants one that another is loading waits for that; one that is not kept is
 * found as long as somebody uses it.  Of large ones, over 128 KiB with what they
 * include, one is compiled at a time; who waits for that, or for another to
 * load, must not hold what loading needs: a connection of the store's. */
Scripts *scripts_new(gint64 lifetime) G_GNUC_WARN_UNUSED_RESULT;
void scripts_free(Scripts **scripts);

/* TRUE where a script may have to run for the target: the user has an active one,
 * or there is one for all. */
gboolean scripts_has(const Settings *settings, const DeliverTarget *target);

/* The script of the target's user, in the versions the target names or later
 * ones; loaded and compiled where it is not there.  Errors: TEMPORARY, also
 * where the user is gone. */
gboolean scripts_get(Scripts *scripts, Store *store, const Settings *settings,
	const DeliverTarget *target, UserScript **script, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* A script of IMAP events (RFC 6785) as it is at this moment: its owner may have
 * put it just now, so that the versions are asked for each time, and only what
 * has changed is loaded and compiled.  It runs for the user, and is one of the
 * user's or, with is_global, one of the global ones.  NOT_FOUND. */
gboolean scripts_get_event(Scripts *scripts, Store *store,
	const Settings *settings, gint64 user, const char *name,
	gboolean is_global, UserScript **script, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
