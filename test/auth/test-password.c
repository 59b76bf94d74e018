/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of auth/password: every scheme, right and wrong. */
#include "auth/password.h"

#include <time.h>

#include "base/errors.h"

#define PASSWORD "Grüße, Käse 7"

#define PENCIL_256 \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==" \
	"$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=" \
	":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define PENCIL_1 \
	"SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92" \
	"$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE="

/* Made with openssl, perl's crypt and, for argon2, the vectors of the
 * reference implementation. */
static const struct {
	const char *scheme;
	const char *hash;
	const char *password;
} right[] = {
	{ "", PASSWORD, PASSWORD },
	{ "plaintext", "x", "x" },
	{ "crypt", "ab6oTWXlGarxg", "secret78" },
	{ "crypt", "$1$saltsalt$AxdUk8zU4CMBPaJ9w4nHS1", PASSWORD },
	{ "crypt", "$5$saltsalt$mXpyNmEuXHOptkjURF3wE4K7GKYVHLpo4xnzLEhaGVA",
		PASSWORD },
	{ "crypt",
		"$6$saltsalt$2.pRJnwJ7OB.dWIl9JCe8dMbsX68WOUTag2kUkNbhPI1iY6t"
		"gCdD0BsmXS5wMzrNsfp5MvkZABKh78GBSgeeY.",
		PASSWORD },
	{ "CRYPT",
		"$2y$05$abcdefghijklmnopqrstuuHQFGBbL9QtbMHZaIHC9NvaXKnWjGhD6",
		PASSWORD },
	{ "crypt",
		"$y$j9T$abcdefgh$F4hnU0062mBGLayuq3f191dIEGWp5mS4buowcJD7un6",
		PASSWORD },
	{ "md5", "$1$saltsalt$AxdUk8zU4CMBPaJ9w4nHS1", PASSWORD },
	{ "md5-hash", "8aa8b047e8f2ebf9902a9e672d1128a0", PASSWORD },
	{ "md5", "8AA8B047E8F2EBF9902A9E672D1128A0", PASSWORD },
	{ "md5sum", "8aa8b047e8f2ebf9902a9e672d1128a0", PASSWORD },
	{ "md5-digest", "8aa8b047e8f2ebf9902a9e672d1128a0", PASSWORD },
	{ "md5base64", "iqiwR+jy6/mQKp5nLREooA==", PASSWORD },
	{ "sha1", "85703f0b1d36f1e8e63dc8434c8a6993412e05d3", PASSWORD },
	{ "sha256",
		"904ebbc36f95332706c73621dab1393f52df436731c4d5e4225b905329372"
		"fe4",
		PASSWORD },
	{ "sha512",
		"323f2deef80b505f94a0b7594f36d2acdb27a63d816e33ea1b3389a1bb497"
		"16303b514b9a644871edb51fbdc04d4e22399d37b3c69feddbf15961a1e50"
		"94ecef",
		PASSWORD },
	{ "argon2id",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ"
		"$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"password" },
	/* Python's hashlib and hmac made them: those of RFC 7677 section 3 and
	 * RFC 5802 section 5, either alone and both. */
	{ "scram-sha-256", PENCIL_256, "pencil" },
	{ "SCRAM-SHA-256", PENCIL_256, "pencil" },
	{ "scram-sha-1", PENCIL_1, "pencil" },
	{ "scram", PENCIL_1 " " PENCIL_256, "pencil" },
	{ "scram", PENCIL_1, "pencil" },
};

static const struct {
	const char *scheme;
	const char *hash;
} broken[] = {
	{ "", "" },
	{ "crypt", "" },
	{ "crypt", "*0" },
	{ "crypt", "*1" },
	{ "crypt", "$6$" },
	{ "crypt", "$7$zzz" },
	{ "crypt", ":" },
	{ "md5", "8aa8b047e8f2ebf9902a9e672d1128a" },
	{ "md5", "8aa8b047e8f2ebf9902a9e672d1128a00" },
	{ "md5base64", "iqiwR+jy6/mQKp5nLREooA" },
	{ "sha1", "" },
	{ "sha256", "85703f0b1d36f1e8e63dc8434c8a6993412e05d3" },
	{ "argon2id", "$argon2id$" },
	{ "argon2id", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$" },
	{ "argon2id", "8aa8b047e8f2ebf9902a9e672d1128a0" },
	{ "argon2id", PASSWORD },
	{ "scram", "" },
	{ "scram", "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92" },
	{ "scram", "SCRAM-SHA-512" },
	{ "scram-sha-1", PASSWORD },
	{ "rot13", PASSWORD },
	{ "unknown", PASSWORD },
};

static Settings *test_settings(const char *text)
{
	GError *error = NULL;
	Settings *settings = settings_parse("test", text, strlen(text), &error);

	g_assert_no_error(error);
	return settings;
}

#define CHEAP \
	"[DBMAIL]\nargon2_memory = 64\nargon2_passes = 1\n" \
	"scram_iterations = 4096\n"

static void test_right(void)
{
	g_autoptr(Settings) settings = test_settings(CHEAP);
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);

	for (gsize i = 0; i < G_N_ELEMENTS(right); i++) {
		g_test_message("%s %s", right[i].scheme, right[i].hash);
		g_assert_true(password_scheme_known(right[i].scheme));
		PasswordVerdict verdict = password_verify(hasher,
			right[i].password, right[i].hash, right[i].scheme);
		if (password_scheme_is_new(right[i].scheme))
			g_assert_cmpint(verdict, ==, PASSWORD_RIGHT);
		else
			g_assert_cmpint(verdict, ==, PASSWORD_RIGHT_OLD);
	}
}

static void test_wrong(void)
{
	g_autoptr(Settings) settings = test_settings(CHEAP);
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);
	static const char *const guesses[] = { "", "x ", "X", "Grüße, Käse",
		"Grüße, Käse 8", "secret7", "Password", "*0", "*1" };

	for (gsize i = 0; i < G_N_ELEMENTS(right); i++) {
		for (gsize j = 0; j < G_N_ELEMENTS(guesses); j++) {
			g_test_message("%s %s", right[i].scheme, guesses[j]);
			g_assert_cmpint(password_verify(hasher, guesses[j],
						right[i].hash, right[i].scheme),
				==, PASSWORD_WRONG);
		}
		/* The hash itself must not open the door. */
		PasswordVerdict verdict = password_verify(
			hasher, right[i].hash, right[i].hash, right[i].scheme);
		g_assert_cmpint(verdict, ==,
			g_str_equal(right[i].hash, right[i].password) ?
				PASSWORD_RIGHT_OLD :
				PASSWORD_WRONG);
	}
}

