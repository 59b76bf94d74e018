/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of auth/auth: who gets in, who is kept out, and for how long. */
#include "auth/auth.h"

#include <time.h>

#include "../store/fixture.h"
#include "auth/password.h"
#include "base/errors.h"

#define CHEAP "argon2_memory = 64\nargon2_passes = 1\nlogin_delay = 0\n"

typedef struct {
	Settings *settings;
	Store *store;
	Auth *auth;
} World;

static World world_new(const char *extra)
{
	g_autofree char *text = g_strconcat(CHEAP, extra, NULL);
	World world;

	world.settings = fixture_settings(text);
	world.store = fixture_store(text);
	world.auth = auth_new(world.store, world.settings);
	return world;
}

static void world_clear(World *world)
{
	auth_free(&world->auth);
	g_assert_null(world->auth);
	store_close(&world->store);
	settings_free(&world->settings);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, world_clear)

static gint64 add_user_with(World *world, const char *name, const char *scheme,
	const char *password)
{
	g_autoptr(PasswordHasher) hasher = password_hasher_new(world->settings);
	GError *error = NULL;
	g_autofree char *hash = password_hash(hasher, scheme, password, &error);
	gint64 id = 0;

	database_check(error);
	if (!user_create(world->store, name, hash, scheme, 0, &id, &error))
		database_check(error);
	return id;
}

static gint64 add_user(World *world, const char *name, const char *password)
{
	return add_user_with(world, name, PASSWORD_SCHEME, password);
}

#define IN -1
/* IN, or the code of the error. */
static int login(World *world, const char *user, const char *password,
	const char *remote)
{
	g_autoptr(User) found = NULL;
	g_autoptr(GError) error = NULL;

	if (auth_login(world->auth, user, password, remote, &found, &error)) {
		g_assert_no_error(error);
		g_assert_nonnull(found);
		return IN;
	}
	g_assert_null(found);
	return (int)dbmail_error_code(error);
}

