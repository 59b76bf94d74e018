/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address lists and what ENVELOPE makes of them. */
#include "mime/address.h"

#include "mime/envelope.h"

/* One address "name|route|mailbox|domain" with - for none, a group's name
 * with a colon, its end a semicolon; apart by blanks. */
static const struct {
	const char *value;
	const char *list;
} vectors[] = {
	{ "", "" },
	{ "a@b", "-|-|a|b" },
	{ "<a@b>", "-|-|a|b" },
	{ "Joe Q. Public <john.q.public@example.com>",
		"Joe Q. Public|-|john.q.public|example.com" },
	{ "\"Joe \\\"Q\\\" Public\" <a@b>", "Joe \"Q\" Public|-|a|b" },
	{ "a@b, c@d", "-|-|a|b -|-|c|d" },
	{ "a@b,,  ,c@d,", "-|-|a|b -|-|c|d" },
	{ "a@b; c@d", "-|-|a|b -|-|c|d" },
	{ "A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one>;",
		"A Group: Ed Jones|-|joe|where.test -|-|joe|where.test "
		"John|-|jdoe|one ;" },
	{ "Undisclosed recipients:;", "Undisclosed recipients: ;" },
	{ "Group: a@b", "Group: -|-|a|b ;" },
	{ "g:;, h:;", "g: ; h: ;" },
	/* RFC 5322 appendix A.5 */
	{ "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
		"Pete|-|pete|silly.test" },
	{ "A Group(Some people):Chris Jones <c@(Chris's host.)public.example>,"
	  " joe@example.org, John <jdoe@one.test> (my dear friend); "
	  "(the end of the group)",
		"A Group: Chris Jones|-|c|public.example -|-|joe|example.org "
		"John|-|jdoe|one.test ;" },
	{ "(Empty list)(start)Hidden recipients :(nobody(that I know)) ;",
		"Hidden recipients: ;" },
	/* RFC 5322 appendix A.6 */
	{ "Mary Smith <@node.test:mary@example.net>, , jdoe@test . example",
		"Mary Smith|@node.test|mary|example.net "
		"-|-|jdoe|test.example" },
	{ "<@a,@b:c@d>", "-|@a,@b|c|d" },
	{ "joe . smith @ example . com", "-|-|joe.smith|example.com" },
	{ "John Doe <jdoe@machine(comment). example>",
		"John Doe|-|jdoe|machine.example" },
	{ "a@b (The Name)", "The Name|-|a|b" },
	{ "(Before) a@b", "Before|-|a|b" },
	{ "\"a b\"@c", "-|-|a b|c" },
	{ "<\"a\\\"b\"@c>", "-|-|a\"b|c" },
	{ "a@[192.0.2.1]", "-|-|a|[192.0.2.1]" },
	{ "a@[IPv6:::1], b@c", "-|-|a|[IPv6:::1] -|-|b|c" },
	/* Broken, yet meant. */
	{ "root", "-|-|root|" },
	{ "root (Charlie)", "Charlie|-|root|" },
	{ "John Doe", "John Doe|-||" },
	{ "<root>", "-|-|root|" },
	{ "<>", "-|-||" },
	{ "John Doe <>", "John Doe|-||" },
	{ "John Doe jd@x", "John Doe|-|jd|x" },
	{ "<a@b", "-|-|a|b" },
	{ "Doe <a@b, c@d", "Doe|-|a|b -|-|c|d" },
	{ "a@b>", "-|-|a|b" },
	{ "<a@b> Late Name", "Late Name|-|a|b" },
	{ "@", "-|-||" },
	{ "a@", "-|-|a|" },
	{ "@b", "-|-||b" },
	{ "\"open <a@b>", "-|-|open <a@b>|" },
	{ "(open a@b", "" },
	{ "x@y (open", "open|-|x|y" },
	{ ",;:<>@", "@|-||" },
	{ "<<a@b>>", "-|-|<a|b" },
	{ "a@b@c", "-|-|a|b@c" },
	{ "a@b <c@d>, e@f", "a@b|-|c|d -|-|e|f" },
	{ "A a@b <c@d>", "A a@b|-|c|d" },
	{ "<a@b> <c@d>", "c@d|-|a|b" },
	{ "=?utf-8?q?=C3=A4?= <a@b>", "=?utf-8?q?=C3=A4?=|-|a|b" },
	{ "\303\244 <a@b>", "\303\244|-|a|b" },
	{ "a@b\r\n , c@d", "-|-|a|b -|-|c|d" },
	/* Not an address that somebody else has. */
	{ "Ada <a b@x.y>", "Ada|-|a b|x.y" },
	{ "Ada < a(c)\"b\" @x.y>", "Ada|-|a b|x.y" },
	{ "<a . b. c@x>", "-|-|a.b.c|x" },
	{ "<\"a.\" b@x>", "-|-|a. b|x" },
	{ "\"\"@x.y, @x.y", "-|-||x.y -|-||x.y" },
};

