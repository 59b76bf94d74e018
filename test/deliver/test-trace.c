/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/trace: the fields on top, and nobody else's lines. */
#include "deliver/trace.h"

static void test_return_path(void)
{
	static const struct {
		const char *sender;
		const char *field;
	} cases[] = {
		{ "a@b", "Return-Path: <a@b>\r\n" },
		{ "", "Return-Path: <>\r\n" },
		{ "ü@b", "Return-Path: <ü@b>\r\n" },
		{ "a\r\nSubject: x\t\x7f",
			"Return-Path: <a?\?Subject: x?\?>\r\n" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		trace_return_path(out, cases[i].sender);
		g_assert_cmpstr(out->str, ==, cases[i].field);
		g_assert_cmpuint(out->len, ==,
			deliver_return_path_size(cases[i].sender));
	}
}

static void test_delivered_to(void)
{
	g_autoptr(GString) out = g_string_new(NULL);

	trace_delivered_to(out, "a\n@b");
	g_assert_cmpstr(out->str, ==, "Delivered-To: a?@b\r\n");
}

static void test_received(void)
{
	static const struct {
		DeliverTrace trace;
		const char *field;
	} cases[] = {
		{ { "mx.example", "192.0.2.1", "LMTP", "abc" },
			"Received: from mx.example ([192.0.2.1])\r\n"
			"\tby host with LMTP id abc\r\n"
			"\tfor <a@b>; Thu, 01 Jan 1970 00:00:00 +0000\r\n" },
		{ { "mx", "2001:db8::1", "UTF8LMTPS", NULL },
			"Received: from mx ([IPv6:2001:db8::1])\r\n"
			"\tby host with UTF8LMTPS\r\n"
			"\tfor <a@b>; Thu, 01 Jan 1970 00:00:00 +0000\r\n" },
		{ { "m\nx", "unix", NULL, NULL },
			"Received: from m?x\r\n\tby host\r\n"
			"\tfor <a@b>; Thu, 01 Jan 1970 00:00:00 +0000\r\n" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		trace_received(out, &cases[i].trace, "host", "a@b", 0);
		g_assert_cmpstr(out->str, ==, cases[i].field);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/trace/return-path", test_return_path);
	g_test_add_func("/trace/delivered-to", test_delivered_to);
	g_test_add_func("/trace/received", test_received);
	return g_test_run();
}
