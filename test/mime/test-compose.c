/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of mime/compose: exact bytes, and that words read back. */
#include "mime/compose.h"

#include "mime/header.h"
#include "mime/words.h"

static const struct {
	const char *text;
	const char *field;
} texts[] = {
	{ "", "S: \r\n" },
	{ "plain text", "S: plain text\r\n" },
	{ " outer  blanks ", "S: outer  blanks\r\n" },
	{ "a\r\nBcc: x@y", "S: a  Bcc: x@y\r\n" },
	{ "a\tb\x7f"
	  "c",
		"S: a b c\r\n" },
	{ "ä", "S: =?UTF-8?B?w6Q=?=\r\n" },
	{ "a =?utf-8?Q?b?=", "S: a =?utf-8?Q?b?=\r\n" },
	{ "ääääääääääääääääääääääääääääää",
		"S: =?UTF-8?B?w6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOk"
		"w6TDpMOkw6Q=?=\r\n =?UTF-8?B?w6TDpMOkw6TDpMOkw6TDpA==?=\r\n" },
	{ "one two three four five six seven eight nine ten eleven twelve "
	  "thirteen fourteen",
		"S: one two three four five six seven eight nine ten eleven "
		"twelve thirteen\r\n fourteen\r\n" },
};

static void test_text(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		mime_compose_text(out, "S", texts[i].text);
		g_assert_cmpstr(out->str, ==, texts[i].field);
	}
}

/* Any text comes back, and no line is too long. */
static void test_text_back(void)
{
	g_autoptr(GString) text = g_string_new("x");

	for (guint i = 0; i < 600; i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		mime_compose_text(out, "Subject", text->str);
		g_auto(GStrv) lines = g_strsplit(out->str, "\r\n", -1);
		for (gsize j = 0; lines[j] != NULL; j++)
			g_assert_cmpuint(
				strlen(lines[j]), <=, i < 300 ? 78 : 998);
		g_autofree char *back =
			mime_words_decode(bytes_of(out->str + 8, out->len - 8));
		g_assert_cmpstr(back, ==, text->str);
		if (i < 300)
			g_string_append_unichar(text, 0xa1 + i * 7);
		else if (i == 300)
			g_string_assign(text, "y");
		else
			g_string_append(text, "0123");
	}
}

static const struct {
	const char *list;
	const char *field; /* NULL: no address */
} addresses[] = {
	{ "a@b", "To: a@b\r\n" },
	{ "<a@b>", "To: a@b\r\n" },
	{ "Ann B <a@b>", "To: Ann B <a@b>\r\n" },
	{ "\"B, Ann\" <a@b>", "To: \"B, Ann\" <a@b>\r\n" },
	{ "Jürg <a@b>", "To: =?UTF-8?B?SsO8cmc=?= <a@b>\r\n" },
	{ "=?utf-8?Q?J=C3=BCrg?= <a@b>", "To: =?UTF-8?B?SsO8cmc=?= <a@b>\r\n" },
	{ "\"a b\"@c, d@e", "To: \"a b\"@c, d@e\r\n" },
	{ "a@b\r\nX: y@z", "To: \"X y@z\" <a@b>\r\n" },
	{ "ü@b", "To: ü@b\r\n" },
	{ "nobody", NULL },
	{ "", NULL },
	{ "@b", NULL },
};

static void test_addresses(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		gboolean found =
			mime_compose_addresses(out, "To", addresses[i].list);
		g_assert_cmpint(found, ==, addresses[i].field != NULL);
		g_assert_cmpstr(out->str, ==, found ? addresses[i].field : "");
	}
}

/* A name may be as long as a script, and no line is. */
static void test_names_long(void)
{
	for (gsize size = 1; size < 3000; size += 61) {
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(GString) out = g_string_new(NULL);
		g_autoptr(GString) name = g_string_new(NULL);
		while (name->len < size)
			g_string_append(name, "Ann. B, ");
		g_string_append_c(name, 'x');
		g_autofree char *list =
			g_strdup_printf("\"%s\" <a@b>", name->str);
		g_assert_true(mime_compose_addresses(out, "To", list));
		g_auto(GStrv) lines = g_strsplit(out->str, "\r\n", -1);
		for (gsize i = 0; lines[i] != NULL; i++)
			g_assert_cmpuint(strlen(lines[i]), <=, 100);
		MimeAddressList back = mime_address_parse(
			arena, bytes_of(out->str + 4, out->len - 4));
		g_assert_cmpuint(back.count, ==, 1);
		g_autofree char *read = mime_words_decode(back.items[0].name);
		g_assert_cmpstr(read, ==, name->str);
	}
}

#define PLAIN \
	"Content-Type: text/plain; charset=us-ascii\r\n" \
	"Content-Transfer-Encoding: 7bit\r\n\r\n"
#define QUOTED \
	"Content-Type: text/plain; charset=utf-8\r\n" \
	"Content-Transfer-Encoding: quoted-printable\r\n\r\n"

static const struct {
	const char *text;
	const char *body;
} bodies[] = {
	{ "", PLAIN },
	{ "a", PLAIN "a\r\n" },
	{ "a\nb\r\nc\rd\r\n", PLAIN "a\r\nb\r\nc\r\nd\r\n" },
	{ "a\n\nb", PLAIN "a\r\n\r\nb\r\n" },
	{ "ä = \nx\t", QUOTED "=C3=A4 =3D=20\r\nx=09\r\n" },
	{ "ä0123456789012345678901234567890123456789012345678901234567890123"
	  "456789",
		QUOTED "=C3=A40123456789012345678901234567890123456789012345678"
		       "90123456789012345678=\r\n9\r\n" },
};

static void test_body(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		mime_compose_body(out, bodies[i].text);
		g_assert_cmpstr(out->str, ==, bodies[i].body);
	}
}

static void test_part(void)
{
	static const char odd[] = "a\0b\n\351";
	g_autoptr(GString) out = g_string_new(NULL);

	mime_compose_part(out, "text/x", bytes_of_string("a\nb"));
	g_assert_cmpstr(out->str, ==,
		"Content-Type: text/x\r\n"
		"Content-Transfer-Encoding: 7bit\r\n\r\na\r\nb\r\n");
	g_string_truncate(out, 0);
	mime_compose_part(out, "text/x", bytes_of(odd, sizeof(odd) - 1));
	g_assert_cmpstr(out->str, ==,
		"Content-Type: text/x\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		"a=00b\r\n=E9\r\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/compose/text", test_text);
	g_test_add_func("/compose/text-back", test_text_back);
	g_test_add_func("/compose/addresses", test_addresses);
	g_test_add_func("/compose/names-long", test_names_long);
	g_test_add_func("/compose/body", test_body);
	g_test_add_func("/compose/part", test_part);
	return g_test_run();
}
