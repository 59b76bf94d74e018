/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that a script names. */
#include "sieve/address.h"

static const struct {
	const char *text;
	const char *address; /* NULL: it is none */
} vectors[] = {
	{ "a@b", "a@b" },
	{ " stephan @ example.org ", "stephan@example.org" },
	{ "Stephan Bosch<stephan@example.org>", "stephan@example.org" },
	{ "  S. Bosch  <  s  @  example.org  > ", "s@example.org" },
	{ "\"S, B\" <s@example.org>", "s@example.org" },
	{ "<s@example.org>", "s@example.org" },
	{ "\"S B\"@example.org", "\"S B\"@example.org" },
	{ "\"s\"@example.org", "s@example.org" },
	{ "\"s.b\"@example.org", "s.b@example.org" },
	{ "\"s..b\"@c", "\"s..b\"@c" },
	{ "\".s\"@c", "\".s\"@c" },
	{ "\"s.\"@c", "\"s.\"@c" },
	{ "\"\"@c", "\"\"@c" },
	{ "\"a\\\"b\"@c", "\"a\\\"b\"@c" },
	{ "a.b+c=d@x-y.example", "a.b+c=d@x-y.example" },
	{ "a (comment (nested)) @ b", "a@b" },
	{ "j\303\274@\303\244.example", "j\303\274@\303\244.example" },
	{ "a@[127.0.0.1]", "a@[127.0.0.1]" },
	{ "a@[IPv6:::1]", "a@[IPv6:::1]" },
	{ "", NULL },
	{ "a", NULL },
	{ "@b", NULL },
	{ "a@", NULL },
	{ "a@b@c", NULL },
	{ "a b@c", NULL },
	{ "a@b, c@d", NULL },
	{ "a@b,", NULL },
	{ "a@b c", NULL },
	{ ".a@b", NULL },
	{ "a.@b", NULL },
	{ "a..b@c", NULL },
	{ "a@.b", NULL },
	{ "a@b.", NULL },
	{ "a@-b", NULL },
	{ "a@b-.c", NULL },
	{ "a@b#c", NULL },
	{ "a@[b", NULL },
	{ "\"a@b", NULL },
	{ "\"a\nb\"@c", NULL },
	{ "N <a@b", NULL },
	{ "N <a@b> x", NULL },
	{ "N a@b>", NULL },
	{ "g: a@b;", NULL },
	{ "<@x:a@b>", NULL },
	{ "a(@b", NULL },
	{ "a(\\", NULL },
	{ "a@b\377", NULL },
};

static void test_parse(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		Bytes text = bytes_of_string(vectors[i].text);
		gboolean is_one = sieve_address_parse(text, out);

		g_assert_cmpint(is_one, ==, vectors[i].address != NULL);
		g_assert_cmpstr(out->str, ==, is_one ? vectors[i].address : "");
		if (is_one)
			g_assert_true(sieve_address_list_is_valid(text));
	}
}

static void test_list(void)
{
	g_assert_true(sieve_address_list_is_valid(
		bytes_of_string("a@b, \"C, D\" <c@d>,e@f")));
	g_assert_false(
		sieve_address_list_is_valid(bytes_of_string("a@b,,c@d")));
	g_assert_false(sieve_address_list_is_valid(bytes_of_string(",a@b")));
	g_assert_false(sieve_address_list_is_valid(bytes_of_string("")));
}

static void test_size(void)
{
	g_autoptr(GString) text = g_string_new(NULL);

	while (text->len < SIEVE_ADDRESS_SIZE_MAX - 2)
		g_string_append_c(text, 'a');
	g_string_append(text, "@b");
	g_assert_true(
		sieve_address_parse(bytes_of(text->str, text->len), NULL));
	g_string_append_c(text, 'b');
	g_assert_false(
		sieve_address_parse(bytes_of(text->str, text->len), NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/address/parse", test_parse);
	g_test_add_func("/sieve/address/list", test_list);
	g_test_add_func("/sieve/address/size", test_size);
	return g_test_run();
}
