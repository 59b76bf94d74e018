/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is stored of a password for SCRAM (RFC 5802, RFC 7677). */
#ifndef AUTH_SCRAM_H
#define AUTH_SCRAM_H

#include <glib.h>

typedef enum { SCRAM_SHA_256, SCRAM_SHA_1, SCRAM_HASHES } ScramHash;

/* Most bytes of a salt, and of a key. */
#define SCRAM_SALT_MAX 64
#define SCRAM_KEY_MAX 32
/* Bytes of a salt that is made here. */
#define SCRAM_SALT_SIZE 16
/* More rounds are not believed: verifying would take seconds. */
#define SCRAM_ROUNDS_MAX 1000000

typedef struct {
	ScramHash hash;
	guint32 rounds; /* 1 to SCRAM_ROUNDS_MAX */
	gsize salt_size;
	guint8 salt[SCRAM_SALT_MAX];
	guint8 stored_key[SCRAM_KEY_MAX]; /* scram_key_size() bytes */
	guint8 server_key[SCRAM_KEY_MAX];
} ScramSecrets;

/* "SCRAM-SHA-256", "SCRAM-SHA-1". */
const char *scram_hash_name(ScramHash hash);
gsize scram_key_size(ScramHash hash);

/* HMAC and digest; out has scram_key_size() bytes.  FALSE when OpenSSL fails. */
gboolean scram_hmac(ScramHash hash, const guint8 *key, gsize key_size,
	const void *data, gsize size, guint8 *out) G_GNUC_WARN_UNUSED_RESULT;
gboolean scram_digest(ScramHash hash, const void *data, gsize size, guint8 *out)
	G_GNUC_WARN_UNUSED_RESULT;

/* Computes the keys for the hash, rounds and salt that secrets has.  The
 * password is prepared already (saslprep_password()).  FALSE when OpenSSL
 * fails. */
gboolean scram_derive(ScramSecrets *secrets, const char *password)
	G_GNUC_WARN_UNUSED_RESULT;

/* "SCRAM-SHA-256$4096:SALT$STOREDKEY:SERVERKEY", all in base64: the form that
 * PostgreSQL made well-known.  Free with g_free. */
char *scram_format(const ScramSecrets *secrets) G_GNUC_WARN_UNUSED_RESULT;

/* Finds the secrets of a hash in a text with one or more of them, separated by
 * blanks.  FALSE where there are none, or they are malformed. */
gboolean scram_parse(const char *text, ScramHash hash, ScramSecrets *secrets)
	G_GNUC_WARN_UNUSED_RESULT;

#endif