static void test_broken(void)
{
	g_autoptr(Settings) settings = test_settings(CHEAP);
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);

	for (gsize i = 0; i < G_N_ELEMENTS(broken); i++) {
		g_test_message("%s %s", broken[i].scheme, broken[i].hash);
		g_assert_cmpint(password_verify(hasher, PASSWORD,
					broken[i].hash, broken[i].scheme),
			==, PASSWORD_WRONG);
		g_assert_cmpint(password_verify(hasher, "", broken[i].hash,
					broken[i].scheme),
			==, PASSWORD_WRONG);
	}
	g_assert_false(password_scheme_known("rot13"));
}

/* Where OpenSSL's legacy provider is installed. */
static void test_whirlpool(void)
{
	g_autoptr(Settings) settings = test_settings(CHEAP);
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);
	static const char hash[] =
		"08bcd51695de9a27d693326306b3205ffa877a239c495a00d4aae50f77168"
		"fbe914ef93a785619433f9b0d4874d1ec7bd37457ec7877ce9811794f470b"
		"ca0bed";

	if (password_verify(hasher, PASSWORD, hash, "whirlpool") ==
		PASSWORD_WRONG) {
		g_test_skip("OpenSSL offers no whirlpool");
		return;
	}
	g_assert_cmpint(password_verify(hasher, "x", hash, "whirlpool"), ==,
		PASSWORD_WRONG);
}

static void test_new(void)
{
	g_autoptr(Settings) settings = test_settings(CHEAP);
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);
	g_autoptr(GError) error = NULL;
	g_autofree char *one =
		password_hash(hasher, PASSWORD_SCHEME, PASSWORD, &error);
	g_autofree char *two =
		password_hash(hasher, PASSWORD_SCHEME, PASSWORD, &error);

	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(one, "$argon2id$v=19$m=64,t=1,p=1$"));
	g_assert_cmpstr(one, !=, two);
	g_assert_cmpint(password_verify(hasher, PASSWORD, one, PASSWORD_SCHEME),
		==, PASSWORD_RIGHT);
	g_assert_cmpint(password_verify(hasher, "x", one, PASSWORD_SCHEME), ==,
		PASSWORD_WRONG);
}

