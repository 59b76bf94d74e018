/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comparators and match types. */
#include "sieve/match.h"

#include "base/errors.h"

#define WORK G_GUINT64_CONSTANT(50000000)

static const SieveComparator *comparator(const char *name)
{
	const SieveComparator *found =
		sieve_comparator_find(bytes_of_string(name));
	g_assert_nonnull(found);
	return found;
}

static void test_order(void)
{
	static const struct {
		const char *comparator;
		const char *a;
		const char *b;
		gint order;
	} vectors[] = {
		{ "i;octet", "a", "a", 0 },
		{ "i;octet", "Z", "b", -1 },
		{ "i;octet", "", "a", -1 },
		{ "i;octet", "\xff", "a", 1 },
		{ "i;ascii-casemap", "aBc", "AbC", 0 },
		{ "i;ascii-casemap", "Z", "b", 1 },
		{ "i;ascii-casemap", "_", "a", 1 },
		{ "i;ascii-casemap", "\xc3\xa9", "\xc3\x89", 1 },
		{ "i;unicode-casemap", "\xc3\xa9", "\xc3\x89", 0 },
		{ "i;unicode-casemap", "e\xcc\x81", "\xc3\x89", 0 },
		{ "i;unicode-casemap", "\xff", "\xfe", 1 },
		{ "i;ascii-numeric", "0", "1", -1 },
		{ "i;ascii-numeric", "04294967298b", "4294967298", 0 },
		{ "i;ascii-numeric", "4294967298", "", -1 },
		{ "i;ascii-numeric", "x", "y", 0 },
		{ "i;ascii-numeric", "-1", "5", 1 },
		{ "i;ascii-numeric", "000", "0", 0 },
		{ "i;ascii-numeric", "99999999999999999999999", "1", 1 },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		gint order = comparator(vectors[i].comparator)
				     ->compare(bytes_of_string(vectors[i].a),
					     bytes_of_string(vectors[i].b));
		g_test_message("%s <> %s", vectors[i].a, vectors[i].b);
		g_assert_cmpint(CLAMP(order, -1, 1), ==, vectors[i].order);
	}
	g_assert_null(sieve_comparator_find(bytes_of_string("i;basic")));
}

/* NULL: no match; else "|"-separated match values. */
static char *match_one(
	const SieveMatch *rule, const char *key, const char *value)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(SieveMatcher) matcher = NULL;
	g_autoptr(GError) error = NULL;
	Bytes keys[1] = { bytes_of_string(key) };
	guint64 work = WORK;
	SieveMatchHow how = { .rule = rule,
		.keys = keys,
		.n_keys = 1,
		.work = &work,
		.wants_values = TRUE,
		.max_value_size = 1000 };
	gboolean matched = FALSE;
	const Bytes *values;

	gboolean done = sieve_matcher_new(arena, &how, &matcher, &error) &&
		sieve_matcher_add(
			matcher, bytes_of_string(value), &matched, &error);
	g_assert_no_error(error);
	g_assert_true(done);
	if (!matched)
		return NULL;
	GString *told = g_string_new(NULL);
	guint n = sieve_matcher_values(matcher, &values);
	for (guint i = 0; i < n; i++)
		g_string_append_printf(
			told, "%s%s", i > 0 ? "|" : "", values[i].data);
	return g_string_free(told, FALSE);
}