static void test_login(void)
{
	g_auto(World) world = world_new("");
	g_autofree char *long_name = g_strnfill(300, 'n');
	g_autofree char *long_password = g_strnfill(2000, 'p');

	add_user(&world, "login", "secret");
	g_assert_cmpint(login(&world, "login", "secret", "192.0.2.1"), ==, IN);
	g_assert_cmpint(login(&world, "LogIn", "secret", "192.0.2.1"), ==, IN);
	g_assert_cmpint(login(&world, "login", "secret", NULL), ==, IN);
	const struct {
		const char *user;
		const char *password;
	} wrong[] = {
		{ "login", "Secret" },
		{ "login", "" },
		{ "login", "secret " },
		{ "nobody", "secret" },
		{ "", "secret" },
		{ "", "" },
		{ "lo\xffgin", "secret" },
		{ long_name, "secret" },
		{ "login", long_password },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_cmpint(login(&world, wrong[i].user, wrong[i].password,
					"192.0.2.1"),
			==, DBMAIL_ERROR_AUTH_FAILED);
}

/* A password that was right counts no longer once the row is another. */
static void test_change(void)
{
	g_auto(World) world = world_new("");
	g_autoptr(PasswordHasher) hasher = password_hasher_new(world.settings);
	gint64 id = add_user(&world, "change", "old");
	GError *error = NULL;

	for (int i = 0; i < 3; i++)
		g_assert_cmpint(
			login(&world, "change", "old", "192.0.2.2"), ==, IN);
	g_autofree char *hash =
		password_hash(hasher, PASSWORD_SCHEME, "new", &error);
	if (!user_set_password(world.store, id, hash, PASSWORD_SCHEME, &error))
		database_check(error);
	g_assert_cmpint(login(&world, "change", "old", "192.0.2.2"), ==,
		DBMAIL_ERROR_AUTH_FAILED);
	g_assert_cmpint(login(&world, "change", "new", "192.0.2.2"), ==, IN);
	if (!user_set_password(world.store, id, "", "", &error))
		database_check(error);
	g_assert_cmpint(login(&world, "change", "new", "192.0.2.2"), ==,
		DBMAIL_ERROR_AUTH_FAILED);
	g_assert_cmpint(login(&world, "change", "", "192.0.2.2"), ==,
		DBMAIL_ERROR_AUTH_FAILED);
}

static void test_upgrade(void)
{
	g_auto(World) world = world_new("");
	GError *error = NULL;
	gint64 id = 0;

	if (!user_create(world.store, "upgrade",
		    "5ebe2294ecd0e0f08eab7690d2a6ee69", "md5sum", 0, &id,
		    &error))
		database_check(error);
	g_assert_cmpint(login(&world, "upgrade", "x", "192.0.2.3"), ==,
		DBMAIL_ERROR_AUTH_FAILED);
	g_assert_cmpint(
		login(&world, "upgrade", "secret", "192.0.2.3"), ==, IN);
	g_autoptr(User) user = NULL;
	if (!user_get(world.store, "upgrade", &user, &error))
		database_check(error);
	g_assert_cmpstr(user->encryption, ==, PASSWORD_SCHEME);
	g_assert_true(g_str_has_prefix(user->password, "$argon2id$"));
	g_assert_true(user->has_login);
	g_assert_cmpint(
		login(&world, "upgrade", "secret", "192.0.2.3"), ==, IN);
	g_assert_cmpint(login(&world, "upgrade", "x", "192.0.2.3"), ==,
		DBMAIL_ERROR_AUTH_FAILED);
}

/* The settings' count of failures, and not one more guess. */
static void test_limit_user(void)
{
	g_auto(World) world = world_new("login_failures = 3\n");

	add_user(&world, "limit1", "secret");
	for (int i = 0; i < 3; i++) {
		g_autofree char *remote = g_strdup_printf("198.51.100.%d", i);
		g_assert_cmpint(login(&world, "limit1", "x", remote), ==,
			DBMAIL_ERROR_AUTH_FAILED);
	}
	g_assert_cmpint(login(&world, "limit1", "x", "198.51.100.9"), ==,
		DBMAIL_ERROR_LIMIT);
	g_assert_cmpint(login(&world, "LIMIT1", "secret", "198.51.100.9"), ==,
		DBMAIL_ERROR_LIMIT);
}

/* Spellings that SASLprep makes one name of are one user, and so their failures
 * count together. */
static void test_limit_spellings(void)
{
	g_auto(World) world = world_new("login_failures = 3\n");
	static const char *const same[] = { "li\u00admit4", "limit4\u2060",
		"\uff4cimit\uff14" };

	add_user(&world, "limit4", "secret");
	for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
		g_autofree char *remote =
			g_strdup_printf("198.51.100.%d", 20 + (int)i);
		g_assert_cmpint(login(&world, same[i], "x", remote), ==,
			DBMAIL_ERROR_AUTH_FAILED);
	}
	g_assert_cmpint(
		login(&world, "l\u00adimit4", "secret", "198.51.100.29"), ==,
		DBMAIL_ERROR_LIMIT);
	g_assert_cmpint(login(&world, "limit4", "secret", "198.51.100.29"), ==,
		DBMAIL_ERROR_LIMIT);
}

static void test_limit_address(void)
{
	g_auto(World) world = world_new("login_failures = 3\n");
	static const char *const same[] = { "2001:db8::1", "2001:db8::2:3",
		"2001:db8:0:0:ffff::" };

	add_user(&world, "limit2", "secret");
	for (gsize i = 0; i < G_N_ELEMENTS(same); i++) {
		g_autofree char *user = g_strdup_printf("guess%d", (int)i);
		g_assert_cmpint(login(&world, user, "x", same[i]), ==,
			DBMAIL_ERROR_AUTH_FAILED);
	}
	g_assert_cmpint(login(&world, "limit2", "secret", "2001:db8::4"), ==,
		DBMAIL_ERROR_LIMIT);
	g_assert_cmpint(
		login(&world, "limit2", "secret", "2001:db8:1::4"), ==, IN);
}

