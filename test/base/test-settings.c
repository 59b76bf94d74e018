/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings: what a file sets, and what a wrong line is told. */
#include "base/settings.h"

#include "base/errors.h"

static Settings *parse(const char *text, GError **error)
{
	return settings_parse("test.conf", text, strlen(text), error);
}

static void test_defaults(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = parse("", &error);
	g_assert_no_error(error);
	g_assert_cmpint(settings->IMAP_port, ==, 143);
	g_assert_cmpint(settings->POP_tls_port, ==, 995);
	g_assert_cmpstr(settings->LMTP_bare_line_feed, ==, "keep");
	g_assert_cmpint(settings_daemon(settings, "LMTP").port, ==, 24);
	g_assert_cmpint(settings_daemon(settings, "SIEVE").port, ==, 4190);
}

static void test_values(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings =
		parse("# a comment\r\n\n[dbmail]\n dburi = \"host=/tmp a=b\" \n"
		      "log_level=debug\n; other\n[IMAP]\nPORT = 1143\n"
		      "proxy_protocol = Yes\n[LMTP]\nadd_received=on",
			&error);
	g_assert_no_error(error);
	g_assert_cmpstr(settings->DBMAIL_dburi, ==, "host=/tmp a=b");
	g_assert_cmpstr(settings->DBMAIL_log_level, ==, "debug");
	g_assert_cmpint(settings->IMAP_port, ==, 1143);
	g_assert_true(settings->IMAP_proxy_protocol);
	g_assert_true(settings->LMTP_add_received);
}

/* [DBMAIL] speaks for all daemons, wherever it stands, but not over one that
 * speaks for itself. */
static void test_common(void)
{
	static const char *const files[] = {
		"[DBMAIL]\nbindip = 10.0.0.1\n[POP]\nbindip = 10.0.0.2\n",
		"[POP]\nbindip = 10.0.0.2\n[DBMAIL]\nbindip = 10.0.0.1\n",
	};
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Settings) settings = parse(files[i], &error);
		g_assert_no_error(error);
		g_assert_cmpstr(settings_daemon(settings, "IMAP").bindip, ==,
			"10.0.0.1");
		g_assert_cmpstr(settings_daemon(settings, "POP").bindip, ==,
			"10.0.0.2");
	}
}

static const struct {
	const char *text;
	const char *message;
} wrong[] = {
	{ "[IMAP]\nport = 99999\n",
		"test.conf:2: port: must be a number of port from 0 to 65535" },
	{ "[IMAP]\nport = -1\n",
		"test.conf:2: port: must be a number of port from 0 to 65535" },
	{ "[IMAP]\n\nporrt = 1\n",
		"test.conf:3: porrt: no such setting in [IMAP]; "
		"dbmail.conf(5) lists them" },
	{ "[NNTP]\n",
		"test.conf:1: no such section; there are [DBMAIL] [LMTP] "
		"[IMAP] [POP] [SIEVE] [QUEUE]" },
	{ "[IMAP\n",
		"test.conf:1: no such section; there are [DBMAIL] [LMTP] "
		"[IMAP] [POP] [SIEVE] [QUEUE]" },
	{ "port = 1\n",
		"test.conf:1: port: must stand in a section; write [DBMAIL] "
		"above it" },
	{ "[LMTP]\nadd_received = maybe\n",
		"test.conf:2: add_received: must be yes or no" },
	{ "[LMTP]\nbare_line_feed = drop\n",
		"test.conf:2: bare_line_feed: must be one of keep|reject" },
	{ "[LMTP]\nnonsense\n",
		"test.conf:2: must be [SECTION], KEY = VALUE or a # comment" },
};

static void test_wrong(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Settings) settings = parse(wrong[i].text, &error);
		g_assert_null(settings);
		g_assert_error(error, DBMAIL_ERROR, DBMAIL_ERROR_INVALID);
		g_assert_cmpstr(error->message, ==, wrong[i].message);
	}
}

/* What --dump-config writes is read back as it was. */
static void test_dump(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings =
		parse("[IMAP]\nport = 1143\n[POP]\nbindip = *\n", &error);
	g_assert_no_error(error);
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	settings_dump(settings, file);
	fclose(file);
	g_autoptr(Settings) again = parse(text, &error);
	g_assert_no_error(error);
	g_assert_cmpint(again->IMAP_port, ==, 1143);
	g_assert_cmpstr(again->POP_bindip, ==, "*");
	g_assert_cmpstr(again->DBMAIL_default_folders, ==,
		settings->DBMAIL_default_folders);
	free(text);
}

static void test_hostname(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) none = parse("", &error);
	g_autoptr(Settings) named =
		parse("[DBMAIL]\nhostname = mx.example.com\n", &error);

	g_assert_no_error(error);
	g_assert_cmpstr(settings_hostname(none), ==, g_get_host_name());
	g_assert_cmpstr(settings_hostname(named), ==, "mx.example.com");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/settings/defaults", test_defaults);
	g_test_add_func("/settings/values", test_values);
	g_test_add_func("/settings/common", test_common);
	g_test_add_func("/settings/hostname", test_hostname);
	g_test_add_func("/settings/wrong", test_wrong);
	g_test_add_func("/settings/dump", test_dump);
	return g_test_run();
}
