/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of lmtp/path: what is a path, and what are parameters. */
#include "lmtp/path.h"

/* text: rest of the line; address: NULL where it is no path; rest: what is
 * left behind it. */
static const struct {
	const char *text;
	const char *address;
	const char *rest;
	gboolean has_utf8;
} paths[] = {
	{ "<a@b>", "a@b", "", FALSE },
	{ "<>", "", "", FALSE },
	{ " <a@b>", "a@b", "", FALSE },
	{ "<a@b> SIZE=1", "a@b", " SIZE=1", FALSE },
	{ "<a@b>x", "a@b", "x", FALSE },
	{ "<postmaster>", "postmaster", "", FALSE },
	{ "<a.b+c-d_e=f@b-c.example.org>", "a.b+c-d_e=f@b-c.example.org", "",
		FALSE },
	{ "<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~@b", "", FALSE },
	{ "<\"a b\"@c>", "\"a b\"@c", "", FALSE },
	{ "<\"a\\\"b\\\\\"@c>", "\"a\\\"b\\\\\"@c", "", FALSE },
	{ "<\"\"@c>", "\"\"@c", "", FALSE },
	{ "<\"a@b>c\"@d>", "\"a@b>c\"@d", "", FALSE },
	{ "<a@[192.0.2.1]>", "a@[192.0.2.1]", "", FALSE },
	{ "<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", "", FALSE },
	{ "<@a,@b:c@d>", "c@d", "", FALSE },
	{ "<@[192.0.2.1]:c@d>", "c@d", "", FALSE },
	{ "<@a.b:\"c\"@d>", "\"c\"@d", "", FALSE },
	{ "<ü@b>", "ü@b", "", TRUE },
	{ "<a@münchen.example>", "a@münchen.example", "", TRUE },
	{ "<\"日 本\"@b>", "\"日 本\"@b", "", TRUE },
	{ "", NULL, NULL, FALSE },
	{ "a@b", NULL, NULL, FALSE },
	{ "<a@b", NULL, NULL, FALSE },
	{ "<", NULL, NULL, FALSE },
	{ "< a@b>", NULL, NULL, FALSE },
	{ "<a@b >", NULL, NULL, FALSE },
	{ "<a b@c>", NULL, NULL, FALSE },
	{ "<a@>", NULL, NULL, FALSE },
	{ "<@b>", NULL, NULL, FALSE },
	{ "<@b:>", NULL, NULL, FALSE },
	{ "<@b,:c@d>", NULL, NULL, FALSE },
	{ "<@b,@:c@d>", NULL, NULL, FALSE },
	{ "<a@b@c>", NULL, NULL, FALSE },
	{ "<a..b@c>", NULL, NULL, FALSE },
	{ "<.a@c>", NULL, NULL, FALSE },
	{ "<a.@c>", NULL, NULL, FALSE },
	{ "<a@b..c>", NULL, NULL, FALSE },
	{ "<a@.b>", NULL, NULL, FALSE },
	{ "<a@b.>", NULL, NULL, FALSE },
	{ "<a@b!>", NULL, NULL, FALSE },
	{ "<a@[]>", NULL, NULL, FALSE },
	{ "<a@[1>", NULL, NULL, FALSE },
	{ "<a@[1]b>", NULL, NULL, FALSE },
	{ "<\"a@b>", NULL, NULL, FALSE },
	{ "<\"a\"b@c>", NULL, NULL, FALSE },
	{ "<\"a\\", NULL, NULL, FALSE },
	{ "<a\tb@c>", NULL, NULL, FALSE },
	{ "<\"a\tb\"@c>", NULL, NULL, FALSE },
	{ "<\"a\rb\"@c>", NULL, NULL, FALSE },
	{ "<a\x7f@c>", NULL, NULL, FALSE },
	{ "<a(b)@c>", NULL, NULL, FALSE },
	{ "<\xff@b>", NULL, NULL, FALSE },
	{ "<a@\xc3>", NULL, NULL, FALSE },
	{ "<\"\xed\xa0\x80\"@b>", NULL, NULL, FALSE },
};

