/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses: text both ways, loopback, keys for limits, lists. */
#include "net/address.h"

#include "base/errors.h"

static const struct {
	const char *text;
	const char *shown; /* NULL: not an address */
	gboolean is_loopback;
	const char *key;
} addresses[] = {
	{ "192.0.2.1", "192.0.2.1", FALSE, "192.0.2.1" },
	{ "127.0.0.1", "127.0.0.1", TRUE, "127.0.0.1" },
	{ "127.255.3.4", "127.255.3.4", TRUE, "127.255.3.4" },
	{ "128.0.0.1", "128.0.0.1", FALSE, "128.0.0.1" },
	{ "::1", "::1", TRUE, "::" },
	{ "::2", "::2", FALSE, "::" },
	{ "::ffff:127.0.0.9", "127.0.0.9", TRUE, "127.0.0.9" },
	{ "::ffff:192.0.2.7", "192.0.2.7", FALSE, "192.0.2.7" },
	{ "2001:DB8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", FALSE,
		"2001:db8:1:2::" },
	{ "1::127.0.0.1", "1::7f00:1", FALSE, "1::" },
	{ "", NULL, FALSE, NULL },
	{ "127.1", NULL, FALSE, NULL },
	{ "127.0.0.1 ", NULL, FALSE, NULL },
	{ "localhost", NULL, FALSE, NULL },
	{ "[::1]", NULL, FALSE, NULL },
	{ "fe80::1%lo", NULL, FALSE, NULL },
	{ "1:2:3:4:5:6:7:8:9", NULL, FALSE, NULL },
	{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL, FALSE,
		NULL },
};

static void test_text(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		char text[ADDRESS_TEXT_SIZE];
		Address address;
		gboolean ok = address_parse(
			bytes_of_string(addresses[i].text), &address);
		g_test_message("%s", addresses[i].text);
		g_assert_cmpint(ok, ==, addresses[i].shown != NULL);
		if (!ok)
			continue;
		address_format(&address, text);
		g_assert_cmpstr(text, ==, addresses[i].shown);
		g_assert_cmpint(address_is_loopback(&address), ==,
			addresses[i].is_loopback);
		Address key = address_limit_key(&address);
		address_format(&key, text);
		g_assert_cmpstr(text, ==, addresses[i].key);
	}
}

static void test_nul_inside(void)
{
	Address address;

	g_assert_false(address_parse(bytes_of("127.0.0.1\0x", 11), &address));
}

static void test_sockaddr(void)
{
	static const char *const texts[] = { "192.0.2.1", "2001:db8::7" };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct sockaddr_storage sa;
		Address address;
		g_assert_true(
			address_parse(bytes_of_string(texts[i]), &address));
		address.port = 4711;
		socklen_t size = address_to_sockaddr(&address, &sa);
		Address back =
			address_of_sockaddr((struct sockaddr *)&sa, size);
		g_assert_true(address_equal(&address, &back));
		g_assert_cmpuint(
			address_hash(&address), ==, address_hash(&back));
		back.port++;
		g_assert_false(address_equal(&address, &back));
	}
}

static void test_port_text(void)
{
	char text[ADDRESS_PORT_TEXT_SIZE];
	Address address;

	g_assert_true(address_parse(bytes_of_string("::1"), &address));
	address.port = 143;
	address_format_port(&address, text);
	g_assert_cmpstr(text, ==, "[::1]:143");
	g_assert_true(address_parse(bytes_of_string("10.0.0.1"), &address));
	address.port = 65535;
	address_format_port(&address, text);
	g_assert_cmpstr(text, ==, "10.0.0.1:65535");
	address = (Address){ .family = ADDRESS_UNIX };
	address_format_port(&address, text);
	g_assert_cmpstr(text, ==, "unix");
	g_assert_true(address_is_loopback(&address));
	address.family = ADDRESS_NONE;
	address_format_port(&address, text);
	g_assert_cmpstr(text, ==, "unknown");
	g_assert_false(address_is_loopback(&address));
}

static const struct {
	const char *list;
	const char *shown; /* NULL: wrong */
} lists[] = {
	{ "127.0.0.1 ::1", "127.0.0.1 ::1 " },
	{ " 192.0.2.1,\t10.0.0.1 ", "192.0.2.1 10.0.0.1 " },
	{ "*", "0.0.0.0 :: " },
	{ "localhost", "127.0.0.1 ::1 " },
	{ "", "" },
	{ "127.0.0.1 example.org", NULL },
	{ "127.0.0.1:143", NULL },
};

static void test_lists(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		g_autoptr(GArray) found = NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) shown = g_string_new(NULL);
		gboolean ok = address_list_parse(lists[i].list, &found, &error);
		g_test_message("%s", lists[i].list);
		g_assert_cmpint(ok, ==, lists[i].shown != NULL);
		if (!ok) {
			g_assert_true(
				dbmail_error_is(error, DBMAIL_ERROR_INVALID));
			continue;
		}
		for (guint j = 0; j < found->len; j++) {
			char text[ADDRESS_TEXT_SIZE];
			address_format(&g_array_index(found, Address, j), text);
			g_string_append_printf(shown, "%s ", text);
		}
		g_assert_cmpstr(shown->str, ==, lists[i].shown);
	}
}

static void test_list_limit(void)
{
	g_autoptr(GString) list = g_string_new(NULL);
	g_autoptr(GArray) found = NULL;
	g_autoptr(GError) error = NULL;

	for (int i = 0; i < 65; i++)
		g_string_append(list, "127.0.0.1 ");
	g_assert_false(address_list_parse(list->str, &found, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_LIMIT));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/net/address/text", test_text);
	g_test_add_func("/net/address/nul", test_nul_inside);
	g_test_add_func("/net/address/sockaddr", test_sockaddr);
	g_test_add_func("/net/address/port-text", test_port_text);
	g_test_add_func("/net/address/lists", test_lists);
	g_test_add_func("/net/address/list-limit", test_list_limit);
	return g_test_run();
}
