/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of auth/scram: keys out of passwords, and the form they are stored in. */
#include "auth/scram.h"

#include <string.h>

#define SHA_256 \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==" \
	"$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=" \
	":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define SHA_1 \
	"SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92" \
	"$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE="

/* The salts of RFC 5802 section 5 and RFC 7677 section 3, whose exchanges
 * test-scram-exchange has; the password of both is "pencil". */
static void test_derive(void)
{
	static const struct {
		ScramHash hash;
		const char *text;
	} vectors[] = {
		{ SCRAM_SHA_256, SHA_256 },
		{ SCRAM_SHA_1, SHA_1 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		ScramSecrets stored, made;
		g_assert_true(
			scram_parse(vectors[i].text, vectors[i].hash, &stored));
		g_assert_cmpuint(stored.rounds, ==, 4096);
		made = (ScramSecrets){ .hash = stored.hash,
			.rounds = stored.rounds,
			.salt_size = stored.salt_size };
		memcpy(made.salt, stored.salt, stored.salt_size);
		g_assert_true(scram_derive(&made, "pencil"));
		g_autofree char *text = scram_format(&made);
		g_assert_cmpstr(text, ==, vectors[i].text);
		g_assert_true(scram_derive(&made, "Pencil"));
		g_autofree char *other = scram_format(&made);
		g_assert_cmpstr(other, !=, vectors[i].text);
	}
}

static void test_parse(void)
{
	static const struct {
		const char *text;
		gboolean has[SCRAM_HASHES];
	} vectors[] = {
		{ SHA_256, { [SCRAM_SHA_256] = TRUE } },
		{ SHA_1, { [SCRAM_SHA_1] = TRUE } },
		{ SHA_256 " " SHA_1, { TRUE, TRUE } },
		{ SHA_1 " " SHA_256, { TRUE, TRUE } },
		{ "SCRAM-SHA-512$1:YQ==$YQ==:YQ== " SHA_1,
			{ [SCRAM_SHA_1] = TRUE } },
		{ "", { FALSE } },
		{ " ", { FALSE } },
		{ "SCRAM-SHA-1", { FALSE } },
		{ "SCRAM-SHA-1$", { FALSE } },
		{ "SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92$"
		  "6dlGYMOdZcOPutkcNY8U2g7vK9Y=",
			{ FALSE } },
		/* Rounds: none, and more than are believed. */
		{ "SCRAM-SHA-1$0:QSXCR+Q6sek8bf92"
		  "$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=",
			{ FALSE } },
		{ "SCRAM-SHA-1$1000001:QSXCR+Q6sek8bf92"
		  "$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=",
			{ FALSE } },
		{ "SCRAM-SHA-1$1000000:QSXCR+Q6sek8bf92"
		  "$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=",
			{ [SCRAM_SHA_1] = TRUE } },
		{ "SCRAM-SHA-1$-1:QSXCR+Q6sek8bf92"
		  "$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=",
			{ FALSE } },
		/* No salt; no base64; a key of the other hash's size. */
		{ "SCRAM-SHA-1$1:$6dlGYMOdZcOPutkcNY8U2g7vK9Y="
		  ":D+CSWLOshSulAsxiupA+qs2/fTE=",
			{ FALSE } },
		{ "SCRAM-SHA-1$1:Q$6dlGYMOdZcOPutkcNY8U2g7vK9Y="
		  ":D+CSWLOshSulAsxiupA+qs2/fTE=",
			{ FALSE } },
		{ "SCRAM-SHA-1$1:YQ==$YQ==:D+CSWLOshSulAsxiupA+qs2/fTE=",
			{ FALSE } },
		{ "SCRAM-SHA-1$1:YQ==$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:YQ==",
			{ FALSE } },
		{ "SCRAM-SHA-1$1:YQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4"
		  "qY=:D+CSWLOshSulAsxiupA+qs2/fTE=",
			{ FALSE } },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		for (ScramHash hash = 0; hash < SCRAM_HASHES; hash++) {
			ScramSecrets secrets;
			g_test_message(
				"vector %zu, %s", i, scram_hash_name(hash));
			g_assert_cmpint(
				scram_parse(vectors[i].text, hash, &secrets),
				==, vectors[i].has[hash]);
		}
	}
}

/* A salt longer than there is room for. */
static void test_long_salt(void)
{
	for (gsize size = SCRAM_SALT_MAX; size <= SCRAM_SALT_MAX + 1; size++) {
		guint8 bytes[SCRAM_SALT_MAX + 1] = { 0 };
		g_autofree char *salt = g_base64_encode(bytes, size);
		g_autofree char *text =
			g_strdup_printf("SCRAM-SHA-1$1:%s"
					"$6dlGYMOdZcOPutkcNY8U2"
					"g7vK9Y=:D+CSWLOshSulAsx"
					"iupA+qs2/fTE=",
				salt);
		ScramSecrets secrets;
		g_assert_cmpint(scram_parse(text, SCRAM_SHA_1, &secrets), ==,
			size <= SCRAM_SALT_MAX);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/auth/scram/derive", test_derive);
	g_test_add_func("/auth/scram/parse", test_parse);
	g_test_add_func("/auth/scram/long-salt", test_long_salt);
	return g_test_run();
}
