/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of auth/scram-exchange: the RFCs' exchanges, and what is none. */
#include "auth/scram-exchange.h"

#include <string.h>

typedef struct {
	const char *mechanism;
	const char *secrets;
	const char *nonce; /* the server's */
	const char *first;
	const char *server_first;
	const char *final;
	const char *verifier;
} Exchange;

/* RFC 5802 section 5 and RFC 7677 section 3. */
static const Exchange exchanges[] = {
	{ "SCRAM-SHA-1",
		"SCRAM-SHA-1$4096:QSXCR+Q6sek8bf92"
		"$6dlGYMOdZcOPutkcNY8U2g7vK9Y=:D+CSWLOshSulAsxiupA+qs2/fTE=",
		"3rfcNHYJY1ZVvWVs7j", "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
		"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
		"s=QSXCR+Q6sek8bf92,i=4096",
		"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
		"p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
	{ "SCRAM-SHA-256",
		"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
		"$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
		":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
		"%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
		"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
};

static void give_secrets(
	gpointer data, const char *user, ScramHash hash, ScramSecrets *secrets)
{
	g_assert_cmpstr(user, !=, "");
	g_assert_true(scram_parse(data, hash, secrets));
}

static gboolean give_binding(
	gpointer data, const char *type, guint8 *out, gsize *size)
{
	(void)data;
	if (strcmp(type, "tls-exporter") != 0)
		return FALSE;
	memcpy(out, "\0bound", 6);
	*size = 6;
	return TRUE;
}

static SaslHost host_of(const Exchange *exchange, gboolean offers_plus)
{
	return (SaslHost){ give_secrets, give_binding, offers_plus,
		(gpointer)exchange->secrets };
}

/* Through the final message, which may be another than the exchange's. */
static SaslStep run(
	const Exchange *exchange, const char *final, char **verifier)
{
	const SaslHost host = host_of(exchange, FALSE);
	ScramExchange *scram =
		scram_exchange_new(sasl_mechanism_find(exchange->mechanism),
			&host, exchange->nonce);
	Bytes challenge = { NULL, 0 };

	g_assert_cmpint(scram_exchange_first(scram,
				bytes_of_string(exchange->first), &challenge),
		==, SASL_CONTINUE);
	g_autofree char *text = g_strndup(challenge.data, challenge.size);
	g_assert_cmpstr(text, ==, exchange->server_first);
	g_assert_cmpstr(scram_exchange_user(scram), ==, "user");
	g_assert_cmpstr(scram_exchange_authorisation(scram), ==, "");
	g_assert_null(scram_exchange_verifier(scram));
	SaslStep step = scram_exchange_final(scram, bytes_of_string(final));
	*verifier = g_strdup(scram_exchange_verifier(scram));
	scram_exchange_free(&scram);
	g_assert_null(scram);
	return step;
}

static void test_rfc(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(exchanges); i++) {
		g_autofree char *verifier = NULL;
		g_assert_cmpint(
			run(&exchanges[i], exchanges[i].final, &verifier), ==,
			SASL_DONE);
		g_assert_cmpstr(verifier, ==, exchanges[i].verifier);
	}
}

#define NONCE "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j"
#define PROOF "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="

/* Final messages for the first exchange that prove nothing, or are none. */
static void test_final(void)
{
	static const struct {
		const char *final;
		SaslStep step;
	} vectors[] = {
		/* Another proof, one too short, one that is no base64. */
		{ "c=biws," NONCE ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Tt=",
			SASL_DONE },
		{ "c=biws," NONCE ",p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
			SASL_DONE },
		{ "c=biws," NONCE ",p=v0X8v3Bz", SASL_DONE },
		{ "c=biws," NONCE ",p=!", SASL_DONE },
		/* Another nonce: the client's part changed, the server's, more
		 * and less of it. */
		{ "c=biws,r=gyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j," PROOF,
			SASL_DONE },
		{ "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7k," PROOF,
			SASL_DONE },
		{ "c=biws," NONCE "x," PROOF, SASL_DONE },
		{ "c=biws,r=fyko+d2lbbFgONRv9qkxdawL," PROOF, SASL_DONE },
		/* "y,," for what was "n,,"; with a binding; no base64. */
		{ "c=eSws," NONCE "," PROOF, SASL_DONE },
		{ "c=biwsAAAA," NONCE "," PROOF, SASL_DONE },
		{ "c=x," NONCE "," PROOF, SASL_DONE },
		/* An extension is part of what is proved. */
		{ "c=biws," NONCE ",x=y," PROOF, SASL_DONE },
		{ "c=biws," NONCE ",m=y," PROOF, SASL_INVALID },
		{ "c=biws," NONCE ",xy," PROOF, SASL_INVALID },
		{ "c=biws," NONCE ",," PROOF, SASL_INVALID },
		{ "", SASL_INVALID },
		{ ",", SASL_INVALID },
		{ "c=biws", SASL_INVALID },
		{ "c=biws," NONCE, SASL_INVALID },
		{ "c=biws," NONCE ",", SASL_INVALID },
		{ "c=biws," NONCE ",p=", SASL_INVALID },
		{ "c=biws," NONCE "," PROOF ",", SASL_INVALID },
		{ "c=biws," NONCE "," PROOF ",x=y", SASL_INVALID },
		{ "c=," NONCE "," PROOF, SASL_INVALID },
		{ "c=biws,r=," PROOF, SASL_INVALID },
		{ NONCE ",c=biws," PROOF, SASL_INVALID },
		{ "C=biws," NONCE "," PROOF, SASL_INVALID },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *verifier = NULL;
		g_test_message("%s", vectors[i].final);
		g_assert_cmpint(run(&exchanges[0], vectors[i].final, &verifier),
			==, vectors[i].step);
		g_assert_null(verifier);
	}
}

typedef struct {
	const char *mechanism;
	Bytes first;
	gboolean offers_plus;
	SaslStep step;
	const char *user;
	const char *authorisation;
} First;

#define TEXT(text) \
	{ \
		(text), sizeof(text) - 1 \
	}

static const First firsts[] = {
	{ "SCRAM-SHA-1", TEXT("n,,n=user,r=x"), TRUE, SASL_CONTINUE, "user",
		"" },
	{ "SCRAM-SHA-1", TEXT("n,a=a=2Cb=3Dc,n=d=3De=2C,r=x"), FALSE,
		SASL_CONTINUE, "d=e,", "a,b=c" },
	{ "SCRAM-SHA-1", TEXT("n,,n=user,r=x,a=b,c=d,e"), FALSE, SASL_INVALID,
		NULL, NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=user,r=x,a=b,c=d"), FALSE, SASL_CONTINUE,
		"user", "" },
	/* RFC 4013: what is sent and what it counts as. */
	{ "SCRAM-SHA-256", TEXT("n,,n=I\u00adX\u2168,r=x"), FALSE,
		SASL_CONTINUE, "IXIX", "" },
	{ "SCRAM-SHA-256", TEXT("n,,n=\u00ad,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-256", TEXT("n,,n=\x07,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	/* Somebody has taken -PLUS out of what the client was offered. */
	{ "SCRAM-SHA-1", TEXT("y,,n=user,r=x"), TRUE, SASL_UNBOUND, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("y,,n=user,r=x"), FALSE, SASL_CONTINUE, "user",
		"" },
	{ "SCRAM-SHA-1", TEXT("p=tls-exporter,,n=user,r=x"), TRUE, SASL_UNBOUND,
		NULL, NULL },
	{ "SCRAM-SHA-1-PLUS", TEXT("n,,n=user,r=x"), TRUE, SASL_UNBOUND, NULL,
		NULL },
	{ "SCRAM-SHA-1-PLUS", TEXT("y,,n=user,r=x"), TRUE, SASL_UNBOUND, NULL,
		NULL },
	{ "SCRAM-SHA-1-PLUS", TEXT("p=tls-exporter,,n=user,r=x"), TRUE,
		SASL_CONTINUE, "user", "" },
	{ "SCRAM-SHA-1-PLUS", TEXT("p=tls-unknown,,n=user,r=x"), TRUE,
		SASL_UNBOUND, NULL, NULL },
	{ "SCRAM-SHA-1-PLUS", TEXT("p=,,n=user,r=x"), TRUE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1-PLUS", TEXT("p=a/b,,n=user,r=x"), TRUE, SASL_INVALID,
		NULL, NULL },
	/* No message of SCRAM's. */
	{ "SCRAM-SHA-1", TEXT(""), FALSE, SASL_INVALID, NULL, NULL },
	{ "SCRAM-SHA-1", TEXT("n"), FALSE, SASL_INVALID, NULL, NULL },
	{ "SCRAM-SHA-1", TEXT("n,"), FALSE, SASL_INVALID, NULL, NULL },
	{ "SCRAM-SHA-1", TEXT("n,,"), FALSE, SASL_INVALID, NULL, NULL },
	{ "SCRAM-SHA-1", TEXT("x,,n=user,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT(",,n=user,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("n,user,n=user,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("n,a=,n=user,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("n,,r=x,n=user"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=user"), FALSE, SASL_INVALID, NULL, NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=,r=x"), FALSE, SASL_INVALID, NULL, NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=user,r="), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=user,r=a b"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=user,r=\xc3\xa4"), FALSE, SASL_INVALID,
		NULL, NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=u\0ser,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=us\xffr,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=a=2cb,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=a=,r=x"), FALSE, SASL_INVALID, NULL, NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=a=2,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	/* An extension that must be understood. */
	{ "SCRAM-SHA-1", TEXT("n,,m=x,n=user,r=x"), FALSE, SASL_INVALID, NULL,
		NULL },
	{ "SCRAM-SHA-1", TEXT("n,,n=user,r=x,m=x"), FALSE, SASL_INVALID, NULL,
		NULL },
};

static void test_first(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(firsts); i++) {
		const First *first = &firsts[i];
		const SaslMechanism *mechanism =
			sasl_mechanism_find(first->mechanism);
		const SaslHost host =
			host_of(&exchanges[mechanism->hash == SCRAM_SHA_256],
				first->offers_plus);
		ScramExchange *scram =
			scram_exchange_new(mechanism, &host, NULL);
		Bytes challenge = { NULL, 0 };
		g_test_message("%s %s", first->mechanism, first->first.data);
		g_assert_cmpint(
			scram_exchange_first(scram, first->first, &challenge),
			==, first->step);
		if (first->step == SASL_CONTINUE) {
			g_assert_cmpstr(
				scram_exchange_user(scram), ==, first->user);
			g_assert_cmpstr(scram_exchange_authorisation(scram), ==,
				first->authorisation);
			/* The server's part is random, and long enough. */
			g_assert_true(g_str_has_prefix(challenge.data, "r=x"));
			g_assert_cmpuint(
				strcspn(challenge.data, ","), ==, 3 + 32);
		}
		scram_exchange_free(&scram);
	}
}

static void test_limits(void)
{
	const SaslHost host = host_of(&exchanges[0], FALSE);

	for (gsize size = 1023; size <= 1025; size++) {
		g_autofree char *nonce = g_strnfill(size, 'n');
		g_autofree char *first = g_strconcat("n,,n=u,r=", nonce, NULL);
		ScramExchange *scram = scram_exchange_new(
			sasl_mechanism_find("SCRAM-SHA-1"), &host, NULL);
		Bytes challenge;
		g_assert_cmpint(scram_exchange_first(scram,
					bytes_of_string(first), &challenge),
			==, size <= 1024 ? SASL_CONTINUE : SASL_INVALID);
		scram_exchange_free(&scram);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/auth/scram-exchange/rfc", test_rfc);
	g_test_add_func("/auth/scram-exchange/final", test_final);
	g_test_add_func("/auth/scram-exchange/first", test_first);
	g_test_add_func("/auth/scram-exchange/limits", test_limits);
	return g_test_run();
}
