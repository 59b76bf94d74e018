/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Remembers for a short time which passwords were found right. */
#include "auth/verified.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#define KEY_SIZE 32

typedef struct {
	VerifiedTag tag;
	gint64 since;
	GList link; /* oldest first */
} Entry;

struct Verified {
	guint8 key[KEY_SIZE];
	EVP_MAC *mac;
	guint max;
	gint64 lifetime;
	GHashTable *entries; /* VerifiedTag -> Entry, which holds the tag */
	GQueue order;
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

	verified->max = max;
	verified->lifetime = lifetime;
	verified->entries =
		g_hash_table_new_full(tag_hash, tag_equal, NULL, g_free);
	g_queue_init(&verified->order);
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
	g_hash_table_unref(old->entries);
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

static void entry_remove(Verified *verified, Entry *entry)
{
	g_queue_unlink(&verified->order, &entry->link);
	g_hash_table_remove(verified->entries, &entry->tag);
}

gboolean verified_has(
	const Verified *verified, const VerifiedTag *tag, gint64 now)
{
	const Entry *entry = g_hash_table_lookup(verified->entries, tag);

	return entry != NULL && now - entry->since < verified->lifetime;
}

void verified_add(Verified *verified, const VerifiedTag *tag, gint64 now)
{
	Entry *entry = g_hash_table_lookup(verified->entries, tag);

	if (entry != NULL)
		entry_remove(verified, entry);
	else if (g_hash_table_size(verified->entries) >= verified->max)
		entry_remove(verified, verified->order.head->data);
	entry = g_new0(Entry, 1);
	entry->tag = *tag;
	entry->since = now;
	entry->link.data = entry;
	g_hash_table_insert(verified->entries, &entry->tag, entry);
	g_queue_push_tail_link(&verified->order, &entry->link);
}
