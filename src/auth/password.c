/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Password hashes: argon2id or SCRAM's for new ones, DBMail's schemes to verify. */
#include "auth/password.h"

#include <argon2.h>
#include <crypt.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <sys/random.h>

#include "auth/saslprep.h"
#include "auth/scram.h"
#include "base/errors.h"
#include "base/text.h"

#define SALT_SIZE 16
#define HASH_SIZE 32

/* A scheme of new hashes. */
typedef struct {
	const char *name;
	guint answers; /* SCRAM's hashes, as bits; none: argon2id */
} NewScheme;

#define BIT(hash) (1u << (hash))

static const NewScheme new_schemes[] = {
	{ PASSWORD_SCHEME, 0 },
	{ "scram-sha-256", BIT(SCRAM_SHA_256) },
	{ "scram-sha-1", BIT(SCRAM_SHA_1) },
	{ "scram", BIT(SCRAM_SHA_256) | BIT(SCRAM_SHA_1) },
};

struct PasswordHasher {
	const NewScheme *scheme;
	guint32 memory; /* KiB */
	guint32 passes;
	guint32 rounds; /* of SCRAM */
	/* Nobody's: what an unknown user's password is compared with. */
	char *nobody;

	GMutex lock;
	GCond freed;
	guint free; /* hashes that may begin now */
};

/* --- places ---------------------------------------------------------------- */

static void enter(PasswordHasher *hasher)
{
	g_mutex_lock(&hasher->lock);
	while (hasher->free == 0)
		g_cond_wait(&hasher->freed, &hasher->lock);
	hasher->free--;
	g_mutex_unlock(&hasher->lock);
}

static void leave(PasswordHasher *hasher)
{
	g_mutex_lock(&hasher->lock);
	hasher->free++;
	g_cond_signal(&hasher->freed);
	g_mutex_unlock(&hasher->lock);
}

/* --- argon2id -------------------------------------------------------------- */

static gboolean salt_fill(guint8 *salt, gsize size, GError **error)
{
	gssize got;

	do
		got = getrandom(salt, size, 0);
	while (got < 0 && errno == EINTR);
	if (got == (gssize)size)
		return TRUE;
	dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
		"no random numbers are to be had", "getrandom: %s",
		g_strerror(errno));
	return FALSE;
}

static char *phc_new(
	PasswordHasher *hasher, const char *password, GError **error)
{
	guint8 salt[SALT_SIZE];
	size_t size = argon2_encodedlen(hasher->passes, hasher->memory, 1,
		SALT_SIZE, HASH_SIZE, Argon2_id);
	g_autofree char *encoded = g_malloc0(size);

	if (!salt_fill(salt, sizeof(salt), error))
		return NULL;
	enter(hasher);
	int failed = argon2id_hash_encoded(hasher->passes, hasher->memory, 1,
		password, strlen(password), salt, sizeof(salt), HASH_SIZE,
		encoded, size);
	leave(hasher);
	if (failed != ARGON2_OK) {
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"the password cannot be hashed now", "argon2id: %s",
			argon2_error_message(failed));
		return NULL;
	}
	return g_steal_pointer(&encoded);
}

/* The number behind "m=" or "t=" of a PHC string, 0 where there is none. */
static guint64 phc_cost(const char *hash, const char *key)
{
	const char *at = strstr(hash, key);

	return at != NULL ? g_ascii_strtoull(at + strlen(key), NULL, 10) : 0;
}

static gboolean phc_verify(
	PasswordHasher *hasher, const char *password, const char *hash)
{
	enter(hasher);
	int result = argon2id_verify(hash, password, strlen(password));
	leave(hasher);
	return result == ARGON2_OK;
}

static gboolean phc_is_weak(const PasswordHasher *hasher, const char *hash)
{
	return phc_cost(hash, "$m=") < hasher->memory ||
		phc_cost(hash, ",t=") < hasher->passes;
}

/* --- SCRAM ----------------------------------------------------------------- */

static gboolean scram_append(PasswordHasher *hasher, ScramHash hash,
	const char *password, GString *out, GError **error)
{
	ScramSecrets secrets = { .hash = hash,
		.rounds = hasher->rounds,
		.salt_size = SCRAM_SALT_SIZE };

	if (!salt_fill(secrets.salt, secrets.salt_size, error))
		return FALSE;
	enter(hasher);
	gboolean ok = scram_derive(&secrets, password);
	leave(hasher);
	if (!ok) {
		dbmail_error_set(error, DBMAIL_ERROR_TEMPORARY,
			"the password cannot be hashed now", "PBKDF2");
		return FALSE;
	}
	g_autofree char *text = scram_format(&secrets);
	g_string_append_printf(out, "%s%s", out->len > 0 ? " " : "", text);
	explicit_bzero(&secrets, sizeof(secrets));
	return TRUE;
}