static void test_matches(void)
{
	static const struct {
		const char *comparator;
		const char *key;
		const char *value;
		const char *values;
	} vectors[] = {
		{ NULL, "", "", "" },
		{ NULL, "", "a", NULL },
		{ NULL, "*", "", "|" },
		{ NULL, "*", "abc", "abc|abc" },
		{ NULL, "?*", "", NULL },
		{ NULL, "a?c", "ABC", "ABC|B" },
		{ NULL, "*@**.com", "coyote@ACME.Example.COM",
			"coyote@ACME.Example.COM|coyote||ACME.Example" },
		{ NULL, "[*] *", "[acme-users] [fwd] version 1.0 is out",
			"[acme-users] [fwd] version 1.0 is out|acme-users|"
			"[fwd] version 1.0 is out" },
		{ NULL, "*<*@*", "list <a@b>", "list <a@b>|list |a|b>" },
		{ NULL, "a\\*b", "a*b", "a*b" },
		{ NULL, "a\\*b", "axb", NULL },
		{ NULL, "a\\?", "a?", "a?" },
		{ NULL, "a\\\\*", "a\\x", "a\\x|x" },
		{ NULL, "a\\", "a\\", "a\\" },
		{ NULL, "*ab", "aab", "aab|a" },
		{ NULL, "*ab*ab", "abab", "abab||" },
		{ NULL, "*ab*ab", "aab", NULL },
		{ NULL, "*a?b*", "aaxxab_aXb!", "aaxxab_aXb!|aaxxab_|X|!" },
		{ NULL, "??", "\xc3\xa9", "\xc3\xa9|\xc3|\xa9" },
		{ "i;octet", "A*", "abc", NULL },
		{ "i;unicode-casemap", "?", "\xc3\xa9", "\xc3\xa9|\xc3\xa9" },
		{ "i;unicode-casemap", "??", "\xc3\xa9", NULL },
		{ "i;unicode-casemap", "*\xc3\x89?", "caf\xc3\xa9\xc3\xbc",
			"caf\xc3\xa9\xc3\xbc|caf|\xc3\xbc" },
		{ "i;unicode-casemap", "*T\xc3\x88ST", "a t\xc3\xa8st",
			"a t\xc3\xa8st|a " },
		{ "i;unicode-casemap", "a?b*",
			"a\xff"
			"bc",
			"a\xff"
			"bc|\xff|c" },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		SieveMatch rule = { .type = SIEVE_MATCH_MATCHES };
		if (vectors[i].comparator != NULL)
			rule.comparator = comparator(vectors[i].comparator);
		g_autofree char *values =
			match_one(&rule, vectors[i].key, vectors[i].value);
		g_test_message("%s %s", vectors[i].key, vectors[i].value);
		g_assert_cmpstr(values, ==, vectors[i].values);
	}
}

static void test_types(void)
{
	static const struct {
		SieveMatchType type;
		SieveRelation relation;
		const char *comparator;
		const char *key;
		const char *value;
		gboolean matched;
	} vectors[] = {
		{ SIEVE_MATCH_IS, 0, "i;ascii-casemap", "Abc", "aBC", TRUE },
		{ SIEVE_MATCH_IS, 0, "i;octet", "Abc", "aBC", FALSE },
		{ SIEVE_MATCH_IS, 0, "i;ascii-numeric", "1", "01", TRUE },
		{ SIEVE_MATCH_IS, 0, "i;unicode-casemap", "\xc3\xa9",
			"\xc3\x89", TRUE },
		{ SIEVE_MATCH_CONTAINS, 0, "i;ascii-casemap", "", "", TRUE },
		{ SIEVE_MATCH_CONTAINS, 0, "i;ascii-casemap", "NiT",
			"frobnitzm", TRUE },
		{ SIEVE_MATCH_CONTAINS, 0, "i;octet", "NiT", "frobnitzm",
			FALSE },
		{ SIEVE_MATCH_CONTAINS, 0, "i;unicode-casemap", "T\xc3\x88",
			"a t\xc3\xa8st", TRUE },
		{ SIEVE_MATCH_VALUE, SIEVE_RELATION_GT, "i;ascii-numeric", "2",
			"10", TRUE },
		{ SIEVE_MATCH_VALUE, SIEVE_RELATION_GT, "i;ascii-casemap", "2",
			"10", FALSE },
		{ SIEVE_MATCH_VALUE, SIEVE_RELATION_NE, "i;octet", "a", "a",
			FALSE },
		{ SIEVE_MATCH_VALUE, SIEVE_RELATION_LE, "i;unicode-casemap",
			"\xc3\xa9", "\xc3\x89", TRUE },
		{ SIEVE_MATCH_REGEX, 0, "i;ascii-casemap", "^f.*Z", "frobnitzm",
			TRUE },
		{ SIEVE_MATCH_REGEX, 0, "i;ascii-casemap", "[", "[", FALSE },
		{ SIEVE_MATCH_LIST, 0, "i;octet", "tag:x", "a", FALSE },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		SieveMatch rule = { vectors[i].type, vectors[i].relation,
			comparator(vectors[i].comparator) };
		g_autofree char *values =
			match_one(&rule, vectors[i].key, vectors[i].value);
		g_test_message("%s %s", vectors[i].key, vectors[i].value);
		g_assert_cmpint(values != NULL, ==, vectors[i].matched);
	}
}

