/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logging in: the policy between a protocol and the users' hashes. */
#include "auth/auth.h"

#include <string.h>

#include "auth/password.h"
#include "auth/saslprep.h"
#include "auth/tally.h"
#include "auth/verified.h"
#include "base/errors.h"
#include "base/timestamp.h"
#include "net/address.h"

#define MINUTE ((gint64)60 * G_USEC_PER_SEC)
#define FAILURE_WINDOW (10 * MINUTE)
/* Addresses and users whose failures are counted at once. */
#define FAILURE_KEYS 50000
/* Who has logged in from where. */
#define KNOWN_WINDOW (24 * 60 * MINUTE)
#define KNOWN_KEYS 50000
/* A right password is not hashed again for so long. */
#define VERIFIED_LIFETIME (5 * MINUTE)
#define VERIFIED_MAX 20000
/* last_login is brought up to date at most so often. */
#define LOGIN_NOTE_EVERY (5 * 60 * TIMESTAMP_SECOND)
/* No user's name is longer (user_create). */
#define NAME_MAX_SIZE 255
/* SCRAM's salts are sent so long, or a multiple of it, after they were asked for:
 * that a user was read takes microseconds more, and can be asked for again and
 * again without a password being counted. */
#define SECRETS_STEP (5 * G_USEC_PER_SEC / 1000)
/* A longer one is not prepared: what it costs grows with the square. */
#define NAME_MAX_PREPARED 3072

struct Auth {
	Store *store;
	const Settings *settings; /* the newest: settings_of() */
	PasswordHasher *hasher;
	guint32 rounds; /* SCRAM's, as the hasher has them */

	GMutex lock; /* of all that follows */
	Tally *failures;
	Tally *known;
	Verified *verified; /* NULL where there is no randomness: none kept */
	gboolean has_secret;
	guint8 secret[USER_SALT_SECRET_SIZE]; /* once it was needed */
};

/* One attempt: since when, and what it is counted under. */
typedef struct {
	gint64 since;
	char *address;
	char *user;
	char *pair;
} Keys;

Auth *auth_new(Store *store, const Settings *settings)
{
	Auth *auth = g_new0(Auth, 1);

	auth->store = store;
	auth->settings = settings;
	auth->hasher = password_hasher_new(settings);
	auth->rounds = (guint32)settings->DBMAIL_scram_iterations;
	g_mutex_init(&auth->lock);
	auth->failures = tally_new(FAILURE_KEYS, FAILURE_WINDOW);
	auth->known = tally_new(KNOWN_KEYS, KNOWN_WINDOW);
	auth->verified = verified_new(VERIFIED_MAX, VERIFIED_LIFETIME);
	return auth;
}

void auth_free(Auth **auth)
{
	Auth *old = *auth;

	if (old == NULL)
		return;
	password_hasher_free(&old->hasher);
	tally_free(&old->failures);
	tally_free(&old->known);
	verified_free(&old->verified);
	explicit_bzero(old->secret, sizeof(old->secret));
	g_mutex_clear(&old->lock);
	g_free(old);
	*auth = NULL;
}

void auth_reload(Auth *auth, const Settings *settings)
{
	g_atomic_pointer_set(&auth->settings, settings);
}

static const Settings *settings_of(const Auth *auth)
{
	return g_atomic_pointer_get((const Settings **)&auth->settings);
}

gboolean auth_plaintext_allowed(const Auth *auth, gboolean is_secure)
{
	return !auth_wants_scram(auth) &&
		(is_secure || settings_of(auth)->DBMAIL_plaintext_without_tls);
}

gboolean auth_wants_scram(const Auth *auth)
{
	return strcmp(settings_of(auth)->DBMAIL_scram, "only") == 0;
}

gboolean auth_scram_offered(const Auth *auth, ScramHash hash)
{
	static const struct {
		const char *word;
		gboolean offers[SCRAM_HASHES];
	} offers[] = {
		{ "sha-256", { [SCRAM_SHA_256] = TRUE } },
		{ "sha-1", { [SCRAM_SHA_1] = TRUE } },
		{ "yes", { TRUE, TRUE } },
		{ "only", { TRUE, TRUE } },
	};

	const char *word = settings_of(auth)->DBMAIL_scram;

	for (gsize i = 0; i < G_N_ELEMENTS(offers); i++) {
		if (strcmp(word, offers[i].word) == 0)
			return offers[i].offers[hash];
	}
	return FALSE;
}