/* What is taken over from elsewhere. */
static void test_whole(void)
{
	static const struct {
		const char *scheme;
		const char *hash;
		gboolean is_whole;
	} vectors[] = {
		{ "crypt", "anything", TRUE },
		{ "argon2id", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65",
			TRUE },
		{ "argon2id", "$1$saltsalt$AxdUk8zU4CMBPaJ9w4nHS1", FALSE },
		{ "scram-sha-256", PENCIL_256, TRUE },
		{ "SCRAM-SHA-1", PENCIL_1, TRUE },
		{ "scram-sha-1", PENCIL_256, FALSE },
		{ "scram-sha-256", "SCRAM-SHA-256$4096", FALSE },
		{ "scram", PENCIL_256 " " PENCIL_1, TRUE },
		{ "scram", PENCIL_1 " " PENCIL_256, TRUE },
		{ "scram", PENCIL_256, FALSE },
		{ "scram", "", FALSE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++)
		g_assert_cmpint(password_hash_is_whole(
					vectors[i].scheme, vectors[i].hash),
			==, vectors[i].is_whole);
}

/* What each setting makes, what verifies it, and what becomes of it under
 * another setting: the scheme it is hashed anew in, or NULL where it stays. */
static void test_schemes(void)
{
	static const struct {
		const char *own;
		const char *setting;
		const char *next;
	} steps[] = {
		{ "argon2id", "argon2id", NULL },
		{ "argon2id", "scram", "scram" },
		{ "argon2id", "scram-sha-1", "scram-sha-1" },
		{ "scram", "argon2id", NULL },
		{ "scram", "scram", NULL },
		{ "scram", "scram-sha-1", NULL },
		{ "scram", "scram-sha-256", NULL },
		{ "scram-sha-256", "argon2id", NULL },
		{ "scram-sha-256", "scram-sha-256", NULL },
		{ "scram-sha-256", "scram-sha-1", "scram" },
		{ "scram-sha-1", "scram-sha-256", "scram" },
		{ "scram-sha-256", "scram", "scram" },
		{ "SCRAM-SHA-1", "scram-sha-1", NULL },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		g_autofree char *text = g_strdup_printf(
			CHEAP "password_scheme = %s\n", steps[i].setting);
		g_autoptr(Settings) settings = test_settings(text);
		g_autoptr(PasswordHasher) hasher =
			password_hasher_new(settings);
		g_autoptr(GError) error = NULL;
		g_autofree char *hash =
			password_hash(hasher, steps[i].own, PASSWORD, &error);
		g_test_message("%s under %s", steps[i].own, steps[i].setting);
		g_assert_no_error(error);
		g_assert_cmpstr(password_scheme(hasher), ==, steps[i].setting);
		g_assert_cmpint(
			password_verify(hasher, PASSWORD, hash, steps[i].own),
			==,
			steps[i].next != NULL ? PASSWORD_RIGHT_OLD :
						PASSWORD_RIGHT);
		g_assert_cmpint(
			password_verify(hasher, "x", hash, steps[i].own), ==,
			PASSWORD_WRONG);
		if (steps[i].next != NULL)
			g_assert_cmpstr(
				password_scheme_next(hasher, steps[i].own), ==,
				steps[i].next);
	}
	g_autoptr(Settings) settings = test_settings(CHEAP);
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);
	g_autoptr(GError) error = NULL;
	g_assert_null(password_hash(hasher, "crypt", PASSWORD, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
}

/* Fewer rounds than the settings want now. */
static void test_rounds(void)
{
	g_autoptr(Settings) settings =
		test_settings("[DBMAIL]\nscram_iterations = 4097\n");
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);

	g_assert_cmpint(
		password_verify(hasher, "pencil", PENCIL_1, "scram-sha-1"), ==,
		PASSWORD_RIGHT_OLD);
	g_assert_cmpstr(
		password_scheme_next(hasher, "scram-sha-1"), ==, "scram-sha-1");
}

/* RFC 4013: in whatever form it is typed; and what was hashed before passwords
 * were prepared is taken, and hashed anew. */
static void test_prepared(void)
{
	/* libargon2 made it of the bytes of the decomposed one. */
	static const char raw[] =
		"$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA"
		"$7DYvOy1xjNrrGWN683prZp5gEzg/VBQRf25KGKxoyt8";
	static const char decomposed[] = "Gru\u0308\u00dfe";
	static const char composed[] = "Gr\u00fc\u00dfe";
	static const char *const schemes[] = { "argon2id", "scram",
		"scram-sha-1" };
	g_autoptr(Settings) settings = test_settings(CHEAP);
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);

	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *hash =
			password_hash(hasher, schemes[i], decomposed, &error);
		g_assert_cmpint(
			password_verify(hasher, composed, hash, schemes[i]), ==,
			PASSWORD_RIGHT);
		g_assert_cmpint(
			password_verify(hasher, decomposed, hash, schemes[i]),
			==, PASSWORD_RIGHT);
		g_assert_cmpint(
			password_verify(hasher, "Gru\u00dfe", hash, schemes[i]),
			==, PASSWORD_WRONG);
	}
	g_assert_cmpint(password_verify(hasher, decomposed, raw, "argon2id"),
		==, PASSWORD_RIGHT_OLD);
	g_assert_cmpint(password_verify(hasher, composed, raw, "argon2id"), ==,
		PASSWORD_WRONG);
}