/* Who has logged in from there has a count of their own: others' guesses keep
 * out neither a webmail's users nor a user everybody guesses at. */
static void test_limit_known(void)
{
	g_auto(World) world = world_new("login_failures = 3\n");

	add_user(&world, "limit3", "secret");
	g_assert_cmpint(login(&world, "limit3", "secret", "127.0.0.1"), ==, IN);
	for (int i = 0; i < 3; i++) {
		g_assert_cmpint(login(&world, "guess", "x", "127.0.0.1"), ==,
			DBMAIL_ERROR_AUTH_FAILED);
		g_assert_cmpint(login(&world, "limit3", "x", "203.0.113.1"), ==,
			DBMAIL_ERROR_AUTH_FAILED);
	}
	g_assert_cmpint(login(&world, "guess", "x", "127.0.0.1"), ==,
		DBMAIL_ERROR_LIMIT);
	g_assert_cmpint(login(&world, "limit3", "secret", "203.0.113.2"), ==,
		DBMAIL_ERROR_LIMIT);
	g_assert_cmpint(login(&world, "limit3", "secret", "127.0.0.1"), ==, IN);
	for (int i = 0; i < 3; i++)
		g_assert_cmpint(login(&world, "limit3", "x", "127.0.0.1"), ==,
			DBMAIL_ERROR_AUTH_FAILED);
	g_assert_cmpint(login(&world, "limit3", "secret", "127.0.0.1"), ==,
		DBMAIL_ERROR_LIMIT);
}

static gint64 thread_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (gint64)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static gint64 cost(World *world, const char *user, const char *password)
{
	gint64 start = thread_time();

	(void)login(world, user, password, "192.0.2.9");
	return thread_time() - start;
}

/* Nobody, an old hash and a user without password fail as slowly as a new hash;
 * what was right just now is quick. */
static void test_cost(void)
{
	g_auto(World) world = world_new("argon2_memory = 16384\n"
					"login_failures = 1000\n");
	GError *error = NULL;
	gint64 id = 0;

	add_user(&world, "cost", "secret");
	if (!user_create(world.store, "cost-old",
		    "5ebe2294ecd0e0f08eab7690d2a6ee69", "md5sum", 0, &id,
		    &error) ||
		!user_create(world.store, "cost-none", "", "", 0, &id, &error))
		database_check(error);
	gint64 known = cost(&world, "cost", "x");
	/* The marks would be sorted. */
	g_autoptr(GString) marks = g_string_new("a");
	for (guint i = 0; i < 20000; i++)
		g_string_append(marks, i < 10000 ? "\u0301" : "\u0316");
	const char *const others[] = { "cost-nobody", "cost-old", "cost-none",
		"", "\xff", marks->str };
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
		gint64 other = cost(&world, others[i], "x");
		g_assert_cmpint(other, >, known / 3);
		g_assert_cmpint(other, <, known * 3);
	}
	gint64 first = cost(&world, "cost", "secret");
	gint64 second = cost(&world, "cost", "secret");
	g_assert_cmpint(first, >, known / 3);
	g_assert_cmpint(second, <, known / 3);
	/* Guessing is not. */
	g_assert_cmpint(cost(&world, "cost", "x"), >, known / 3);
}

static void test_delay(void)
{
	g_auto(World) world = world_new("login_delay = 1\n");

	add_user(&world, "delay", "secret");
	gint64 start = g_get_monotonic_time();
	g_assert_cmpint(login(&world, "delay", "x", "192.0.2.4"), ==,
		DBMAIL_ERROR_AUTH_FAILED);
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 1 * G_USEC_PER_SEC);
}

/* A hash that is dearer than nobody's is answered no later: one try on an idle
 * processor is enough to tell. */
