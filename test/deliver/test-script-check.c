/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of deliver/script-check: which extensions the settings leave. */
#include "deliver/script-check.h"

#include "sieve/extension.h"

#define BIT(name) ((SieveExtensions)1 << SIEVE_EXT_##name)
#define THERE (BIT(BASE) | BIT(FILEINTO) | BIT(COPY) | BIT(VACATION))

static const struct {
	const char *setting;
	SieveExtensions left;
} cases[] = {
	{ "", THERE },
	{ "fileinto", BIT(BASE) | BIT(FILEINTO) },
	{ "fileinto, copy", BIT(BASE) | BIT(FILEINTO) | BIT(COPY) },
	{ "-fileinto", THERE & ~BIT(FILEINTO) },
	{ "-fileinto -vacation", BIT(BASE) | BIT(COPY) },
	{ "nonsense", BIT(BASE) },
	{ "-nonsense", THERE },
	/* What is not there does not come by being named. */
	{ "reject", BIT(BASE) },
};

static void test_extensions(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = g_strdup_printf(
			"[SIEVE]\nextensions = %s\n", cases[i].setting);
		g_autoptr(Settings) settings =
			settings_parse("test", text, strlen(text), &error);
		g_assert_no_error(error);
		g_assert_cmphex(
			script_extensions(settings, THERE), ==, cases[i].left);
	}
}

static void test_limits(void)
{
	static const char text[] = "[SIEVE]\nmax_instructions = 5000\n"
				   "max_redirects = 0\nmax_actions = 7\n"
				   "max_nesting = 9\nmax_script_size = 2048\n"
				   "vacation_default_period = 3600\n"
				   "duplicate_max_period = 7200\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings =
		settings_parse("test", text, strlen(text), &error);

	g_assert_no_error(error);
	SieveLimits limits = script_limits(settings);
	g_assert_cmpuint(limits.max_instructions, ==, 5000);
	g_assert_cmpuint(limits.max_redirects, ==, 0);
	g_assert_cmpuint(limits.max_actions, ==, 7);
	g_assert_cmpuint(limits.max_nesting, ==, 9);
	g_assert_cmpuint(limits.max_script_size, ==, 2048);
	g_assert_cmpuint(limits.vacation_seconds, ==, 3600);
	g_assert_cmpuint(limits.duplicate_seconds, ==, 7200);
}

/* What the engine does by itself is what the settings say by themselves. */
static void test_defaults(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = settings_parse("test", "", 0, &error);
	const SieveLimits own = SIEVE_LIMITS_DEFAULT;

	g_assert_no_error(error);
	SieveLimits limits = script_limits(settings);
	g_assert_cmpuint(limits.duplicate_seconds, ==, own.duplicate_seconds);
	g_assert_cmpuint(limits.vacation_seconds, ==, own.vacation_seconds);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/script-check/extensions", test_extensions);
	g_test_add_func("/script-check/limits", test_limits);
	g_test_add_func("/script-check/defaults", test_defaults);
	return g_test_run();
}
