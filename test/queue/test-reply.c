/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What SMTP servers say. */
#include "queue/reply.h"

static const struct {
	const char *lines[4];
	ReplyState state; /* after the last line */
	guint code;
	const char *text;
} replies[] = {
	{ { "250 ok" }, REPLY_WHOLE, 250, "250 ok" },
	{ { "250" }, REPLY_WHOLE, 250, "250" },
	{ { "250 " }, REPLY_WHOLE, 250, "250" },
	{ { "354 go on" }, REPLY_WHOLE, 354, "354 go on" },
	{ { "550-5.1.1 no such", "550 5.1.1 user" }, REPLY_WHOLE, 550,
		"550 5.1.1 no such user" },
	{ { "550-no", "550-such", "550 user" }, REPLY_WHOLE, 550,
		"550 no such user" },
	{ { "250-a" }, REPLY_MORE, 250, "250 a" },
	{ { "250-a", "251 b" }, REPLY_WRONG, 250, "250 a" },
	{ { "550 a\tb\001c\377" }, REPLY_WHOLE, 550, "550 a\tb c\xef\xbf\xbd" },
	{ { "" }, REPLY_WRONG, 0, "" },
	{ { "25" }, REPLY_WRONG, 0, "" },
	{ { "150 begun" }, REPLY_WRONG, 0, "" },
	{ { "650 what" }, REPLY_WRONG, 0, "" },
	{ { "2x0 what" }, REPLY_WRONG, 0, "" },
	{ { "2500 what" }, REPLY_WRONG, 0, "" },
	{ { "HTTP/1.1 400 Bad Request" }, REPLY_WRONG, 0, "" },
};

static void test_take(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(replies); i++) {
		ReplyState state = REPLY_MORE;
		Reply reply;
		Bytes rest;
		reply_init(&reply);
		for (guint n = 0; replies[i].lines[n] != NULL; n++) {
			g_assert_cmpint(state, ==, REPLY_MORE);
			state = reply_take(&reply,
				bytes_of_string(replies[i].lines[n]), &rest);
		}
		g_assert_cmpint(state, ==, replies[i].state);
		g_assert_cmpuint(reply.code, ==, replies[i].code);
		g_assert_cmpstr(reply.text->str, ==, replies[i].text);
		reply_clear(&reply);
	}
}

static void test_endless(void)
{
	Reply reply;
	Bytes rest;
	guint lines = 0;

	reply_init(&reply);
	while (reply_take(&reply, bytes_of_string("250-x"), &rest) ==
		REPLY_MORE)
		lines++;
	g_assert_cmpuint(lines, ==, REPLY_LINES_MAX);
	g_assert_cmpuint(reply.text->len, <=, REPLY_TEXT_MAX);
	reply_clear(&reply);
}

/* Cut between letters. */
static void test_long_line(void)
{
	g_autoptr(GString) line = g_string_new("550 ");
	Reply reply;
	Bytes rest;

	while (line->len < REPLY_LINE_MAX - 2)
		g_string_append(line, "\303\266\303\266o");
	reply_init(&reply);
	g_assert_cmpint(
		reply_take(&reply, bytes_of(line->str, line->len), &rest), ==,
		REPLY_WHOLE);
	g_assert_cmpuint(reply.text->len, <=, REPLY_TEXT_MAX);
	g_assert_cmpuint(reply.text->len, >, REPLY_TEXT_MAX - 3);
	g_assert_true(g_utf8_validate(reply.text->str, -1, NULL));
	reply_clear(&reply);
}

static const struct {
	const char *text;
	const char *status;
} statuses[] = {
	{ "250 2.1.0 ok", "2.1.0" },
	{ "550 5.1.1", "5.1.1" },
	{ "550 5.123.456 x", "5.123.456" },
	{ "451 4.7.1 later", "4.7.1" },
	{ "550 no", "5.0.0" },
	{ "451 no", "4.0.0" },
	{ "250 ok", "2.0.0" },
	{ "550 4.1.1 not its class", "5.0.0" },
	{ "550 5.1", "5.0.0" },
	{ "550 5.1.1.1 x", "5.0.0" },
	{ "550 5.1234.1 x", "5.0.0" },
	{ "550 5..1 x", "5.0.0" },
	{ "550", "5.0.0" },
	{ "", "5.0.0" },
};

static void test_status(void)
{
	char status[REPLY_STATUS_SIZE];

	for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++) {
		reply_status(statuses[i].text, status);
		g_assert_cmpstr(status, ==, statuses[i].status);
	}
}

static void test_abilities(void)
{
	static const char *const lines[] = { "8bitmime", "SIZE 1000",
		"AUTH CRAM-MD5 login", "AUTH=PLAIN", "STARTTLSX", "CHUNKING ",
		"X", "" };
	ReplyAbilities can = { 0 };

	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
		reply_ability(&can, bytes_of_string(lines[i]));
	g_assert_true(can.eightbit && can.size && can.chunking);
	g_assert_true(can.auth_plain && can.auth_login);
	g_assert_false(can.starttls || can.utf8 || can.binary);
	g_assert_cmpuint(can.max_size, ==, 1000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/queue/reply/take", test_take);
	g_test_add_func("/queue/reply/endless", test_endless);
	g_test_add_func("/queue/reply/long-line", test_long_line);
	g_test_add_func("/queue/reply/status", test_status);
	g_test_add_func("/queue/reply/abilities", test_abilities);
	return g_test_run();
}