static void test_delay_hides_cost(void)
{
	g_auto(World) world = world_new("login_delay = 1\n"
					"login_failures = 1000\n"
					"argon2_memory = 65536\n"
					"argon2_passes = 3\n");
	gboolean is_hidden = FALSE;

	add_user(&world, "dear", "secret");
	for (guint i = 0; i < 20 && !is_hidden; i++) {
		gint64 start = g_get_monotonic_time();
		gint64 spent = cost(&world, "dear", "x");
		gint64 passed = g_get_monotonic_time() - start;
		g_assert_cmpint(passed, >=, 1 * G_USEC_PER_SEC);
		is_hidden = passed < 1 * G_USEC_PER_SEC + spent / 2;
	}
	g_assert_true(is_hidden);
}

static void test_plaintext(void)
{
	g_auto(World) strict = world_new("");
	g_auto(World) lax = world_new("plaintext_without_tls = yes\n");

	g_assert_true(auth_plaintext_allowed(strict.auth, TRUE));
	g_assert_false(auth_plaintext_allowed(strict.auth, FALSE));
	g_assert_true(auth_plaintext_allowed(lax.auth, FALSE));
}

/* --- SCRAM ---------------------------------------------------------------------- */

static ScramSecrets secrets_of(
	World *world, const char *name, ScramHash hash, gboolean *is_user)
{
	g_autoptr(User) user = NULL;
	g_autoptr(GError) error = NULL;
	ScramSecrets secrets;

	gboolean ok = auth_scram_secrets(
		world->auth, name, hash, &secrets, &user, &error);
	g_assert_no_error(error);
	g_assert_true(ok);
	*is_user = user != NULL;
	return secrets;
}

/* Nobody, and who has another hash, look like who has one: the same each time,
 * in whatever process. */
static void test_made_up(void)
{
	static const char *const names[] = { "made-up-nobody", "made-up-argon",
		"made-up-one", "\xff", "" };
	g_auto(World) world =
		world_new("password_scheme = scram-sha-1\nscram = yes\n");
	g_auto(World) other = world_new("");
	gboolean is_user;

	add_user_with(&world, "made-up-argon", "argon2id", "secret");
	add_user_with(&world, "made-up-one", "scram-sha-1", "secret");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		ScramSecrets here =
			secrets_of(&world, names[i], SCRAM_SHA_256, &is_user);
		g_assert_false(is_user);
		ScramSecrets there =
			secrets_of(&other, names[i], SCRAM_SHA_256, &is_user);
		g_assert_true(memcmp(&here, &there, sizeof(here)) == 0);
		g_assert_cmpuint(here.rounds, ==, 20000);
		g_assert_cmpuint(here.salt_size, ==, SCRAM_SALT_SIZE);
	}
	ScramSecrets one =
		secrets_of(&world, "Made-Up-One", SCRAM_SHA_1, &is_user);
	g_assert_true(is_user);
	g_assert_cmpuint(one.salt_size, ==, SCRAM_SALT_SIZE);
	g_assert_cmpuint(one.rounds, ==, 20000);
}

/* The time of an answer is not that of looking for the user. */
static void test_scram_time(void)
{
	g_auto(World) world = world_new("scram = yes\n");
	static const char *const names[] = { "timed", "timed-nobody", "" };
	gboolean is_user;

	add_user_with(&world, "timed", "scram", "secret");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		gint64 start = g_get_monotonic_time();
		(void)secrets_of(&world, names[i], SCRAM_SHA_1, &is_user);
		g_assert_cmpint(g_get_monotonic_time() - start, >=, 5000);
	}
}

/* Names that were there before names were prepared are found as they are; what
 * is made up is one for all spellings of a name, as what is stored is. */
static void test_scram_names(void)
{
	g_auto(World) world = world_new("scram = yes\n");
	static const char *const nobodys[] = { "no\u0308body", "N\u00f6body",
		"n\u00f6bo\u00addy" };
	gboolean is_user;

	add_user_with(&world, "ju\u0308rgen", "scram", "secret");
	(void)secrets_of(&world, "Ju\u0308rgen", SCRAM_SHA_256, &is_user);
	g_assert_true(is_user);
	ScramSecrets wanted =
		secrets_of(&world, "n\u00f6body", SCRAM_SHA_256, &is_user);
	for (gsize i = 0; i < G_N_ELEMENTS(nobodys); i++) {
		ScramSecrets made =
			secrets_of(&world, nobodys[i], SCRAM_SHA_256, &is_user);
		g_assert_false(is_user);
		g_assert_cmpmem(made.salt, made.salt_size, wanted.salt,
			wanted.salt_size);
	}
}

