/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A keyed hash whose collisions nobody can make who does not know the key. */
#include "base/siphash.h"

#include <sys/random.h>

typedef struct {
	guint64 v[4];
} SipState;

SipKey sip_key_random(void)
{
	SipKey key;

	/* 16 bytes come whole, once the system has booted. */
	if (getrandom(&key, sizeof(key), 0) != (gssize)sizeof(key))
		key = (SipKey){
			((guint64)g_random_int() << 32) | g_random_int(),
			((guint64)g_random_int() << 32) | g_random_int(),
		};
	return key;
}

static guint64 rotate(guint64 value, guint bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static void sip_rounds(SipState *state, guint count)
{
	guint64 *v = state->v;

	for (guint i = 0; i < count; i++) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

static void sip_word(SipState *state, guint64 word)
{
	state->v[3] ^= word;
	sip_rounds(state, 2);
	state->v[0] ^= word;
}

guint64 sip_hash(SipKey key, Bytes data)
{
	SipState state = { {
		key.k0 ^ G_GUINT64_CONSTANT(0x736f6d6570736575),
		key.k1 ^ G_GUINT64_CONSTANT(0x646f72616e646f6d),
		key.k0 ^ G_GUINT64_CONSTANT(0x6c7967656e657261),
		key.k1 ^ G_GUINT64_CONSTANT(0x7465646279746573),
	} };
	guint64 word;
	gsize pos = 0;

	for (; pos + sizeof(word) <= data.size; pos += sizeof(word)) {
		memcpy(&word, data.data + pos, sizeof(word));
		sip_word(&state, GUINT64_FROM_LE(word));
	}
	word = (guint64)data.size << 56;
	for (guint i = 0; pos + i < data.size; i++)
		word |= (guint64)(guchar)data.data[pos + i] << (8 * i);
	sip_word(&state, word);
	state.v[2] ^= 0xff;
	sip_rounds(&state, 4);
	return state.v[0] ^ state.v[1] ^ state.v[2] ^ state.v[3];
}
