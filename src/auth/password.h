/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Password hashes: argon2id or SCRAM's for new ones, DBMail's schemes to verify. */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <glib.h>

#include "base/settings.h"

/* Computes hashes with the settings' cost, at most one per processor at a
 * time, so that a rush of log-ins costs time and not memory; others wait.
 * Any number of threads may share one. */
typedef struct PasswordHasher PasswordHasher;

PasswordHasher *password_hasher_new(const Settings *settings)
	G_GNUC_WARN_UNUSED_RESULT;
void password_hasher_free(PasswordHasher **hasher);

/* The scheme of new hashes where the settings do not say another: a value of
 * dbmail_users.encryption_type. */
#define PASSWORD_SCHEME "argon2id"

/* The one they say. */
const char *password_scheme(const PasswordHasher *hasher);

/* A longer password is refused, at log-in as well as when it is set. */
#define PASSWORD_MAX 1024

/* A new hash with a random salt: of argon2id (RFC 9106) a PHC string, of
 * scram-sha-256 and scram-sha-1 the form of scram_format(), of scram both of
 * these with a blank between.  The password is prepared (saslprep_password()).
 * INVALID for an empty or too long password, and any other scheme.  Free with
 * g_free. */
char *password_hash(PasswordHasher *hasher, const char *scheme,
	const char *password, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The scheme in which to hash the password of a PASSWORD_RIGHT_OLD anew: the
 * one that answers all that the settings' would, and all that the one it has does:
 * who was given SCRAM keeps it. */
const char *password_scheme_next(
	const PasswordHasher *hasher, const char *scheme);

typedef enum {
	PASSWORD_WRONG,
	PASSWORD_RIGHT,
	PASSWORD_RIGHT_OLD, /* right, and should be hashed anew */
} PasswordVerdict;

/* Compares in constant time; an unknown scheme, an empty or a broken hash is
 * WRONG.  The password counts as it is prepared, and for old hashes as it is. */
PasswordVerdict password_verify(PasswordHasher *hasher, const char *password,
	const char *hash, const char *scheme);

/* Costs the time of one password_verify() of a new hash of the settings' scheme
 * and is WRONG always: for a user who does not exist. */
void password_verify_nobody(PasswordHasher *hasher, const char *password);

/* TRUE for a scheme password_verify() knows, in any case: those that
 * password_hash() has, "" and plaintext, crypt, md5, md5-hash, md5sum,
 * md5-digest, md5base64, sha1, sha256, sha512, whirlpool. */
gboolean password_scheme_known(const char *scheme);

/* TRUE for those that password_hash() has. */
gboolean password_scheme_is_new(const char *scheme);

/* FALSE for a hash, made elsewhere, that no password can be right for: of a
 * scheme that password_hash() has, and not in its form.  The older schemes' forms
 * are not looked at. */
gboolean password_hash_is_whole(const char *scheme, const char *hash);

/* TRUE for those whose hashes SCRAM can be answered with. */
gboolean password_scheme_is_scram(const char *scheme);

/* TRUE when a wrong password of that scheme costs what nobody's does. */
gboolean password_scheme_costs_nobodys(
	const PasswordHasher *hasher, const char *scheme);

static inline void password_hasher_auto_free(PasswordHasher *hasher)
{
	password_hasher_free(&hasher);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PasswordHasher, password_hasher_auto_free)

#endif
