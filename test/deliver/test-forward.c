/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who the sender of mail is that is sent on. */
#include "deliver/forward.h"

#include "base/errors.h"

static Settings *settings_of(const char *how)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text =
		g_strdup_printf("[SIEVE]\nredirect_sender = %s\n", how);
	Settings *settings = settings_parse("test", text, strlen(text), &error);

	g_assert_no_error(error);
	return settings;
}

static const struct {
	const char *how;
	const char *sender; /* of a@b for c@d; NULL: the setting is wrong */
} senders[] = {
	{ "sender", "a@b" },
	{ "recipient", "c@d" },
	{ "empty", "" },
	{ "bounces@example.org", "bounces@example.org" },
	{ "recipent", NULL },
	{ "Bounces <bounces@example.org>", NULL },
	{ "<bounces@example.org>", NULL },
	{ "@example.org", NULL },
	{ "bounces@", NULL },
	{ "a b@example.org", NULL },
};

static void test_senders(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(senders); i++) {
		g_autoptr(Settings) settings = settings_of(senders[i].how);
		g_autoptr(GError) error = NULL;

		g_assert_cmpint(forward_settings_check(settings, &error), ==,
			senders[i].sender != NULL);
		if (senders[i].sender == NULL) {
			g_assert_true(
				dbmail_error_is(error, DBMAIL_ERROR_INVALID));
			continue;
		}
		g_assert_cmpstr(forward_sender(settings, "a@b", "c@d"), ==,
			senders[i].sender);
		/* A bounce stays one. */
		g_assert_cmpstr(forward_sender(settings, "", "c@d"), ==, "");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deliver/forward/senders", test_senders);
	return g_test_run();
}