/* Failed proofs count with wrong passwords; a proof for nobody is none. */
static void test_scram_login(void)
{
	g_auto(World) world = world_new("login_failures = 3\n");
	gint64 id = add_user_with(&world, "proof", "scram", "secret");
	g_autoptr(User) user = NULL;
	g_autoptr(GError) error = NULL;
	ScramSecrets secrets;

	g_assert_cmpint(id, >, 0);
	g_assert_true(auth_scram_secrets(
		world.auth, "proof", SCRAM_SHA_256, &secrets, &user, &error));
	g_assert_true(auth_scram_login(
		world.auth, "proof", user, TRUE, "192.0.2.50", &error));
	for (guint i = 0; i < 2; i++) {
		g_assert_false(auth_scram_login(world.auth, "proof", user,
			FALSE, "192.0.2.51", &error));
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_AUTH_FAILED));
		g_clear_error(&error);
	}
	g_assert_false(auth_scram_login(
		world.auth, "nobody", NULL, TRUE, "192.0.2.51", &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_AUTH_FAILED));
	g_clear_error(&error);
	g_assert_false(auth_scram_login(
		world.auth, "proof", user, TRUE, "192.0.2.51", &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_LIMIT));
	g_assert_cmpint(login(&world, "other", "secret", "192.0.2.51"), ==,
		DBMAIL_ERROR_LIMIT);
	/* From where the user has been, the count is another. */
	g_assert_cmpint(login(&world, "proof", "secret", "192.0.2.50"), ==, IN);
}

static void test_offered(void)
{
	static const struct {
		const char *setting;
		gboolean offers[SCRAM_HASHES];
		gboolean takes_passwords;
	} rows[] = {
		{ "scram = no\n", { FALSE, FALSE }, TRUE },
		{ "scram = yes\n", { TRUE, TRUE }, TRUE },
		{ "scram = sha-1\n", { [SCRAM_SHA_1] = TRUE }, TRUE },
		{ "scram = sha-256\n", { [SCRAM_SHA_256] = TRUE }, TRUE },
		{ "scram = only\nplaintext_without_tls = yes\n", { TRUE, TRUE },
			FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(World) world = world_new(rows[i].setting);
		for (ScramHash hash = 0; hash < SCRAM_HASHES; hash++)
			g_assert_cmpint(auth_scram_offered(world.auth, hash),
				==, rows[i].offers[hash]);
		g_assert_cmpint(auth_plaintext_allowed(world.auth, TRUE), ==,
			rows[i].takes_passwords);
		g_assert_cmpint(auth_wants_scram(world.auth), ==,
			!rows[i].takes_passwords);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	DATABASE_OR_SKIP();
	g_test_add_func("/auth/login", test_login);
	g_test_add_func("/auth/change", test_change);
	g_test_add_func("/auth/upgrade", test_upgrade);
	g_test_add_func("/auth/limit-user", test_limit_user);
	g_test_add_func("/auth/limit-spellings", test_limit_spellings);
	g_test_add_func("/auth/limit-address", test_limit_address);
	g_test_add_func("/auth/limit-known", test_limit_known);
	g_test_add_func("/auth/cost", test_cost);
	g_test_add_func("/auth/delay", test_delay);
	g_test_add_func("/auth/delay-hides-cost", test_delay_hides_cost);
	g_test_add_func("/auth/plaintext", test_plaintext);
	g_test_add_func("/auth/made-up", test_made_up);
	g_test_add_func("/auth/scram-names", test_scram_names);
	g_test_add_func("/auth/scram-time", test_scram_time);
	g_test_add_func("/auth/scram-login", test_scram_login);
	g_test_add_func("/auth/offered", test_offered);
	return g_test_run();
}
