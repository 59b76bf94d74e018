/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of auth/saslprep: RFC 4013's own examples, and what passwords are. */
#include "auth/saslprep.h"

static const struct {
	const char *text;
	const char *prepared; /* NULL: cannot be */
} vectors[] = {
	/* RFC 4013 section 3. */
	{ "I\u00adX", "IX" },
	{ "user", "user" },
	{ "USER", "USER" },
	{ "\xc2\xaa", "a" },
	{ "\u2168", "IX" },
	{ "\x07", NULL },
	{ "\u0627\x31", NULL },
	/* Composed and not: the same. */
	{ "Gr\u00fc\u00dfe", "Gr\u00fc\u00dfe" },
	{ "Gru\u0308\u00dfe", "Gr\u00fc\u00dfe" },
	/* Other blanks are the one blank. */
	{ "a\u00a0b\u3000c", "a b c" },
	{ "\u0627\u0628", "\u0627\u0628" },
	/* Unicode 3.2 does not know it: a query has it as it is. */
	{ "\U0001f511", "\U0001f511" },
	{ "", NULL },
	{ "\u00ad", NULL },
	{ "a\tb", NULL },
	{ "\ue000", NULL },
	{ "\xff", NULL },
	{ "\xed\xa0\x80", NULL },
};

static void test_vectors(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *prepared = saslprep(vectors[i].text);
		g_test_message("vector %zu", i);
		g_assert_cmpstr(prepared, ==, vectors[i].prepared);
	}
}

/* What cannot be prepared is taken as it is. */
static void test_passwords(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		char *prepared = saslprep_password(vectors[i].text);
		g_assert_cmpstr(prepared, ==,
			vectors[i].prepared != NULL ? vectors[i].prepared :
						      vectors[i].text);
		saslprep_free_password(&prepared);
		g_assert_null(prepared);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/auth/saslprep/vectors", test_vectors);
	g_test_add_func("/auth/saslprep/passwords", test_passwords);
	return g_test_run();
}