/* --- limits ------------------------------------------------------------------ */

/* NULL where there is no prepared form. */
static char *prepare_name(const char *name)
{
	return strlen(name) <= NAME_MAX_PREPARED ? saslprep(name) : NULL;
}

/* By the prepared name: whoever guesses can spell a name in any number of ways
 * that are the same when it is prepared. */
static Keys keys_new(const char *user, const char *remote)
{
	g_autofree char *prepared = prepare_name(user);
	char text[ADDRESS_TEXT_SIZE];
	Address address;
	Keys keys = { .since = g_get_monotonic_time() };

	g_strlcpy(text, remote != NULL ? remote : "unknown", sizeof(text));
	if (address_parse(bytes_of_string(text), &address)) {
		address = address_limit_key(&address);
		address_format(&address, text);
	}
	g_autofree char *name = g_ascii_strdown(
		prepared != NULL ? prepared : user, NAME_MAX_SIZE);
	keys.address = g_strconcat("address ", text, NULL);
	keys.user = g_strconcat("user ", name, NULL);
	keys.pair = g_strconcat("both ", text, " ", name, NULL);
	return keys;
}

static void keys_clear(Keys *keys)
{
	g_free(keys->address);
	g_free(keys->user);
	g_free(keys->pair);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Keys, keys_clear)

/* Asked before a password is verified and again when it turned out right:
 * else any number of guesses could be under way at once, and the right one
 * among them would get in however many had failed by then. */
static gboolean is_over_limit(Auth *auth, const Keys *keys)
{
	guint limit = (guint)settings_of(auth)->DBMAIL_login_failures;
	gint64 now = g_get_monotonic_time();
	gboolean is_over;

	g_mutex_lock(&auth->lock);
	if (tally_count(auth->known, keys->pair, now) > 0)
		is_over = tally_count(auth->failures, keys->pair, now) >= limit;
	else
		is_over = tally_count(auth->failures, keys->address, now) >=
				limit ||
			tally_count(auth->failures, keys->user, now) >= limit;
	g_mutex_unlock(&auth->lock);
	return is_over;
}

static void count_failure(Auth *auth, const Keys *keys)
{
	gint64 now = g_get_monotonic_time();

	g_mutex_lock(&auth->lock);
	if (tally_count(auth->known, keys->pair, now) > 0) {
		tally_add(auth->failures, keys->pair, now);
	} else {
		tally_add(auth->failures, keys->address, now);
		tally_add(auth->failures, keys->user, now);
	}
	g_mutex_unlock(&auth->lock);
}

static void count_success(Auth *auth, const Keys *keys)
{
	gint64 now = g_get_monotonic_time();

	g_mutex_lock(&auth->lock);
	/* One event a window is enough to know. */
	if (tally_count(auth->known, keys->pair, now) == 0)
		tally_add(auth->known, keys->pair, now);
	g_mutex_unlock(&auth->lock);
}

/* Until so long after it began: what its hash has cost does not show, which
 * differs from scheme to scheme. */
static void delay(Auth *auth, const Keys *keys)
{
	gint64 end = keys->since +
		settings_of(auth)->DBMAIL_login_delay * G_USEC_PER_SEC;
	gint64 now = g_get_monotonic_time();

	if (now < end)
		g_usleep((gulong)(end - now));
}

static gboolean refuse_limit(Auth *auth, const Keys *keys, GError **error)
{
	delay(auth, keys);
	dbmail_error_set(error, DBMAIL_ERROR_LIMIT,
		"too many failed log-ins; try again later",
		"login_failures reached");
	return FALSE;
}

static gboolean refuse(
	Auth *auth, const Keys *keys, const char *why, GError **error)
{
	count_failure(auth, keys);
	delay(auth, keys);
	dbmail_error_set(error, DBMAIL_ERROR_AUTH_FAILED,
		"wrong user or password", "%s", why);
	return FALSE;
}

/* --- verifying --------------------------------------------------------------- */

