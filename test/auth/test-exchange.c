/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of auth/exchange: SASL in lines of base64, over a socket pair. */
#include "auth/exchange.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIM_SECRET "AHRpbQBzZWNyZXQ="          /* \0tim\0secret */
#define TIM_WRONG "AHRpbQB4"                   /* \0tim\0x */
#define TIM_AS_TIM "VElNAHRpbQBzZWNyZXQ="      /* TIM\0tim\0secret */
#define TIM_AS_SOFT "dMKtaW0AdGltAHNlY3JldA==" /* t U+00AD im\0tim\0secret */
#define TIM_AS_ROOT "cm9vdAB0aW0Ac2VjcmV0"     /* root\0tim\0secret */
#define ROOT_WITHOUT_NAME "cm9vdAAAc2VjcmV0"   /* root\0\0secret */

typedef struct {
	const char *mechanism;
	const char *initial;
	const char *input; /* all of it, before the first challenge */
	const char *output;
	ExchangeEnd end;
} Vector;

static const Vector vectors[] = {
	{ "PLAIN", TIM_SECRET, "", "", EXCHANGE_DONE },
	{ "PLAIN", TIM_AS_TIM, "", "", EXCHANGE_DONE },
	{ "PLAIN", NULL, TIM_SECRET "\r\n", "+ \r\n", EXCHANGE_DONE },
	{ "LOGIN", NULL, "dGlt\r\nc2VjcmV0\r\n",
		"+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n", EXCHANGE_DONE },
	{ "LOGIN", "dGlt", "c2VjcmV0\r\n", "+ UGFzc3dvcmQ6\r\n",
		EXCHANGE_DONE },
	{ "PLAIN", TIM_AS_SOFT, "", "", EXCHANGE_DONE },
	{ "PLAIN", TIM_WRONG, "", "", EXCHANGE_REFUSED },
	{ "PLAIN", TIM_AS_ROOT, "", "", EXCHANGE_FOR_OTHERS },
	{ "PLAIN", ROOT_WITHOUT_NAME, "", "", EXCHANGE_MALFORMED },
	/* There is an initial response, and it is empty. */
	{ "PLAIN", "=", "", "", EXCHANGE_MALFORMED },
	{ "PLAIN", NULL, "\r\n", "+ \r\n", EXCHANGE_MALFORMED },
	{ "PLAIN", NULL, "*\r\n", "+ \r\n", EXCHANGE_CANCELLED },
	{ "LOGIN", NULL, "dGlt\r\n*\r\n",
		"+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n", EXCHANGE_CANCELLED },
	{ "PLAIN", NULL, "AHRpbQBzZWNyZXQ\r\n", "+ \r\n", EXCHANGE_NOT_BASE64 },
	{ "PLAIN", NULL, "AHRpbQBz ZWNyZXQ\r\n", "+ \r\n",
		EXCHANGE_NOT_BASE64 },
	{ "PLAIN", "AHRpbQBz=WNyZXQ=", "", "", EXCHANGE_NOT_BASE64 },
	{ "PLAIN", "AHRpbQBzZWNyZX=x", "", "", EXCHANGE_NOT_BASE64 },
	{ "PLAIN", "*", "", "", EXCHANGE_NOT_BASE64 },
	{ "PLAIN", "==", "", "", EXCHANGE_NOT_BASE64 },
	{ "PLAIN", NULL, "", "+ \r\n", EXCHANGE_ENDED },
	{ "LOGIN", NULL, "dGlt\r\nc2Vjc",
		"+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n", EXCHANGE_ENDED },
};

/* Lets in who has the password of the vectors. */
static gboolean accept_secret(gpointer data, const Sasl *sasl)
{
	guint *asked = data;

	(*asked)++;
	g_assert_cmpstr(sasl_user(sasl), ==, "tim");
	return strcmp(sasl_password(sasl), "secret") == 0;
}

static ExchangeEnd run(const Vector *vector, char **output)
{
	Bytes initial = { vector->initial,
		vector->initial != NULL ? strlen(vector->initial) : 0 };
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	Stream *stream = stream_new(fds[0]);
	Sasl *sasl = sasl_new(sasl_mechanism_find(vector->mechanism), NULL);
	guint asked = 0;
	gsize size = strlen(vector->input);
	g_assert_cmpint(write(fds[1], vector->input, size), ==, (gssize)size);
	g_assert_cmpint(shutdown(fds[1], SHUT_WR), ==, 0);

	ExchangeEnd end =
		exchange_run(sasl, stream, accept_secret, &asked, initial);
	g_assert_cmpuint(asked, ==,
		end == EXCHANGE_DONE || end == EXCHANGE_REFUSED ? 1 : 0);
	sasl_free(&sasl);
	/* What is buffered is sent then. */
	(void)!stream_flush(stream, NULL);
	stream_free(&stream);
	*output = g_malloc0(4096);
	for (gsize got = 0;;) {
		gssize n = read(fds[1], *output + got, 4095 - got);
		g_assert_cmpint(n, >=, 0);
		if (n == 0)
			break;
		got += (gsize)n;
	}
	close(fds[1]);
	return end;
}