static char *scram_new(PasswordHasher *hasher, guint answers,
	const char *password, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (ScramHash hash = 0; hash < SCRAM_HASHES; hash++) {
		if ((answers & BIT(hash)) != 0 &&
			!scram_append(hasher, hash, password, out, error))
			return NULL;
	}
	return g_strdup(out->str);
}

/* The first of the hashes that is there will do. */
static gboolean scram_find(const char *text, ScramSecrets *secrets)
{
	for (ScramHash hash = 0; hash < SCRAM_HASHES; hash++) {
		if (scram_parse(text, hash, secrets))
			return TRUE;
	}
	return FALSE;
}

static gboolean scram_verify(
	PasswordHasher *hasher, const char *password, const char *text)
{
	ScramSecrets stored, made;

	if (!scram_find(text, &stored))
		return FALSE;
	gsize size = scram_key_size(stored.hash);
	made = stored;
	enter(hasher);
	gboolean ok = scram_derive(&made, password);
	leave(hasher);
	ok = ok &&
		text_equal_constant_time(
			bytes_of((const char *)made.stored_key, size),
			bytes_of((const char *)stored.stored_key, size));
	explicit_bzero(&made, sizeof(made));
	return ok;
}

static gboolean scram_is_weak(const PasswordHasher *hasher, const char *text)
{
	ScramSecrets stored;

	return scram_find(text, &stored) && stored.rounds < hasher->rounds;
}

/* --- the older schemes ------------------------------------------------------ */

static gboolean plain_verify(const char *password, const char *hash)
{
	return text_equal_constant_time(
		bytes_of_string(password), bytes_of_string(hash));
}

static gboolean crypt_verify(const char *password, const char *hash)
{
	/* 32 kB: too much for the stack of a session. */
	struct crypt_data *data = g_new0(struct crypt_data, 1);
	const char *made = crypt_r(password, hash, data);
	/* A hash crypt cannot read gives "*0" or "*1", never its own text. */
	gboolean equal = made != NULL && made[0] != '*' &&
		text_equal_constant_time(
			bytes_of_string(made), bytes_of_string(hash));

	explicit_bzero(data, sizeof(*data));
	g_free(data);
	return equal;
}

static guint digest_from(OSSL_LIB_CTX *library, const char *name,
	const char *password, guint8 out[static EVP_MAX_MD_SIZE])
{
	EVP_MD *md = EVP_MD_fetch(library, name, NULL);
	unsigned int size = 0;

	if (md == NULL)
		return 0;
	int ok = EVP_Digest(password, strlen(password), out, &size, md, NULL);
	EVP_MD_free(md);
	return ok == 1 ? size : 0;
}

/* whirlpool is among the digests OpenSSL keeps apart.  They are loaded into a
 * context of their own, for this once: the rest of the program must not be
 * offered them. */
static guint digest_legacy(const char *name, const char *password,
	guint8 out[static EVP_MAX_MD_SIZE])
{
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	OSSL_PROVIDER *legacy =
		library != NULL ? OSSL_PROVIDER_load(library, "legacy") : NULL;
	guint size =
		legacy != NULL ? digest_from(library, name, password, out) : 0;

	if (legacy != NULL)
		OSSL_PROVIDER_unload(legacy);
	OSSL_LIB_CTX_free(library);
	return size;
}

/* The digest of the password; 0 where OpenSSL does not offer it. */
static guint digest(const char *name, const char *password,
	guint8 out[static EVP_MAX_MD_SIZE])
{
	guint size = digest_from(NULL, name, password, out);

	return size > 0 ? size : digest_legacy(name, password, out);
}

static gboolean hex_verify(
	const char *password, const char *hash, const char *name)
{
	guint8 bytes[EVP_MAX_MD_SIZE];
	guint size = digest(name, password, bytes);

	if (size == 0)
		return FALSE;
	g_autofree char *made = text_hex(bytes, size);
	g_autofree char *lower = g_ascii_strdown(hash, -1);
	return text_equal_constant_time(
		bytes_of_string(made), bytes_of_string(lower));
}

