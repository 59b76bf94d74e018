/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is stored of a password for SCRAM (RFC 5802, RFC 7677). */
#include "auth/scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/text.h"

static const struct {
	const char *name;
	gsize size;
} hashes[SCRAM_HASHES] = {
	[SCRAM_SHA_256] = { "SCRAM-SHA-256", 32 },
	[SCRAM_SHA_1] = { "SCRAM-SHA-1", 20 },
};

const char *scram_hash_name(ScramHash hash)
{
	return hashes[hash].name;
}

gsize scram_key_size(ScramHash hash)
{
	return hashes[hash].size;
}

static const EVP_MD *digest_of(ScramHash hash)
{
	return hash == SCRAM_SHA_256 ? EVP_sha256() : EVP_sha1();
}

gboolean scram_hmac(ScramHash hash, const guint8 *key, gsize key_size,
	const void *data, gsize size, guint8 *out)
{
	unsigned int made = 0;

	return HMAC(digest_of(hash), key, (int)key_size, data, size, out,
		       &made) != NULL &&
		made == hashes[hash].size;
}

gboolean scram_digest(ScramHash hash, const void *data, gsize size, guint8 *out)
{
	unsigned int made = 0;

	return EVP_Digest(data, size, out, &made, digest_of(hash), NULL) == 1 &&
		made == hashes[hash].size;
}

gboolean scram_derive(ScramSecrets *secrets, const char *password)
{
	gsize size = hashes[secrets->hash].size;
	guint8 salted[SCRAM_KEY_MAX];
	guint8 client_key[SCRAM_KEY_MAX];

	gboolean ok = PKCS5_PBKDF2_HMAC(password, (int)strlen(password),
			      secrets->salt, (int)secrets->salt_size,
			      (int)secrets->rounds, digest_of(secrets->hash),
			      (int)size, salted) == 1 &&
		scram_hmac(secrets->hash, salted, size, "Client Key", 10,
			client_key) &&
		scram_digest(
			secrets->hash, client_key, size, secrets->stored_key) &&
		scram_hmac(secrets->hash, salted, size, "Server Key", 10,
			secrets->server_key);
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client_key, sizeof(client_key));
	return ok;
}

char *scram_format(const ScramSecrets *secrets)
{
	gsize size = hashes[secrets->hash].size;
	g_autofree char *salt =
		g_base64_encode(secrets->salt, secrets->salt_size);
	g_autofree char *stored = g_base64_encode(secrets->stored_key, size);
	g_autofree char *server = g_base64_encode(secrets->server_key, size);

	return g_strdup_printf("%s$%u:%s$%s:%s", hashes[secrets->hash].name,
		secrets->rounds, salt, stored, server);
}

/* The text up to a separator, which is taken too; all of it for '\0'. */
static gboolean field_take(Bytes *rest, char separator, Bytes *field)
{
	const char *end = rest->size > 0 && separator != '\0' ?
		memchr(rest->data, separator, rest->size) :
		NULL;

	if (end == NULL && separator != '\0')
		return FALSE;
	gsize size = end != NULL ? (gsize)(end - rest->data) : rest->size;
	*field = bytes_slice(*rest, 0, size);
	*rest = bytes_slice(*rest, MIN(size + 1, rest->size), rest->size);
	return TRUE;
}

/* Base64 of at most max bytes, in its one canonical form. */
static gboolean field_decode(Bytes field, guint8 *out, gsize max, gsize *size)
{
	g_autofree char *text = g_strndup(field.data, field.size);
	g_autofree guchar *bytes = NULL;

	if (field.size == 0 || field.size > 2 * SCRAM_SALT_MAX)
		return FALSE;
	bytes = g_base64_decode(text, size);
	g_autofree char *again = g_base64_encode(bytes, *size);
	if (*size == 0 || *size > max || strcmp(again, text) != 0)
		return FALSE;
	memcpy(out, bytes, *size);
	return TRUE;
}

static gboolean parse_one(Bytes text, ScramSecrets *secrets)
{
	gsize size = hashes[secrets->hash].size;
	Bytes rounds, salt, stored, server;
	guint64 number;
	gsize stored_size, server_size;

	if (!field_take(&text, ':', &rounds) ||
		!field_take(&text, '$', &salt) ||
		!field_take(&text, ':', &stored) ||
		!field_take(&text, '\0', &server) ||
		!text_to_number(rounds, SCRAM_ROUNDS_MAX, &number) ||
		number == 0 ||
		!field_decode(salt, secrets->salt, SCRAM_SALT_MAX,
			&secrets->salt_size) ||
		!field_decode(
			stored, secrets->stored_key, size, &stored_size) ||
		!field_decode(server, secrets->server_key, size, &server_size))
		return FALSE;
	secrets->rounds = (guint32)number;
	return stored_size == size && server_size == size;
}

gboolean scram_parse(const char *text, ScramHash hash, ScramSecrets *secrets)
{
	const char *name = hashes[hash].name;
	Bytes rest = bytes_of_string(text);

	while (rest.size > 0) {
		Bytes one;
		if (!field_take(&rest, ' ', &one))
			(void)field_take(&rest, '\0', &one);
		Bytes kind;
		if (!field_take(&one, '$', &kind) ||
			!text_equal_nocase(kind, name))
			continue;
		ScramSecrets made = { .hash = hash };
		if (!parse_one(one, &made))
			return FALSE;
		*secrets = made;
		return TRUE;
	}
	return FALSE;
}