static gboolean was_verified(Auth *auth, const VerifiedTag *tag)
{
	g_mutex_lock(&auth->lock);
	gboolean found =
		verified_has(auth->verified, tag, g_get_monotonic_time());
	g_mutex_unlock(&auth->lock);
	return found;
}

static void remember(Auth *auth, const VerifiedTag *tag)
{
	g_mutex_lock(&auth->lock);
	verified_add(auth->verified, tag, g_get_monotonic_time());
	g_mutex_unlock(&auth->lock);
}

static PasswordVerdict verify(
	Auth *auth, const User *user, const char *password)
{
	VerifiedTag tag;
	gboolean has_tag = auth->verified != NULL &&
		user->password[0] != '\0' &&
		verified_tag(auth->verified, user->id, user->encryption,
			user->password, password, &tag);

	if (has_tag && was_verified(auth, &tag))
		return PASSWORD_RIGHT;
	PasswordVerdict verdict = password_verify(
		auth->hasher, password, user->password, user->encryption);
	/* Other schemes are quicker or slower; their failures must not stand
	 * out from those of users who do not exist. */
	if (verdict == PASSWORD_WRONG &&
		(user->password[0] == '\0' ||
			!password_scheme_costs_nobodys(
				auth->hasher, user->encryption)))
		password_verify_nobody(auth->hasher, password);
	if (verdict == PASSWORD_RIGHT && has_tag)
		remember(auth, &tag);
	return verdict;
}

/* Neither this nor the next is worth refusing a log-in for: the next one tries
 * again. */
static void renew_hash(Auth *auth, const User *user, const char *password)
{
	const char *scheme =
		password_scheme_next(auth->hasher, user->encryption);
	g_autoptr(GError) failed = NULL;
	g_autofree char *hash =
		password_hash(auth->hasher, scheme, password, &failed);

	if (hash == NULL ||
		!user_set_password(
			auth->store, user->id, hash, scheme, &failed))
		g_clear_error(&failed);
}

static void note_login(Auth *auth, const User *user)
{
	g_autoptr(GError) failed = NULL;

	if (user->has_login &&
		timestamp_now() - user->last_login <= LOGIN_NOTE_EVERY)
		return;
	if (!user_note_login(auth->store, user->id, &failed))
		g_clear_error(&failed);
}

static gboolean find_exact(
	Auth *auth, const char *name, User **user, GError **error)
{
	gsize size = strlen(name);

	if (size > 0 && size <= NAME_MAX_SIZE &&
		g_utf8_validate(name, (gssize)size, NULL))
		return user_get(auth->store, name, user, error);
	dbmail_error_set(error, DBMAIL_ERROR_NOT_FOUND, "no such user",
		"not a user's name");
	return FALSE;
}

/* By the name as it is, and then as it is prepared: names that were there before
 * they were may be of any form. */
static gboolean find_user(
	Auth *auth, const char *name, User **user, GError **error)
{
	g_autofree char *prepared = prepare_name(name);
	g_autoptr(GError) failed = NULL;

	if (find_exact(auth, name, user, &failed))
		return TRUE;
	if (dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND) &&
		prepared != NULL && strcmp(prepared, name) != 0)
		return find_exact(auth, prepared, user, error);
	g_propagate_error(error, g_steal_pointer(&failed));
	return FALSE;
}

gboolean auth_login(Auth *auth, const char *user, const char *password,
	const char *remote, User **out, GError **error)
{
	g_auto(Keys) keys = keys_new(user, remote);
	g_autoptr(GError) failed = NULL;
	g_autoptr(User) found = NULL;

	if (is_over_limit(auth, &keys))
		return refuse_limit(auth, &keys, error);
	if (!find_user(auth, user, &found, &failed)) {
		if (!dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND)) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return FALSE;
		}
		password_verify_nobody(auth->hasher, password);
		return refuse(auth, &keys, "no such user", error);
	}
	PasswordVerdict verdict = verify(auth, found, password);
	if (verdict == PASSWORD_WRONG)
		return refuse(auth, &keys, "wrong password", error);
	if (is_over_limit(auth, &keys))
		return refuse_limit(auth, &keys, error);
	count_success(auth, &keys);
	if (verdict == PASSWORD_RIGHT_OLD)
		renew_hash(auth, found, password);
	note_login(auth, found);
	*out = g_steal_pointer(&found);
	return TRUE;
}