static void test_vectors(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *output = NULL;
		ExchangeEnd end = run(&vectors[i], &output);

		g_test_message("vector %zu", i);
		g_assert_cmpint(end, ==, vectors[i].end);
		g_assert_cmpstr(output, ==, vectors[i].output);
	}
}

/* Longer than any response. */
static void test_too_long(void)
{
	g_autofree char *padding = g_strnfill(20000, 'A');
	g_autofree char *input = g_strconcat(padding, "\r\n", NULL);
	Vector vector = { "PLAIN", NULL, input, NULL, EXCHANGE_TOO_LONG };
	g_autofree char *output = NULL;

	g_assert_cmpint(run(&vector, &output), ==, EXCHANGE_TOO_LONG);
}

/* Each end that is answered has a text. */
static void test_texts(void)
{
	for (guint end = EXCHANGE_DONE; end <= EXCHANGE_ENDED; end++)
		g_assert_cmpint(exchange_text(end) == NULL, ==,
			end == EXCHANGE_DONE || end == EXCHANGE_REFUSED ||
				end == EXCHANGE_ENDED);
}

typedef struct {
	const char *responses[3];
	guint given;
	GString *challenges;
} Frame;

static void frame_send(gpointer data, const char *challenge)
{
	Frame *frame = data;

	g_string_append_printf(frame->challenges, "<%s>", challenge);
}

static ExchangeEnd frame_receive(gpointer data, Bytes *response)
{
	Frame *frame = data;
	const char *next = frame->responses[frame->given++];

	if (next == NULL)
		return EXCHANGE_TOO_LONG;
	*response = bytes_of_string(next);
	return EXCHANGE_DONE;
}

