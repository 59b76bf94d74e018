/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of auth/sasl: PLAIN and LOGIN, message by message. */
#include "auth/sasl.h"

#include <string.h>

#define BYTES(text) \
	{ \
		(text), sizeof(text) - 1 \
	}
#define NONE \
	{ \
		NULL, 0 \
	}

typedef struct {
	const char *mechanism;
	Bytes messages[4];
	guint count;
	SaslStep end;
	const char *challenges[3];
	const char *user;
	const char *password;
	const char *authorisation;
} Dialogue;

static const Dialogue dialogues[] = {
	{ "PLAIN", { BYTES("\0tim\0tanstaaftanstaaf") }, 1, SASL_DONE, { NULL },
		"tim", "tanstaaftanstaaf", "" },
	{ "plain", { NONE, BYTES("Ursel\0Kurt\0xipj3plmq") }, 2, SASL_DONE,
		{ "" }, "Kurt", "xipj3plmq", "Ursel" },
	{ "Plain", { BYTES("\0ütz\0\xff\xfe") }, 1, SASL_DONE, { NULL }, "ütz",
		"\xff\xfe", "" },
	{ "PLAIN", { BYTES("") }, 1, SASL_INVALID, { NULL }, NULL, NULL, NULL },
	{ "PLAIN", { BYTES("tim") }, 1, SASL_INVALID, { NULL }, NULL, NULL,
		NULL },
	{ "PLAIN", { BYTES("\0tim") }, 1, SASL_INVALID, { NULL }, NULL, NULL,
		NULL },
	{ "PLAIN", { BYTES("\0tim\0") }, 1, SASL_INVALID, { NULL }, NULL, NULL,
		NULL },
	{ "PLAIN", { BYTES("\0\0x") }, 1, SASL_INVALID, { NULL }, NULL, NULL,
		NULL },
	{ "PLAIN", { BYTES("\0tim\0x\0y") }, 1, SASL_INVALID, { NULL }, NULL,
		NULL, NULL },
	{ "PLAIN", { BYTES("\0t\xffm\0x") }, 1, SASL_INVALID, { NULL }, NULL,
		NULL, NULL },
	{ "PLAIN", { BYTES("\xff\0tim\0x") }, 1, SASL_INVALID, { NULL }, NULL,
		NULL, NULL },
	{ "PLAIN", { NONE, NONE }, 2, SASL_INVALID, { "" }, NULL, NULL, NULL },
	{ "LOGIN", { NONE, BYTES("tim"), BYTES("x y") }, 3, SASL_DONE,
		{ "Username:", "Password:" }, "tim", "x y", "" },
	{ "login", { BYTES("tim"), BYTES("x") }, 2, SASL_DONE, { "Password:" },
		"tim", "x", "" },
	{ "LOGIN", { NONE, NONE }, 2, SASL_INVALID, { "Username:" }, NULL, NULL,
		NULL },
	{ "LOGIN", { NONE, BYTES("t\0m") }, 2, SASL_INVALID, { "Username:" },
		NULL, NULL, NULL },
	{ "LOGIN", { BYTES("tim"), BYTES("") }, 2, SASL_INVALID,
		{ "Password:" }, NULL, NULL, NULL },
	{ "LOGIN", { BYTES("tim"), BYTES("x\0y") }, 2, SASL_INVALID,
		{ "Password:" }, NULL, NULL, NULL },
};

static void check_dialogue(const Dialogue *dialogue)
{
	Sasl *sasl = sasl_new(sasl_mechanism_find(dialogue->mechanism), NULL);
	Bytes challenge = bytes_of("unset", 5);

	g_assert_nonnull(sasl);
	for (guint i = 0; i < dialogue->count; i++) {
		gboolean is_last = i + 1 == dialogue->count;
		SaslStep step =
			sasl_step(sasl, dialogue->messages[i], &challenge);
		g_assert_cmpint(
			step, ==, is_last ? dialogue->end : SASL_CONTINUE);
		if (!is_last)
			g_assert_true(bytes_equal(challenge,
				bytes_of_string(dialogue->challenges[i])));
	}
	if (dialogue->end == SASL_DONE) {
		g_assert_cmpstr(sasl_user(sasl), ==, dialogue->user);
		g_assert_cmpstr(sasl_password(sasl), ==, dialogue->password);
		g_assert_cmpstr(
			sasl_authorisation(sasl), ==, dialogue->authorisation);
	}
	/* Over is over. */
	g_assert_cmpint(sasl_step(sasl, bytes_of("\0a\0b", 4), &challenge), ==,
		SASL_INVALID);
	sasl_free(&sasl);
	g_assert_null(sasl);
}

static void test_dialogues(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(dialogues); i++) {
		g_test_message("%" G_GSIZE_FORMAT, i);
		check_dialogue(&dialogues[i]);
	}
}

static void test_sizes(void)
{
	Bytes challenge;

	for (gsize size = 1023; size <= 1025; size++) {
		g_autofree char *name = g_strnfill(size, 'n');
		g_autofree char *message = g_malloc(size * 2 + 2);
		message[0] = message[size + 1] = '\0';
		memcpy(message + 1, name, size);
		memcpy(message + size + 2, name, size);
		Sasl *sasl = sasl_new(sasl_mechanism_find("PLAIN"), NULL);
		g_assert_cmpint(sasl_step(sasl, bytes_of(message, size * 2 + 2),
					&challenge),
			==, size <= 1024 ? SASL_DONE : SASL_INVALID);
		sasl_free(&sasl);
	}
}

static void test_names(void)
{
	static const char *const order[] = { "SCRAM-SHA-256-PLUS",
		"SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN",
		"LOGIN", NULL };
	const SaslHost host = { 0 };

	for (guint i = 0; order[i] != NULL; i++) {
		const SaslMechanism *mechanism = sasl_mechanism_at(i);
		g_assert_cmpstr(mechanism->name, ==, order[i]);
		g_assert_true(mechanism == sasl_mechanism_find(order[i]));
		Sasl *sasl = sasl_new(mechanism, &host);
		g_assert_nonnull(sasl);
		sasl_free(&sasl);
	}
	g_assert_null(sasl_mechanism_at(G_N_ELEMENTS(order) - 1));
	g_assert_null(sasl_mechanism_find("GSSAPI"));
	g_assert_null(sasl_mechanism_find(""));
	g_assert_null(sasl_mechanism_find("PLAINX"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sasl/dialogues", test_dialogues);
	g_test_add_func("/sasl/sizes", test_sizes);
	g_test_add_func("/sasl/names", test_names);
	return g_test_run();
}