static void test_paths(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		Bytes text = bytes_of_string(paths[i].text);
		/* Not NUL-terminated: reads past its end show. */
		g_autofree char *copy = g_memdup2(text.data, text.size);
		Path path = { .has_utf8 = 2 };
		gsize size = path_parse(bytes_of(copy, text.size), &path);

		if (paths[i].address == NULL) {
			g_assert_cmpuint(size, ==, 0);
			continue;
		}
		g_assert_cmpstr(paths[i].text + size, ==, paths[i].rest);
		g_assert_cmpuint(size, >, 0);
		g_assert_true(bytes_equal(
			path.address, bytes_of_string(paths[i].address)));
		g_assert_cmpint(path.has_utf8, ==, paths[i].has_utf8);
	}
}

static void test_sizes(void)
{
	for (gsize size = PATH_ADDRESS_MAX - 1; size <= PATH_ADDRESS_MAX + 1;
		size++) {
		g_autofree char *local = g_strnfill(size - 2, 'a');
		g_autofree char *text = g_strdup_printf("<%s@b>", local);
		Path path;
		g_assert_cmpuint(path_parse(bytes_of_string(text), &path), ==,
			size <= PATH_ADDRESS_MAX ? size + 2 : 0);
	}
}

/* NUL is a byte like others, and none of an address. */
static void test_nul(void)
{
	static const char atom[] = "<a\0b@c>";
	static const char quoted[] = "<\"a\0b\"@c>";
	static const char literal[] = "<a@[b\0c]>";
	Path path;

	g_assert_cmpuint(
		path_parse(bytes_of(atom, sizeof(atom) - 1), &path), ==, 0);
	g_assert_cmpuint(
		path_parse(bytes_of(quoted, sizeof(quoted) - 1), &path), ==, 0);
	g_assert_cmpuint(
		path_parse(bytes_of(literal, sizeof(literal) - 1), &path), ==,
		0);
}

/* As "KEYWORD=VALUE;" each; "!" at the end where they are malformed. */
static const struct {
	const char *text;
	const char *parameters;
} parameters[] = {
	{ "", "" },
	{ "  ", "" },
	{ " SIZE=1000", "SIZE=1000;" },
	{ " size=1 BODY=8BITMIME SMTPUTF8", "size=1;BODY=8BITMIME;SMTPUTF8;" },
	{ "  A  B=c  ", "A;B=c;" },
	{ " X-1=a+b/ü", "X-1=a+b/ü;" },
	{ "SIZE=1", "!" },
	{ " SIZE=", "!" },
	{ " =1", "!" },
	{ " A==b", "!" },
	{ " A=b=c", "!" },
	{ " -A", "!" },
	{ " A_B", "!" },
	{ " A\tB", "!" },
	{ " A=\x01", "!" },
	{ " A B= C", "A;!" },
};

static void test_parameters(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(parameters); i++) {
		g_autoptr(GString) got = g_string_new(NULL);
		Bytes text = bytes_of_string(parameters[i].text);
		g_autofree char *copy = g_memdup2(text.data, text.size);
		Bytes rest = bytes_of(copy, text.size);
		PathParameterResult result;
		PathParameter one;
		while ((result = path_parameter_next(&rest, &one)) ==
			PATH_PARAMETER) {
			g_string_append_len(got, one.keyword.data,
				(gssize)one.keyword.size);
			if (one.value.data != NULL)
				g_string_append_c(got, '=');
			g_string_append_len(
				got, one.value.data, (gssize)one.value.size);
			g_string_append_c(got, ';');
		}
		if (result == PATH_PARAMETERS_WRONG)
			g_string_append_c(got, '!');
		g_assert_cmpstr(got->str, ==, parameters[i].parameters);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/path/paths", test_paths);
	g_test_add_func("/path/sizes", test_sizes);
	g_test_add_func("/path/nul", test_nul);
	g_test_add_func("/path/parameters", test_parameters);
	return g_test_run();
}