/* Dearer settings make older hashes old; cheaper ones do not. */
static void test_cost(void)
{
	static const char *const dearer[] = {
		"[DBMAIL]\nargon2_memory = 65\nargon2_passes = 1\n",
		"[DBMAIL]\nargon2_memory = 64\nargon2_passes = 2\n",
	};
	g_autoptr(Settings) cheap = test_settings(CHEAP);
	g_autoptr(PasswordHasher) hasher = password_hasher_new(cheap);
	g_autoptr(GError) error = NULL;
	g_autofree char *hash =
		password_hash(hasher, PASSWORD_SCHEME, PASSWORD, &error);

	g_assert_no_error(error);
	for (gsize i = 0; i < G_N_ELEMENTS(dearer); i++) {
		g_autoptr(Settings) settings = test_settings(dearer[i]);
		g_autoptr(PasswordHasher) other = password_hasher_new(settings);
		g_assert_cmpint(
			password_verify(other, PASSWORD, hash, PASSWORD_SCHEME),
			==, PASSWORD_RIGHT_OLD);
		g_autofree char *dear =
			password_hash(other, PASSWORD_SCHEME, PASSWORD, &error);
		g_assert_cmpint(password_verify(hasher, PASSWORD, dear,
					PASSWORD_SCHEME),
			==, PASSWORD_RIGHT);
	}
}

static void test_limits(void)
{
	g_autoptr(Settings) settings = test_settings(CHEAP);
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);
	g_autofree char *longest = g_strnfill(PASSWORD_MAX, 'a');
	g_autofree char *longer = g_strnfill(PASSWORD_MAX + 1, 'a');
	g_autoptr(GError) error = NULL;

	g_autofree char *hash =
		password_hash(hasher, PASSWORD_SCHEME, longest, &error);
	g_assert_no_error(error);
	g_assert_cmpint(password_verify(hasher, longest, hash, PASSWORD_SCHEME),
		==, PASSWORD_RIGHT);
	g_assert_null(password_hash(hasher, PASSWORD_SCHEME, longer, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	g_clear_error(&error);
	g_assert_null(password_hash(hasher, PASSWORD_SCHEME, "", &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	g_assert_cmpint(password_verify(hasher, longer, longer, ""), ==,
		PASSWORD_WRONG);
}

static gint64 thread_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (gint64)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* An unknown user must cost what a wrong password does. */
static void test_nobody(void)
{
	g_autoptr(Settings) settings = test_settings(
		"[DBMAIL]\nargon2_memory = 16384\nargon2_passes = 2\n");
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);
	g_autoptr(GError) error = NULL;
	g_autofree char *hash =
		password_hash(hasher, PASSWORD_SCHEME, PASSWORD, &error);

	g_assert_no_error(error);
	gint64 start = thread_time();
	g_assert_cmpint(password_verify(hasher, "x", hash, PASSWORD_SCHEME), ==,
		PASSWORD_WRONG);
	gint64 known = thread_time() - start;
	password_verify_nobody(hasher, "x");
	gint64 unknown = thread_time() - start - known;
	g_test_message("%ld us, %ld us", (long)known, (long)unknown);
	g_assert_cmpint(unknown, >, known / 3);
	g_assert_cmpint(unknown, <, known * 3);
}

static gpointer hash_many(gpointer data)
{
	PasswordHasher *hasher = data;

	for (int i = 0; i < 20; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *hash =
			password_hash(hasher, PASSWORD_SCHEME, "x", &error);
		g_assert_no_error(error);
		g_assert_cmpint(
			password_verify(hasher, "x", hash, PASSWORD_SCHEME), ==,
			PASSWORD_RIGHT);
	}
	return NULL;
}

static void test_threads(void)
{
	g_autoptr(Settings) settings = test_settings(CHEAP);
	g_autoptr(PasswordHasher) hasher = password_hasher_new(settings);
	GThread *threads[8];

	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("hash", hash_many, hasher);
	for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/password/right", test_right);
	g_test_add_func("/password/wrong", test_wrong);
	g_test_add_func("/password/broken", test_broken);
	g_test_add_func("/password/whirlpool", test_whirlpool);
	g_test_add_func("/password/new", test_new);
	g_test_add_func("/password/cost", test_cost);
	g_test_add_func("/password/limits", test_limits);
	g_test_add_func("/password/nobody", test_nobody);
	g_test_add_func("/password/threads", test_threads);
	g_test_add_func("/password/whole", test_whole);
	g_test_add_func("/password/schemes", test_schemes);
	g_test_add_func("/password/rounds", test_rounds);
	g_test_add_func("/password/prepared", test_prepared);
	return g_test_run();
}
