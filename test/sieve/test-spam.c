/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What filters wrote, as the numbers of RFC 5235. */
#include "sieve/spam.h"

/* The header has one field, X-Spam, and X-Max with "5.0". */
static const char *header(gpointer data, const char *name)
{
	if (g_ascii_strcasecmp(name, "X-Max") == 0)
		return "max 5.0";
	return g_ascii_strcasecmp(name, "X-Spam") == 0 ? data : NULL;
}

#define SCORE "X-Spam:[ a-z]+, score=(-?[0-9]+.[0-9]+)"

static void test_values(void)
{
	static const struct {
		SieveSpamFilter filter;
		const char *field;
		guint step; /* 0: not tested */
		guint percent;
	} vectors[] = {
		{ { SCORE, SIEVE_SPAM_SCORE, NULL, 5.0, { NULL } },
			"No, score=-1.6 required=5.0", 1, 0 },
		{ { SCORE, SIEVE_SPAM_SCORE, NULL, 5.0, { NULL } },
			"No, score=0.0 required=5.0", 1, 0 },
		{ { SCORE, SIEVE_SPAM_SCORE, NULL, 5.0, { NULL } },
			"No, score=1.0 required=5.0", 2, 20 },
		{ { SCORE, SIEVE_SPAM_SCORE, NULL, 5.0, { NULL } },
			"No, score=4.0 required=5.0", 8, 80 },
		{ { SCORE, SIEVE_SPAM_SCORE, NULL, 5.0, { NULL } },
			"Yes, score=7.6 required=5.0", 10, 100 },
		{ { SCORE, SIEVE_SPAM_SCORE, "X-Max: max ([0-9.]+)", 0,
			  { NULL } },
			"No, score=4.0", 8, 80 },
		{ { SCORE, SIEVE_SPAM_SCORE, NULL, 5.0, { NULL } }, "nothing",
			0, 0 },
		{ { "X-Spam", SIEVE_SPAM_SCORE, NULL, 1, { NULL } }, ".29", 3,
			29 },
		{ { "X-Spam", SIEVE_SPAM_SCORE, NULL, 1, { NULL } }, ".999", 9,
			99 },
		{ { "X-Spam", SIEVE_SPAM_SCORE, NULL, 0, { NULL } }, "1", 0,
			0 },
		{ { "X-Spam", SIEVE_SPAM_SCORE, NULL, 1, { NULL } }, "1 x", 0,
			0 },
		{ { "X-Spam", SIEVE_SPAM_SCORE, NULL, 1, { NULL } }, "nan", 0,
			0 },
		{ { "X-Spam", SIEVE_SPAM_LENGTH, NULL, 8, { NULL } }, "", 1,
			0 },
		{ { "X-Spam", SIEVE_SPAM_LENGTH, NULL, 8, { NULL } }, "sssssss",
			8, 88 },
		{ { "X-Other", SIEVE_SPAM_LENGTH, NULL, 8, { NULL } }, "s", 0,
			0 },
		{ { NULL, SIEVE_SPAM_LENGTH, NULL, 8, { NULL } }, "s", 0, 0 },
		{ { "X-Spam", SIEVE_SPAM_TEXT, NULL, 0,
			  { [1] = "Not Spam", [10] = "Spam" } },
			"spam ", 10, 100 },
		{ { "X-Spam", SIEVE_SPAM_TEXT, NULL, 0,
			  { [4] = "Perhaps", [10] = "Spam" } },
			"perhaps", 4, 33 },
		{ { "X-Spam", SIEVE_SPAM_TEXT, NULL, 0, { [10] = "Spam" } },
			"else", 0, 0 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		gdouble value = 0;
		gboolean has =
			sieve_spam_value(&vectors[i].filter, SIEVE_SPAM_STEPS,
				header, (gpointer)vectors[i].field, &value);
		g_assert_cmpuint(
			has ? sieve_spam_step(value, SIEVE_SPAM_STEPS) : 0, ==,
			vectors[i].step);
		g_assert_cmpuint(
			sieve_spam_percent(value), ==, vectors[i].percent);
	}
}

/* A text's number comes back as it was set. */
static void test_texts(void)
{
	static const guint scales[] = { SIEVE_SPAM_STEPS, SIEVE_VIRUS_STEPS };
	for (gsize i = 0; i < G_N_ELEMENTS(scales); i++) {
		for (guint n = 1; n <= scales[i]; n++) {
			SieveSpamFilter filter = { .status = "X-Spam",
				.type = SIEVE_SPAM_TEXT };
			gdouble value;
			filter.texts[n] = "Text";
			g_assert_true(sieve_spam_value(&filter, scales[i],
				header, (gpointer) "Text", &value));
			g_assert_cmpuint(
				sieve_spam_step(value, scales[i]), ==, n);
		}
	}
}

static void test_check(void)
{
	SieveSpamFilter filter = { .status = SCORE, .max = 5 };
	g_assert_true(sieve_spam_check(&filter, NULL));
	filter.max = 0;
	g_assert_false(sieve_spam_check(&filter, NULL));
	filter.max_status = "X-Max: (";
	g_assert_false(sieve_spam_check(&filter, NULL));
	filter.max_status = "X-Max: ([0-9]+)";
	g_assert_true(sieve_spam_check(&filter, NULL));
	filter.status = "X Spam";
	g_assert_false(sieve_spam_check(&filter, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/spam/values", test_values);
	g_test_add_func("/sieve/spam/texts", test_texts);
	g_test_add_func("/sieve/spam/check", test_check);
	return g_test_run();
}
