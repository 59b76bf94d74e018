/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Special-use attributes as they come and as they are kept. */
#include "store/special-use.h"

#include "base/errors.h"

static const struct {
	const char *text;
	const char *kept;  /* NULL: none */
	const char *wrong; /* NULL: taken */
} cases[] = {
	{ NULL, NULL, NULL },
	{ "", NULL, NULL },
	{ "  ", NULL, NULL },
	{ "\\Sent", "\\Sent", NULL },
	{ "\\sENT", "\\Sent", NULL },
	{ "\\Trash \\Drafts", "\\Drafts \\Trash", NULL },
	{ " \\Sent  \\Sent ", "\\Sent", NULL },
	{ "\\Archive \\Junk \\Drafts \\Trash \\Sent",
		"\\Archive \\Drafts \\Junk \\Sent \\Trash", NULL },
	{ "\\All", NULL, "\\All" },
	{ "\\Sent \\Flagged", NULL, "\\Flagged" },
	{ "\\Important", NULL, "\\Important" },
	{ "Sent", NULL, "Sent" },
	{ "\\", NULL, "\\" },
	{ "\\Sentx", NULL, "\\Sentx" },
	{ "\\S\nx", NULL, "\\S x" },
};

static void test_cases(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *kept = NULL;
		g_autoptr(GError) error = NULL;
		gboolean ok =
			special_use_normalise(cases[i].text, &kept, &error);

		g_test_message("%s", cases[i].text);
		g_assert_cmpint(ok, ==, cases[i].wrong == NULL);
		g_assert_cmpstr(kept, ==, cases[i].kept);
		if (ok)
			continue;
		g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
		g_assert_nonnull(strstr(error->message, cases[i].wrong));
	}
}

/* What goes back to the client in a response is short. */
static void test_long(void)
{
	g_autofree char *text = g_strnfill(100000, 'x');
	g_autofree char *kept = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_false(special_use_normalise(text, &kept, &error));
	g_assert_cmpuint(strlen(error->message), <, 100);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/special-use/cases", test_cases);
	g_test_add_func("/store/special-use/long", test_long);
	return g_test_run();
}