static gboolean base64_verify(
	const char *password, const char *hash, const char *name)
{
	guint8 bytes[EVP_MAX_MD_SIZE];
	guint size = digest(name, password, bytes);

	if (size == 0)
		return FALSE;
	g_autofree char *made = g_base64_encode(bytes, size);
	return text_equal_constant_time(
		bytes_of_string(made), bytes_of_string(hash));
}

/* DBMail's md5 is a crypt hash where it looks like one, else hexadecimal. */
static gboolean md5_verify(
	const char *password, const char *hash, const char *name)
{
	if (hash[0] == '$')
		return crypt_verify(password, hash);
	return hex_verify(password, hash, name);
}

static gboolean plain_scheme(
	const char *password, const char *hash, const char *name)
{
	(void)name;
	return plain_verify(password, hash);
}

static gboolean crypt_scheme(
	const char *password, const char *hash, const char *name)
{
	(void)name;
	return crypt_verify(password, hash);
}

typedef struct {
	const char *name;
	gboolean (*verify)(
		const char *password, const char *hash, const char *digest);
	const char *digest; /* as OpenSSL calls it */
} Scheme;

static const Scheme old_schemes[] = {
	{ "", plain_scheme, NULL },
	{ "plaintext", plain_scheme, NULL },
	{ "crypt", crypt_scheme, NULL },
	{ "md5", md5_verify, "MD5" },
	{ "md5-hash", md5_verify, "MD5" },
	{ "md5sum", hex_verify, "MD5" },
	{ "md5-digest", hex_verify, "MD5" },
	{ "md5base64", base64_verify, "MD5" },
	{ "sha1", hex_verify, "SHA1" },
	{ "sha256", hex_verify, "SHA256" },
	{ "sha512", hex_verify, "SHA512" },
	{ "whirlpool", hex_verify, "WHIRLPOOL" },
};

static const Scheme *scheme_find(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(old_schemes); i++) {
		if (g_ascii_strcasecmp(old_schemes[i].name, name) == 0)
			return &old_schemes[i];
	}
	return NULL;
}

/* --- for others -------------------------------------------------------------- */

static const NewScheme *new_scheme_find(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(new_schemes); i++) {
		if (g_ascii_strcasecmp(new_schemes[i].name, name) == 0)
			return &new_schemes[i];
	}
	return NULL;
}

/* Zeros for salt and keys; no password is known to have this hash. */
static char *make_nobody(const PasswordHasher *hasher)
{
	if (hasher->scheme->answers == 0)
		return g_strdup_printf("$argon2id$v=19$m=%u,t=%u,p=1"
				       "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAA"
				       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			hasher->memory, hasher->passes);
	ScramSecrets secrets = { .rounds = hasher->rounds,
		.salt_size = SCRAM_SALT_SIZE,
		.hash = hasher->scheme->answers & BIT(SCRAM_SHA_256) ?
			SCRAM_SHA_256 :
			SCRAM_SHA_1 };
	return scram_format(&secrets);
}

PasswordHasher *password_hasher_new(const Settings *settings)
{
	PasswordHasher *hasher = g_new0(PasswordHasher, 1);

	g_mutex_init(&hasher->lock);
	g_cond_init(&hasher->freed);
	hasher->free = MAX(g_get_num_processors(), 1);
	hasher->memory = (guint32)settings->DBMAIL_argon2_memory;
	hasher->passes = (guint32)settings->DBMAIL_argon2_passes;
	hasher->rounds = (guint32)settings->DBMAIL_scram_iterations;
	/* One of the words of the setting. */
	hasher->scheme = new_scheme_find(settings->DBMAIL_password_scheme);
	hasher->nobody = make_nobody(hasher);
	return hasher;
}

void password_hasher_free(PasswordHasher **hasher)
{
	PasswordHasher *old = *hasher;

	if (old == NULL)
		return;
	g_free(old->nobody);
	g_mutex_clear(&old->lock);
	g_cond_clear(&old->freed);
	g_free(old);
	*hasher = NULL;
}

const char *password_scheme(const PasswordHasher *hasher)
{
	return hasher->scheme->name;
}

