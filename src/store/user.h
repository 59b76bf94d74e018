/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users, their aliases and quotas. */
#ifndef STORE_USER_H
#define STORE_USER_H

#include <glib.h>

#include "base/timestamp.h"
#include "store/store.h"

/* Free with user_free. */
typedef struct {
	gint64 id;
	char *name;       /* userid */
	char *password;   /* hash; "" where log-in is not possible */
	char *encryption; /* scheme of the hash */
	gint64 quota;     /* bytes, 0 for none */
	gint64 used;      /* bytes */
	gint64 client;
	gboolean has_login;
	Timestamp last_login; /* where has_login */
	gboolean is_administrator;
} User;

void user_free(User **user);

static inline void user_auto_free(User *user)
{
	user_free(&user);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(User, user_auto_free)

/* The user of that name, ASCII letters in any case.  NOT_FOUND. */
gboolean user_get(Store *store, const char *name, User **user, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Bytes that all daemons of the store share and nobody else knows, from which to
 * make up what a name that has no user would have. */
#define USER_SALT_SECRET_SIZE 32
gboolean user_salt_secret(Store *store, guint8 secret[USER_SALT_SECRET_SIZE],
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a user with INBOX and the default folders, subscribed, in one
 * transaction.  password is a hash.  EXISTS; INVALID for a name that is
 * empty, over 255 bytes, not UTF-8 or holds a control character. */
gboolean user_create(Store *store, const char *name, const char *password,
	const char *encryption, gint64 quota, gint64 *id, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* Removes a user with all mailboxes, messages and aliases.  NOT_FOUND.  This
 * and what renames a user, gives it a password or an alias is NO_PERMISSION
 * for the users the store needs for itself (store/name.h). */
gboolean user_delete(Store *store, gint64 id, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

gboolean user_rename(Store *store, gint64 id, const char *name, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
gboolean user_set_password(Store *store, gint64 id, const char *password,
	const char *encryption, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean user_set_quota(Store *store, gint64 id, gint64 quota, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
gboolean user_set_client(Store *store, gint64 id, gint64 client, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* An administrator may do everything under #Public, set quotas (RFC 9208
 * section 4.1.3) and annotate the server (RFC 5464). */
gboolean user_set_administrator(Store *store, gint64 id,
	gboolean is_administrator, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Notes a log-in; not waited for to be on disk. */
gboolean user_note_login(Store *store, gint64 id, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* All users whose name matches the pattern (* and ?; NULL for all), in the
 * order of their names, without those the store needs for itself: an array of
 * User *, freed with its elements. */
gboolean user_list(Store *store, const char *pattern, GPtrArray **users,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* alias -> user.  EXISTS; NOT_FOUND. */
gboolean user_alias_add(Store *store, gint64 id, const char *alias,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean user_alias_remove(Store *store, gint64 id, const char *alias,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The user's aliases, sorted; free with g_strfreev. */
gboolean user_aliases(Store *store, gint64 id, GStrv *aliases, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

/* An alias that leads to an address, of this store or of another host. */
typedef struct {
	char *alias;
	char *address;
} UserForward;

/* alias -> address.  EXISTS; INVALID for a name no alias can have, an address
 * that is none, or one that leads to itself. */
gboolean user_forward_add(Store *store, const char *alias, const char *address,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Letters of either case.  NOT_FOUND. */
gboolean user_forward_remove(Store *store, const char *alias,
	const char *address, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Those of the aliases that match the pattern (* and ?; NULL for all), sorted:
 * an array of UserForward *, freed with its elements. */
gboolean user_forwards(Store *store, const char *pattern, GPtrArray **forwards,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Where mail for an address goes: to a user, or on to an address outside. */
typedef struct {
	gint64 user;   /* 0: outside */
	gint64 inbox;  /* its INBOX */
	gboolean full; /* used >= quota > 0 at the moment of asking */
	guint matched; /* index of the name that was found */
	/* Of the user's scripts and of the global ones (store/script.h); the
	 * first is 0 where no script of the user is active. */
	gint64 sieve_version;
	gint64 global_version;
	/* Outside: the alias that leads there, and the address as it has it,
	 * which outbound_check() takes. */
	gint64 alias;
	char *address;
} UserTarget;

/* Looks names (most specific first: whole address, without detail, local
 * part, @domain) up as aliases and user names, following aliases to a depth
 * of ten; the first name that is known decides, and may lead to several
 * users.  An address with a domain that an alias leads to, and that is neither
 * an alias nor a user, is outside.  targets: array of UserTarget, users first,
 * empty where nobody is known; free with g_array_unref.  One round trip. */
gboolean user_resolve(Store *store, const char *const *names, GArray **targets,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
