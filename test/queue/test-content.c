/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as SMTP carries them. */
#include "queue/content.h"

#define TEXT(text) \
	{ \
		text, sizeof(text) - 1 \
	}

static const struct {
	Bytes message;
	Bytes smtp;   /* between DATA and the final dot */
	Bytes system; /* with LF */
	gboolean is_bare;
} forms[] = {
	{ TEXT(""), TEXT(""), TEXT(""), FALSE },
	{ TEXT("a\r\n"), TEXT("a\r\n"), TEXT("a\n"), FALSE },
	{ TEXT("a"), TEXT("a\r\n"), TEXT("a"), FALSE },
	{ TEXT("\r\n\r\n"), TEXT("\r\n\r\n"), TEXT("\n\n"), FALSE },
	{ TEXT("."), TEXT("..\r\n"), TEXT("."), FALSE },
	{ TEXT(".\r\n"), TEXT("..\r\n"), TEXT(".\n"), FALSE },
	{ TEXT("..\r\n.a\r\nb.\r\n"), TEXT("...\r\n..a\r\nb.\r\n"),
		TEXT("..\n.a\nb.\n"), FALSE },
	{ TEXT("a\n"), TEXT("a\r\n"), TEXT("a\n"), TRUE },
	{ TEXT("a\n.\n"), TEXT("a\r\n..\r\n"), TEXT("a\n.\n"), TRUE },
	{ TEXT("a\n.\r\nb\r\n"), TEXT("a\r\n..\r\nb\r\n"), TEXT("a\n.\nb\n"),
		TRUE },
	{ TEXT("a\r.\rb\r\n"), TEXT("a . b\r\n"), TEXT("a\r.\rb\n"), TRUE },
	{ TEXT("a\r\r\nb\r\n"), TEXT("a \r\nb\r\n"), TEXT("a\r\nb\n"), TRUE },
	{ TEXT("a\r"), TEXT("a \r\n"), TEXT("a\r"), TRUE },
	{ TEXT("\r.\r\n"), TEXT(" .\r\n"), TEXT("\r.\n"), TRUE },
	{ TEXT("a\0.\r\n.\0"), TEXT("a\0.\r\n..\0\r\n"), TEXT("a\0.\n.\0"),
		FALSE },
};

static void gather(const char *data, gsize size, gpointer out)
{
	g_string_append_len(out, data, (gssize)size);
}

static void test_forms(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		g_test_message("form %zu", i);
		content_write(forms[i].message, gather, out);
		g_assert_cmpmem(out->str, out->len, forms[i].smtp.data,
			forms[i].smtp.size);
		g_string_truncate(out, 0);
		content_write_unix(forms[i].message, gather, out);
		g_assert_cmpmem(out->str, out->len, forms[i].system.data,
			forms[i].system.size);
		ContentNeeds needs = content_look(forms[i].message);
		g_assert_cmpint(needs.has_bare, ==, forms[i].is_bare);
	}
}

static const struct {
	Bytes message;
	const char *needs; /* 8: 8-bit, u: UTF-8 header, b: binary */
} needed[] = {
	{ TEXT("a: b\r\n\r\nc\r\n"), "" },
	{ TEXT("a: b\r\n\r\n\xc3\xa9\r\n"), "8" },
	{ TEXT("a: \xc3\xa9\r\n\r\nc\r\n"), "8u" },
	{ TEXT("a: \xe9\r\n\r\nc\r\n"), "8" },
	{ TEXT("a: b\n\n\xc3\xa9\n"), "8b" },
	{ TEXT("a: b\r\n\r\n\0\r\n"), "b" },
	{ TEXT("a: b\r\n\r\n\r"), "b" },
};

static void test_needs(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
		ContentNeeds needs = content_look(needed[i].message);
		char text[4];
		g_snprintf(text, sizeof(text), "%s%s%s",
			needs.has_eightbit ? "8" : "",
			needs.has_utf8 ? "u" : "", needs.is_binary ? "b" : "");
		g_assert_cmpstr(text, ==, needed[i].needs);
	}
}

static void test_long_line(void)
{
	g_autoptr(GString) text = g_string_new("x\r\n");

	for (guint i = 0; i < 998; i++)
		g_string_append_c(text, 'a');
	g_assert_false(content_look(bytes_of(text->str, text->len)).is_binary);
	g_string_append(text, "\r\n");
	g_assert_false(content_look(bytes_of(text->str, text->len)).is_binary);
	g_string_insert_c(text, 3, 'a');
	g_assert_true(content_look(bytes_of(text->str, text->len)).is_binary);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/queue/content/forms", test_forms);
	g_test_add_func("/queue/content/needs", test_needs);
	g_test_add_func("/queue/content/long-line", test_long_line);
	return g_test_run();
}
