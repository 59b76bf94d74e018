/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rights as letters, with the obsolete ones (RFC 4314 section 2.1.1). */
#include "store/rights.h"

#include <string.h>

static const struct {
	const char *letters;
	const char *shown; /* NULL: not understood */
	char unknown;
} vectors[] = {
	{ "", "\"\"", 0 },
	{ "l", "l", 0 },
	{ "lrswipkxtea", "lrswipkxtecda", 0 },
	{ "aetxkpiwsrl", "lrswipkxtecda", 0 },
	{ "c", "kxc", 0 },
	{ "d", "ted", 0 },
	{ "lrswida", "lrswiteda", 0 },
	{ "k", "kc", 0 },
	{ "x", "xc", 0 },
	{ "e", "ed", 0 },
	{ "ll", "l", 0 },
	{ "lrQ", NULL, 'Q' },
	{ "lrq", NULL, 'q' },
	{ "n", NULL, 'n' },
	{ "0", NULL, '0' },
	{ "+", NULL, '+' },
};

static void test_letters(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		guint rights = 12345;
		char unknown = 0;
		gboolean ok = rights_parse(vectors[i].letters,
			strlen(vectors[i].letters), &rights, &unknown);

		g_assert_cmpint(unknown, ==, vectors[i].unknown);
		g_assert_cmpint(ok, ==, vectors[i].shown != NULL);
		if (!ok) {
			g_assert_cmpuint(rights, ==, 12345);
			continue;
		}
		rights_append_text(out, rights);
		g_assert_cmpstr(out->str, ==, vectors[i].shown);
	}
}

static void test_all(void)
{
	guint rights = 0;
	char unknown = 0;

	g_assert_true(rights_parse("lrswipkxtea", 11, &rights, &unknown));
	g_assert_cmpuint(rights, ==, RIGHTS_ALL);
	g_assert_cmpuint(RIGHTS_ALL, ==, 2047);
	g_assert_cmpuint(RIGHTS_OWNER, ==, 1027);
}

/* Each right alone, then all. */
static void test_flags(void)
{
	const Flags w = FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DRAFT;

	for (guint right = 1; right <= RIGHT_ADMINISTER; right <<= 1) {
		Flags wanted = right == RIGHT_SEEN ? FLAG_SEEN :
			right == RIGHT_DELETED     ? FLAG_DELETED :
			right == RIGHT_WRITE       ? w :
						     (Flags)0;
		g_assert_cmpuint(rights_flags(right), ==, wanted);
	}
	g_assert_cmpuint(
		rights_flags(RIGHTS_ALL), ==, FLAG_SEEN | FLAG_DELETED | w);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/store/rights/letters", test_letters);
	g_test_add_func("/store/rights/all", test_all);
	g_test_add_func("/store/rights/flags", test_flags);
	return g_test_run();
}
