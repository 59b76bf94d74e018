/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A keyed hash whose collisions nobody can make who does not know the key. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <glib.h>

#include "base/bytes.h"

typedef struct {
	guint64 k0;
	guint64 k1;
} SipKey;

/* A key from the system's randomness. */
SipKey sip_key_random(void);

/* SipHash-2-4 (Aumasson and Bernstein, 2012). */
guint64 sip_hash(SipKey key, Bytes data);

#endif