static void append_part(GString *out, Bytes part)
{
	if (part.data == NULL)
		g_string_append_c(out, '-');
	else
		g_string_append_len(out, part.data, (gssize)part.size);
}

static char *describe(const MimeAddressList *list)
{
	GString *out = g_string_new(NULL);
	for (guint i = 0; i < list->count; i++) {
		const MimeAddress *a = &list->items[i];
		if (i > 0)
			g_string_append_c(out, ' ');
		if (a->kind == MIME_ADDRESS_GROUP_END) {
			g_string_append_c(out, ';');
			continue;
		}
		append_part(out, a->name);
		if (a->kind == MIME_ADDRESS_GROUP_BEGIN) {
			g_string_append_c(out, ':');
			continue;
		}
		g_string_append_c(out, '|');
		append_part(out, a->route);
		g_string_append_c(out, '|');
		append_part(out, a->mailbox);
		g_string_append_c(out, '|');
		append_part(out, a->domain);
	}
	return g_string_free(out, FALSE);
}

static void test_vectors(void)
{
	g_autoptr(Arena) arena = arena_new();
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		MimeAddressList list = mime_address_parse(
			arena, bytes_of_string(vectors[i].value));
		g_autofree char *found = describe(&list);
		g_test_message("%s", vectors[i].value);
		g_assert_cmpstr(found, ==, vectors[i].list);
	}
}

static const struct {
	const char *value;
	const char *text;
} texts[] = {
	{ "a@b", "a@b" },
	{ "=?utf-8?q?=C3=A4?= <a@b>, c@d", "\303\244 <a@b>, c@d" },
	{ "G: a@b, C <c@d>;, e@f", "G: a@b, C <c@d>;, e@f" },
	{ "G:;", "G:;" },
	{ "John Doe", "John Doe" },
	{ "=?utf-8?q?a=0Ab?= <a@b>", "a b <a@b>" },
};

static void test_texts(void)
{
	g_autoptr(Arena) arena = arena_new();
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		MimeAddressList list = mime_address_parse(
			arena, bytes_of_string(texts[i].value));
		g_autoptr(GString) out = g_string_new(NULL);
		mime_address_write_text(&list, out);
		g_assert_cmpstr(out->str, ==, texts[i].text);
	}
}

static void test_many(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) value = g_string_new("G:");
	for (guint i = 0; i < MIME_ADDRESSES_MAX + 100; i++)
		g_string_append(value, "a@b,");
	MimeAddressList list =
		mime_address_parse(arena, bytes_of(value->str, value->len));
	g_assert_true(list.truncated);
	g_assert_cmpuint(list.count, ==, MIME_ADDRESSES_MAX + 1);
	g_assert_cmpint(list.items[MIME_ADDRESSES_MAX].kind, ==,
		MIME_ADDRESS_GROUP_END);
}

/* What looks far ahead must not do so from each place again: square time
 * would be minutes here. */
