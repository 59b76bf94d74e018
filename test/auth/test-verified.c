/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of auth/verified: what is remembered, for whom and how long. */
#include "auth/verified.h"

#include <string.h>

static VerifiedTag tag_of(const Verified *verified, gint64 user,
	const char *scheme, const char *hash, const char *password)
{
	VerifiedTag tag;

	g_assert_true(
		verified_tag(verified, user, scheme, hash, password, &tag));
	return tag;
}

/* Whatever differs, another tag: the row's hash above all. */
static void test_tags(void)
{
	Verified *verified = verified_new(10, 100);
	Verified *other = verified_new(10, 100);
	VerifiedTag tags[] = {
		tag_of(verified, 1, "argon2id", "hash", "secret"),
		tag_of(verified, 2, "argon2id", "hash", "secret"),
		tag_of(verified, 1, "", "hash", "secret"),
		tag_of(verified, 1, "argon2id", "hash2", "secret"),
		tag_of(verified, 1, "argon2id", "hash", "Secret"),
		tag_of(verified, 1, "argon2id", "has", "hsecret"),
		tag_of(verified, 1, "argon2idhash", "", "secret"),
		tag_of(other, 1, "argon2id", "hash", "secret"),
	};

	verified_add(verified, &tags[0], 0);
	g_assert_true(verified_has(verified, &tags[0], 0));
	for (gsize i = 1; i < G_N_ELEMENTS(tags); i++) {
		g_assert_cmpint(
			memcmp(&tags[0], &tags[i], sizeof(tags[0])), !=, 0);
		g_assert_false(verified_has(verified, &tags[i], 0));
	}
	VerifiedTag again = tag_of(verified, 1, "argon2id", "hash", "secret");
	g_assert_true(verified_has(verified, &again, 99));
	verified_free(&verified);
	verified_free(&other);
	g_assert_null(verified);
}

static void test_lifetime(void)
{
	Verified *verified = verified_new(10, 100);
	VerifiedTag tag = tag_of(verified, 1, "", "h", "p");

	verified_add(verified, &tag, 1000);
	g_assert_true(verified_has(verified, &tag, 1099));
	g_assert_false(verified_has(verified, &tag, 1100));
	verified_add(verified, &tag, 1100);
	g_assert_true(verified_has(verified, &tag, 1199));
	verified_free(&verified);
}

static void test_bound(void)
{
	Verified *verified = verified_new(3, 1000);
	VerifiedTag tags[5];

	for (gint64 i = 0; i < 5; i++) {
		tags[i] = tag_of(verified, i, "", "h", "p");
		verified_add(verified, &tags[i], i);
	}
	g_assert_false(verified_has(verified, &tags[0], 5));
	g_assert_false(verified_has(verified, &tags[1], 5));
	for (gint64 i = 2; i < 5; i++)
		g_assert_true(verified_has(verified, &tags[i], 5));
	verified_free(&verified);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/verified/tags", test_tags);
	g_test_add_func("/verified/lifetime", test_lifetime);
	g_test_add_func("/verified/bound", test_bound);
	return g_test_run();
}
