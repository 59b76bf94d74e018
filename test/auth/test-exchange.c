/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of auth/exchange: SASL in lines of base64, over a socket pair. */
#include "auth/exchange.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIM_SECRET "AHRpbQBzZWNyZXQ="        /* \0tim\0secret */
#define TIM_AS_TIM "VElNAHRpbQBzZWNyZXQ="    /* TIM\0tim\0secret */
#define TIM_AS_ROOT "cm9vdAB0aW0Ac2VjcmV0"   /* root\0tim\0secret */
#define ROOT_WITHOUT_NAME "cm9vdAAAc2VjcmV0" /* root\0\0secret */

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

static ExchangeEnd run(const Vector *vector, char **output)
{
	Bytes initial = { vector->initial,
		vector->initial != NULL ? strlen(vector->initial) : 0 };
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	Stream *stream = stream_new(fds[0]);
	Sasl *sasl = sasl_new(vector->mechanism);
	gsize size = strlen(vector->input);
	g_assert_cmpint(write(fds[1], vector->input, size), ==, (gssize)size);
	g_assert_cmpint(shutdown(fds[1], SHUT_WR), ==, 0);

	ExchangeEnd end = exchange_run(sasl, stream, initial);
	if (end == EXCHANGE_DONE) {
		g_assert_cmpstr(sasl_user(sasl), ==, "tim");
		g_assert_cmpstr(sasl_password(sasl), ==, "secret");
	}
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
			end == EXCHANGE_DONE || end == EXCHANGE_ENDED);
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
		const ExchangeFrame frame = { frame_send, frame_receive,
			&data };
		Sasl *sasl = sasl_new("LOGIN");
		memcpy(data.responses, exchanges[i].responses,
			sizeof(data.responses));
		g_assert_cmpint(
			exchange_run_framed(sasl, &frame, bytes_of(NULL, 0)),
			==, exchanges[i].end);
		g_assert_cmpstr(
			data.challenges->str, ==, exchanges[i].challenges);
		sasl_free(&sasl);
		g_string_free(data.challenges, TRUE);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/auth/exchange/vectors", test_vectors);
	g_test_add_func("/auth/exchange/too-long", test_too_long);
	g_test_add_func("/auth/exchange/texts", test_texts);
	g_test_add_func("/auth/exchange/framed", test_framed);
	return g_test_run();
}