/* Another protocol's frame: its responses, and its ends. */
static void test_framed(void)
{
	static const struct {
		const char *responses[3];
		const char *challenges;
		ExchangeEnd end;
	} exchanges[] = {
		{ { "dGlt", "c2VjcmV0" }, "<VXNlcm5hbWU6><UGFzc3dvcmQ6>",
			EXCHANGE_DONE },
		{ { "dGlt", "*" }, "<VXNlcm5hbWU6><UGFzc3dvcmQ6>",
			EXCHANGE_CANCELLED },
		{ { "dGlt" }, "<VXNlcm5hbWU6><UGFzc3dvcmQ6>",
			EXCHANGE_TOO_LONG },
		{ { "a" }, "<VXNlcm5hbWU6>", EXCHANGE_NOT_BASE64 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(exchanges); i++) {
		Frame data = { .challenges = g_string_new(NULL) };
		const ExchangeFrame frame = { frame_send, frame_receive, &data,
			FALSE };
		Sasl *sasl = sasl_new(sasl_mechanism_find("LOGIN"), NULL);
		guint asked = 0;
		memcpy(data.responses, exchanges[i].responses,
			sizeof(data.responses));
		g_assert_cmpint(exchange_run_framed(sasl, &frame, accept_secret,
					&asked, bytes_of(NULL, 0)),
			==, exchanges[i].end);
		g_assert_cmpstr(
			data.challenges->str, ==, exchanges[i].challenges);
		sasl_free(&sasl);
		g_string_free(data.challenges, TRUE);
	}
}

/* --- SCRAM: what the server says last ------------------------------------------ */

static void pencil_secrets(
	gpointer data, const char *user, ScramHash hash, ScramSecrets *secrets)
{
	(void)data;
	g_assert_cmpstr(user, ==, "tim");
	*secrets = (ScramSecrets){
		.hash = hash, .rounds = 4096, .salt_size = 4, .salt = "salt"
	};
	g_assert_true(scram_derive(secrets, "pencil"));
}

static gboolean no_binding(
	gpointer data, const char *type, guint8 *out, gsize *size)
{
	(void)data, (void)type, (void)out, (void)size;
	return FALSE;
}

/* A client of its own. */
typedef struct {
	const char *password;
	const char *last; /* its response to what the server says last */
	guint given;
	GPtrArray *challenges;
	char *response;
} Client;

static void client_send(gpointer data, const char *challenge)
{
	Client *client = data;

	g_ptr_array_add(client->challenges, g_strdup(challenge));
}

static char *client_final(const Client *client)
{
	gsize size;
	g_autofree char *first = (char *)g_base64_decode(
		g_ptr_array_index(client->challenges, 0), &size);
	g_autofree char *text = g_strndup(first, size);
	g_auto(GStrv) fields = g_strsplit(text, ",", 3);
	g_autofree char *bare = g_strdup_printf("c=biws,%s", fields[0]);
	g_autofree char *all = g_strdup_printf("n=tim,r=abc,%s,%s", text, bare);
	ScramSecrets secrets = { .hash = SCRAM_SHA_256,
		.rounds = 4096,
		.salt_size = 4,
		.salt = "salt" };
	guint8 salted[32], key[32], signature[32];

	g_assert_cmpstr(fields[1], ==, "s=c2FsdA==");
	g_assert_cmpstr(fields[2], ==, "i=4096");
	g_assert_true(scram_derive(&secrets, client->password));
	g_assert_cmpint(PKCS5_PBKDF2_HMAC(client->password, -1, secrets.salt, 4,
				4096, EVP_sha256(), 32, salted),
		==, 1);
	g_assert_true(
		scram_hmac(SCRAM_SHA_256, salted, 32, "Client Key", 10, key));
	g_assert_true(scram_hmac(SCRAM_SHA_256, secrets.stored_key, 32, all,
		strlen(all), signature));
	for (guint i = 0; i < 32; i++)
		key[i] ^= signature[i];
	g_autofree char *proof = g_base64_encode(key, 32);
	g_autofree char *final = g_strdup_printf("%s,p=%s", bare, proof);
	return g_base64_encode((const guchar *) final, strlen(final));
}

static ExchangeEnd client_receive(gpointer data, Bytes *response)
{
	Client *client = data;

	g_free(client->response);
	client->response = NULL;
	switch (client->given++) {
	case 0:
		client->response = client_final(client);
		break;
	default:
		if (client->last == NULL)
			return EXCHANGE_ENDED;
		client->response = g_strdup(client->last);
	}
	*response = bytes_of_string(client->response);
	return EXCHANGE_DONE;
}

static gboolean accept_proof(gpointer data, const Sasl *sasl)
{
	return *(gboolean *)data && sasl_is_proven(sasl);
}

static void test_final(void)
{
	static const struct {
		const char *password;
		const char *last;
		gboolean is_let_in, carries_final;
		guint challenges;
		ExchangeEnd end;
	} runs[] = {
		{ "pencil", "", TRUE, FALSE, 2, EXCHANGE_DONE },
		{ "pencil", "*", TRUE, FALSE, 2, EXCHANGE_CANCELLED },
		{ "pencil", "YQ==", TRUE, FALSE, 2, EXCHANGE_MALFORMED },
		{ "pencil", NULL, TRUE, FALSE, 2, EXCHANGE_ENDED },
		{ "pencil", NULL, TRUE, TRUE, 1, EXCHANGE_DONE },
		/* No proof of the server's for who is not let in. */
		{ "pencil", "", FALSE, FALSE, 1, EXCHANGE_REFUSED },
		{ "crayon", "", TRUE, FALSE, 1, EXCHANGE_REFUSED },
	};
	const SaslHost host = { pencil_secrets, no_binding, FALSE, NULL };

	for (gsize i = 0; i < G_N_ELEMENTS(runs); i++) {
		Client client = { runs[i].password, runs[i].last, 0,
			g_ptr_array_new_with_free_func(g_free), NULL };
		const ExchangeFrame frame = { client_send, client_receive,
			&client, runs[i].carries_final };
		gboolean is_let_in = runs[i].is_let_in;
		Sasl *sasl =
			sasl_new(sasl_mechanism_find("scram-sha-256"), &host);
		/* n,,n=tim,r=abc */
		ExchangeEnd end = exchange_run_framed(sasl, &frame,
			accept_proof, &is_let_in,
			bytes_of_string("biwsbj10aW0scj1hYmM="));
		g_test_message("run %zu", i);
		g_assert_cmpint(end, ==, runs[i].end);
		g_assert_cmpuint(
			client.challenges->len, ==, runs[i].challenges);
		if (end == EXCHANGE_DONE)
			g_assert_true(g_str_has_prefix(sasl_final(sasl), "v="));
		sasl_free(&sasl);
		g_ptr_array_unref(client.challenges);
		g_free(client.response);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/auth/exchange/vectors", test_vectors);
	g_test_add_func("/auth/exchange/too-long", test_too_long);
	g_test_add_func("/auth/exchange/texts", test_texts);
	g_test_add_func("/auth/exchange/framed", test_framed);
	g_test_add_func("/auth/exchange/final", test_final);
	return g_test_run();
}