static void test_linear(void)
{
	static const char *const units[] = { "<@a,", "<", "(", "\"",
		"a:", "a <@", "@", ":;", "[", "a . ", "<(", "\\" };
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(GString) value = g_string_new(NULL);
		while (value->len < 2000000)
			g_string_append(value, units[i]);
		const clock_t begin = clock();
		mime_address_parse(arena, bytes_of(value->str, value->len));
		g_test_message("%s: %ld us", units[i], clock() - begin);
		g_assert_cmpint(clock() - begin, <, 5 * CLOCKS_PER_SEC);
	}
}

static const struct {
	const char *header;
	const char *envelope;
} envelopes[] = {
	{ "", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "Date: d\r\nSubject: s\r\nFrom: A <a@b>\r\nTo: c@d\r\n"
	  "Message-ID: <1@x>\r\nIn-Reply-To:\r\n <0@x>\r\n\r\n",
		"(\"d\" \"s\" ((\"A\" NIL \"a\" \"b\")) ((\"A\" NIL \"a\" "
		"\"b\"))"
		" ((\"A\" NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) NIL NIL "
		"\"<0@x>\" \"<1@x>\")" },
	{ "From: a@b\nSender: s@b\nReply-To: r@b\nSubject:\n",
		"(NIL \"\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"s\" \"b\")) "
		"((NIL NIL \"r\" \"b\")) NIL NIL NIL NIL NIL)" },
	{ "From: a@b\nSender: \nReply-To: ,\n",
		"(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
		"((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL)" },
	{ "To: G: a@b, <@r:c@d>;\nTo: e@f\n",
		"(NIL NIL NIL NIL NIL ((NIL NIL \"G\" NIL)(NIL NIL \"a\" \"b\")"
		"(NIL \"@r\" \"c\" \"d\")(NIL NIL NIL NIL)(NIL NIL \"e\" "
		"\"f\"))"
		" NIL NIL NIL NIL)" },
	{ "Subject: a\r\n b \"c\" \\ d\nSubject: second\n",
		"(NIL \"a b \\\"c\\\" \\\\ d\" NIL NIL NIL NIL NIL NIL NIL "
		"NIL)" },
	{ "Subject: \303\244\n",
		"(NIL {2}\r\n\303\244 NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "Subject: a\rb\n", "(NIL \"a b\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
	{ "Subject: =?utf-8?q?=41?=\n",
		"(NIL \"=?utf-8?q?=41?=\" NIL NIL NIL NIL NIL NIL NIL NIL)" },
};

static void test_envelopes(void)
{
	g_autoptr(Arena) arena = arena_new();
	for (gsize i = 0; i < G_N_ELEMENTS(envelopes); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		mime_envelope_write(
			mime_header_new(
				arena, bytes_of_string(envelopes[i].header)),
			out);
		g_assert_cmpstr(out->str, ==, envelopes[i].envelope);
	}
}

static void test_envelope_nul(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) out = g_string_new(NULL);
	static const char text[] = "Subject: a\0\344\n";
	mime_envelope_write(
		mime_header_new(arena, bytes_of(text, sizeof(text) - 1)), out);
	g_assert_cmpuint(out->len, ==, strlen(out->str));
	g_assert_nonnull(strstr(out->str, "{3}\r\na \344"));
}

static void test_envelope_long(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *long_text = g_strnfill(1001, 'x');
	g_autofree char *block =
		g_strconcat("Subject: ", long_text, "\n", NULL);
	mime_envelope_write(
		mime_header_new(arena, bytes_of_string(block)), out);
	g_assert_nonnull(strstr(out->str, "{1001}\r\nxxx"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/address/vectors", test_vectors);
	g_test_add_func("/mime/address/texts", test_texts);
	g_test_add_func("/mime/address/many", test_many);
	g_test_add_func("/mime/address/linear", test_linear);
	g_test_add_func("/mime/envelope/vectors", test_envelopes);
	g_test_add_func("/mime/envelope/nul", test_envelope_nul);
	g_test_add_func("/mime/envelope/long", test_envelope_long);
	return g_test_run();
}
