/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Content-Type and Content-Disposition values. */
#include "mime/param.h"

/* "type/subtype name=value name*=value", NULL where it does not parse. */
static const struct {
	const char *value;
	gboolean with_subtype;
	const char *parsed;
} vectors[] = {
	{ "text/plain", TRUE, "text/plain" },
	{ " Text / Plain ", TRUE, "Text/Plain" },
	{ "text/plain; charset=us-ascii", TRUE, "text/plain charset=us-ascii" },
	{ "text/plain;charset = \"a b\" ;; x=1;", TRUE,
		"text/plain charset=a b x=1" },
	{ "text/plain (why; not=this) ; (a (b) c) charset (x) = (y) z (w)",
		TRUE, "text/plain charset=z" },
	{ "text/plain\r\n ;\r\n\tcharset=x\r\n", TRUE, "text/plain charset=x" },
	{ "text/plain charset=x", TRUE, "text/plain charset=x" },
	{ "text/plain; a=b c=d", TRUE, "text/plain a=b c=d" },
	{ "a/b; name=my file.txt; x=y", TRUE, "a/b name=my file.txt x=y" },
	{ "a/b; name=a(1).txt", TRUE, "a/b name=a(1).txt" },
	{ "a/b; boundary=\"=_x?/:\"", TRUE, "a/b boundary==_x?/:" },
	{ "a/b; boundary==_x?/:", TRUE, "a/b boundary==_x?/:" },
	{ "a/b; x=\"a\\\"b\\\\c\"", TRUE, "a/b x=a\"b\\c" },
	{ "a/b; x=\"folded\r\n value\"", TRUE, "a/b x=folded value" },
	{ "a/b; x=\"lost; y=z", TRUE, "a/b x=lost y=z" },
	{ "a/b; x=\"\"", TRUE, "a/b x=" },
	{ "a/b; x=; y=1", TRUE, "a/b x= y=1" },
	{ "a/b; flag; y=1", TRUE, "a/b y=1" },
	{ "text", TRUE, NULL },
	{ "/plain", TRUE, NULL },
	{ "", TRUE, NULL },
	{ "text/", TRUE, NULL },
	{ ";a=b", TRUE, NULL },
	{ "attachment; filename=x", FALSE, "attachment/ filename=x" },
	{ "inline", FALSE, "inline/" },
	{ "a/b; n*0=one; n*1=two", TRUE, "a/b n=onetwo" },
	{ "a/b; n*1=two; x=y; n*0=one", TRUE, "a/b x=y n=onetwo" },
	{ "a/b; n*0*=utf-8''%41; n*1=\"b c\"; n*2*=%44", TRUE,
		"a/b n*=utf-8''%41b%20c%44" },
	{ "a/b; n*0=\"a b\"; n*1*=%44", TRUE, "a/b n*=''a%20b%44" },
	{ "a/b; n*=utf-8'en'x%20y", TRUE, "a/b n*=utf-8'en'x%20y" },
	{ "a/b; n*0=one; n*2=three", TRUE, "a/b n=one" },
	{ "a/b; n*5=x", TRUE, "a/b" },
};

static char *describe(const MimeParamValue *value)
{
	GString *out = g_string_new(NULL);
	g_string_append_len(out, value->type.data, (gssize)value->type.size);
	g_string_append_c(out, '/');
	if (value->subtype.size > 0)
		g_string_append_len(
			out, value->subtype.data, (gssize)value->subtype.size);
	for (guint i = 0; i < value->n_params; i++) {
		const MimeParam *p = &value->params[i];
		g_string_append_printf(out, " %.*s%s=%.*s", (int)p->name.size,
			p->name.data, p->extended ? "*" : "",
			(int)p->value.size, p->value.data);
	}
	return g_string_free(out, FALSE);
}

static void test_vectors(void)
{
	g_autoptr(Arena) arena = arena_new();
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		MimeParamValue value = { 0 };
		gboolean parsed = mime_param_value_parse(arena,
			bytes_of_string(vectors[i].value),
			vectors[i].with_subtype, &value);
		g_assert_cmpint(parsed, ==, vectors[i].parsed != NULL);
		if (!parsed)
			continue;
		g_autofree char *found = describe(&value);
		g_assert_cmpstr(found, ==, vectors[i].parsed);
	}
}

static const struct {
	const char *value;
	const char *text;
} texts[] = {
	{ "a/b; n=plain", "plain" },
	{ "a/b; n*=utf-8''%e2%82%ac%20x", "\342\202\254 x" },
	{ "a/b; n*=iso-8859-1'de'%e4", "\303\244" },
	{ "a/b; n*=%41%zz", "A%zz" },
	{ "a/b; n*=nosuch-charset''%e4", "\357\277\275" },
	{ "a/b; n*=utf-8''a%0d%0ab%00c", "a  b\357\277\275c" },
	{ "a/b; n=\"=?utf-8?q?=c3=a4?=\"", "\303\244" },
	{ "a/b; n=plain; n*=utf-8''better", "better" },
	{ "a/b; n=\303\244", "\303\244" },
	{ "a/b; n=\344", "\357\277\275" },
};

static void test_texts(void)
{
	g_autoptr(Arena) arena = arena_new();
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		MimeParamValue value = { 0 };
		g_assert_true(mime_param_value_parse(
			arena, bytes_of_string(texts[i].value), TRUE, &value));
		const MimeParam *param =
			mime_param_find(value.params, value.n_params, "N");
		g_assert_nonnull(param);
		g_assert_cmpstr(
			mime_param_text(arena, param), ==, texts[i].text);
	}
}

static void test_many(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GString) text = g_string_new("a/b");
	MimeParamValue value = { 0 };
	for (guint i = 0; i < 5000; i++)
		g_string_append_printf(text, "; n*%u*=x", i % 200);
	g_assert_true(mime_param_value_parse(
		arena, bytes_of(text->str, text->len), TRUE, &value));
	g_assert_cmpuint(value.n_params, <=, MIME_PARAMS_MAX);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mime/param/vectors", test_vectors);
	g_test_add_func("/mime/param/texts", test_texts);
	g_test_add_func("/mime/param/many", test_many);
	return g_test_run();
}