static void test_check(void)
{
	SieveMatch rule = { .type = SIEVE_MATCH_CONTAINS,
		.comparator = comparator("i;ascii-numeric") };
	g_autoptr(GError) error = NULL;
	g_autoptr(SieveRegex) regex = NULL;
	SieveRegex *none = NULL;

	g_assert_nonnull(sieve_match_check(&rule));
	rule.type = SIEVE_MATCH_REGEX;
	g_assert_nonnull(sieve_match_check(&rule));
	rule.type = SIEVE_MATCH_VALUE;
	g_assert_null(sieve_match_check(&rule));
	rule = (SieveMatch){ .type = SIEVE_MATCH_REGEX };
	g_assert_null(sieve_match_check(&rule));
	g_assert_true(sieve_match_prepare_key(
		&rule, bytes_of_string("a+"), &regex, &error));
	g_assert_nonnull(regex);
	g_assert_false(sieve_match_prepare_key(
		&rule, bytes_of_string("+"), &none, &error));
	g_assert_null(none);
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_INVALID));
	SieveRelation relation;
	g_assert_true(sieve_relation_find(bytes_of_string("ne"), &relation));
	g_assert_cmpint(relation, ==, SIEVE_RELATION_NE);
	g_assert_false(sieve_relation_find(bytes_of_string("gr"), &relation));
}

/* A count is compared as the number it is. */
static void test_count(void)
{
	static const struct {
		guint values;
		SieveRelation relation;
		const char *key;
		gboolean matched;
	} vectors[] = {
		{ 0, SIEVE_RELATION_EQ, "0", TRUE },
		{ 2, SIEVE_RELATION_GE, "002", TRUE },
		{ 10, SIEVE_RELATION_LT, "9", FALSE },
		{ 3, SIEVE_RELATION_NE, "3", FALSE },
	};
	for (gsize i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(Arena) arena = arena_new();
		g_autoptr(SieveMatcher) matcher = NULL;
		g_autoptr(GError) error = NULL;
		SieveMatch rule = { SIEVE_MATCH_COUNT, vectors[i].relation,
			comparator("i;ascii-numeric") };
		Bytes keys[1] = { bytes_of_string(vectors[i].key) };
		guint64 work = WORK;
		SieveMatchHow how = {
			.rule = &rule, .keys = keys, .n_keys = 1, .work = &work
		};
		gboolean matched = FALSE;
		g_assert_true(sieve_matcher_new(arena, &how, &matcher, &error));
		g_assert_true(sieve_matcher_only_counts(matcher));
		for (guint n = 0; n < vectors[i].values; n++) {
			g_assert_true(sieve_matcher_add(
				matcher, bytes_of(NULL, 0), &matched, &error));
			g_assert_false(matched);
		}
		g_assert_true(sieve_matcher_end(matcher, &matched, &error));
		g_assert_cmpint(matched, ==, vectors[i].matched);
	}
}

/* Patterns that take others minutes; what is long costs work. */
static void test_evil(void)
{
	g_autoptr(Arena) arena = arena_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *text = g_strnfill(1 << 20, 'a');
	g_autofree char *long_key = g_strnfill(1 << 16, 'a');
	g_autofree char *key = g_strdup_printf("*?%sb*", long_key);
	const char *patterns[] = { "*a*a*a*a*a*a*a*ab", "*a?a*?a?a*?b*?a?",
		"????????*????????*b?????", "*b*b*b*b*b*b*b*b" };
	SieveMatch rule = { .type = SIEVE_MATCH_MATCHES };
	guint64 work = WORK;
	gboolean matched;

	for (gsize i = 0; i < G_N_ELEMENTS(patterns); i++) {
		Bytes keys[1] = { bytes_of_string(patterns[i]) };
		SieveMatchHow how = {
			.rule = &rule, .keys = keys, .n_keys = 1, .work = &work
		};
		g_autoptr(SieveMatcher) matcher = NULL;
		g_assert_true(sieve_matcher_new(arena, &how, &matcher, &error));
		g_assert_true(sieve_matcher_add(
			matcher, bytes_of(text, 1 << 20), &matched, &error));
		g_assert_false(matched);
	}
	Bytes keys[1] = { bytes_of_string(key) };
	SieveMatchHow how = {
		.rule = &rule, .keys = keys, .n_keys = 1, .work = &work
	};
	g_autoptr(SieveMatcher) matcher = NULL;
	work = WORK;
	g_assert_true(sieve_matcher_new(arena, &how, &matcher, &error));
	g_assert_false(sieve_matcher_add(
		matcher, bytes_of(text, 1 << 20), &matched, &error));
	g_assert_true(dbmail_error_is(error, DBMAIL_ERROR_LIMIT));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sieve/comparator/order", test_order);
	g_test_add_func("/sieve/match/matches", test_matches);
	g_test_add_func("/sieve/match/types", test_types);
	g_test_add_func("/sieve/match/check", test_check);
	g_test_add_func("/sieve/match/count", test_count);
	g_test_add_func("/sieve/match/evil", test_evil);
	return g_test_run();
}