const char *password_scheme_next(
	const PasswordHasher *hasher, const char *scheme)
{
	const NewScheme *own = new_scheme_find(scheme);
	guint wanted =
		hasher->scheme->answers | (own != NULL ? own->answers : 0);

	for (gsize i = 0; i < G_N_ELEMENTS(new_schemes); i++) {
		if (new_schemes[i].answers == wanted)
			return new_schemes[i].name;
	}
	return hasher->scheme->name;
}

char *password_hash(PasswordHasher *hasher, const char *scheme,
	const char *password, GError **error)
{
	const NewScheme *by = new_scheme_find(scheme);
	gsize size = strlen(password);

	if (by == NULL) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			"no new password is hashed by that scheme", "scheme %s",
			scheme);
		return NULL;
	}
	if (size == 0 || size > PASSWORD_MAX) {
		dbmail_error_set(error, DBMAIL_ERROR_INVALID,
			size == 0 ? "the password is empty" :
				    "the password is longer than 1024 bytes",
			"%" G_GSIZE_FORMAT " bytes", size);
		return NULL;
	}
	saslprep_autofree char *prepared = saslprep_password(password);
	return by->answers == 0 ?
		phc_new(hasher, prepared, error) :
		scram_new(hasher, by->answers, prepared, error);
}

/* Of a new scheme's hash: in one form of the password. */
static gboolean new_verify(PasswordHasher *hasher, const NewScheme *scheme,
	const char *password, const char *hash)
{
	return scheme->answers == 0 ? phc_verify(hasher, password, hash) :
				      scram_verify(hasher, password, hash);
}

static gboolean new_is_weak(
	const PasswordHasher *hasher, const NewScheme *scheme, const char *hash)
{
	const char *next = password_scheme_next(hasher, scheme->name);

	if (strcmp(next, scheme->name) != 0)
		return TRUE;
	return scheme->answers == 0 ? phc_is_weak(hasher, hash) :
				      scram_is_weak(hasher, hash);
}

static PasswordVerdict verify_new(PasswordHasher *hasher,
	const NewScheme *scheme, const char *password, const char *hash)
{
	saslprep_autofree char *prepared = saslprep_password(password);

	if (new_verify(hasher, scheme, prepared, hash))
		return new_is_weak(hasher, scheme, hash) ? PASSWORD_RIGHT_OLD :
							   PASSWORD_RIGHT;
	/* Hashed before passwords were prepared. */
	if (strcmp(prepared, password) != 0 &&
		new_verify(hasher, scheme, password, hash))
		return PASSWORD_RIGHT_OLD;
	return PASSWORD_WRONG;
}

PasswordVerdict password_verify(PasswordHasher *hasher, const char *password,
	const char *hash, const char *scheme)
{
	const NewScheme *by = new_scheme_find(scheme);

	if (hash[0] == '\0' || strlen(password) > PASSWORD_MAX)
		return PASSWORD_WRONG;
	if (by != NULL)
		return verify_new(hasher, by, password, hash);
	const Scheme *old = scheme_find(scheme);
	if (old == NULL || !old->verify(password, hash, old->digest))
		return PASSWORD_WRONG;
	return PASSWORD_RIGHT_OLD;
}

void password_verify_nobody(PasswordHasher *hasher, const char *password)
{
	if (strlen(password) <= PASSWORD_MAX)
		(void)verify_new(
			hasher, hasher->scheme, password, hasher->nobody);
}

gboolean password_scheme_known(const char *scheme)
{
	return password_scheme_is_new(scheme) || scheme_find(scheme) != NULL;
}

gboolean password_scheme_is_new(const char *scheme)
{
	return new_scheme_find(scheme) != NULL;
}

gboolean password_hash_is_whole(const char *scheme, const char *hash)
{
	const NewScheme *by = new_scheme_find(scheme);
	ScramSecrets secrets;

	if (by == NULL)
		return TRUE;
	if (by->answers == 0)
		return g_str_has_prefix(hash, "$argon2id$");
	for (ScramHash i = 0; i < SCRAM_HASHES; i++) {
		if ((by->answers & BIT(i)) != 0 &&
			!scram_parse(hash, i, &secrets))
			return FALSE;
	}
	return TRUE;
}

gboolean password_scheme_is_scram(const char *scheme)
{
	const NewScheme *found = new_scheme_find(scheme);

	return found != NULL && found->answers != 0;
}

gboolean password_scheme_costs_nobodys(
	const PasswordHasher *hasher, const char *scheme)
{
	return g_ascii_strcasecmp(scheme, hasher->scheme->name) == 0;
}
