/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sieve scripts of users, and what their runs must know. */
#ifndef STORE_SCRIPT_H
#define STORE_SCRIPT_H

#include <glib.h>

#include "base/bytes.h"
#include "base/timestamp.h"
#include "store/store.h"

/* Everything here takes a user's id; NAME_PUBLIC_OWNER_ID (store/name.h) has
 * the global scripts.  Names are those script_name_normalise() gave.  Every
 * change raises the user's version (UserTarget, ScriptSet).  Each function is
 * one round trip. */

#define SCRIPT_NAME_MAX_CHARS 128 /* RFC 5804 section 1.6 asks for as many */

/* A name as it is kept, in Normalization Form C.  INVALID, with a text for the
 * user, for what is not UTF-8, empty, longer than SCRIPT_NAME_MAX_CHARS, or has
 * a control character, U+2028 or U+2029 (RFC 5804 section 1.6, RFC 5198).
 * Free with g_free. */
char *script_name_normalise(Bytes name, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
	char *name;
	gsize size; /* bytes of the text */
	gboolean is_active;
	Timestamp changed;
} ScriptInfo;

/* All scripts by name: array of ScriptInfo *, freed with its elements. */
gboolean script_list(Store *store, gint64 user, GPtrArray **scripts,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A script's text, with a NUL behind it that is not counted; free with g_free.
 * name NULL: the active one.  NOT_FOUND. */
gboolean script_get(Store *store, gint64 user, const char *name, char **source,
	gsize *size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Bounds, from the caller's settings; 0: none. */
typedef struct {
	gsize max_size;   /* bytes of one script */
	guint max_number; /* scripts of a user */
	gsize max_total;  /* bytes of all scripts of a user */
} ScriptLimits;

/* dbmail_error_cause() of a LIMIT from here: RFC 5804's response code. */
#define SCRIPT_CAUSE_SIZE "QUOTA/MAXSIZE"
#define SCRIPT_CAUSE_NUMBER "QUOTA/MAXSCRIPTS"
#define SCRIPT_CAUSE_TOTAL "QUOTA"

/* Makes a script or replaces its text; which one is active does not change.
 * The text is kept octet for octet: INVALID where it has a NUL, which no script
 * may have.  That it compiles is the caller's to check.
 * LIMIT, with cause; a script that is replaced by one that is no larger is
 * within the number and the total.  NOT_FOUND: no such user. */
gboolean script_put(Store *store, gint64 user, const char *name, Bytes source,
	const ScriptLimits *limits, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether script_put() of so many bytes would do: its errors, nothing done. */
gboolean script_have_space(Store *store, gint64 user, const char *name,
	gsize size, const ScriptLimits *limits, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Makes this script the active one and no other; NULL: none.  NOT_FOUND: then
 * the active one stays. */
gboolean script_activate(Store *store, gint64 user, const char *name,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes this script active no more, NULL: whichever is.  *was is its name, to be
 * freed with g_free.  NOT_FOUND where it is not active, and then another that is
 * stays so. */
gboolean script_deactivate(Store *store, gint64 user, const char *name,
	char **was, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* NOT_FOUND; IN_USE where it is active (RFC 5804 section 2.10), unless
 * even_active. */
gboolean script_delete(Store *store, gint64 user, const char *name,
	gboolean even_active, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* An active script stays active.  NOT_FOUND; EXISTS, also for its own name. */
gboolean script_rename(Store *store, gint64 user, const char *name,
	const char *to, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- for running them ------------------------------------------------------ */

/* One script of a set. */
typedef struct {
	char *name;
	char *source; /* a NUL behind it */
	gsize size;
} ScriptSource;

/* All that compiling and running a user's script takes, of one moment.  Free
 * with script_set_free. */
typedef struct {
	gint64 user;
	char *user_name;
	/* The user's name and the aliases that lead to it, ASCII letters in
	 * lower case; without @domain ones.  Some may be a local part alone.
	 * NULL-terminated. */
	char **addresses;
	gint64 version;        /* of the user's scripts */
	gint64 global_version; /* of the global ones */
	gint64 told_version;   /* DeliveryShare's, of the last time; 0: none */
	const ScriptSource *active; /* one of personal, or NULL */
	GArray *personal;           /* ScriptSource, ascending by name */
	GArray *global;             /* ScriptSource, ascending by name */
} ScriptSet;

void script_set_free(ScriptSet **set);

static inline void script_set_auto_free(ScriptSet *set)
{
	script_set_free(&set);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ScriptSet, script_set_auto_free)

/* NOT_FOUND: no such user.  One round trip. */
gboolean script_load(Store *store, gint64 user, ScriptSet **set, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* ScriptSet's version and global_version alone, for who may have the rest.
 * NOT_FOUND: no such user.  One round trip. */
gboolean script_versions(Store *store, gint64 user, gint64 *version,
	gint64 *global_version, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* ScriptSet's addresses alone, to be freed with g_strfreev(); none where there
 * is no such user.  One round trip. */
gboolean script_addresses(Store *store, gint64 user, char ***addresses,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The script of that name in such an array, or NULL. */
const ScriptSource *script_set_find(const GArray *sources, const char *name);

#define SCRIPT_SEEN_SIZE 32
/* So many ids of a user purge_run() leaves (RFC 7352 section 6). */
#define SCRIPT_SEEN_MAX 100000

/* An id that RFC 7352's test has not to find new for so long. */
typedef struct {
	guint8 id[SCRIPT_SEEN_SIZE];
	gint64 seconds; /* from now */
} ScriptSeen;

/* Whether the user's script has seen these ids: seen[i] says so of
 * ids[i].id.  What a delivery adds comes with it (store/delivery.h). */
gboolean script_was_seen(Store *store, gint64 user, const ScriptSeen *ids,
	guint count, gboolean *seen, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
