/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dot-stuffing over all ways to cut a message, and command lines. */
#include "pop3/dot.h"

#include "pop3/parse.h"

static const struct {
	const char *message;
	const char *sent;
} vectors[] = {
	{ "", ".\r\n" },
	{ "a\r\n", "a\r\n.\r\n" },
	{ "a", "a\r\n.\r\n" },
	{ "a\n", "a\n\r\n.\r\n" },
	{ "a\r", "a\r\r\n.\r\n" },
	{ ".", "..\r\n.\r\n" },
	{ ".\r\n", "..\r\n.\r\n" },
	{ "..\r\n", "...\r\n.\r\n" },
	{ "a\r\n.b\r\n..\r\n", "a\r\n..b\r\n...\r\n.\r\n" },
	{ "a\n.\r\nb\r\n", "a\n..\r\nb\r\n.\r\n" },
	{ "a\r.b\r\n", "a\r.b\r\n.\r\n" },
	{ "\r\n.\n.\r\n", "\r\n..\n..\r\n.\r\n" },
	{ "a\n.b\n..\n.", "a\n.b\n...\n..\r\n.\r\n" },
	{ "a\n.\rb\r\n", "a\n..\rb\r\n.\r\n" },
	{ "a\n.\n.b\n..b\r\n", "a\n..\n.b\n...b\r\n.\r\n" },
	{ "\r\n\r\n", "\r\n\r\n.\r\n" },
};

static void append(const char *data, gsize size, gpointer out)
{
	g_string_append_len(out, data, (gssize)size);
}

static void test_dot(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		for (gsize piece = 1; piece < 8; piece++) {
			g_autoptr(GString) out = g_string_new(NULL);
			DotWriter dot = { 0 };
			Bytes rest = bytes_of_string(vectors[i].message);
			while (rest.size > 0) {
				dot_write(&dot, bytes_slice(rest, 0, piece),
					append, out);
				rest = bytes_slice(rest, piece, rest.size);
			}
			dot_end(&dot, append, out);
			g_assert_cmpstr(out->str, ==, vectors[i].sent);
		}
	}
}

static void test_line(void)
{
	static const struct {
		const char *line;
		gboolean ok;
		const char *keyword;
		guint count;
		const char *first;
		const char *second;
	} lines[] = {
		{ "STAT", TRUE, "STAT", 0, "", "" },
		{ "list 1", TRUE, "list", 1, "1", "" },
		{ "TOP 1 2", TRUE, "TOP", 2, "1", "2" },
		{ "TOP  1   2 ", TRUE, "TOP", 2, "1", "2" },
		{ "STAT ", TRUE, "STAT", 0, "", "" },
		{ "", FALSE, "", 0, "", "" },
		{ " STAT", FALSE, "", 0, "", "" },
		{ "ST\tAT", FALSE, "", 0, "", "" },
		{ "\xc3\xa4", FALSE, "", 0, "", "" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
		Pop3Line out;
		g_test_message("%s", lines[i].line);
		g_assert_cmpint(
			pop3_parse_line(bytes_of_string(lines[i].line), &out),
			==, lines[i].ok);
		if (!lines[i].ok)
			continue;
		g_assert_cmpmem(out.keyword.data, out.keyword.size,
			lines[i].keyword, strlen(lines[i].keyword));
		g_assert_cmpuint(out.count, ==, lines[i].count);
		g_assert_cmpmem(out.arguments[0].data, out.arguments[0].size,
			lines[i].first, strlen(lines[i].first));
		g_assert_cmpmem(out.arguments[1].data, out.arguments[1].size,
			lines[i].second, strlen(lines[i].second));
	}
	Pop3Line out;
	g_assert_false(pop3_parse_line(bytes_of("NO\0OP", 5), &out));
	g_assert_true(pop3_parse_line(bytes_of_string("PASS  a b c "), &out));
	g_assert_cmpmem(out.rest.data, out.rest.size, " a b c ", 7);
	g_assert_true(out.has_more);
}

static void test_message(void)
{
	guint index;
	g_assert_true(pop3_parse_message(bytes_of_string("3"), 3, &index));
	g_assert_cmpuint(index, ==, 2);
	g_assert_false(pop3_parse_message(bytes_of_string("4"), 3, &index));
	g_assert_false(pop3_parse_message(bytes_of_string("0"), 3, &index));
	g_assert_false(pop3_parse_message(bytes_of_string("-1"), 3, &index));
	g_assert_false(pop3_parse_message(bytes_of_string(""), 3, &index));
	g_assert_false(
		pop3_parse_message(bytes_of_string("4294967297"), 3, &index));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pop3/dot", test_dot);
	g_test_add_func("/pop3/line", test_line);
	g_test_add_func("/pop3/message", test_message);
	return g_test_run();
}
