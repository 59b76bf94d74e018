/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Password hashes: argon2id for new ones, DBMail's schemes to verify. */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <glib.h>

#include "base/settings.h"

/* A new hash (argon2id, RFC 9106, PHC string) with the settings' cost.  At
 * most one hash per processor is computed at a time; others wait.  Free with
 * g_free. */
char *password_hash(const Settings *settings, const char *password,
	GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The value of dbmail_users.encryption_type for password_hash(). */
#define PASSWORD_SCHEME "argon2id"

typedef enum {
	PASSWORD_WRONG,
	PASSWORD_RIGHT,
	PASSWORD_RIGHT_OLD, /* right, and should be hashed anew */
} PasswordVerdict;

/* Compares in constant time; an unknown scheme or a broken hash is WRONG. */
PasswordVerdict password_verify(const Settings *settings, const char *password,
	const char *hash, const char *scheme);

/* TRUE for a scheme password_verify() knows. */
gboolean password_scheme_known(const char *scheme);

#endif
