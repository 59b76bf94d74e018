/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembers for a short time which passwords were found right. */
#include "auth/verified.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "base/ageing.h"

#define KEY_SIZE 32

struct Verified {
	guint8 key[KEY_SIZE];
	EVP_MAC *mac;
	Ageing *tags; /* of VerifiedTag */
};

/* A tag is as good as random to whoever does not have the key, so that its
 * first bytes are a hash, and comparing tags tells nothing by its time. */
static guint tag_hash(gconstpointer data)
{
	guint hash;

	memcpy(&hash, data, sizeof(hash));
	return hash;
}

static gboolean tag_equal(gconstpointer a, gconstpointer b)
{
	return CRYPTO_memcmp(a, b, sizeof(VerifiedTag)) == 0;
}

static gboolean key_fill(guint8 *key, gsize size)
{
	gssize got;

	do
		got = getrandom(key, size, 0);
	while (got < 0 && errno == EINTR);
	return got == (gssize)size;
}

Verified *verified_new(guint max, gint64 lifetime)
{
	Verified *verified = g_new0(Verified, 1);

	verified->tags = ageing_new(max, lifetime, tag_hash, tag_equal, g_free);
	verified->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (verified->mac == NULL ||
		!key_fill(verified->key, sizeof(verified->key)))
		verified_free(&verified);
	return verified;
}

void verified_free(Verified **verified)
{
	Verified *old = *verified;

	if (old == NULL)
		return;
	ageing_free(&old->tags);
	EVP_MAC_free(old->mac);
	OPENSSL_cleanse(old->key, sizeof(old->key));
	g_free(old);
	*verified = NULL;
}

/* Each text with its NUL, so that no two triples give the same bytes. */
static gboolean mac_text(EVP_MAC_CTX *context, const char *text)
{
	return EVP_MAC_update(
		       context, (const guint8 *)text, strlen(text) + 1) == 1;
}

gboolean verified_tag(const Verified *verified, gint64 user, const char *scheme,
	const char *hash, const char *password, VerifiedTag *tag)
{
	EVP_MAC_CTX *context = EVP_MAC_CTX_new(verified->mac);
	char sha256[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", sha256, 0),
		OSSL_PARAM_construct_end(),
	};
	size_t size = 0;

	gboolean ok = context != NULL &&
		EVP_MAC_init(context, verified->key, sizeof(verified->key),
			params) == 1 &&
		EVP_MAC_update(context, (const guint8 *)&user, sizeof(user)) ==
			1 &&
		mac_text(context, scheme) && mac_text(context, hash) &&
		mac_text(context, password) &&
		EVP_MAC_final(context, tag->bytes, &size, sizeof(tag->bytes)) ==
			1 &&
		size == sizeof(tag->bytes);
	EVP_MAC_CTX_free(context);
	return ok;
}

gboolean verified_has(
	const Verified *verified, const VerifiedTag *tag, gint64 now)
{
	return ageing_find(verified->tags, tag, now) != NULL;
}

void verified_add(Verified *verified, const VerifiedTag *tag, gint64 now)
{
	VerifiedTag *copy = g_memdup2(tag, sizeof(*tag));

	ageing_put(verified->tags, copy, copy, now);
}