/* --- SCRAM -------------------------------------------------------------------- */

static gboolean get_secret(
	Auth *auth, guint8 secret[USER_SALT_SECRET_SIZE], GError **error)
{
	g_mutex_lock(&auth->lock);
	gboolean is_there = auth->has_secret;
	memcpy(secret, auth->secret, sizeof(auth->secret));
	g_mutex_unlock(&auth->lock);
	if (is_there)
		return TRUE;
	if (!user_salt_secret(auth->store, secret, error))
		return FALSE;
	g_mutex_lock(&auth->lock);
	auth->has_secret = TRUE;
	memcpy(auth->secret, secret, sizeof(auth->secret));
	g_mutex_unlock(&auth->lock);
	return TRUE;
}

/* What nobody's password gives, though it looks as if it did. */
static void make_up(const Auth *auth,
	const guint8 secret[USER_SALT_SECRET_SIZE], const char *name,
	ScramSecrets *secrets)
{
	g_autofree char *prepared = prepare_name(name);
	g_autofree char *folded =
		g_ascii_strdown(prepared != NULL ? prepared : name, -1);
	g_autofree char *what =
		g_strconcat(scram_hash_name(secrets->hash), " ", folded, NULL);
	guint8 made[SCRAM_KEY_MAX] = { 0 };

	if (!scram_hmac(SCRAM_SHA_256, secret, USER_SALT_SECRET_SIZE, what,
		    strlen(what), made))
		memset(made, 0, sizeof(made));
	secrets->rounds = auth->rounds;
	secrets->salt_size = SCRAM_SALT_SIZE;
	memcpy(secrets->salt, made, SCRAM_SALT_SIZE);
	/* Nobody knows the inverse of these: they are no hashes of anything. */
	memset(secrets->stored_key, 0, sizeof(secrets->stored_key));
	memset(secrets->server_key, 0, sizeof(secrets->server_key));
}

static void wait_for_step(gint64 since)
{
	gint64 passed = g_get_monotonic_time() - since;

	g_usleep((gulong)(SECRETS_STEP - passed % SECRETS_STEP));
}

static gboolean find_secrets(Auth *auth, const char *name, ScramHash hash,
	ScramSecrets *secrets, User **user, GError **error)
{
	guint8 secret[USER_SALT_SECRET_SIZE] = { 0 };
	g_autoptr(GError) failed = NULL;
	g_autoptr(User) found = NULL;

	gboolean ok = get_secret(auth, secret, error);
	/* Always, so that it takes no more time for nobody. */
	*secrets = (ScramSecrets){ .hash = hash };
	make_up(auth, secret, name, secrets);
	explicit_bzero(secret, sizeof(secret));
	if (!ok)
		return FALSE;
	if (!find_user(auth, name, &found, &failed)) {
		if (dbmail_error_is(failed, DBMAIL_ERROR_NOT_FOUND))
			return TRUE;
		g_propagate_error(error, g_steal_pointer(&failed));
		return FALSE;
	}
	if (password_scheme_is_scram(found->encryption) &&
		scram_parse(found->password, hash, secrets))
		*user = g_steal_pointer(&found);
	return TRUE;
}

gboolean auth_scram_secrets(Auth *auth, const char *name, ScramHash hash,
	ScramSecrets *secrets, User **user, GError **error)
{
	gint64 since = g_get_monotonic_time();
	gboolean ok = find_secrets(auth, name, hash, secrets, user, error);

	wait_for_step(since);
	return ok;
}

gboolean auth_scram_login(Auth *auth, const char *name, const User *user,
	gboolean is_proven, const char *remote, GError **error)
{
	g_auto(Keys) keys = keys_new(name, remote);

	if (is_over_limit(auth, &keys))
		return refuse_limit(auth, &keys, error);
	if (user == NULL || !is_proven)
		return refuse(auth, &keys, "no proof of the password", error);
	count_success(auth, &keys);
	note_login(auth, user);
	return TRUE;
}
