/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encoded words, in order and out of it. */
#include "mime/words.h"

static const struct {
	const char *value;
	const char *text;
} vectors[] = {
	{ "", "" },
	{ " plain text ", "plain text" },
	{ "folded\r\n text", "folded text" },
	/* RFC 2047 section 8 */
	{ "(=?ISO-8859-1?Q?a?=)", "(a)" },
	{ "(=?ISO-8859-1?Q?a?= b)", "(a b)" },
	{ "(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)", "(ab)" },
	{ "(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)", "(ab)" },
	{ "(=?ISO-8859-1?Q?a?=\r\n    =?ISO-8859-1?Q?b?=)", "(ab)" },
	{ "(=?ISO-8859-1?Q?a_b?=)", "(a b)" },
	{ "(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)" },
	/* Every word counts, padded or not. */
	{ "=?utf-8?B?w6Q=?= =?utf-8?B?w7Y=?= =?utf-8?B?w7w=?=",
		"\303\244\303\266\303\274" },
	{ "=?utf-8?B?w6Q?= x =?utf-8?b?w7Y?=", "\303\244 x \303\266" },
	/* A character spread over two words. */
	{ "=?utf-8?B?4oI=?= =?utf-8?B?rA==?=", "\342\202\254" },
	{ "=?utf-8?Q?=E2=82?=\r\n =?UTF-8?Q?=AC?=", "\342\202\254" },
	{ "=?utf-8?Q?=E2=82?= =?iso-8859-1?Q?=E4?=",
		"\357\277\275\357\277\275\303\244" },
	/* ISO-2022-JP goes back to ASCII at the end of each word. */
	{ "=?ISO-2022-JP?B?GyRCJTUbKEI=?= =?ISO-2022-JP?B?GyRCJXMbKEI=?=",
		"\343\202\265\343\203\263" },
	{ "=?gb2312?B?xOO6ww==?=", "\344\275\240\345\245\275" },
	{ "=?ks_c_5601-1987?B?vsiz5w==?=", "\354\225\210\353\205\225" },
	{ "=?koi8-r?Q?=F0?=", "\320\237" },
	{ "=?windows-1252?Q?=80?= =?iso-8859-1?Q?=80?=",
		"\342\202\254\342\202\254" },
	{ "=?utf-7?Q?+AOQ-?=", "\303\244" },
	/* The language of RFC 2231. */
	{ "=?utf-8*de?Q?=C3=A4?=", "\303\244" },
	/* Against the rules, yet meant. */
	{ "a=?utf-8?Q?=C3=A4?=b", "a\303\244b" },
	{ "=?utf-8?Q?a b?=", "a b" },
	{ "=?utf-8?Q?a?b?=", "a?b" },
	{ "=?utf-8?Q?\?= x", "x" },
	{ "\"=?utf-8?Q?=C3=A4?=\" <a@b>", "\"\303\244\" <a@b>" },
	{ "=?utf-8?Q?=4?= =?utf-8?Q?=zz?=", "=4=zz" },
	/* No words, or none that can be read. */
	{ "=?utf-8?X?abc?=", "=?utf-8?X?abc?=" },
	{ "=?nosuch-charset?Q?=E4?=", "=?nosuch-charset?Q?=E4?=" },
	{ "=?nosuch?Q?=E4?= =?nosuch?Q?b?=",
		"=?nosuch?Q?=E4?= =?nosuch?Q?b?=" },
	{ "=?unknown-8bit?Q?=C3=A4?=", "\303\244" },
	{ "=?utf-8?Q?abc", "=?utf-8?Q?abc" },
	{ "=?", "=?" },
	{ "=??Q?a?=", "=??Q?a?=" },
	{ "=?a?=", "=?a?=" },
	{ "=?utf-8//IGNORE?Q?=E4?=", "=?utf-8//IGNORE?Q?=E4?=" },
	/* Raw 8-bit: UTF-8 stands, the rest is marked. */
	{ "\303\244 \344", "\303\244 \357\277\275" },
	/* Nothing that could break a line or a terminal. */
	{ "=?utf-8?Q?a=0D=0ABcc:_x?=", "a  Bcc: x" },
	{ "=?utf-8?Q?a=00=1B[31mb=7F?=", "a  [31mb" },
	{ "=?utf-8?Q?a=C2=85b=E2=80=A8c?=", "a b c" },
	{ "a\tb", "a b" },
	{ "=?utf-8?B?!!!?=", "" },
};

static void test_vectors(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *text =
			mime_words_decode(bytes_of_string(vectors[i].value));
		g_assert_cmpstr(text, ==, vectors[i].text);
		g_assert_true(g_utf8_validate(text, -1, NULL));
	}
}

/* Long input of unfinished words must not take square time. */
static void test_linear(void)
{
	g_autoptr(GString) value = g_string_new(NULL);
	while (value->len < 4000000)
		g_string_append(value, "=?a?q? ");
	g_autofree char *text =
		mime_words_decode(bytes_of(value->str, value->len));
	g_assert_cmpuint(strlen(text), ==, value->len - 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/words/vectors", test_vectors);
	g_test_add_func("/mime/words/linear", test_linear);
	return g_test_run();
}
