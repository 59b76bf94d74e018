/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings, names, flags and errors as responses have them. */
#include "imap/reply.h"

#include <sys/socket.h>
#include <unistd.h>

static const struct {
	const char *text;
	const char *astring;
	const char *mailbox;
	const char *utf8; /* mailbox where UTF-8 is enabled; NULL: as text */
} strings[] = {
	{ "INBOX", "INBOX", "INBOX", NULL },
	{ "a/b.c", "a/b.c", "a/b.c", NULL },
	{ "", "\"\"", "\"\"", "\"\"" },
	{ "a b", "\"a b\"", "\"a b\"", "\"a b\"" },
	{ "a\"b\\", "\"a\\\"b\\\\\"", "\"a\\\"b\\\\\"", "\"a\\\"b\\\\\"" },
	{ "nil", "\"nil\"", "\"nil\"", "\"nil\"" },
	{ "a(b", "\"a(b\"", "\"a(b\"", "\"a(b\"" },
	{ "a*", "\"a*\"", "\"a*\"", "\"a*\"" },
	{ "a]", "\"a]\"", "\"a]\"", "\"a]\"" },
	{ "a&b", "a&b", "a&-b", NULL },
	{ "gr\xc3\xbcn", "{5}\r\ngr\xc3\xbcn", "gr&APw-n", "\"gr\xc3\xbcn\"" },
	{ "a\nb", "{3}\r\na\nb", "a&AAo-b", "{3}\r\na\nb" },
};

static void test_strings(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(strings); i++) {
		g_autoptr(GString) out = g_string_new("<");
		g_test_message("%s", strings[i].text);
		reply_append_astring(out, bytes_of_string(strings[i].text));
		g_assert_cmpstr(out->str + 1, ==, strings[i].astring);
		g_string_assign(out, "");
		reply_append_mailbox(out, strings[i].text, FALSE);
		g_assert_cmpstr(out->str, ==, strings[i].mailbox);
		g_string_assign(out, "");
		reply_append_mailbox(out, strings[i].text, TRUE);
		g_assert_cmpstr(out->str, ==,
			strings[i].utf8 != NULL ? strings[i].utf8 :
						  strings[i].text);
	}
	g_autoptr(GString) out = g_string_new(NULL);
	reply_append_string(out, bytes_of("a\0b", 3));
	g_assert_cmpuint(out->len, ==, 8);
	g_assert_cmpint(memcmp(out->str, "{3}\r\na\0b", 8), ==, 0);
	g_autofree char *large = g_strnfill(1001, 'x');
	g_string_assign(out, "");
	reply_append_astring(out, bytes_of_string(large));
	g_assert_true(g_str_has_prefix(out->str, "{1001}\r\nxxx"));
}

static void test_flags(void)
{
	static const char *const names[] = { "$Junk", "b", NULL };
	static const struct {
		Flags flags;
		guint64 keywords;
		gboolean is_recent;
		const char *shown;
	} wanted[] = {
		{ 0, 0, FALSE, "()" },
		{ 0, 0, TRUE, "(\\Recent)" },
		{ FLAG_SEEN, 0, FALSE, "(\\Seen)" },
		{ FLAG_SEEN | FLAG_DRAFT, 3, TRUE,
			"(\\Seen \\Draft $Junk b \\Recent)" },
		{ FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED, 2, FALSE,
			"(\\Answered \\Flagged \\Deleted b)" },
		{ 0, G_MAXUINT64, FALSE, "($Junk b)" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		reply_append_flags(out, wanted[i].flags, wanted[i].keywords,
			names, wanted[i].is_recent);
		g_assert_cmpstr(out->str, ==, wanted[i].shown);
	}
}

static void test_errors(void)
{
	for (gint code = DBMAIL_ERROR_NOT_FOUND; code <= DBMAIL_ERROR_INTERNAL;
		code++) {
		const ReplyError *error = reply_error(code, FALSE);
		g_assert_cmpint(error->code, ==, code);
		g_assert_true(g_str_has_prefix(error->response, "["));
		g_assert_true(g_str_has_suffix(error->response, "] "));
	}
	g_assert_cmpstr(reply_error(DBMAIL_ERROR_NOT_FOUND, TRUE)->response, ==,
		"[TRYCREATE] ");
	g_assert_cmpstr(reply_error(DBMAIL_ERROR_OVER_QUOTA, TRUE)->response,
		==, "[OVERQUOTA] ");
}

static void read_all(int fd, gsize size, char *out)
{
	for (gsize done = 0; done < size;) {
		gssize got = read(fd, out + done, size - done);
		g_assert_cmpint(got, >, 0);
		done += (gsize)got;
	}
}

/* What comes from elsewhere cannot end a response's line. */
static void test_text(void)
{
	static const char wanted[] = "a  b c{3}\r\nx\0y";
	char got[sizeof(wanted) - 1];
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	g_autoptr(Stream) stream = stream_new(fds[0]);
	reply_text(stream, "a\r\nb\x7f");
	reply_text(stream, "c");
	reply_literal(stream, bytes_of("x\0y", 3));
	g_assert_true(stream_flush(stream, NULL));
	read_all(fds[1], sizeof(got), got);
	g_assert_cmpmem(got, sizeof(got), wanted, sizeof(got));
	close(fds[1]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/imap/reply/strings", test_strings);
	g_test_add_func("/imap/reply/flags", test_flags);
	g_test_add_func("/imap/reply/errors", test_errors);
	g_test_add_func("/imap/reply/text", test_text);
	return g_test_run();
}
