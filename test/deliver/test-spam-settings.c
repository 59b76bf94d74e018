/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of spam filters, good and bad. */
#include "deliver/spam-settings.h"

#include "base/errors.h"

static Settings *settings_of(const char *rows)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strdup_printf("[SIEVE]\n%s", rows);
	Settings *settings = settings_parse("test", text, strlen(text), &error);
	g_assert_no_error(error);
	return settings;
}

static void test_good(void)
{
	g_autoptr(Settings) settings =
		settings_of("spam_header = X-Score: ([0-9]+)\nspam_max = 7.5\n"
			    "virus_header = X-Virus\nvirus_texts = 1=Not "
			    "found, 5 = Yes \n");
	g_auto(SpamSettings) spam = { 0 };
	spam_settings_init(&spam, settings);
	g_assert_true(spam_settings_check(settings, NULL));
	g_assert_cmpstr(spam.sieve.spam.status, ==, "X-Score: ([0-9]+)");
	g_assert_cmpint(spam.sieve.spam.type, ==, SIEVE_SPAM_SCORE);
	g_assert_cmpfloat(spam.sieve.spam.max, ==, 7.5);
	g_assert_cmpint(spam.sieve.virus.type, ==, SIEVE_SPAM_TEXT);
	g_assert_cmpstr(spam.sieve.virus.texts[1], ==, "Not found");
	g_assert_cmpstr(spam.sieve.virus.texts[5], ==, "Yes");
	g_assert_null(spam.sieve.virus.texts[2]);
}

static void test_default(void)
{
	g_autoptr(Settings) settings = settings_of("");
	g_auto(SpamSettings) spam = { 0 };
	spam_settings_init(&spam, settings);
	g_assert_true(spam_settings_check(settings, NULL));
	g_assert_null(spam.sieve.spam.status);
	g_assert_null(spam.sieve.virus.status);
}

static void test_bad(void)
{
	static const struct {
		const char *rows;
		const char *name;
	} cases[] = {
		{ "spam_header = X-Score: (\n", "spam_header" },
		{ "spam_header = X Score\n", "spam_header" },
		{ "spam_header = X-Score\nspam_max = 0\n", "spam_header" },
		{ "spam_header = X-Score\nspam_max = 5,0\n", "spam_max" },
		{ "virus_header = X\nvirus_texts = 6=Yes\n", "virus_texts" },
		{ "virus_header = X\nvirus_texts = Yes\n", "virus_texts" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Settings) settings = settings_of(cases[i].rows);
		g_autoptr(GError) error = NULL;
		g_auto(SpamSettings) spam = { 0 };
		spam_settings_init(&spam, settings);
		g_assert_false(spam_settings_check(settings, &error));
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
		g_assert_nonnull(strstr(error->message, cases[i].name));
		g_assert_null(cases[i].name[0] == 's' ?
				spam.sieve.spam.status :
				spam.sieve.virus.status);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deliver/spam-settings/good", test_good);
	g_test_add_func("/deliver/spam-settings/default", test_default);
	g_test_add_func("/deliver/spam-settings/bad", test_bad);
	return g_test_run();
}
