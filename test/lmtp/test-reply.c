/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lmtp/reply: refusals on lines. */
#include "lmtp/reply.h"

#include <string.h>

static const struct {
	const char *reason;
	const char *reply;
} refusals[] = {
	{ "", "550 5.7.1 refused" },
	{ "No.", "550 5.7.1 No." },
	{ "One\nTwo\r\n", "550-5.7.1 One\r\n550 5.7.1 Two" },
	{ "One\n\nTwo", "550-5.7.1 One\r\n550-5.7.1 \r\n550 5.7.1 Two" },
	{ "a\tb\001c\177\303\244", "550 5.7.1 a b c" },
	{ "\n", "550 5.7.1 " },
};

static void test_refusal(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autofree char *reply = reply_of_refusal(refusals[i].reason);
		g_assert_cmpstr(reply, ==, refusals[i].reply);
	}
}

/* However long and of whatever words, no line is too long and none begins
 * without its code. */
static void test_long(void)
{
	static const guint gaps[] = { 1, 7, 399, 400, 401, 5000 };

	for (gsize i = 0; i < G_N_ELEMENTS(gaps); i++) {
		g_autoptr(GString) reason = g_string_new(NULL);
		for (guint j = 0; j < 20000; j++)
			g_string_append_c(
				reason, j % (gaps[i] + 1) == 0 ? ' ' : 'x');
		g_autofree char *reply = reply_of_refusal(reason->str);
		g_auto(GStrv) lines = g_strsplit(reply, "\r\n", -1);
		guint count = g_strv_length(lines);
		g_assert_cmpuint(count, >, 1);
		g_assert_cmpuint(count, <=, 20);
		for (guint j = 0; j < count; j++) {
			g_assert_cmpuint(strlen(lines[j]), <=, 510);
			g_assert_true(g_str_has_prefix(lines[j],
				j + 1 < count ? "550-5.7.1 " : "550 5.7.1 "));
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reply/refusal", test_refusal);
	g_test_add_func("/reply/long", test_long);
	return g_test_run();
}
