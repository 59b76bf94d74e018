/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash of the paper's own key, 00 to 0f, and messages 00 01 02 ... */
#include "base/siphash.h"

static void test_vectors(void)
{
	static const struct {
		gsize size;
		guint64 hash;
	} vectors[] = {
		{ 0, G_GUINT64_CONSTANT(0x726fdb47dd0e0e31) },
		{ 1, G_GUINT64_CONSTANT(0x74f839c593dc67fd) },
		{ 8, G_GUINT64_CONSTANT(0x93f5f5799a932462) },
		{ 15, G_GUINT64_CONSTANT(0xa129ca6149be45e5) },
	};
	const SipKey key = { G_GUINT64_CONSTANT(0x0706050403020100),
		G_GUINT64_CONSTANT(0x0f0e0d0c0b0a0908) };
	char data[16];
	for (guint i = 0; i < sizeof(data); i++)
		data[i] = (char)i;
	for (guint i = 0; i < G_N_ELEMENTS(vectors); i++)
		g_assert_cmphex(sip_hash(key, bytes_of(data, vectors[i].size)),
			==, vectors[i].hash);
}

static void test_keys_differ(void)
{
	const SipKey a = sip_key_random(), b = sip_key_random();
	g_assert_cmphex(sip_hash(a, bytes_of_string("x")), !=,
		sip_hash(b, bytes_of_string("x")));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/siphash/vectors", test_vectors);
	g_test_add_func("/base/siphash/keys", test_keys_differ);
	return g_test_run();
}
